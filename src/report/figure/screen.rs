//! A terminal screen as a picture: cells become text with colours, dots and blocks become shapes, since not every font
//! has them.

use ab_glyph::{Font, FontRef, Point, PxScale, ScaleFont};

use super::Picture;
use super::canvas::png;

/// DejaVu Sans Mono, see assets/fonts.
const REGULAR: &[u8] = include_bytes!("../../../assets/fonts/DejaVuSansMono-subset.ttf");
const BOLD: &[u8] = include_bytes!("../../../assets/fonts/DejaVuSansMono-Bold-subset.ttf");

/// A cell and the margin of the picture, in shown pixels.
const CELL: (f64, f64) = (8.4, 17.0);
const EDGE: f64 = 10.0;
/// Size of the letters, and where they stand in their cell.
const EM: f64 = 14.0;
const BASELINE: f64 = 13.0;
/// Pixels of a PNG for one that is shown.
const SCALE: f64 = 2.0;
/// Eighths of a cell, from the foot.
const BLOCKS: &str = "▁▂▃▄▅▆▇█";
/// Dots of a braille cell by bit: column and row.
const DOTS: [(u32, u32); 8] = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
/// Half the width of a dot.
const DOT: f64 = 1.1;

/// Red, green and blue.
pub type Rgb = [u8; 3];

/// How a cell is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    pub ink: Rgb,
    /// `None`: that of the screen.
    pub ground: Option<Rgb>,
    pub bold: bool,
    pub italic: bool,
    pub underlined: bool,
    pub struck: bool,
}

/// A cell of a screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// One letter of one or two columns; empty behind a letter of two.
    pub symbol: String,
    pub look: Look,
}

/// A screen, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScreenFigure {
    pub title: String,
    pub columns: usize,
    pub cells: Vec<Cell>,
    pub ground: Rgb,
}

/// A stretch of one look in a row.
struct Run<'a> {
    column: usize,
    row: usize,
    cells: &'a [Cell],
    look: Look,
}

impl ScreenFigure {
    fn rows(&self) -> usize {
        self.cells.len() / self.columns.max(1)
    }

    /// Of the picture in shown pixels.
    fn size(&self) -> (f64, f64) {
        let side = |cells: usize, cell: f64| cells as f64 * cell + 2.0 * EDGE;
        (side(self.columns, CELL.0), side(self.rows(), CELL.1))
    }

    /// The stretches of one look and one kind: letters, dots, blocks; blanks end a stretch, so that nothing drifts.
    fn runs(&self) -> Vec<Run<'_>> {
        let mut out = Vec::new();
        for (row, cells) in self.cells.chunks(self.columns.max(1)).enumerate() {
            let mut column = 0;
            while column < cells.len() {
                let first = &cells[column];
                // Behind a letter of two columns there is nothing.
                let kind = |c: &Cell| c.symbol.is_empty() || Kind::of(&c.symbol) == Kind::of(&first.symbol);
                let same = |c: &&Cell| c.look == first.look && kind(c);
                let length = cells[column..].iter().take_while(same).count().max(1);
                out.push(Run {
                    column,
                    row,
                    cells: &cells[column..column + length],
                    look: first.look,
                });
                column += length;
            }
        }
        out
    }
}

/// What is drawn of a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Blank,
    Text,
    /// The bits of a braille cell.
    Dots,
    /// A block that grows from the foot of the cell, or a shade.
    Block,
}

impl Kind {
    fn of(symbol: &str) -> Self {
        match symbol.chars().next() {
            None | Some(' ') => Kind::Blank,
            Some('\u{2800}'..='\u{28ff}') => Kind::Dots,
            Some('\u{2581}'..='\u{2588}' | '▒') => Kind::Block,
            Some(_) => Kind::Text,
        }
    }
}

/// A screen as the bytes of a file.
pub fn draw_screen(figure: &ScreenFigure, picture: Picture) -> Result<Vec<u8>, String> {
    match picture {
        Picture::Svg => Ok(svg(figure).into_bytes()),
        Picture::Png => Raster::draw(figure),
    }
}

