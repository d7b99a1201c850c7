//! SFT, DPO, PPO, RAFT and the variants of PLE as users run them: what they report, what they store, and how they go on after an interruption.

mod common;

use common::process::Ended;
use common::record::Record;
use common::{IMDB, Lab};
use serde_json::Value;

/// The metrics that each method reports, beside those that all have.
const OWN: [(&str, &[&str]); 4] = [
    ("sft", &["entropy", "mean_token_accuracy", "num_tokens"]),
    (
        "dpo",
        &[
            "rewards/chosen",
            "rewards/rejected",
            "rewards/accuracies",
            "rewards/margins",
            "logps/chosen",
            "logps/rejected",
        ],
    ),
    (
        "ppo",
        &[
            "objective/kl",
            "objective/entropy",
            "objective/non_score_reward",
            "objective/rlhf_reward",
            "objective/scores",
            "policy/approxkl_avg",
            "policy/clipfrac_avg",
            "loss/policy_avg",
            "loss/value_avg",
            "val/clipfrac_avg",
            "policy/entropy_avg",
            "val/ratio",
            "val/ratio_var",
            "val/num_eos_tokens",
            "episode",
        ],
    ),
    ("raft", &["raft/kept", "raft/reward_kept", "raft/gain"]),
];

const ALL: [&str; 9] = [
    "lr",
    "diagnostics/kl",
    "diagnostics/kl_token",
    "diagnostics/entropy",
    "diagnostics/surprise",
    "diagnostics/length",
    "diagnostics/ended",
    "diagnostics/repetition",
    "diagnostics/distinct_2",
];

/// A tiny run by a method; what it printed.
fn run(lab: &Lab, method: &str, name: &str, sets: &[&str]) -> Vec<Value> {
    let named = format!("method.name={method}");
    let mut all = vec![named.as_str()];
    all.extend(sets);
    let ended = Ended::of(lab.train(IMDB, &all).args(["--json", "--name", name]));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{method}");
    ended.events()
}

fn of<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|e| e["event"] == kind).collect()
}

fn metric(step: &Value, name: &str) -> f64 {
    step["metrics"][name]
        .as_f64()
        .unwrap_or_else(|| panic!("{name} of {step}"))
}

fn pairs(events: &[Value]) -> Vec<&Value> {
    let all = of(events, "pairs").into_iter();
    all.flat_map(|e| e["pairs"].as_array().expect("pairs")).collect()
}

#[test]
fn every_method_reports_its_numbers_by_name_and_none_of_ples() {
    for (method, own) in OWN {
        let lab = Lab::new();
        let events = run(&lab, method, "it", &["method.steps=2"]);
        let steps = of(&events, "step");
        assert_eq!(steps.len(), 2, "{method}");
        for step in steps {
            for name in own.iter().chain(&ALL) {
                assert!(metric(step, name).is_finite(), "{method}: {name}");
            }
            for key in ["tau", "decay", "loss_rank", "loss_wsft"] {
                assert_eq!(step[key], Value::Null, "{method}: only PLE has {key}");
            }
            assert!(
                step["reward_original"].is_number() && step["loss"].is_number(),
                "{method}: {step}"
            );
        }
        assert_eq!(of(&events, "evaluation").len(), 2, "{method} is evaluated as PLE is");
        assert_eq!(of(&events, "alarm"), Vec::<&Value>::new());
        assert_eq!(lab.list()[0]["method"], method);
    }
}

#[test]
fn ple_is_looked_at_as_the_others_are() {
    let lab = Lab::new();
    let ended = Ended::of(lab.train(IMDB, &["method.diagnostics=2"]).arg("--json"));
    let events = ended.events();
    let with: Vec<bool> = of(&events, "step")
        .iter()
        .map(|s| s["metrics"]["diagnostics/kl"].is_number())
        .collect();
    assert_eq!(with, [true, false, true]);
}

#[test]
fn a_run_goes_on_bit_for_bit() {
    let adaptive = "method.ppo.adaptive_kl={ target = 0.5, horizon = 20 }";
    let cases: [(&str, &[&str]); 5] = [
        ("sft", &[]),
        ("dpo", &["method.dpo.beta=0.5"]),
        ("ppo", &[adaptive, "method.ppo.missing_eos_penalty=1"]),
        ("ppo", &["policy.lora=none", "sft.steps=0", "method.learning_rate=1e-4"]),
        ("raft", &["method.raft.keep=top", "method.raft.epochs=2", "sft.steps=0"]),
    ];
    for (method, more) in cases {
        let lab = Lab::new();
        let sets: Vec<&str> = ["method.steps=4", "eval.every=0"].iter().chain(more).copied().collect();
        let events = run(&lab, method, "it", &sets);
        let whole = Record::of(&lab.run("it"));
        assert_eq!((whole.steps.len(), of(&events, "step").len()), (4, 4));
        // As if the machine had stopped after the checkpoint in the middle.
        std::fs::remove_file(lab.run("it").join("checkpoints/step-000004.safetensors")).expect("is there");
        let resumed = Ended::of(&mut lab.ple(["resume", "it", "--json"]));
        assert_eq!(resumed.code, Some(0), "{resumed:?}");
        assert_eq!(of(&resumed.events(), "step").len(), 2, "{method}");
        Record::of(&lab.run("it")).assert_same(&whole);
    }
}

