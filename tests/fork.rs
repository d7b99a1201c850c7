//! A branch of a run: the same where nothing was changed, another where something was, and good without its parent.

mod common;

use common::process::Ended;
use common::record::{Record, events, open};
use common::{IMDB, Lab, set};
use ple::train::{Event, Origin};

/// Six steps with checkpoints after 2 and 4, on all of D_train.
const SIX: [&str; 4] = [
    "method.steps=6",
    "method.replay=all",
    "checkpoint.every=2",
    "eval.every=0",
];

fn parent(lab: &Lab, sets: &[&str]) -> Record {
    let ended = Ended::of(
        lab.train(IMDB, &[&SIX, sets].concat())
            .args(["--quiet", "--name", "parent"]),
    );
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    Record::of(&lab.run("parent"))
}

fn fork(lab: &Lab, of: &str, step: &str, name: &str, sets: &[&str]) -> Ended {
    let mut command = lab.ple(["fork", of, "--step", step, "--name", name, "--json"]);
    set(&mut command, sets);
    Ended::of(&mut command)
}

fn good(ended: Ended) -> Ended {
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    ended
}

fn origin(lab: &Lab, name: &str) -> Origin {
    let started = open(&lab.run(name)).started().expect("a run");
    started.origin.expect("a fork")
}

fn marks(lab: &Lab, name: &str) -> Vec<(u32, String)> {
    let found = events(&lab.run(name)).into_iter().filter_map(|e| match e {
        Event::Mark(mark) => Some((mark.step, mark.label)),
        _ => None,
    });
    found.collect()
}

fn versions(lab: &Lab, name: &str) -> Vec<(u32, u32)> {
    let found = open(&lab.run(name)).principles().expect("principles");
    found.iter().map(|v| (v.version, v.from_step)).collect()
}

#[test]
fn nothing_changed_is_the_same_run_again_and_needs_no_parent() {
    let lab = Lab::new();
    let whole = parent(&lab, &["eval.every=3"]);
    let ended = good(fork(&lab, "parent", "4", "late", &[]));
    assert_eq!(ended.events()[0]["resumed_from"], 4);
    Record::of(&lab.run("late")).assert_same(&whole);
    assert_eq!(marks(&lab, "late"), [(4, "fork of parent".to_string())]);

    // The name is made from the parent and the step, and a second fork does not get in its way.
    for expected in ["parent@2", "parent@2-2"] {
        good(Ended::of(
            lab.ple(["fork", "parent", "--step", "2", "--no-train", "--quiet"])
                .arg("--redo"),
        ));
        assert_eq!(lab.state(expected), "interrupted");
    }
    std::fs::remove_dir_all(lab.run("parent")).expect("removed");
    good(Ended::of(&mut lab.ple(["resume", "parent@2", "--json"])));
    Record::of(&lab.run("parent@2")).assert_same(&whole);
    assert_eq!(
        open(&lab.run("parent@2")).checkpoint_steps().expect("steps"),
        [0, 2, 4, 6]
    );
    let origin = origin(&lab, "parent@2");
    assert_eq!(
        (origin.run.as_str(), origin.step, origin.changes.len()),
        ("parent", 2, 0)
    );
    // A fork of a fork, from its last checkpoint, with more steps.
    good(fork(&lab, "late", "last", "later", &["steps=7"]));
    let later = Record::of(&lab.run("later"));
    assert_eq!(later.steps.len(), 7);
    assert_eq!(later.steps[..6], whole.steps[..]);
    assert_eq!(marks(&lab, "later").len(), 2);
}

