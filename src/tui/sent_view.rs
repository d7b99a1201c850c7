//! Draws what a model was given: every token in a box of its own colour, by whose words it is.

use ratatui::{
    Frame,
    layout::Rect,
    style::{Modifier, Style},
    text::{Line, Span},
    widgets::{Block, BorderType, Clear, Padding, Paragraph},
};
use unicode_width::UnicodeWidthStr;

use super::sent::Sent;
use super::theme::Theme;
use crate::prompt::{Piece, PieceRole};

/// Between two tokens.
const BORDER: &str = "\u{2502}";

/// The part of the screen it takes, and its lines of tokens.
fn area(screen: Rect) -> (Rect, u16) {
    let width = screen.width.saturating_sub(4).min(140);
    let height = screen.height.saturating_sub(2).max(1).min(screen.height);
    let area = Rect {
        x: (screen.width - width) / 2,
        y: (screen.height - height) / 2,
        width,
        height,
    };
    // Frame, two lines of heads and a blank one.
    (area, height.saturating_sub(5))
}

/// Lines of tokens that do not fit.
pub fn overflow(sent: &Sent, size: (u16, u16)) -> u16 {
    let (area, rows) = area(Rect::new(0, 0, size.0, size.1));
    let lines = token_lines(sent, usize::from(area.width.saturating_sub(6)), &Theme::plain()).len() as u16;
    lines.saturating_sub(rows)
}

/// Draws the popup.
pub fn view(sent: &Sent, theme: &Theme, frame: &mut Frame) {
    let (area, rows) = area(frame.area());
    let inner = usize::from(area.width.saturating_sub(6));
    let mut lines = vec![head(sent, theme), legend(sent, theme), Line::default()];
    match &sent.given {
        None => lines.push(Line::styled("reading the tokenizer ...", theme.dim)),
        Some(Err(why)) => lines.extend(super::widgets::wrap::wrap_text(why, theme.bad, inner)),
        Some(Ok(given)) => {
            let tokens = token_lines(sent, inner, theme);
            let more = (tokens.len() as u16).saturating_sub(rows);
            lines.extend(
                tokens
                    .into_iter()
                    .skip(usize::from(sent.scroll.min(more)))
                    .take(usize::from(rows)),
            );
            if let Some(note) = &given.note {
                lines[2] = Line::styled(super::widgets::wrap::clip(note, inner), theme.dim);
            }
        }
    }
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.border_focus)
        .title(Span::styled(" What the model was given ", theme.title))
        .padding(Padding::horizontal(2))
        .title_bottom(Line::styled(" Tab other side · i ids · j k scroll · Esc close ", theme.dim).right_aligned());
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// Which side, and how many tokens.
fn head(sent: &Sent, theme: &Theme) -> Line<'static> {
    let side = |i: usize, text: String, style: Style| {
        let style = if sent.side == i {
            style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
        } else {
            theme.dim
        };
        Span::styled(text, style)
    };
    let tokens = |i: usize| match &sent.given {
        Some(Ok(given)) => format!(" ({} tokens)", given.sides[i].len()),
        _ => String::new(),
    };
    Line::from(vec![
        side(0, format!("x{}", tokens(0)), theme.original),
        Span::raw("   "),
        side(
            1,
            format!("principles v{} and x{}", sent.version, tokens(1)),
            theme.guided,
        ),
    ])
}

/// Whose words are drawn how.
fn legend(sent: &Sent, theme: &Theme) -> Line<'static> {
    let [template, principles, query] = sent.counts();
    let chat = match &sent.given {
        Some(Ok(given)) if given.chat => "chat template",
        _ => "template",
    };
    Line::from(vec![
        Span::styled(format!("{chat} {template}"), style(PieceRole::Template, theme)),
        Span::raw("   "),
        Span::styled(format!("principles {principles}"), style(PieceRole::Principles, theme)),
        Span::raw("   "),
        Span::styled(format!("query {query}"), style(PieceRole::Query, theme)),
    ])
}

fn style(role: PieceRole, theme: &Theme) -> Style {
    match role {
        PieceRole::Template => theme.dim,
        PieceRole::Principles => theme.guided,
        PieceRole::Query => theme.original.add_modifier(Modifier::UNDERLINED),
    }
}

/// Tokens one after another; a line ends where a token would not fit, and after one that ends the line in the prompt.
fn token_lines(sent: &Sent, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let (mut spans, mut used): (Vec<Span<'static>>, usize) = (Vec::new(), 0);
    for piece in sent.pieces() {
        let text = shown(piece, sent.ids, width);
        let wide = text.width() + 1;
        if used + wide > width && !spans.is_empty() {
            lines.push(Line::from(std::mem::take(&mut spans)));
            used = 0;
        }
        spans.push(Span::styled(text, style(piece.role, theme)));
        spans.push(Span::styled(BORDER, theme.dim));
        used += wide;
        if piece.shown.ends_with('\u{21B5}') {
            lines.push(Line::from(std::mem::take(&mut spans)));
            used = 0;
        }
    }
    if !spans.is_empty() {
        lines.push(Line::from(spans));
    }
    lines
}

/// A token as it is drawn, never wider than a line.
fn shown(piece: &Piece, ids: bool, width: usize) -> String {
    let text = super::widgets::wrap::clip(&piece.shown, width.saturating_sub(9).max(1));
    match ids {
        true => format!("{text} {}", piece.id),
        false => text,
    }
}
