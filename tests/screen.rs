//! The workbench in a real terminal, while it trains: what is seen, what the keys do, how it is left.
#![cfg(unix)]

mod common;

use common::Lab;
use common::pty::{Pty, endless, in_a_window_that_closes, number_after};
use common::record::{events, open};
use ple::train::{Branch, Event, Mark};

/// The workbench on an endless run named `w`, when the first steps are on the charts.
fn training(lab: &Lab) -> Pty {
    let file = endless(lab, &[]);
    let mut pty = Pty::start(lab, &["open", &file, "--name", "w"]);
    pty.sees(&["▶ step ", "─ Reward ─"]);
    pty
}

/// Pauses; returns the steps done.
fn pause(pty: &mut Pty) -> usize {
    pty.keys(" ");
    paused(pty)
}

fn paused(pty: &mut Pty) -> usize {
    pty.waits("paused", |screen| number_after(screen, "‖ paused at ")) as usize
}

/// Waits until this many steps are done, seen on the screen.
fn steps(pty: &mut Pty, at_least: usize) -> usize {
    let enough = |n: &f64| *n >= at_least as f64;
    pty.waits("more steps", |screen| number_after(screen, "▶ step ").filter(enough)) as usize
}

fn marks(lab: &Lab) -> Vec<Mark> {
    let found = events(&lab.run("w")).into_iter();
    found
        .filter_map(|e| if let Event::Mark(mark) = e { Some(mark) } else { None })
        .collect()
}

#[test]
fn every_screen_shows_its_part_of_the_run() {
    let lab = Lab::new();
    let mut pty = training(&lab);
    let done = pause(&mut pty);
    let screen = pty.text();
    let read = |name: &str| number_after(&screen, name).unwrap_or_else(|| panic!("{name} in\n{screen}"));
    let (s, guided, gap) = (read("━━ s "), read("╍╍ s′ "), read("gap "));
    assert!((guided - s - gap).abs() < 0.02, "{screen}");
    let step = open(&lab.run("w")).steps().expect("steps").pop().expect("a step");
    assert_eq!(step.step as usize + 1, done);
    for fact in [
        format!("ranked      {} > τ", step.ranked),
        format!("weighted    {} ≤ τ", step.weighted),
    ] {
        assert!(screen.contains(&fact), "{fact} in\n{screen}");
    }

    pty.keys("2");
    let newest = done as u32 - 1;
    let screen = pty.sees(&[
        "─ Pairs ─",
        &format!("following: step {newest}, 1/4"),
        "original  s",
        "guided  s'",
    ]);
    let pairs = open(&lab.run("w")).pairs_between(newest, newest + 1).expect("pairs");
    for pair in &pairs {
        let place = format!("{newest}.{} ", pair.index);
        let row = screen
            .lines()
            .find(|l| l.trim_start_matches(['▸', ' ']).starts_with(&place));
        let row = row.unwrap_or_else(|| panic!("{place} in\n{screen}"));
        assert!(row.contains(&format!("{:+.2}", pair.margin())), "{row}");
    }
    let first_words = |text: &str| text.split(' ').take(3).collect::<Vec<_>>().join(" ");
    pty.sees(&[&first_words(&pairs[0].original), &first_words(&pairs[0].guided)]);
    pty.keys("jj");
    pty.sees(&[&format!("{newest}, pair 2"), &first_words(&pairs[2].guided)]);

    pty.keys("3");
    pty.sees(&[
        "v1 acts from step 0 on",
        "─ Principles ─ 4 of 4 on",
        "Prompt for y'",
        "recommend",
    ]);
    pty.keys("4");
    pty.sees(&["─ Evaluated after step ─", "─ Answers after step 0 ─", "horror"]);
    pty.keys("\t");
    pty.sees(&["─ Principle effect ─", "Nothing measured yet"]);
    pty.keys("\t");
    pty.sees(&["─ Runs ─ 1 in ", "▸   w ", "open in this workbench"]);
    pty.keys("\t");
    pty.sees(&["─ Reward ─", "─ Margins"]);
    pty.keys("?");
    pty.sees(&[
        "Keys and words",
        "the focused chart on the whole screen",
        "What the words mean",
    ]);
    pty.keys("\x1b");
    pty.misses("╭ Keys");
    pty.keys("?");
    pty.sees(&["Keys and words"]);
    pty.keys("?");
    pty.misses("╭ Keys");
    pty.keys("\x03\x03");
    assert_eq!(pty.end().0, 0);
}

