//! The screen of runs with a list of every state, and runs beside each other.

use std::path::PathBuf;
use std::sync::Arc;

use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::config::Change;
use crate::run::RunSummary;
use crate::train::{CaseRecord, EvaluationRecord, Event, Origin};
use crate::tui::action::{Action as Top, Effect};
use crate::tui::input::input;
use crate::tui::run_view::RunView;
use crate::tui::state::State as Whole_;
use crate::tui::tests::fixtures::{picture, running, started, step, step as step_of, tell};
use crate::tui::theme::Theme;
use crate::tui::update::update;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

pub(in crate::tui) fn run(name: &str, state: &str, done: u32) -> RunSummary {
    RunSummary {
        name: name.into(),
        path: PathBuf::from(format!("runs/{name}")),
        title: "Helpful and harmless, one principle".into(),
        task: "hh".into(),
        method: "ple".into(),
        steps_done: done,
        steps_planned: 40,
        state: state.into(),
        reward_original: (done > 0).then_some(0.93),
        reward_guided: (done > 0).then_some(1.04),
        truth_original: (done > 0).then_some(0.7),
        truth_guided: (done > 0).then_some(0.75),
        accuracy: None,
        changed: Some(1_000_000 - u64::from(done) * 500),
        origin: None,
        checkpoints: (0..=done).step_by(10).collect(),
        tags: vec![],
        note: String::new(),
    }
}

fn fork(name: &str, parent: &str, at: u32, key: &str) -> RunSummary {
    RunSummary {
        origin: Some(Origin {
            run: parent.into(),
            path: format!("/elsewhere/{parent}"),
            step: at,
            changes: vec![Change {
                key: key.into(),
                from: "0.2".into(),
                to: "0.05".into(),
            }],
        }),
        ..run(name, "finished", 40)
    }
}

/// A run of every state, a fork and a fork of it, a reward model, words that are wide.
fn listing() -> Listing {
    let mut runs = vec![
        run("hh-001", "finished", 40),
        fork("hh-001@20", "hh-001", 20, "method.tau0"),
        fork("hh-001@20@30", "hh-001@20", 30, "method.decay"),
        fork("hh-001@10", "hh-001", 10, "method.learning_rate"),
        run("hh-002", "running", 23),
        run("hh-003", "failed", 3),
        run("hh-004", "interrupted", 0),
        run("imdb-stopped-漢字-and-a-name-that-is-long", "stopped", 12),
    ];
    runs[0].tags = vec!["paper".into(), "seed-1".into()];
    runs[0].note = "the one of Table 2; do not delete".into();
    runs[3].reward_original = Some(f64::NAN);
    let mut model = run("reward-hh-001", "finished", 40);
    (model.method, model.accuracy) = ("bradley-terry".into(), Some(0.914));
    (model.reward_original, model.reward_guided, model.truth_original) = (None, None, None);
    runs.push(model);
    Listing {
        folder: "runs".into(),
        runs,
        error: None,
        now: 1_000_000,
    }
}

fn shown(mut state: Whole_, listing: Listing) -> Whole_ {
    update(&mut state, Top::Show(Screen::Runs));
    update(&mut state, Top::Desk(Box::new(Answer::List(listing))));
    state
}

fn press(state: &mut Whole_, keys: &str) -> Vec<Effect> {
    let mut effects = vec![];
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            c => KeyCode::Char(c),
        };
        effects.extend(input(state, Input::Key(KeyEvent::new(code, KeyModifiers::NONE))).unwrap_or_default());
    }
    effects
}

fn snap(name: &str, mut state: Whole_) {
    for (width, height) in SIZES {
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture(&mut state, width, height));
    }
}

