//! Draws the tokens of a response: its text, and under every token a mark as high as its number is large. The marks say what
//! the colours say, so that neither is needed.

use ratatui::{
    Frame,
    layout::Rect,
    style::{Modifier, Style},
    text::{Line, Span},
    widgets::{Block, BorderType, Clear, Padding, Paragraph},
};

use super::inside::{Inside, Tint, fate};
use super::run_view::RunView;
use super::screens::live::signed;
use super::theme::{Markers, Theme};
use super::widgets::wrap::{clip, wrap_text};
use crate::train::InsideToken;

/// Lines above the tokens.
const HEAD: u16 = 3;
/// Lines below them: a blank one, the token under the cursor, and the pair's fate in two.
const FOOT: u16 = 4;

fn area(screen: Rect) -> Rect {
    let width = screen.width.saturating_sub(4).min(140);
    let height = screen.height.saturating_sub(2).max(1).min(screen.height);
    Rect {
        x: (screen.width - width) / 2,
        y: (screen.height - height) / 2,
        width,
        height,
    }
}

/// Columns and lines of tokens that a screen has room for; a line of tokens is two on the screen.
pub fn room(size: (u16, u16)) -> (usize, usize) {
    let area = area(Rect::new(0, 0, size.0, size.1));
    let rows = area.height.saturating_sub(2 + HEAD + FOOT) / 2;
    (usize::from(area.width.saturating_sub(6)), usize::from(rows.max(1)))
}

/// Draws the popup.
pub fn view(inside: &Inside, run: &RunView, theme: &Theme, frame: &mut Frame) {
    let area = area(frame.area());
    let (width, page) = room((frame.area().width, frame.area().height));
    let mut lines = vec![heads(inside, theme), tints(inside, theme), Line::default()];
    match inside.answer.as_ref().map(|a| &a.found) {
        None => lines.extend(wrap_text(waiting(inside), theme.dim, width)),
        Some(Err(why)) => lines.extend(wrap_text(why, theme.bad, width)),
        Some(Ok(_)) => {
            lines.extend(tokens(inside, theme, width, page));
            lines.push(Line::default());
            lines.push(under_cursor(inside, theme, width));
            for line in fate(&inside.pair, run) {
                lines.push(Line::styled(clip(&line, width), theme.dim));
            }
        }
    }
    let title = format!(" Inside step {}, pair {} ", inside.pair.step, inside.pair.index);
    let by = inside.answer.as_ref().map(|a| {
        let from = if inside.live { "" } else { ", from its checkpoint" };
        format!(" by the policy after {} steps{from} ", a.policy_steps)
    });
    let keys = match inside.pair.is_single() {
        true => " v tint · h l j k token · n next pushed · Esc close ",
        false => " Tab other side · v tint · h l j k token · n next pushed · Esc close ",
    };
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.border_focus)
        .title(Span::styled(title, theme.title))
        .title(Line::styled(by.unwrap_or_default(), theme.dim).right_aligned())
        .padding(Padding::horizontal(2))
        .title_bottom(Line::styled(keys, theme.dim).right_aligned());
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn waiting(inside: &Inside) -> &'static str {
    match inside.live {
        true => "asked; the answer comes between two steps ...",
        false => "reading the newest checkpoint ...",
    }
}

/// Both sides, the one that is shown underlined: tokens, log pi, and how far training has moved it.
fn heads(inside: &Inside, theme: &Theme) -> Line<'static> {
    let mut spans = Vec::new();
    for (side, (name, style)) in [("y", theme.original), ("y'", theme.guided)].into_iter().enumerate() {
        if side == 1 && inside.pair.is_single() {
            break;
        }
        let style = match inside.side == side {
            true => style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            false => theme.dim,
        };
        spans.push(Span::styled(name, style));
        if let Some((policy, reference)) = inside.sums(side) {
            let moved = reference
                .map(|r| format!(" ({})", signed(policy - r)))
                .unwrap_or_default();
            spans.push(Span::styled(format!(" log pi {policy:.1}{moved}"), style));
        }
        spans.push(Span::raw("   "));
    }
    Line::from(spans)
}

fn tints(inside: &Inside, theme: &Theme) -> Line<'static> {
    let mut spans = Vec::new();
    for tint in Tint::ALL {
        let style = if tint == inside.tint { theme.selected } else { theme.dim };
        spans.push(Span::styled(format!(" {} ", tint.name()), style));
    }
    let ascii = theme.markers == Markers::Ascii;
    match inside.tint {
        Tint::Difference => {
            let [up, down] = [1.5, -1.5].map(|d| mark(Tint::Difference, d, ascii));
            spans.push(Span::styled(format!("  {up} pushed up"), theme.good));
            spans.push(Span::styled(format!("  {down} pushed down"), theme.bad));
        }
        _ => {
            let [half, tenth, hundredth] = [0.6, 2.3, 4.7].map(|nats| mark(Tint::Policy, -nats, ascii));
            spans.push(Span::styled(
                format!("  {half} 50%  {tenth} 10%  {hundredth} 1%: the higher, the more surprising"),
                theme.dim,
            ));
        }
    }
    Line::from(spans)
}