#[test]
fn principles_act_from_the_step_that_the_screen_confirms() {
    let lab = Lab::new();
    let mut pty = training(&lab);
    pty.keys("3x");
    pty.sees(&["Draft differs from v1 in force", "3 of 4 on"]);
    pty.keys("p");
    let screen = pty.sees(&["v2 acts from step ", "v2, as the model reads it"]);
    let from = number_after(&screen, "v2 acts from step ").expect("a step") as u32;
    pty.keys("1");
    pty.sees(&["▾ principles v2", &format!("principles v2 from step {from}")]);
    steps(&mut pty, from as usize + 3);
    // As a file, only when asked.
    assert!(!lab.path().join("principles").exists());
    pty.keys("3w");
    pty.sees(&["Save the principles", "principles/imdb-edited.toml"]);
    pty.keys("\r");
    pty.sees(&["saved principles/imdb-edited.toml"]);
    pty.keys("q");
    pty.sees(&["Quit?"]);
    pty.keys("s");
    assert_eq!(pty.end().0, 0);

    let saved = ple::config::Source::read(&lab.path().join("principles/imdb-edited.toml")).expect("a file");
    let saved = ple::config::parse_principles(&saved).expect("principles");
    assert_eq!(
        saved.entries.iter().map(|p| p.on).collect::<Vec<_>>(),
        [false, true, true, true]
    );
    let reader = open(&lab.run("w"));
    let versions = reader.principles().expect("principles");
    let found: Vec<(u32, u32)> = versions.iter().map(|v| (v.version, v.from_step)).collect();
    assert_eq!(found, [(1, 0), (2, from)]);
    assert_eq!(versions[1].principles, saved);
    let marks: Vec<(u32, String)> = marks(&lab).into_iter().map(|m| (m.step, m.label)).collect();
    assert_eq!(marks, [(from, "principles v2".to_string())]);
    let steps = reader.steps().expect("steps");
    assert!(steps.len() as u32 > from + 2);
    assert!(steps.iter().all(|s| s.principles == if s.step < from { 1 } else { 2 }));
    let pairs = reader.pairs_between(0, u32::MAX).expect("pairs");
    assert!(pairs.iter().all(|p| p.principles == if p.step < from { 1 } else { 2 }));
}

#[test]
fn a_paused_run_holds_and_tau_acts_from_the_next_step() {
    let lab = Lab::new();
    let mut pty = training(&lab);
    let held = pause(&mut pty);
    pty.keys("n");
    pty.sees(&[&format!("‖ paused at {}/", held + 1)]);
    pty.keys("t");
    pty.sees(&["tau: pairs with s′ − s above it are ranked"]);
    pty.keys("much\r");
    pty.sees(&["\"much\" is not a number; for example 0.1"]);
    pty.keys("\x150.05\r");
    pty.sees(&[&format!("-> 0.05 acts from step {} on", held + 1), "▾ tau "]);
    assert_eq!(
        open(&lab.run("w")).steps().expect("steps").len(),
        held + 1,
        "nothing ran while it was paused"
    );
    pty.keys(" ");
    steps(&mut pty, held + 3);
    // Leaving without a checkpoint is told, and how to have the steps again.
    pty.keys("q");
    pty.sees(&["Quit?"]);
    pty.keys("q");
    let (code, screen) = pty.end();
    assert_eq!(code, 0);
    assert!(
        screen.contains("steps after the last checkpoint") && screen.contains("ple resume"),
        "{screen}"
    );

    let reader = open(&lab.run("w"));
    let tau: Vec<f64> = reader.steps().expect("steps").iter().map(|s| s.tau).collect();
    for (t, tau) in tau.iter().enumerate() {
        let expected = match t.checked_sub(held + 1) {
            None => 0.2 * 0.9f64.powi(t as i32),
            Some(since) => 0.05 * 0.9f64.powi(since as i32),
        };
        assert!((tau / expected - 1.0).abs() < 1e-12, "step {t}: {tau}, not {expected}");
    }
    assert_eq!(
        reader.checkpoint_steps().expect("checkpoints"),
        [0],
        "only that of the supervised stage"
    );
    let marks = marks(&lab);
    assert_eq!((marks.len(), marks[0].step as usize), (1, held + 1));
}

