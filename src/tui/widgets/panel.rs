//! A part of the screen under a titled rule. No boxes: the width and the rows belong to the data.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::wrap::clip;
use crate::tui::theme::Theme;

/// Draws the rule with its title and what stands right of it, and gives the area below.
pub fn panel(
    frame: &mut Frame,
    area: Rect,
    theme: &Theme,
    title: &str,
    focused: bool,
    aside: Vec<Span<'static>>,
) -> Rect {
    if area.height == 0 || area.width == 0 {
        return area;
    }
    let rule = if focused { theme.border_focus } else { theme.border };
    let title_style = if focused {
        theme.title.patch(theme.selected)
    } else {
        theme.title
    };
    let mut spans = vec![Span::styled("─", rule), Span::styled(format!(" {title} "), title_style)];
    if !aside.is_empty() {
        spans.push(Span::styled("─ ", rule));
        spans.extend(aside.into_iter().map(|mut span| {
            span.content = theme.legend.write(&span.content).into_owned().into();
            span
        }));
    }
    let width = usize::from(area.width).saturating_sub(1);
    let mut spans = cut(spans, width);
    let used: usize = spans.iter().map(Span::width).sum();
    spans.push(Span::styled("─".repeat(width.saturating_sub(used)), rule));
    let top = Rect {
        height: 1,
        width: area.width.saturating_sub(1),
        ..area
    };
    frame.render_widget(Paragraph::new(Line::from(spans)), top);
    Rect {
        y: area.y + 1,
        height: area.height - 1,
        width: area.width.saturating_sub(1),
        ..area
    }
}

/// As many spans as fit; the one that does not ends in "…", so that it is seen to go on.
fn cut(spans: Vec<Span<'static>>, width: usize) -> Vec<Span<'static>> {
    let mut room = width;
    let mut out = Vec::new();
    for span in spans {
        if span.width() > room {
            out.push(Span::styled(clip(span.content.trim_end(), room), span.style));
            break;
        }
        room -= span.width();
        out.push(span);
    }
    out
}
