//! Splits: no query on both sides.

use std::collections::HashSet;

use super::*;
use crate::assets;
use crate::config::DataSettings;
use crate::model::Text;

fn records(queries: &[&str]) -> Vec<Record> {
    let record = |query: &&str| Record {
        query: query.to_string(),
        ..Record::default()
    };
    queries.iter().map(record).collect()
}

fn queries_of(side: &[Record]) -> HashSet<String> {
    side.iter().map(|r| normalise(&r.query)).collect()
}

#[test]
fn punctuation_capitals_and_layout_make_no_other_query() {
    assert_eq!(normalise("  What's up,\n DOC?"), "what s up doc");
    assert_eq!(normalise("STRASSE Ä"), "strasse ä");
    assert_eq!(normalise(" ?! "), "?!");
    assert_eq!(is_held_out("Why not?", 0.5, 3), is_held_out("why  not", 0.5, 3));
}

#[test]
fn the_side_of_a_query_depends_on_its_words_and_the_seed_alone() {
    let names: Vec<String> = (0..4000).map(|i| format!("query {}", i % 2000)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let sides = Sides::of(records(&names), 0.1, 7);
    assert!(queries_of(&sides.train).is_disjoint(&queries_of(&sides.held_out)));
    assert_eq!(sides.train.len() + sides.held_out.len(), 4000);
    let out = queries_of(&sides.held_out);
    // A tenth of 2,000 by chance: five standard deviations are 67.
    assert!((133..267).contains(&out.len()), "{}", out.len());
    let fewer = Sides::of(records(&names[..500]), 0.1, 7);
    for query in &names[..500] {
        assert_eq!(out.contains(*query), queries_of(&fewer.held_out).contains(*query));
    }
    assert_ne!(out, queries_of(&Sides::of(records(&names), 0.1, 8).held_out));
    assert!(Sides::of(records(&names), 0.0, 7).held_out.is_empty());
}

#[test]
fn small_files_have_something_on_both_sides() {
    for seed in 0..40 {
        for share in [0.01, 0.99] {
            let sides = Sides::of(records(&["a", "b", "A"]), share, seed);
            assert!(!sides.train.is_empty() && !sides.held_out.is_empty());
            assert!(queries_of(&sides.train).is_disjoint(&queries_of(&sides.held_out)));
        }
    }
}

#[test]
fn files_named_train_and_test_are_the_split() {
    let row = |query: &str| format!("{{\"query\": \"{query}\"}}\n");
    let rows = |queries: &[&str]| queries.iter().map(|q| row(q)).collect::<String>();
    let folder = folder_with(&[
        ("train-00000-of-00001.jsonl", rows(&["a", "b", "C!", "d"]).as_bytes()),
        ("validation.jsonl", rows(&["c", "e"]).as_bytes()),
    ]);
    let found = read_queries(folder.path(), Task::Hh).unwrap();
    let sides = Sides::of(found.records, 0.5, 0);
    assert_eq!((queries_of(&sides.train).len(), sides.leaked), (3, 1));
    assert_eq!(queries_of(&sides.held_out), ["c", "e"].map(String::from).into());
    // One file alone is no split, whatever it is called.
    let found = read_queries(&folder.path().join("validation.jsonl"), Task::Hh).unwrap();
    assert_eq!(Sides::of(found.records, 0.5, 0).train.len(), 1);
}

#[test]
fn a_single_query_is_trained_on() {
    for seed in 0..40 {
        let sides = Sides::of(records(&["a", "A!"]), 0.9, seed);
        assert_eq!((sides.train.len(), sides.held_out.len()), (2, 0));
    }
}

fn tiny() -> Text {
    assets::builtin_model("tiny").unwrap().text().unwrap()
}

#[test]
fn a_run_trains_on_no_query_of_its_test_data() {
    let rows = |queries: std::ops::Range<u32>| {
        queries
            .map(|i| format!("{{\"query\": \"Query {i}?\", \"response\": \"r{i}\"}}\n"))
            .collect::<String>()
    };
    let folder = folder_with(&[
        ("a.jsonl", rows(0..50).as_bytes()),
        ("b.jsonl", rows(40..60).as_bytes()),
    ]);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let settings = |test: Option<String>| DataSettings {
        queries: path("a.jsonl"),
        test,
        held_out: 0.2,
        prefix_words: [2, 8],
        max_query_tokens: 256,
        max_response_tokens: 256,
    };
    let needs = Needs {
        held_out: 1000,
        responses: true,
    };
    let (text, read) = (tiny(), |settings: &DataSettings, seed| {
        Pool::read(settings, Task::Hh, &tiny(), needs, seed).unwrap()
    });
    let both = |pool: &Pool, n: u64| {
        let train: HashSet<String> = (0..n).map(|i| pool.query(i)).collect();
        let out: HashSet<String> = pool.held_out(1000).into_iter().collect();
        (train, out)
    };
    let pool = read(&settings(Some(path("b.jsonl"))), 0);
    assert_eq!(
        pool.summary(),
        "50 rows read, 50 used; test: 20 rows read, 20 used; 10 not trained on, as they are test queries; 40 to train on, \
         20 held out"
    );
    let (train, out) = both(&pool, 40);
    assert_eq!((train.len(), out.len()), (40, 20), "a round goes through all rows");
    assert!(train.is_disjoint(&out));
    let learnt: HashSet<String> = (0..40).map(|i| pool.example(i).unwrap().response).collect();
    assert_eq!(learnt, (0..40).map(|i| format!("r{i}")).collect());

    let pool = read(&settings(None), 3);
    let (train, out) = both(&pool, 50);
    assert_eq!(train.len() + out.len(), 50);
    assert!(!out.is_empty() && train.is_disjoint(&out));
    assert_eq!(pool.summary(), read(&settings(None), 3).summary());
    assert_ne!(both(&read(&settings(None), 4), 50).1, out);
    let order = |pool: &Pool| (0..100).map(|i| pool.query(i)).collect::<Vec<_>>();
    assert_eq!(order(&pool), order(&read(&settings(None), 3)));

    let all = settings(Some(path("a.jsonl")));
    let message = Pool::read(&all, Task::Hh, &text, needs, 0).unwrap_err().to_string();
    assert!(
        message.contains("a.jsonl: nothing is left to train on: 50 rows read"),
        "{message}"
    );
    std::fs::write(folder.path().join("a.jsonl"), rows(3..4)).unwrap();
    let message = Pool::read(&settings(None), Task::Hh, &text, needs, 0)
        .unwrap_err()
        .to_string();
    assert!(
        message.starts_with("data.queries: ")
            && message.contains("nothing is held out to evaluate on: 1 row read, 1 used"),
        "{message}"
    );
    let none = Needs {
        responses: false,
        held_out: 0,
    };
    let pool = Pool::read(&settings(None), Task::Hh, &text, none, 0).unwrap();
    assert_eq!(pool.example(0), None);
}

#[test]
fn long_responses_are_cut_after_a_sentence_that_fits() {
    let text = tiny();
    let response = "The film is good. The end is \"bad!\" And it goes on and on and on and on";
    let cut = |most: usize| {
        let example = Example {
            query: "q".into(),
            response: response.into(),
        };
        example.within(&text, most).response
    };
    let tokens = |response: &str| text.encode(response).len();
    assert_eq!(cut(tokens(response)), response);
    assert_eq!(cut(tokens(response) - 1), "The film is good. The end is \"bad!\"");
    assert_eq!(cut(tokens("The film is good. The end")), "The film is good.");
    assert_eq!(cut(tokens("The film is")), "The film is");
    for most in 1..tokens(response) {
        assert!(response.starts_with(&cut(most)));
        assert!(tokens(&cut(most)) <= most.max(tokens("The")));
    }
}
