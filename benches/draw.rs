//! What a frame costs: every screen, two sizes, up to a million steps behind the charts. And how often one is drawn.
//!
//!     cargo bench --bench draw                # or: cargo bench --bench draw -- table, for rows of Markdown
//!
//! Between two frames the run takes a step, untimed, so that every frame has news in it. Times are of one thread of
//! a state already in memory: layout, drawing into ratatui's buffer and finding what changed, not the terminal.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{never, unbounded};
use ple::config::{Source as Text, load_experiment};
use ple::grammar::{Task, case_study};
use ple::run::{PairPage, RunSummary};
use ple::train::*;
use ple::tui::action::{Action, Effect, Screen};
use ple::tui::event_loop::{self, Host, Ports};
use ple::tui::input::input;
use ple::tui::screens::dashboard::Panel;
use ple::tui::state::State;
use ple::tui::theme::Theme;
use ple::tui::update::update;
use ple::tui::view::view;
use ple::tui::{Source, popup, runs, time};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FRAMES: u32 = 300;

/// A way to look at the charts: its name, the panel, and what is pressed.
const CHARTS: [(&str, Panel, &str); 7] = [
    ("grid", Panel::Reward, ""),
    ("full screen", Panel::Reward, "z"),
    ("bands", Panel::Spread, "z"),
    ("log axis", Panel::Losses, "zy"),
    ("every step", Panel::Reward, "zss"),
    ("crosshair", Panel::Reward, "z(((((("),
    ("newest 1000", Panel::Reward, "z++++++++++++"),
];

fn main() {
    // `cargo bench --bench draw -- table` prints rows for the documentation.
    let table = std::env::args().any(|a| a == "table");
    match table {
        true => println!("| steps | screen | size | p50 ms | p99 ms | max ms |\n|---:|---|---|---:|---:|---:|"),
        false => println!(
            "{:>9} steps: {:>18} {:>7} {:>9} {:>9} {:>9}",
            "", "screen", "size", "p50 ms", "p99 ms", "max ms"
        ),
    }
    for steps in [1_000, 100_000, 1_000_000] {
        let start = Instant::now();
        let mut run = Run::new(steps);
        run.table = table;
        let taken = start.elapsed().as_secs_f64();
        for (width, height) in [(80, 24), (200, 50)] {
            for (name, panel, keys) in CHARTS {
                run.state.dashboard = Default::default();
                update(&mut run.state, Action::Show(Screen::Dashboard));
                run.state.dashboard.focus = panel;
                run.state.size = (width, height);
                for c in keys.chars() {
                    let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
                    input(&mut run.state, Input::Key(key));
                }
                run.draws(name, Screen::Dashboard, width, height);
                update(&mut run.state, Action::Time(time::Action::Live));
            }
            run.state.dashboard = Default::default();
            update(&mut run.state, Action::Time(time::Action::Play));
            run.draws("film", Screen::Dashboard, width, height);
            update(&mut run.state, Action::Time(time::Action::Live));
            for screen in &Screen::ALL[1..] {
                run.draws(screen.title(), *screen, width, height);
            }
            run.state.popup = Some(popup::Popup::Help { scroll: 0 });
            run.draws("help", Screen::Dashboard, width, height);
            run.state.popup = None;
        }
        // Runs over each other: as many points each.
        run.compares(3);
        for (width, height) in [(80, 24), (200, 50)] {
            run.draws("overlay", Screen::Runs, width, height);
            update(&mut run.state, Action::Time(time::Action::By(-1)));
            run.draws("overlay, crosshair", Screen::Runs, width, height);
            update(&mut run.state, Action::Time(time::Action::Live));
        }
        update(&mut run.state, Action::Show(Screen::Dashboard));
        if !table {
            println!(
                "{steps:>9} steps: taken in {:.2} us each",
                taken / f64::from(steps) * 1e6
            );
        }
        if steps == 100_000 && !table {
            run.idles();
        }
    }
}

