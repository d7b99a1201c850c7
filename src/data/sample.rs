//! A few rows of a file, drawn by a seed.

use std::path::Path;

use super::account::Account;
use super::error::DataError;
use super::record::{Reading, Want};
use super::rows::Counter;
use super::split::hash;
use super::stream::{Place, scan};
use super::understand::{fields_of, understand};
use crate::grammar::Task;

/// All that a row was understood to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampled {
    pub file: u32,
    /// Number of the row in its file, from 1.
    pub row: u64,
    pub query: String,
    /// The response, and of two the preferred one.
    pub completion: Option<String>,
    pub rejected: Option<String>,
    pub label: Option<bool>,
}

/// Draws `n` of the rows that can be used as queries, however long; in the order of the files and their rows. Only the
/// drawn rows are held in memory.
///
/// # Errors
/// As [`super::read_rows`].
pub fn sample(path: &Path, task: Task, n: usize, seed: u64) -> Result<(Vec<Sampled>, Account), DataError> {
    let reading = Reading::of(task, Want::Queries);
    let mut counter = Counter::new(&reading, None);
    let mut drawn: Vec<(u64, Sampled)> = Vec::new();
    let work = |place: Place, raw: &super::container::Raw| {
        let parsed = understand(fields_of(raw)?.as_ref(), &reading)?;
        let sampled = Sampled {
            file: place.file,
            row: place.row,
            query: parsed.query.clone(),
            completion: parsed.completion.clone(),
            rejected: parsed.rejected.clone(),
            label: parsed.label,
        };
        let format = parsed.format;
        let record = parsed.record(&reading, place.part, place.file, place.row)?;
        Ok::<_, &'static str>((record, format, sampled))
    };
    let files = scan(path, work, |files, place, raw, done| {
        let wanted = done
            .as_ref()
            .map(|(record, format, _)| (record, *format, true))
            .map_err(|e| *e);
        let used = counter.count(files, place, raw, wanted);
        if let (true, Ok((_, _, sampled))) = (used, done) {
            let rank = hash(seed, &format!("{} {}", place.file, place.row));
            if drawn.len() < n || drawn.last().is_some_and(|(last, _)| rank < *last) {
                let at = drawn.partition_point(|(other, _)| *other < rank);
                drawn.insert(at, (rank, sampled));
                drawn.truncate(n);
            }
        }
    })?;
    let account = counter.finish(path, &files)?;
    let mut rows: Vec<Sampled> = drawn.into_iter().map(|(_, sampled)| sampled).collect();
    rows.sort_by_key(|row| (row.file, row.row));
    Ok((rows, account))
}