#[test]
fn the_reference_is_the_policy_that_the_method_began_with() {
    for policy in ["policy.lora={ rank = 4, alpha = 8 }", "policy.lora=none"] {
        let lab = Lab::new();
        let sets = [
            policy,
            "sft.steps=2",
            "method.ppo.epochs=3",
            "method.learning_rate=3e-3",
        ];
        let steps = run(&lab, "ppo", "it", &sets);
        let kl: Vec<f64> = of(&steps, "step").iter().map(|s| metric(s, "objective/kl")).collect();
        assert!(kl[0].abs() < 1e-3 && kl[2].abs() > 1e-2, "{policy}: {kl:?}");
        for step in of(&steps, "step") {
            let both = metric(step, "objective/scores") - 0.05 * metric(step, "objective/kl");
            assert!((metric(step, "objective/rlhf_reward") - both).abs() < 1e-9);
            assert!(metric(step, "val/ratio") > 0.5 && metric(step, "val/ratio") < 2.0);
        }
    }
}

#[test]
fn raft_keeps_the_best_of_each_query_and_ppo_shows_score_and_divergence() {
    let lab = Lab::new();
    let events = run(&lab, "raft", "raft", &["method.raft.samples=3", "method.steps=1"]);
    let pairs_of = pairs(&events);
    assert_eq!(pairs_of.len(), 12);
    for group in pairs_of.chunks(3) {
        let kept: Vec<&&Value> = group.iter().filter(|p| p["branch"] == "kept").collect();
        let best = group
            .iter()
            .filter_map(|p| p["reward_original"].as_f64())
            .fold(f64::MIN, f64::max);
        assert!(kept.len() == 1 && kept[0]["reward_original"] == best, "{group:?}");
        assert!(
            group
                .iter()
                .all(|p| p["query"] == group[0]["query"] && p["guided"] == "")
        );
    }
    let events = run(
        &lab,
        "ppo",
        "ppo",
        &["method.ppo.missing_eos_penalty=7", "generation.max_new_tokens=2"],
    );
    for pair in pairs(&events) {
        assert_eq!(pair["branch"], "learnt");
        let number = |x: &Value| x.as_f64().expect("a number");
        let (score, reward) = (number(&pair["metrics"]["score"]), number(&pair["reward_original"]));
        // Two tokens end no review.
        assert!((score - (reward - 7.0)).abs() < 1e-9, "{pair}");
        assert!(pair["metrics"]["kl"].is_number());
    }
}

