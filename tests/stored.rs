//! The workbench on runs that are stored: finished ones, those of another process, and those it goes on with.
#![cfg(unix)]

mod common;

use common::process::{Ended, Process};
use common::pty::{Pty, endless, number_after};
use common::record::{Record, events, open};
use common::{IMDB, Lab};
use ple::train::Event;

/// Waits until more steps than this are shown beside this word; returns how many.
fn more(pty: &mut Pty, word: &str, than: f64) -> f64 {
    pty.waits("more steps", |screen| number_after(screen, word).filter(|n| *n > than))
}

/// An endless run that another process trains, after its first step.
fn trained_elsewhere(lab: &Lab) -> Process {
    let file = endless(lab, &[]);
    let mut other = Process::start(lab.ple(["train", &file, "--name", "w"]).args(["--json"]));
    other.until("\"event\":\"step\"");
    other
}

#[test]
fn a_finished_run_is_shown_and_stays_as_it_is() {
    let lab = Lab::new();
    assert_eq!(
        Ended::of(lab.train(IMDB, &[]).args(["--quiet", "--name", "old"])).code,
        Some(0)
    );
    let before = Record::of(&lab.run("old"));
    let mut pty = Pty::start(&lab, &["open", "old"]);
    let screen = pty.sees(&["✓ finished 3/3", "─ Reward ─"]);
    assert!(number_after(&screen, "━━ s ").is_some(), "{screen}");
    pty.keys(" ");
    pty.sees(&["this run is only shown"]);
    pty.keys("2");
    pty.sees(&["following: step 2, 1/4", "2.3", "guided  s'"]);
    // All pairs, not only those of the newest step.
    pty.keys("Fg0\r");
    pty.sees(&["held: step 0", "0.3"]);
    pty.keys("3xp");
    pty.sees(&["Cannot apply: this run has ended"]);
    pty.keys("4");
    pty.sees(&["─ Answers after step 3 ─"]);
    pty.keys("h");
    pty.sees(&["─ Answers after step 2 ─"]);
    pty.keys("q");
    let (code, screen) = pty.end();
    assert_eq!(
        (code, screen.contains("Quit?")),
        (0, false),
        "nothing to lose, nothing to ask"
    );
    Record::of(&lab.run("old")).assert_same(&before);
}

#[test]
fn a_run_that_another_process_trains_is_followed() {
    let lab = Lab::new();
    let other = trained_elsewhere(&lab);
    let mut pty = Pty::start(&lab, &["open", "w"]);
    let seen = more(&mut pty, "◌ read-only ", 0.0);
    more(&mut pty, "◌ read-only ", seen + 1.0);
    pty.keys("2");
    let first = pty.waits("pairs", |screen| number_after(screen, "following: step "));
    more(&mut pty, "following: step ", first);
    pty.keys("t");
    pty.sees(&["nobody steers this run: take it with @"]);
    other.signal("INT");
    assert_eq!(other.end().code, Some(130));
    let done = open(&lab.run("w")).steps().expect("steps").len() as f64;
    pty.sees(&["■ stopped "]);
    pty.waits("the last step", |screen| {
        number_after(screen, "■ stopped ").filter(|n| *n == done)
    });
    pty.keys("q");
    assert_eq!(pty.end().0, 0);
}

#[test]
fn who_follows_a_run_sees_that_it_was_resumed() {
    let lab = Lab::new();
    let other = trained_elsewhere(&lab);
    let mut pty = Pty::start(&lab, &["open", "w"]);
    let seen = more(&mut pty, "◌ read-only ", 0.0);
    more(&mut pty, "◌ read-only ", seen);
    other.signal("INT");
    assert_eq!(other.end().code, Some(130));
    pty.sees(&["■ stopped "]);
    let done = open(&lab.run("w")).steps().expect("steps").len() as f64;
    let mut again = Process::start(lab.ple(["resume", "w"]).args(["--json"]));
    again.until("\"event\":\"step\"");
    more(&mut pty, "◌ read-only ", done);
    // Nothing is there twice.
    pty.keys("3");
    let screen = pty.sees(&["v1 was the last in force", "The only version so far"]);
    assert_eq!(screen.matches("v1 from step 0").count(), 1, "{screen}");
    again.signal("INT");
    assert_eq!(again.end().code, Some(130));
    pty.sees(&["■ stopped "]);
    pty.keys("q");
    assert_eq!(pty.end().0, 0);
}

