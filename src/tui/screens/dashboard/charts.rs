//! Which series each panel shows, and how.

use ratatui::{style::Style, text::Span};

use super::method::{Named, Source, curves};
use super::{Panel, State, readout};
use crate::config::MethodName;
use crate::tui::history::{Column, Series};
use crate::tui::run_view::RunView;
use crate::tui::smooth::{Smoothing, average};
use crate::tui::theme::Theme;
use crate::tui::widgets::axis::Mark;
use crate::tui::widgets::chart::{Band, Chart, Curve, Dash};
use crate::tui::widgets::scale::{short, thousands};

/// The chart of a panel; nothing where the run has no points of it.
pub fn chart<'a>(panel: Panel, state: &State, run: &'a RunView, theme: &Theme) -> Option<Chart<'a>> {
    let named = present(panel, run, theme);
    if named.is_empty() {
        return None;
    }
    let bands = if state.no_spread {
        vec![]
    } else {
        bands(panel, run, theme)
    };
    let gap = matches!(panel, Panel::Reward | Panel::Truth) && named.len() > 1;
    let broken = |(source, ..): &Named| match source {
        Source::Series(series) => Some((run.until_edge(run.history.breaks(*series)), theme.bad)),
        Source::Metric(_) => None,
    };
    Some(Chart {
        steps: run.drawn_steps(),
        fill: match named[..] {
            [(first, ..), (second, ..)] if gap => Some((first, second, theme.dim)),
            _ => None,
        },
        curves: named
            .iter()
            .map(|&(column, _, style, dash)| Curve { column, style, dash })
            .collect(),
        bands,
        stacked: panel == Panel::Branches && run.method() == MethodName::Ple,
        marks: marks(run, theme),
        breaks: curves(panel, run.method(), theme).iter().filter_map(broken).collect(),
        span: state.span(run),
        cursor: run.at(),
        readout: readout::lines(panel, state, run, theme),
        selection: state.selection(),
        log: state.log,
        smoothing: state.smoothing,
    })
}

/// The spreads of a panel.
pub fn bands<'a>(panel: Panel, run: &'a RunView, theme: &Theme) -> Vec<Band<'a>> {
    let band = |low, high, style: Style| Band {
        low: run.history.column(low),
        high: run.history.column(high),
        style: style.patch(theme.dim),
    };
    match panel {
        Panel::Reward => vec![
            band(Series::RewardOriginalLow, Series::RewardOriginalHigh, theme.original),
            band(Series::RewardGuidedLow, Series::RewardGuidedHigh, theme.guided),
        ],
        Panel::Spread => vec![band(Series::MarginLow, Series::MarginHigh, theme.truth)],
        _ => vec![],
    }
}

/// The curves of a panel of which the run has points.
pub fn present<'a>(panel: Panel, run: &'a RunView, theme: &Theme) -> Vec<(&'a Column, &'static str, Style, Dash)> {
    curves(panel, run.method(), theme)
        .into_iter()
        .filter_map(|(source, name, style, dash)| Some((source.column(&run.history)?, name, style, dash)))
        .collect()
}

/// The alarms, and the changes made by hand, each at the step from which it acted.
pub fn marks<'a>(run: &'a RunView, theme: &Theme) -> Vec<Mark<'a>> {
    let edge = run.past.as_ref().map_or(u32::MAX, |past| past.edge);
    let mark = |step, label, sign, style| Mark {
        step,
        label,
        sign,
        style,
    };
    let alarms = run.alarms.iter().map(|a| mark(a.step, &a.message[..], "!", theme.bad));
    let changes = run.marks.iter().map(|m| mark(m.step, &m.label[..], "▾", theme.mark));
    // Later ones have the first choice of the room there is, so that what somebody did is named before what rang.
    alarms.chain(changes).filter(|m| m.step <= edge).collect()
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
    let value = |column| value_at(run, column, state.smoothing);
    let of = |series| value(run.history.column(series));
    let mut out = Vec::new();
    let named = match (panel, run.method()) {
        // Its counts are said below.
        (Panel::Branches, MethodName::Ple) => vec![],
        _ => present(panel, run, theme),
    };
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
            let count =
                |s| value_at(run, run.history.column(s), Smoothing::Off).map_or("–".into(), |v| thousands(v as i64));
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
            if let Some(step) = run.shown() {
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
    if let Some(cursor) = run.at().filter(|_| !still) {
        let at = if detail == Detail::All { "at step " } else { "@" };
        out.push(Span::styled(format!("{at}{} ", thousands(cursor.into())), theme.title));
    }
    out
}

/// The value of a series at the step looked at: that of the curve that is drawn, averaged or not.
pub fn value_at(run: &RunView, column: &Column, smoothing: Smoothing) -> Option<f32> {
    average(column.points(), run.shown_index()?, smoothing)
}
