//! A panic anywhere: the terminal is given back, the run is kept, a report says what happened.
#![cfg(unix)]

mod common;

use common::Lab;
use common::process::Ended;
use common::pty::{Pty, endless};
use common::record::open;

fn rehearsing(place: &str) -> [(&str, &str); 2] {
    [("CI", "true"), ("PLE_REHEARSE_PANIC", place)]
}

#[test]
fn a_panic_of_the_screen_gives_the_terminal_back_and_saves_the_run() {
    let lab = Lab::new();
    let file = endless(&lab, &[]);
    let pty = Pty::start_with(&lab, &["open", &file, "--name", "w"], &rehearsing("view:3"));
    let (code, screen) = pty.end();
    assert_eq!(code, 1);
    let flat = screen.replace('\n', "");
    for said in [
        "ple: panic in the thread main at src/",
        "a report of it is in ",
        "the run is saved after step",
    ] {
        assert!(flat.contains(said), "{said} in\n{screen}");
    }
    let reports = lab.reports();
    assert_eq!(reports.len(), 1);
    for said in [
        "version: ple ",
        "a panic of view at step 3",
        "last actions",
        "  step 2\n",
        "event_loop",
    ] {
        assert!(reports[0].contains(said), "{said} in\n{}", reports[0]);
    }
    let done = open(&lab.run("w")).steps().expect("steps").len() as u32;
    assert!(done >= 3);
    assert_eq!(open(&lab.run("w")).checkpoint_steps().expect("checkpoints"), [0, done]);
    assert_eq!(lab.state("w"), "stopped");
}

#[test]
fn a_panic_of_the_trainer_is_shown_and_the_run_can_be_resumed() {
    let lab = Lab::new();
    let changes = [
        ("steps = 100000", "steps = 6"),
        ("[checkpoint]\nevery = 0", "[checkpoint]\nevery = 2"),
    ];
    let file = endless(&lab, &changes);
    let mut pty = Pty::start_with(&lab, &["open", &file, "--name", "w"], &rehearsing("trainer:3"));
    pty.sees(&[
        "✗ failed at 3/6",
        "failed: the trainer failed: a panic of trainer at step 3",
        "ple resume goes on",
    ]);
    // The screen is whole, and works.
    pty.keys("2");
    pty.sees(&["─ Pairs ─"]);
    pty.keys("3");
    pty.sees(&["─ Principles ─"]);
    pty.keys("q");
    let (code, screen) = pty.end();
    assert_eq!(code, 1);
    assert!(
        screen.replace('\n', "").contains("panic in the thread trainer"),
        "{screen}"
    );
    let reports = lab.reports();
    assert_eq!(reports.len(), 1);
    assert!(reports[0].contains("a panic of trainer at step 3"), "{}", reports[0]);
    assert_eq!(lab.state("w"), "failed");
    let resumed = Ended::of(&mut lab.ple(["resume", "w", "--quiet"]));
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(open(&lab.run("w")).steps().expect("steps").len(), 6);
    assert_eq!(lab.state("w"), "finished");
}

#[test]
fn a_panic_without_a_screen_is_told_with_its_report() {
    let lab = Lab::new();
    let mut command = lab.train(common::IMDB, &[]);
    command
        .args(["--name", "w", "--quiet"])
        .env("PLE_REHEARSE_PANIC", "trainer:1");
    let ended = Ended::of(&mut command);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.err.contains("a report of it is in ") && ended.err.contains("the trainer failed"),
        "{ended:?}"
    );
    assert_eq!(lab.reports().len(), 1);
}