/// A run to look at, and how far it is.
struct Run {
    state: State,
    /// Steps it was made with, and the next.
    steps: u32,
    next: u32,
    /// Print rows of a table.
    table: bool,
}

impl Run {
    fn new(steps: u32) -> Self {
        let mut run = Self {
            state: State::new(true, Theme::color()),
            steps,
            next: 0,
            table: false,
        };
        let path = Path::new("experiments/imdb.toml");
        let text = std::fs::read_to_string(path).expect("the bundled experiment");
        let source = Text {
            path: None,
            name: path.display().to_string(),
            text,
        };
        let mut experiment = load_experiment(&source, &[]).expect("the bundled experiment is good");
        experiment.method.steps = steps * 2;
        run.tell(Event::Started(Started {
            run: "imdb-1".into(),
            path: "runs/imdb-1".into(),
            experiment: ple::config::Plan::Align(Box::new(experiment)),
            device: "cpu (burn-flex, f32)".into(),
            parameters: 1_052_416,
            trained_parameters: 65_536,
            data: "builtin:imdb".into(),
            memory: String::new(),
            resumed_from: 0,
            origin: None,
        }));
        for version in 1..4 {
            let text = std::fs::read_to_string("principles/imdb.toml").expect("the bundled principles");
            let source = Text {
                path: None,
                name: "principles/imdb.toml".into(),
                text,
            };
            let mut principles = ple::config::parse_principles(&source).expect("the bundled principles are good");
            principles.entries.truncate(version as usize + 1);
            run.tell(Event::Principles(PrinciplesVersion {
                version,
                from_step: version * steps / 4,
                principles,
            }));
        }
        run.tell(Event::Stage {
            name: "ple".into(),
            steps: steps * 2,
        });
        let (every, marked) = ((steps / 10_000).max(10), steps / 20);
        for step in 0..steps {
            run.tell(Event::Step(record(step)));
            if step.is_multiple_of(every) {
                run.tell(Event::Evaluation(evaluation(step)));
            }
            if step % marked == marked / 2 {
                let label = format!("tau 0.2 -> 0.{step}");
                run.tell(Event::Mark(Mark {
                    step,
                    label,
                    command: Command::SetTau(0.1),
                    by: Default::default(),
                }));
            }
        }
        run.next = steps;
        (0..4).for_each(|_| run.step());
        run
    }

    /// Does to the state what the loop would; the store answers at once.
    fn tell(&mut self, event: Event) {
        let step = self.next;
        for effect in update(&mut self.state, Action::Event(Box::new(event))) {
            if let Effect::QueryPairs(filter) = effect {
                let pairs = (0..filter.limit as u32).map(|i| pair(step, i % 24)).collect();
                update(
                    &mut self.state,
                    Action::Pairs(PairPage {
                        filter,
                        total: u64::from(step) * 24,
                        pairs,
                    }),
                );
            }
        }
    }

    fn step(&mut self) {
        let step = self.next;
        self.tell(Event::Step(record(step)));
        self.tell(Event::Pairs {
            step,
            pairs: (0..24).map(|i| pair(step, i)).collect(),
        });
        for guided in [false, true] {
            let text = response(step + 1, guided);
            let query = "this film was".to_string();
            self.tell(Event::Writing(Writing {
                step: step + 1,
                query,
                guided,
                text,
                finished: false,
            }));
        }
        self.next += 1;
    }