#[test]
fn the_past_is_played_like_a_film_and_a_view_of_it_is_copied_and_written() {
    let lab = Lab::new();
    let mut pty = training(&lab);
    steps(&mut pty, 4);
    let newest = pause(&mut pty) - 1;
    pty.keys("^");
    pty.sees(&[&format!("step 0, live is {newest} · $ returns")]);
    // Every screen is at that step, and its pairs come from the store.
    pty.keys("2");
    pty.sees(&["step 0, as it was", "▸ 0.0 "]);
    pty.keys("<<<<<P");
    pty.sees(&["playing half a step a second"]);
    pty.sees(&["step 1, as it was", "▸ 1.0 ", &format!("step 1, live is {newest}")]);
    pty.keys(">>>>>");
    pty.sees(&["the film is over", &format!("following: step {newest}")]);
    pty.keys("Y");
    pty.sees(&["copied the screen Responses ("]);
    pty.keys("1{O");
    pty.sees(&[
        "Write this view",
        "the chart",
        &format!("w-reward-step-{}.svg", newest - 1),
    ]);
    pty.keys("\r");
    pty.sees(&["› wrote "]);
    let file = lab.path().join(format!("w-reward-step-{}.svg", newest - 1));
    let svg = std::fs::read_to_string(&file).expect("the picture");
    assert!(svg.starts_with("<svg") && svg.contains("s original"), "{svg}");
    // The same once more would be another picture under the name of this one.
    pty.keys("O\r");
    pty.sees(&["This file exists."]);
    pty.keys("\x1b");
    pty.misses("Write this view");
    pty.keys("$");
    pty.misses("live is");
    pty.keys("\x03\x03");
    assert_eq!(pty.end().0, 0);
}

#[test]
fn any_size_of_the_terminal_is_survived() {
    let lab = Lab::new();
    let mut pty = training(&lab);
    pty.resize(80, 24);
    pty.sees(&["─ Reward ─", " gap ", "(was ", "q quit"]);
    let screens = [
        ("1", "─ Reward ─"),
        ("2", "─ Pairs ─"),
        ("3", "─ Principles ─"),
        ("4", "─ Answers"),
        ("5", "─ Principle effect ─"),
        ("?", "╭ Keys"),
    ];
    for (key, sign) in screens {
        pty.keys(key);
        // crossterm may keep a key that comes together with another size until the next key.
        pty.sees(&[sign]);
        pty.resize(30, 8);
        pty.sees(&["ple needs at least 60x16", "is 30x8"]);
        for (columns, rows) in [(1, 1), (0, 0), (2, 40), (300, 3), (0, 9), (60, 16)] {
            pty.resize(columns, rows);
        }
        pty.sees(&["▶ step ", "q quit", sign]);
    }
    pty.keys("\x1b");
    pty.misses("╭ Keys");
    pty.keys("1");
    pty.sees(&["─ Reward ─"]);
    pty.resize(200, 60);
    pty.sees(&["─ Reward ─", "1 Dashboard  2 Responses  3 Principles  4 Case study"]);
    pty.resize(100, 30);
    let now = pty.sees(&["─ Reward ─", "What the step did"]);
    let now = number_after(&now, "▶ step ").expect("a step") as usize;
    steps(&mut pty, now + 2);
    pty.keys("qq");
    assert_eq!(pty.end().0, 0);
}