/// The eighths of a block's height, and how much of its ink covers.
fn block(symbol: &str) -> (f64, f64) {
    let place = BLOCKS.chars().position(|c| symbol.starts_with(c));
    place.map_or((8.0, 0.5), |i| (i as f64 + 1.0, 1.0))
}

fn bits(symbol: &str) -> impl Iterator<Item = (u32, u32)> {
    let bits = symbol.chars().next().map_or(0, |c| u32::from(c).wrapping_sub(0x2800));
    DOTS.into_iter()
        .enumerate()
        .filter(move |(i, _)| bits >> i & 1 == 1)
        .map(|(_, dot)| dot)
}

fn blend(over: Rgb, under: Rgb, share: f64) -> Rgb {
    std::array::from_fn(|i| (f64::from(over[i]) * share + f64::from(under[i]) * (1.0 - share)).round() as u8)
}

fn hex(c: Rgb) -> String {
    format!("#{:02x}{:02x}{:02x}", c[0], c[1], c[2])
}

/// Without zeros that say nothing.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_string)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // No letter of XML; a terminal shows none of them either.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn svg(figure: &ScreenFigure) -> String {
    use std::fmt::Write;
    let (width, height) = figure.size();
    let (width, height) = (number(width), number(height));
    // By colour, in the order of their first use.
    let mut shapes: Vec<(Rgb, String)> = Vec::new();
    let mut dots: Vec<(Rgb, String)> = Vec::new();
    let of = |all: &mut Vec<(Rgb, String)>, colour: Rgb, path: String| match all.iter_mut().find(|(c, _)| *c == colour)
    {
        Some((_, text)) => text.push_str(&path),
        None => all.push((colour, path)),
    };
    let rectangle = |x: f64, y: f64, wide: f64, high: f64| {
        format!(
            "M{} {}h{}v{}h-{}z",
            number(x),
            number(y),
            number(wide),
            number(high),
            number(wide)
        )
    };
    let mut texts = String::new();
    for run in figure.runs() {
        let (x, y) = (EDGE + run.column as f64 * CELL.0, EDGE + run.row as f64 * CELL.1);
        let wide = run.cells.len() as f64 * CELL.0;
        if let Some(ground) = run.look.ground {
            of(&mut shapes, ground, rectangle(x, y, wide, CELL.1));
        }
        match Kind::of(&run.cells[0].symbol) {
            Kind::Blank if !run.look.underlined => {}
            Kind::Dots => {
                let mut path = String::new();
                for (i, cell) in run.cells.iter().enumerate() {
                    for (column, row) in bits(&cell.symbol) {
                        let at = x + (i as f64 + 0.25 + f64::from(column) / 2.0) * CELL.0;
                        let down = y + CELL.1 * (f64::from(row) + 0.5) / 4.0;
                        let _ = write!(path, "M{} {}h0", number(at), number(down));
                    }
                }
                of(&mut dots, run.look.ink, path);
            }
            Kind::Block => {
                for (i, cell) in run.cells.iter().enumerate() {
                    let (eighths, cover) = block(&cell.symbol);
                    let high = CELL.1 * eighths / 8.0;
                    let ink = blend(run.look.ink, run.look.ground.unwrap_or(figure.ground), cover);
                    of(
                        &mut shapes,
                        ink,
                        rectangle(x + i as f64 * CELL.0, y + CELL.1 - high, CELL.0, high),
                    );
                }
            }
            Kind::Text | Kind::Blank => {
                let text: String = run.cells.iter().map(|c| &c.symbol[..]).collect();
                let marks = [
                    (run.look.bold, "b"),
                    (run.look.italic, "i"),
                    (run.look.underlined, "u"),
                    (run.look.struck, "s"),
                ];
                let marks: Vec<&str> = marks.into_iter().filter(|m| m.0).map(|m| m.1).collect();
                let class = match marks.is_empty() {
                    true => String::new(),
                    false => format!(" class=\"{}\"", marks.join(" ")),
                };
                let _ = writeln!(
                    texts,
                    "<text x=\"{}\" y=\"{}\" fill=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"{class}>{}</text>",
                    number(x),
                    number(y + BASELINE),
                    hex(run.look.ink),
                    number(wide),
                    escaped(&text)
                );
            }
        }
    }
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\">\n<title>{}</title>\n<style>text{{font:{EM}px ui-monospace,'DejaVu Sans \
         Mono','Liberation Mono',Menlo,Consolas,monospace;white-space:pre}}.b{{font-weight:bold}}.i{{font-style:italic}}\
         .u{{text-decoration:underline}}.s{{text-decoration:line-through}}.u.s{{text-decoration:underline \
         line-through}}</style>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{}\"/>\n",
        escaped(&figure.title),
        hex(figure.ground)
    );
    for (colour, path) in shapes {
        let _ = writeln!(out, "<path fill=\"{}\" d=\"{path}\"/>", hex(colour));
    }
    for (colour, path) in dots {
        let _ = writeln!(
            out,
            "<path stroke=\"{}\" stroke-width=\"{}\" stroke-linecap=\"round\" d=\"{path}\"/>",
            hex(colour),
            2.0 * DOT
        );
    }
    out.push_str(&texts);
    out.push_str("</svg>\n");
    out
}

