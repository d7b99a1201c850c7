//! Real data where there is some: what is read, and what is left out and said so.

mod common;

use std::path::Path;

use common::process::Ended;
use common::record::open;
use common::{IMDB, Lab, repository};

/// A file of real data, or `None` with a word about it.
fn real(name: &str) -> Option<String> {
    let path = repository().join("../shared/data").join(name);
    let there = path.parent().is_some_and(Path::is_dir);
    if !there {
        println!("skipped: there is no {}", path.display());
    }
    there.then(|| path.display().to_string())
}

/// The numbers of "1,790 to train on, 200 held out".
fn split_of(text: &str) -> (u64, u64) {
    let number = |text: &str| text.replace(',', "").parse().expect("a number");
    let (train, out) = text.split_once(" to train on, ").expect("a split");
    (number(train), number(out.strip_suffix(" held out").expect("a split")))
}

/// `ple data ...`
fn data(args: &[&str]) -> Ended {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ple"));
    Ended::of(command.arg("data").args(args))
}

/// A folder with a training and a test file that have about everything wrong with them.
fn odd_files() -> (Lab, String) {
    let lab = Lab::new();
    let row = |human: &str, chosen: &str, rejected: &str| {
        let transcript = |answer: &str| format!("\n\nHuman: {human}\n\nAssistant: {answer}");
        serde_json::json!({"chosen": transcript(chosen), "rejected": transcript(rejected)}).to_string() + "\n"
    };
    let train = [
        row("How are you?", "Fine &amp; well.", "Go away."),
        row("how are  you", "Good.", "Good."),
        row("Why is it\u{92}s so?", "It is.<br />", ""),
        row("How are you?", "Fine &amp; well.", "Go away."),
        "{\"chosen\": \n".to_string(),
        row(&"long ".repeat(300), "Yes.", "No."),
        "{\"chosen\": \"\\n\\nHuman: a\\n\\nAssistant: b\", \"rejected\": \"\\n\\nHuman: c\\n\\nAssistant: d\"}\n"
            .into(),
    ];
    let test = [row("How are you??", "Fine.", "No."), row("Something else", "a", "b")];
    let folder = lab.path().join("files");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("train.jsonl"), train.concat()).expect("a file");
    std::fs::write(folder.join("test.jsonl"), test.concat()).expect("a file");
    let path = folder.display().to_string();
    (lab, path)
}

