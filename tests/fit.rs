//! Models of one's own: a reward model trained by the real binary, stopped and resumed, and used by a run.

mod common;

use std::fmt::Write as _;
use std::process::Command;

use common::process::Ended;
use common::record::{events, open};
use common::refusal::refused;
use common::{IMDB, Lab, set};
use ple::run::Reader;
use ple::train::{Event, FitEvaluation, FitRecord, FitSplit};

const REWARD: &str = "experiments/reward-imdb.toml";

/// A model of a few thousand parameters, and updates of a few milliseconds.
const SMALL: [&str; 13] = [
    "model.shape.vocabulary=400",
    "model.shape.hidden=16",
    "model.shape.intermediate=16",
    "data.max_tokens=96",
    "data.max_query_tokens=32",
    "data.held_out=0.2",
    "method.steps=24",
    "method.batch=8",
    "method.warm_up=2",
    "method.average=0.5",
    "eval.every=6",
    "eval.rows=40",
    "checkpoint.every=6",
];

/// Reviews whose sentiment one word tells.
fn reviews(lab: &Lab, n: usize) -> String {
    let mut lines = String::new();
    for i in 0..n {
        let (word, label) = if i % 2 == 0 { ("splendid", 1) } else { ("dreadful", 0) };
        let text = format!("review {i} of the {word} film. ").repeat(8);
        let _ = writeln!(lines, r#"{{"text": "{text}", "label": {label}}}"#);
    }
    lab.write("reviews.jsonl", lines)
}

fn train(lab: &Lab, name: &str, experiment: &str, rows: &str, sets: &[&str]) -> Command {
    let mut command = lab.ple(["train", experiment, "--json", "--name", name]);
    set(&mut command, &SMALL);
    set(&mut command, &[&format!("data.rows={rows}")]);
    set(&mut command, sets);
    command
}

/// Updates without the time they took, and evaluations.
fn numbers(lab: &Lab, name: &str) -> (Vec<FitRecord>, Vec<FitEvaluation>) {
    let (mut updates, mut evaluations) = (vec![], vec![]);
    for event in events(&lab.run(name)) {
        match event {
            Event::Fit(r) => updates.push(FitRecord { seconds: 0.0, ..r }),
            Event::FitEvaluation(e) => evaluations.push(e),
            _ => {}
        }
    }
    (updates, evaluations)
}

#[test]
fn a_classifier_learns_is_saved_and_scores_a_run() {
    let lab = Lab::new();
    let rows = reviews(&lab, 120);
    let sets = ["method.steps=150", "method.learning_rate=1e-2", "data.windows=0.2"];
    let ended = Ended::of(&mut train(&lab, "rm", REWARD, &rows, &sets));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (updates, evaluations) = numbers(&lab, "rm");
    assert_eq!(updates.len(), 150);
    let last = evaluations.last().expect("held-out rows");
    assert_eq!((last.split, last.step, last.best), (FitSplit::HeldOut, 150, true));
    let quality = last.quality.as_ref().expect("a reward model has a quality");
    assert!(quality.accuracy > 0.9, "{quality:?}");
    assert!(quality.low < quality.accuracy && quality.accuracy <= quality.high);
    // No row is in two parts, and none is lost.
    let data = open(&lab.run("rm")).started().expect("started").data;
    assert!(data.starts_with("120 rows read, 120 used"), "{data}");
    // As the reward of a run, and listed with its accuracy.
    let model = lab.run("rm").join("model");
    let mut run = lab.train(IMDB, &[&format!("reward.model={}", model.display())]);
    let ended = Ended::of(run.args(["--quiet", "--name", "aligned"]));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let listed = lab.list();
    let found = listed.iter().find(|r| r["name"] == "rm").expect("the run is listed");
    assert_eq!(
        (&found["method"], &found["steps_done"]),
        (&"classifier".into(), &150.into())
    );
    assert!(found["accuracy"].as_f64().is_some_and(|a| a > 0.9), "{found}");
}

#[test]
fn a_model_whose_training_was_cut_short_goes_on_as_if_nothing_had_happened() {
    let lab = Lab::new();
    let rows = reviews(&lab, 80);
    let validated = ["data.validation=0.2", "eval.keep=best"];
    assert_eq!(
        Ended::of(&mut train(&lab, "whole", REWARD, &rows, &validated)).code,
        Some(0)
    );
    // Killed after the second checkpoint: what is on disk is what a run has that ended there.
    let process = common::process::Process::start(&mut train(&lab, "cut", REWARD, &rows, &validated));
    common::until("the checkpoint after 12 updates", || {
        let steps = Reader::open(&lab.run("cut")).ok()?.checkpoint_steps().ok()?;
        steps.contains(&12).then_some(())
    });
    process.signal("KILL");
    process.end();
    assert_eq!(Ended::of(&mut lab.ple(["resume", "cut", "--quiet"])).code, Some(0));
    assert_eq!(numbers(&lab, "cut"), numbers(&lab, "whole"));
    let weights = |name: &str| std::fs::read(lab.run(name).join("model/model.safetensors")).expect("a model");
    assert_eq!(weights("cut"), weights("whole"));
}

#[test]
fn pairs_are_learnt_by_bradley_terry_and_length_alone_is_told_on() {
    let lab = Lab::new();
    let mut lines = String::new();
    for i in 0..120 {
        let (good, bad) = ("yes. ".repeat(3 + i % 5), "yes. ".repeat(1 + i % 2));
        let _ = writeln!(
            lines,
            r#"{{"prompt": "question {i}?", "chosen": "{good}", "rejected": "{bad}"}}"#
        );
    }
    let rows = lab.write("pairs.jsonl", lines);
    let sets = [
        "method.steps=40",
        "method.learning_rate=1e-2",
        "model.shape.vocabulary=300",
    ];
    let ended = Ended::of(&mut train(&lab, "rm", "experiments/reward-hh.toml", &rows, &sets));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (_, evaluations) = numbers(&lab, "rm");
    let quality = evaluations.last().and_then(|e| e.quality.clone()).expect("a quality");
    assert_eq!(
        (quality.baseline, quality.baseline_rule.as_str()),
        (1.0, "the longer one")
    );
    let warning = quality.warning.expect("the reward can only be length");
    assert!(warning.contains("length"), "{warning}");
    let alarmed = events(&lab.run("rm"))
        .into_iter()
        .any(|e| matches!(e, Event::Alarm(a) if a.message == warning));
    assert!(alarmed, "the warning is an alarm too");
}

#[test]
fn a_language_model_from_scratch_becomes_a_policy() {
    let lab = Lab::new();
    let rows = reviews(&lab, 80);
    // The principles are long by a tokenizer this small.
    let sets = [
        "method.learning_rate=1e-2",
        "data.validation=0.1",
        "data.max_tokens=320",
    ];
    let ended = Ended::of(&mut train(&lab, "lm", "experiments/language-imdb.toml", &rows, &sets));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (_, evaluations) = numbers(&lab, "lm");
    assert!(evaluations.last().expect("one").loss < evaluations[0].loss);
    assert!(
        evaluations[0]
            .samples
            .iter()
            .any(|s| s.label == "written behind the principles")
    );
    let model = lab.run("lm").join("model");
    let mut run = lab.train(IMDB, &[&format!("policy.model={}", model.display())]);
    assert_eq!(Ended::of(run.args(["--quiet", "--name", "aligned"])).code, Some(0));
}

#[test]
fn what_cannot_be_trained_on_is_said_before_anything_starts() {
    let lab = Lab::new();
    let unlabelled = lab.write("plain.jsonl", "{\"prompt\": \"a\", \"completion\": \"b c d\"}\n");
    for (experiment, rows, message) in [
        (REWARD, "absent.jsonl", "absent.jsonl"),
        (REWARD, unlabelled.as_str(), "label"),
        (REWARD, "builtin:hh", "data.rows = \"builtin:hh\": the task is imdb"),
        (
            "experiments/language-imdb.toml",
            "builtin:imdb",
            "name a path to train one on it",
        ),
    ] {
        let ended = Ended::of(&mut train(&lab, "never", experiment, rows, &[]));
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains(message), "{message:?} in {}", ended.err);
        assert!(!lab.run("never").exists());
    }
}

