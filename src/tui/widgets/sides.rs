//! Two texts side by side, or one above the other where there is no room.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::scroll::Scroll;
use super::wrap::{clip, wrap};
use crate::tui::theme::Theme;

/// Narrower than this the texts stand one above the other.
const TWO_COLUMNS: u16 = 48;

/// One text with its heading.
pub struct Side {
    pub title: String,
    pub title_style: ratatui::style::Style,
    pub text: Vec<Span<'static>>,
}

/// Draws both, scrolled together.
pub fn draw(frame: &mut Frame, area: Rect, sides: [Side; 2], scroll: &Scroll, more: &str, theme: &Theme) {
    let areas = split(area);
    let wrapped: Vec<Vec<Line>> = sides
        .iter()
        .zip(areas)
        .map(|(s, a)| wrap(&s.text, usize::from(a.width.saturating_sub(1))))
        .collect();
    let longest = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    let height = areas.iter().map(|a| a.height.saturating_sub(1)).min().unwrap_or(0);
    let first = scroll.show(longest, usize::from(height));
    for ((side, area), lines) in sides.iter().zip(areas).zip(wrapped) {
        draw_side(frame, area, side, lines, first, more, theme);
    }
}

/// Draws one text over the whole width.
pub fn alone(frame: &mut Frame, area: Rect, side: Side, scroll: &Scroll, more: &str, theme: &Theme) {
    let lines = wrap(&side.text, usize::from(area.width.saturating_sub(1)));
    let first = scroll.show(lines.len(), usize::from(area.height.saturating_sub(1)));
    draw_side(frame, area, &side, lines, first, more, theme);
}

fn draw_side(frame: &mut Frame, area: Rect, side: &Side, lines: Vec<Line>, first: usize, more: &str, theme: &Theme) {
    let [title, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let text = clip(&side.title, usize::from(title.width.saturating_sub(1)));
    frame.render_widget(Paragraph::new(Span::styled(text, side.title_style)), title);
    let height = usize::from(body.height);
    let below = lines.len().saturating_sub(first + height);
    let shown = if below > 0 { height.saturating_sub(1) } else { height };
    let mut rows: Vec<Line> = lines.into_iter().skip(first).take(shown).collect();
    if below > 0 {
        rows.push(Line::styled(
            format!("↓ {} more lines: {}", below + 1, theme.legend.key(more)),
            theme.dim,
        ));
    }
    frame.render_widget(Paragraph::new(rows), body);
}

fn split(area: Rect) -> [Rect; 2] {
    if area.width < TWO_COLUMNS {
        return Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(area);
    }
    Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)])
        .spacing(1)
        .areas(area)
}

/// Lines of help in the middle of an empty part.
pub fn empty(frame: &mut Frame, area: Rect, text: &str, theme: &Theme) {
    let width = usize::from(area.width.saturating_sub(2));
    let lines: Vec<Line> = super::wrap::wrap_text(&theme.legend.write(text), theme.dim, width);
    let area = Rect {
        x: area.x.saturating_add(1.min(area.width)),
        width: area.width.saturating_sub(1),
        ..area
    };
    frame.render_widget(Paragraph::new(lines), area);
}

/// In front of a row of a list: the selected one is marked, not only coloured.
pub fn marker(selected: bool) -> &'static str {
    if selected { "▸ " } else { "  " }
}

/// The query x, on as many lines as an area can spare for it.
pub fn query(text: &str, area: Rect, theme: &Theme) -> Vec<Line<'static>> {
    let most = usize::from(area.height / 4).max(1);
    let width = usize::from(area.width.saturating_sub(3));
    let mut lines = wrap(&[Span::styled(text, theme.title)], width);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            let cut = clip(&last.to_string(), width.saturating_sub(2));
            *last = Line::styled(format!("{cut} …"), theme.title);
        }
    }
    for (i, line) in lines.iter_mut().enumerate() {
        line.spans
            .insert(0, Span::styled(if i == 0 { "x  " } else { "   " }, theme.dim));
    }
    lines
}

/// What stands beside the title of a panel.
pub fn beside(text: impl Into<String>) -> Vec<Span<'static>> {
    vec![Span::raw(text.into()), Span::raw(" ")]
}
