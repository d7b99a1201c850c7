//! Two counts over steps, one standing on the other: the members of D_train by branch.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::canvas::Canvas;
use crate::tui::history::Column;
use crate::tui::theme::Theme;

/// A stacked area: `lower` filled densely, `upper` sparsely on top of it.
#[derive(Clone, Copy, Debug)]
pub struct Stack<'a> {
    pub steps: &'a [u32],
    pub lower: (&'a Column, Style),
    pub upper: (&'a Column, Style),
    pub span: (u32, u32),
}

impl Stack<'_> {
    /// Draws it; the top of the area is the largest total.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        let mut canvas = Canvas::new(area, theme.markers);
        let dots = canvas.width() as u64;
        let length = u64::from(self.span.1.saturating_sub(self.span.0)) + 1;
        let column_of = |x: u64| {
            let first = u64::from(self.span.0) + x * length / dots;
            let last = u64::from(self.span.0) + ((x + 1) * length / dots).max(x * length / dots + 1);
            let at = |step: u64| self.steps.partition_point(|&s| u64::from(s) < step);
            let (from, to) = (at(first), at(last));
            let (lower, upper) = (self.lower.0.summary(from, to), self.upper.0.summary(from, to));
            (lower.count > 0 && upper.count > 0).then_some((f64::from(lower.mean), f64::from(upper.mean)))
        };
        let columns: Vec<_> = (0..dots).map(column_of).collect();
        let top = columns.iter().flatten().map(|(l, u)| l + u).fold(0.0, f64::max);
        let height = canvas.height() as i64;
        for (x, values) in columns.into_iter().enumerate() {
            let Some((lower, upper)) = values else { continue };
            let dots_of = |v: f64| {
                if top > 0.0 {
                    (v / top * height as f64).round() as i64
                } else {
                    0
                }
            };
            let (low, all) = (dots_of(lower), dots_of(lower + upper));
            for y in low..all {
                if (y + x as i64) % 2 == 0 {
                    canvas.dot(x as i64, height - 1 - y, self.upper.1);
                }
            }
            canvas.vertical(x as i64, height - low, height - 1, self.lower.1);
        }
        canvas.draw(buffer);
    }
}
