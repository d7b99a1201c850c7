//! What the pictures have in common: colours, letters, lines.

use std::sync::OnceLock;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, register_font};

use super::canvas::SCALE;

/// Okabe and Ito's palette, which people who are blind to a colour can tell apart, without its yellow, which cannot be
/// seen on white. The darkest first.
pub const PALETTE: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];
pub const INK: RGBColor = RGBColor(34, 34, 34);
pub const PALE: RGBColor = RGBColor(110, 110, 110);
pub const GRID: RGBColor = RGBColor(226, 226, 226);

/// The fonts, drawn where a machine has none. DejaVu Sans, see assets/fonts.
pub const REGULAR: &[u8] = include_bytes!("../../../assets/fonts/DejaVuSans-subset.ttf");
pub const BOLD: &[u8] = include_bytes!("../../../assets/fonts/DejaVuSans-Bold-subset.ttf");

/// The family in SVG files: a viewer takes its own sans-serif, which is about as wide.
pub const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

/// A length of the picture as it is shown, in the pixels that are drawn.
pub fn px(length: f64) -> i32 {
    (length * f64::from(SCALE)).round() as i32
}

/// Text of so many pixels as shown; plotters has sizes of boxes, which are 1.24 of an em.
pub fn text(size: f64, color: RGBColor, h: HPos, v: VPos) -> TextStyle<'static> {
    make_known();
    let font = (FAMILY, size * f64::from(SCALE) * 1.24).into_font();
    font.color(&color).pos(Pos::new(h, v))
}

/// The same in bold.
pub fn bold(size: f64, color: RGBColor, h: HPos, v: VPos) -> TextStyle<'static> {
    make_known();
    let font = (FAMILY, size * f64::from(SCALE) * 1.24)
        .into_font()
        .style(FontStyle::Bold);
    font.color(&color).pos(Pos::new(h, v))
}

/// plotters measures text by fonts it was told of.
fn make_known() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        // Both are good fonts: the tests draw with them.
        let _ = register_font(FAMILY, FontStyle::Normal, REGULAR);
        let _ = register_font(FAMILY, FontStyle::Bold, BOLD);
    });
}

/// A line of so many pixels as shown.
pub fn line(color: impl Color, width: f64) -> ShapeStyle {
    ShapeStyle {
        color: color.to_rgba(),
        filled: false,
        stroke_width: px(width).max(1) as u32,
    }
}
