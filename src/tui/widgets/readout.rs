//! What stands beside a crosshair: the numbers of every line at that step.

use ratatui::{buffer::Buffer, layout::Rect, style::Style, text::Line};

/// A plot of fewer columns or rows has no room for it; there the legend says the same.
const LEAST: (u16, u16) = (40, 9);

/// Draws the lines right of the crosshair or, where there is no room, left of it, over what is there.
pub fn draw(lines: &[Line], cell: u16, plot: Rect, buffer: &mut Buffer) {
    if lines.is_empty() || plot.width < LEAST.0 || plot.height < LEAST.1 {
        return;
    }
    let wide = lines.iter().map(Line::width).max().unwrap_or(0) as u16 + 2;
    let wide = wide.min(plot.width / 2);
    let right = cell + 2;
    let x = match right + wide <= plot.right() {
        true => right,
        false => cell.saturating_sub(wide + 1).max(plot.x),
    };
    let rows = (lines.len() as u16).min(plot.height - 2);
    for (i, line) in lines.iter().take(usize::from(rows)).enumerate() {
        let y = plot.y + 1 + i as u16;
        buffer.set_string(x, y, " ".repeat(usize::from(wide)), Style::reset());
        buffer.set_line(x + 1, y, line, wide - 1);
    }
}
