//! Steering in the real binary: the palette, the user's own editor, the schedule, and a workbench that steers the training
//! of another process.
#![cfg(unix)]

mod common;

use std::os::unix::fs::PermissionsExt;

use common::process::{Ended, Process};
use common::pty::{Pty, endless, number_after};
use common::record::{events, open};
use common::{Lab, until};
use ple::train::{Event, LogEntry, Mark, Via};

/// What it says, where it ends well.
fn good(lab: &Lab, args: &[&str]) -> String {
    let ended = Ended::of(&mut lab.ple(args));
    assert_eq!(ended.code, Some(0), "{args:?}: {ended:?}");
    ended.out
}

/// What it says of a mistake that the user can mend.
fn bad(lab: &Lab, args: &[&str]) -> String {
    let ended = Ended::of(&mut lab.ple(args));
    assert_eq!(ended.code, Some(2), "{args:?}: {ended:?}");
    ended.err
}

fn marks(lab: &Lab, run: &str) -> Vec<Mark> {
    let found = events(&lab.run(run)).into_iter();
    found
        .filter_map(|e| if let Event::Mark(mark) = e { Some(mark) } else { None })
        .collect()
}

fn log(lab: &Lab, run: &str) -> Vec<LogEntry> {
    open(&lab.run(run)).log().expect("a log")
}

fn actions(log: &[LogEntry]) -> Vec<(&str, Via)> {
    log.iter().map(|entry| (entry.action.as_str(), entry.by.via)).collect()
}

#[test]
fn the_palette_sets_tau_and_remembers_it() {
    let lab = Lab::new();
    let file = endless(&lab, &[]);
    let mut pty = Pty::start(&lab, &["open", &file, "--name", "w"]);
    pty.sees(&["▶ step ", "─ Reward ─"]);
    pty.keys(" ");
    let held = pty.waits("paused", |s| number_after(s, "‖ paused at ")) as u32;
    pty.keys(":");
    pty.sees(&["Command", "principle on|off NAME"]);
    pty.keys("tau 0.x5\r");
    pty.sees(&["\"0.x5\" is not a number; for example 0.1"]);
    pty.keys("\x15tau 0.05\r");
    pty.sees(&[&format!("-> 0.05 acts from step {held} on")]);
    pty.keys(":principle off recom\t\r");
    pty.sees(&["principles v2 acts from step"]);
    pty.keys(":log\r");
    pty.sees(&["What was done to the training", "tau 0.", "-> 0.05", "recommend off"]);
    pty.keys("\x1b");
    pty.misses("What was done to the training");
    pty.keys(":quit\r");
    pty.sees(&["Quit?"]);
    pty.keys("s");
    assert_eq!(pty.end().0, 0);
    let found: Vec<(u32, String)> = marks(&lab, "w").into_iter().map(|m| (m.step, m.label)).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].1.ends_with("-> 0.05") && found[0].0 == held);
    let log = log(&lab, "w");
    let by_hand = |names: &[&str]| {
        names
            .iter()
            .map(|n| (n.to_string(), Via::Workbench))
            .collect::<Vec<_>>()
    };
    let found: Vec<(String, Via)> = actions(&log).into_iter().map(|(a, v)| (a.to_string(), v)).collect();
    let found: Vec<_> = found.into_iter().filter(|(a, _)| !a.starts_with("steering")).collect();
    assert_eq!(found, by_hand(&["start", "pause", "tau", "principles", "stop"]));
    let tau = log.iter().find(|e| e.action == "tau").expect("tau");
    assert_eq!(tau.new.as_deref(), Some("0.05"));
    assert!(
        log.iter()
            .all(|e| e.by.pid > 0 && !e.by.user.is_empty() && !e.by.host.is_empty())
    );

    // Another session has the lines of this one.
    let mut pty = Pty::start(&lab, &["open", "w"]);
    pty.sees(&["stopped"]);
    pty.keys(":tau\x1b[A");
    pty.sees(&[":tau 0.05"]);
    pty.keys("\r");
    pty.sees(&["✗ this run is only shown"]);
    pty.keys("\x1b");
    pty.misses("Command");
    pty.keys("q");
    assert_eq!(pty.end().0, 0);
    let rows = good(&lab, &["export", "w", "--format", "csv", "--what", "log"]);
    assert!(
        rows.lines()
            .next()
            .is_some_and(|head| head.contains("via,pid,user,host,action")),
        "{rows}"
    );
    assert!(good(&lab, &["log", "w"]).contains("tau"));
}

