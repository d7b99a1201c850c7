//! The workbench as a whole, without a terminal.

mod charts;
mod commands;
mod fixtures;
mod fuzz;
mod loops;
mod matrix;
mod methods;
mod pictures;
mod take;
mod time;