#[test]
fn quitting_asks_while_steps_are_in_no_checkpoint() {
    let lab = Lab::new();
    let mut pty = training(&lab);
    pty.keys("q");
    pty.sees(&["Quit?", "in no checkpoint yet", "[s] save a checkpoint and quit"]);
    pty.keys("\x1b");
    pty.misses("Quit?");
    let now = steps(&mut pty, 1);
    steps(&mut pty, now + 2);
    pty.keys("q");
    pty.sees(&["Quit?"]);
    pty.keys("s");
    let (code, screen) = pty.end();
    assert_eq!(code, 0);
    assert!(
        screen.contains("run: ") && !screen.contains("after the last checkpoint"),
        "{screen}"
    );
    let reader = open(&lab.run("w"));
    let done = reader.steps().expect("steps").len() as u32;
    assert!(done as usize >= now + 2);
    assert_eq!(reader.checkpoint_steps().expect("checkpoints"), [0, done]);
    assert_eq!(lab.state("w"), "stopped");
}

#[test]
fn a_checkpoint_by_hand_leaves_nothing_to_ask() {
    let lab = Lab::new();
    let mut pty = training(&lab);
    let done = pause(&mut pty);
    pty.keys("c");
    pty.sees(&[&format!("checkpoint after {done} steps")]);
    assert_eq!(
        open(&lab.run("w")).checkpoint_steps().expect("checkpoints"),
        [0, done as u32]
    );
    pty.keys("q");
    assert_eq!(pty.end().0, 0);
}

#[test]
fn what_is_under_way_is_kept_when_nothing_was_asked() {
    let lab = Lab::new();
    let mut pty = training(&lab);
    pty.keys("c");
    pty.sees(&["checkpoint after "]);
    // The next step has begun by now: it comes to its end, and is saved with the rest.
    pty.keys("\x03");
    let screen = pty.text();
    if screen.contains("in no checkpoint yet") {
        pty.keys("s");
    }
    let (code, screen) = pty.end();
    assert_eq!(code, 0);
    assert!(!screen.contains("after the last checkpoint"), "{screen}");
    let reader = open(&lab.run("w"));
    let done = reader.steps().expect("steps").len() as u32;
    assert_eq!(reader.checkpoint_steps().expect("checkpoints").last(), Some(&done));
}

#[test]
fn a_window_that_is_closed_keeps_every_step() {
    let lab = Lab::new();
    let file = endless(&lab, &[]);
    in_a_window_that_closes(&lab, &["open", &file, "--name", "w"], "▶ step ");
    let reader = open(&lab.run("w"));
    let done = reader.steps().expect("steps").len() as u32;
    assert!(done > 0);
    assert_eq!(reader.checkpoint_steps().expect("checkpoints"), [0, done]);
    assert_eq!(lab.state("w"), "stopped");
    assert_eq!(lab.reports(), Vec::<String>::new(), "a panic");
}

#[test]
fn a_query_too_long_is_refused_and_training_goes_on() {
    let lab = Lab::new();
    let mut pty = training(&lab);
    pty.keys("2i");
    pty.sees(&["Ask the model"]);
    let long = "this opera is about a whale. ".repeat(60);
    // As a paste: one key each would take its time.
    pty.keys(&format!("\x1b[200~{long}\x1b[201~\r"));
    pty.sees(&["refused", "This query was not asked", "data.max_query_tokens = 256"]);
    let now = steps(&mut pty, 1);
    steps(&mut pty, now + 1);
    pty.keys("\x03\x03");
    assert_eq!(pty.end().0, 0);
}