#[test]
fn the_users_editor_has_the_terminal_and_what_it_wrote_is_the_draft() {
    let lab = Lab::new();
    let file = endless(&lab, &[]);
    let script = lab.write(
        "editor.sh",
        "#!/bin/sh\nprintf 'editing\\n'\nread -r line < /dev/tty\nsed -i 's/^text = .*/text = \"Say it with flowers.\"/' \"$1\"\n",
    );
    let path = std::path::PathBuf::from(&script);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a script");
    let editor = path.display().to_string();
    let mut pty = Pty::start_with(
        &lab,
        &["open", &file, "--name", "w"],
        &[("CI", "true"), ("VISUAL", &editor)],
    );
    pty.sees(&["▶ step "]);
    pty.keys("3");
    pty.sees(&["v1 acts from step 0 on"]);
    pty.keys("V");
    pty.sees(&["editing"]);
    // Every key is the editor's: q does not quit.
    pty.keys("q\r");
    pty.sees(&["What you wrote is the draft now"]);
    pty.keys("p");
    pty.sees(&["v2 acts from step"]);
    pty.keys(":quit\r");
    pty.sees(&["Quit?"]);
    pty.keys("s");
    assert_eq!(pty.end().0, 0);
    let versions = open(&lab.run("w")).principles().expect("principles");
    assert!(
        versions[1]
            .principles
            .entries
            .iter()
            .all(|e| e.text == "Say it with flowers.")
    );
}

const SCHEDULE: &str = "
[[schedule]]
step = 1
switch_off = \"recommend\"
tau = 0.05
checkpoint = true

[[schedule]]
step = 2
decay = 0.5
";

/// The endless experiment cut to a few steps, with a schedule.
fn scheduled(lab: &Lab, schedule: &str, steps: &str) -> String {
    endless(lab, &[("steps = 100000", steps)]);
    let text = std::fs::read_to_string(lab.path().join("endless.toml")).expect("an experiment");
    lab.write("scheduled.toml", text + schedule)
}

#[test]
fn a_schedule_acts_at_its_steps_and_again_after_a_resume() {
    let lab = Lab::new();
    let file = scheduled(&lab, SCHEDULE, "steps = 4");
    good(&lab, &["train", &file, "--name", "whole", "--quiet"]);
    let steps = open(&lab.run("whole")).steps().expect("steps");
    let found: Vec<(f64, f64, u32)> = steps.iter().map(|s| (s.tau, s.decay, s.principles)).collect();
    assert_eq!(found[0], (0.2, 0.9, 1));
    assert_eq!(found[1], (0.05, 0.9, 2));
    assert_eq!((found[2].1, found[2].2), (0.5, 2));
    assert!((found[3].0 - 0.05 * 0.9 * 0.5).abs() < 1e-12);
    let made = marks(&lab, "whole");
    assert!(made.iter().all(|m| m.by == Via::Schedule), "{made:?}");
    let places: Vec<(u32, &str)> = made
        .iter()
        .map(|m| (m.step, m.label.split(' ').next().unwrap_or("")))
        .collect();
    assert_eq!(places, [(1, "principles"), (1, "tau"), (1, "checkpoint"), (2, "decay")]);
    assert_eq!(
        open(&lab.run("whole")).checkpoint_steps().expect("checkpoints"),
        [0, 1, 4]
    );

    // From the checkpoint that the schedule wrote: what it has is not done twice, what comes is done.
    let files = std::fs::read_dir(lab.run("whole").join("checkpoints")).expect("checkpoints");
    for file in files.flatten() {
        if file.file_name().to_string_lossy().contains("000004") {
            std::fs::remove_file(file.path()).expect("gone");
        }
    }
    good(&lab, &["resume", "whole", "--quiet"]);
    let again = open(&lab.run("whole")).steps().expect("steps");
    for (a, b) in steps.iter().zip(&again) {
        assert_eq!(
            (a.tau, a.decay, a.loss, a.principles),
            (b.tau, b.decay, b.loss, b.principles),
            "step {}",
            a.step
        );
    }
    assert_eq!(open(&lab.run("whole")).principles().expect("principles").len(), 2);
}