/// Pixels of a PNG.
struct Raster {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Raster {
    fn draw(figure: &ScreenFigure) -> Result<Vec<u8>, String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn figure() -> ScreenFigure {
        let plain = Look {
            ink: [212, 212, 212],
            ..Look::default()
        };
        let bold = Look { bold: true, ..plain };
        let marked = Look {
            ground: Some([200, 0, 0]),
            underlined: true,
            ..plain
        };
        let row = |symbols: [&str; 6], look: Look| symbols.map(|s| Cell { symbol: s.into(), look });
        let rows = [
            row(["a", "<", "&", " ", "é", "τ"], plain),
            row(["⣿", "⡀", " ", "█", "▄", "▒"], bold),
            row(["長", "", "🙂", "", "x", " "], marked),
        ];
        ScreenFigure {
            title: "a <title>".into(),
            columns: 6,
            cells: rows.concat(),
            ground: [30, 30, 30],
        }
    }

    #[test]
    fn text_stays_text_and_dots_are_shapes() {
        let svg = String::from_utf8(draw_screen(&figure(), Picture::Svg).unwrap()).unwrap();
        assert!(
            svg.contains("a &lt;title&gt;") && svg.contains(">a&lt;&amp;</text>") && svg.contains("長"),
            "{svg}"
        );
        assert!(!svg.contains('⣿') && !svg.contains('█'), "{svg}");
        assert_eq!(svg.matches("h0").count(), 9, "the dots of two cells");
        assert!(svg.contains("class=\"u\"") && svg.contains("fill=\"#c80000\""));
    }

    #[test]
    fn a_png_has_the_same_size_and_every_part() {
        let bytes = draw_screen(&figure(), Picture::Png).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (141, 142));
        let inked = |row: usize, column: usize| {
            let x = ((EDGE + column as f64 * CELL.0) * SCALE) as usize
                ..((EDGE + (column + 1) as f64 * CELL.0) * SCALE) as usize;
            let y =
                ((EDGE + row as f64 * CELL.1) * SCALE) as usize..((EDGE + (row + 1) as f64 * CELL.1) * SCALE) as usize;
            let at = |x: usize, y: usize| pixels[(y * 141 + x) * 3] > 100;
            y.flat_map(|y| x.clone().map(move |x| (x, y)))
                .filter(|(x, y)| at(*x, *y))
                .count()
        };
        for (row, column) in [
            (0, 0),
            (0, 1),
            (0, 4),
            (0, 5),
            (1, 0),
            (1, 1),
            (1, 3),
            (1, 4),
            (2, 0),
            (2, 2),
            (2, 4),
        ] {
            assert!(inked(row, column) > 8, "{row} {column}");
        }
        assert_eq!(inked(0, 3), 0, "a blank");
        assert!(inked(1, 0) > 4 * inked(1, 1));
    }
}
