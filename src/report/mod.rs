//! What leaves the program for people and other programs.

mod data;
mod effect;
mod progress;

pub use data::{inspection, sampled};
pub use effect::{by_what_they_add, effect_table, summary};
pub use progress::Progress;
