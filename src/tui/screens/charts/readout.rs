//! What stands beside the crosshair: every line of the panel at that step, and what was done there.

use ratatui::style::Style;
use ratatui::text::{Line as Text, Span};

use super::Line;
use crate::tui::history::Column;
use crate::tui::run_view::RunView;
use crate::tui::smooth::{Smoothing, average};
use crate::tui::theme::Theme;
use crate::tui::widgets::chart::Band;
use crate::tui::widgets::scale::{short, thousands};
use crate::tui::widgets::wrap::clip;

/// Columns of the longest line.
const WIDEST: usize = 34;

/// The numbers of a step.
pub struct Readout<'a> {
    pub step: u32,
    /// Place of the step among the points of the columns.
    pub index: usize,
    /// What is said beside the step.
    pub aside: String,
    pub lines: &'a [Line<'a>],
    pub bands: &'a [Band<'a>],
    pub smoothing: Smoothing,
}

impl Readout<'_> {
    /// The step, and a line for every curve and band.
    pub fn words(&self, theme: &Theme) -> Vec<Text<'static>> {
        let raw = |column: &Column| column.points().get(self.index).copied().filter(|v| v.is_finite());
        let number = |v: Option<f32>| v.map_or("–".to_string(), |v| short(v.into()));
        let mut out = vec![Text::from(vec![
            Span::styled(format!("step {}", thousands(self.step.into())), theme.title),
            Span::styled(self.aside.clone(), theme.dim),
        ])];
        for Line { curve, name, .. } in self.lines {
            let mut text = format!("{} {name} {}", curve.dash.sample(), number(raw(curve.column)));
            let smoothing = curve.smoothed(self.smoothing);
            let drawn = average(curve.column.points(), self.index, smoothing).filter(|_| smoothing.is_on());
            if let Some(drawn) = drawn {
                text.push_str(&format!("  avg {}", short(drawn.into())));
            }
            out.push(Text::styled(text, curve.style));
        }
        for band in self.bands {
            if let Some((low, high)) = raw(band.low).zip(raw(band.high)) {
                let text = format!("   {} to {}", short(low.into()), short(high.into()));
                out.push(Text::styled(text, band.style));
            }
        }
        out
    }
}

/// The changes and alarms at a step, and the numbers that stopped being numbers there, of those with their names.
pub fn happened<'a>(
    step: u32,
    run: &RunView,
    broken: impl Iterator<Item = (&'static str, &'a [u32])>,
    theme: &Theme,
) -> Vec<Text<'static>> {
    let line = |sign: &str, text: &str, style: Style| Text::styled(clip(&format!("{sign} {text}"), WIDEST), style);
    let changes = run.marks.iter().filter(|m| m.step == step);
    let alarms = run.alarms.iter().filter(|a| a.step == step);
    let mut out: Vec<Text> = changes.map(|m| line("▾", &m.label, theme.mark)).collect();
    out.extend(alarms.map(|a| line("!", &a.message, theme.bad)));
    for (name, steps) in broken {
        if steps.binary_search(&step).is_ok() {
            out.push(line("×", &format!("{name} is not a number"), theme.bad));
        }
    }
    out
}