/// The lines of tokens around the cursor, each with its marks.
fn tokens(inside: &Inside, theme: &Theme, width: usize, page: usize) -> Vec<Line<'static>> {
    let rows = inside.rows(width);
    let here = rows
        .iter()
        .position(|row| row.iter().any(|c| c.index == inside.cursor))
        .unwrap_or(0);
    let first = here.saturating_sub(page / 2).min(rows.len().saturating_sub(page));
    let ascii = theme.markers == Markers::Ascii;
    let all = inside.tokens();
    let mut lines = Vec::new();
    for row in rows.iter().skip(first).take(page) {
        let (mut text, mut marks) = (Vec::new(), Vec::new());
        for cell in row {
            let value = inside.tint.of(&all[cell.index]);
            let mut style = value.map_or(Style::new(), |v| tinted(inside.tint, v, theme));
            if cell.index == inside.cursor {
                style = style.add_modifier(Modifier::REVERSED);
            }
            text.push(Span::styled(cell.text.clone(), style));
            let sign = value.map_or(' ', |v| mark(inside.tint, v, ascii));
            let quiet = style.remove_modifier(Modifier::REVERSED);
            marks.push(Span::styled(sign.to_string().repeat(cell.width), quiet));
        }
        lines.push(Line::from(text));
        lines.push(Line::from(marks));
    }
    lines
}

/// The token under the cursor in numbers.
fn under_cursor(inside: &Inside, theme: &Theme, width: usize) -> Line<'static> {
    let Some(token) = inside.tokens().get(inside.cursor) else {
        return Line::styled("no tokens", theme.dim);
    };
    Line::styled(clip(&numbers(inside.cursor, token), width), theme.title)
}

fn numbers(index: usize, token: &InsideToken) -> String {
    let share = |x: f64| match x.exp() * 100.0 {
        p if p >= 9.95 => format!("{p:.0}%"),
        p if p >= 0.1 => format!("{p:.1}%"),
        p => format!("{p:.0e}%"),
    };
    let mut text = format!(
        "{} \"{}\"  policy {} ({:.2})",
        index + 1,
        token.shown,
        share(token.policy),
        token.policy
    );
    if let (Some(reference), Some(difference)) = (token.reference, token.difference()) {
        text.push_str(&format!(
            "  reference {} ({reference:.2})  {}",
            share(reference),
            signed(difference)
        ));
    }
    text
}

/// The colour of a token.
fn tinted(tint: Tint, value: f64, theme: &Theme) -> Style {
    match tint {
        Tint::Difference if value >= 0.1 => strong(theme.good, value >= 1.0),
        Tint::Difference if value <= -0.1 => strong(theme.bad.remove_modifier(Modifier::BOLD), value <= -1.0),
        Tint::Difference => Style::new(),
        // Below a hundredth, and below a tenth.
        _ if value < -4.605 => theme.bad,
        _ if value < -2.303 => theme.guided,
        _ if value < -0.693 => theme.tau,
        _ => Style::new(),
    }
}

fn strong(style: Style, strong: bool) -> Style {
    match strong {
        true => style.add_modifier(Modifier::BOLD),
        false => style,
    }
}

/// The mark under a token: a bar as high as its surprise in nats, or arrows by what training did.
fn mark(tint: Tint, value: f64, ascii: bool) -> char {
    if tint == Tint::Difference {
        let signs = if ascii {
            ['^', 'A', 'v', 'V']
        } else {
            ['\u{2191}', '\u{25B2}', '\u{2193}', '\u{25BC}']
        };
        return match value {
            v if v >= 1.0 => signs[1],
            v if v >= 0.1 => signs[0],
            v if v <= -1.0 => signs[3],
            v if v <= -0.1 => signs[2],
            _ => ' ',
        };
    }
    let nats = -value;
    if !nats.is_finite() {
        return '?';
    }
    let level = nats.ceil().clamp(0.0, 8.0) as usize;
    match ascii {
        _ if nats < 0.1 => ' ',
        true => char::from(b'0' + level as u8),
        false => [
            ' ', '\u{2581}', '\u{2582}', '\u{2583}', '\u{2584}', '\u{2585}', '\u{2586}', '\u{2587}', '\u{2588}',
        ][level],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_say_what_colours_say() {
        for ascii in [false, true] {
            let of = |tint, values: &[f64]| -> Vec<char> { values.iter().map(|v| mark(tint, *v, ascii)).collect() };
            let surprise = of(Tint::Policy, &[-0.05, -0.6, -2.3, -4.7, -7.5, -40.0]);
            let mut different = surprise.clone();
            different.dedup();
            assert_eq!(different.len(), surprise.len() - 1, "{surprise:?}");
            assert_eq!(surprise[4], surprise[5]);
            let moved = of(Tint::Difference, &[2.0, 0.5, 0.05, -0.5, -2.0]);
            let mut sorted = moved.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), 5, "{moved:?}");
        }
        assert_eq!(mark(Tint::Policy, f64::NEG_INFINITY, true), '?');
        assert_eq!(mark(Tint::Policy, f64::NAN, false), '?');
    }
}
