//! The methods: pure losses, one algorithm a file, to be read beside its paper.
//!
//! This room knows no screen, file or channel.

pub mod dpo;
pub mod logprob;
pub mod ple;
pub mod ppo;
pub mod raft;
pub mod sft;
pub mod stabilise;
pub mod theory;

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod methods_golden_tests;
#[cfg(test)]
mod stabilise_golden_tests;