#[test]
fn a_finished_run_is_free_while_its_workbench_is_open() {
    let lab = Lab::new();
    let file = endless(&lab, &[("steps = 100000", "steps = 2")]);
    let mut pty = Pty::start(&lab, &["open", &file, "--name", "w"]);
    pty.sees(&["✓ finished"]);
    assert_eq!(lab.state("w"), "finished");
    // Another process may write to it, and what is still answered here is kept too.
    let ended = lab.ple(["runs", "label", "w", "--tag", "good"]).output().expect("ple");
    assert!(ended.status.success());
    let ended = lab.ple(["eval", "w", "--queries", "4"]).output().expect("ple");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    pty.keys("2i");
    pty.sees(&["Ask the model"]);
    pty.keys("this opera is about a whale.\r");
    pty.sees(&["1 asked", "after 2"]);
    let kept = events(&lab.run("w")).into_iter();
    assert_eq!(kept.filter(|e| matches!(e, Event::Answer(_))).count(), 1);
    pty.keys("\x03");
    assert_eq!(pty.end().0, 0);
    assert_eq!(lab.state("w"), "finished");
}

#[test]
fn a_query_of_ones_own_is_answered_while_training() {
    let lab = Lab::new();
    let mut pty = training(&lab);
    pty.keys("2i");
    pty.sees(&["Ask the model"]);
    pty.keys("this opera is about a whale.\r");
    pty.sees(&["Asked by you", "this opera"]);
    pty.sees(&["1 asked", "after ", "original  s", "guided  s'"]);
    pty.misses("without answer yet");
    let answers = events(&lab.run("w")).into_iter();
    let answers: Vec<_> = answers
        .filter_map(|e| if let Event::Answer(a) = e { Some(a) } else { None })
        .collect();
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].query, "this opera is about a whale.");
    let first_word = answers[0].guided.split(' ').next().expect("a word").to_string();
    pty.sees(&[&first_word]);
    let now = steps(&mut pty, 1);
    steps(&mut pty, now + 1);
    pty.keys("\x03\x03");
    assert_eq!(pty.end().0, 0);
}

#[test]
fn sigterm_saves_and_gives_the_terminal_back() {
    let lab = Lab::new();
    let pty = training(&lab);
    pty.signal("TERM");
    let (code, screen) = pty.end();
    assert_eq!(code, 130);
    assert!(screen.contains("run: "), "{screen}");
    let reader = open(&lab.run("w"));
    let done = reader.steps().expect("steps").len() as u32;
    assert!(done > 0);
    assert_eq!(reader.checkpoint_steps().expect("checkpoints"), [0, done]);
    assert_eq!(lab.state("w"), "stopped");
}

