use super::*;
use crate::grammar::Task;

const SUITE: &str = r#"title = "Two methods"
tasks = ["imdb"]
seeds = [1, 2]
responses = 96
set = ["eval.every=0"]
[[contender]]
name = "PPO"
experiment = "experiments/methods/{task}-ppo.toml"
set = ["method.name=ppo"]
[[contender]]
name = "PLE, latest"
experiment = "experiments/{task}.toml"
set = ["method.replay=latest"]
[[table]]
title = "both"
contenders = ["PPO", "PLE, latest"]
"#;

fn suite_source(text: &str) -> Source {
    Source {
        path: None,
        name: "my/suite.toml".into(),
        text: text.into(),
    }
}

pub fn suite() -> Suite {
    load_suite(&suite_source(SUITE)).unwrap()
}

/// The message for the good suite with one piece replaced.
fn refused(from: &str, to: &str) -> String {
    assert!(SUITE.contains(from), "{from}");
    load_suite(&suite_source(&SUITE.replacen(from, to, 1)))
        .unwrap_err()
        .to_string()
}

#[test]
fn steps_follow_from_the_responses() {
    let suite = suite();
    // GOOD has 24 queries a step: PLE samples two responses to each, PPO one.
    let ppo = suite.experiment(0, Task::Imdb, &source(GOOD));
    // PLE's own keys stand in GOOD; `method.name` takes them away.
    let ppo = ppo.unwrap();
    assert_eq!((ppo.experiment.method.steps, ppo.responses_per_step.sampled), (4, 24));
    let ple = suite.experiment(1, Task::Imdb, &source(GOOD)).unwrap();
    assert_eq!((ple.experiment.method.steps, ple.responses_per_step.sampled), (2, 48));
    assert_eq!(
        (ple.experiment.method.replay, ple.experiment.eval.every),
        (Replay::Latest, 0)
    );
    assert_eq!(
        ple.sets,
        ["eval.every=0", "method.replay=latest", "method.steps=2"].map(String::from)
    );
    let own = load_suite(&suite_source(&SUITE.replacen("responses = 96\n", "", 1))).unwrap();
    assert_eq!(
        own.experiment(1, Task::Imdb, &source(GOOD))
            .unwrap()
            .experiment
            .method
            .steps,
        40
    );
}

#[test]
fn every_method_says_what_a_step_of_it_learns_from() {
    let of = |sets: &[&str]| load(GOOD, sets).unwrap().method.responses_per_step().to_string();
    assert_eq!(of(&[]), "48 sampled");
    assert_eq!(of(&["method.name=ppo"]), "24 sampled");
    assert_eq!(of(&["method.name=raft", "method.raft.samples=3"]), "72 sampled");
    assert_eq!(of(&["method.name=sft"]), "24 given");
    assert_eq!(of(&["method.name=dpo"]), "48 given");
}

#[test]
fn what_is_wrong_with_a_suite_is_told_with_its_line() {
    assert_eq!(
        refused("seeds = [1, 2]", "seeds = [1, 2, 1]"),
        "my/suite.toml:3: seeds = [1, 2, 1]: has 1 twice"
    );
    assert_eq!(
        refused("seeds = [1, 2]", "seeds = [-1]"),
        "my/suite.toml:3: seeds = [-1]: -1 in it will not do, wants an array of whole numbers of 0 or more (for example [1, 2, 3])"
    );
    assert_eq!(
        refused("[\"imdb\"]", "[\"imbd\"]"),
        "my/suite.toml:2: tasks = [\"imbd\"]: \"imbd\" in it will not do, wants an array of \"hh\", \"imdb\" or \"tldr\" (for \
         example [\"hh\", \"imdb\"])"
    );
    assert_eq!(
        refused("responses", "response"),
        "my/suite.toml:4: response: unknown key; did you mean 'responses'? Keys at the top are: title, about, tasks, seeds, \
         responses, queries, base, set, published, [[contender]], [[table]], [[judge]]"
    );
    assert_eq!(
        refused("\"PLE, latest\"\nexp", "\"ppo\"\nexp"),
        "my/suite.toml:11: contender.name = \"ppo\": its runs would be named as those of \"PPO\" are (ppo); give each contender \
         its own name"
    );
    assert_eq!(
        refused("[\"PPO\", \"PLE, latest\"]", "[\"PPO\", \"PLE\"]"),
        "my/suite.toml:16: table.contenders = [\"PPO\", \"PLE\"]: there is no contender \"PLE\"; there are PPO, PLE, latest"
    );
    let several = SUITE
        .replacen("[\"imdb\"]", "[\"imdb\", \"hh\"]", 1)
        .replacen("{task}-ppo", "imdb-ppo", 1);
    assert_eq!(
        load_suite(&suite_source(&several)).unwrap_err().to_string(),
        "my/suite.toml:8: contender.experiment = \"experiments/methods/imdb-ppo.toml\": there are several tasks; put {task} where \
         the path has the task's name"
    );
    assert_eq!(
        refused("eval.every=0", "seed=4"),
        "my/suite.toml:5: set: seed=4: the suite's seeds are `seeds`; leave it out"
    );
    assert_eq!(
        refused("method.replay=latest", "method.steps = 4"),
        "my/suite.toml:13: contender.set: method.steps = 4: the steps follow from `responses`; leave it out"
    );
}