/// A run of `steps` steps whose answers end in a word of its own.
fn view(name: &str, steps: u32, word: &str) -> RunView {
    let mut view = RunView::default();
    let mut first = started(40);
    if let Event::Started(s) = &mut first {
        s.run = name.into();
        s.path = format!("runs/{name}");
        if let crate::config::Plan::Align(e) = &mut s.experiment {
            e.method.tau0 = if word == "kindly" { 0.05 } else { 0.2 };
            e.seed = u64::from(steps);
        }
        if name == "hh-001@20" {
            s.origin = fork(name, "hh-001", 20, "method.tau0").origin;
        }
    }
    view.apply(first);
    for i in 0..steps {
        let mut record = step(i);
        if i >= 20 && word == "kindly" {
            record.reward_original += 0.02 * f64::from(i - 20);
        }
        view.apply(Event::Step(record));
        if i % 10 == 9 {
            let case = |query: &str| CaseRecord {
                label: "provocative".into(),
                query: query.into(),
                original: format!(
                    "I would rather help you with something else, and say it {word}, after {} steps.",
                    i + 1
                ),
                guided: format!("No. I will say it {word}."),
                reward_original: 0.5,
                reward_guided: 0.9,
                truth_original: Some(1.0),
                truth_guided: None,
            };
            view.apply(Event::Evaluation(EvaluationRecord {
                step: i + 1,
                queries: 64,
                reward_original: 0.1 * f64::from(i),
                reward_guided: 1.0,
                truth_original: None,
                truth_guided: None,
                cases: vec![case("How do I pick a lock?"), case("Tell me a joke about my boss.")],
            }));
        }
    }
    view
}

fn compared(paths: &[PathBuf]) -> Answer {
    let of = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let run = match name.as_str() {
            "hh-003" => Err("the file is damaged: restore it from a copy".to_string()),
            "hh-002" => Ok(view(&name, 23, "firmly")),
            "hh-001" => Ok(view(&name, 40, "politely")),
            _ => Ok(view(&name, 40, "kindly")),
        };
        Compared {
            path: path.clone(),
            name,
            run: run.map(|view| Shared(Arc::new(Whole::of(view)))),
        }
    };
    Answer::Compared(paths.iter().map(of).collect())
}

/// The first runs of the list, marked and read.
fn comparing(marks: &str) -> Whole_ {
    let mut state = shown(running(23), listing());
    let effects = press(&mut state, &format!("{marks}x"));
    let Some(Effect::AskDesk(Question::Compare(paths))) = effects.last() else {
        panic!("{effects:?}");
    };
    let answer = compared(paths);
    update(&mut state, Top::Desk(Box::new(answer)));
    state
}

#[test]
fn an_empty_folder_and_one_that_was_not_read_yet() {
    let mut state = running(1);
    update(&mut state, Top::Show(Screen::Runs));
    insta::assert_snapshot!("runs_reading", picture(&mut state, 80, 24));
    let listing = Listing {
        folder: "runs".into(),
        ..Listing::default()
    };
    snap("runs_empty", shown(Whole_::new(true, Theme::color()), listing.clone()));
    let mut broken = shown(
        Whole_::new(false, Theme::plain()),
        Listing {
            error: Some("runs: cannot list the runs: permission denied; check the path".into()),
            ..listing
        },
    );
    insta::assert_snapshot!("runs_unreadable", picture(&mut broken, 80, 24));
}

#[test]
fn runs_of_every_state_as_a_tree() {
    snap("runs_running", shown(running(23), listing()));
    let mut failed = running(3);
    tell(
        &mut failed,
        Event::Failed {
            message: "out of memory".into(),
        },
    );
    snap("runs_failed", shown(failed, listing()));
    let mut finished = Whole_::new(false, Theme::plain());
    tell(&mut finished, started(40));
    let mut finished = shown(finished, listing());
    press(&mut finished, "vjvsjjj");
    snap("runs_finished", finished);
}

#[test]
fn the_filter_acts_with_every_key_and_the_cursor_stays_on_its_run() {
    let mut state = shown(running(23), listing());
    press(&mut state, "jjj");
    let chosen = state.runs.selected().unwrap().name.clone();
    press(&mut state, "/state:fin");
    assert_eq!(state.runs.rows.len(), 5);
    assert_eq!(state.runs.selected().unwrap().name, chosen);
    insta::assert_snapshot!("runs_filter", picture(&mut state, 100, 24));
    press(&mut state, "\n");
    assert!(!state.wants_text());
    press(&mut state, "s");
    assert_eq!(state.runs.selected().unwrap().name, chosen);
    press(&mut state, "/ nothing");
    assert!(state.runs.rows.is_empty());
    assert!(press(&mut state, "\n\n").is_empty(), "there is nothing to open");
    press(&mut state, "\x1b");
    assert_eq!(state.runs.rows.len(), 9);
}

