//! What stands beside the title of a chart: the names of its curves in their looks, with their values.

use ratatui::text::Span;

use super::Line;
use crate::tui::smooth::{Smoothing, average};
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
    /// Without the number of the last of many curves, which is their sum.
    Parts,
    /// Without the last of many curves.
    First,
    /// Names only.
    Bare,
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

/// The names of curves with what they are at a point: that of the curve that is drawn, averaged or not.
pub fn of_lines(
    lines: &[Line],
    index: Option<usize>,
    smoothing: Smoothing,
    detail: Detail,
    theme: &Theme,
) -> Vec<Span<'static>> {
    let mut out = Vec::new();
    let many = lines.len() > 2;
    let shown = if detail == Detail::First && many {
        lines.len() - 1
    } else {
        lines.len()
    };
    for (i, line) in lines[..shown].iter().enumerate() {
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
        let without = detail == Detail::Bare || (detail == Detail::Parts && many && i + 1 == lines.len());
        if !without {
            let of = line.curve.smoothed(smoothing);
            let value = index.and_then(|index| average(line.curve.column.points(), index, of));
            let number = value.map_or("–".into(), |v| short(v.into()));
            out.push(Span::styled(
                format!("{number}{space}"),
                line.style().patch(theme.title),
            ));
        }
    }
    out
}

/// The step that the values are of, while one looks at the past.
pub fn at_cursor(step: u32, detail: Detail, theme: &Theme) -> Span<'static> {
    let at = if detail == Detail::All { "at step " } else { "@" };
    Span::styled(format!("{at}{} ", thousands(step.into())), theme.title)
}
