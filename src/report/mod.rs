//! What leaves the program for people and other programs.

mod data;
mod progress;

pub use data::{inspection, sampled};
pub use progress::Progress;
