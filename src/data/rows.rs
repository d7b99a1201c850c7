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
    let mut records = Vec::new();
    let mut counter = Counter::new(reading, limit);
    let work = |place: Place, raw: &Raw| {
        let parsed = understand(fields_of(raw)?.as_ref(), reading)?;
        let format = parsed.format;
        let record = parsed.record(reading, place.part, place.file, place.row)?;
        let fits = limit.is_none_or(|limit| (limit.count_tokens)(&record.query) <= limit.max_query_tokens);
        Ok::<_, &'static str>((record, format, fits))
    };
    let files = scan(path, work, |files, place, raw, done| {
        let wanted = done
            .as_ref()
            .map(|(record, format, fits)| (record, *format, *fits))
            .map_err(|e| *e);
        if counter.count(files, place, raw, wanted)
            && let Ok((record, _, _)) = done
        {
            records.push(record);
        }
    })?;
    records.shrink_to_fit();
    let account = counter.finish(path, &files)?;
    Ok(Records { records, account })
}

/// Keeps the account while rows are read.
pub(super) struct Counter<'a> {
    reading: &'a Reading,
    account: Account,
    formats: Vec<&'static str>,
    /// Many preference pairs share a post; as queries used once each, a post would be trained on ten times.
    posts: Option<HashSet<u64>>,
    too_long: String,
}

impl<'a> Counter<'a> {
    pub fn new(reading: &'a Reading, limit: Option<&Limit>) -> Self {
        let too_long = limit.map(|limit| format!("query of more than {} tokens", limit.max_query_tokens));
        let once = reading.task == Task::Tldr && reading.want == Want::Queries;
        Self {
            reading,
            account: Account::default(),
            formats: Vec::new(),
            posts: once.then(HashSet::new),
            too_long: too_long.unwrap_or_default(),
        }
    }

    /// Counts a row: a record, its format and whether its query is within the limit, or why there is none. Whether it
    /// is used.
    pub fn count(
        &mut self,
        files: &[OpenedFile],
        place: Place,
        raw: &Raw,
        wanted: Result<(&Record, &'static str, bool), &'static str>,
    ) -> bool {
        self.account.open(files);
        let Place { file, row, .. } = place;
        self.account.files[file as usize].rows += 1;
        let reason = match wanted {
            Err(reason) => reason,
            Ok((record, format, fits)) => {
                if !self.formats.contains(&format) {
                    self.formats.push(format);
                }
                let post = hash(0, &record.query);
                if self.posts.as_ref().is_some_and(|posts| posts.contains(&post)) {
                    "same post again"
                } else if !fits {
                    &self.too_long
                } else {
                    if let Some(posts) = &mut self.posts {
                        posts.insert(post);
                    }
                    self.account.files[file as usize].used += 1;
                    return true;
                }
            }
        };
        self.account.refuse(reason, file, row, || raw.excerpt());
        false
    }

    /// The account, closed.
    pub fn close(mut self, files: &[OpenedFile]) -> Account {
        self.account.open(files);
        self.account.close(&self.formats);
        self.account
    }

    /// The account, or an error when no row can be used.
    pub fn finish(self, path: &Path, files: &[OpenedFile]) -> Result<Account, DataError> {
        let (reading, too_long) = (self.reading, self.too_long.clone());
        let account = self.close(files);
        if account.used() == 0 {
            return Err(DataError::NothingUsable {
                path: path.to_path_buf(),
                summary: account.summary(),
                advice: advice(&account, reading, &too_long),
            });
        }
        Ok(account)
    }
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
    match first.what.as_str() {
        what if what == too_long => "Raise data.max_query_tokens, or choose shorter queries".to_string(),
        NO_FIELDS => format!("The first row left out begins {}. {wanted}", first.example),
        _ => wanted,
    }
}
