//! Pictures: reward curves (the paper's Fig. 3), win rates (Fig. 2), and what is taken out of the workbench (its screen,
//! a chart of it), as SVG and PNG.
//!
//! All but the screen are drawn four times as large as they are shown, because the plotting crate knows whole pixels only: SVG is scaled
//! by its header, PNG by taking the mean of each two by two pixels. So lines are smooth, and both formats look the same.

mod canvas;
mod chart;
mod rewards;
mod screen;
mod series;
mod style;
#[cfg(test)]
mod tests;
mod wins;

use clap::ValueEnum;

pub use chart::{ChartBand, ChartFigure, ChartLine, draw_chart};
pub use screen::{Cell as ScreenCell, Look, Rgb, ScreenFigure, draw_screen};
pub use series::RewardFigure;
#[cfg(test)]
use series::{Band, RewardLine};
pub use wins::{WinRate, WinRates};

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Picture {
    Svg,
    Png,
}

/// Reward curves as the bytes of a file.
pub fn draw_rewards(figure: &RewardFigure, picture: Picture) -> Result<Vec<u8>, String> {
    canvas::draw(picture, rewards::size(figure), rewards::draw(figure))
}

/// Win rates as the bytes of a file.
pub fn draw_wins(wins: &WinRates, picture: Picture) -> Result<Vec<u8>, String> {
    canvas::draw(picture, wins::size(wins), wins::draw(wins))
}
