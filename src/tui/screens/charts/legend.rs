//! What stands beside the title of a chart: the names of its curves in their looks, with their values.

use ratatui::text::Span;

use super::Line;
use crate::tui::theme::Theme;
use crate::tui::widgets::scale::{short, thousands};

/// How much a legend says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Detail {
    All,
    /// Without what explains the names.
    Names,
    /// Without samples of the lines too.
    Values,
    /// Of many curves the number of the main one only.
    Parts,
    /// Of many curves the main one only; where there is none, all but the last.
    First,
    /// With two figures of each number: there is always a number.
    Rounded,
}

/// The first of these legends that fits into the room there is, or the last.
pub fn fitting<'a>(room: usize, details: &[Detail], legend: impl Fn(Detail) -> Vec<Span<'a>>) -> Vec<Span<'a>> {
    let mut spans = vec![];
    for &detail in details {
        spans = legend(detail);
        if spans.iter().map(Span::width).sum::<usize>() <= room {
            break;
        }
    }
    spans
}

/// The names of curves with what was measured at a point. The curve may be drawn averaged, but a number without a word is
/// the number of its step. Of many curves the main one stands first, so that it is the last to go.
pub fn of_lines(lines: &[Line], index: Option<usize>, detail: Detail, theme: &Theme) -> Vec<Span<'static>> {
    let mut out = Vec::new();
    let many = lines.len() > 2;
    let has_main = lines.iter().any(|line| line.main);
    let main = lines.iter().position(|line| line.main).unwrap_or(0);
    let (before, from_main) = lines.split_at(main.min(lines.len()));
    for (i, line) in from_main.iter().chain(before).enumerate() {
        let last = i + 1 == lines.len();
        if many && detail >= Detail::First && (last || has_main && i > 0) {
            break;
        }
        let name = match (detail, line.name.split_once(' ')) {
            (Detail::All, _) | (_, None) => line.name,
            (_, Some((symbol, _))) => symbol,
        };
        let (sample, space) = if detail >= Detail::Values {
            ("", " ")
        } else {
            (line.curve.dash.sample(), "  ")
        };
        let name = if detail >= Detail::Values {
            name.trim_start_matches("L_")
        } else {
            name
        };
        out.push(Span::styled(
            format!("{sample} {name} ").trim_start().to_string(),
            line.style(),
        ));
        if many && i > 0 && detail == Detail::Parts {
            continue;
        }
        let value = index.and_then(|index| line.curve.column.points().get(index).copied());
        let number = match value.filter(|v| v.is_finite()) {
            None => "–".into(),
            Some(v) if detail == Detail::Rounded => rounded(v),
            Some(v) => short(v.into()),
        };
        out.push(Span::styled(
            format!("{number}{space}"),
            line.style().patch(theme.title),
        ));
    }
    out
}

/// Two figures, in as few columns as that takes: "-.03", "0.6", "12".
fn rounded(value: f32) -> String {
    let text = match value.abs() {
        size if size >= 1000.0 => return short(value.into()),
        size if size >= 9.95 => format!("{value:.0}"),
        size if size >= 0.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    text.replacen(
        "0.",
        ".",
        usize::from(text.starts_with("0.") || text.starts_with("-0.")),
    )
}

/// The step that the values are of, while one looks at the past.
pub fn at_cursor(step: u32, detail: Detail, theme: &Theme) -> Span<'static> {
    let at = if detail == Detail::All { "at step " } else { "@" };
    Span::styled(format!("{at}{} ", thousands(step.into())), theme.title)
}
