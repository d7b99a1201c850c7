//! What leaves the program for people and other programs.

mod compare;
mod data;
mod effect;
mod export;
mod figure;
mod full;
mod progress;
mod table;

pub use compare::{Contender, settings_of, table as compare_table, tables as compare_tables};
pub use data::{inspection, sampled};
pub use effect::{by_what_they_add, effect_table, summary};
pub use export::{What, export};
pub use figure::{Picture, RewardFigure, WinRate, WinRates, draw_rewards, draw_wins};
pub use full::full_table;
pub use progress::Progress;
pub use table::{Better, Cell, Column, Number, Table, TableFormat, render};
