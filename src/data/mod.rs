//! Queries from data files, in the formats in which people have them.
//!
//! `jsonl` gives lines, `hh`, `imdb` and `tldr` know the rows of one task each, `generic` those that any task
//! may have, and `queries` puts them together. A row that cannot be used is counted with its reason, never dropped:
//! used and refused make up all rows.

mod error;
mod generic;
mod hh;
mod imdb;
mod jsonl;
mod pool;
mod queries;
mod row;
mod tldr;

#[cfg(test)]
mod tests;

pub use error::DataError;
pub use pool::{Example, Pool};
pub use queries::{Queries, Query, Refusal, guess_task, read_queries};
