//! `ple bleu`, `ple eval`, `ple compare` and `ple export` as people use them.

mod common;

use common::process::Ended;
use common::{IMDB, Lab};
use serde_json::Value;

/// Runs `ple ARGS`, which is to end with this code.
fn ple(lab: &Lab, args: &[&str], code: i32) -> Ended {
    let ended = Ended::of(&mut lab.ple(args));
    assert_eq!(ended.code, Some(code), "{args:?}: {ended:?}");
    ended
}

fn train(lab: &Lab, name: &str, sets: &[&str]) {
    let ended = Ended::of(lab.train(IMDB, sets).args(["--quiet", "--name", name]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn bleu_of_files_is_printed_as_sacrebleu_prints_it() {
    let lab = Lab::new();
    let hyp = lab.write(
        "hyp",
        "The dog bit the man.\nIt wasn't surprising.\nThe man had just bitten him.\n",
    );
    let one = lab.write(
        "one",
        "The dog bit the man.\nIt was not unexpected.\nThe man bit him first.\n",
    );
    let two = lab.write(
        "two",
        "The dog had bit the man.\nNo one was surprised.\nThe man had bitten the dog.",
    );
    let ended = ple(&lab, &["bleu", &hyp, &one, &two], 0);
    assert_eq!(
        ended.out,
        "BLEU|nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0 = 48.53 82.4/50.0/45.5/37.5 (BP = 0.943 \
         ratio = 0.944 hyp_len = 17 ref_len = 18)\n"
    );
    let ended = ple(&lab, &["bleu", &hyp, &one, &two, "--tokenize", "intl", "--json"], 0);
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    assert!((told["bleu"].as_f64().unwrap() - 43.916_234_93).abs() < 1e-8, "{told}");
    let ended = ple(
        &lab,
        &[
            "bleu",
            &hyp,
            &one,
            "--sentence-level",
            "--smooth",
            "add-k",
            "--lowercase",
            "--json",
        ],
        0,
    );
    let lines = ended.events();
    assert_eq!((lines.len(), &lines[2]["line"]), (3, &Value::from(3)));
    assert_eq!(lines[0]["bleu"].as_f64().unwrap().round(), 100.0);
    assert_eq!(
        lines[0]["signature"],
        "nrefs:1|case:lc|eff:yes|tok:13a|smooth:add-k[1.00]|version:2.6.0"
    );
    // An empty line is an empty reference, unless it is said to be none.
    let some = lab.write("some", "\nNo one was surprised.\n\n");
    let ended = ple(&lab, &["bleu", &hyp, &one, &some, "--empty-is-missing"], 0);
    assert!(ended.out.starts_with("BLEU|nrefs:var|"), "{}", ended.out);
}

#[test]
fn what_bleu_cannot_read_is_named() {
    let lab = Lab::new();
    let three = lab.write("three", "a\nb\nc\n");
    let two = lab.write("two", "a\nb\n");
    let bad = lab.write("bad", b"a\nb\xff\nc\n");
    let empty = lab.write("empty", "");
    for (args, wanted) in [
        (&[&three[..], &two][..], "has 2 lines"),
        (&[&three, &three, &two], "has 3 lines"),
        (&[&three, &bad], "line 2 is not UTF-8"),
        (&[&three, &empty], "the file is empty"),
        (&[&three, "nowhere.txt"], "nowhere.txt"),
        (&[&three, &three, "--smooth-value", "1"], "--smooth exp has no number"),
        (
            &[&three, &three, "--smooth", "floor", "--smooth-value", "NaN"],
            "0 or more",
        ),
        (&[&three, &three, "--max-order", "0"], "--max-order"),
    ] {
        let args: Vec<&str> = ["bleu"].into_iter().chain(args.iter().copied()).collect();
        let ended = ple(&lab, &args, 2);
        assert!(
            ended.err.contains(wanted) && ended.out.is_empty(),
            "{args:?}: {ended:?}"
        );
    }
}

#[test]
fn an_evaluation_is_stored_compared_and_the_same_again() {
    let lab = Lab::new();
    train(&lab, "a", &[]);
    let table = ple(&lab, &["compare", "a"], 0).out;
    assert!(table.contains("`ple eval a` would fill it"), "{table}");

    let shown = ple(&lab, &["eval", "a", "--queries", "6"], 0).out;
    for wanted in [
        "reward R(x, y)",
        "perplexity of the references",
        "BLEU",
        "6 held-out queries",
        "stored in ",
    ] {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
    let told = |args: &[&str]| -> Value {
        let mut told: Value = serde_json::from_str(&ple(&lab, args, 0).out).unwrap();
        told["evaluation"]["seconds"] = Value::Null;
        told
    };
    let first = told(&["eval", "a", "--queries", "6", "--json"]);
    assert_eq!(
        first,
        told(&["eval", "a", "--queries", "6", "--json"]),
        "the same streams"
    );
    let e = &first["evaluation"];
    assert_eq!((e["rows"].as_array().unwrap().len(), &e["step"]), (6, &Value::from(3)));
    let references = &e["references"];
    assert!(references["perplexity"]["mean"].as_f64().unwrap() > 1.0);
    // The prompt alone is a good part of the text.
    let bleu = |key: &str| references[key]["mean"].as_f64().unwrap();
    assert!(bleu("bleu_with_prompt") > bleu("bleu_response") && bleu("bleu_with_prompt") < 100.0);

    // Another run of the same task and seed is asked the same.
    train(&lab, "b", &["method.tau0=0.1"]);
    let other = told(&["eval", "b", "--queries", "6", "--json"]);
    for i in 0..6 {
        assert_eq!(other["evaluation"]["rows"][i]["query"], e["rows"][i]["query"]);
        assert_eq!(other["evaluation"]["rows"][i]["reference"], e["rows"][i]["reference"]);
    }
    // The model before training, from its name, as a row of its own.
    let base = ple(&lab, &["eval", "builtin:tiny", IMDB, "--queries", "6", "--json"], 0).out;
    let base = lab.write("base.json", base);
    let table = ple(&lab, &["compare", "b", "a", &base], 0).out;
    for wanted in ["BASE", "PLE (tau0 0.2)", "PLE (tau0 0.1)", "PPL ↓", "nrefs:1"] {
        assert!(table.contains(wanted), "{wanted}: {table}");
    }
    assert!(!table.contains("would fill it"), "{table}");
    for format in ["markdown", "latex", "csv", "json"] {
        let file = lab.path().join(format!("table.{format}"));
        ple(
            &lab,
            &["compare", "a", "b", "--format", format, "-o", file.to_str().unwrap()],
            0,
        );
        let written = std::fs::read_to_string(file).unwrap();
        assert!(written.contains("tau0 0.1") || written.contains("tau0"), "{written}");
    }

    // An older checkpoint, and what would make it another evaluation: neither hides the one that is stored.
    let older = told(&["eval", "a", "--queries", "4", "--step", "2", "--no-store", "--json"]);
    assert_eq!(older["evaluation"]["step"], 2);
    let cold = told(&[
        "eval",
        "a",
        "--queries",
        "4",
        "--set",
        "generation.temperature=0",
        "--json",
    ]);
    assert_eq!(cold["evaluation"]["generation"]["temperature"], 0.0);
    let reader = ple::run::Reader::open(&lab.run("a")).unwrap();
    let stored = reader.evaluations().unwrap();
    assert_eq!(stored.iter().map(|e| (e.step, e.queries)).collect::<Vec<_>>(), [(3, 6)]);

    let rows = ple(&lab, &["export", "a", "--format", "jsonl", "--what", "answers"], 0).events();
    assert_eq!((rows.len(), &rows[0]["query"]), (6, &e["rows"][0]["query"]));
}

#[test]
fn runs_that_differ_in_their_seed_are_one_row() {
    let lab = Lab::new();
    for (name, seed) in [("x", "seed=1"), ("y", "seed=2")] {
        train(&lab, name, &[seed]);
        ple(&lab, &["eval", name, "--queries", "4"], 0);
    }
    let json = ple(&lab, &["compare", "x", "y", "--format", "json"], 0).out;
    let tables: Value = serde_json::from_str(&json).unwrap();
    let rows = tables[0]["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0][0]), (1, &Value::from("PLE")));
    assert_eq!(rows[0][2]["n"], 2);
    assert!(rows[0][2]["deviation"].as_f64().unwrap() > 0.0);
    let svg = ple(&lab, &["compare", "x", "y", "--format", "svg"], 0).out;
    assert!(svg.starts_with("<svg ") && svg.contains("one standard deviation over seeds"));
}

#[test]
fn what_is_stored_is_exported() {
    let lab = Lab::new();
    train(&lab, "r", &[]);
    let header = |what: &str| -> (String, usize) {
        let out = ple(&lab, &["export", "r", "--format", "csv", "--what", what], 0).out;
        let mut reader = csv::Reader::from_reader(out.as_bytes());
        let header = reader.headers().unwrap().iter().collect::<Vec<_>>().join(" ");
        (header, reader.records().map(Result::unwrap).count())
    };
    let (steps, n) = header("steps");
    assert!(
        n == 3 && steps.contains("reward_guided") && steps.contains("tau"),
        "{steps}"
    );
    let (pairs, n) = header("pairs");
    assert!(
        n == 12 && pairs.contains("guided") && pairs.contains("weight_original"),
        "{pairs}"
    );
    assert!(header("evaluations").1 >= 2);
    assert!(header("cases").0.starts_with("step label query"));
    let lines = ple(&lab, &["export", "r", "--format", "jsonl"], 0).events();
    assert_eq!((lines.len(), &lines[2]["step"]), (3, &Value::from(2)));

    let png = lab.path().join("r.png");
    ple(
        &lab,
        &["export", "r", "--format", "png", "-o", png.to_str().unwrap()],
        0,
    );
    assert!(std::fs::read(&png).unwrap().starts_with(b"\x89PNG"));
    let wins = lab.write(
        "wins.json",
        r#"{"title": "Wins", "judge": "nobody", "rows": [{"left": "a", "right": "b", "win": 3, "tie": 1, "lose": 2}]}"#,
    );
    assert!(ple(&lab, &["export", &wins, "--format", "svg"], 0).out.contains("50%"));

    // Other methods than PLE have their own numbers, by name.
    train(&lab, "s", &["method.name=sft", "method.steps=2"]);
    let out = ple(&lab, &["export", "s", "--format", "csv"], 0).out;
    assert!(out.starts_with("step,") && out.contains("mean_token_accuracy"), "{out}");
    assert!(
        ple(&lab, &["export", "s", "--format", "svg"], 0)
            .out
            .starts_with("<svg")
    );
    ple(&lab, &["eval", "s", "--queries", "4"], 0);
    assert!(ple(&lab, &["compare", "s"], 0).out.contains("SFT"));
}

#[test]
fn what_cannot_be_evaluated_compared_or_exported_is_named() {
    let lab = Lab::new();
    train(&lab, "r", &[]);
    let broken = lab.write("broken.json", "{}");
    let folder = lab.path().to_str().unwrap().to_string();
    for (args, wanted) in [
        (&["eval", "r", "--queries", "0"][..], "--queries 0"),
        (&["eval", "nowhere"], "nowhere"),
        (&["eval", "builtin:tiny"], "ple eval builtin:tiny EXPERIMENT.toml"),
        (&["eval", IMDB, "--step", "2"], "only a run has checkpoints"),
        (&["eval", "r", "--step", "77"], "there are some after 0, 2, 3"),
        (&["eval", "r", "--set", "method.tau0=1"], "only generation.*"),
        (&["compare", "r", "nowhere"], "nowhere"),
        (&["compare", "r", "r"], "named twice"),
        (&["compare", "r", &broken], "wants a file that `ple eval --json` wrote"),
        (&["compare", "r", "-o", &folder], "this is a folder"),
        (
            &["export", "r", "--format", "csv", "--what", "answers"],
            "`ple eval` makes some",
        ),
        (
            &["export", "r", "--format", "svg", "--what", "pairs"],
            "--what is for rows",
        ),
        (&["export", &broken, "--format", "svg"], "\"judge\""),
    ] {
        let ended = ple(&lab, args, 2);
        assert!(
            ended.err.contains(wanted) && ended.out.is_empty(),
            "{args:?}: {ended:?}"
        );
    }
}