#[test]
fn a_run_goes_on_in_the_workbench_with_what_it_had() {
    let lab = Lab::new();
    let other = trained_elsewhere(&lab);
    other.signal("INT");
    assert_eq!(other.end().code, Some(130));
    let before = Record::of(&lab.run("w"));
    let done = before.steps.len();
    let mut pty = Pty::start(&lab, &["resume", "w", "--open"]);
    more(&mut pty, "▶ step ", done as f64);
    pty.keys(" ");
    pty.sees(&["‖ paused at "]);
    pty.keys("q");
    let screen = pty.sees(&["Quit?"]);
    let total = number_after(&screen, "‖ paused at ").expect("steps") as usize;
    let (lost, s, are) = if total - done == 1 {
        (1, "", "is")
    } else {
        (total - done, "s", "are")
    };
    assert!(
        screen.contains(&format!("{lost} step{s} {are} in no checkpoint yet")),
        "{done} before\n{screen}"
    );
    pty.keys("\x1b");
    pty.misses("Quit?");
    // The steps before are there, and the principles once.
    pty.keys("2Fg0\r");
    pty.sees(&["held: step 0", "0.3"]);
    pty.keys("3");
    let screen = pty.sees(&["The only version so far"]);
    assert_eq!(screen.matches("v1 from step 0").count(), 1, "{screen}");
    pty.keys("q");
    pty.sees(&["Quit?"]);
    pty.keys("s");
    assert_eq!(pty.end().0, 0);
    let after = Record::of(&lab.run("w"));
    assert_eq!(after.steps[..done], before.steps);
    assert_eq!(after.steps.len(), total);
}

#[test]
fn a_change_made_right_before_saving_is_not_made_again_by_resume() {
    let lab = Lab::new();
    let file = endless(&lab, &[]);
    let mut pty = Pty::start(&lab, &["open", &file, "--name", "w"]);
    pty.sees(&["▶ step "]);
    pty.keys(" ");
    let at = pty.waits("a pause", |screen| number_after(screen, "‖ paused at ")) as u32;
    pty.keys("3xp");
    pty.sees(&[&format!("v2 acts from step {at} on")]);
    pty.keys("t0.05\r");
    pty.sees(&[&format!("-> 0.05 acts from step {at} on")]);
    pty.keys("q");
    pty.sees(&["Quit?"]);
    pty.keys("s");
    assert_eq!(pty.end().0, 0);
    let changes = |lab: &Lab| -> Vec<String> {
        let kept = |e: &Event| matches!(e, Event::Mark(_) | Event::Principles(_));
        events(&lab.run("w"))
            .iter()
            .filter(|e| kept(e))
            .map(|e| format!("{e:?}"))
            .collect()
    };
    let before = changes(&lab);
    assert_eq!(before.len(), 4, "v1, v2 and its mark, the mark of tau: {before:?}");

    let mut resumed = Process::start(lab.ple(["resume", "w"]).args(["--json"]));
    resumed.until("\"event\":\"step\"");
    resumed.signal("INT");
    assert_eq!(resumed.end().code, Some(130));
    let step = &open(&lab.run("w")).steps().expect("steps")[at as usize];
    assert_eq!((step.tau, step.principles), (0.05, 2));
    assert_eq!(changes(&lab), before);
}

#[test]
fn the_tokens_of_a_stored_response_add_up_to_what_training_measured() {
    use ple::device::DeviceChoice;
    use ple::train::Insider;
    let lab = Lab::new();
    let sets = ["generation.temperature=1.0", "method.diagnostics=1"];
    let trained = Ended::of(lab.train(IMDB, &sets).args(["--quiet", "--name", "in"]));
    assert_eq!(trained.code, Some(0), "{trained:?}");
    let run = lab.run("in");
    let step = open(&run).steps().expect("steps").pop().expect("a step");
    let pairs = open(&run).pairs_between(step.step, step.step + 1).expect("pairs");
    let mut insider = Insider::new(&run, DeviceChoice::Cpu);
    let (mut by_reference, mut tokens, mut moved) = (0.0, 0, 0.0);
    for pair in &pairs {
        let inside = insider.look(pair.step, pair.index);
        assert_eq!(inside.policy_steps, 3);
        let [y, guided] = inside.found.expect("tokens");
        assert_eq!(
            (y.len(), guided.len()),
            (pair.original_ids.len(), pair.guided_ids.len())
        );
        let text: String = y.iter().map(|t| t.shown.replace('\u{B7}', " ")).collect();
        assert!(text.contains(pair.original.trim()), "{text:?} {:?}", pair.original);
        by_reference += y.iter().filter_map(|t| t.reference).sum::<f64>();
        moved += y.iter().filter_map(|t| t.difference()).map(f64::abs).sum::<f64>();
        tokens += y.len();
    }
    // The mean -log pi of a token and the mean log pi - log pi_ref of a response, as the trainer saw them before that step.
    let metric = |name: &str| step.metrics[&format!("diagnostics/{name}")];
    let wanted = -metric("surprise") * tokens as f64 - metric("kl") * pairs.len() as f64;
    assert!(
        (by_reference - wanted).abs() < 1e-3 * wanted.abs(),
        "{by_reference} {wanted}"
    );
    assert!(moved > 1e-4, "three steps have changed nothing");
    let none = insider.look(99, 0);
    assert!(none.found.is_err_and(|why| why.contains("step 99 has no pair 0")));

    let mut pty = Pty::start(&lab, &["open", "in"]);
    pty.sees(&["\u{2713} finished 3/3"]);
    pty.keys("2");
    pty.sees(&["Pairs"]);
    pty.keys("T");
    pty.sees(&[
        "Inside step 2, pair",
        "after 3 steps, from its checkpoint",
        "log pi -",
        "reference",
    ]);
    pty.keys("Tq");
    assert_eq!(pty.end().0, 0);
}
