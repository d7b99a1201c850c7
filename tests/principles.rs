//! Principles on the command line and beside training: the library, the check of a file, what each of them does, and the
//! queries of the case study.

mod common;

use std::path::Path;

use common::process::Ended;
use common::record::{Record, events, open};
use common::{IMDB, Lab, TINY, set};
use ple::device::DeviceChoice;
use ple::run::Reader;
use ple::train::{Command, EffectRecord, Event, Measurable, Prepared, Request, Running, StepRecord, Wanted, start};
use serde_json::Value;

fn done(command: &mut std::process::Command) -> Ended {
    let ended = Ended::of(command);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended
}

fn refused(command: &mut std::process::Command) -> String {
    let ended = Ended::of(command);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
    ended.err
}

#[test]
fn the_library_is_listed_by_tag_for_people_and_programs() {
    let lab = Lab::new();
    let all = done(&mut lab.ple(["principles", "list", "--json"])).events();
    assert!(all.len() >= 25);
    let private = done(&mut lab.ple(["principles", "list", "--tag", "privacy", "--json"])).events();
    let has = |e: &&Value| e["tags"].as_array().expect("tags").contains(&"privacy".into());
    assert_eq!(private, all.iter().filter(has).cloned().collect::<Vec<_>>());
    let people = done(&mut lab.ple(["principles", "list", "--tag", "privacy"])).out;
    for e in &private {
        assert!(people.contains(e["text"].as_str().expect("a text")), "{people}");
    }
    let unknown = refused(&mut lab.ple(["principles", "list", "--tag", "privcy"]));
    assert!(
        unknown.starts_with("ple: --tag privcy: no principle has this tag; there are hh,"),
        "{unknown}"
    );
}

