//! Memory of the workbench over a long run: eight hours at four steps a second, told as a trainer would tell them.
//!
//!     cargo bench --bench hours -- [--hours 8] [--rate 4]
//!
//! Every step comes with its pairs and the newest pair being written; an evaluation every ten minutes, a checkpoint every
//! minute; a frame is drawn for every tenth step, each screen in turn. What the process holds is read from /proc after each
//! hour; what the same events need without a workbench is no part of it, since every event is dropped once it is taken in.

use std::time::Instant;

use ple::train::*;
use ple::tui::action::{Action, Screen};
use ple::tui::state::State;
use ple::tui::theme::Theme;
use ple::tui::update::update;
use ple::tui::view::view;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str, or: u32| {
        let at = args.iter().position(|a| a == name);
        at.and_then(|i| args.get(i + 1))
            .map_or(or, |n| n.parse().expect("a whole number"))
    };
    let (hours, rate) = (value("--hours", 8), value("--rate", 4));
    let mut state = State::new(true, Theme::color());
    state.size = (120, 40);
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).expect("a buffer");
    println!("at the start: {:.1} MB", resident_mb());
    for hour in 0..hours {
        let start = Instant::now();
        for i in 0..3600 * rate {
            let step = hour * 3600 * rate + i;
            tell(&mut state, Event::Writing(writing(step)));
            let pairs: Vec<PairRecord> = (0..24).map(|index| pair(step, index)).collect();
            tell(&mut state, Event::Pairs { step, pairs });
            tell(&mut state, Event::Step(record(step)));
            if step.is_multiple_of(60 * rate) {
                let path = String::from("runs/w/checkpoints");
                tell(&mut state, Event::Checkpoint { step: step + 1, path });
            }
            if step.is_multiple_of(600 * rate) {
                tell(&mut state, Event::Evaluation(evaluation(step)));
            }
            if step.is_multiple_of(10) {
                let screen = Screen::ALL[(step / 10) as usize % Screen::ALL.len()];
                update(&mut state, Action::Show(screen));
                terminal.draw(|frame| view(&state, frame)).expect("a frame");
            }
        }
        println!(
            "after {} hours, {} steps: {:.1} MB ({:.1} s of this machine)",
            hour + 1,
            state.run.steps_done(),
            resident_mb(),
            start.elapsed().as_secs_f64()
        );
    }
}

fn tell(state: &mut State, event: Event) {
    update(state, Action::Event(Box::new(event)));
}

const WORDS: &str =
    "the film is slow at first and then it is a joy to watch, and the cast is very good indeed; I would see it again";

fn writing(step: u32) -> Writing {
    Writing {
        step,
        query: "this film is".into(),
        guided: step.is_multiple_of(2),
        text: WORDS.into(),
        finished: true,
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
    from(serde_json::json!({
        "step": step, "tau": 0.1, "decay": 0.9, "learning_rate": 1e-3, "reward_original": f64::from(step).sin(),
        "reward_original_std": 0.3, "reward_guided": 1.0, "reward_guided_std": 0.3, "truth_original": 0.5,
        "truth_guided": 0.6, "ranked": 10, "weighted": 14, "loss_rank": -0.2, "loss_wsft": 0.1, "loss": -0.1,
        "grad_norm": 0.5, "updates": 1, "length_original": 24.0, "length_guided": 30.0, "ended": 0.95, "replay": 24,
        "principles": 1, "margins": vec![0.1; 24], "metrics": {}, "seconds": 0.25
    }))
}

fn evaluation(step: u32) -> EvaluationRecord {
    from(serde_json::json!({
        "step": step, "queries": 48, "reward_original": 0.5, "reward_guided": 0.8, "truth_original": 0.5,
        "truth_guided": 0.7, "cases": []
    }))
}

/// What the process has in memory now.
fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kb = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kb = kb.and_then(|l| l.trim().trim_end_matches(" kB").trim().parse::<f64>().ok());
    kb.unwrap_or(f64::NAN) / 1024.0
}
