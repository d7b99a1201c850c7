//! Which series each panel shows, and how.

use ratatui::style::Style;
use ratatui::text::{Line as Words, Span};

use super::method::{Named, Source, curves};
use super::{Panel, State};
use crate::config::MethodName;
use crate::tui::history::{Column, Series};
use crate::tui::run_view::RunView;
use crate::tui::screens::charts::{Detail, Line, Readout, at_cursor, fitting, happened, marks, of_lines};
use crate::tui::smooth::{Smoothing, average};
use crate::tui::theme::Theme;
use crate::tui::widgets::chart::{Band, Chart, Curve};
use crate::tui::widgets::scale::{short, thousands};

/// The chart of a panel; nothing where the run has no points of it.
pub fn chart<'a>(panel: Panel, state: &State, run: &'a RunView, theme: &Theme) -> Option<Chart<'a>> {
    let lines = present(panel, run, theme);
    if lines.is_empty() {
        return None;
    }
    let bands = if state.no_spread {
        vec![]
    } else {
        bands(panel, run, theme)
    };
    let gap = matches!(panel, Panel::Reward | Panel::Truth) && lines.len() > 1;
    let broken = |(source, ..): &Named| match source {
        Source::Series(series) => Some((run.until_edge(run.history.breaks(*series)), theme.bad)),
        Source::Metric(_) => None,
    };
    Some(Chart {
        steps: run.drawn_steps(),
        fill: gap.then_some(theme.dim),
        curves: lines.iter().map(|line| line.curve).collect(),
        readout: readout(panel, state, run, (&lines, &bands), theme),
        bands,
        stacked: is_stacked(panel, run),
        marks: marks(run, theme),
        breaks: curves(panel, run.method(), theme).iter().filter_map(broken).collect(),
        span: state.span(run),
        cursor: run.at(),
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
        raw: false,
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
pub fn present<'a>(panel: Panel, run: &'a RunView, theme: &Theme) -> Vec<Line<'a>> {
    let raw = is_stacked(panel, run);
    let line = |(source, name, style, dash): Named| {
        let column = source.column(&run.history)?;
        let curve = Curve {
            column,
            style,
            dash,
            raw,
        };
        Some(Line {
            curve,
            name,
            main: matches!(name, "L" | "margin"),
        })
    };
    curves(panel, run.method(), theme)
        .into_iter()
        .filter_map(line)
        .collect()
}

/// Counts that stand on each other.
fn is_stacked(panel: Panel, run: &RunView) -> bool {
    panel == Panel::Branches && run.method() == MethodName::Ple
}

/// What stands beside the crosshair; nothing while the cursor is on no step of the charts.
fn readout(
    panel: Panel,
    state: &State,
    run: &RunView,
    (lines, bands): (&[Line], &[Band]),
    theme: &Theme,
) -> Vec<Words<'static>> {
    let Some((step, index)) = run.at().zip(run.shown_index()) else {
        return vec![];
    };
    let mut aside = String::new();
    if let Some(record) = run.shown() {
        if run.method() == MethodName::Ple && panel != Panel::Spread {
            aside = format!("  τ {}", short(record.tau));
        }
        if record.principles > 0 {
            aside.push_str(&format!("  v{}", record.principles));
        }
    }
    let numbers = Readout {
        step,
        index,
        aside,
        lines,
        bands,
        smoothing: state.smoothing,
    };
    let mut out = numbers.words(theme);
    let broken = curves(panel, run.method(), theme).into_iter();
    let broken = broken.filter_map(|(source, name, ..)| match source {
        Source::Series(series) => Some((name, run.history.breaks(series))),
        Source::Metric(_) => None,
    });
    out.extend(happened(step, run, broken, theme));
    out
}

/// What stands beside a panel's title: the names of its curves in their looks, with their values. With little room it
/// says less.
pub fn legend(panel: Panel, run: &RunView, theme: &Theme, room: usize) -> Vec<Span<'static>> {
    const DETAILS: [Detail; 6] = [
        Detail::All,
        Detail::Names,
        Detail::Values,
        Detail::Parts,
        Detail::First,
        Detail::Rounded,
    ];
    fitting(room, &DETAILS, |detail| legend_in(panel, run, theme, detail))
}

fn legend_in(panel: Panel, run: &RunView, theme: &Theme, detail: Detail) -> Vec<Span<'static>> {
    // What the step measured, as the facts have it; the average is only what is drawn.
    let of = |series| value_at(run, run.history.column(series), Smoothing::Off);
    let lines = match is_stacked(panel, run) {
        // Its counts are said below.
        true => vec![],
        false => present(panel, run, theme),
    };
    let mut out = of_lines(&lines, run.shown_index(), detail, theme);
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
        out.push(at_cursor(cursor, detail, theme));
    }
    out
}

/// The value of a series at the step looked at.
pub fn value_at(run: &RunView, column: &Column, smoothing: Smoothing) -> Option<f32> {
    average(column.points(), run.shown_index()?, smoothing)
}
