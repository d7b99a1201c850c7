//! The methods: pure losses, one algorithm a file, to be read beside its paper.
//!
//! This room knows no screen, file or channel.

pub mod logprob;
pub mod ple;
pub mod sft;

#[cfg(test)]
mod golden_tests;
