//! Reading the queries of a data file, and the account of every row.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::Path;

use serde_json::Value;

use super::error::DataError;
use super::jsonl::Lines;
use super::row::{Fields, Parsed, field};
use super::{generic, hh, imdb, tldr};
use crate::grammar::Task;

/// A query of a data file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub text: String,
    /// A reference response for SFT, where the row has one.
    pub response: Option<String>,
    /// Number of the row, from 1, counted through all files read.
    pub row: u64,
}

/// Rows left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub reason: String,
    pub count: u64,
    /// The first such row: its number in its file, from 1.
    pub example_row: u64,
    /// Name of the file of that row, where several were read.
    pub example_file: Option<String>,
    /// The beginning of that row.
    pub example: String,
}

/// What a data file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queries {
    pub queries: Vec<Query>,
    /// All rows: those used and those refused.
    pub rows: u64,
    /// The most frequent reason first.
    pub refused: Vec<Refusal>,
    /// What was detected, for people.
    pub format: String,
}

impl Queries {
    /// Rows that were left out.
    pub fn left_out(&self) -> u64 {
        self.refused.iter().map(|r| r.count).sum()
    }

    /// "1,849 rows read, 1,790 used; left out: 41 empty answer (row 17), ..."
    pub fn summary(&self) -> String {
        let used = thousands(self.queries.len() as u64);
        let rows = if self.rows == 1 { "row" } else { "rows" };
        let mut text = format!("{} {rows} read, {used} used", thousands(self.rows));
        for (i, refusal) in self.refused.iter().enumerate() {
            text += if i == 0 { "; left out: " } else { ", " };
            text += &format!(
                "{} {} (row {}",
                thousands(refusal.count),
                refusal.reason,
                refusal.example_row
            );
            if let Some(file) = &refusal.example_file {
                text += &format!(" of {file}");
            }
            text += ")";
        }
        text
    }

    fn refuse(&mut self, reason: &str, lines: &Lines, line: &[u8]) {
        if let Some(known) = self.refused.iter_mut().find(|r| r.reason == reason) {
            known.count += 1;
            return;
        }
        let name = lines
            .file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        self.refused.push(Refusal {
            reason: reason.to_string(),
            count: 1,
            example_row: lines.row,
            example_file: lines.several.then_some(name),
            example: excerpt(line),
        });
    }
}

/// Reads the queries of a file of JSON lines, gzipped or not, of a folder of such files, or of those that match a `*`
/// in the last part of the path.
///
/// `seed` draws where an IMDb review is cut. Queries of more than `max_query_tokens`, as `count_tokens` has them, are
/// left out and counted, like every row that cannot be used.
pub fn read_queries(
    path: &Path,
    task: Task,
    count_tokens: &dyn Fn(&str) -> usize,
    max_query_tokens: usize,
    seed: u64,
) -> Result<Queries, DataError> {
    let mut lines = Lines::open(path)?;
    let mut found = Queries::default();
    let mut formats: Vec<&'static str> = Vec::new();
    let mut posts = HashSet::new();
    let too_long = format!("query of more than {max_query_tokens} tokens");
    let mut line = Vec::new();
    while lines.next(&mut line)? {
        found.rows += 1;
        let parsed = match understand(&line, task, seed, found.rows) {
            Ok(parsed) => parsed,
            Err(reason) => {
                found.refuse(reason, &lines, &line);
                continue;
            }
        };
        if !formats.contains(&parsed.format) {
            formats.push(parsed.format);
        }
        // Many preference pairs share a post; used once each, a post would be trained on ten times.
        let post = (task == Task::Tldr).then(|| hash(&parsed.query));
        if post.is_some_and(|post| posts.contains(&post)) {
            found.refuse("same post again", &lines, &line);
        } else if count_tokens(&parsed.query) > max_query_tokens {
            found.refuse(&too_long, &lines, &line);
        } else {
            posts.extend(post);
            found.queries.push(Query {
                text: parsed.query,
                response: parsed.response,
                row: found.rows,
            });
        }
    }
    found.refused.sort_by_key(|r| std::cmp::Reverse(r.count));
    let packing = if lines.gzipped {
        "JSON lines, gzip"
    } else {
        "JSON lines"
    };
    found.format = if formats.is_empty() {
        packing.into()
    } else {
        format!("{packing}: {}", formats.join("; "))
    };
    if found.queries.is_empty() {
        let advice = advice(&found, task, &too_long);
        return Err(DataError::NothingUsable {
            path: path.to_path_buf(),
            summary: found.summary(),
            advice,
        });
    }
    Ok(found)
}

