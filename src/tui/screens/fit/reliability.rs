//! A reliability diagram in words and bars: how sure the model was, and how often it was right then.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::train::Bin;
use crate::tui::theme::Theme;
use crate::tui::widgets::scale::thousands;

/// Columns of "said 93%  was 88%" and of the count.
const WORDS: usize = 22;
const COUNT: usize = 7;

/// Draws a row a bin: the bar is what was so, the mark on it what was said. The surest first; what does not fit is left
/// out from the other end.
pub fn draw(bins: &[Bin], area: Rect, frame: &mut Frame, theme: &Theme) {
    let room = usize::from(area.width).saturating_sub(WORDS + COUNT + 1).max(4);
    let lines: Vec<Line> = bins
        .iter()
        .rev()
        .take(usize::from(area.height))
        .map(|bin| {
            // From one half, which is guessing, to certainty.
            let place = |p: f64| (((p - 0.5) * 2.0).clamp(0.0, 1.0) * (room - 1) as f64).round() as usize;
            let (said, was) = (place(bin.predicted), place(bin.observed));
            let bar: String = (0..room)
                .map(|i| match () {
                    () if i == said => '┃',
                    () if i <= was && bin.observed > 0.5 => '▪',
                    () => ' ',
                })
                .collect();
            let words = format!(
                " said {:>3.0}%  was {:>3.0}%  ",
                100.0 * bin.predicted,
                100.0 * bin.observed
            );
            let style = if bin.observed + 0.1 < bin.predicted {
                theme.bad
            } else {
                theme.truth
            };
            Line::from(vec![
                Span::raw(words),
                Span::styled(bar, style),
                Span::styled(format!("{:>COUNT$}", thousands(bin.rows as i64)), theme.dim),
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
}
