//! What stands beside the crosshair: every line of the panel at that step, and what was done there.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::charts::{bands, present};
use super::method::{Source, curves};
use super::{Panel, State};
use crate::config::MethodName;
use crate::tui::history::Column;
use crate::tui::run_view::RunView;
use crate::tui::smooth::average;
use crate::tui::theme::Theme;
use crate::tui::widgets::scale::{short, thousands};
use crate::tui::widgets::wrap::clip;

/// Columns of the longest line.
const WIDEST: usize = 34;

/// The lines, while the cursor is on a step.
pub fn lines(panel: Panel, state: &State, run: &RunView, theme: &Theme) -> Vec<Line<'static>> {
    let Some((step, index)) = run.at().zip(run.shown_index()) else {
        return vec![];
    };
    let raw = |column: &Column| column.points().get(index).copied().filter(|v| v.is_finite());
    let number = |v: Option<f32>| v.map_or("–".to_string(), |v| short(v.into()));
    let mut head = vec![Span::styled(format!("step {}", thousands(step.into())), theme.title)];
    if let Some(record) = run.shown() {
        let mut said = String::new();
        if run.method() == MethodName::Ple && panel != Panel::Spread {
            said = format!("  τ {}", short(record.tau));
        }
        if record.principles > 0 {
            said.push_str(&format!("  v{}", record.principles));
        }
        head.push(Span::styled(said, theme.dim));
    }
    let mut out = vec![Line::from(head)];
    for (column, name, style, dash) in present(panel, run, theme) {
        let mut text = format!("{} {name} {}", dash.sample(), number(raw(column)));
        let drawn = average(column.points(), index, state.smoothing).filter(|_| state.smoothing.is_on());
        if let Some(drawn) = drawn.filter(|_| panel != Panel::Branches || run.method() != MethodName::Ple) {
            text.push_str(&format!("  avg {}", short(drawn.into())));
        }
        out.push(Line::styled(text, style));
    }
    let spreads = if state.no_spread {
        vec![]
    } else {
        bands(panel, run, theme)
    };
    for band in spreads {
        if let Some((low, high)) = raw(band.low).zip(raw(band.high)) {
            let text = format!("   {} to {}", short(low.into()), short(high.into()));
            out.push(Line::styled(text, band.style));
        }
    }
    out.extend(happened(panel, step, run, theme));
    out
}

/// The changes and alarms at a step, and the numbers that stopped being numbers there.
fn happened(panel: Panel, step: u32, run: &RunView, theme: &Theme) -> Vec<Line<'static>> {
    let line = |sign: &str, text: &str, style: Style| Line::styled(clip(&format!("{sign} {text}"), WIDEST), style);
    let changes = run.marks.iter().filter(|m| m.step == step);
    let alarms = run.alarms.iter().filter(|a| a.step == step);
    let mut out: Vec<Line> = changes.map(|m| line("▾", &m.label, theme.mark)).collect();
    out.extend(alarms.map(|a| line("!", &a.message, theme.bad)));
    for (source, name, ..) in curves(panel, run.method(), theme) {
        if let Source::Series(series) = source
            && run.history.breaks(series).binary_search(&step).is_ok()
        {
            out.push(line("×", &format!("{name} is not a number"), theme.bad));
        }
    }
    out
}
