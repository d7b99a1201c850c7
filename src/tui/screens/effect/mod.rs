//! Principle effect: what each principle adds to the guided reward beside the others and alone, and which earn their tokens.

mod layout;
mod plot;
mod state;
#[cfg(test)]
mod tests;
mod view;

use crate::tui::action::{Action as Top, Screen};
use crate::tui::keymap::{Binding, Key, ch, key};
use ratatui::crossterm::event::KeyCode;

pub use state::State;
pub use view::view;

/// What can be done on this screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Measure with the policy as it is now.
    Measure,
    /// The same on so many held-out queries.
    MeasureOn(usize),
    Cancel,
    /// Twice, or half, as many queries for the next measurement.
    MoreQueries,
    FewerQueries,
    Down,
    Up,
    /// Put the cursor on a row, counted from 0.
    Select(usize),
    Earlier,
    Later,
    /// By effect, or in the order of the set.
    NextOrder,
    /// Reward, or truth.
    NextScore,
}

/// The rows of the key table.
pub fn bindings() -> Vec<Binding> {
    const DOWN: &[Key] = &[ch('j'), key(KeyCode::Down)];
    const UP: &[Key] = &[ch('k'), key(KeyCode::Up)];
    const EARLIER: &[Key] = &[ch('h'), key(KeyCode::Left)];
    const LATER: &[Key] = &[ch('l'), key(KeyCode::Right)];
    const MORE: &[Key] = &[ch('+'), ch('=')];
    let row = |name, keys, action, help, footer| Binding {
        name,
        screen: Some(Screen::Effect),
        keys,
        action: Top::Effect(action),
        help,
        footer,
    };
    vec![
        row(
            "effect-measure",
            const { &[ch('e')] },
            Action::Measure,
            "measure with the policy as it is now; training waits",
            Some("measure"),
        ),
        row(
            "effect-cancel",
            const { &[ch('x')] },
            Action::Cancel,
            "cancel the measurement",
            Some("cancel"),
        ),
        row(
            "effect-more-queries",
            MORE,
            Action::MoreQueries,
            "twice as many queries for the next one",
            Some("more queries"),
        ),
        row(
            "effect-fewer-queries",
            const { &[ch('-')] },
            Action::FewerQueries,
            "half as many queries for the next one",
            Some("fewer"),
        ),
        row(
            "effect-score",
            const { &[ch('v')] },
            Action::NextScore,
            "show reward, or truth where it is known",
            Some("truth"),
        ),
        row(
            "effect-order",
            const { &[ch('o')] },
            Action::NextOrder,
            "order by effect, or as in the prompt",
            Some("order"),
        ),
        row("effect-down", DOWN, Action::Down, "next principle", None),
        row("effect-up", UP, Action::Up, "previous principle", None),
        row(
            "effect-earlier",
            EARLIER,
            Action::Earlier,
            "the measurement before",
            None,
        ),
        row("effect-later", LATER, Action::Later, "the measurement after", None),
    ]
}
