//! The horizontal axis of a chart: where steps lie, their numbers, and the labels of marks.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::scale::{thousands, ticks};
use crate::tui::theme::Theme;

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
}

/// The cell of a step, if it is to be seen.
fn cell_of(plot: Rect, x: Across, step: u32) -> Option<u16> {
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

/// The labels of marks above them, as far as they fit; each mark has at least its sign.
pub fn draw_marks(marks: &[(u32, &str)], buffer: &mut Buffer, plot: Rect, x: Across, row: u16, theme: &Theme) {
    let mut free = plot.x;
    for (i, &(step, label)) in marks.iter().enumerate() {
        let Some(at) = cell_of(plot, x, step) else { continue };
        let next = marks
            .get(i + 1)
            .and_then(|m| cell_of(plot, x, m.0))
            .unwrap_or(plot.right());
        if at < free {
            continue;
        }
        let room = next.max(at + 1).min(plot.right()) - at;
        let text = format!("▾ {label} ");
        let wide = unicode_width::UnicodeWidthStr::width(text.as_str()) as u16;
        if wide <= room + 1 {
            buffer.set_stringn(at, row, text.trim_end(), usize::from(room), theme.mark);
        } else if next == plot.right() && plot.width > wide && at >= plot.x + wide {
            // The newest one may stand left of its mark when there is no room on the right.
            let start = (at + 2).saturating_sub(wide);
            if start >= free {
                buffer.set_string(start, row, format!("{label} ▾"), theme.mark);
            } else {
                buffer.set_string(at, row, "▾", theme.mark);
            }
        } else {
            buffer.set_string(at, row, "▾", theme.mark);
        }
        free = at + 1 + if wide <= room + 1 { wide.saturating_sub(1) } else { 0 };
    }
}
