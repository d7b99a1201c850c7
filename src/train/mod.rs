//! The training thread: [`Command`] in, [`Event`] out.

mod cases;
mod diagnose;
mod effect;
mod effect_record;
mod fit;
mod loops;
pub mod optimizer;
mod protocol;
mod replay;
mod saved;
mod session;
mod setup;
pub mod shards;
mod step;
mod thread;
mod trainer;

pub use effect::Measurable;
pub use effect_record::*;
pub use fit::{FitRow, FitRows, FitSetup, FitTrainer, MODEL_FOLDER};
pub use protocol::*;
pub use setup::{Prepared, Request, Setup, SetupError, policy_prompter, prepare, prepare_again};
pub use thread::{Running, describe, resume, start};
pub use trainer::{TrainError, Trainer};

#[cfg(test)]
mod golden_tests;
