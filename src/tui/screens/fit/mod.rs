//! The two screens of a run that trains a model on rows: its numbers, and the rows themselves.

mod facts;
mod reliability;
mod rows;
#[cfg(test)]
mod tests;
mod training;

use ratatui::crossterm::event::{KeyCode, MouseEvent, MouseEventKind};

use crate::tui::action::{Action as Top, Screen};
use crate::tui::keymap::{Binding, Key, ch, key};
use crate::tui::run_view::RunView;
use crate::tui::widgets::scroll::{ListTop, Scroll};

pub use rows::view as rows;
pub use training::view as training;

/// Which row is read.
#[derive(Clone, Debug, Default)]
pub struct State {
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
