//! The one key table of the annotation screen: dispatch, help and footer.

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use super::state::Action;
use crate::judge::Mark;
use crate::tui::keymap::{Binding, Key, ch, ctrl, key};

const fn row(
    name: &'static str,
    keys: &'static [Key],
    action: Action,
    help: &'static str,
    footer: Option<&'static str>,
) -> Binding<Action> {
    Binding {
        name,
        screen: None,
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

/// Every row, in the order of the help. What the workbench has too has the same name, so that a key of one's own for it acts
/// on both.
pub fn table() -> Vec<Binding<Action>> {
    vec![
        row(
            "annotate-first",
            FIRST,
            Action::Judge(Mark::First),
            "answer 1 is better",
            Some("answer 1"),
        ),
        row(
            "annotate-second",
            SECOND,
            Action::Judge(Mark::Second),
            "answer 2 is better",
            Some("answer 2"),
        ),
        row(
            "annotate-tie",
            TIE,
            Action::Judge(Mark::Tie),
            "they are equally good",
            Some("tie"),
        ),
        row(
            "annotate-skip",
            SKIP,
            Action::Judge(Mark::Skip),
            "not to be judged by you",
            Some("skip"),
        ),
        row(
            "annotate-back",
            BACK,
            Action::Back,
            "back to the one before, to judge it again",
            Some("back"),
        ),
        row("annotate-next", NEXT, Action::Forward, "on to the next, as it is", None),
        row(
            "annotate-next-skipped",
            SKIPPED,
            Action::NextSkipped,
            "the next of those you skipped",
            None,
        ),
        row(
            "annotate-query",
            QUERY,
            Action::ToggleQuery,
            "the whole query, or the answers",
            Some("query"),
        ),
        row("annotate-down", DOWN, Action::Scroll(1), "scroll down", None),
        row("annotate-up", UP, Action::Scroll(-1), "scroll up", None),
        row(
            "annotate-page-down",
            PAGE_DOWN,
            Action::Scroll(10),
            "scroll down by ten lines",
            None,
        ),
        row(
            "annotate-page-up",
            PAGE_UP,
            Action::Scroll(-10),
            "scroll up by ten lines",
            None,
        ),
        row(
            "annotate-close",
            CLOSE,
            Action::Close,
            "close this help, or the whole query",
            None,
        ),
        row("help", HELP, Action::ToggleHelp, "this help", Some("help")),
        row(
            "quit",
            LEAVE,
            Action::Leave,
            "leave; what you said is kept",
            Some("leave"),
        ),
        row(
            "suspend",
            SUSPEND,
            Action::Suspend,
            "back to the shell; fg returns",
            None,
        ),
        row("redraw", REDRAW, Action::Redraw, "draw everything again", None),
    ]
}

/// The action of a key.
pub fn find(table: &[Binding<Action>], event: &KeyEvent) -> Option<Action> {
    let row = table.iter().find(|row| row.keys.iter().any(|key| key.matches(event)))?;
    Some(row.action.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things() {
        let keys: Vec<Key> = table().iter().flat_map(|row| row.keys).copied().collect();
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[..i].contains(key), "{}", key.label());
        }
    }
}
