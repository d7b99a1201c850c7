//! The files that a path stands for, and which part of the data each is by its name.

use std::path::{Path, PathBuf};

use super::error::DataError;
use super::record::Part;
use crate::config::{list_names, matches_pattern, near_name};

/// The endings of the files that a folder is searched for; each also with `.gz`, but for Parquet.
const ENDINGS: [&str; 7] = [".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".parq"];

/// Folders in folders are searched this far: `data/harmless-base/train.jsonl.gz`.
const DEEPEST: usize = 4;

/// The folders of the IMDb tree, which hold a review a file.
const REVIEWS: [&str; 3] = ["pos", "neg", "unsup"];

/// A file of rows, or a folder with a review a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub path: PathBuf,
    pub part: Part,
    pub reviews: bool,
}

/// The files of a path in order of name: a file, the data files in and under a folder, or all that match a `*` in the
/// last part of the path.
pub(super) fn expand(path: &Path) -> Result<Vec<Source>, DataError> {
    let no_file = |message: String| DataError::NoFile {
        path: path.to_path_buf(),
        message,
    };
    if path.is_dir() {
        let mut found = Vec::new();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if REVIEWS.contains(&name.as_ref()) && has_reviews(path) {
            found.push(Source {
                path: path.to_path_buf(),
                part: Part::Train,
                reviews: true,
            });
        } else {
            search(path, Part::Train, 0, &mut found);
        }
        if found.is_empty() {
            let endings = ENDINGS.join(", ");
            let there = there(path);
            return Err(no_file(format!(
                "no file in or under this folder ends in {endings}{there}"
            )));
        }
        return Ok(found);
    }
    let file = |path: PathBuf| Source {
        part: part_of_file(&path),
        path,
        reviews: false,
    };
    if path.exists() {
        return Ok(vec![file(path.to_path_buf())]);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.contains('*') {
        let names = list_names(folder)
            .into_iter()
            .filter(|other| matches_pattern(&name, other));
        let files = names.map(|name| folder.join(name)).filter(|path| path.is_file());
        let files: Vec<Source> = files.map(file).collect();
        if !files.is_empty() {
            return Ok(files);
        }
        return Err(no_file(format!("no file matches{}", there(folder))));
    }
    let near = near_name(&name, list_names(folder).iter().map(String::as_str))
        .map(|near| format!("; did you mean '{near}'?"))
        .unwrap_or_default();
    Err(no_file(format!("no such file{near}")))
}

fn search(folder: &Path, part: Part, depth: usize, found: &mut Vec<Source>) {
    for name in list_names(folder) {
        let path = folder.join(&name);
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            let part = part_of_word(&name).unwrap_or(part);
            if REVIEWS.contains(&name.as_str()) && has_reviews(&path) {
                found.push(Source {
                    path,
                    part,
                    reviews: true,
                });
            } else if depth < DEEPEST {
                search(&path, part, depth + 1, found);
            }
        } else if is_data(&name) {
            let part = part.max(part_of_file(&path));
            found.push(Source {
                path,
                part,
                reviews: false,
            });
        }
    }
}

fn is_data(name: &str) -> bool {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn has_reviews(folder: &Path) -> bool {
    list_names(folder).iter().any(|name| name.ends_with(".txt"))
}

/// `train-00000-of-00001.parquet`, `test.jsonl.gz`, ...
fn part_of_file(path: &Path) -> Part {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.find_map(part_of_word).unwrap_or_default()
}

/// `train`, `test`, `valid1`, ...; `None`: the word names no part.
pub(super) fn part_of_word(word: &str) -> Option<Part> {
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit()).to_ascii_lowercase();
    match word.as_str() {
        "train" | "training" => Some(Part::Train),
        "test" | "testing" | "valid" | "validation" | "val" | "dev" | "eval" | "heldout" => Some(Part::Test),
        _ => None,
    }
}

/// "; there are: a, b"
fn there(folder: &Path) -> String {
    let names = list_names(folder);
    match names.len() {
        0 => "; it is empty or not there".to_string(),
        n => format!(
            "; there are: {}{}",
            names[..n.min(8)].join(", "),
            if n > 8 { ", ..." } else { "" }
        ),
    }
}