    /// Lays so many runs with the numbers of this one over each other.
    fn compares(&mut self, runs: usize) {
        update(&mut self.state, Action::Show(Screen::Runs));
        let names: Vec<String> = (1..=runs).map(|i| format!("imdb-{i:03}")).collect();
        let summary = |name: &String| RunSummary {
            name: name.clone(),
            path: PathBuf::from(format!("runs/{name}")),
            title: "Sentiment of movie reviews".into(),
            task: "imdb".into(),
            method: "ple".into(),
            steps_done: self.steps,
            steps_planned: self.steps,
            state: "finished".into(),
            reward_original: Some(0.93),
            reward_guided: Some(1.04),
            truth_original: None,
            truth_guided: None,
            accuracy: None,
            changed: None,
            origin: None,
            checkpoints: vec![],
            tags: vec![],
            note: String::new(),
        };
        let listing = runs::Listing {
            folder: "runs".into(),
            runs: names.iter().map(summary).collect(),
            ..runs::Listing::default()
        };
        let told = |state: &mut State, answer| update(state, Action::Desk(Box::new(answer)));
        told(&mut self.state, runs::Answer::List(listing));
        for _ in 0..runs {
            update(&mut self.state, Action::Runs(runs::Action::Mark));
        }
        let asked = update(&mut self.state, Action::Runs(runs::Action::Compare));
        let Some(Effect::AskDesk(runs::Question::Compare(paths))) = asked.into_iter().next() else {
            panic!("marked runs are compared");
        };
        // Each metric is laid out with columns of its own, whoever the runs belong to.
        let whole = runs::Shared(Arc::new(runs::Whole::of(self.state.run.clone())));
        let compared = paths.into_iter().zip(names).map(|(path, name)| runs::Compared {
            path,
            name,
            run: Ok(whole.clone()),
        });
        let answer = runs::Answer::Compared(compared.collect());
        told(&mut self.state, answer);
    }

    fn draws(&mut self, name: &str, screen: Screen, width: u16, height: u16) {
        update(&mut self.state, Action::Show(screen));
        self.state.size = (width, height);
        let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
        let mut times = Vec::new();
        for frame in 0..FRAMES + 10 {
            self.step();
            let start = Instant::now();
            // A film moves the cursor before each of its pictures.
            update(
                &mut self.state,
                Action::Time(time::Action::Tick(Duration::from_millis(40))),
            );
            let Ok(_) = terminal.draw(|frame| view(&self.state, frame));
            if frame >= 10 {
                times.push(start.elapsed().as_secs_f64() * 1e3);
            }
        }
        times.sort_by(f64::total_cmp);
        let (p50, p99, max) = (
            times[times.len() / 2],
            times[times.len() * 99 / 100],
            times[times.len() - 1],
        );
        let (steps, size) = (self.steps, format!("{width}x{height}"));
        match self.table {
            true => println!("| {steps} | {name} | {size} | {p50:.3} | {p99:.3} | {max:.3} |"),
            false => println!("{steps:>9} steps: {name:>18} {size:>7} {p50:>9.3} {p99:>9.3} {max:>9.3}"),
        }
    }

    /// Frames drawn in two seconds in which nothing happens, after the first.
    fn idles(self) {
        let (mut state, mut host) = (self.state, Counter(0));
        let (input, keys) = unbounded();
        let (events, told) = unbounded::<Event>();
        let source = Source {
            events: told,
            commands: Some(unbounded().0),
            queries: unbounded().0,
            pages: never(),
        };
        let ports = Ports::new(keys, source);
        let key = |c| Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        let user = thread::spawn(move || {
            thread::sleep(Duration::from_secs(2));
            // q asks whether unsaved steps shall be lost; once more means it. Both arrive at once: one frame at most.
            let leave = Input::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
            [key('q'), leave]
                .map(|k| input.send(k))
                .into_iter()
                .all(|sent| sent.is_ok())
                .then_some(events)
        });
        event_loop::run(&mut state, &mut host, ports).expect("the counter does not fail");
        user.join().expect("the user does not fail");
        println!(
            "frames in 2 s in which nothing happens, after the first: {}",
            host.0.saturating_sub(1)
        );
    }
}

/// Counts what would be drawn.
struct Counter(usize);

