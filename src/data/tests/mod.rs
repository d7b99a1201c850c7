//! Made rows for every reason; the real files, where they are, in `real`.

mod containers;
mod parts;
mod real;
mod schemas;
mod tasks;

use std::io::Write;
use std::path::Path;

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

/// Queries of at most 50 words.
fn read_queries(path: &Path, task: Task) -> Result<Records, DataError> {
    read_for(path, task, Want::Queries)
}

fn read_for(path: &Path, task: Task, want: Want) -> Result<Records, DataError> {
    let limit = Limit {
        count_tokens: &words,
        max_query_tokens: 50,
    };
    let found = read_rows(path, &Reading::of(task, want), Some(&limit));
    if let Ok(found) = &found {
        add_up(&found.account);
        assert_eq!(found.records.len() as u64, found.account.used());
    }
    found
}

/// Used and refused make up all rows, of every file.
fn add_up(account: &Account) {
    for file in &account.files {
        assert_eq!(file.used + file.refused, file.rows, "{file:?}");
    }
    assert_eq!(account.used() + account.left_out(), account.rows());
}

fn read_bytes(task: Task, bytes: &[u8]) -> Result<Records, DataError> {
    let folder = folder_with(&[("rows.jsonl", bytes)]);
    read_queries(&folder.path().join("rows.jsonl"), task)
}

fn read(task: Task, rows: &[&str]) -> Records {
    read_bytes(task, (rows.join("\n") + "\n").as_bytes()).unwrap()
}

fn read_one(task: Task, want: Want, row: &str) -> Result<Record, DataError> {
    let folder = folder_with(&[("rows.jsonl", row.as_bytes())]);
    let mut found = read_for(&folder.path().join("rows.jsonl"), task, want)?;
    Ok(found.records.remove(0))
}

/// Query and response of the only row.
fn one(task: Task, row: &str) -> (String, Option<String>) {
    let mut found = read(task, &[row]);
    assert_eq!(found.account.rows(), 1);
    let record = found.records.remove(0);
    (record.query, record.completion)
}

/// The reason why a row is left out; a good row beside it keeps the file usable.
fn reason(task: Task, row: &str) -> String {
    let found = read(task, &[r#"{"query": "a good one"}"#, row]);
    let refused = &found.account.refused;
    assert_eq!((found.records.len(), refused.len()), (1, 1), "{row}: {found:?}");
    assert_eq!(refused[0].example_row, 2);
    refused[0].what.clone()
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
    assert_eq!(
        reason(Task::Hh, r#"{"chosen": ["a"]}"#),
        "a turn is not {role, content}"
    );
    assert_eq!(reason(Task::Hh, r#"{"chosen": 3}"#), "a field is not text");
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
    assert_eq!(
        not_utf8.account.summary(),
        "2 rows read, 1 used; left out: 1 not UTF-8 (row 2)"
    );
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
    assert_eq!(twice.account.summary(), "2 rows read, 2 used");
}

#[test]
fn a_file_without_queries_says_what_would_do() {
    let refused = |bytes: &[u8]| {
        let message = read_bytes(Task::Imdb, bytes).unwrap_err().to_string();
        message.split_once("rows.jsonl: ").unwrap().1.to_string()
    };
    let rows = "Task imdb reads rows such as {\"text\": \"a review of 200 characters or more\"}, or {\"query\": ...}";
    assert_eq!(
        refused(b""),
        format!("no query that can be used: 0 rows read, 0 used. The file is empty. {rows}")
    );
    assert_eq!(
        refused(b"{\"other\": [\"a\"]}\n"),
        format!(
            "no query that can be used: 1 row read, 0 used; left out: 1 no known fields (row 1). The first row left out \
             begins {{\"other\": [\"a\"]}}. {rows}"
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
        let message = read_queries(&folder.path().join(name), Task::Hh)
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
        "/empty: no file in or under this folder ends in .jsonl, .ndjson, .json, .csv, .tsv, .parquet, .parq; it is empty \
         or not there"
    );
}
