//! Which series each panel shows, and how.

use ratatui::{style::Style, text::Span};

use super::{Panel, State};
use crate::tui::history::{Column, Series};
use crate::tui::run_view::RunView;
use crate::tui::smooth::average;
use crate::tui::theme::Theme;
use crate::tui::widgets::chart::{Chart, Curve, Dash};
use crate::tui::widgets::scale::{short, thousands};

/// A series with its name and looks.
type Named = (Series, &'static str, Style, Dash);

/// The curves of a panel; none for panels that are not line charts.
fn curves(panel: Panel, theme: &Theme) -> Vec<Named> {
    match panel {
        Panel::Reward => vec![
            (Series::RewardOriginal, "s original", theme.original, Dash::Solid),
            (Series::RewardGuided, "s′ guided", theme.guided, Dash::Dashed),
        ],
        Panel::Truth => vec![
            (Series::TruthOriginal, "y original", theme.original, Dash::Solid),
            (Series::TruthGuided, "y′ guided", theme.guided, Dash::Dashed),
        ],
        Panel::Losses => vec![
            (Series::LossRank, "L_rank", theme.guided, Dash::Dashed),
            (Series::LossWsft, "L_wsft", theme.original, Dash::Dotted),
            (Series::Loss, "L", theme.title, Dash::Solid),
        ],
        Panel::Lengths => vec![
            (Series::LengthOriginal, "y original", theme.original, Dash::Solid),
            (Series::LengthGuided, "y′ guided", theme.guided, Dash::Dashed),
        ],
        Panel::Gradient => vec![(Series::GradNorm, "norm", theme.truth, Dash::Solid)],
        Panel::Margins | Panel::Branches | Panel::Facts => vec![],
    }
}

/// The line chart of a panel.
pub fn chart<'a>(panel: Panel, state: &State, run: &'a RunView, theme: &Theme) -> Option<Chart<'a>> {
    let column = |series| run.history.column(series);
    let named = curves(panel, theme);
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
    let gap = matches!(panel, Panel::Reward | Panel::Truth);
    Some(Chart {
        steps: run.history.steps(),
        fill: gap.then(|| (column(named[0].0), column(named[1].0), theme.dim)),
        curves: named
            .iter()
            .map(|&(s, _, style, dash)| Curve {
                column: column(s),
                style,
                dash,
            })
            .collect(),
        spread,
        marks: marks(run),
        span: state.span(run),
        cursor: state.cursor,
        log: state.log,
        smooth: !state.raw,
    })
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
    let value = |series| value_at(run, series, state.cursor, !state.raw);
    let mut out = Vec::new();
    let named = curves(panel, theme);
    for (i, &(series, name, style, dash)) in named.iter().enumerate() {
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
            let number = value(series).map_or("–".into(), |v| short(v.into()));
            out.push(Span::styled(format!("{number}{space}"), style.patch(theme.title)));
        }
    }
    match panel {
        Panel::Reward => {
            if let Some((s, g)) = value(Series::RewardOriginal).zip(value(Series::RewardGuided)) {
                out.push(Span::raw(format!("gap {} ", short((g - s).into()))));
            }
        }
        Panel::Branches => {
            let count = |s| value_at(run, s, state.cursor, false).map_or("–".into(), |v| thousands(v as i64));
            out.push(Span::styled(
                format!("█ ranked {}  ", count(Series::Ranked)),
                theme.guided,
            ));
            out.push(Span::styled(
                format!("▒ weighted {} ", count(Series::Weighted)),
                theme.original,
            ));
        }
        Panel::Margins => {
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
    if let Some(cursor) = state.cursor.filter(|_| !matches!(panel, Panel::Margins | Panel::Facts)) {
        let at = if detail == Detail::All { "at step " } else { "@" };
        out.push(Span::styled(format!("{at}{} ", thousands(cursor.into())), theme.title));
    }
    out
}

/// The value of a series at a step, or the newest: that of the curve that is drawn, averaged or not.
fn value_at(run: &RunView, series: Series, step: Option<u32>, smooth: bool) -> Option<f32> {
    let column: &Column = run.history.column(series);
    let at = match step {
        Some(step) => run.history.steps().binary_search(&step).ok()?,
        None => run.history.len().checked_sub(1)?,
    };
    if smooth {
        return average(column.points(), at);
    }
    column.points().get(at).copied().filter(|v| v.is_finite())
}
