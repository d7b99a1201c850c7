//! The training thread: [`Command`] in, [`Event`] out.

mod cases;
mod effect;
mod effect_record;
mod fit;
mod full;
mod full_record;
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

pub use effect::{Measurable, Wanted};
pub use effect_record::*;
pub use fit::{FitRow, FitRows, FitSetup, FitTrainer, MODEL_FOLDER};
pub use full_record::*;
pub use protocol::*;
pub use setup::{Prepared, Request, Setup, SetupError, prepare, prepare_again};
pub use thread::{Running, describe, resume, start};
pub use trainer::{TrainError, Trainer};
