//! What leaves the program for people and other programs.

mod compare;
mod data;
mod effect;
mod export;
mod figure;
mod full;
mod progress;
mod settings;
mod table;
mod view;
mod wins;

pub use compare::{
    Contender, contests, put_published, rates_table, row_names, settings_of, table as compare_table,
    tables as compare_tables,
};
pub use data::{inspection, sampled};
pub use effect::{by_what_they_add, effect_table, summary};
pub use export::{What, export};
pub use figure::{
    ChartBand, ChartFigure, ChartLine, Figure, Look, Picture, RewardFigure, Rgb, ScreenCell, ScreenFigure, WinRate,
    WinRates, draw_rewards, draw_screen, draw_wins,
};
pub use full::full_table;
pub use progress::Progress;
pub use settings::{RunSettings, ago, setting_differences, settings_table};
pub use table::{Better, Cell, Column, Number, Table, TableFormat, render};
pub use view::{Format, NotWritten, Numbers, View, write as write_view};
pub use wins::{judged_by, win_rates, wins_json, wins_table};
