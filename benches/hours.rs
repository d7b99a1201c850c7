//! Memory of the workbench over a long run: eight hours at three steps a second, told as a trainer would tell them.
//!
//!     cargo bench --bench hours -- [--hours 8] [--rate 3]
//!
//! What the bundled experiment tells: every step with its pairs and its diagnostics, both answers while they are written, an
//! evaluation with the answers of the case study and a checkpoint every ten steps. All of it goes through a run on disk as
//! in the program (about a gigabyte, deleted afterwards), and the pages of pairs that a screen asks for come from there; a
//! frame is drawn for every tenth step, each screen in turn. What the process holds is read from /proc after each hour.
//! The trainer itself, its models and its checkpoints' files are not part of it.

use std::collections::BTreeMap;
use std::time::Instant;

use ple::config::{Plan, Source, load_experiment};
use ple::grammar::{Task, case_study};
use ple::run::{Reader, Store};
use ple::train::*;
use ple::tui::action::{Action, Effect, Screen};
use ple::tui::state::State;
use ple::tui::theme::Theme;
use ple::tui::update::update;
use ple::tui::view::view;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tempfile::TempDir;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str, or: u32| {
        let at = args.iter().position(|a| a == name);
        at.and_then(|i| args.get(i + 1))
            .map_or(or, |n| n.parse().expect("a whole number"))
    };
    let (hours, rate) = (value("--hours", 8), value("--rate", 3));
    let mut long = Long::new();
    println!("at the start: {:.1} MB", resident_mb());
    for hour in 0..hours {
        let start = Instant::now();
        for i in 0..3600 * rate {
            long.step(hour * 3600 * rate + i);
        }
        println!(
            "after {} hours, {} steps: {:.1} MB ({:.1} s of this machine)",
            hour + 1,
            long.state.run.steps_done(),
            resident_mb(),
            start.elapsed().as_secs_f64()
        );
    }
}

/// A run that goes on and on, its folder and who looks at it.
struct Long {
    state: State,
    terminal: Terminal<TestBackend>,
    store: Store,
    reader: Reader,
    _folder: TempDir,
}

impl Long {
    fn new() -> Self {
        let path = "experiments/imdb.toml";
        let text = std::fs::read_to_string(path).expect("the bundled experiment");
        let source = Source {
            path: None,
            name: path.into(),
            text,
        };
        let experiment = load_experiment(&source, &[]).expect("the bundled experiment is good");
        let started = Started {
            run: "imdb-1".into(),
            path: "runs/imdb-1".into(),
            experiment: Plan::Align(Box::new(experiment)),
            device: "cpu".into(),
            parameters: 1_131_904,
            trained_parameters: 78_080,
            data: "builtin:imdb".into(),
            memory: String::new(),
            resumed_from: 0,
            origin: None,
        };
        let folder = tempfile::tempdir().expect("a folder for the run");
        let store = Store::create(folder.path(), None, &started).expect("a run on disk");
        let reader = Reader::open(store.dir()).expect("a reader of the run");
        let mut state = State::new(true, Theme::color());
        state.size = (120, 40);
        update(&mut state, Action::Event(Box::new(Event::Started(started))));
        Self {
            state,
            terminal: Terminal::new(TestBackend::new(120, 40)).expect("a buffer"),
            store,
            reader,
            _folder: folder,
        }
    }

    fn step(&mut self, step: u32) {
        for guided in [false, true] {
            for end in (8..=WORDS.len()).step_by(8) {
                self.tell(Event::Writing(writing(step, guided, &WORDS[..end])));
            }
        }
        let (record, pairs) = (record(step), (0..24).map(|index| pair(step, index)).collect::<Vec<_>>());
        self.store.record_step(&record, &pairs).expect("the step is stored");
        self.tell(Event::Step(record));
        self.tell(Event::Pairs { step, pairs });
        if step.is_multiple_of(10) {
            let evaluation = Event::Evaluation(evaluation(step));
            self.store.record(&evaluation).expect("the evaluation is stored");
            self.tell(evaluation);
            let path = String::from("runs/imdb-1/checkpoints");
            self.tell(Event::Checkpoint { step: step + 1, path });
            let screen = Screen::ALL[(step / 10) as usize % Screen::ALL.len()];
            let asked = update(&mut self.state, Action::Show(screen));
            self.answer(asked);
            let Ok(_) = self.terminal.draw(|frame| view(&self.state, frame));
        }
    }

    fn tell(&mut self, event: Event) {
        let asked = update(&mut self.state, Action::Event(Box::new(event)));
        self.answer(asked);
    }

    /// Pages of pairs come from the disk; whatever else a screen may ask for is nothing that lasts.
    fn answer(&mut self, asked: Vec<Effect>) {
        for effect in asked {
            if let Effect::QueryPairs(filter) = effect {
                let page = self.reader.pairs(&filter).expect("a page of pairs");
                update(&mut self.state, Action::Pairs(page));
            }
        }
    }
}

const WORDS: &str =
    "the film is slow at first and then it is a joy to watch, and the cast is very good indeed; I would see it again";

fn writing(step: u32, guided: bool, text: &str) -> Writing {
    Writing {
        step,
        query: "this film is".into(),
        guided,
        text: text.into(),
        finished: text.len() == WORDS.len(),
    }
}

fn from<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
    serde_json::from_value(value).expect("a record")
}

fn pair(step: u32, index: u32) -> PairRecord {
    from(serde_json::json!({
        "step": step, "index": index, "query": "this film is", "original": WORDS, "guided": WORDS,
        "reward_original": 0.25, "reward_guided": 0.75, "truth_original": 0.2, "truth_guided": 0.6, "tau": 0.1,
        "branch": "ranked", "weight_original": 1.0, "weight_guided": 1.0, "principles": 1
    }))
}

fn record(step: u32) -> StepRecord {
    // As many as the bundled experiment has.
    let metrics: BTreeMap<String, f64> = (0..20).map(|k| (format!("diagnostics/{k}"), f64::from(k))).collect();
    from(serde_json::json!({
        "step": step, "tau": 0.1, "decay": 0.9, "learning_rate": 1e-3, "reward_original": f64::from(step).sin(),
        "reward_original_std": 0.3, "reward_guided": 1.0, "reward_guided_std": 0.3, "truth_original": 0.5,
        "truth_guided": 0.6, "ranked": 10, "weighted": 14, "loss_rank": -0.2, "loss_wsft": 0.1, "loss": -0.1,
        "grad_norm": 0.5, "updates": 1, "length_original": 24.0, "length_guided": 30.0, "ended": 0.95, "replay": 24,
        "principles": 1, "margins": vec![0.1; 24], "metrics": metrics, "seconds": 0.33
    }))
}

fn evaluation(step: u32) -> EvaluationRecord {
    let cases = case_study(Task::Imdb).iter().map(|case| CaseRecord {
        label: case.label.to_string(),
        query: case.query.to_string(),
        original: format!("{step} {WORDS}"),
        guided: format!("{step} {WORDS}!"),
        reward_original: 0.5,
        reward_guided: 0.8,
        truth_original: Some(0.5),
        truth_guided: Some(0.7),
    });
    EvaluationRecord {
        step,
        queries: 48,
        reward_original: 0.5,
        reward_guided: 0.8,
        truth_original: Some(0.5),
        truth_guided: Some(0.7),
        cases: cases.collect(),
    }
}

/// What the process has in memory now.
fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kb = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kb = kb.and_then(|l| l.trim().trim_end_matches(" kB").trim().parse::<f64>().ok());
    kb.unwrap_or(f64::NAN) / 1024.0
}
