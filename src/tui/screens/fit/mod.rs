//! The two screens of a run that trains a model on rows: its numbers, and the rows themselves.

mod facts;
mod panels;
mod reliability;
mod rows;
#[cfg(test)]
pub mod tests;
mod training;

use ratatui::crossterm::event::{KeyCode, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use crate::tui::action::{Action as Top, Screen};
use crate::tui::keymap::{Binding, Key, ch, key};
use crate::tui::run_view::RunView;
use crate::tui::screens::charts::{self, Extent, Ground};
use crate::tui::take::Named;
use crate::tui::theme::Theme;
use crate::tui::time;
use crate::tui::widgets::scroll::{ListTop, Scroll};

pub use panels::Panel;
pub use rows::view as rows;
pub use training::view as training;

/// What is looked at on the Training screen.
pub type Board = charts::State<Panel>;

/// What is looked at on both screens.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub board: Board,
    /// Which row is read.
    pub cursor: usize,
    pub(super) top: ListTop,
    pub(super) scroll: Scroll,
}

/// What can be done with the rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Down,
    Up,
    First,
    Last,
    ScrollDown,
    ScrollUp,
}

impl State {
    /// Moves among the rows of the newest evaluation.
    pub fn update(&mut self, action: Action, run: &RunView) {
        let last = run.fit.newest().map_or(0, |e| e.samples.len().saturating_sub(1));
        let to = match action {
            Action::Down => self.cursor + 1,
            Action::Up => self.cursor.saturating_sub(1),
            Action::First => 0,
            Action::Last => last,
            Action::ScrollDown => return self.scroll.by(5),
            Action::ScrollUp => return self.scroll.by(-5),
        };
        self.cursor = to.min(last);
        self.scroll.reset();
    }

    /// The wheel moves through the rows.
    pub fn mouse(&mut self, event: MouseEvent, run: &RunView) {
        match event.kind {
            MouseEventKind::ScrollDown => self.update(Action::Down, run),
            MouseEventKind::ScrollUp => self.update(Action::Up, run),
            _ => {}
        }
    }
}

impl State {
    /// Changes what is looked at on the Training screen, drawn in `area`. Gives where the cursor over the steps is to go.
    pub fn look(&mut self, action: &charts::Action, run: &RunView, area: Rect) -> Option<time::Action> {
        self.board.act(action, &ground(run, area))
    }

    /// Does what the mouse asks for on the Training screen. Gives where the cursor over the steps is to go.
    pub fn point(&mut self, event: MouseEvent, area: Rect, run: &RunView) -> Option<time::Action> {
        let theme = Theme::color();
        let chart = |board: &Board, panel| panels::chart(panel, board, run, &theme);
        self.board.point(event, &ground(run, area), chart)
    }
}

fn ground(run: &RunView, area: Rect) -> Ground<'static, Panel> {
    Ground {
        steps: Extent::of(run),
        order: Panel::of(run),
        panels: panels::places(run, area),
        area,
    }
}

/// The chart that has the focus, if that panel is one.
pub fn focused_chart<'a>(board: &Board, run: &'a RunView, theme: &Theme) -> Option<Named<'a>> {
    let panel = board.focus;
    let lines = panels::lines(panel, run, theme);
    Some(Named {
        whose: None,
        title: panel.title().to_string(),
        names: lines.iter().map(|line| line.name.to_string()).collect(),
        // The only band is of the second curve of its panel: the interval of the accuracy on other rows.
        band_names: lines.get(1).map(|line| line.name.to_string()).into_iter().collect(),
        chart: panels::chart(panel, board, run, theme)?,
    })
}

/// The title of the focused panel, and where it is; the whole screen where it is not to be seen.
pub fn focused_panel(board: &Board, run: &RunView, area: Rect) -> (&'static str, Rect) {
    if board.zoomed {
        return (board.focus.title(), area);
    }
    let place = panels::places(run, area).into_iter().find(|(p, _)| *p == board.focus);
    place.map_or((Screen::Training.title(), area), |(panel, rect)| (panel.title(), rect))
}

/// The rows of the key table of the Training screen.
pub fn training_bindings() -> Vec<Binding> {
    charts::rows!("training", Screen::Training, Top::Training)
}

/// The rows of the key table.
pub fn bindings() -> Vec<Binding> {
    const DOWN: &[Key] = &[ch('j'), key(KeyCode::Down)];
    const UP: &[Key] = &[ch('k'), key(KeyCode::Up)];
    const FIRST: &[Key] = &[ch('g'), key(KeyCode::Home)];
    const LAST: &[Key] = &[ch('G'), key(KeyCode::End)];
    const SCROLL_DOWN: &[Key] = &[ch('J'), key(KeyCode::PageDown)];
    const SCROLL_UP: &[Key] = &[ch('K'), key(KeyCode::PageUp)];
    let row = |name, keys, action, help, footer| Binding {
        name,
        screen: Some(Screen::Rows),
        keys,
        action: Top::Fit(action),
        help,
        footer,
    };
    vec![
        row("rows-down", DOWN, Action::Down, "next row", Some("next")),
        row("rows-up", UP, Action::Up, "previous row", None),
        row("rows-first", FIRST, Action::First, "first row", None),
        row("rows-last", LAST, Action::Last, "last row", None),
        row(
            "rows-scroll-down",
            SCROLL_DOWN,
            Action::ScrollDown,
            "scroll the text down",
            Some("scroll"),
        ),
        row(
            "rows-scroll-up",
            SCROLL_UP,
            Action::ScrollUp,
            "scroll the text up",
            None,
        ),
    ]
}
