//! The horizontal axis of a chart: where steps lie, their numbers, and the labels of marks.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use unicode_width::UnicodeWidthStr;

use super::scale::{thousands, ticks};
use super::wrap::clip;
use crate::tui::theme::Theme;

/// Fewer columns beside a mark say nothing of its label.
const LEAST: usize = 9;

/// From steps to columns of dots.
#[derive(Clone, Copy, Debug)]
pub struct Across {
    /// First and last step.
    pub span: (u32, u32),
    /// Columns of dots.
    pub dots: usize,
}

impl Across {
    /// The column of dots of a step.
    pub fn dot(&self, step: u32) -> i64 {
        let (from, to) = (i64::from(self.span.0), i64::from(self.span.1));
        let last = self.dots.saturating_sub(1) as i64;
        (i64::from(step) - from) * last / (to - from).max(1)
    }

    /// The first step, seen or not, that lies beyond a column of dots.
    pub fn first_after(&self, dot: i64) -> u64 {
        let (from, to) = (u64::from(self.span.0), u64::from(self.span.1));
        let last = self.dots.saturating_sub(1).max(1) as u64;
        let next = u64::try_from(dot + 1).unwrap_or(0);
        from + (next * to.saturating_sub(from).max(1)).div_ceil(last)
    }
}

/// Something that happened at a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark<'a> {
    pub step: u32,
    pub label: &'a str,
    /// One column wide.
    pub sign: &'static str,
    pub style: Style,
}

/// The cell of a step, if it is to be seen.
pub fn cell_of(plot: Rect, x: Across, step: u32) -> Option<u16> {
    let per_cell = (x.dots / usize::from(plot.width.max(1))).max(1) as i64;
    let cell = u16::try_from(x.dot(step) / per_cell).ok()?;
    (cell < plot.width).then_some(plot.x + cell)
}

/// A vertical line at a step.
pub fn draw_rule(buffer: &mut Buffer, plot: Rect, x: Across, step: u32, symbol: &str, style: Style) {
    let Some(at) = cell_of(plot, x, step) else { return };
    for y in plot.top()..plot.bottom() {
        buffer.set_string(at, y, symbol, style);
    }
}

/// The numbers of the steps, as many as there is room for.
pub fn draw_steps(buffer: &mut Buffer, plot: Rect, x: Across, row: u16, theme: &Theme) {
    let (from, to) = (f64::from(x.span.0), f64::from(x.span.1));
    let mut free = plot.x;
    let mut values = ticks(from, to, (usize::from(plot.width) / 9).clamp(1, 10));
    values.retain(|v| v.fract() == 0.0);
    for value in values {
        let Some(at) = cell_of(plot, x, value as u32) else {
            continue;
        };
        let text = thousands(value as i64);
        let at = at.saturating_sub(text.len() as u16 / 2).max(plot.x);
        let at = at.min(plot.right().saturating_sub(text.len() as u16));
        if at >= free && at + text.len() as u16 <= plot.right() {
            buffer.set_string(at, row, &text, theme.dim);
            free = at + text.len() as u16 + 1;
        }
    }
    if free + 5 <= plot.right() {
        buffer.set_string(plot.right() - 4, row, "step", theme.dim);
    }
}

/// The labels of marks above them; each mark has at least its sign. The newest is placed first, right of its sign or, where
/// there is no room, left of it.
pub fn draw_marks(marks: &[Mark], buffer: &mut Buffer, plot: Rect, x: Across, row: u16) {
    let mut taken = vec![false; usize::from(plot.width)];
    let places = || {
        marks
            .iter()
            .filter_map(|mark| Some((cell_of(plot, x, mark.step)?, mark)))
    };
    for (at, mark) in places() {
        buffer.set_string(at, row, mark.sign, mark.style);
        taken[usize::from(at - plot.x)] = true;
    }
    for (at, Mark { label, style, .. }) in places().rev() {
        // A blank before and after the label keeps it apart from its neighbours.
        let wide = label.width() + 2;
        let at = usize::from(at - plot.x);
        let sides = [Some(at + 1), at.checked_sub(wide)];
        let free = |&start: &usize| {
            taken
                .get(start..start + wide)
                .is_some_and(|cells| !cells.contains(&true))
        };
        // At the right edge the blank after the label may be missing.
        let edge = at + wide == taken.len() && !taken[at + 1..].contains(&true);
        let Some(start) = sides.into_iter().flatten().find(free).or(edge.then_some(at + 1)) else {
            // Better the beginning of an older label than none, and "…" says that it goes on.
            let room = taken[at + 1..].iter().take_while(|t| !**t).count();
            if room >= LEAST {
                let text = clip(label, room - 2);
                buffer.set_string(plot.x + at as u16 + 2, row, text, *style);
                taken[at + 1..at + 1 + room].fill(true);
            }
            continue;
        };
        buffer.set_string(plot.x + start as u16 + 1, row, label, *style);
        let end = (start + wide).min(taken.len());
        taken[start..end].fill(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(marks: &[(u32, &str)], width: u16) -> String {
        let plot = Rect::new(0, 1, width, 4);
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 5));
        let x = Across {
            span: (0, 39),
            dots: usize::from(width) * 2,
        };
        let marks: Vec<Mark> = marks
            .iter()
            .map(|&(step, label)| Mark {
                step,
                label,
                sign: "▾",
                style: Style::new(),
            })
            .collect();
        draw_marks(&marks, &mut buffer, plot, x, 0);
        (0..width).map(|x| buffer[(x, 0)].symbol()).collect()
    }

    #[test]
    fn labels_stand_on_the_side_with_room_and_are_never_cut() {
        assert_eq!(
            row(&[(4, "tau 0.5"), (20, "v2")], 40).trim_end(),
            "    ▾ tau 0.5       ▾ v2"
        );
        assert_eq!(
            row(&[(36, "principles v2")], 40),
            "                      principles v2 ▾   "
        );
        assert_eq!(
            row(&[(19, "tau 0.5"), (20, "principles v2")], 40).trim(),
            "tau 0.5 ▾▾ principles v2"
        );
        assert_eq!(row(&[(5, "a label that is too long")], 12).trim(), "▾ a label…");
        assert_eq!(row(&[(0, "a label that is too long")], 6).trim(), "▾");
    }
}
