//! Rows of data files, in the formats in which people have them.
//!
//! `files` finds files, `container` gives their rows one at a time, `hh`, `imdb`, `tldr` and `generic` know what rows of
//! one kind say, `rows` puts them together, `split` keeps training and test queries apart, and `pool` holds the queries
//! of a run. A row that cannot be used is counted with its reason, never dropped: used and refused make up all rows.

mod account;
mod container;
mod defects;
mod dialogue;
mod error;
mod files;
mod generic;
mod hh;
mod imdb;
mod inspect;
mod order;
mod pairs;
mod pool;
mod record;
mod row;
mod rows;
mod sample;
mod split;
mod stream;
mod tldr;
mod understand;

#[cfg(test)]
mod tests;

pub use account::{Account, FileAccount, Finding, thousands};
pub use error::DataError;
pub use inspect::{Inspect, Inspection, Lengths, Parts, SplitCounts, inspect};
pub use pairs::{Pairs, Preference};
pub use pool::{Example, Needs, Pool, PoolError, Query};
pub use record::{Limit, Part, Reading, Record, Want};
pub use rows::{Records, read_rows};
pub use sample::{Sampled, sample};
pub use split::{Sides, is_held_out, normalise};
pub use understand::guess_task;
