//! A reward that is not a number: a run without a screen ends with what to do, one with a screen waits with an alarm.

mod common;

use common::process::Ended;
use common::record::{events, open};
use common::{IMDB, Lab};
use ple::train::Event;

#[test]
fn a_reward_that_is_not_a_number_ends_a_run_without_a_screen() {
    let lab = Lab::new();
    let model = format!("reward.model={}", lab.broken_reward());
    let ended = Ended::of(lab.train(IMDB, &[&model]).args(["--json", "--name", "nan"]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let printed = ended.events();
    assert_eq!(printed.last().expect("events")["event"], "failed", "{}", ended.out);
    let message = "step 0: 4 rewards are not numbers; their pairs were left out";
    let advice = "look at the reward model";
    assert!(
        ended.err.contains(message) && ended.err.contains(advice),
        "{}",
        ended.err
    );
    assert_eq!(lab.state("nan"), "failed");
    // The store opens, has the alarm, and keeps the step with what was sampled.
    let found = events(&lab.run("nan"));
    let alarm = found
        .iter()
        .find_map(|e| if let Event::Alarm(a) = e { Some(a) } else { None })
        .expect("an alarm");
    assert_eq!((alarm.message.as_str(), alarm.paused), (message, true));
    assert!(alarm.suggestion.contains(advice));
    let reader = open(&lab.run("nan"));
    let steps = reader.steps().expect("steps");
    assert_eq!(steps.len(), 1);
    assert_eq!(
        (steps[0].ranked, steps[0].weighted, steps[0].updates, steps[0].replay),
        (0, 0, 0, 0)
    );
    assert!(steps[0].reward_original.is_nan() && steps[0].reward_guided.is_nan());
    let pairs = reader.pairs_between(0, 1).expect("pairs");
    assert!(
        pairs.len() == 4
            && pairs
                .iter()
                .all(|p| p.reward_original.is_nan() && !p.original_ids.is_empty())
    );
}

#[cfg(unix)]
#[test]
fn a_reward_that_is_not_a_number_rings_an_alarm_on_the_screen() {
    let lab = Lab::new();
    let file = common::pty::endless(&lab, &[("builtin:imdb-sentiment", &lab.broken_reward())]);
    let mut pty = common::pty::Pty::start(&lab, &["open", &file, "--name", "nan"]);
    pty.sees(&[
        "step 0: 4 rewards are not numbers",
        "look at the reward model",
        "‖ paused at 1/",
        "[!] dismiss",
    ]);
    for screen in ["2", "3", "4", "1"] {
        pty.keys(screen);
        pty.sees(&["4 rewards are not numbers"]);
    }
    pty.keys("!");
    pty.misses("look at the reward model");
    // Going on is allowed: without these pairs, to the next alarm.
    pty.keys(" ");
    pty.sees(&["step 1: 4 rewards are not numbers", "‖ paused at 2/"]);
    pty.keys("qs");
    assert_eq!(pty.end().0, 0);
    let alarms = events(&lab.run("nan"))
        .into_iter()
        .filter(|e| matches!(e, Event::Alarm(_)))
        .count();
    assert_eq!(alarms, 2);
}