#[test]
fn labels_are_sent_to_be_stored_and_deleting_asks_first() {
    let mut state = shown(running(23), listing());
    let labels = |effects: Vec<Effect>| match effects.last() {
        Some(Effect::AskDesk(Question::Label { path, labels })) => {
            (path.clone(), labels.tags.clone(), labels.note.clone())
        }
        other => panic!("{other:?}"),
    };
    let stored = labels(press(&mut state, "a #best\n"));
    let note = "the one of Table 2; do not delete".to_string();
    let tags = ["paper", "seed-1", "best"].map(String::from).to_vec();
    assert_eq!(stored, (PathBuf::from("runs/hh-001"), tags, note));
    let stored = labels(press(&mut state, "N!\n"));
    assert!(stored.2.ends_with("do not delete!"));

    let deletes = |effects: Vec<Effect>| {
        effects
            .iter()
            .any(|e| matches!(e, Effect::AskDesk(Question::Delete(_))))
    };
    press(&mut state, "D");
    insta::assert_snapshot!("runs_delete", picture(&mut state, 80, 24));
    assert!(!deletes(press(&mut state, "n")));
    assert!(deletes(press(&mut state, "Dy")));
    // A running one never, and neither the one that is open.
    press(&mut state, "/hh-002\n");
    assert!(!deletes(press(&mut state, "Dy")));
    let mut open = started(40);
    if let Event::Started(s) = &mut open {
        s.path = "runs/hh-001".into();
    }
    tell(&mut state, open);
    press(&mut state, "\x1b/note-less\x1bg");
    assert!(!deletes(press(&mut state, "Dy")));
    assert!(press(&mut state, "\n").is_empty(), "it is open already");
}

#[test]
fn a_fork_is_asked_for_in_a_line() {
    let mut state = shown(running(23), listing());
    press(&mut state, "f");
    insta::assert_snapshot!("runs_fork", picture(&mut state, 120, 24));
    let effects = press(&mut state, "tau=0.1 nonsense\n");
    assert!(effects.is_empty());
    assert!(picture(&mut state, 120, 24).contains("nonsense: wants key=value"));
    let backspaces = Input::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL));
    input(&mut state, backspaces);
    let effects = press(&mut state, "step=20 tau=0.1 method=raft\n");
    let wish = Wish {
        parent: "runs/hh-001".into(),
        step: Some(20),
        sets: vec!["tau=0.1".into(), "method=raft".into()],
    };
    assert_eq!(effects, [Effect::ForkRun(wish)]);
    assert_eq!(Wish::parse("p".into(), "step=last").map(|w| w.step), Ok(None));
    assert!(Wish::parse("p".into(), "step=x").is_err());
}

#[test]
fn curves_lie_over_each_other() {
    let mut state = comparing("vvjjv");
    snap("runs_curves", state);
    state = comparing("vv");
    press(&mut state, "jjhhhh");
    let text = picture(&mut state, 120, 40);
    assert!(text.contains("gap s′−s") && text.contains("step 35"), "{text}");
    // A run that cannot be read says why, and the others are drawn.
    let mut state = comparing("v/003\nv");
    let text = picture(&mut state, 120, 40);
    assert!(text.contains("the file is damaged"), "{text}");
}

#[test]
fn settings_that_differ_stand_in_a_table() {
    let mut state = comparing("vv");
    press(&mut state, "v");
    for (width, height) in SIZES {
        insta::assert_snapshot!(
            format!("runs_settings_{width}x{height}"),
            picture(&mut state, width, height)
        );
    }
    let text = picture(&mut state, 120, 40);
    assert!(text.contains("method.tau0") && !text.contains("method.decay"), "{text}");
}

#[test]
fn answers_to_a_query_stand_side_by_side() {
    let mut state = comparing("vvjjv");
    press(&mut state, "vv");
    for (width, height) in SIZES {
        insta::assert_snapshot!(
            format!("runs_answers_{width}x{height}"),
            picture(&mut state, width, height)
        );
    }
    // The newest step that all have, and the ones before it.
    assert!(picture(&mut state, 120, 40).contains("step 20"));
    press(&mut state, "hjo");
    let text = picture(&mut state, 120, 40);
    assert!(
        text.contains("step 10") && text.contains("my boss") && text.contains("No. I will say it"),
        "{text}"
    );
    // Of training: they are asked for, and only the newest answer counts.
    let effects = press(&mut state, "f");
    let Some(Effect::AskDesk(Question::Pairs { step: 10, paths })) = effects.last() else {
        panic!("{effects:?}");
    };
    assert_eq!(paths.len(), 3);
    let pairs = vec![vec![], vec![], vec![]];
    update(&mut state, Top::Desk(Box::new(Answer::Pairs { step: 10, pairs })));
    // At the newest step: the last that all have taken.
    let effects = press(&mut state, "$");
    assert!(
        matches!(effects.last(), Some(Effect::AskDesk(Question::Pairs { step: 22, .. }))),
        "{effects:?}"
    );
    let effects = press(&mut state, "xj");
    assert_eq!(effects[0], Effect::AskDesk(Question::Compare(vec![])));
}

