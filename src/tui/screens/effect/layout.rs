//! Where the parts of the screen are; the drawing and the mouse agree on it.

use ratatui::layout::{Constraint, Layout, Rect};

use super::state::State;
use crate::tui::run_view::RunView;

/// Rows above the chart: title, both ends, what goes on.
const HEAD: u16 = 4;
/// Rows of the detail that matter more than a second line for every principle.
const DETAIL: u16 = 6;

/// The parts of the screen. A part without rows is not drawn.
#[derive(Clone, Copy, Debug)]
pub struct Areas {
    pub head: Rect,
    /// The chart with its title and axis.
    pub chart: Rect,
    /// The rows of the principles alone.
    pub rows: Rect,
    /// Lines of one principle: beside the others, and below it alone.
    pub lines: u16,
    /// The selected principle.
    pub detail: Rect,
}

impl Areas {
    pub fn of(area: Rect, state: &State, run: &RunView) -> Self {
        let entries = u16::try_from(state.rows(run).len()).unwrap_or(u16::MAX);
        let [head, body] =
            Layout::vertical([Constraint::Length(HEAD.min(area.height)), Constraint::Fill(1)]).areas(area);
        let two = body.height >= entries.saturating_mul(2).saturating_add(2 + DETAIL);
        let lines = if two { 2 } else { 1 };
        let wanted = entries.saturating_mul(lines).saturating_add(2);
        let most = body.height.saturating_sub(DETAIL).max(body.height / 2);
        let [chart, detail] = Layout::vertical([Constraint::Length(wanted.min(most)), Constraint::Fill(1)]).areas(body);
        let [_, rows] = Layout::vertical([Constraint::Length(2), Constraint::Fill(1)]).areas(chart);
        Self {
            head,
            chart,
            rows,
            lines,
            detail,
        }
    }
}
