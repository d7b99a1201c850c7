//! A terminal screen as a picture: cells become text with colours, dots and blocks become shapes, since not every font
//! has them.

mod raster;
mod svg;

use super::Picture;

/// A cell and the margin of the picture, in shown pixels.
const CELL: (f64, f64) = (8.4, 17.0);
const EDGE: f64 = 10.0;
/// Size of the letters, and where they stand in their cell.
const EM: f64 = 14.0;
const BASELINE: f64 = 13.0;
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
        Picture::Svg => Ok(svg::svg(figure).into_bytes()),
        Picture::Png => raster::Raster::draw(figure),
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

#[cfg(test)]
mod tests {
    use super::raster::SCALE;
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