#[test]
fn runs_are_listed_filtered_compared_opened_and_left_again() {
    let lab = Lab::new();
    for (name, tau) in [("first", "method.tau0=0.2"), ("second", "method.tau0=0.05")] {
        let mut command = lab.train(common::IMDB, &["eval.every=3", tau]);
        let ended = common::process::Ended::of(command.args(["--quiet", "--name", name]));
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let mut pty = training(&lab);
    pty.keys("6");
    let screen = pty.sees(&["3 in ", "✓ finished", "first", "second", "▶ running"]);
    assert!(screen.contains("as a tree"), "{screen}");
    pty.keys("/sec");
    pty.sees(&["1 of 3 with \"sec\""]);
    pty.misses("▶ running");
    pty.keys("\r");
    // A tag is stored beside the run at once.
    pty.keys("a best\r");
    pty.sees(&["labels stored"]);
    assert!(
        std::fs::read_to_string(lab.run("second").join("labels.toml"))
            .expect("labels")
            .contains("best")
    );
    pty.keys("\x1b");
    pty.sees(&["3 in "]);
    // Two marked runs beside each other, in all three ways.
    pty.keys("gvvx");
    pty.sees(&[
        "2 runs",
        "Curves",
        "─ reward s ─",
        "A ━━ first",
        "B ╍╍ second",
        "PLE, 3 steps",
    ]);
    pty.keys("v");
    pty.sees(&["Settings that differ", "method.tau0", "0.05"]);
    pty.keys("v");
    pty.sees(&["Answers of the case study", "query 1 of ", "reward "]);
    pty.keys("f");
    pty.sees(&["Answers sampled in training", "step 2", "query 1 of "]);
    pty.keys("x");
    pty.sees(&["─ Runs ─"]);
    // Another run is shown; the one that trains goes on, and has its screen back.
    pty.keys("g\r");
    pty.sees(&["finished 3/3", "first", "─ Reward ─"]);
    pty.keys("6");
    pty.sees(&["open in this workbench"]);
    // A running one cannot be deleted, and one that is not open is after a question.
    pty.keys("GD");
    pty.sees(&["is being trained: stop it first"]);
    pty.keys("k");
    pty.sees(&["second ─"]);
    pty.keys("Dy");
    pty.sees(&["deleted "]);
    assert!(!lab.run("second").exists() && lab.run("first").exists());
    pty.keys("G\r");
    pty.sees(&["▶ step ", "─ Reward ─"]);
    pty.keys("q");
    pty.sees(&["Quit?"]);
    pty.keys("s");
    assert_eq!(pty.end().0, 0);
    assert_eq!(lab.state("w"), "stopped");
}

#[test]
fn a_stored_run_is_forked_in_the_workbench_and_trained_there() {
    let lab = Lab::new();
    let mut command = lab.train(common::IMDB, &["eval.every=0"]);
    let ended = common::process::Ended::of(command.args(["--quiet", "--name", "old"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let mut pty = Pty::start(&lab, &["open", "old"]);
    pty.sees(&["finished 3/3"]);
    pty.keys("6");
    pty.sees(&["─ Runs ─", "old"]);
    pty.keys("f");
    pty.sees(&["Fork old", "checkpoints after 0 2 3"]);
    pty.keys("\x15step=2 tau=0.5 steps=5\r");
    pty.sees(&["old@2", "finished 5/5"]);
    pty.keys("q");
    assert_eq!(pty.end().0, 0);
    let steps = open(&lab.run("old@2")).steps().expect("steps");
    assert_eq!((steps.len(), steps[2].tau), (5, 0.5));
    assert_eq!(open(&lab.run("old")).steps().expect("steps").len(), 3);
}

#[test]
fn responses_are_filtered_by_branch_and_by_words() {
    let lab = Lab::new();
    let mut pty = training(&lab);
    // Wide enough for the title of the list.
    pty.resize(180, 40);
    let done = pause(&mut pty);
    let pairs = open(&lab.run("w")).pairs_between(0, u32::MAX).expect("pairs");
    let newest: Vec<_> = pairs.iter().filter(|p| p.step as usize + 1 == done).collect();
    pty.keys("2");
    pty.sees(&["following: step", "1/4"]);
    for (branch, words) in [(Branch::Ranked, "ranked only"), (Branch::Weighted, "weighted only")] {
        pty.keys("f");
        let screen = pty.sees(&[words]);
        match newest.iter().filter(|p| p.branch == branch).count() {
            0 => assert!(screen.contains("No pair of the newest step was"), "{screen}"),
            n => assert!(screen.contains(&format!("{words}, 1/{n}")), "{screen}"),
        }
    }
    pty.keys("f");
    pty.misses("weighted only");
    // A search goes through the whole run, not only the newest step.
    let word = pairs[0]
        .guided
        .split(' ')
        .max_by_key(|w| w.len())
        .expect("a word")
        .to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&word);
    let found = pairs
        .iter()
        .filter(|p| [&p.query, &p.original, &p.guided].into_iter().any(|t| holds(t)));
    pty.keys(&format!("/{word}\r"));
    pty.sees(&["with \"", &format!("1/{}", found.count())]);
    pty.keys("\x1b");
    pty.misses("with \"");
    pty.keys("\x03\x03");
    assert_eq!(pty.end().0, 0);
}
