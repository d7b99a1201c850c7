use std::io::Read;
use std::path::{Path, PathBuf};

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
    text.iter().filter(|b| **b == b'\n').count() as u64
}

#[test]
fn every_row_of_the_real_files_is_accounted_for() {
    let Some(folder) = real() else { return };
    let files = [
        (Task::Hh, "hh/harmless-base.jsonl.gz"),
        (Task::Hh, "hh/helpful-base.jsonl.gz"),
        (Task::Hh, "hh/helpful-online.jsonl.gz"),
        (Task::Hh, "hh/helpful-rejection-sampled.jsonl.gz"),
        (Task::Imdb, "imdb/reviews.jsonl.gz"),
        (Task::Tldr, "tldr/preference.jsonl.gz"),
        (Task::Tldr, "tldr/instructgpt_tldr_100.jsonl"),
    ];
    for (task, name) in files {
        let path = folder.join(name);
        let found = read_queries(&path, task, &words, 256, 1).unwrap();
        println!("{name}: {}: {}", found.format, found.summary());
        assert_eq!(found.rows, count_lines(&path), "{name}");
        assert_eq!(found.queries.len() as u64 + found.left_out(), found.rows, "{name}");
        assert_eq!(guess_task(&path).unwrap(), Some(task), "{name}");
        let mut seen = HashSet::new();
        for query in &found.queries {
            let (text, response) = (query.text.as_str(), query.response.as_deref().unwrap());
            assert!(
                !text.trim().is_empty() && !response.trim().is_empty(),
                "{name}: {query:?}"
            );
            assert!(words(text) <= 256, "{name}: {query:?}");
            match task {
                Task::Hh => assert!(
                    !text.contains('\n') && !response.contains("\n\nHuman:"),
                    "{name}: {query:?}"
                ),
                Task::Imdb => {
                    assert!(
                        (2..=8).contains(&words(text)) && words(response) <= 60,
                        "{name}: {query:?}"
                    );
                    let odd = |c: char| c.is_control() || c == '\u{96}';
                    assert!(!text.contains(odd) && !response.contains(odd), "{name}: {query:?}");
                    assert!(!text.contains("<br") && !response.contains("<br"), "{name}: {query:?}");
                }
                Task::Tldr => {
                    assert!(seen.insert(text), "{name}: {query:?}");
                    assert!(
                        !response.starts_with("TL;DR:") && !text.ends_with("TL;DR:"),
                        "{name}: {query:?}"
                    );
                }
            }
        }
    }
    let all = read_queries(&folder.join("hh/*.jsonl.gz"), Task::Hh, &words, 256, 1).unwrap();
    println!("hh/*.jsonl.gz: {}", all.summary());
    assert_eq!(all, read_queries(&folder.join("hh"), Task::Hh, &words, 256, 1).unwrap());
    let questions = read_queries(&folder.join("queries/vicuna_question.jsonl"), Task::Hh, &words, 256, 1);
    println!("{}", questions.unwrap_err());
}
