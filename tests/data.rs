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
    let account =
        "2,000 rows read, 1,990 used; left out: 10 review under 200 characters (row 305); 1986 to train on, 4 held out";
    assert_eq!(ended.events()[0]["data"], account);
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
    let reasons = left_out
        .split(", ")
        .map(|reason| number(reason.split(' ').next().expect("a number")));
    assert_eq!(number(used) + reasons.sum::<u64>(), number(rows), "{account}");
    assert_eq!((number(rows), number(used)), (6840, 4681), "{account}");
    assert_eq!(split, "4677 to train on, 4 held out");
    assert!(account.contains("14 chosen and rejected do not share the prompt (row 1004 of harmless-base.jsonl.gz)"));
}