#[test]
fn inspecting_counts_everything_that_is_odd_with_an_example() {
    let (_lab, path) = odd_files();
    let ended = data(&["inspect", &path]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    let out = ended.out.replace(&path, "FILES");
    for expected in [
        "FILES: 9 rows in 2 files; task hh, by the fields\nJSON lines: HH-RLHF transcripts (chosen, rejected)\n",
        "as queries: 6 of 9\n",
        "         7         4         3  FILES/train.jsonl (JSON lines)\n",
        "          1  query of more than 256 tokens\n             row 6 of train.jsonl: {\"chosen\":",
        "          1  not JSON\n             row 5 of train.jsonl: {\"chosen\": \n",
        "          1  chosen and rejected do not share the prompt\n             row 7 of train.jsonl: ",
        "as labelled texts: 0 of 9\n",
        "as preference pairs: 4 of 9\n",
        "          1  control characters U+0080 to U+009F (Windows-1252 read as Latin-1)\n             row 3 of train.jsonl: ",
        "          2  HTML entities (&amp; and the like)\n             row 1 of train.jsonl: ",
        "          1  <br /> markup\n             row 3 of train.jsonl: ",
        "          1  chosen and rejected are equal\n             row 2 of train.jsonl: ",
        "          1  rejected is empty\n             row 3 of train.jsonl: ",
        "          2  the query of an earlier row\n             row 2 of train.jsonl: as row 1 of train.jsonl\n",
        "          1  all texts of an earlier row\n             row 4 of train.jsonl: as row 1 of train.jsonl\n",
        "parts by name: 5 training rows, 2 test rows\n          1  the query of a training row\n             row 1 of \
         test.jsonl: as row 1 of train.jsonl\n",
        ", 0 queries on both sides\n",
    ] {
        assert!(out.contains(expected), "{expected:?} is not in\n{out}");
    }
    let json = data(&["inspect", &path, "--json", "--held-out", "0.5", "--seed", "3"]);
    assert_eq!(
        (json.code, json.err.as_str(), json.out.lines().count()),
        (Some(0), "", 1)
    );
    let found: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    let account = |what: &str| {
        let files = found[what]["files"].as_array().expect("files");
        let sum = |name: &str| files.iter().map(|f| f[name].as_u64().expect("a number")).sum::<u64>();
        (sum("rows"), sum("used"), sum("refused"))
    };
    assert_eq!(account("queries"), (9, 6, 3));
    assert_eq!(account("preferences"), (9, 4, 5));
    assert_eq!(found["task"], "hh");
    assert_eq!(
        (&found["split"]["held_out"], &found["split"]["seed"]),
        (&0.5.into(), &3.into())
    );
    assert_eq!(found["tokens"][0]["rows"], 7);
    assert_eq!(found["parts"]["leaks"][0]["count"], 1);
}

#[test]
fn inspecting_what_cannot_be_used_is_bad_input() {
    let lab = Lab::new();
    let path = lab.path().join("rows.jsonl");
    std::fs::write(&path, "{\"other\": 1}\n").expect("a file");
    let shown = path.display().to_string();
    let ended = data(&["inspect", &shown]);
    assert_eq!(
        (ended.code, ended.err.as_str()),
        (Some(2), format!("ple: {shown}: no row can be used\n").as_str())
    );
    assert!(
        ended
            .out
            .contains("as queries: 0 of 1\n          1  no known fields\n             row 1: {\"other\": 1}\n")
    );
    let ended = data(&["inspect", &format!("{shown}x")]);
    assert_eq!(ended.code, Some(2));
    assert_eq!(
        ended.err,
        format!("ple: {shown}x: no such file; did you mean 'rows.jsonl'?\n")
    );
    let ended = data(&["inspect", &shown, "--tokenizer", "builtin:zebra"]);
    assert_eq!(ended.code, Some(2));
    assert!(
        ended
            .err
            .starts_with("ple: --tokenizer builtin:zebra: no such bundled model; there are builtin:"),
        "{}",
        ended.err
    );
    let ended = data(&["inspect", &shown, "--held-out", "1"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("must be 0 or more and below 1"), "{}", ended.err);
}

#[test]
fn sampling_prints_rows_to_read() {
    let (_lab, path) = odd_files();
    let file = format!("{path}/test.jsonl");
    let ended = data(&["sample", &file]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    let first = "── row 1 ──\n      query  How are you??\n     chosen  Fine.\n   rejected  No.\n\n── row 2 ──\n";
    assert!(ended.out.starts_with(first), "{}", ended.out);
    let last = "JSON lines: HH-RLHF transcripts (chosen, rejected): 2 rows read, 2 used\n";
    assert!(ended.out.ends_with(last), "{}", ended.out);
    let some = |seed: &str| data(&["sample", &path, "-n", "2", "--seed", seed]).out;
    assert_eq!(some("1").matches("── row").count(), 2);
    assert_eq!(some("1"), some("1"));
    let different: std::collections::HashSet<String> = (0..6).map(|seed| some(&seed.to_string())).collect();
    assert!(different.len() > 1, "the seed draws");
}

#[test]
fn a_run_says_how_its_data_were_split_and_refuses_what_leaves_nothing() {
    let lab = Lab::new();
    let rows = |n: std::ops::Range<u32>| -> String {
        n.map(|i| format!("{{\"query\": \"the film {i}\", \"response\": \"was good. yes.\"}}\n"))
            .collect()
    };
    let file = |name: &str, text: String| {
        let path = lab.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let (train, test) = (
        file("a.jsonl", rows(0..20)),
        file("b.csv", "query\nThe film 3!\nanother film\n".into()),
    );
    let sets = [format!("data.queries={train}"), format!("data.test={test}")];
    let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
    let ended = Ended::of(lab.train(IMDB, &sets).args(["--json", "--name", "split"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        ended.events()[0]["data"],
        "20 rows read, 20 used; test: 2 rows read, 2 used; 1 not trained on, as they are test queries; 19 to train on, 2 \
         held out"
    );
    for pair in open(&lab.run("split")).pairs_between(0, 3).expect("pairs") {
        assert_ne!(pair.query, "the film 3");
    }
    let refused = |sets: &[&str]| {
        let ended = Ended::of(lab.train(IMDB, sets).args(["--name", "no"]));
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(!lab.run("no").exists());
        ended.err
    };
    let here = format!("data.queries={train}");
    let message = refused(&[&here, &format!("data.test={train}")]);
    assert!(
        message.contains("nothing is left to train on: 20 rows read"),
        "{message}"
    );
    let empty = file("empty.jsonl", String::new());
    let message = refused(&[&here, &format!("data.test={empty}")]);
    assert!(
        message.starts_with(&format!(
            "ple: data.test: {empty}: no query that can be used: 0 rows read"
        )),
        "{message}"
    );
    let message = refused(&[&here, "data.held_out=0"]);
    assert!(
        message.contains("--set data.held_out=0: holds nothing out to evaluate on; set data.test, or eval.every = 0"),
        "{message}"
    );
    let message = refused(&[&here, "data.prefix_words=[8, 2]"]);
    assert!(
        message.contains("must be two whole numbers of 1 or more, the smaller first (for example [2, 8])"),
        "{message}"
    );
}

#[test]
fn real_reviews_are_queries_and_rows_left_out_are_reported() {
    let Some(path) = real("imdb/reviews.jsonl.gz") else {
        return;
    };
    let lab = Lab::new();
    let ended = Ended::of(
        lab.train(IMDB, &[&format!("data.queries={path}")])
            .args(["--json", "--name", "real"]),
    );
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let events = ended.events();
    let account = events[0]["data"].as_str().expect("the account");
    let read = "2,000 rows read, 1,990 used; left out: 10 review under 200 characters (row 305); ";
    let (train, out) = split_of(account.strip_prefix(read).expect("what was read"));
    // A tenth of about 1,900 different beginnings by chance: five standard deviations are 67.
    assert!(train + out == 1990 && (130..270).contains(&out), "{account}");
    let reader = open(&lab.run("real"));
    assert_eq!(reader.started().expect("started").data, account);
    let pairs = reader.pairs_between(0, 3).expect("pairs");
    assert_eq!(pairs.len(), 12);
    for pair in pairs {
        let words = pair.query.split(' ').count();
        assert!(
            (2..=8).contains(&words),
            "the query is the first 2-8 words: {:?}",
            pair.query
        );
        assert_eq!(
            (pair.truth_original, pair.truth_guided),
            (None, None),
            "the grammar knows nothing of it"
        );
    }
}

#[test]
fn real_dialogues_are_queries_and_rows_left_out_are_reported() {
    let Some(path) = real("hh/*.jsonl.gz") else { return };
    let lab = Lab::new();
    let mut train = lab.train(
        "experiments/hh.toml",
        &[&format!("data.queries={path}"), "eval.every=0"],
    );
    let ended = Ended::of(train.args(["--name", "real"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let account = open(&lab.run("real")).started().expect("started").data;
    assert!(ended.out.contains(&format!("queries: {account}")), "{}", ended.out);
    // Every row is used, or left out for a reason that is said with its number.
    let number = |text: &str| text.trim().replace(',', "").parse::<u64>().expect("a number");
    let (rows, rest) = account.split_once(" rows read, ").expect("rows");
    let (used, rest) = rest.split_once(" used; left out: ").expect("used");
    let (left_out, split) = rest.rsplit_once("; ").expect("reasons");
    let (train, out) = split_of(split);
    assert!(train + out == 4681 && (300..640).contains(&out), "{account}");
    let reasons = left_out
        .split(", ")
        .map(|reason| number(reason.split(' ').next().expect("a number")));
    assert_eq!(number(used) + reasons.sum::<u64>(), number(rows), "{account}");
    assert_eq!((number(rows), number(used)), (6840, 4681), "{account}");
    assert!(account.contains("14 chosen and rejected do not share the prompt (row 1004 of harmless-base.jsonl.gz)"));
}
