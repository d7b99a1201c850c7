use std::collections::HashSet;
use std::io::Read;
use std::path::PathBuf;

use super::*;

/// The folder of real files, or `None` with a word about it.
fn real() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !folder.is_dir() {
        println!("skipped: no ../shared/data");
        return None;
    }
    Some(folder)
}

fn count_lines(path: &Path) -> u64 {
    let mut text = Vec::new();
    let bytes = std::fs::read(path).unwrap();
    if path.extension().is_some_and(|e| e == "gz") {
        flate2::read::MultiGzDecoder::new(bytes.as_slice())
            .read_to_end(&mut text)
            .unwrap();
    } else {
        text = bytes;
    }
    let ends = text.iter().filter(|b| **b == b'\n').count() as u64;
    // The last line need not end.
    ends + u64::from(text.last().is_some_and(|b| *b != b'\n'))
}

/// The rows of a file by another way: lines, and for the table, lines but the header.
fn expected_rows(path: &Path) -> u64 {
    count_lines(path) - u64::from(path.extension().is_some_and(|e| e == "csv"))
}

#[test]
fn every_row_of_the_real_files_is_accounted_for() {
    let Some(folder) = real() else { return };
    let files = [
        (Some(Task::Hh), "hh/harmless-base.jsonl.gz"),
        (Some(Task::Hh), "hh/helpful-base.jsonl.gz"),
        (Some(Task::Hh), "hh/helpful-online.jsonl.gz"),
        (Some(Task::Hh), "hh/helpful-rejection-sampled.jsonl.gz"),
        (Some(Task::Imdb), "imdb/reviews.jsonl.gz"),
        (Some(Task::Tldr), "tldr/preference.jsonl.gz"),
        (Some(Task::Tldr), "tldr/instructgpt_tldr_100.jsonl"),
        (None, "queries/advbench_harmful_behaviors.csv"),
        (None, "queries/vicuna_question.jsonl"),
    ];
    let limit = Limit {
        count_tokens: &words,
        max_query_tokens: 256,
    };
    for (task, name) in files {
        let path = folder.join(name);
        assert_eq!(guess_task(&path).unwrap(), task, "{name}");
        let task = task.unwrap_or(Task::Hh);
        for want in [Want::Queries, Want::Labels, Want::Preferences] {
            let account = match read_rows(&path, &Reading::of(task, want), Some(&limit)) {
                Ok(found) => {
                    check(name, task, want, &found);
                    found.account
                }
                // The file holds nothing of the kind; the count of its rows is in the message.
                Err(error) => {
                    let rows = thousands(expected_rows(&path));
                    assert!(
                        error.to_string().contains(&format!("{rows} rows read, 0 used")),
                        "{name}: {error}"
                    );
                    continue;
                }
            };
            println!("{name}, {want:?}: {}: {}", account.format, account.summary());
            assert_eq!(account.rows(), expected_rows(&path), "{name}");
            add_up(&account);
        }
    }
    let read = |path: PathBuf| read_rows(&path, &Reading::of(Task::Hh, Want::Queries), Some(&limit)).unwrap();
    let all = read(folder.join("hh/*.jsonl.gz"));
    println!("hh/*.jsonl.gz: {}", all.account.summary());
    assert_eq!(all, read(folder.join("hh")));
}

fn check(name: &str, task: Task, want: Want, found: &Records) {
    let mut seen = HashSet::new();
    for record in &found.records {
        let text = record.query.as_str();
        assert!(!text.trim().is_empty() && words(text) <= 256, "{name}: {record:?}");
        let preference = record
            .preference
            .iter()
            .flat_map(|(chosen, rejected)| [chosen, rejected]);
        let responses: Vec<&str> = record.completion.iter().chain(preference).map(String::as_str).collect();
        let wanted = match want {
            Want::Queries => record.preference.is_none(),
            Want::Labels => record.label.is_some() && responses.len() == 1,
            Want::Preferences => responses.len() == 2 && responses[0] != responses[1],
        };
        assert!(
            wanted && responses.iter().all(|y| !y.trim().is_empty()),
            "{name}: {record:?}"
        );
        let has = |wrong: &dyn Fn(&str) -> bool| wrong(text) || responses.iter().any(|y| wrong(y));
        match task {
            Task::Hh => assert!(
                !has(&|y| y.contains("\n\nHuman:")) && !text.contains('\n'),
                "{name}: {record:?}"
            ),
            Task::Imdb => {
                assert!((2..=8).contains(&words(text)), "{name}: {record:?}");
                assert!(
                    !has(&|y| y.contains(char::is_control) || y.contains("<br")),
                    "{name}: {record:?}"
                );
            }
            Task::Tldr => {
                assert!(want != Want::Queries || seen.insert(text), "{name}: {record:?}");
                assert!(!text.ends_with("TL;DR:"), "{name}: {record:?}");
                assert!(responses.iter().all(|y| !y.starts_with("TL;DR:")), "{name}: {record:?}");
            }
        }
    }
}

#[test]
fn no_query_of_the_real_files_is_on_both_sides() {
    let Some(folder) = real() else { return };
    for (task, name) in [
        (Task::Hh, "hh"),
        (Task::Imdb, "imdb/reviews.jsonl.gz"),
        (Task::Tldr, "tldr/preference.jsonl.gz"),
    ] {
        for want in [Want::Queries, Want::Preferences, Want::Labels] {
            let Ok(found) = read_rows(&folder.join(name), &Reading::of(task, want), None) else {
                continue;
            };
            let all = found.records.len();
            let sides = Sides::of(found.records, 0.1, 0);
            let queries = |side: &[Record]| side.iter().map(|r| normalise(&r.query)).collect::<HashSet<_>>();
            assert!(queries(&sides.train).is_disjoint(&queries(&sides.held_out)));
            assert_eq!(sides.train.len() + sides.held_out.len(), all);
            println!("{name}, {want:?}: {} and {}", sides.train.len(), sides.held_out.len());
        }
    }
}
