//! Made rows for every reason; the real files, where they are, in `real`.

mod real;

use std::collections::HashSet;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;
use crate::grammar::Task;

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn folder_with(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn read_bytes(task: Task, bytes: &[u8]) -> Result<Queries, DataError> {
    let folder = folder_with(&[("rows.jsonl", bytes)]);
    let found = read_queries(&folder.path().join("rows.jsonl"), task, &words, 50, 7);
    if let Ok(found) = &found {
        assert_eq!(found.queries.len() as u64 + found.left_out(), found.rows);
    }
    found
}

fn read(task: Task, rows: &[&str]) -> Queries {
    read_bytes(task, (rows.join("\n") + "\n").as_bytes()).unwrap()
}

/// Query and response of the only row.
fn one(task: Task, row: &str) -> (String, Option<String>) {
    let mut found = read(task, &[row]);
    assert_eq!(found.rows, 1);
    let query = found.queries.remove(0);
    (query.text, query.response)
}

/// The reason why a row is left out; a good row beside it keeps the file usable.
fn reason(task: Task, row: &str) -> String {
    let found = read(task, &[r#"{"query": "a good one"}"#, row]);
    assert_eq!((found.queries.len(), found.refused.len()), (1, 1), "{row}: {found:?}");
    assert_eq!(found.refused[0].example_row, 2);
    found.refused[0].reason.clone()
}

fn pair(chosen: &str, rejected: &str) -> String {
    serde_json::json!({"chosen": chosen, "rejected": rejected}).to_string()
}

#[test]
fn hh_transcripts_become_queries() {
    let single = pair(
        "\n\nHuman: How  are\nyou?\n\nAssistant: Fine.\n\nAnd you? ",
        "\n\nHuman: How  are\nyou?\n\nAssistant:",
    );
    assert_eq!(
        one(Task::Hh, &single),
        ("How are you?".into(), Some("Fine.\n\nAnd you?".into()))
    );
    let history = "\n\nHuman: Hi\n\nAssistant: Hello.\nWhat now?\n\nHuman: Sing";
    let multi = pair(
        &format!("{history}\n\nAssistant: La"),
        &format!("{history}\n\nAssistant: No"),
    );
    assert_eq!(
        one(Task::Hh, &multi),
        ("Hi assistant: Hello. What now? human: Sing".into(), Some("La".into()))
    );
    let same = pair("\n\nHuman: a\n\nAssistant: b", "\n\nHuman: a\n\nAssistant: b");
    assert_eq!(one(Task::Hh, &same), ("a".into(), Some("b".into())));
    let prompt = serde_json::json!({"prompt": format!("{history}\n\nAssistant:"), "chosen": " La"}).to_string();
    assert_eq!(
        one(Task::Hh, &prompt),
        ("Hi assistant: Hello. What now? human: Sing".into(), Some("La".into()))
    );
    let whole = serde_json::json!({"prompt": history, "chosen": format!("{history}\n\nAssistant: La")}).to_string();
    assert_eq!(one(Task::Hh, &whole), one(Task::Hh, &prompt));
}

#[test]
fn rows_are_left_out_for_a_reason() {
    let hh = |chosen: &str, rejected: &str| reason(Task::Hh, &pair(chosen, rejected));
    let not_shared = "chosen and rejected do not share the prompt";
    assert_eq!(
        hh("\n\nHuman: a\n\nAssistant: b", "\n\nHuman: c\n\nAssistant: b"),
        not_shared
    );
    assert_eq!(hh("\n\nHuman: a\n\nAssistant: b", "nothing"), not_shared);
    assert_eq!(hh("\n\nHuman: a", "\n\nHuman: a"), "no assistant turn");
    assert_eq!(hh("a\n\nAssistant: b", "a\n\nAssistant: b"), "no human turn");
    assert_eq!(
        hh("\n\nHuman: a\n\nAssistant: ", "\n\nHuman: a\n\nAssistant: b"),
        "empty answer"
    );
    assert_eq!(
        hh("\n\nHuman: \n\nAssistant: b", "\n\nHuman: \n\nAssistant: b"),
        "empty query"
    );
    let same_end = "\n\nHuman: a\n\nAssistant: b\n\nHuman: c";
    assert_eq!(hh(same_end, same_end), "ends with a human turn");
    for twice in [
        "\n\nHuman: a\n\nAssistant: b\n\nAssistant: c",
        "\n\nHuman: a\n\nAssistant: b\n\nAssistant: c\n\nHuman: d\n\nAssistant: e",
    ] {
        assert_eq!(hh(twice, twice), "two assistant turns in a row");
    }
    assert_eq!(reason(Task::Hh, r#"{"chosen": ["a"]}"#), "a field is not text");
    for task in Task::ALL {
        assert_eq!(reason(task, "{\"query\": "), "not JSON");
        assert_eq!(reason(task, "[1]"), "not an object");
        assert_eq!(reason(task, r#"{"other": 1}"#), "no known fields");
        assert_eq!(reason(task, r#"{"query": null}"#), "no known fields");
        assert_eq!(reason(task, r#"{"query": 3}"#), "a field is not text");
        assert_eq!(reason(task, r#"{"query": " "}"#), "empty query");
        assert_eq!(reason(task, r#"{"query": "a", "response": ""}"#), "empty answer");
        assert_eq!(reason(task, "  "), "empty line");
        let long = format!("{{\"query\": \"{}\"}}", "word ".repeat(51));
        assert_eq!(reason(task, &long), "query of more than 50 tokens");
        assert_eq!(one(task, &long.replacen("word ", "", 1)).0.len(), 249);
    }
    let not_utf8 = read_bytes(Task::Hh, b"{\"query\": \"a\"}\n{\"query\": \"\xff\"}\n").unwrap();
    assert_eq!(not_utf8.summary(), "2 rows read, 1 used; left out: 1 not UTF-8 (row 2)");
}

#[test]
fn imdb_reviews_are_cut_into_query_and_continuation() {
    let sentence = "I saw it\u{85} <br /><br />It\u{92}s <BR>a \u{93}great\u{94} film \u{96} really.\tYes! ";
    let review = serde_json::json!({"text": sentence.repeat(12), "label": 1}).to_string();
    let rows: Vec<&str> = vec![&review; 200];
    let found = read(Task::Imdb, &rows);
    let clean = "I saw it... It's a \"great\" film - really. Yes!";
    let mut lengths = HashSet::new();
    for query in &found.queries {
        lengths.insert(words(&query.text));
        let response = query.response.as_deref().unwrap();
        let whole = format!("{} {response}", query.text);
        assert!([clean; 12].join(" ").starts_with(&whole), "{whole}");
        assert!(words(response) <= 60 && response.ends_with(['.', '!']), "{response}");
    }
    assert_eq!(lengths, (2..=8).collect());
    assert_eq!(read(Task::Imdb, &rows), found);
    assert_eq!(
        reason(Task::Imdb, r#"{"review": "Short."}"#),
        "review under 200 characters"
    );
    assert_eq!(
        reason(Task::Imdb, &format!("{{\"text\": \"{}\"}}", "x".repeat(300))),
        "empty answer"
    );
    let (_, endless) = one(Task::Imdb, &format!("{{\"text\": \"{}\"}}", "no end ".repeat(100)));
    assert_eq!(words(&endless.unwrap()), 60);
}

#[test]
fn tldr_posts_are_used_once() {
    let post = "SUBREDDIT: r/a TITLE: b POST: c\n\nd";
    let row = |prompt: &str, chosen: &str| {
        serde_json::json!({"prompt": prompt, "chosen": chosen, "rejected": "TL;DR: no"}).to_string()
    };
    let first = row(&format!("{post}\n\nTL;DR:"), "TL;DR: one");
    let (empty, again, other) = (row(post, "TL;DR: "), row(post, "two"), row("SUBREDDIT: r/b", "three"));
    let found = read(Task::Tldr, &[&empty, &first, &again, &again, &other]);
    assert_eq!(
        found.queries,
        [
            Query {
                text: post.into(),
                response: Some("one".into()),
                row: 2
            },
            Query {
                text: "SUBREDDIT: r/b".into(),
                response: Some("three".into()),
                row: 5
            }
        ]
    );
    assert_eq!(
        found.summary(),
        "5 rows read, 2 used; left out: 2 same post again (row 3), 1 empty answer (row 1)"
    );
    for name in ["post", "content"] {
        let row = format!("{{\"{name}\": \"a b\", \"summary\": \"c\"}}");
        assert_eq!(one(Task::Tldr, &row), ("a b".into(), Some("c".into())));
    }
}

#[test]
fn any_task_takes_plain_queries() {
    for task in Task::ALL {
        assert_eq!(
            one(task, r#"{"query": " Hi ", "response": " Yo "}"#),
            ("Hi".into(), Some("Yo".into()))
        );
        assert_eq!(
            one(task, r#"{"prompt": "Hi", "completion": "Yo"}"#),
            ("Hi".into(), Some("Yo".into()))
        );
        assert_eq!(
            one(task, r#"{"prompt": "Hi", "chosen": "Yo"}"#),
            ("Hi".into(), Some("Yo".into()))
        );
        assert_eq!(one(task, r#"{"prompt": "Hi", "response": null}"#), ("Hi".into(), None));
    }
    let twice = read(Task::Hh, &[r#"{"query": "a"}"#; 2]);
    assert_eq!(twice.summary(), "2 rows read, 2 used");
}

#[test]
fn gzip_is_known_by_its_content_and_may_have_several_members() {
    let (a, b) = ("{\"query\": \"a\"}\r\n", "{\"query\": \"b\"}");
    let folder = folder_with(&[
        ("two.jsonl", &[gzip(a), gzip(b)].concat()),
        ("one.jsonl.gz", "\u{feff}{\"query\": \"c\"}".as_bytes()),
        ("NOTES", b"no data"),
    ]);
    let read = |name: &str| read_queries(&folder.path().join(name), Task::Hh, &words, 50, 0);
    let texts = |found: &Queries| {
        found
            .queries
            .iter()
            .map(|q| (q.row, q.text.clone()))
            .collect::<Vec<_>>()
    };
    let two = read("two.jsonl").unwrap();
    assert_eq!(texts(&two), [(1, "a".into()), (2, "b".into())]);
    assert_eq!(two.format, "JSON lines, gzip: queries (query or prompt)");
    for all in ["", "*.jsonl*"] {
        assert_eq!(
            texts(&read(all).unwrap()),
            [(1, "c".into()), (2, "a".into()), (3, "b".into())]
        );
    }
    std::fs::write(
        folder.path().join("two.jsonl"),
        [gzip(a), b"no gzip member at all".to_vec()].concat(),
    )
    .unwrap();
    let here = folder.path().display();
    assert_eq!(
        read("two.jsonl").unwrap_err().to_string(),
        format!("{here}/two.jsonl: row 2: the gzip stream is broken here (invalid gzip header); fetch the file again")
    );
    let whole = gzip(&a.repeat(50_000));
    std::fs::write(folder.path().join("two.jsonl"), &whole[..whole.len() / 2]).unwrap();
    let message = read("two.jsonl").unwrap_err().to_string();
    assert!(
        message.ends_with(": the gzip stream is cut off here; fetch the file again"),
        "{message}"
    );
    assert_ne!(message.split(": row ").nth(1).unwrap().split(':').next().unwrap(), "1");
}

#[test]
fn rows_of_several_files_are_named_by_file() {
    let folder = folder_with(&[
        ("a.jsonl", b"{\"query\": \"a\"}\n"),
        ("b.jsonl", b"{\"query\": \"b\"}\n{}\n"),
    ]);
    let found = read_queries(folder.path(), Task::Hh, &words, 50, 0).unwrap();
    assert_eq!(
        found.summary(),
        "3 rows read, 2 used; left out: 1 no known fields (row 2 of b.jsonl)"
    );
    assert_eq!(found.refused[0].example, "{}");
}

#[test]
fn a_file_without_queries_says_what_would_do() {
    let refused = |bytes: &[u8]| {
        let message = read_bytes(Task::Imdb, bytes).unwrap_err().to_string();
        message.split_once("rows.jsonl: ").unwrap().1.to_string()
    };
    let rows =
        "Task imdb reads a row a line, such as {\"text\": \"a review of 200 characters or more\"}, or {\"query\": ...}";
    assert_eq!(
        refused(b""),
        format!("no query that can be used: 0 rows read, 0 used. The file is empty. {rows}")
    );
    assert_eq!(
        refused(b"[{\"query\": \"a\"}]\n"),
        format!(
            "no query that can be used: 1 row read, 0 used; left out: 1 not an object (row 1). The file looks like one JSON \
             array; `jq -c '.[]'` makes lines of it. {rows}"
        )
    );
    assert_eq!(
        refused(b"{\"turns\": [\"a\"]}\n"),
        format!(
            "no query that can be used: 1 row read, 0 used; left out: 1 no known fields (row 1). The first row left out \
             begins {{\"turns\": [\"a\"]}}. {rows}"
        )
    );
    assert_eq!(
        refused(format!("{{\"query\": \"{}\"}}", "a ".repeat(60)).as_bytes()),
        "no query that can be used: 1 row read, 0 used; left out: 1 query of more than 50 tokens (row 1). Raise \
         data.max_query_tokens, or choose shorter queries"
    );
    assert_eq!(
        refused(b"{\"text\": \"Short.\"}\n"),
        format!(
            "no query that can be used: 1 row read, 0 used; left out: 1 review under 200 characters (row 1). {rows}"
        )
    );
}

#[test]
fn a_path_that_leads_nowhere_says_what_is_near() {
    let folder = folder_with(&[("train.jsonl", b""), ("notes.md", b"")]);
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let here = folder.path().display().to_string();
    let refused = |name: &str| {
        let message = read_queries(&folder.path().join(name), Task::Hh, &words, 50, 0)
            .unwrap_err()
            .to_string();
        message.strip_prefix(&here).unwrap().to_string()
    };
    assert_eq!(
        refused("tarin.jsonl"),
        "/tarin.jsonl: no such file; did you mean 'train.jsonl'?"
    );
    assert_eq!(refused("zzz"), "/zzz: no such file");
    assert_eq!(
        refused("*.gz"),
        "/*.gz: no file matches; there are: empty, notes.md, train.jsonl"
    );
    assert_eq!(
        refused("empty"),
        "/empty: no file in this folder ends in .jsonl, .ndjson, .json, .jsonl.gz, .ndjson.gz, .json.gz; it is empty or not \
         there"
    );
}