impl Host for Counter {
    fn draw(&mut self, _: &State) -> io::Result<()> {
        self.0 += 1;
        Ok(())
    }
    fn mouse(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }
    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn edit(&mut self, _: &str, text: &str) -> std::io::Result<Result<String, String>> {
        Ok(Ok(text.to_string()))
    }
    fn redraw(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn size(&self) -> io::Result<(u16, u16)> {
        Ok((200, 50))
    }
}

/// A repeatable noise in -1..1.
fn noise(seed: u64) -> f64 {
    let mut x = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

fn record(i: u32) -> StepRecord {
    let (t, seed) = (f64::from(i), u64::from(i) * 97);
    let s = 1.15 - 1.1 * (-t / 11.0).exp() + 0.2 * noise(seed);
    let g = 1.22 - 0.55 * (-t / 16.0).exp() + 0.2 * noise(seed + 1);
    let tau = 0.2 * 0.9f64.powf(t);
    StepRecord {
        step: i,
        tau,
        decay: 0.9,
        learning_rate: 1e-3,
        reward_original: s,
        reward_original_std: 0.32,
        reward_guided: g,
        reward_guided_std: 0.28,
        truth_original: Some(0.8 * s),
        truth_guided: Some(0.8 * g),
        ranked: 12,
        weighted: 12,
        loss_rank: -0.2 - 0.3 * noise(seed + 4),
        loss_wsft: 0.05 + 0.1 * noise(seed + 5),
        loss: -0.15 - 0.3 * noise(seed + 4),
        grad_norm: 0.8 + 0.4 * noise(seed + 6),
        updates: 1,
        length_original: 24.0 + 2.0 * noise(seed + 7),
        length_guided: 31.0 + 2.0 * noise(seed + 8),
        ended: 0.96,
        replay: 24,
        principles: 1,
        margins: (0..24).map(|k| (g - s + 0.5 * noise(seed + 10 + k)) as f32).collect(),
        metrics: Default::default(),
        seconds: 0.6,
    }
}

fn response(seed: u32, guided: bool) -> String {
    const WORDS: [&str; 12] = [
        "the",
        "film",
        "is",
        "a",
        "wonderful",
        "dull",
        "story",
        "that",
        "i",
        "recommend",
        "warmly",
        "tonight",
    ];
    let word = |i: u64| WORDS[(noise(u64::from(seed) * 131 + i + u64::from(guided)).abs() * 11.9) as usize];
    (0..50).map(word).collect::<Vec<_>>().join(" ")
}

fn pair(step: u32, index: u32) -> PairRecord {
    let (s, margin) = (noise(u64::from(step * 31 + index)), noise(u64::from(step * 17 + index)));
    let w = (margin / 2.0).tanh();
    PairRecord {
        step,
        index,
        query: format!("review {index}: the film that i saw at step {step}"),
        original: response(step * 24 + index, false),
        guided: response(step * 24 + index, true),
        reward_original: s,
        reward_guided: s + margin,
        shaped: None,
        truth_original: Some(0.5),
        truth_guided: Some(0.75),
        tau: 0.1,
        branch: if margin > 0.1 { Branch::Ranked } else { Branch::Weighted },
        weight_original: -w,
        weight_guided: w,
        principles: 1,
        metrics: Default::default(),
        prompt_ids: Vec::new(),
        original_ids: Vec::new(),
        guided_ids: Vec::new(),
    }
}

fn evaluation(step: u32) -> EvaluationRecord {
    let cases = case_study(Task::Imdb).iter().enumerate().map(|(i, case)| CaseRecord {
        label: case.label.to_string(),
        query: case.query.to_string(),
        original: response(step + i as u32, false),
        guided: response(step + i as u32, true),
        reward_original: noise(u64::from(step)),
        reward_guided: noise(u64::from(step) + 1),
        truth_original: Some(0.5),
        truth_guided: Some(0.75),
    });
    EvaluationRecord {
        step,
        queries: 48,
        reward_original: noise(u64::from(step)),
        reward_guided: noise(u64::from(step) + 1),
        truth_original: Some(0.5),
        truth_guided: Some(0.75),
        cases: cases.collect(),
    }
}