#[test]
fn dpo_learns_from_the_pairs_of_a_file() {
    let lab = Lab::new();
    let rows: Vec<String> = (0..40)
        .map(|i| {
            format!(
                "{{\"prompt\":\"human: question number {i}?\",\"chosen\":\"yes, gladly {i}.\",\"rejected\":\"no, never {i}.\"}}"
            )
        })
        .collect();
    let file = lab.write("pairs.jsonl", rows.join("\n"));
    let pairs_from = format!("method.dpo.pairs={file}");
    let mut train = lab.train(
        "experiments/hh.toml",
        &["method.name=dpo", &pairs_from, "method.steps=2"],
    );
    let ended = Ended::of(train.args(["--json", "--name", "it"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let events = ended.events();
    let data = events[0]["data"].as_str().expect("data");
    assert!(data.contains("pairs: ") && data.contains("pairs to train on"), "{data}");
    for pair in pairs(&events) {
        let (chosen, rejected) = (
            pair["guided"].as_str().expect("text"),
            pair["original"].as_str().expect("text"),
        );
        assert!(
            chosen.starts_with("yes, gladly") && rejected.starts_with("no, never"),
            "{pair}"
        );
        assert_eq!(pair["reward_guided"].as_f64().map(|r| r.abs() < 1.0), Some(true));
    }
    // Every pair is right or wrong, and their share is what is reported.
    let first = of(&events, "step")[0];
    let right = pairs(&events)[..4]
        .iter()
        .filter(|p| p["reward_guided"].as_f64() > p["reward_original"].as_f64())
        .count();
    assert!((metric(first, "rewards/accuracies") - right as f64 / 4.0).abs() < 1e-9);

    let missing = lab
        .train(
            "experiments/hh.toml",
            &["method.name=dpo", "method.dpo.pairs=nothing.jsonl"],
        )
        .output();
    let missing = missing.expect("it runs");
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("nothing.jsonl"));
}

#[test]
fn tau_cannot_be_set_where_there_is_none_and_the_run_goes_on() {
    use ple::train::{Command, Event, Request, start};
    let sets = common::TINY.iter().copied().chain(["method.name=raft"]);
    let request = Request::at(
        std::path::Path::new(IMDB),
        sets.map(String::from).collect(),
        ple::device::DeviceChoice::Cpu,
    );
    let setup = request
        .expect("the file is there")
        .prepare()
        .expect("the experiment is good");
    let runs = tempfile::tempdir().expect("a folder");
    let running = start(setup, runs.path(), None, true).expect("starts");
    running.commands.send(Command::SetTau(0.5)).expect("listens");
    running.commands.send(Command::SetLearningRate(5e-4)).expect("listens");
    let (mut alarms, mut rates) = (vec![], vec![]);
    for event in running.events.iter() {
        match event {
            Event::Alarm(a) => alarms.push(a.message),
            Event::Step(s) => rates.push(s.learning_rate),
            Event::Done(_) => break,
            _ => {}
        }
    }
    running.join().expect("the run ends well");
    assert_eq!(alarms, ["only PLE has tau and its decay; this run is RAFT"]);
    assert_eq!(rates, [5e-4; 3]);
}

#[test]
fn the_bundled_experiments_load_and_have_one_budget() {
    use ple::train::{Prepared, Request};
    for task in ["imdb", "hh", "tldr"] {
        for method in ["sft", "dpo", "ppo", "raft"] {
            let path = format!("experiments/methods/{task}-{method}.toml");
            let request =
                Request::at(path.as_ref(), vec![], ple::device::DeviceChoice::Cpu).expect("the file is there");
            let Prepared::Align(setup) = request.prepare().expect("the experiment is good") else {
                panic!("{path} aligns a policy")
            };
            let m = &setup.experiment.method;
            let responses = match method {
                "dpo" => 2,
                "raft" => m.raft().samples,
                _ => 1,
            };
            // PLE: 24 queries, two responses each.
            assert_eq!((m.steps, m.queries_per_step * responses), (60, 48), "{path}");
        }
    }
}

/// A new pair has the ratio 1, one that is learnt from again has not; the anchors say what they cost.
#[test]
fn variants_of_ple_report_what_they_did() {
    let lab = Lab::new();
    let variant = |name: &str, replay: &str, key: &str| {
        let sets = [
            "method.steps=3",
            "eval.every=0",
            replay,
            key,
            "method.stabilise.kl=0.1",
            "method.stabilise.sft=0.3",
        ];
        run(&lab, "ple", name, &sets)
    };
    let latest = variant("latest", "method.replay=latest", "method.stabilise.clip=0.1");
    for step in of(&latest, "step") {
        let (ratio, limited) = (metric(step, "stabilise/ratio"), metric(step, "stabilise/limited"));
        assert!((ratio - 1.0).abs() < 1e-4 && limited == 0.0, "{step}");
        assert!(metric(step, "stabilise/sft") > 0.0);
    }
    // Before the first update policy and reference are the same.
    let first = &of(&latest, "step")[0];
    assert!(metric(first, "stabilise/kl").abs() < 1e-3, "{first}");
    let replayed = variant("replayed", "method.replay=all", "method.stabilise.importance=1.5");
    let moved = |step: &&&Value| (metric(step, "stabilise/ratio") - 1.0).abs() > 1e-3;
    assert_eq!(
        of(&replayed, "step").iter().filter(moved).count(),
        2,
        "all but the first"
    );
    for pair in pairs(&replayed) {
        let of = |name: &str| pair["metrics"][name].as_f64().expect("it is kept");
        assert!(of("logps/original") < 0.0 && of("ref_logps/guided") < 0.0);
    }
}

/// tau of every step is the one before, lowered as far as the boundary that was measured allows.
#[test]
fn a_pure_schedule_follows_what_was_measured() {
    let lab = Lab::new();
    let sets = [
        "method.steps=5",
        "method.queries_per_step=6",
        "eval.every=0",
        "method.schedule=pure",
        "method.purity=0.6",
        "method.tau0=1.5",
        "method.decay=0.5",
    ];
    let events = run(&lab, "ple", "it", &sets);
    let steps = of(&events, "step");
    let tau = |step: &Value| step["tau"].as_f64().expect("tau");
    assert_eq!(tau(steps[0]), 1.5);
    for two in steps.windows(2) {
        let before = tau(two[0]);
        let allowed = match two[0]["metrics"]["theory/pure_margin"].as_f64() {
            Some(e) => before.min(e),
            None => before,
        };
        assert!((tau(two[1]) - allowed.max(before * 0.5)).abs() < 1e-12, "{two:?}");
        let share = metric(two[0], "theory/consistent_whole");
        assert!((0.0..=1.0).contains(&share));
    }
}