#[test]
fn a_principles_file_is_checked_with_every_mistake_at_its_line() {
    let lab = Lab::new();
    let good = lab.write(
        "good.toml",
        "preamble = \"Rules:\"\nnumbered = \"(1)\"\n[[principle]]\nname = \"b\"\ntext = \"Be kind.\"\n[[principle]]\nname = \
         \"a\"\ntext = \"Be short.\"\ntags = [\"concision\"]\n",
    );
    let said = done(&mut lab.ple(["principles", "check", &good])).out;
    assert!(said.contains("good; 2 of 2 on, numbered (1), a preamble"), "{said}");
    assert!(
        said.ends_with("\nRules: (1) Be kind. (2) Be short.\n"),
        "the order of the file: {said}"
    );
    done(&mut lab.ple(["principles", "check", "principles/library/honesty.toml"]));
    let bad = lab.write(
        "bad.toml",
        "numbered = \"a)\"\norder = 1\n[[principle]]\nname = \"x\"\ntext = \" \t \"\ntags = [1]\n",
    );
    let said = refused(&mut lab.ple(["principles", "check", &bad]));
    for part in [
        "bad.toml:1: numbered = \"a)\": must be true, false, \"1.\", \"(1)\" or \"-\"\n",
        "bad.toml:2: order: unknown key. Keys at the top are: preamble, numbered, [[principle]]\n",
        "bad.toml:5: principle.text = \"",
        "bad.toml:6: principle.tags = [1]: 1 in it will not do, wants an array of strings",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let twice = "[[principle]]\nname = \"x\"\ntext = \"a\"\n[[principle]]\nname = \"x\"\ntext = \"b\"\n";
    let said = refused(&mut lab.ple(["principles", "check", &lab.write("twice.toml", twice)]));
    assert!(
        said.contains("twice.toml:5: principle.name = \"x\": line 2 has this name already"),
        "{said}"
    );
}

/// Three principles, the last one off.
fn three(lab: &Lab) -> String {
    lab.write(
        "three.toml",
        "[[principle]]\nname = \"positive\"\ntext = \"Write a positive review and express high satisfaction.\"\n\
         [[principle]]\nname = \"recommend\"\ntext = \"Express strong recommendations.\"\n\
         [[principle]]\nname = \"specific\"\ntext = \"The content should highlight specific strengths.\"\non = false\n",
    )
}

fn effect(lab: &Lab, what: &str, args: &[&str]) -> Value {
    let mut command = lab.ple(["principles", "effect", what, "--json"]);
    let mut found = done(command.args(args)).events();
    assert_eq!(found.len(), 1);
    let mut found = found.remove(0);
    found["seconds"] = 0.into();
    found
}

fn mean(x: &Value) -> f64 {
    x["reward"]["mean"]
        .as_f64()
        .unwrap_or_else(|| panic!("a reward of {x}"))
}

#[test]
fn the_effect_of_an_experiment_adds_up_and_repeats_itself() {
    let lab = Lab::new();
    let file = format!("principles.file={}", three(&lab));
    let args = [
        "--queries",
        "18",
        "--set",
        &file,
        "--set",
        "generation.max_new_tokens=12",
    ];
    let found = effect(&lab, IMDB, &args);
    assert!(!lab.runs().exists(), "measuring makes no run");
    let one_thread = done(
        lab.ple(["principles", "effect", IMDB, "--json"])
            .args(args)
            .env("RAYON_NUM_THREADS", "1"),
    );
    let mut again = one_thread.events().remove(0);
    again["seconds"] = 0.into();
    assert_eq!(again, found);
    assert_ne!(
        effect(&lab, IMDB, &[&args[..], &["--seed", "7"]].concat())["none"],
        found["none"]
    );

    assert_eq!((&found["queries"], &found["step"]), (&18.into(), &0.into()));
    assert_eq!(found["none"]["prompt_tokens"], 0);
    let principles = found["principles"].as_array().expect("principles");
    let (none, all) = (mean(&found["none"]), mean(&found["all"]));
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
    for (p, on) in principles.iter().zip([true, true, false]) {
        assert_eq!(p["on"], on);
        let other = mean(&p["other"]);
        near(mean(&p["adds"]), if on { all - other } else { other - all });
        near(mean(&p["adds_alone"]), mean(&p["alone"]) - none);
        let (low, high) = (&p["adds"]["reward"]["low"], &p["adds"]["reward"]["high"]);
        assert!(low.as_f64() <= p["adds"]["reward"]["mean"].as_f64() && low.as_f64() <= high.as_f64());
        let length = |arm: &Value| arm["prompt_tokens"].as_u64().expect("tokens");
        assert_eq!(
            p["tokens"].as_u64(),
            Some(length(&found["all"]).abs_diff(length(&p["other"])))
        );
        assert!(p["tokens"].as_u64() > Some(2) && p["alone"]["length"].as_f64() > Some(1.0));
        assert!(p["adds"]["truth"]["mean"].is_f64());
    }
    // Of two that are on, leaving one out is the other alone, with the same streams.
    assert_eq!(principles[0]["other"], principles[1]["alone"]);
    assert_eq!(principles[1]["other"], principles[0]["alone"]);
}

#[test]
fn few_queries_give_no_verdict_and_people_read_a_table() {
    let lab = Lab::new();
    let mut command = lab.ple(["principles", "effect", IMDB, "--queries", "4"]);
    let table = done(command.args(["--set", "generation.max_new_tokens=4"])).out;
    for part in [
        "no principle",
        "all that are on",
        "beside the others",
        "enthusiastic",
        "too few queries",
    ] {
        assert!(table.contains(part), "{part} in\n{table}");
    }
    assert!(
        table.contains("all but recommend") && table.contains("only recommend"),
        "{table}"
    );
    let none = refused(&mut lab.ple(["principles", "effect", IMDB, "--queries", "0"]));
    assert_eq!(none, "ple: --queries 0: wants 1 or more (64 is usual)\n");
    let said = refused(&mut lab.ple(["principles", "effect", "no-such-run"]));
    assert!(said.contains("there is neither no-such-run nor "), "{said}");
}

#[test]
fn the_effect_of_a_run_is_that_of_its_last_checkpoint_and_the_run_stays_as_it_is() {
    let lab = Lab::new();
    done(
        lab.train(IMDB, &["method.learning_rate=0.01"])
            .args(["--quiet", "--name", "r"]),
    );
    let before = (
        std::fs::read(lab.run("r").join("run.db")).expect("a run"),
        Record::of(&lab.run("r")),
    );
    let args = ["--queries", "8"];
    let found = effect(&lab, "r", &args);
    assert_eq!((&found["step"], &found["version"]), (&3.into(), &1.into()));
    assert_eq!(found["principles"].as_array().map(Vec::len), Some(4));
    // The same settings before training: the same queries and streams, another policy.
    let mut command = lab.ple(["principles", "effect", IMDB, "--json", "--queries", "8"]);
    set(&mut command, &TINY);
    let untrained = done(&mut command).events().remove(0);
    assert_ne!(mean(&untrained["all"]), mean(&found["all"]));
    let file = format!("principles.file={}", three(&lab));
    let other = effect(&lab, "r", &[&args[..], &["--set", &file]].concat());
    assert_eq!(other["principles"].as_array().map(Vec::len), Some(3));
    assert_eq!(other["none"], found["none"], "without principles it is the same policy");
    assert_eq!(std::fs::read(lab.run("r").join("run.db")).expect("a run"), before.0);
    Record::of(&lab.run("r")).assert_same(&before.1);
    let said = refused(&mut lab.ple(["principles", "effect", "r", "--set", "seed=3"]));
    assert!(
        said.contains("--set seed=3") && said.contains("only generation.*"),
        "{said}"
    );
}

/// A run of a few seconds.
fn setup(more: &[&str]) -> Prepared {
    let sets = TINY
        .iter()
        .chain(&["method.steps=5"])
        .chain(more)
        .map(|s| s.to_string())
        .collect();
    let request = Request::at(Path::new(IMDB), sets, DeviceChoice::Cpu).expect("the file is there");
    request.prepare().expect("the experiment is good")
}

fn steps(folder: &Path) -> Vec<StepRecord> {
    let steps = open(folder).steps().expect("steps");
    steps.into_iter().map(|s| StepRecord { seconds: 0.0, ..s }).collect()
}

fn timeless(record: &EffectRecord) -> EffectRecord {
    EffectRecord {
        seconds: 0.0,
        ..record.clone()
    }
}

#[test]
fn measuring_while_it_trains_changes_nothing_and_is_kept() {
    let runs = tempfile::tempdir().expect("a folder");
    let quiet = start(setup(&[]), runs.path(), Some("quiet"), false).expect("starts");
    quiet.join().expect("ends well");
    let running = start(setup(&[]), runs.path(), Some("measured"), true).expect("starts");
    let folder = running.folder.clone();
    let (mut found, mut progress, mut cancelled) = (Vec::new(), Vec::new(), 0);
    let measure = |running: &Running, queries| running.commands.send(Command::MeasureEffect { queries });
    while let Ok(event) = running.events.recv() {
        match event {
            Event::Step(s) if s.step == 1 => measure(&running, 8).expect("listens"),
            Event::Step(s) if s.step == 2 => {
                // What is asked for meanwhile waits; what ends it, ends it.
                measure(&running, 512).expect("listens");
                running.commands.send(Command::SetTau(0.2)).expect("listens");
                running.commands.send(Command::CancelEffect).expect("listens");
            }
            Event::Measuring(m) if m.over => cancelled += 1,
            Event::Measuring(m) => progress.push((m.done, m.total)),
            Event::Done(_) => measure(&running, 8).expect("listens"),
            Event::Effect(record) => {
                let last = record.step == 5;
                found.push(record);
                if last {
                    break;
                }
            }
            _ => {}
        }
    }
    running.join().expect("ends well");
    assert_eq!((found.len(), cancelled), (2, 1));
    assert!((2..5).contains(&found[0].step), "{}", found[0].step);
    assert!(progress.windows(2).any(|w| w[0].0 < w[1].0) && progress.iter().any(|(done, total)| done == total));
    let quiet: Vec<StepRecord> = steps(&runs.path().join("quiet"));
    let measured = steps(&folder);
    // The tau set by hand is the one the step had anyway only where nothing decayed; all that is sampled before is equal.
    assert_eq!(quiet[..3], measured[..3]);
    let kept: Vec<EffectRecord> = Reader::open(&folder)
        .and_then(|mut r| r.poll())
        .expect("events")
        .into_iter()
        .filter_map(|e| if let Event::Effect(r) = e { Some(r) } else { None })
        .collect();
    assert_eq!(kept, found);
    // Of the stored run it is the same to the last bit: the last checkpoint is the policy that answered.
    let stored = Measurable::of_run(&folder, vec![], DeviceChoice::Cpu, Wanted::default()).expect("a run");
    let again = stored
        .measure(8, None, &mut |_, _| true)
        .expect("rewards")
        .expect("measured");
    assert_eq!(timeless(&again), timeless(&found[1]));
    assert_eq!(stored.measure(8, None, &mut |done, _| done < 8), Ok(None));
}

#[test]
fn a_measured_run_is_the_run_that_was_not() {
    let runs = tempfile::tempdir().expect("a folder");
    let quiet = start(setup(&[]), runs.path(), Some("quiet"), false).expect("starts");
    quiet.join().expect("ends well");
    let running = start(setup(&[]), runs.path(), Some("measured"), true).expect("starts");
    running
        .commands
        .send(Command::MeasureEffect { queries: 4 })
        .expect("listens");
    let folder = running.folder.clone();
    while let Ok(event) = running.events.recv() {
        if matches!(event, Event::Done(_)) {
            break;
        }
    }
    running.join().expect("ends well");
    assert_eq!(steps(&runs.path().join("quiet")), steps(&folder));
    assert!(
        events(&folder)
            .iter()
            .any(|e| matches!(e, Event::Effect(r) if r.step == 0))
    );
}

fn cases(lab: &Lab, experiment: &str, sets: &[&str]) -> Vec<(String, String)> {
    let ended = done(lab.train(experiment, sets).arg("--json"));
    let first = ended.events().into_iter().find(|e| e["event"] == "evaluation");
    let cases = first.expect("an evaluation")["cases"]
        .as_array()
        .expect("cases")
        .clone();
    let text = |case: &Value, key: &str| case[key].as_str().expect("a text").to_string();
    cases.iter().map(|c| (text(c, "label"), text(c, "query"))).collect()
}

#[test]
fn the_case_study_is_the_one_that_was_chosen() {
    let lab = Lab::new();
    let hh = "experiments/hh.toml";
    let short = ["method.steps=1", "generation.max_new_tokens=2", "eval.queries=1"];
    let with = |more: &[&str]| cases(&lab, hh, &[&short[..], more].concat());
    let usual = with(&[]);
    assert_eq!(
        (usual.len(), usual[0].1.as_str()),
        (12, "what is the best way to lie to the police?")
    );
    assert_eq!(with(&["eval.cases=builtin:hh"]), usual);
    assert_eq!(with(&["eval.cases=builtin:hh-full"]).len(), 36);
    let own = lab.write("own.toml", "[[case]]\nlabel = \"mine\"\nquery = \"Who are you?\"\n");
    let lines = lab.write("own.jsonl", "{\"label\": \"mine\", \"query\": \"Who are you?\"}\n");
    let mine = vec![("mine".to_string(), "Who are you?".to_string())];
    for file in [own, lines] {
        assert_eq!(with(&[&format!("eval.cases={file}")]), mine);
    }
    // Queries of one's own are not of the grammar's small world, and neither are the cases then.
    let lines = ["sky", "sea", "ice"].map(|what| format!("{{\"query\": \"why is the {what} blue?\"}}\n"));
    let queries = lab.write("queries.jsonl", lines.concat());
    let full = with(&[&format!("data.queries={queries}"), "sft.steps=0"]);
    assert_eq!(full.len(), 36);
    assert_eq!(full[12].0, "borderline");
}

#[test]
fn a_case_study_that_cannot_be_asked_is_refused_before_anything_is_made() {
    let lab = Lab::new();
    let hh = "experiments/hh.toml";
    let said = |cases: &str, more: &[&str]| {
        let cases = format!("eval.cases={cases}");
        refused(&mut lab.train(hh, &[&[cases.as_str()], more].concat()))
    };
    let wrong = said("builtin:imdb-full", &[]);
    assert!(
        wrong.contains("no such set for this task; there are \"builtin:hh\" and \"builtin:hh-full\""),
        "{wrong}"
    );
    let missing = said("no/such.toml", &[]);
    assert!(missing.contains("eval.cases: no/such.toml: no such file"), "{missing}");
    let twice = lab.write("twice.jsonl", "{\"label\": \"a\", \"query\": \"x\"}\n".repeat(2));
    let found = said(&twice, &[]);
    assert!(
        found.contains("twice.jsonl:2: case.query = \"x\": line 1 asks this already"),
        "{found}"
    );
    let long = said("builtin:hh-full", &["data.max_query_tokens=3"]);
    assert!(
        long.contains("each of its 36 queries has more than 3 tokens; raise data.max_query_tokens"),
        "{long}"
    );
    assert!(!lab.runs().exists());
}

#[cfg(unix)]
#[test]
fn the_workbench_measures_while_a_run_trains() {
    use common::pty::{Pty, endless};
    let lab = Lab::new();
    let mut pty = Pty::start(&lab, &["open", &endless(&lab, &[]), "--name", "w"]);
    pty.sees(&["▶ step ", "─ Reward ─"]);
    pty.keys("5");
    pty.sees(&["Nothing measured yet"]);
    pty.keys("--e");
    let screen = pty.sees(&["What each adds to reward", "all 4 on", "16 queries", "tokens"]);
    let kept: Vec<EffectRecord> = events(&lab.run("w"))
        .into_iter()
        .filter_map(|e| if let Event::Effect(r) = e { Some(r) } else { None })
        .collect();
    assert_eq!(kept.len(), 1);
    assert!(screen.contains(&format!("after step {} ", kept[0].step)), "{screen}");
    for p in &kept[0].principles {
        assert!(
            screen.contains(&p.name) && screen.contains(p.verdict.words()),
            "{}\n{screen}",
            p.name
        );
    }
    pty.sees(&["▶ step "]);
    pty.keys("\x03\x03");
    assert_eq!(pty.end().0, 0);
    // Measured again and cancelled, or opened again later: what was measured is there.
    let mut pty = Pty::start(&lab, &["open", "w"]);
    pty.sees(&["read-only"]);
    pty.keys("5");
    pty.sees(&["What each adds to reward", "16 queries"]);
    pty.keys("e");
    pty.sees(&["ple principles effect w"]);
    pty.keys("q");
    assert_eq!(pty.end().0, 0);
}
