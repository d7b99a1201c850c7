//! Which series each panel shows, and how.

use ratatui::{style::Style, text::Span};

use super::method::curves;
use super::{Panel, State};
use crate::config::MethodName;
use crate::tui::history::{Column, Series};
use crate::tui::run_view::RunView;
use crate::tui::smooth::average;
use crate::tui::theme::Theme;
use crate::tui::widgets::chart::{Chart, Curve, Dash};
use crate::tui::widgets::scale::{short, thousands};

/// The line chart of a panel.
pub fn chart<'a>(panel: Panel, state: &State, run: &'a RunView, theme: &Theme) -> Option<Chart<'a>> {
    let column = |series| run.history.column(series);
    let named = present(panel, run, theme);
    if named.is_empty() {
        return None;
    }
    let edge = |series, style: Style| Curve {
        column: column(series),
        style: style.patch(theme.dim),
        dash: Dash::Sparse,
    };
    let spread = match panel {
        Panel::Reward if !state.no_spread => vec![
            edge(Series::RewardOriginalLow, theme.original),
            edge(Series::RewardOriginalHigh, theme.original),
            edge(Series::RewardGuidedLow, theme.guided),
            edge(Series::RewardGuidedHigh, theme.guided),
        ],
        _ => vec![],
    };
    let gap = matches!(panel, Panel::Reward | Panel::Truth) && named.len() > 1;
    Some(Chart {
        steps: run.history.steps(),
        fill: match named[..] {
            [(first, ..), (second, ..)] if gap => Some((first, second, theme.dim)),
            _ => None,
        },
        curves: named
            .iter()
            .map(|&(column, _, style, dash)| Curve { column, style, dash })
            .collect(),
        spread,
        marks: marks(run),
        span: state.span(run),
        cursor: state.cursor,
        log: state.log,
        smooth: !state.raw,
    })
}

/// The curves of a panel of which the run has points.
fn present<'a>(panel: Panel, run: &'a RunView, theme: &Theme) -> Vec<(&'a Column, &'static str, Style, Dash)> {
    curves(panel, run.method(), theme)
        .into_iter()
        .filter_map(|(source, name, style, dash)| Some((source.column(&run.history)?, name, style, dash)))
        .collect()
}

/// The changes made by hand, with the step from which they acted.
pub fn marks(run: &RunView) -> Vec<(u32, &str)> {
    run.marks.iter().map(|m| (m.step, m.label.as_str())).collect()
}

/// What stands beside a panel's title: the names of its curves in their looks, with their values. With little room it
/// says less.
pub fn legend(panel: Panel, state: &State, run: &RunView, theme: &Theme, room: usize) -> Vec<Span<'static>> {
    let mut spans = vec![];
    for detail in [Detail::All, Detail::Names, Detail::Values, Detail::Parts, Detail::Bare] {
        spans = legend_in(panel, state, run, theme, detail);
        if spans.iter().map(Span::width).sum::<usize>() <= room {
            break;
        }
    }
    spans
}

/// How much a legend says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Detail {
    All,
    /// Without what explains the names.
    Names,
    /// Without samples of the lines too.
    Values,
    /// Without the number of the last of many curves, which is their sum.
    Parts,
    /// Names only.
    Bare,
}

fn legend_in(panel: Panel, state: &State, run: &RunView, theme: &Theme, detail: Detail) -> Vec<Span<'static>> {
    let value = |column| value_at(run, column, state.cursor, !state.raw);
    let of = |series| value(run.history.column(series));
    let mut out = Vec::new();
    let named = present(panel, run, theme);
    for (i, &(column, name, style, dash)) in named.iter().enumerate() {
        let name = match (detail, name.split_once(' ')) {
            (Detail::All, _) | (_, None) => name,
            (_, Some((symbol, _))) => symbol,
        };
        let (sample, space) = if detail >= Detail::Values {
            ("", " ")
        } else {
            (dash.sample(), "  ")
        };
        let name = if detail >= Detail::Values {
            name.trim_start_matches("L_")
        } else {
            name
        };
        out.push(Span::styled(
            format!("{sample} {name} ").trim_start().to_string(),
            style,
        ));
        let without = detail == Detail::Bare || (detail == Detail::Parts && named.len() > 2 && i + 1 == named.len());
        if !without {
            let number = value(column).map_or("–".into(), |v| short(v.into()));
            out.push(Span::styled(format!("{number}{space}"), style.patch(theme.title)));
        }
    }
    match panel {
        Panel::Reward if run.method() == MethodName::Ple => {
            if let Some((s, g)) = of(Series::RewardOriginal).zip(of(Series::RewardGuided)) {
                out.push(Span::raw(format!("gap {} ", short((g - s).into()))));
            }
        }
        Panel::Branches if run.method() == MethodName::Ple => {
            let count = |s| {
                value_at(run, run.history.column(s), state.cursor, false).map_or("–".into(), |v| thousands(v as i64))
            };
            out.push(Span::styled(
                format!("█ ranked {}  ", count(Series::Ranked)),
                theme.guided,
            ));
            out.push(Span::styled(
                format!("▒ weighted {} ", count(Series::Weighted)),
                theme.original,
            ));
        }
        Panel::Margins if run.method() == MethodName::Ple => {
            if let Some(step) = &run.latest {
                let text = match detail {
                    Detail::All => format!("step {}, {} pairs ", step.step, step.margins.len()),
                    Detail::Names => format!("step {} ", step.step),
                    _ => String::new(),
                };
                out.push(Span::styled(text, theme.dim));
            }
        }
        _ => {}
    }
    let still = panel == Panel::Facts || panel == Panel::Margins && run.method() == MethodName::Ple;
    if let Some(cursor) = state.cursor.filter(|_| !still) {
        let at = if detail == Detail::All { "at step " } else { "@" };
        out.push(Span::styled(format!("{at}{} ", thousands(cursor.into())), theme.title));
    }
    out
}

/// The value of a series at a step, or the newest: that of the curve that is drawn, averaged or not.
fn value_at(run: &RunView, column: &Column, step: Option<u32>, smooth: bool) -> Option<f32> {
    let at = match step {
        Some(step) => run.history.steps().binary_search(&step).ok()?,
        None => run.history.len().checked_sub(1)?,
    };
    if smooth {
        return average(column.points(), at);
    }
    column.points().get(at).copied().filter(|v| v.is_finite())
}
