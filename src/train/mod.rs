//! The training thread: [`Command`] in, [`Event`] out.

mod cases;
mod check;
mod diagnose;
mod effect;
mod effect_record;
mod export;
mod fit;
mod full;
mod full_record;
mod loops;
pub mod memory;
pub mod optimizer;
mod protocol;
mod replay;
mod saved;
mod schedule;
mod session;
mod setup;
pub mod shards;
mod steering;
mod step;
mod thread;
mod trainer;

pub use check::{Checked, Line, State};
pub use effect::{Measurable, Wanted};
pub use effect_record::*;
pub use export::{ExportError, Exported, ModelFormat, export_model};
pub use fit::{FitRow, FitRows, FitSetup, FitTrainer, MODEL_FOLDER};
pub use full_record::*;
pub use protocol::*;
pub use setup::{Prepared, Request, Setup, SetupError, policy_prompter, prepare, prepare_again};
pub use steering::{Given, LogEntry, Origin, Via, action, now};
pub use thread::{Running, describe, resume, start};
pub use trainer::{TrainError, Trainer};

#[cfg(test)]
mod golden_tests;
