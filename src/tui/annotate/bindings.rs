//! The one key table of the annotation screen: dispatch, help and footer.

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use super::state::Action;
use crate::judge::Mark;
use crate::tui::keymap::{Key, ch, ctrl, key};

/// A row of the table.
pub struct Row {
    pub keys: &'static [Key],
    pub action: Action,
    /// What it does, for the help.
    pub help: &'static str,
    /// For the footer; the first of the keys stands before it.
    pub footer: Option<&'static str>,
}

const fn row(keys: &'static [Key], action: Action, help: &'static str, footer: Option<&'static str>) -> Row {
    Row {
        keys,
        action,
        help,
        footer,
    }
}

const FIRST: &[Key] = &[key(KeyCode::Left), ch('1'), ch('h')];
const SECOND: &[Key] = &[key(KeyCode::Right), ch('2'), ch('l')];
const TIE: &[Key] = &[ch('t'), ch('='), ch('0')];
const SKIP: &[Key] = &[ch('s')];
const BACK: &[Key] = &[ch('b'), key(KeyCode::Backspace)];
const NEXT: &[Key] = &[ch('n')];
const SKIPPED: &[Key] = &[ch('u')];
const DOWN: &[Key] = &[ch('j'), ch('J'), key(KeyCode::Down)];
const UP: &[Key] = &[ch('k'), ch('K'), key(KeyCode::Up)];
const PAGE_DOWN: &[Key] = &[key(KeyCode::PageDown), ch(' ')];
const PAGE_UP: &[Key] = &[key(KeyCode::PageUp)];
const QUERY: &[Key] = &[ch('x'), key(KeyCode::Tab)];
const HELP: &[Key] = &[ch('?')];
const LEAVE: &[Key] = &[ch('q'), ctrl('c')];
const SUSPEND: &[Key] = &[ctrl('z')];
const REDRAW: &[Key] = &[ctrl('l')];
const CLOSE: &[Key] = &[key(KeyCode::Esc)];

/// Every row, in the order of the help.
pub static TABLE: [Row; 17] = [
    row(
        FIRST,
        Action::Judge(Mark::First),
        "answer 1 is better",
        Some("answer 1"),
    ),
    row(
        SECOND,
        Action::Judge(Mark::Second),
        "answer 2 is better",
        Some("answer 2"),
    ),
    row(TIE, Action::Judge(Mark::Tie), "they are equally good", Some("tie")),
    row(SKIP, Action::Judge(Mark::Skip), "not to be judged by you", Some("skip")),
    row(
        BACK,
        Action::Back,
        "back to the one before, to judge it again",
        Some("back"),
    ),
    row(NEXT, Action::Forward, "on to the next, as it is", None),
    row(SKIPPED, Action::NextSkipped, "the next of those you skipped", None),
    row(
        QUERY,
        Action::ToggleQuery,
        "the whole query, or the answers",
        Some("query"),
    ),
    row(DOWN, Action::Scroll(1), "scroll down", None),
    row(UP, Action::Scroll(-1), "scroll up", None),
    row(PAGE_DOWN, Action::Scroll(10), "scroll down by ten lines", None),
    row(PAGE_UP, Action::Scroll(-10), "scroll up by ten lines", None),
    row(CLOSE, Action::Close, "close this help, or the whole query", None),
    row(HELP, Action::ToggleHelp, "this help", Some("help")),
    row(LEAVE, Action::Leave, "leave; what you said is kept", Some("leave")),
    row(SUSPEND, Action::Suspend, "back to the shell; fg returns", None),
    row(REDRAW, Action::Redraw, "draw everything again", None),
];

/// The action of a key.
pub fn find(event: &KeyEvent) -> Option<Action> {
    let row = TABLE.iter().find(|row| row.keys.iter().any(|key| key.matches(event)))?;
    Some(row.action.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things() {
        let keys: Vec<Key> = TABLE.iter().flat_map(|row| row.keys).copied().collect();
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[..i].contains(key), "{}", key.label());
        }
    }
}