#[test]
fn a_schedule_that_cannot_be_is_refused_with_its_line() {
    let lab = Lab::new();
    for (schedule, said) in [
        (
            "\n[[schedule]]\nstep = 9\ntau = 0.1\n",
            "schedule.step = 9: never comes: method.steps is 4",
        ),
        (
            "\n[[schedule]]\nstep = 1\nswitch_on = \"recomend\"\n",
            "did you mean \"recommend\"?",
        ),
        ("\n[[schedule]]\nstep = 1\n", "does nothing; add"),
        ("\n[[schedule]]\nstep = 1\ntua = 0.1\n", "tua"),
        (
            "\n[[schedule]]\nstep = 1\nprinciples = \"nowhere.toml\"\n",
            "nowhere.toml",
        ),
    ] {
        let file = scheduled(&lab, schedule, "steps = 4");
        let message = bad(&lab, &["train", &file, "--name", "never"]);
        assert!(
            message.contains(said) && message.contains("scheduled.toml:"),
            "{schedule}: {message}"
        );
        assert!(!lab.run("never").exists());
        let checked = Ended::of(&mut lab.ple(["check", &file]));
        assert_ne!(checked.code, Some(0), "{checked:?}");
    }
}

#[test]
fn a_workbench_steers_what_another_process_trains() {
    let lab = Lab::new();
    let file = endless(&lab, &[]);
    let trainer = Process::start(&mut lab.ple(["train", &file, "--name", "w", "--quiet"]));
    let steps = || {
        ple::run::Reader::open(&lab.run("w"))
            .and_then(|r| r.steps())
            .map_or(0, |s| s.len() as u32)
    };
    until("the run to begin", || (steps() > 0).then_some(()));
    let mut pty = Pty::start(&lab, &["open", "w"]);
    // Keys before it is known who steers are told the older reason.
    pty.sees(&["read-only", "nobody steers"]);
    pty.keys(" ");
    pty.sees(&["nobody steers this run: take it with @ (:steer take)"]);
    pty.keys(":steer take\r");
    pty.sees(&["you steer this run now"]);
    pty.keys(" ");
    let held = pty.waits("paused", |s| number_after(s, "‖ paused at ")) as u32;
    pty.keys(":tau 0.05\r");
    pty.sees(&["0.05 acts from"]);
    // Nobody else steers meanwhile.
    let message = bad(&lab, &["steer", "w", "decay=0.5"]);
    assert!(
        message.contains("steers this run; --take does it all the same"),
        "{message}"
    );
    // Done all the same, and the workbench steers on.
    good(&lab, &["steer", "w", "--take", "rate=0.01"]);
    pty.keys("n");
    pty.sees(&[&format!("‖ paused at {}/", held + 1)]);
    pty.keys(":steer release\r");
    pty.sees(&["nobody steers this run now; you watch", "read-only"]);
    good(&lab, &["steer", "w", "decay=0.5", "continue"]);
    pty.keys("q");
    assert_eq!(pty.end().0, 0, "leaving ends nothing");
    until("more steps", || (steps() > held + 2).then_some(()));
    good(&lab, &["steer", "w", "stop"]);
    let ended = trainer.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let found: Vec<(u32, String)> = marks(&lab, "w").into_iter().map(|m| (m.step, m.label)).collect();
    assert_eq!(found[0].0, held);
    assert!(
        found[0].1.ends_with("-> 0.05") && found[1].1.ends_with("-> 0.01") && found[2].1.ends_with("-> 0.5"),
        "{found:?}"
    );
    let log = log(&lab, "w");
    let pids: Vec<u32> = log.iter().map(|e| e.by.pid).collect();
    let expected = [
        ("start", Via::Cli),
        ("steering taken", Via::Workbench),
        ("pause", Via::Workbench),
        ("tau", Via::Workbench),
        ("learning-rate", Via::Cli),
        ("step", Via::Workbench),
        ("steering given up", Via::Workbench),
        ("decay", Via::Cli),
        ("continue", Via::Cli),
        ("stop", Via::Cli),
    ];
    assert_eq!(actions(&log), expected);
    assert_ne!(pids[0], pids[1], "other processes");
    let message = bad(&lab, &["steer", "w", "pause"]);
    assert!(message.contains("no process trains this run"), "{message}");
}
