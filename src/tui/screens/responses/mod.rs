//! Responses: every sampled pair of every step, the newest one while it is written, and queries of one's own.

mod ask;
mod browser;
mod layout;
mod state;
#[cfg(test)]
mod tests;
mod verdict;
mod view;
mod view_pair;

use ratatui::crossterm::event::KeyCode;

use crate::run::PairOrder;
use crate::train::Branch;
use crate::tui::action::{Action as Top, Screen};
use crate::tui::keymap::{Binding, Key, ch, ctrl, key};

pub use state::{Selected, State};
pub use verdict::branches;
pub use view::view;

/// The word of a branch, as filters and files have it.
pub fn branch_word(branch: Branch) -> String {
    crate::run::word(&branch)
}

/// What can be done on this screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Down,
    Up,
    HalfPageDown,
    HalfPageUp,
    First,
    Last,
    /// Put the cursor on a row of the list as last drawn, counted from 0.
    Select(u64),
    ScrollDown,
    ScrollUp,
    /// all, ranked, weighted.
    NextBranch,
    /// newest, oldest, largest margin, smallest margin.
    NextOrder,
    /// Follow the newest step, or hold what is shown.
    Follow,
    OpenSearch,
    OpenJump,
    OpenAsk,
    /// Show only the pairs of a branch, and with these words.
    Filter(Option<Branch>, String),
    Order(PairOrder),
    /// Show one step only.
    Jump(u32),
    /// Ask the model this.
    Ask(String),
    /// From the asked queries to the pairs; there, drop the search and the step.
    Back,
}

/// The rows of the key table.
pub fn bindings() -> Vec<Binding> {
    const DOWN: &[Key] = &[ch('j'), key(KeyCode::Down)];
    const UP: &[Key] = &[ch('k'), key(KeyCode::Up)];
    const FIRST: &[Key] = &[key(KeyCode::Home)];
    const LAST: &[Key] = &[ch('G'), key(KeyCode::End)];
    const SCROLL_DOWN: &[Key] = &[ch('J'), key(KeyCode::PageDown)];
    const SCROLL_UP: &[Key] = &[ch('K'), key(KeyCode::PageUp)];
    let row = |name, keys, action, help, footer| Binding {
        name,
        screen: Some(Screen::Responses),
        keys,
        action: Top::Responses(action),
        help,
        footer,
    };
    vec![
        row(
            "responses-down",
            DOWN,
            Action::Down,
            "next pair (holds the list)",
            Some("next"),
        ),
        row("responses-up", UP, Action::Up, "previous pair", None),
        row(
            "responses-half-page-down",
            const { &[ctrl('d')] },
            Action::HalfPageDown,
            "ten pairs down",
            None,
        ),
        row(
            "responses-half-page-up",
            const { &[ctrl('u')] },
            Action::HalfPageUp,
            "ten pairs up",
            None,
        ),
        row("responses-first", FIRST, Action::First, "first pair of the list", None),
        row("responses-last", LAST, Action::Last, "last pair of the list", None),
        row(
            "responses-scroll-down",
            SCROLL_DOWN,
            Action::ScrollDown,
            "scroll the two responses down",
            None,
        ),
        row(
            "responses-scroll-up",
            SCROLL_UP,
            Action::ScrollUp,
            "scroll the two responses up",
            None,
        ),
        row(
            "responses-follow",
            const { &[ch('F')] },
            Action::Follow,
            "follow the newest step, or hold the list",
            Some("follow"),
        ),
        row(
            "responses-branch",
            const { &[ch('f')] },
            Action::NextBranch,
            "filter: all pairs, ranked only, weighted only",
            Some("branch"),
        ),
        row(
            "responses-order",
            const { &[ch('o')] },
            Action::NextOrder,
            "order: newest, oldest, largest margin, smallest margin",
            Some("order"),
        ),
        row(
            "responses-jump",
            const { &[ch('g')] },
            Action::OpenJump,
            "show one step only (an empty answer shows all)",
            Some("go to"),
        ),
        row(
            "responses-search",
            const { &[ch('/')] },
            Action::OpenSearch,
            "show only pairs with this text",
            Some("search"),
        ),
        Binding {
            name: "responses-sent",
            screen: Some(Screen::Responses),
            keys: const { &[ch('x')] },
            action: Top::ShowSent,
            help: "what the model was given, token by token",
            footer: Some("prompt"),
        },
        Binding {
            name: "responses-tokens",
            screen: Some(Screen::Responses),
            keys: const { &[ch('T')] },
            action: Top::ShowInside,
            help: "each token by its probability: policy, reference, difference",
            footer: Some("tokens"),
        },
        row(
            "responses-ask",
            const { &[ch('i'), ch('a')] },
            Action::OpenAsk,
            "ask the model something of your own",
            Some("ask"),
        ),
        row(
            "responses-back",
            const { &[key(KeyCode::Esc)] },
            Action::Back,
            "back to the pairs; there: all steps, no search",
            None,
        ),
    ]
}
