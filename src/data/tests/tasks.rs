//! The published forms of the three tasks.

use std::collections::HashSet;

use super::*;

fn long_review() -> String {
    "I saw it\u{85} <br /><br />It\u{92}s <BR>a \u{93}great\u{94} film \u{96} really.\tYes! ".repeat(12)
}

#[test]
fn imdb_reviews_are_cut_into_query_and_the_whole_rest() {
    let rows: Vec<String> = (0..200)
        .map(|i| serde_json::json!({"text": format!("{}{i}", long_review()), "label": 1}).to_string())
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let found = read(Task::Imdb, &rows);
    let clean = "I saw it... It's a \"great\" film - really. Yes!";
    let mut lengths = HashSet::new();
    for (i, record) in found.records.iter().enumerate() {
        lengths.insert(words(&record.query));
        let whole = format!("{} {}", record.query, record.completion.as_deref().unwrap());
        assert_eq!(whole, format!("{} {i}", [clean; 12].join(" ")));
        assert_eq!(record.label, Some(true));
    }
    assert_eq!(lengths, (2..=8).collect());
    assert_eq!(read(Task::Imdb, &rows).records, found.records);
    assert_eq!(
        reason(Task::Imdb, r#"{"review": "Short."}"#),
        "review under 200 characters"
    );
    let endless = format!("{{\"text\": \"{}\"}}", "x".repeat(300));
    assert_eq!(reason(Task::Imdb, &endless), "empty answer");
}

#[test]
fn the_same_review_is_cut_at_the_same_place_wherever_it_stands() {
    let review = serde_json::json!({"text": long_review()}).to_string();
    let other = serde_json::json!({"text": format!("Another. {}", long_review())}).to_string();
    let (first, second) = (read(Task::Imdb, &[&review]), read(Task::Imdb, &[&other, &review]));
    assert_eq!(first.records[0].query, second.records[1].query);
}

#[test]
fn the_range_of_the_prefix_and_the_seed_are_settings() {
    let rows: Vec<String> = (0..60)
        .map(|i| serde_json::json!({"text": format!("{i} {}", long_review())}).to_string() + "\n")
        .collect();
    let folder = folder_with(&[("rows.jsonl", rows.concat().as_bytes())]);
    let lengths = |prefix_words: [usize; 2], seed| -> Vec<usize> {
        let reading = Reading {
            prefix_words,
            seed,
            ..Reading::of(Task::Imdb, Want::Queries)
        };
        let found = read_rows(&folder.path().join("rows.jsonl"), &reading, None).unwrap();
        found.records.iter().map(|r| words(&r.query)).collect()
    };
    assert!(lengths([3, 3], 0).iter().all(|n| *n == 3));
    assert_eq!(lengths([1, 2], 0).into_iter().collect::<HashSet<_>>(), [1, 2].into());
    assert_ne!(lengths([2, 8], 0), lengths([2, 8], 1));
}

#[test]
fn labelled_reviews_in_every_spelling() {
    let review = "A film. It went on.";
    for (label, expected) in [
        (serde_json::json!({"label": 1}), true),
        (serde_json::json!({"label": 0}), false),
        (serde_json::json!({"label": true}), true),
        (serde_json::json!({"sentiment": "positive"}), true),
        (serde_json::json!({"sentiment": "Negative"}), false),
        (serde_json::json!({"label_name": "neg"}), false),
        (serde_json::json!({"rating": 9}), true),
        (serde_json::json!({"rating": 2}), false),
        (serde_json::json!({"label": "0"}), false),
    ] {
        let mut row = label;
        row["review"] = review.into();
        let found = read_one(Task::Imdb, Want::Labels, &row.to_string()).unwrap();
        assert_eq!(found.label, Some(expected), "{row}");
        assert_eq!(format!("{} {}", found.query, found.completion.unwrap()), review);
    }
    for label in ["-1", "\"unknown\"", "null"] {
        let message = read_one(
            Task::Imdb,
            Want::Labels,
            &format!("{{\"text\": \"{review}\", \"label\": {label}}}"),
        );
        assert!(message.unwrap_err().to_string().contains("1 no label (row 1)"));
    }
}

#[test]
fn the_imdb_tree_is_read_by_its_folders() {
    let folder = folder_with(&[("README", b""), ("imdb.vocab", b"the")]);
    for (name, text) in [
        ("train/pos/10_9.txt", "Good film. Yes."),
        ("train/pos/2_7.txt", "Fine film. Yes."),
        ("train/neg/0_3.txt", "Bad film. No."),
        ("train/unsup/0_0.txt", "Some film. Hm."),
        ("test/neg/0_1.txt", "Dull film. No."),
        ("train/urls_pos.txt", "http://"),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let found = read_for(folder.path(), Task::Imdb, Want::Labels).unwrap();
    let text = |r: &Record| format!("{} {}", r.query, r.completion.as_deref().unwrap());
    let told: Vec<_> = found
        .records
        .iter()
        .map(|r| (text(r), r.label.unwrap(), r.part, r.row))
        .collect();
    let expected = [
        ("Dull film. No.", false, Part::Test, 1),
        ("Bad film. No.", false, Part::Train, 1),
        ("Fine film. Yes.", true, Part::Train, 1),
        ("Good film. Yes.", true, Part::Train, 2),
    ];
    assert_eq!(
        told,
        expected.map(|(text, label, part, row)| (text.to_string(), label, part, row))
    );
    assert_eq!(
        found.account.summary(),
        "5 rows read, 4 used; left out: 1 no label (row 1 of unsup)"
    );
    assert_eq!(
        found.account.refused[0].example,
        r#"{"file":"0_0.txt","rating":0,"text":"Some film. Hm."}"#
    );
    assert_eq!(found.account.format, "a review a file: IMDb reviews (text)");
    let positive = read_for(&folder.path().join("train/pos"), Task::Imdb, Want::Labels).unwrap();
    assert_eq!(positive.records.len(), 2);
    assert_eq!(guess_task(folder.path()).unwrap(), Some(Task::Imdb));
}

#[test]
fn tldr_posts_are_used_once() {
    let post = "SUBREDDIT: r/a TITLE: b POST: c\n\nd";
    let row = |prompt: &str, chosen: &str| {
        serde_json::json!({"prompt": prompt, "chosen": chosen, "rejected": "TL;DR: no"}).to_string()
    };
    let first = row(&format!("{post}\n\nTL;DR:"), "TL;DR: one");
    let (empty, again, other) = (row(post, "TL;DR: "), row(post, "two"), row("SUBREDDIT: r/b", "three"));
    let rows = [empty.as_str(), &first, &again, &again, &other];
    let found = read(Task::Tldr, &rows);
    let told: Vec<_> = found
        .records
        .iter()
        .map(|r| (r.query.as_str(), r.completion.as_deref(), r.row))
        .collect();
    assert_eq!(told, [(post, Some("one"), 2), ("SUBREDDIT: r/b", Some("three"), 5)]);
    assert_eq!(
        found.account.summary(),
        "5 rows read, 2 used; left out: 2 same post again (row 3), 1 empty answer (row 1)"
    );
    // As pairs, every row counts.
    let folder = folder_with(&[("rows.jsonl", rows.join("\n").as_bytes())]);
    let pairs = read_for(&folder.path().join("rows.jsonl"), Task::Tldr, Want::Preferences).unwrap();
    assert_eq!(
        pairs.account.summary(),
        "5 rows read, 4 used; left out: 1 empty answer (row 1)"
    );
    assert_eq!(pairs.records[0].preference, Some(("one".into(), "no".into())));
}

#[test]
fn filtered_tldr_has_subreddit_and_title() {
    for name in ["post", "content"] {
        let row = format!("{{\"{name}\": \"a b\", \"summary\": \"c\"}}");
        assert_eq!(one(Task::Tldr, &row), ("a b".into(), Some("c".into())));
    }
    let row =
        r#"{"id": "t3_1", "subreddit": "relationships", "title": "My cat ", "post": "It ran.\n", "summary": "gone"}"#;
    let query = "SUBREDDIT: r/relationships\n\nTITLE: My cat\n\nPOST: It ran.";
    assert_eq!(one(Task::Tldr, row), (query.into(), Some("gone".into())));
    let prompt = serde_json::json!({"prompt": format!("{query}\n\nTL;DR:"), "completion": " gone"}).to_string();
    assert_eq!(one(Task::Tldr, &prompt), one(Task::Tldr, row));
    let old = serde_json::json!({"prompt": format!("{query}\n\nTL;DR:"), "label": " gone"}).to_string();
    assert_eq!(one(Task::Tldr, &old), one(Task::Tldr, row));
}

#[test]
fn comparisons_of_summaries() {
    let info = serde_json::json!({"id": "t3_1", "post": "It ran.", "title": "My cat", "subreddit": "cats"});
    let comparison = |choice: serde_json::Value, split: &str| {
        let summaries = [" one", " two"].map(|text| serde_json::json!({"text": text, "policy": "sup1", "note": null}));
        let row = serde_json::json!({"info": info, "summaries": summaries, "choice": choice, "worker": "w", "batch": "b",
            "split": split, "extra": {}});
        row.to_string()
    };
    let read = |row: &str, want| read_one(Task::Tldr, want, row);
    let found = read(&comparison(1.into(), "valid1"), Want::Preferences).unwrap();
    assert_eq!(found.query, "SUBREDDIT: r/cats\n\nTITLE: My cat\n\nPOST: It ran.");
    assert_eq!(found.preference, Some(("two".into(), "one".into())));
    assert_eq!(found.part, Part::Test);
    let found = read(&comparison(0.into(), "train"), Want::Queries).unwrap();
    assert_eq!((found.completion.as_deref(), found.part), (Some("one"), Part::Train));
    let message = read(&comparison(2.into(), "train"), Want::Preferences)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("1 not a choice between two summaries (row 1)"),
        "{message}"
    );
    let message = read(&comparison(serde_json::Value::Null, "train"), Want::Queries).unwrap_err();
    assert!(message.to_string().contains("1 no choice (row 1)"), "{message}");
    let axes = serde_json::json!({"info": info, "split": "test", "worker": "w", "batch": "b",
        "summary": {"text": " three", "policy": "ref", "axes": {"overall": 7}}})
    .to_string();
    let found = read(&axes, Want::Queries).unwrap();
    assert_eq!((found.completion.as_deref(), found.part), (Some("three"), Part::Test));
    let message = read(&axes, Want::Preferences).unwrap_err().to_string();
    assert!(message.contains("1 no pair of responses (row 1)"), "{message}");
    let folder = folder_with(&[(
        "batch3.json",
        (comparison(1.into(), "train") + "\n").repeat(2).as_bytes(),
    )]);
    let path = folder.path().join("batch3.json");
    assert_eq!(guess_task(&path).unwrap(), Some(Task::Tldr));
    assert_eq!(read_for(&path, Task::Tldr, Want::Preferences).unwrap().records.len(), 2);
}

#[test]
fn hh_pairs_that_prefer_nothing_are_queries_all_the_same() {
    let transcript = |answer: &str| format!("\n\nHuman: Hi\n\nAssistant:{answer}");
    let equal = pair(&transcript(" a"), &transcript(" a"));
    assert_eq!(one(Task::Hh, &equal), ("Hi".into(), Some("a".into())));
    let refused = |row: &str| read_one(Task::Hh, Want::Preferences, row).unwrap_err().to_string();
    assert!(refused(&equal).contains("1 chosen and rejected are equal (row 1)"));
    assert!(refused(&pair(&transcript(" a"), &transcript(" "))).contains("1 empty answer (row 1)"));
    let alone = serde_json::json!({"chosen": transcript(" a")}).to_string();
    assert!(refused(&alone).contains("1 no pair of responses (row 1)"));
    let found = read_one(Task::Hh, Want::Preferences, &pair(&transcript(" a"), &transcript(" b"))).unwrap();
    assert_eq!(
        (found.query.as_str(), found.preference),
        ("Hi", Some(("a".into(), "b".into())))
    );
    assert_eq!(found.completion, None);
    let bare = pair("Human: Hi\n\nAssistant: a", "Human: Hi\n\nAssistant: b");
    assert_eq!(read_one(Task::Hh, Want::Preferences, &bare).unwrap().query, "Hi");
}
