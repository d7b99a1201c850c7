//! Case study: the same few queries, answered again at every evaluation, so that one can watch the answers change.

mod state;
#[cfg(test)]
mod tests;
mod trend;
mod view;

use ratatui::crossterm::event::KeyCode;

use crate::tui::action::{Action as Top, Screen};
use crate::tui::keymap::{Binding, Key, ch, key};

pub use state::State;
pub use view::view;

/// What can be done on this screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Down,
    Up,
    /// Put the cursor on a query, counted from 0.
    Select(usize),
    /// One evaluation back.
    Earlier,
    /// One evaluation on; on the newest one it stays there as more come.
    Later,
    Earliest,
    Newest,
    /// plain, changes since the evaluation before, original against guided.
    NextComparison,
    ScrollDown,
    ScrollUp,
    /// All queries, or those of one label.
    NextLabel,
}

/// The rows of the key table.
pub fn bindings() -> Vec<Binding> {
    const DOWN: &[Key] = &[ch('j'), key(KeyCode::Down)];
    const UP: &[Key] = &[ch('k'), key(KeyCode::Up)];
    const EARLIER: &[Key] = &[ch('h'), key(KeyCode::Left)];
    const LATER: &[Key] = &[ch('l'), key(KeyCode::Right)];
    const NEWEST: &[Key] = &[key(KeyCode::End), ch('G')];
    const SCROLL_DOWN: &[Key] = &[ch('J'), key(KeyCode::PageDown)];
    const SCROLL_UP: &[Key] = &[ch('K'), key(KeyCode::PageUp)];
    let row = |name, keys, action, help, footer| Binding {
        name,
        screen: Some(Screen::Cases),
        keys,
        action: Top::Cases(action),
        help,
        footer,
    };
    vec![
        row("cases-down", DOWN, Action::Down, "next query", Some("next")),
        row("cases-up", UP, Action::Up, "previous query", None),
        row(
            "cases-earlier",
            EARLIER,
            Action::Earlier,
            "the evaluation before",
            Some("earlier"),
        ),
        row(
            "cases-later",
            LATER,
            Action::Later,
            "the evaluation after",
            Some("later"),
        ),
        row(
            "cases-earliest",
            const { &[key(KeyCode::Home)] },
            Action::Earliest,
            "the first evaluation",
            None,
        ),
        row(
            "cases-newest",
            NEWEST,
            Action::Newest,
            "the newest evaluation, and follow it",
            Some("newest"),
        ),
        row(
            "cases-compare",
            const { &[ch('v')] },
            Action::NextComparison,
            "compare: not, with the evaluation before, y with y'",
            Some("compare"),
        ),
        row(
            "cases-kind",
            const { &[ch('f')] },
            Action::NextLabel,
            "all queries, or only those of one kind",
            Some("kind"),
        ),
        row(
            "cases-scroll-down",
            SCROLL_DOWN,
            Action::ScrollDown,
            "scroll the answers down",
            None,
        ),
        row(
            "cases-scroll-up",
            SCROLL_UP,
            Action::ScrollUp,
            "scroll the answers up",
            None,
        ),
    ]
}
