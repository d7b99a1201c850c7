//! The Dashboard: the numbers of the run, and the method made visible in them.

mod charts;
mod facts;
mod layout;
mod method;
mod method_facts;
mod view;
mod waiting;

use ratatui::{
    crossterm::event::{KeyCode, MouseButton, MouseEvent, MouseEventKind},
    layout::{Position, Rect},
};

pub use layout::Panel;
pub use view::view;

use crate::tui::action::{self, Screen};
use crate::tui::keymap::{Binding, Key, ch, key};
use crate::tui::run_view::RunView;
use crate::tui::theme::Theme;

/// What is looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub focus: Panel,
    /// The focused panel fills the screen.
    pub zoomed: bool,
    /// Show the numbers of this step instead of the newest.
    pub cursor: Option<u32>,
    /// First and last step shown; `None` follows the run.
    pub window: Option<(u32, u32)>,
    /// Join the steps themselves, not their moving average.
    pub raw: bool,
    pub log: bool,
    /// Hide mean ± standard deviation.
    pub no_spread: bool,
}

/// What can be done here.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Move(Direction),
    /// Next or previous panel.
    Cycle(i8),
    ToggleZoom,
    /// Move the cursor by so many steps of the screen.
    Cursor(i32),
    /// Fewer (or more) steps on the same width.
    Narrow,
    Widen,
    ToggleSmooth,
    ToggleLog,
    ToggleSpread,
    /// Undo one thing: the zoom, the cursor, the window.
    Back,
}

/// Towards a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Left,
    Down,
    Up,
    Right,
}

impl State {
    /// Changes what is looked at; `area` is where the dashboard is drawn.
    pub fn update(&mut self, action: Action, run: &RunView, area: Rect) {
        match action {
            Action::Move(direction) if self.zoomed => match direction {
                Direction::Left => self.move_cursor(-1, run),
                Direction::Right => self.move_cursor(1, run),
                Direction::Up => self.cycle(-1),
                Direction::Down => self.cycle(1),
            },
            Action::Move(direction) => self.focus = layout::neighbour(area, self.focus, direction),
            Action::Cycle(by) => self.cycle(by),
            Action::ToggleZoom => self.zoomed = !self.zoomed,
            Action::Cursor(by) => self.move_cursor(by, run),
            Action::Narrow => self.scale_window(run, 0.5),
            Action::Widen => self.scale_window(run, 2.0),
            Action::ToggleSmooth => self.raw = !self.raw,
            Action::ToggleLog => self.log = !self.log,
            Action::ToggleSpread => self.no_spread = !self.no_spread,
            Action::Back if self.zoomed => self.zoomed = false,
            Action::Back if self.cursor.is_some() => self.cursor = None,
            Action::Back => self.window = None,
        }
    }

    /// Clicks focus a panel and set the cursor, a second click on the focused title zooms, the wheel changes the window.
    pub fn mouse(&mut self, event: MouseEvent, area: Rect, run: &RunView) {
        let at = Position::new(event.column, event.row);
        let panels = layout::panels(area, self.zoomed.then_some(self.focus));
        let Some(&(panel, rect)) = panels.iter().find(|(_, r)| r.contains(at)) else {
            return;
        };
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) if panel == self.focus && at.y == rect.y => {
                self.zoomed = !self.zoomed;
            }
            MouseEventKind::Down(MouseButton::Left) => {
                self.focus = panel;
                self.set_cursor(at, rect, run);
            }
            MouseEventKind::Drag(MouseButton::Left) => self.set_cursor(at, rect, run),
            MouseEventKind::ScrollUp => self.scale_window(run, 0.5),
            MouseEventKind::ScrollDown => self.scale_window(run, 2.0),
            _ => {}
        }
    }

    /// First and last step to be shown.
    pub fn span(&self, run: &RunView) -> (u32, u32) {
        self.window.unwrap_or_else(|| whole_span(run))
    }

    /// Puts the cursor on a step, or the nearest there is; `None` before the first step.
    pub fn go_to(&mut self, step: u32, run: &RunView) -> Option<u32> {
        self.cursor = nearest(run.history.steps(), step);
        if let (Some(at), Some((from, to))) = (self.cursor, self.window)
            && !(from..=to).contains(&at)
        {
            self.window = None;
        }
        self.cursor
    }

    fn cycle(&mut self, by: i8) {
        let n = Panel::ALL.len() as i64;
        let here = Panel::ALL.iter().position(|p| *p == self.focus).unwrap_or(0) as i64;
        self.focus = Panel::ALL[(here + i64::from(by)).rem_euclid(n) as usize];
    }

    fn set_cursor(&mut self, at: Position, rect: Rect, run: &RunView) {
        // Styles do not move the plot, so any theme gives its place.
        let theme = Theme::color();
        if let Some(chart) = charts::chart(self.focus, self, run, &theme) {
            let inner = Rect {
                y: rect.y + 1,
                height: rect.height - 1,
                width: rect.width.saturating_sub(1),
                ..rect
            };
            self.cursor = chart
                .step_at(at, inner, &theme)
                .and_then(|step| nearest(run.history.steps(), step));
        }
    }

    fn move_cursor(&mut self, by: i32, run: &RunView) {
        let steps = run.history.steps();
        let (from, to) = self.span(run);
        // One key press moves by what a narrow chart can show, at least one step.
        let stride = i64::from(((to - from) / 100).max(1));
        let last = steps.last().copied().unwrap_or(0);
        let target = i64::from(self.cursor.unwrap_or(last)) + i64::from(by) * stride;
        let target = target.clamp(i64::from(from), i64::from(to.min(last).max(from)));
        self.cursor = nearest(steps, target as u32);
    }

    fn scale_window(&mut self, run: &RunView, by: f64) {
        let whole = whole_span(run);
        let (from, to) = self.span(run);
        let length = f64::from(to - from);
        let wanted = (length * by).max(8.0);
        if wanted >= f64::from(whole.1 - whole.0) {
            self.window = None;
            return;
        }
        let last = run.history.steps().last().copied().unwrap_or(to);
        let centre = f64::from(self.cursor.unwrap_or(last).clamp(from, to));
        let share = if length > 0.0 {
            (centre - f64::from(from)) / length
        } else {
            1.0
        };
        let start = (centre - share * wanted)
            .round()
            .clamp(f64::from(whole.0), f64::from(whole.1) - wanted);
        self.window = Some((start as u32, (start + wanted).round() as u32));
    }
}

