//! The training thread: [`Command`] in, [`Event`] out.

mod answers;
mod cases;
mod check;
mod diagnose;
mod effect;
mod effect_record;
mod export;
mod fit;
mod fit_record;
mod fork;
mod full;
mod full_record;
mod inside;
mod inside_record;
mod lengths;
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

pub use answers::Reply;
pub use check::{Checked, Line, State};
pub use effect::{Measurable, Wanted};
pub use effect_record::*;
pub use export::{ExportError, Exported, ModelFormat, export_model};
pub use fit::{FitRow, FitRows, FitSetup, FitTrainer, MODEL_FOLDER};
pub use fit_record::*;
pub use fork::{Amendment, ForkError, ForkRequest, PreparedFork, amend};
pub use full_record::*;
pub use inside::Insider;
pub use inside_record::*;
pub use protocol::*;
pub use setup::{Prepared, Request, Setup, SetupError, policy_prompter, prepare, prepare_again};
pub use steering::{Actor, Given, LogEntry, Via, action, now};
pub use thread::{Running, describe, resume, resume_with, start};
pub use trainer::{TrainError, Trainer};

#[cfg(test)]
mod golden_tests;
