//! Things drawn in more than one place.

pub mod axis;
pub mod canvas;
pub mod chart;
mod dense;
pub mod diff;
pub mod editor;
pub mod grapheme;
pub mod histogram;
pub mod line;
pub mod lines;
pub mod panel;
mod readout;
pub mod scale;
pub mod scroll;
pub mod sides;
pub mod wrap;