#[test]
fn what_is_changed_acts_from_the_step_on_and_the_parent_stays_as_it_was() {
    let lab = Lab::new();
    let whole = parent(&lab, &[]);
    let mine = lab.write(
        "mine.toml",
        "[[principle]]\nname = \"short\"\ntext = \"Be short.\"\non = true\n",
    );
    let sets = [
        "tau=0.5",
        "decay=0.5",
        "learning_rate=1e-5",
        &format!("principles={mine}"),
        "steps=4",
    ];
    good(fork(&lab, "parent", "2", "other", &sets));
    Record::of(&lab.run("parent")).assert_same(&whole);
    let steps = open(&lab.run("other")).steps().expect("steps");
    let found: Vec<_> = steps
        .iter()
        .map(|s| (s.tau, s.decay, s.learning_rate, s.principles))
        .collect();
    let before = open(&lab.run("parent")).steps().expect("steps");
    assert_eq!(
        found[..2],
        before
            .iter()
            .map(|s| (s.tau, s.decay, s.learning_rate, s.principles))
            .collect::<Vec<_>>()[..2]
    );
    assert_eq!(found[2..], [(0.5, 0.5, 1e-5, 2), (0.25, 0.5, 1e-5, 2)]);
    assert_eq!(versions(&lab, "other"), [(1, 0), (2, 2)]);
    let origin = origin(&lab, "other");
    let keys: Vec<&str> = origin.changes.iter().map(|c| c.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "principles.file",
            "method.steps",
            "method.tau0",
            "method.decay",
            "method.learning_rate"
        ]
    );
    assert_eq!(
        (origin.changes[2].from.as_str(), origin.changes[2].to.as_str()),
        ("0.162", "0.5")
    );
    // It resumes with what it was given.
    good(Ended::of(
        &mut lab.ple(["resume", "other", "--json", "--set", "steps=5"]),
    ));
    let last = open(&lab.run("other")).steps().expect("steps").pop().expect("a step");
    assert_eq!((last.step, last.tau, last.principles), (4, 0.125, 2));
    assert_eq!(marks(&lab, "other").last(), Some(&(4, "steps 4 -> 5".to_string())));
}

