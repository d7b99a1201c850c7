//! A run on disk: one folder that one process writes and any number of processes read at the same time.
//!
//! ```text
//! <runs>/<name>/
//!     run.db                             every record of the run, an SQLite database in WAL mode
//!     judgements.db                      what judges and people say of its policy beside others, if anything
//!     steer.db                           commands of other processes, and which of them steers; once one did
//!     run.lock                           held by the process that writes; its text is that process's id
//!     labels.toml                        tags and a note, replaced whole by whoever edits them
//!     checkpoints/step-000040.safetensors    adapter, optimizer moments and everything else `resume` needs
//! ```
//!
//! [`Store`] is the one writer, [`Reader`] everyone else. A reader follows a run by its `events` table: rows in the order
//! things happened, each with a number that only grows. `steps` and `pairs` are plain tables with readable columns, so
//! that `sqlite3 run.db "select step, reward_original, reward_guided from steps"` works; what a REAL column cannot hold
//! bit for bit (SQLite has no NaN) is kept in an `exact` blob beside it.

mod checkpoint;
mod delete;
mod error;
mod evaluations;
mod exact;
mod exact_fit;
mod exact_full;
mod exact_settings;
mod fork;
mod judgements;
mod labels;
mod lineage;
mod list;
mod lock;
mod log;
mod packed;
mod pairs;
mod reader;
mod rewind;
mod rows;
mod schema;
mod steering;
mod store;
#[cfg(test)]
mod tests;

pub use checkpoint::Checkpoint;
pub use delete::delete;
pub use error::{Result, StoreError};
pub use fork::Fork;
pub use judgements::{Asked, Judgements, Sampled};
pub use labels::{Labels, read_labels, write_labels};
pub use lineage::{Branch as LineageRow, lineage};
pub(crate) use list::word;
pub use list::{RunSummary, list_runs, resolve, summary as run_summary};
pub use pairs::{Asker, PairFilter, PairOrder, PairPage};
pub use reader::Reader;
pub use steering::{Holder, SteeringFile};
pub use store::Store;
