//! A screen as a PNG: letters from the fonts that come with the program.

use ab_glyph::{Font, FontRef, Point, PxScale, ScaleFont};

use super::super::canvas::png;
use super::{BASELINE, CELL, DOT, EDGE, EM, Kind, Look, Rgb, Run, ScreenFigure, bits, blend, block};

/// DejaVu Sans Mono, see assets/fonts.
const REGULAR: &[u8] = include_bytes!("../../../../assets/fonts/DejaVuSansMono-subset.ttf");
const BOLD: &[u8] = include_bytes!("../../../../assets/fonts/DejaVuSansMono-Bold-subset.ttf");

/// Pixels of a PNG for one that is shown.
pub(super) const SCALE: f64 = 2.0;

/// Pixels of a PNG.
pub(super) struct Raster {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Raster {
    pub(super) fn draw(figure: &ScreenFigure) -> Result<Vec<u8>, String> {
        let font = |bytes: &'static [u8]| FontRef::try_from_slice(bytes).map_err(|e| e.to_string());
        let fonts = [font(REGULAR)?, font(BOLD)?];
        let (width, height) = figure.size();
        let (width, height) = ((width * SCALE).ceil() as usize, (height * SCALE).ceil() as usize);
        let mut raster = Self {
            width,
            height,
            pixels: figure.ground.repeat(width * height),
        };
        let place = |run: &Run, i: usize| {
            let column = (run.column + i) as f64;
            (
                (EDGE + column * CELL.0) * SCALE,
                (EDGE + run.row as f64 * CELL.1) * SCALE,
            )
        };
        let (wide, high) = (CELL.0 * SCALE, CELL.1 * SCALE);
        for run in figure.runs() {
            let look = run.look;
            let (x, y) = place(&run, 0);
            let length = run.cells.len() as f64 * wide;
            if let Some(ground) = look.ground {
                raster.fill(x, y, length, high, ground);
            }
            for (i, cell) in run.cells.iter().enumerate() {
                let (x, y) = place(&run, i);
                match Kind::of(&cell.symbol) {
                    Kind::Blank => {}
                    Kind::Dots => {
                        for (column, row) in bits(&cell.symbol) {
                            let at = x + wide * (0.25 + f64::from(column) / 2.0);
                            raster.disc(at, y + high * (f64::from(row) + 0.5) / 4.0, DOT * SCALE, look.ink);
                        }
                    }
                    Kind::Block => {
                        let (eighths, cover) = block(&cell.symbol);
                        let tall = high * eighths / 8.0;
                        let ink = blend(look.ink, look.ground.unwrap_or(figure.ground), cover);
                        raster.fill(x, y + high - tall, wide, tall, ink);
                    }
                    Kind::Text => {
                        let columns = run.cells[i + 1..]
                            .iter()
                            .take_while(|c| c.symbol.is_empty())
                            .count()
                            .min(1)
                            + 1;
                        let room = columns as f64 * wide;
                        raster.letter(&fonts[usize::from(look.bold)], &cell.symbol, (x, y), room, look);
                    }
                }
            }
            let rule = |down: f64| (x, y + down * SCALE, length, SCALE);
            for (on, down) in [(look.underlined, BASELINE + 1.5), (look.struck, BASELINE - 4.0)] {
                if on {
                    let (x, y, wide, high) = rule(down);
                    raster.fill(x, y, wide, high, look.ink);
                }
            }
        }
        png(&raster.pixels, raster.width as u32, raster.height as u32)
    }

    fn mix(&mut self, x: i64, y: i64, ink: Rgb, share: f64) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return;
        };
        if x < self.width && y < self.height {
            let at = (y * self.width + x) * 3;
            let under = [self.pixels[at], self.pixels[at + 1], self.pixels[at + 2]];
            self.pixels[at..at + 3].copy_from_slice(&blend(ink, under, share.clamp(0.0, 1.0)));
        }
    }

    /// A rectangle on whole pixels, so that neighbours leave no seam.
    fn fill(&mut self, x: f64, y: f64, wide: f64, high: f64, ink: Rgb) {
        for row in y.round() as i64..(y + high).round() as i64 {
            for column in x.round() as i64..(x + wide).round() as i64 {
                self.mix(column, row, ink, 1.0);
            }
        }
    }

    fn disc(&mut self, x: f64, y: f64, radius: f64, ink: Rgb) {
        for row in (y - radius).floor() as i64..=(y + radius).ceil() as i64 {
            for column in (x - radius).floor() as i64..=(x + radius).ceil() as i64 {
                let far = ((column as f64 + 0.5 - x).powi(2) + (row as f64 + 0.5 - y).powi(2)).sqrt();
                self.mix(column, row, ink, radius + 0.5 - far);
            }
        }
    }

    /// A letter at the upper left corner of its cell. One that the font lacks is an empty box.
    fn letter(&mut self, font: &FontRef, symbol: &str, (x, y): (f64, f64), room: f64, look: Look) {
        let Some(c) = symbol.chars().next() else { return };
        let id = font.glyph_id(c);
        if id.0 == 0 {
            let (left, top, right, foot) = (x + 3.0, y + 7.0, x + room - 3.0, y + BASELINE * SCALE);
            for edge in [top, foot - 1.0] {
                self.fill(left, edge, right - left, 1.0, look.ink);
            }
            for edge in [left, right - 1.0] {
                self.fill(edge, top, 1.0, foot - top, look.ink);
            }
            return;
        }
        // ab_glyph's scale is that of a line, an em is a little less.
        let em = EM * SCALE;
        let per_em = f64::from(font.height_unscaled() / font.units_per_em().unwrap_or(2048.0));
        let scale = PxScale::from((em * per_em) as f32);
        let left = (room - f64::from(font.as_scaled(scale).h_advance(id))) / 2.0;
        let position = Point {
            x: (x + left) as f32,
            y: (y + BASELINE * SCALE) as f32,
        };
        let mut glyph = id.with_scale(scale);
        glyph.position = position;
        let Some(outline) = font.outline_glyph(glyph) else {
            return;
        };
        let corner = outline.px_bounds().min;
        outline.draw(|dx, dy, cover| {
            let (column, row) = (corner.x as i64 + i64::from(dx), corner.y as i64 + i64::from(dy));
            // Slanted letters lean by a sixth of their height.
            let lean = if look.italic {
                (f64::from(position.y) - row as f64) / 6.0
            } else {
                0.0
            };
            self.mix(column + lean.round() as i64, row, look.ink, f64::from(cover));
        });
    }
}
