//! `ple`: a terminal workbench for aligning language models with written principles.
//!
//! The rooms and the arrows between them are drawn in `docs/architecture.md`.

pub mod assets;
pub mod cli;
pub mod config;
pub mod crash;
pub mod data;
pub mod device;
pub mod evaluate;
pub mod grammar;
pub mod method;
pub mod model;
pub mod numbers;
pub mod prompt;
pub mod random;
pub mod report;
pub mod reward;
pub mod run;
pub mod sample;
pub mod suite;
pub mod train;
pub mod tui;
