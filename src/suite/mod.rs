//! A suite: every contender on every task with every seed, each a run of its own.
//!
//! This room says what is to be done, how far it has come and what came of it; `cli/suite.rs` does it, one run after another.
//! The runs lie in a folder of the suite's name and are runs like any other: `ple open` watches one, `ple resume` goes on.

mod clock;
mod found;
mod judging;
mod pick;
mod plan;
mod results;
mod standing;
#[cfg(test)]
mod tests;
mod wins;

pub use clock::{Clock, words as time_words};
pub use found::{Found, found};
pub use judging::{Match, Met, matches};
pub use pick::Pick;
pub use plan::{Job, SuitePlan};
pub use results::{Made, Results};
pub use standing::Standing;
