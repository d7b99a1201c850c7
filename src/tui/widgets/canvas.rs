//! A grid of dots laid over terminal cells: two by four to a cell in braille, quarters of a cell in blocks, else one.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use crate::tui::theme::Markers;

/// Bit of each dot of a braille cell, by column and row.
const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// Quarters of a cell by their bits: upper left 1, upper right 2, lower left 4, lower right 8.
const QUARTERS: [char; 16] = [
    ' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█',
];

/// Dots to be drawn into an area. The last style set in a cell wins, so draw what matters most last.
pub struct Canvas {
    area: Rect,
    dots: Vec<u8>,
    styles: Vec<Style>,
    markers: Markers,
}

impl Canvas {
    /// An empty canvas over an area.
    pub fn new(area: Rect, markers: Markers) -> Self {
        let cells = usize::from(area.width) * usize::from(area.height);
        Self {
            area,
            dots: vec![0; cells],
            styles: vec![Style::new(); cells],
            markers,
        }
    }

    /// Dots across.
    pub fn width(&self) -> usize {
        usize::from(self.area.width) * self.scale().0
    }

    /// Dots from top to bottom.
    pub fn height(&self) -> usize {
        usize::from(self.area.height) * self.scale().1
    }

    /// What it is drawn with.
    pub fn markers(&self) -> Markers {
        self.markers
    }

    /// Dots of a cell, across and from top to bottom.
    pub fn dots_of_cell(markers: Markers) -> (usize, usize) {
        markers.scale()
    }

    fn scale(&self) -> (usize, usize) {
        Self::dots_of_cell(self.markers)
    }

    /// Sets one dot; outside of the area nothing happens.
    pub fn dot(&mut self, x: i64, y: i64, style: Style) {
        let (sx, sy) = self.scale();
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return;
        };
        let cell = (y / sy) * usize::from(self.area.width) + x / sx;
        if x / sx >= usize::from(self.area.width) || cell >= self.dots.len() {
            return;
        }
        self.dots[cell] |= match self.markers {
            Markers::Braille => BITS[x % 2][y % 4],
            Markers::Block => 1 << (x % 2 + 2 * (y % 2)),
            Markers::Dot | Markers::Ascii => 1,
        };
        self.styles[cell] = style;
    }

    /// Dots of one column from `top` to `bottom`, both included.
    pub fn vertical(&mut self, x: i64, top: i64, bottom: i64, style: Style) {
        for y in top.max(0)..=bottom.min(self.height() as i64 - 1) {
            self.dot(x, y, style);
        }
    }

    /// A straight line; only the dots that `on` lets through are drawn, counted from its start. Gives its length.
    pub fn line(&mut self, from: (i64, i64), to: (i64, i64), style: Style, on: impl Fn(i64) -> bool) -> i64 {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let steps = dx.abs().max(dy.abs());
        for i in 0..=steps {
            let at = |d: i64| {
                if steps == 0 {
                    0
                } else {
                    (d * i * 2 + steps * d.signum()) / (steps * 2)
                }
            };
            if on(i) {
                self.dot(from.0 + at(dx), from.1 + at(dy), style);
            }
        }
        steps
    }

    /// Puts every cell that has a dot into the buffer.
    pub fn draw(&self, buffer: &mut Buffer) {
        let width = usize::from(self.area.width).max(1);
        for (i, (&dots, &style)) in self.dots.iter().zip(&self.styles).enumerate() {
            let (x, y) = (self.area.x + (i % width) as u16, self.area.y + (i / width) as u16);
            if dots == 0 {
                continue;
            }
            let Some(cell) = buffer.cell_mut((x, y)) else { continue };
            match self.markers {
                Markers::Braille => cell.set_char(char::from_u32(0x2800 + u32::from(dots)).unwrap_or('*')),
                Markers::Block => cell.set_char(QUARTERS[usize::from(dots & 15)]),
                // Without dots of their own, what is faint is told from the lines by its sign.
                Markers::Dot if style.add_modifier.contains(Modifier::DIM) => cell.set_char('·'),
                Markers::Dot => cell.set_char('•'),
                Markers::Ascii if style.add_modifier.contains(Modifier::DIM) => cell.set_char('.'),
                Markers::Ascii => cell.set_char('*'),
            };
            cell.set_style(style);
        }
    }
}
