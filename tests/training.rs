//! The training thread as the screen uses it: commands in, events out.

use std::path::Path;

use ple::config::Principles;
use ple::device::DeviceChoice;
use ple::run::{Reader, Store};
use ple::train::{Command, Event, Mark, Prepared, Request, Running, StepRecord, resume, start};

/// A run of a few seconds.
const SMALL: [&str; 10] = [
    "method.steps=6",
    "method.queries_per_step=4",
    "method.minibatch=4",
    "sft.steps=2",
    "sft.batch=4",
    "generation.max_new_tokens=12",
    "eval.every=0",
    "eval.queries=2",
    "checkpoint.every=2",
    "method.replay=all",
];

fn setup(more: &[&str]) -> Prepared {
    let sets = SMALL.iter().chain(more).map(|s| s.to_string()).collect();
    let request = Request::at(Path::new("experiments/imdb.toml"), sets, DeviceChoice::Cpu).expect("the file is there");
    request.prepare().expect("the experiment is good")
}

fn principles() -> Principles {
    match setup(&[]) {
        Prepared::Align(setup) => setup.principles,
        Prepared::Fit(_) => panic!("the experiment aligns a policy"),
    }
}

/// Follows a run to its end, sending what `react` answers to each event.
fn follow(running: Running, mut react: impl FnMut(&Event) -> Vec<Command>) -> Vec<Event> {
    let mut seen = Vec::new();
    while let Ok(event) = running.events.recv() {
        for command in react(&event) {
            running.commands.send(command).expect("the trainer listens");
        }
        let over = matches!(event, Event::Done(_) | Event::Failed { .. });
        seen.push(event);
        if over {
            break;
        }
    }
    running.join().expect("the run ends well");
    seen
}

/// Everything of the steps but the time they took.
fn steps(folder: &Path) -> Vec<StepRecord> {
    let steps = Reader::open(folder)
        .and_then(|r| r.steps())
        .expect("the run can be read");
    steps.into_iter().map(|s| StepRecord { seconds: 0.0, ..s }).collect()
}

#[test]
fn numbers_act_from_the_next_step_and_are_marked_there() {
    let runs = tempfile::tempdir().expect("a folder");
    let running = start(setup(&[]), runs.path(), None, true).expect("starts");
    let folder = running.folder.clone();
    running.commands.send(Command::SetTau(0.05)).expect("listens");
    running.commands.send(Command::SetDecay(0.5)).expect("listens");
    let events = follow(running, |_| vec![]);
    let marks: Vec<&Mark> = events
        .iter()
        .filter_map(|e| if let Event::Mark(m) = e { Some(m) } else { None })
        .collect();
    assert_eq!(marks.len(), 2);
    assert_eq!((marks[0].step, marks[0].label.as_str()), (0, "tau 0.2 -> 0.05"));
    let taus: Vec<f64> = steps(&folder).iter().map(|s| s.tau).collect();
    assert_eq!(taus, [0.05, 0.025, 0.0125, 0.00625, 0.003125, 0.0015625]);
}

#[test]
fn asking_does_not_disturb_the_run_and_works_after_its_end() {
    let runs = tempfile::tempdir().expect("a folder");
    let quiet = start(setup(&[]), runs.path(), Some("quiet"), false).expect("starts");
    follow(quiet, |_| vec![]);
    let asked = start(setup(&[]), runs.path(), Some("asked"), true).expect("starts");
    let ask = |id| Command::Ask {
        id,
        query: "on sunday i saw a war film with my wife. it is about two brothers.".into(),
    };
    let mut answers = Vec::new();
    while let Ok(event) = asked.events.recv() {
        match event {
            Event::Step(s) if s.step == 1 => asked.commands.send(ask(1)).expect("listens"),
            Event::Done(_) => asked.commands.send(ask(2)).expect("listens"),
            Event::Answer(a) => {
                answers.push(a.clone());
                if a.id == 2 {
                    break;
                }
            }
            _ => {}
        }
    }
    asked.join().expect("the run ends well");
    assert_eq!(answers.iter().map(|a| a.id).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(answers[1].step, 6);
    assert!(
        answers
            .iter()
            .all(|a| a.reward_original.is_finite() && a.truth_guided.is_some())
    );
    assert_eq!(steps(&runs.path().join("quiet")), steps(&runs.path().join("asked")));
}

#[test]
fn principles_changed_by_hand_act_again_at_the_same_step_after_a_resume() {
    let runs = tempfile::tempdir().expect("a folder");
    let running = start(setup(&[]), runs.path(), None, true).expect("starts");
    let folder = running.folder.clone();
    let mut principles = principles();
    principles.entries[1].on = false;
    let events = follow(running, |event| match event {
        Event::Step(s) if s.step == 2 => vec![Command::SetPrinciples(principles.clone())],
        _ => vec![],
    });
    let acted = events
        .iter()
        .find_map(|e| if let Event::Mark(m) = e { Some(m.step) } else { None });
    let acted = acted.expect("a mark");
    assert!(acted >= 3);
    let whole = steps(&folder);
    assert_eq!(whole.len(), 6);
    assert_eq!(whole[2].principles, 1);
    assert!(whole.iter().all(|s| (s.principles == 2) == (s.step >= acted)));

    // As if the machine had stopped after the first checkpoint but one.
    for step in [4, 6] {
        std::fs::remove_file(folder.join(format!("checkpoints/step-{step:06}.safetensors"))).expect("is there");
    }
    let again = resume(setup(&[]), Store::open(&folder).expect("nobody writes"), false);
    let events = follow(again, |_| vec![]);
    let first = events
        .iter()
        .find_map(|e| if let Event::Step(s) = e { Some(s.step) } else { None });
    assert_eq!(first, Some(2));
    assert_eq!(steps(&folder), whole);
    let marks = events
        .iter()
        .filter(|e| matches!(e, Event::Mark(m) if m.step == acted))
        .count();
    assert_eq!(marks, 1);
}

#[test]
fn pausing_stops_between_steps_and_one_step_is_one_step() {
    let runs = tempfile::tempdir().expect("a folder");
    let running = start(setup(&[]), runs.path(), None, true).expect("starts");
    let folder = running.folder.clone();
    running.commands.send(Command::Pause).expect("listens");
    let mut paused_at = Vec::new();
    follow(running, |event| match event {
        Event::Paused { paused: true, step } => {
            paused_at.push(*step);
            if paused_at.len() < 4 {
                vec![Command::StepOnce]
            } else {
                vec![Command::Stop]
            }
        }
        _ => vec![],
    });
    // First before the supervised stage, then after each step.
    assert_eq!(paused_at, [0, 1, 2, 3]);
    assert_eq!(steps(&folder).len(), 3);
    let store = Store::open(&folder).expect("nobody writes");
    let (checkpoint, warnings) = store.latest_checkpoint().expect("readable");
    assert_eq!(checkpoint.map(|c| c.step), Some(3));
    assert!(warnings.is_empty());
}