#[test]
fn judges_name_whom_they_judge() {
    const JUDGE: &str = "[[judge]]\nby = \"reward\"\ncontender = \"PPO\"\n";
    let with = |judge: &str| load_suite(&suite_source(&format!("{SUITE}{judge}")));
    let suite = with(JUDGE).unwrap();
    let judge = &suite.settings.judges[0];
    assert_eq!(
        (judge.by, suite.against(judge)),
        (SuiteJudgeBy::Reward, vec![BASE, "PLE, latest"])
    );
    let some = with(&format!("{JUDGE}against = [\"BASE\"]")).unwrap();
    assert_eq!(some.against(&some.settings.judges[0]), [BASE]);
    for (judge, wanted) in [
        (
            JUDGE.replace("PPO", "PPU"),
            "my/suite.toml:19: judge.contender = \"PPU\": there is no contender \"PPU\"",
        ),
        (
            format!("{JUDGE}against = [\"PPO\"]"),
            "my/suite.toml:20: judge.against = [\"PPO\"]: \"PPO\" cannot win over itself",
        ),
        (format!("{JUDGE}against = [\"BASE\", \"BASE\"]"), "is named twice"),
        (
            format!("{JUDGE}against = [\"RAFT\"]"),
            "there are BASE, PPO, PLE, latest",
        ),
        (format!("{JUDGE}against = []"), "my/suite.toml:20: judge.against = []"),
        (
            format!("{JUDGE}queries = 257"),
            "my/suite.toml:20: judge.queries = 257: the runs are evaluated on 256 queries",
        ),
        (
            JUDGE.replace("reward", "http"),
            "my/suite.toml:18: judge.by = \"http\": a judge model needs a file",
        ),
        (
            format!("{JUDGE}file = \"judge.toml\""),
            "my/suite.toml:20: judge.file = \"judge.toml\": is for a judge model",
        ),
        (
            JUDGE.replace("reward", "people"),
            "my/suite.toml:18: judge.by = \"people\"",
        ),
    ] {
        let said = with(&judge).unwrap_err().to_string();
        assert!(said.contains(wanted), "{judge}: {said}");
    }
}

#[test]
fn what_is_wrong_with_a_contender_is_told_from_the_suite() {
    let wrong = |from: &str, to: &str, task| {
        let suite = load_suite(&suite_source(&SUITE.replacen(from, to, 1))).unwrap();
        suite.experiment(1, task, &source(GOOD)).unwrap_err().to_string()
    };
    assert_eq!(
        wrong("method.replay=latest", "method.replays=latest", Task::Imdb)
            .split(" Keys of")
            .next()
            .unwrap(),
        "my/suite.toml:13: contender.set: method.replays=latest: unknown key; did you mean 'replay'?"
    );
    assert_eq!(
        wrong("eval.every=0", "eval.every=often", Task::Imdb),
        "my/suite.toml:5: set: eval.every=often: found a string, wants a whole number (for example 10)"
    );
    assert_eq!(
        wrong("responses = 96", "responses = 100", Task::Imdb),
        "my/suite.toml:4: responses = 100: a step of \"PLE, latest\" on imdb takes 48 (48 sampled), of which this is no multiple; 96 \
         or 144 would be, or set method.queries_per_step"
    );
    assert_eq!(
        wrong("tasks = [\"imdb\"]", "tasks = [\"hh\"]", Task::Hh),
        "my/suite.toml:12: contender.experiment = \"experiments/{task}.toml\": experiments/imdb.toml has the task \"imdb\", and \
         this is to be one for \"hh\"; put {task} into the path, or take \"hh\" out of tasks"
    );
}

#[test]
fn names_become_parts_of_paths() {
    for (name, wanted) in [
        ("PLE", "ple"),
        ("RAFT-4", "raft-4"),
        ("PLE without L_rank & p.", "ple-without-l-rank-p"),
        ("  ", ""),
    ] {
        assert_eq!(slug(name), wanted);
    }
}

#[test]
fn a_preset_says_what_it_set_and_what_it_did_not() {
    let text = GOOD.replacen("name = \"ple\"", "name = \"ple\"\npreset = \"paper\"", 1);
    let (name, keys) = preset_of(&source(&text), &["method.tau0=0.3".to_string()]).unwrap();
    let own: Vec<&str> = keys.iter().filter(|k| k.overridden).map(|k| k.key).collect();
    assert_eq!((&name[..], own), ("paper", vec!["method.tau0", "method.replay"]));
    assert!(
        keys.iter()
            .any(|k| (k.key, k.value) == ("method.decay", "0.9") && !k.overridden)
    );
    assert_eq!(preset_of(&source(GOOD), &[]), None);
}