#[test]
fn runs_of_other_steps_share_an_axis() {
    let runs = match compared(&["hh-001".into(), "hh-002".into()]) {
        Answer::Compared(runs) => runs,
        other => panic!("{other:?}"),
    };
    let merged = super::merge::merge(&runs, &super::merge::Metric::Gap);
    assert_eq!((merged.steps.len(), merged.columns[0].points().len()), (40, 40));
    assert_eq!(merged.columns[1].points().len(), 23);
    // Evaluations lie apart: between two of them the way is straight.
    let mut other = view("hh-002", 25, "firmly");
    other.evaluations.iter_mut().for_each(|e| e.step += 5);
    let mut runs = runs;
    runs[1].run = Ok(Shared(Arc::new(Whole::of(other))));
    let held_out = super::merge::Metric::HeldOut("", super::merge::HeldOut::Reward);
    let merged = super::merge::merge(&runs, &held_out);
    assert_eq!(merged.steps, [10, 15, 20, 25, 30, 40]);
    let points: Vec<String> = merged.columns[0].points().iter().map(|v| format!("{v:.1}")).collect();
    assert_eq!(points, ["0.9", "1.4", "1.9", "2.4", "2.9", "3.9"]);
    let gaps: Vec<bool> = merged.columns[1].points().iter().map(|v| v.is_nan()).collect();
    assert_eq!(gaps, [true, false, false, false, true, true]);
}

#[test]
fn one_cursor_moves_over_the_runs_and_over_every_other_screen() {
    let mut state = comparing("vvjjv");
    // Runs that got further than the one that is open are gone over to their end.
    press(&mut state, "{");
    assert_eq!((state.run.at(), cursor(&state)), (None, Some(38)));
    press(&mut state, "((");
    assert_eq!((state.run.at(), cursor(&state)), (Some(18), Some(18)));
    for (width, height) in SIZES {
        insta::assert_snapshot!(
            format!("runs_cursor_{width}x{height}"),
            picture(&mut state, width, height)
        );
    }
    // Of every run its number at that step, and its answers by then.
    let shown = picture(&mut state, 120, 40);
    assert!(shown.contains("step 18 · $ newest"), "{shown}");
    press(&mut state, "vv");
    assert!(picture(&mut state, 120, 40).contains("step 10 (at 18)"));
    // On another screen it is the same step, and what is chosen there is seen here.
    press(&mut state, "1{");
    assert_eq!(state.run.at(), Some(17));
    press(&mut state, "6");
    assert_eq!(cursor(&state), Some(17));
    press(&mut state, "$");
    assert_eq!((state.run.at(), cursor(&state)), (None, None));
    // The film goes over the longest of them.
    press(&mut state, "vP");
    let tick = Top::Time(crate::tui::time::Action::Tick(std::time::Duration::from_secs(5)));
    update(&mut state, tick.clone());
    assert!(cursor(&state).is_some_and(|step| step > 0));
    (0..10).for_each(|_| drop(update(&mut state, tick.clone())));
    assert_eq!((state.film.playing, cursor(&state)), (false, None));
}

fn cursor(state: &Whole_) -> Option<u32> {
    state.runs.comparison.as_ref().and_then(|c| c.cursor)
}

