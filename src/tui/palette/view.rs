//! Draws the palette above the footer: the line, what it could become, and what is wrong with it.

use ratatui::{
    Frame,
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
    widgets::{Block, BorderType, Clear, Paragraph},
};
use unicode_width::UnicodeWidthStr;

use super::{Offer, Palette};
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::widgets::wrap::clip;

/// Rows of the list at most.
const MOST: usize = 12;
/// Columns of the longest name that is not cut.
const NAME: usize = 30;

/// Draws it.
pub fn view(palette: &Palette, state: &State, frame: &mut Frame) {
    let (screen, theme) = (frame.area(), &state.theme);
    let offers = palette.offers(state);
    // A line, the rows of the list, a line for errors, two of the frame.
    let rows = usize::from((screen.height / 2).saturating_sub(3))
        .clamp(1, MOST)
        .min(offers.len());
    let height = (rows as u16 + 4).min(screen.height.saturating_sub(2).max(1));
    let area = Rect {
        y: screen.height.saturating_sub(height + 1),
        height: height.min(screen.height),
        ..screen
    };
    let count = match offers.len() {
        0 if palette.command().is_some() => String::new(),
        0 => " nothing fits ".to_string(),
        n => format!(" {} of {n} ", palette.picked.map_or(1, |at| at + 1)),
    };
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.border_focus)
        .title(Span::styled(" Command ", theme.title))
        .title_top(Line::styled(count, theme.dim).right_aligned());
    let inner = block.inner(area);
    let width = usize::from(inner.width);
    let mut lines = vec![typed(palette, theme)];
    let at = palette.picked.unwrap_or(0);
    let first = (at + 1).saturating_sub(rows);
    let names = offers.iter().map(|o| name(o).width()).max().unwrap_or(0).min(NAME);
    for (i, offer) in offers.iter().enumerate().skip(first).take(rows) {
        lines.push(row(offer, i == at, names, width, theme));
    }
    lines.push(match &palette.error {
        Some(error) => Line::styled(format!(" ✗ {}", clip(error, width.saturating_sub(3))), theme.bad),
        None => match palette.command() {
            Some(command) => {
                let text = format!(" {} {}: {}", command.name, command.argument, command.help);
                Line::styled(clip(&text, width), theme.dim)
            }
            None => hint(width, theme),
        },
    });
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn typed(palette: &Palette, theme: &Theme) -> Line<'static> {
    let (before, under, after) = palette.line.parts();
    Line::from(vec![
        Span::styled(":", theme.key),
        Span::raw(before.to_string()),
        Span::styled(under.to_string(), theme.selected),
        Span::raw(after.to_string()),
    ])
}

fn name(offer: &Offer) -> String {
    match offer.argument {
        "" => offer.line.clone(),
        argument => format!("{} {argument}", offer.line),
    }
}

/// The name, what it does or why it cannot be done, and the key beside it.
fn row(offer: &Offer, here: bool, names: usize, width: usize, theme: &Theme) -> Line<'static> {
    let name = clip(&name(offer), names);
    let keys = &offer.keys;
    // Two blanks before the key and one behind it.
    let room = width.saturating_sub(names + 5 + if keys.is_empty() { 1 } else { keys.width() + 3 });
    let (text, style) = match &offer.disabled {
        Some(why) => (format!("✗ {why}"), theme.dim),
        None => (offer.help.clone(), Default::default()),
    };
    let text = clip(&text, room);
    let gap = |wide: usize, to: usize| " ".repeat(to.saturating_sub(wide));
    let mut spans = vec![
        Span::styled(if here { " ▸ " } else { "   " }, theme.key),
        Span::styled(
            name.clone(),
            match offer.disabled {
                Some(_) => theme.dim,
                None if here => theme.title.add_modifier(Modifier::UNDERLINED),
                None => theme.key,
            },
        ),
        Span::raw(gap(name.width(), names + 2)),
        Span::styled(text.clone(), style),
        Span::raw(gap(text.width(), room)),
    ];
    if !keys.is_empty() {
        spans.push(Span::styled(format!("  {keys}"), theme.key));
    }
    Line::from(spans)
}

fn hint(width: usize, theme: &Theme) -> Line<'static> {
    let all = [
        ("Enter", "do it"),
        ("Tab", "complete"),
        ("↑ ↓", "earlier lines"),
        ("Esc", "close"),
    ];
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for (key, word) in all {
        let wide = key.width() + word.width() + 4;
        if used + wide > width {
            break;
        }
        used += wide;
        spans.push(Span::styled(key, theme.key));
        spans.push(Span::styled(format!(" {word}   "), theme.dim));
    }
    Line::from(spans)
}