/// The steps of the whole run.
fn whole_span(run: &RunView) -> (u32, u32) {
    let steps = run.history.steps();
    let (first, last) = (steps.first().copied().unwrap_or(0), steps.last().copied().unwrap_or(0));
    (first, end_of_axis(run, first, last))
}

/// Where the axis of a whole run ends: as planned for short runs, so that it stands still, else twice as far whenever
/// the curve reaches the right edge.
pub fn end_of_axis(run: &RunView, first: u32, last: u32) -> u32 {
    const STILL: u32 = 200;
    let planned = run.steps_planned().max(last + 1) - 1;
    let to = match () {
        () if run.ended() => last,
        () if planned < STILL => planned,
        () => (first + (last - first + 1).next_power_of_two().max(64)).min(planned),
    };
    to.max(first + 1)
}

fn nearest(steps: &[u32], step: u32) -> Option<u32> {
    let after = steps.partition_point(|&s| s < step);
    let candidates = [after.checked_sub(1), Some(after)]
        .into_iter()
        .flatten()
        .filter_map(|i| steps.get(i));
    candidates.min_by_key(|s| s.abs_diff(step)).copied()
}

/// The rows of the key table.
pub fn bindings() -> Vec<Binding> {
    let row = |name, keys: &'static [Key], action, help, footer| Binding {
        name,
        screen: Some(Screen::Dashboard),
        keys,
        action: action::Action::Dashboard(action),
        help,
        footer,
    };
    const LEFT: &[Key] = &[ch('h'), key(KeyCode::Left)];
    const DOWN: &[Key] = &[ch('j'), key(KeyCode::Down)];
    const UP: &[Key] = &[ch('k'), key(KeyCode::Up)];
    const RIGHT: &[Key] = &[ch('l'), key(KeyCode::Right)];
    const NARROW: &[Key] = &[ch('+'), ch('=')];
    const ZOOM: &[Key] = &[ch('z'), key(KeyCode::Enter)];
    vec![
        row(
            "dashboard-zoom",
            ZOOM,
            Action::ToggleZoom,
            "the focused chart on the whole screen, or back",
            Some("zoom"),
        ),
        row(
            "dashboard-left",
            LEFT,
            Action::Move(Direction::Left),
            "focus the chart on the left; zoomed: cursor one step back",
            None,
        ),
        row(
            "dashboard-down",
            DOWN,
            Action::Move(Direction::Down),
            "focus the chart below; zoomed: next chart",
            None,
        ),
        row(
            "dashboard-up",
            UP,
            Action::Move(Direction::Up),
            "focus the chart above; zoomed: previous chart",
            None,
        ),
        row(
            "dashboard-right",
            RIGHT,
            Action::Move(Direction::Right),
            "focus the chart on the right; zoomed: cursor one step on",
            None,
        ),
        row(
            "dashboard-cursor-back",
            const { &[ch(',')] },
            Action::Cursor(-1),
            "cursor one step back, in all charts",
            Some("cursor"),
        ),
        row(
            "dashboard-cursor-on",
            const { &[ch('.')] },
            Action::Cursor(1),
            "cursor one step on",
            None,
        ),
        row(
            "dashboard-cursor-back-ten",
            const { &[ch('<')] },
            Action::Cursor(-10),
            "cursor ten steps back",
            None,
        ),
        row(
            "dashboard-cursor-on-ten",
            const { &[ch('>')] },
            Action::Cursor(10),
            "cursor ten steps on",
            None,
        ),
        row(
            "dashboard-narrow",
            NARROW,
            Action::Narrow,
            "fewer steps, around the cursor",
            None,
        ),
        row(
            "dashboard-widen",
            const { &[ch('-')] },
            Action::Widen,
            "more steps",
            None,
        ),
        row(
            "dashboard-smooth",
            const { &[ch('s')] },
            Action::ToggleSmooth,
            "curves as moving averages, or through every single step",
            Some("smooth"),
        ),
        row(
            "dashboard-spread",
            const { &[ch('b')] },
            Action::ToggleSpread,
            "show or hide the band: mean ± standard deviation",
            None,
        ),
        row(
            "dashboard-log",
            const { &[ch('y')] },
            Action::ToggleLog,
            "logarithmic vertical axis, where all values are positive",
            None,
        ),
        row(
            "dashboard-next-chart",
            const { &[ch(']')] },
            Action::Cycle(1),
            "next chart, hidden ones too",
            None,
        ),
        row(
            "dashboard-previous-chart",
            const { &[ch('[')] },
            Action::Cycle(-1),
            "previous chart",
            None,
        ),
        row(
            "dashboard-back",
            const { &[key(KeyCode::Esc)] },
            Action::Back,
            "leave the zoom, then the cursor, then the window",
            None,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_step_is_found() {
        assert_eq!(nearest(&[], 3), None);
        assert_eq!(nearest(&[2, 4, 9], 0), Some(2));
        assert_eq!(nearest(&[2, 4, 9], 8), Some(9));
        assert_eq!(nearest(&[2, 4, 9], 80), Some(9));
    }
}