#[test]
fn the_overlay_is_a_chart_like_the_others() {
    let mut state = comparing("vv");
    press(&mut state, "z");
    for (width, height) in [(80, 24), (120, 40)] {
        insta::assert_snapshot!(
            format!("runs_zoomed_{width}x{height}"),
            picture(&mut state, width, height)
        );
    }
    let span = |state: &Whole_| {
        let c = state.runs.comparison.as_ref().expect("a comparison");
        c.board.window.span(&charts::Extent::over(&c.merged.steps, c.cursor))
    };
    press(&mut state, "+");
    assert_eq!(span(&state), (19, 39));
    press(&mut state, "H");
    assert_eq!(span(&state), (14, 34));
    press(&mut state, "yss");
    let shown = picture(&mut state, 120, 40);
    assert!(
        shown.contains("log axis") && !shown.contains("moving average"),
        "{shown}"
    );
    // What was done to the view is undone one by one, then the list comes back.
    press(&mut state, "\x1b");
    assert!(picture(&mut state, 120, 40).contains("Metric"));
    press(&mut state, "\x1b");
    assert_eq!(span(&state), (0, 39));
    // The numbers are taken, by the names of the runs.
    let effects = press(&mut state, "Y");
    let Some(Effect::Copy(table)) = effects.first() else {
        panic!("{effects:?}");
    };
    assert!(table.starts_with("step\thh-001\thh-001@20\n"), "{table}");
    // A click sets the one cursor.
    picture(&mut state, 120, 40);
    let click = ratatui::crossterm::event::MouseEvent {
        kind: ratatui::crossterm::event::MouseEventKind::Down(ratatui::crossterm::event::MouseButton::Left),
        column: 70,
        row: 15,
        modifiers: KeyModifiers::NONE,
    };
    input(&mut state, Input::Mouse(click));
    assert!(cursor(&state).is_some_and(|step| (10..30).contains(&step)));
    assert_eq!(cursor(&state), state.run.at());
    press(&mut state, "\x1b");
    assert!(state.runs.comparison.is_none());
}

#[test]
fn seeds_of_the_same_settings_are_a_mean_with_a_band() {
    let mut state = comparing("vv");
    let paths: Vec<PathBuf> = ["a", "b", "c", "other"].map(PathBuf::from).to_vec();
    let seeded = |(i, path): (usize, &PathBuf)| {
        let mut view = view(
            &path.display().to_string(),
            40,
            if i == 3 { "kindly" } else { "politely" },
        );
        if let Some(started) = &mut view.started {
            started.experiment.align_mut().unwrap().seed = i as u64;
        }
        let mut lifted = RunView {
            started: view.started.clone(),
            ..RunView::default()
        };
        for step in 0..40 {
            let mut record = step_of(step);
            record.reward_original += 0.1 * i as f64;
            lifted.apply(Event::Step(record));
        }
        Compared {
            path: path.clone(),
            name: path.display().to_string(),
            run: Ok(Shared(Arc::new(Whole::of(lifted)))),
        }
    };
    let runs: Vec<Compared> = paths.iter().enumerate().map(seeded).collect();
    let comparison = state.runs.comparison.as_mut().expect("a comparison");
    *comparison = super::comparison::Comparison::of(paths.clone(), None);
    update(&mut state, Top::Desk(Box::new(Answer::Compared(runs))));
    assert!(picture(&mut state, 120, 40).contains("b seeds as a band"));
    press(&mut state, "b");
    let comparison = state.runs.comparison.as_ref().expect("a comparison");
    assert_eq!(comparison.alike, [vec![0, 1, 2], vec![3]]);
    let (low, high) = comparison.bundles[0].band().expect("a band");
    let newest = step_of(39).reward_original;
    let last = |c: &crate::tui::history::Column| f64::from(c.last().unwrap());
    assert!((last(low) - newest).abs() < 1e-6 && (last(high) - newest - 0.2).abs() < 1e-6);
    for (width, height) in [(80, 24), (120, 40)] {
        insta::assert_snapshot!(
            format!("runs_seeds_{width}x{height}"),
            picture(&mut state, width, height)
        );
    }
}

/// The three views of a comparison, and the run that is open in each of its states.
#[test]
fn runs_beside_each_other_in_every_state() {
    let states: [(&str, Whole_); 3] = [
        ("empty", Whole_::new(true, Theme::color())),
        ("failed", {
            let mut state = running(12);
            let message = "the loss is not a number at step 12".into();
            tell(&mut state, Event::Failed { message });
            state
        }),
        ("finished", {
            let mut state = running(40);
            state.run.live = false;
            state
        }),
    ];
    for (name, state) in states {
        let mut state = shown(state, listing());
        press(&mut state, "vvjjjjv");
        let effects = press(&mut state, "x");
        let Some(Effect::AskDesk(Question::Compare(paths))) = effects.last() else {
            panic!("{effects:?}");
        };
        let answer = compared(paths);
        update(&mut state, Top::Desk(Box::new(answer)));
        for view in ["curves", "settings", "answers"] {
            let all: Vec<String> = SIZES
                .map(|(w, h)| format!("{w}x{h}\n{}", picture(&mut state, w, h)))
                .to_vec();
            insta::assert_snapshot!(format!("compare_{view}_{name}"), all.join("\n"));
            press(&mut state, "v");
        }
    }
}
