//! `ple suite`: a whole comparison by the real binary, interrupted and gone on with, and what it says of bad files.

mod common;

use std::path::Path;
use std::process::Command;

use common::Lab;
use common::judges::{JudgeServer, longer};
use common::process::{Ended, Process};
use common::record::Record;
use common::refusal::refused;
use serde_json::Value;

const FILE: &str = r#"title = "Two methods"
tasks = ["imdb"]
seeds = [1, 2]
responses = 16
queries = 4
set = ["sft.steps=1", "sft.batch=4", "generation.max_new_tokens=12", "eval.every=0", "checkpoint.every=1",
       "method.queries_per_step=4", "method.minibatch=4"]

[[contender]]
name = "PLE"
experiment = "experiments/{task}.toml"

[[contender]]
name = "RAFT-2"
experiment = "experiments/methods/{task}-raft.toml"
set = ["method.raft.samples=2"]
"#;

fn suite(lab: &Lab, file: &str, args: &[&str]) -> Command {
    let mut command = lab.ple(["suite", file]);
    command.args(args);
    command
}

fn events(ended: &Ended, name: &str) -> Vec<Value> {
    ended.events().into_iter().filter(|e| e["event"] == name).collect()
}

#[cfg(unix)]
#[test]
fn a_suite_that_was_interrupted_goes_on_and_comes_to_the_same() {
    let lab = Lab::new();
    let file = lab.write("two.toml", FILE);
    let mut ple = Process::start(&mut suite(&lab, &file, &["--json"]));
    ple.until("\"event\":\"step\"");
    ple.signal("INT");
    let ended = ple.end();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(
        ended.err.contains("the same command goes on from here"),
        "{}",
        ended.err
    );

    // It goes on with what was begun, and then all is done.
    let ended = Ended::of(&mut suite(&lab, &file, &["--json"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let runs = events(&ended, "suite_run");
    let order: Vec<&str> = runs.iter().map(|e| e["run"].as_str().unwrap()).collect();
    assert_eq!(order, ["imdb-ple-1", "imdb-raft-2-1", "imdb-ple-2", "imdb-raft-2-2"]);
    assert_ne!(runs[0]["state"], "starts", "the first run had begun");
    assert_eq!(
        (&runs[1]["state"], &runs[1]["runs"]),
        (&Value::from("starts"), &Value::from(4))
    );
    let done = &events(&ended, "suite_done")[0];
    let rows = done["tables"][0]["rows"].as_array().unwrap();
    let names: Vec<&Value> = rows.iter().map(|row| &row[0]).collect();
    assert_eq!(names, ["BASE", "PLE", "RAFT-2"]);
    assert!(
        rows.iter().all(|row| row[2]["n"] == 2 && row[2]["deviation"].is_f64()),
        "{rows:?}"
    );

    // Nothing is done twice.
    let again = Ended::of(&mut suite(&lab, &file, &[]));
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(
        again.out.contains("4 runs in ") && again.out.contains("4 of them done"),
        "{}",
        again.out
    );
    assert!(
        !again.out.contains("starts") && again.out.contains("What each run learned from"),
        "{}",
        again.out
    );
    let results = lab.runs().join("two/results");
    for name in [
        "tables.md",
        "tables.tex",
        "tables.csv",
        "tables.json",
        "budget.csv",
        "rewards-imdb.svg",
        "rewards-imdb.png",
    ] {
        assert!(results.join(name).is_file(), "{name}");
    }
    let markdown = std::fs::read_to_string(results.join("tables.md")).unwrap();
    assert!(
        markdown.starts_with("# Two methods\n") && markdown.contains("| RAFT-2 | 2 |"),
        "{markdown}"
    );
    let budget = std::fs::read_to_string(results.join("budget.csv")).unwrap();
    let row = budget.lines().find(|line| line.contains("RAFT-2")).expect("a row");
    assert!(row.starts_with("What each run learned from,RAFT-2,2,"), "{row}");

    // What the interruption left is what a suite in one go comes to.
    let whole = Ended::of(&mut suite(&lab, &file, &["--quiet", "--name", "whole", "--seeds", "1"]));
    assert_eq!((whole.code, whole.out.as_str()), (Some(0), ""), "{whole:?}");
    for run in ["imdb-ple-1", "imdb-raft-2-1"] {
        let of = |suite: &str| Record::of(&lab.runs().join(suite).join(run));
        of("two").assert_same(&of("whole"));
    }
}

#[test]
fn a_part_of_a_suite_is_picked_listed_and_put_into_tables() {
    let lab = Lab::new();
    let file = lab.write("two.toml", FILE.replacen("queries = 4", "queries = 4\nbase = false", 1));
    refused(
        &lab,
        suite(&lab, &file, &["--tables"]),
        &["no run of the suite has been evaluated yet"],
    );
    let ended = Ended::of(&mut suite(&lab, &file, &["--only", "ple", "--seeds", "2"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for wanted in [
        "1/1 imdb, PLE, seed 2: starts",
        ": done; reward ",
        "not done yet: PLE (seed 1), RAFT-2 (seeds 1, 2)",
    ] {
        assert!(ended.out.contains(wanted), "{wanted}: {}", ended.out);
    }
    assert!(
        !ended.out.contains('\x1b') && !ended.out.contains("BASE"),
        "{}",
        ended.out
    );
    let listed = Ended::of(&mut suite(&lab, &file, &["--list"]));
    let states: Vec<&str> = listed
        .out
        .lines()
        .skip(1)
        .map(|line| line.rsplit("  ").next().unwrap())
        .collect();
    assert_eq!(states, ["to do", "to do", "done", "to do"], "{}", listed.out);
    let elsewhere = lab.path().join("elsewhere");
    let tables = Ended::of(suite(&lab, &file, &["--tables", "--quiet", "-o"]).arg(&elsewhere));
    assert_eq!(
        (tables.code, elsewhere.join("tables.md").is_file()),
        (Some(0), true),
        "{tables:?}"
    );

    // The same name with other settings is another run, and never mixed with it.
    let other = lab.write(
        "two.toml",
        FILE.replacen(
            "\"eval.every=0\"",
            "\"generation.temperature=0.9\", \"eval.every=0\"",
            1,
        ),
    );
    refused(
        &lab,
        suite(&lab, &other, &["--only", "PLE"]),
        &[
            "imdb-ple-2: a run with other settings is there: generation.temperature is 1.0, here 0.9",
            "--name",
        ],
    );
}

/// After the runs it is judged who wins over whom, by the scores there are and by a model that is asked once.
#[test]
fn a_suite_is_judged_and_stands_beside_published_figures() {
    let lab = Lab::new();
    let server = JudgeServer::new(|_, asked| longer(asked));
    lab.write("judge.toml", format!("url = \"{}\"\nmodel = \"m\"\n", server.url()));
    let figures =
        "source = \"A paper\"\n[[figure]]\ntask = \"imdb\"\nmethod = \"raft\"\ncolumn = \"bleu\"\nvalue = 85\n";
    lab.write("paper.toml", figures);
    let judges: String = [
        "by = \"reward\"",
        "by = \"truth\"",
        "by = \"http\"\nfile = \"judge.toml\"",
    ]
    .map(|by| format!("\n[[judge]]\n{by}\ncontender = \"PLE\"\n"))
    .concat();
    let text = FILE.replacen("seeds = [1, 2]", "seeds = [1]", 1).replacen(
        "queries = 4",
        "queries = 4\npublished = \"paper.toml\"",
        1,
    ) + &judges;
    let file = lab.write("two.toml", &text);
    // Hours of training must not end at a question that nobody is there to answer.
    refused(
        &lab,
        suite(&lab, &file, &[]),
        &["there is no terminal to agree to that on: say --yes"],
    );
    let other = lab.write("other.toml", text.replacen("judge.toml", "nowhere.toml", 1));
    refused(&lab, suite(&lab, &other, &["--yes"]), &["nowhere.toml: no such file"]);
    lab.write("paper.toml", figures.replacen("raft", "raaft", 1));
    let wanted = "figure.method = \"raaft\": no row is called that: the rows are PLE, RAFT-2";
    refused(&lab, suite(&lab, &file, &["--yes"]), &["paper.toml:4", wanted]);
    lab.write("paper.toml", figures);
    assert!(server.asked().is_empty());

    let ended = Ended::of(&mut suite(&lab, &file, &["--yes", "--json"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.err.contains("requests, about "),
        "what it costs is said: {}",
        ended.err
    );
    let done = &events(&ended, "suite_done")[0];
    let tables = done["tables"].as_array().unwrap();
    let titled = |title: &str| {
        let found = tables.iter().find(|t| t["title"].as_str().unwrap().contains(title));
        found.unwrap_or_else(|| panic!("{title} in {tables:?}"))
    };
    let column = |table: &Value, key: &str| {
        let columns = table["columns"].as_array().unwrap();
        columns.iter().position(|c| c["key"] == key).expect("a column")
    };
    let main = &tables[0];
    let theirs = column(main, "bleu_published");
    let published: Vec<&Value> = main["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row[theirs]["value"])
        .collect();
    assert_eq!(
        published,
        [&Value::Null, &Value::Null, &Value::from(85.0)],
        "only RAFT-2 has one"
    );

    // As ple judge has it of the same two runs.
    let run = |name: &str| lab.runs().join("two").join(name).display().to_string();
    let (left, right) = (run("imdb-ple-1"), run("imdb-raft-2-1"));
    let judged = Ended::of(&mut lab.ple(["judge", &left, &right, "--queries", "4", "--json"]));
    assert_eq!(judged.code, Some(0), "{judged:?}");
    let judged: Value = serde_json::from_str(&judged.out).expect("JSON");
    for (place, title) in [(0, "judged by reward"), (1, "judged by truth")] {
        let table = titled(title);
        let rows = table["rows"].as_array().unwrap();
        let names: Vec<&Value> = rows.iter().map(|row| &row[0]).collect();
        assert_eq!(names, ["BASE", "RAFT-2"]);
        for key in ["win", "tie", "lose"] {
            let share = judged["contests"][place]["outcome"][key]["mean"].as_f64().unwrap();
            let here = rows[1][column(table, key)]["value"].as_f64().unwrap();
            assert!((here - 100.0 * share).abs() < 1e-9, "{title}, {key}: {here}, {share}");
        }
    }
    let asked = server.asked().len();
    assert!(asked > 0 && asked.is_multiple_of(2), "both orders: {asked}");
    assert_eq!(titled("judged by a judge model")["rows"].as_array().unwrap().len(), 2);
    let results = lab.runs().join("two/results");
    for name in [
        "wins.csv",
        "wins-imdb-reward.svg",
        "wins-imdb-truth.png",
        "wins-imdb-model.svg",
    ] {
        assert!(results.join(name).is_file(), "{name}");
    }
    let markdown = std::fs::read_to_string(results.join("tables.md")).unwrap();
    assert!(
        markdown.contains("BLEU, paper") && markdown.contains("paper: as published (A paper)"),
        "{markdown}"
    );

    // Nobody is asked twice, and without asking what was said before is there.
    let mut told_again: Option<String> = None;
    for args in [
        &["--yes", "--quiet"][..],
        &["--no-judge", "--quiet"],
        &["--tables", "--quiet"],
    ] {
        let again = Ended::of(&mut suite(&lab, &file, args));
        assert_eq!(
            (again.code, server.asked().len()),
            (Some(0), asked),
            "{args:?}: {again:?}"
        );
        let told = std::fs::read_to_string(results.join("tables.md")).unwrap();
        // ple judge has kept its contests with the runs, too, since the first tables.
        let same = told_again.get_or_insert_with(|| told.clone());
        assert_eq!(told, *same, "{args:?}");
    }
}

#[test]
fn what_is_wrong_with_a_suite_is_said_before_anything_starts() {
    let lab = Lab::new();
    let at = |name: &str| lab.path().join(name).display().to_string();
    for (from, to, wanted) in [
        (
            "seeds = [1, 2]",
            "seeds = []",
            "two.toml:3: seeds = []: must not be empty",
        ),
        (
            "responses = 16",
            "responses = 12",
            "two.toml:4: responses = 12: a step of \"PLE\" on imdb takes 8",
        ),
        (
            "method.raft.samples=2",
            "method.raft.sample=2",
            "two.toml:16: contender.set: method.raft.sample=2: unknown key",
        ),
        (
            "experiments/{task}.toml",
            "experiments/{task}s.toml",
            "two.toml:11: contender.experiment = \"experiments/{task}s.toml\"",
        ),
        (
            "\"sft.steps=1\"",
            "\"policy.model=nowhere\"",
            "policy.model = \"nowhere\": no such file",
        ),
    ] {
        let file = lab.write("two.toml", FILE.replacen(from, to, 1));
        refused(&lab, suite(&lab, &file, &[]), &[wanted]);
    }
    let file = lab.write("two.toml", FILE);
    refused(
        &lab,
        suite(&lab, &file, &["--only", "DPO"]),
        &["--only DPO", "the contenders PLE, RAFT-2"],
    );
    refused(&lab, suite(&lab, &file, &["--seeds", "7"]), &["its seeds are 1, 2"]);
    refused(&lab, suite(&lab, &file, &["--name", "a/b"]), &["--name \"a/b\""]);
    refused(
        &lab,
        suite(&lab, &at("nowhere.toml"), &[]),
        &["nowhere.toml: no such file"],
    );
    assert!(!Path::new(&lab.runs()).exists());
}
