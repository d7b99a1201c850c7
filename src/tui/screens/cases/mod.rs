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
    let row = |keys, action, help, footer| Binding {
        screen: Some(Screen::Cases),
        keys,
        action: Top::Cases(action),
        help,
        footer,
    };
    vec![
        row(DOWN, Action::Down, "next query", Some("next")),
        row(UP, Action::Up, "previous query", None),
        row(EARLIER, Action::Earlier, "the evaluation before", Some("earlier")),
        row(LATER, Action::Later, "the evaluation after", Some("later")),
        row(
            const { &[key(KeyCode::Home)] },
            Action::Earliest,
            "the first evaluation",
            None,
        ),
        row(
            NEWEST,
            Action::Newest,
            "the newest evaluation, and follow it",
            Some("newest"),
        ),
        row(
            const { &[ch('v')] },
            Action::NextComparison,
            "compare: not, with the evaluation before, y with y'",
            Some("compare"),
        ),
        row(
            const { &[ch('f')] },
            Action::NextLabel,
            "all queries, or only those of one kind",
            Some("kind"),
        ),
        row(SCROLL_DOWN, Action::ScrollDown, "scroll the answers down", None),
        row(SCROLL_UP, Action::ScrollUp, "scroll the answers up", None),
    ]
}