#[test]
fn another_method_goes_on_from_the_same_policy() {
    let lab = Lab::new();
    let whole = parent(&lab, &["method.steps=2"]);
    good(fork(&lab, "parent", "2", "raft", &["method=raft", "steps=3"]));
    let steps = open(&lab.run("raft")).steps().expect("steps");
    assert!(steps[2].tau.is_nan() && steps[1].tau.is_finite());
    assert_eq!(Record::of(&lab.run("raft")).steps[..2], whole.steps[..]);
    good(fork(
        &lab,
        "raft",
        "3",
        "ppo",
        &["method=ppo", "steps=5", "checkpoint.every=1"],
    ));
    let coefficient = |name: &str, step: usize| {
        let steps = open(&lab.run(name)).steps().expect("steps");
        steps[step].metrics["objective/kl_coef"]
    };
    assert_eq!(coefficient("ppo", 4), 0.05);
    good(fork(&lab, "ppo", "4", "firm", &["method.ppo.kl_coef=0.7"]));
    assert_eq!(coefficient("firm", 4), 0.7);
    // Back to PLE: D_train is what PLE sampled, and tau begins anew.
    good(fork(
        &lab,
        "raft",
        "3",
        "back",
        &["method=ple", "steps=4", "method.replay=all"],
    ));
    let steps = open(&lab.run("back")).steps().expect("steps");
    assert_eq!((steps[3].tau, steps[3].replay), (0.2, 3 * 4));
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_there() {
    let lab = Lab::new();
    parent(&lab, &["method.steps=2"]);
    let refused = |step: &str, sets: &[&str], wanted: &[&str]| {
        let ended = fork(&lab, "parent", step, "no", sets);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        for words in wanted {
            assert!(ended.err.contains(words), "{words:?} in {}", ended.err);
        }
        assert!(!lab.run("no").exists());
    };
    refused("1", &["steps=9"], &["--step 1", "checkpoints after 0 and 2 steps"]);
    refused("x", &[], &["whole number", "last"]);
    refused(
        "last",
        &[],
        &["method.steps = 2", "nothing left to train", "--set steps=12"],
    );
    refused(
        "2",
        &["steps=4", "seed=9", "policy.lora.rank=2"],
        &["seed = 9", "policy.lora.rank = 2", "fork cannot change"],
    );
    refused(
        "2",
        &["steps=4", "data.held_out=0.5"],
        &["data.held_out", "follow from the parent's data"],
    );
    refused("2", &["steps=4", "decay=2"], &["method.decay=2", "at most 1"]);
    refused("2", &["steps=4", "principles=nowhere.toml"], &["nowhere.toml"]);
    refused(
        "2",
        &["steps=4", "method=classifier"],
        &["method.name=classifier: trains a model on rows"],
    );
    let name = Ended::of(&mut lab.ple(["fork", "parent", "--step", "0", "--name", "parent"]));
    assert_eq!(name.code, Some(2));
    assert!(name.err.contains("already exists"), "{name:?}");
    // What a resume may change is less, and it says what to do instead.
    let resumed = Ended::of(&mut lab.ple(["resume", "parent", "--set", "method=raft"]));
    assert_eq!(resumed.code, Some(2));
    assert!(resumed.err.contains("ple fork parent --step last"), "{resumed:?}");
    assert_eq!(lab.state("parent"), "finished");
}

#[test]
fn a_run_goes_on_with_other_numbers_which_are_marked() {
    let lab = Lab::new();
    parent(&lab, &["method.steps=2"]);
    let sets = ["steps=4", "tau=0.05", "rate=2e-4"];
    let mut command = lab.ple(["resume", "parent", "--json"]);
    set(&mut command, &sets);
    good(Ended::of(&mut command));
    let steps = open(&lab.run("parent")).steps().expect("steps");
    assert_eq!((steps.len(), steps[2].tau, steps[2].learning_rate), (4, 0.05, 2e-4));
    let labels: Vec<String> = marks(&lab, "parent")
        .into_iter()
        .map(|(step, label)| format!("{step} {label}"))
        .collect();
    assert_eq!(labels[0], "2 steps 2 -> 4");
    assert!(
        labels[1].starts_with("2 tau 0.162 -> 0.05") && labels[2].starts_with("2 rate "),
        "{labels:?}"
    );
    let stored = open(&lab.run("parent")).started().expect("started").experiment;
    let stored = stored.align().expect("a policy").method.clone();
    assert_eq!(
        (stored.steps, stored.tau0),
        (4, 0.2),
        "what the first step began with stays"
    );
    // A fork from before leaves out what came later by hand, unless it is to be done again.
    good(fork(&lab, "parent", "0", "without", &[]));
    let tau = |name: &str| open(&lab.run(name)).steps().expect("steps")[2].tau;
    assert!((tau("without") - 0.162).abs() < 1e-9);
    good(Ended::of(&mut lab.ple([
        "fork", "parent", "--step", "0", "--name", "with", "--redo", "--json",
    ])));
    Record::of(&lab.run("with")).assert_same(&Record::of(&lab.run("parent")));
}

#[test]
fn a_models_own_training_can_be_forked_too() {
    let lab = Lab::new();
    let file = common::repository().join("experiments/reward-imdb.toml");
    if !file.exists() {
        println!("skipped: no {}", file.display());
        return;
    }
    let sets = [
        "method.steps=4",
        "checkpoint.every=2",
        "eval.every=2",
        "eval.rows=8",
        "method.batch=4",
    ];
    let mut command = lab.ple(["train", "experiments/reward-imdb.toml", "--quiet", "--name", "model"]);
    set(&mut command, &sets);
    good(Ended::of(&mut command));
    good(fork(&lab, "model", "2", "same", &[]));
    let losses = |name: &str| -> Vec<String> {
        let found = events(&lab.run(name)).into_iter().filter_map(|e| match e {
            Event::Fit(r) => Some(format!("{} {:?} {:?}", r.step, r.loss, r.grad_norm)),
            _ => None,
        });
        found.collect()
    };
    assert_eq!(losses("model").len(), 4);
    assert_eq!(losses("same"), losses("model"));
    let refused = fork(&lab, "model", "2", "no", &["seed=3"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
}
