//! The Dashboard: the numbers of the run, and the method made visible in them.

mod charts;
mod facts;
mod layout;
mod method;
mod method_facts;
mod mouse;
mod readout;
mod variants;
mod view;
mod waiting;
mod window;

use ratatui::{crossterm::event::KeyCode, layout::Rect};

pub use charts::marks;
pub use layout::Panel;
pub use view::view;
pub use window::{Window, end_of_axis};

use crate::tui::action::{self, Screen};
use crate::tui::keymap::{Binding, Key, ch, key};
use crate::tui::run_view::RunView;
use crate::tui::smooth::Smoothing;
use crate::tui::time;

/// What is looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub focus: Panel,
    /// The focused panel fills the screen.
    pub zoomed: bool,
    /// The steps shown.
    pub window: Window,
    pub smoothing: Smoothing,
    pub log: bool,
    /// Hide mean ± standard deviation.
    pub no_spread: bool,
    /// What the mouse does while a button is held.
    drag: Option<mouse::Drag>,
}

/// What can be done here.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Move(Direction),
    /// Next or previous panel.
    Cycle(i8),
    ToggleZoom,
    /// Move the cursor by so many columns of a narrow chart.
    Cursor(i32),
    /// Fewer (or more) steps on the same width.
    Narrow,
    Widen,
    /// The window a quarter of its length back, or on.
    Earlier,
    Later,
    NextSmoothing,
    ToggleLog,
    ToggleSpread,
    /// Undo one thing: the zoom, the look back, the window.
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
    /// Changes what is looked at; `area` is where the dashboard is drawn. Gives where the cursor over the steps is to go.
    pub fn update(&mut self, action: Action, run: &RunView, area: Rect) -> Option<time::Action> {
        match action {
            Action::Move(direction) if self.zoomed => match direction {
                Direction::Left => return self.cursor(-1, run),
                Direction::Right => return self.cursor(1, run),
                Direction::Up => self.cycle(-1, run),
                Direction::Down => self.cycle(1, run),
            },
            Action::Move(direction) => self.focus = layout::neighbour(area, self.focus, direction),
            Action::Cycle(by) => self.cycle(by, run),
            Action::ToggleZoom => self.zoomed = !self.zoomed,
            Action::Cursor(by) => return self.cursor(by, run),
            Action::Narrow => self.window = self.window.scaled(run, 0.5, run.at()),
            Action::Widen => self.window = self.window.scaled(run, 2.0, run.at()),
            Action::Earlier => self.window = self.window.moved(run, -0.25),
            Action::Later => self.window = self.window.moved(run, 0.25),
            Action::NextSmoothing => self.smoothing = self.smoothing.next(),
            Action::ToggleLog => self.log = !self.log,
            Action::ToggleSpread => self.no_spread = !self.no_spread,
            Action::Back if self.zoomed => self.zoomed = false,
            Action::Back if run.past.is_some() => return Some(time::Action::Live),
            Action::Back => self.window = Window::Whole,
        }
        None
    }

    /// First and last step to be shown.
    pub fn span(&self, run: &RunView) -> (u32, u32) {
        self.window.span(run)
    }

    fn cycle(&mut self, by: i8, run: &RunView) {
        let all = Panel::of(run.method());
        let here = all.iter().position(|p| *p == self.focus).unwrap_or(0) as i64;
        self.focus = all[(here + i64::from(by)).rem_euclid(all.len() as i64) as usize];
    }

    /// One key press moves by what a narrow chart can show, at least one step.
    fn cursor(&self, by: i32, run: &RunView) -> Option<time::Action> {
        let (from, to) = self.span(run);
        let stride = i64::from(((to - from) / 100).max(1));
        Some(time::Action::By(i64::from(by) * stride))
    }
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
            "cursor back by a column of a chart, at least one step",
            Some("cursor"),
        ),
        row(
            "dashboard-cursor-on",
            const { &[ch('.')] },
            Action::Cursor(1),
            "cursor on by a column of a chart",
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
            "dashboard-earlier",
            const { &[ch('H')] },
            Action::Earlier,
            "earlier steps, once there are fewer than all",
            None,
        ),
        row(
            "dashboard-later",
            const { &[ch('L')] },
            Action::Later,
            "later steps",
            None,
        ),
        row(
            "dashboard-smooth",
            const { &[ch('s')] },
            Action::NextSmoothing,
            "curves as moving averages, as long ones, or through every step",
            Some("smooth"),
        ),
        row(
            "dashboard-spread",
            const { &[ch('b')] },
            Action::ToggleSpread,
            "show or hide the bands: mean ± deviation, percentiles",
            None,
        ),
        row(
            "dashboard-log",
            const { &[ch('y')] },
            Action::ToggleLog,
            "logarithmic vertical axis; symmetric about 0 where values are not positive",
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
            "leave the zoom, then the past, then the window",
            None,
        ),
    ]
}