/// The task whose rows a file holds, by the fields of its first rows; `None` when they could be of any task.
pub fn guess_task(path: &Path) -> Result<Option<Task>, DataError> {
    let mut lines = Lines::open(path)?;
    let mut line = Vec::new();
    for _ in 0..20 {
        if !lines.next(&mut line)? {
            break;
        }
        let Ok(fields) = fields_of(&line) else { continue };
        let has = |name| field(&fields, &[name]).is_some();
        let is_post = has("prompt")
            && fields["prompt"]
                .as_str()
                .is_some_and(|p| p.trim_start().starts_with("SUBREDDIT:"));
        if is_post || has("summary") && (has("post") || has("content")) {
            return Ok(Some(Task::Tldr));
        }
        if has("text") || has("review") {
            return Ok(Some(Task::Imdb));
        }
        if has("chosen") && hh::read(&fields).is_some_and(|reading| reading.is_ok()) {
            return Ok(Some(Task::Hh));
        }
    }
    Ok(None)
}

/// One row: by the reader of the task, or else as any task may have it.
fn understand(line: &[u8], task: Task, seed: u64, number: u64) -> Result<Parsed, &'static str> {
    let fields = fields_of(line)?;
    let reading = match task {
        Task::Hh => hh::read(&fields).or_else(|| generic::read(&fields).map(|r| r.and_then(hh::flatten_prompt))),
        Task::Imdb => imdb::read(&fields, seed, number).or_else(|| generic::read(&fields)),
        Task::Tldr => tldr::read(&fields).or_else(|| generic::read(&fields)),
    };
    reading.unwrap_or(Err(NO_FIELDS))
}

const NO_FIELDS: &str = "no known fields";
const NOT_JSON: &str = "not JSON";
const NOT_AN_OBJECT: &str = "not an object";

fn fields_of(line: &[u8]) -> Result<Fields, &'static str> {
    if line.iter().all(u8::is_ascii_whitespace) {
        return Err("empty line");
    }
    let line = std::str::from_utf8(line).map_err(|_| "not UTF-8")?;
    match serde_json::from_str(line) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(NOT_AN_OBJECT),
        Err(_) => Err(NOT_JSON),
    }
}

/// What would do, by what stood in the way most often.
fn advice(found: &Queries, task: Task, too_long: &str) -> String {
    let rows = match task {
        Task::Hh => r#"{"chosen": "\n\nHuman: ...\n\nAssistant: ...", "rejected": ...}"#,
        Task::Imdb => r#"{"text": "a review of 200 characters or more"}"#,
        Task::Tldr => {
            r#"{"prompt": "SUBREDDIT: ... TITLE: ... POST: ...", "chosen": ...} or {"post": ..., "summary": ...}"#
        }
    };
    let wanted = format!(
        r#"Task {} reads a row a line, such as {rows}, or {{"query": ...}}"#,
        task.name()
    );
    let Some(first) = found.refused.first() else {
        return format!("The file is empty. {wanted}");
    };
    match first.reason.as_str() {
        reason if reason == too_long => "Raise data.max_query_tokens, or choose shorter queries".to_string(),
        NOT_JSON | NOT_AN_OBJECT if first.example.starts_with('[') => {
            format!("The file looks like one JSON array; `jq -c '.[]'` makes lines of it. {wanted}")
        }
        NO_FIELDS => format!("The first row left out begins {}. {wanted}", first.example),
        _ => wanted,
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The beginning of a line, fit for a screen.
fn excerpt(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(&line[..line.len().min(400)]);
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let short: String = plain.chars().take(80).collect();
    if short.len() < plain.len() || line.len() > 400 {
        short + "…"
    } else {
        short
    }
}

/// 1849 -> "1,849"
fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
