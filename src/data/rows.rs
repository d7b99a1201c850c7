//! Reading the rows of data files, and the account of every row.

use std::collections::HashSet;
use std::path::Path;

use super::account::{Account, FileAccount};
use super::container::Raw;
use super::error::DataError;
use super::record::{Limit, Reading, Record, Want};
use super::split::hash;
use super::stream::{OpenedFile, Place, scan};
use super::understand::{NO_FIELDS, fields_of, understand};
use crate::grammar::Task;

/// What data files hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// In the order of the files and their rows.
    pub records: Vec<Record>,
    pub account: Account,
}

/// Reads a file of rows (JSON lines, JSON, CSV, TSV, Parquet; gzipped or not), a folder of them, the IMDb tree, or the
/// files that match a `*` in the last part of the path.
///
/// A row that cannot be used as `reading` wants it, and one whose query is over the `limit`, is counted with its reason:
/// used and refused make up all rows. Rows are parsed and their tokens counted on all threads; the records come in the
/// order of the rows.
///
/// # Errors
/// When no file is found, when one cannot be read to its end, and when no row at all can be used.
pub fn read_rows(path: &Path, reading: &Reading, limit: Option<&Limit>) -> Result<Records, DataError> {
    let mut found = Records::default();
    let mut formats: Vec<&'static str> = Vec::new();
    let mut posts = HashSet::new();
    let too_long = limit.map(|limit| format!("query of more than {} tokens", limit.max_query_tokens));
    let too_long = too_long.as_deref().unwrap_or_default();
    // Many preference pairs share a post; as queries used once each, a post would be trained on ten times.
    let once = reading.task == Task::Tldr && reading.want == Want::Queries;
    let work = |place: Place, raw: &Raw| {
        let parsed = understand(fields_of(raw)?.as_ref(), reading)?;
        let format = parsed.format;
        let record = parsed.record(reading, place.part, place.file, place.row)?;
        let fits = limit.is_none_or(|limit| (limit.count_tokens)(&record.query) <= limit.max_query_tokens);
        Ok::<_, &'static str>((record, format, fits))
    };
    let files = scan(path, work, |files, place, raw, done| {
        found.account.open(files);
        let Place { file, row, .. } = place;
        let account = &mut found.account;
        account.files[file as usize].rows += 1;
        match done {
            Err(reason) => account.refuse(reason, file, row, || raw.excerpt()),
            Ok((record, format, fits)) => {
                if !formats.contains(&format) {
                    formats.push(format);
                }
                let post = once.then(|| hash(0, &record.query));
                if post.is_some_and(|post| posts.contains(&post)) {
                    account.refuse("same post again", file, row, || raw.excerpt());
                } else if !fits {
                    account.refuse(too_long, file, row, || raw.excerpt());
                } else {
                    posts.extend(post);
                    account.files[file as usize].used += 1;
                    found.records.push(record);
                }
            }
        }
    })?;
    found.account.open(&files);
    found.account.close(&formats);
    found.records.shrink_to_fit();
    if found.records.is_empty() {
        return Err(DataError::NothingUsable {
            path: path.to_path_buf(),
            summary: found.account.summary(),
            advice: advice(&found.account, reading, too_long),
        });
    }
    Ok(found)
}

impl Account {
    /// Enters files that were opened since.
    pub(super) fn open(&mut self, files: &[OpenedFile]) {
        for file in &files[self.files.len().min(files.len())..] {
            self.files.push(FileAccount {
                path: file.path.clone(),
                container: file.container.clone(),
                rows: 0,
                used: 0,
                refused: 0,
            });
        }
    }
}

/// What would do, by what stood in the way most often.
fn advice(account: &Account, reading: &Reading, too_long: &str) -> String {
    let rows = match (reading.task, reading.want) {
        (Task::Imdb, Want::Labels) => r#"{"text": "a review", "label": 1}"#,
        (_, Want::Labels) => r#"{"prompt": ..., "completion": ..., "label": true}"#,
        (Task::Hh, _) => r#"{"chosen": "\n\nHuman: ...\n\nAssistant: ...", "rejected": ...}"#,
        (Task::Imdb, Want::Queries) => r#"{"text": "a review of 200 characters or more"}"#,
        (Task::Imdb, Want::Preferences) => r#"{"prompt": ..., "chosen": ..., "rejected": ...}"#,
        (Task::Tldr, Want::Queries) => {
            r#"{"prompt": "SUBREDDIT: ... TITLE: ... POST: ...", "chosen": ...} or {"post": ..., "summary": ...}"#
        }
        (Task::Tldr, Want::Preferences) => {
            r#"{"prompt": "SUBREDDIT: ... TITLE: ... POST: ...", "chosen": ..., "rejected": ...}"#
        }
    };
    let plain = match reading.want {
        Want::Queries => r#", or {"query": ...}"#,
        Want::Labels | Want::Preferences => "",
    };
    let wanted = format!("Task {} reads rows such as {rows}{plain}", reading.task.name());
    let Some(first) = account.refused.first() else {
        return format!("The file is empty. {wanted}");
    };
    match first.reason.as_str() {
        reason if reason == too_long => "Raise data.max_query_tokens, or choose shorter queries".to_string(),
        NO_FIELDS => format!("The first row left out begins {}. {wanted}", first.example),
        _ => wanted,
    }
}
