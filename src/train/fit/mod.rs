//! Training of a model of one's own on rows: a reward model (a classifier, or Bradley-Terry on pairs) or a language
//! model. The same thread, commands, events, store and resume as a run that aligns a policy.

mod measure;
mod objective;
mod read;
mod reading;
mod rows;
mod saved;
mod setup;
mod trainer;

pub use rows::{FitRow, FitRows};
pub use setup::{FitSetup, prepare};
pub(super) use setup::{demand, fits, learn_tokenizer, leave_out_long, new_config, prompter, rows_and_principles};
pub use trainer::FitTrainer;

/// Where a run keeps the model it trained, in Hugging Face's format.
pub const MODEL_FOLDER: &str = "model";

/// Copies what a run keeps beside its store to a fork of it. What is not there is made again when the fork is trained.
pub(super) fn copy_inputs(from: &std::path::Path, to: &std::path::Path) {
    let tokenizer = std::path::Path::new(MODEL_FOLDER).join("tokenizer.json");
    let _ = std::fs::create_dir_all(to.join(MODEL_FOLDER));
    for file in [tokenizer.as_path(), std::path::Path::new(PRINCIPLES_FILE)] {
        let _ = std::fs::copy(from.join(file), to.join(file));
    }
}

/// Where a run keeps the principles its guided rows stand behind.
const PRINCIPLES_FILE: &str = "principles.txt";

/// Tokens of a response that a language model writes to be looked at.
const WRITTEN_TOKENS: usize = 48;