/// An experiment that goes on from the tiny Qwen2 of the golden files, with or without a chat template beside it.
fn from_folder(lab: &Lab, name: &str, chat: bool) -> String {
    let folder = lab.path().join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    let from = common::repository().join("tests/golden/models/qwen2");
    for file in [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ] {
        std::fs::copy(from.join(file), folder.join(file)).expect("a copy");
    }
    if chat {
        let template = "{% for m in messages %}<|im_start|>{{ m.role }} {{ m.content }}<|im_end|>{% endfor %}\
                        {% if add_generation_prompt %}<|im_start|>assistant {% endif %}";
        std::fs::write(folder.join("chat_template.jinja"), template).expect("written");
    }
    let toml = format!(
        "title = \"Preferences\"\ntask = \"hh\"\n[model]\nstart = \"{}\"\n[data]\nrows = \"pairs.jsonl\"\nmax_tokens = 96\n\
         max_query_tokens = 40\nvalidation = 0.0\n[method]\nname = \"bradley-terry\"\nsteps = 2\nbatch = 4\nlearning_rate = 1e-3\n\
         [eval]\nevery = 2\nrows = 10\nkeep = \"last\"\n",
        folder.display()
    );
    lab.write(&format!("{name}.toml"), toml)
}

/// What is trained plainly is read plainly afterwards, although it began with a chat template.
#[test]
fn the_template_that_rows_are_written_with_is_chosen_and_kept() {
    let lab = Lab::new();
    let mut lines = String::new();
    for i in 0..40 {
        let pair = format!(r#"{{"prompt": "is it {i}?", "chosen": "it is {i}.", "rejected": "the other one."}}"#);
        lines += &(pair + "\n");
    }
    lab.write("pairs.jsonl", lines);
    let experiment = from_folder(&lab, "body", true);
    let fit = |name: &str, template: &str| {
        let set = format!("model.template={template}");
        let mut command = lab.ple(["train", &experiment, "--quiet", "--name", name, "--set", &set]);
        let ended = Ended::of(&mut command);
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{name}");
        let template = lab.run(name).join("model/chat_template.jinja").exists();
        (numbers(&lab, name).0[0].loss, template)
    };
    let (auto, chat, plain) = (fit("auto", "auto"), fit("chat", "chat"), fit("plain", "plain"));
    assert_eq!(auto, chat);
    assert_ne!(plain.0, chat.0, "other tokens, another loss");
    assert_eq!((chat.1, plain.1), (true, false));
    // A reward model that has a template can be asked plainly, too; one that has none cannot be asked by it.
    let asking = |model: &str, template: &str| {
        let model = format!("reward.model={}", lab.run(model).join("model").display());
        let template = format!("reward.template={template}");
        lab.train(
            "experiments/hh.toml",
            &[&model, &template, "method.steps=1", "eval.every=0"],
        )
    };
    let first = |name: &str, template: &str| {
        let ended = Ended::of(asking("chat", template).args(["--quiet", "--name", name]));
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{name}");
        events(&lab.run(name)).into_iter().find_map(|e| match e {
            Event::Step(record) => Some(record.reward_original),
            _ => None,
        })
    };
    assert_ne!(first("by-chat", "auto"), first("by-words", "plain"));
    let none = "= \"chat\": the model has no chat template";
    refused(&lab, asking("plain", "chat"), &[&format!("reward.template {none}")]);
    // The same of the model that is trained.
    let bare = from_folder(&lab, "bare", false);
    let command = lab.ple(["train", &bare, "--set", "model.template=chat"]);
    refused(&lab, command, &[&format!("model.template {none}")]);
    let ended = Ended::of(&mut lab.ple(["check", &bare, "--set", "model.template=chat"]));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.out.contains("model.template"), "{ended:?}");
}
