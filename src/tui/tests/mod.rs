//! The workbench as a whole, without a terminal.

mod charts;
mod commands;
mod files;
pub mod fixtures;
mod fuzz;
pub mod keys;
mod loops;
mod matrix;
mod methods;
mod pictures;
mod steering;
mod take;
mod time;
mod words;
