//! What `--json` prints: the events others rely on, and in them the numbers of the paper's equations.

mod common;

use std::sync::LazyLock;

use common::process::Ended;
use common::{IMDB, Lab};
use serde_json::Value;

/// One tiny run with `--json`, for all that only look at what it printed.
static PRINTED: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let lab = Lab::new();
    let ended = Ended::of(lab.train(IMDB, &[]).arg("--json"));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    ended.events()
});

fn of<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|e| e["event"] == kind).collect()
}

fn number(event: &Value, key: &str) -> f64 {
    event[key].as_f64().unwrap_or_else(|| panic!("{key} of {event}"))
}

fn count(event: &Value, key: &str) -> u64 {
    event[key].as_u64().unwrap_or_else(|| panic!("{key} of {event}"))
}

/// The pairs of all steps, oldest first.
fn pairs(events: &[Value]) -> Vec<&Value> {
    of(events, "pairs")
        .into_iter()
        .flat_map(|e| e["pairs"].as_array().expect("pairs"))
        .collect()
}

fn margin(pair: &Value) -> f64 {
    number(pair, "reward_guided") - number(pair, "reward_original")
}

#[test]
fn json_is_one_event_a_line_in_the_order_of_the_run() {
    let found: Vec<String> = PRINTED
        .iter()
        .map(|e| match (e["event"].as_str().expect("a name"), e["step"].as_u64()) {
            (name, None) => name.to_string(),
            (name, Some(step)) => format!("{name} {step}"),
        })
        .collect();
    let expected = "started, principles, log 0, stage, sft 0, checkpoint 0, stage, evaluation 0, step 0, pairs 0, step 1, \
                    pairs 1, evaluation 2, checkpoint 2, step 2, pairs 2, evaluation 3, checkpoint 3, done";
    assert_eq!(found.join(", "), expected);
    let done = PRINTED.last().expect("events");
    assert_eq!((&done["reason"], &done["steps"]), (&"finished".into(), &3.into()));
}

#[test]
fn a_step_event_carries_what_others_rely_on() {
    let steps = of(&PRINTED, "step");
    assert_eq!(steps.len(), 3);
    for (t, step) in steps.into_iter().enumerate() {
        assert_eq!(count(step, "step"), t as u64);
        let tau = 0.2 * 0.9f64.powi(t as i32);
        assert!((number(step, "tau") / tau - 1.0).abs() < 1e-12, "tau of step {t}");
        for key in ["reward_original", "reward_guided", "loss_rank", "loss_wsft", "loss"] {
            assert!(number(step, key).is_finite(), "{key}");
        }
        // Eq. 6.
        let sum = number(step, "loss_rank") + number(step, "loss_wsft");
        assert!((number(step, "loss") - sum).abs() < 1e-5, "loss of step {t}");
        assert_eq!(
            count(step, "ranked") + count(step, "weighted"),
            4,
            "replay latest, 4 queries a step"
        );
        let own: Vec<&Value> = pairs(&PRINTED)
            .into_iter()
            .filter(|p| count(p, "step") == t as u64)
            .collect();
        for (key, side) in [
            ("reward_original", "reward_original"),
            ("reward_guided", "reward_guided"),
        ] {
            let mean = own.iter().map(|p| number(p, side)).sum::<f64>() / own.len() as f64;
            assert!(
                (number(step, key) - mean).abs() < 1e-9,
                "{key} is the mean of the batch"
            );
        }
    }
}

#[test]
fn a_pair_takes_the_branch_of_its_margin_and_has_the_weights_of_eq_5() {
    let pairs = pairs(&PRINTED);
    assert_eq!(pairs.len(), 12);
    let mut seen = Vec::new();
    for (i, pair) in pairs.into_iter().enumerate() {
        assert_eq!(
            (count(pair, "step"), count(pair, "index")),
            (i as u64 / 4, i as u64 % 4)
        );
        let branch = if margin(pair) > number(pair, "tau") {
            "ranked"
        } else {
            "weighted"
        };
        assert_eq!(pair["branch"], branch);
        seen.push(branch);
        let (s, s_guided) = (
            number(pair, "reward_original").exp(),
            number(pair, "reward_guided").exp(),
        );
        let w = 2.0 * s / (s + s_guided) - 1.0;
        assert!((number(pair, "weight_original") - w).abs() < 1e-9);
        assert!((number(pair, "weight_guided") + w).abs() < 1e-9);
        assert!(!pair["query"].as_str().expect("a query").is_empty());
    }
    assert!(
        seen.contains(&"ranked") && seen.contains(&"weighted"),
        "both branches are looked at"
    );
}

#[test]
fn every_member_of_the_replay_is_split_by_the_tau_of_today() {
    for (replay, held) in [
        ("latest", [4, 4, 4, 4]),
        ("all", [4, 8, 12, 16]),
        ("{ window = 2 }", [4, 8, 8, 8]),
    ] {
        let lab = Lab::new();
        let replay = format!("method.replay={replay}");
        let mut train = lab.train(IMDB, &[&replay, "method.steps=4", "eval.every=0", "method.decay=0.5"]);
        let ended = Ended::of(train.arg("--json"));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let events = ended.events();
        let (steps, pairs) = (of(&events, "step"), pairs(&events));
        assert_eq!(steps.len(), 4);
        for (t, step) in steps.into_iter().enumerate() {
            let members = &pairs[4 * (t + 1) - held[t]..4 * (t + 1)];
            let ranked = members.iter().filter(|p| margin(p) > number(step, "tau")).count() as u64;
            let found = (count(step, "replay"), count(step, "ranked"), count(step, "weighted"));
            assert_eq!(
                found,
                (held[t] as u64, ranked, held[t] as u64 - ranked),
                "{replay}, step {t}"
            );
            assert_eq!(count(step, "updates"), held[t] as u64 / 4, "{replay}, step {t}");
        }
    }
}
