//! What the screens of charts have in common: what is looked at, the keys and the mouse that change it, and the words beside
//! a chart and on it. A screen says which panels it has, where they are, and what is drawn in them.

mod keys;
mod legend;
mod mouse;
mod notes;
mod readout;
mod window;

use ratatui::{layout::Rect, style::Style};

pub(in crate::tui) use keys::rows;
pub use legend::{Detail, at_cursor, fitting, of_lines};
pub use notes::{draw as draw_notes, marks};
pub use readout::{Readout, happened};
pub use window::{Extent, Window};

use crate::tui::run_view::RunView;
use crate::tui::smooth::Smoothing;
use crate::tui::time;
use crate::tui::widgets::chart::Curve;

/// What is looked at; `P` names the panels of the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State<P> {
    pub focus: P,
    /// The focused panel fills the screen.
    pub zoomed: bool,
    /// The steps shown.
    pub window: Window,
    pub smoothing: Smoothing,
    pub log: bool,
    /// Hide the bands.
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

/// The panels of a screen and the steps of their charts.
pub struct Ground<'a, P> {
    pub steps: Extent,
    /// All panels, in the order in which they are gone through.
    pub order: &'a [P],
    /// Those that are seen together, and their places.
    pub panels: Vec<(P, Rect)>,
    /// Where the screen is drawn: the place of the panel that fills it.
    pub area: Rect,
}

/// A curve with its name; the first word of a name is what stays of it where there is little room.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub curve: Curve<'a>,
    pub name: &'static str,
    /// Of many curves the one that is wanted first: what the others add up to.
    pub main: bool,
}

impl Line<'_> {
    fn style(&self) -> Style {
        self.curve.style
    }
}

impl<P: Copy + PartialEq> State<P> {
    /// Changes what is looked at. Gives where the cursor over the steps is to go.
    pub fn act(&mut self, action: &Action, ground: &Ground<P>) -> Option<time::Action> {
        let steps = &ground.steps;
        match *action {
            Action::Move(direction) if self.zoomed => match direction {
                Direction::Left => return self.cursor(-1, steps),
                Direction::Right => return self.cursor(1, steps),
                Direction::Up => self.cycle(-1, ground.order),
                Direction::Down => self.cycle(1, ground.order),
            },
            Action::Move(direction) => self.focus = neighbour(&ground.panels, self.focus, direction),
            Action::Cycle(by) => self.cycle(by, ground.order),
            Action::ToggleZoom => self.zoomed = !self.zoomed,
            Action::Cursor(by) => return self.cursor(by, steps),
            Action::Narrow => self.window = self.window.scaled(steps, 0.5, steps.at),
            Action::Widen => self.window = self.window.scaled(steps, 2.0, steps.at),
            Action::Earlier => self.window = self.window.moved(steps, -0.25),
            Action::Later => self.window = self.window.moved(steps, 0.25),
            Action::NextSmoothing => self.smoothing = self.smoothing.next(),
            Action::ToggleLog => self.log = !self.log,
            Action::ToggleSpread => self.no_spread = !self.no_spread,
            Action::Back if self.zoomed => self.zoomed = false,
            Action::Back if steps.at.is_some() => return Some(time::Action::Live),
            Action::Back => self.window = Window::Whole,
        }
        None
    }

    /// First and last step to be shown of a run.
    pub fn span(&self, run: &RunView) -> (u32, u32) {
        self.window.span(&Extent::of(run))
    }

    fn cycle(&mut self, by: i8, order: &[P]) {
        let here = order.iter().position(|p| *p == self.focus).unwrap_or(0) as i64;
        if !order.is_empty() {
            self.focus = order[(here + i64::from(by)).rem_euclid(order.len() as i64) as usize];
        }
    }

    /// One key press moves by what a narrow chart can show, at least one step.
    fn cursor(&self, by: i32, steps: &Extent) -> Option<time::Action> {
        let (from, to) = self.window.span(steps);
        let stride = i64::from(((to - from) / 100).max(1));
        Some(time::Action::By(i64::from(by) * stride))
    }
}

/// The neighbour of a panel in a direction, or the panel itself at the edge.
pub fn neighbour<P: Copy + PartialEq>(panels: &[(P, Rect)], from: P, direction: Direction) -> P {
    let Some(&(_, here)) = panels.iter().find(|(p, _)| *p == from) else {
        return panels.first().map_or(from, |(p, _)| *p);
    };
    let centre = |r: Rect| {
        (
            i32::from(r.x) * 2 + i32::from(r.width),
            i32::from(r.y) * 2 + i32::from(r.height),
        )
    };
    let (x, y) = centre(here);
    let distance = |r: Rect| {
        let (cx, cy) = centre(r);
        // A row is about twice as tall as a column is wide.
        let (along, across) = match direction {
            Direction::Left => (x - cx, (cy - y).abs() * 2),
            Direction::Right => (cx - x, (cy - y).abs() * 2),
            Direction::Up => ((y - cy) * 2, (cx - x).abs()),
            Direction::Down => ((cy - y) * 2, (cx - x).abs()),
        };
        let beyond = match direction {
            Direction::Left => r.right() <= here.x,
            Direction::Right => r.x >= here.right(),
            Direction::Up => r.bottom() <= here.y,
            Direction::Down => r.y >= here.bottom(),
        };
        beyond.then_some(along + across * 2)
    };
    let near = panels
        .iter()
        .filter_map(|&(p, r)| Some((distance(r)?, p)))
        .min_by_key(|(d, _)| *d);
    near.map_or(from, |(_, p)| p)
}
