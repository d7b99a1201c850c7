//! Why a data file gives no queries.

use std::path::PathBuf;

/// What is wrong with a data file as a whole. Rows that cannot be used are not errors but [`super::Refusal`]s.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// No file has this name or matches this pattern.
    #[error("{}: {message}", path.display())]
    NoFile { path: PathBuf, message: String },
    /// A file stopped being readable, for example a gzip stream that was cut off.
    #[error("{}: row {row}: {message}", path.display())]
    Unreadable { path: PathBuf, row: u64, message: String },
    /// All queries are test queries.
    #[error("{}: nothing is left to train on: {summary}. All of its queries are held out; give other files in data.test, or \
             set data.held_out lower", path.display())]
    NothingToTrainOn { path: PathBuf, summary: String },
    /// All queries are training queries, or the test queries have all been left out.
    #[error(
        "{}: nothing is held out to evaluate on: {summary}. Give more queries, or others in data.test, or set \
         eval.every = 0, which never evaluates",
        path.display()
    )]
    NothingHeldOut { path: PathBuf, summary: String },
    /// Everything was read and nothing can be used.
    #[error("{}: no query that can be used: {summary}. {advice}", path.display())]
    NothingUsable {
        path: PathBuf,
        summary: String,
        advice: String,
    },
}
