//! Principles: read them as the model does, change them while it trains, see which version acted from which step on.

mod compare;
mod draft;
mod edit;
mod editor;
mod layout;
mod library;
mod state;
#[cfg(test)]
mod tests;
mod view;

use ratatui::crossterm::event::KeyCode;

use crate::tui::action::{Action as Top, Screen};
use crate::tui::keymap::{Binding, Key, ch, ctrl, key};

pub use state::State;
pub use view::view;

/// What can be done on this screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Down,
    Up,
    First,
    Last,
    /// Put the cursor on a principle, counted from 0.
    Select(usize),
    Toggle,
    OpenText,
    OpenPreamble,
    OpenName,
    OpenNew,
    /// The library, to take one from it.
    OpenLibrary,
    /// Ask whether to delete the selected principle.
    Delete,
    MoveDown,
    MoveUp,
    Numbering,
    Undo,
    /// Make the change again that was taken back.
    Redo,
    /// The text of the principle in the user's own editor.
    EditOne,
    /// All of them, as a file, in the user's own editor.
    EditAll,
    /// Send the draft to the trainer.
    Apply,
    Discard,
    OpenSave,
    OlderVersion,
    NewerVersion,
    ScrollDown,
    ScrollUp,
}

impl Action {
    /// It changes the draft, or begins to.
    fn edits(&self) -> bool {
        !matches!(
            self,
            Action::Down
                | Action::Up
                | Action::First
                | Action::Last
                | Action::Select(_)
                | Action::OlderVersion
                | Action::NewerVersion
                | Action::ScrollDown
                | Action::ScrollUp
        )
    }
}

/// The rows of the key table.
pub fn bindings() -> Vec<Binding> {
    const DOWN: &[Key] = &[ch('j'), key(KeyCode::Down)];
    const UP: &[Key] = &[ch('k'), key(KeyCode::Up)];
    const TOGGLE: &[Key] = &[ch('x'), key(KeyCode::Enter)];
    const OLDER: &[Key] = &[ch('h'), key(KeyCode::Left)];
    const NEWER: &[Key] = &[ch('l'), key(KeyCode::Right)];
    const LAST: &[Key] = &[ch('G'), key(KeyCode::End)];
    let row = |name, keys, action, help, footer| Binding {
        name,
        screen: Some(Screen::Principles),
        keys,
        action: Top::Principles(action),
        help,
        footer,
    };
    vec![
        row(
            "principles-toggle",
            TOGGLE,
            Action::Toggle,
            "switch the principle on or off",
            Some("on/off"),
        ),
        row(
            "principles-edit",
            const { &[ch('e')] },
            Action::OpenText,
            "edit the text of the principle",
            Some("edit"),
        ),
        row(
            "principles-add",
            const { &[ch('A')] },
            Action::OpenNew,
            "add a principle",
            Some("add"),
        ),
        row(
            "principles-library",
            const { &[ch('L')] },
            Action::OpenLibrary,
            "add a principle from the library",
            Some("library"),
        ),
        row(
            "principles-delete",
            const { &[ch('D')] },
            Action::Delete,
            "delete the principle (asks first)",
            None,
        ),
        row(
            "principles-apply",
            const { &[ch('p')] },
            Action::Apply,
            "apply the draft from the next step on",
            Some("apply"),
        ),
        row(
            "principles-undo",
            const { &[ch('u')] },
            Action::Undo,
            "undo the last change of the draft",
            Some("undo"),
        ),
        row(
            "principles-redo",
            const { &[ctrl('r')] },
            Action::Redo,
            "make the change again that was undone",
            None,
        ),
        row(
            "principles-editor",
            const { &[ch('v')] },
            Action::EditOne,
            "the text of the principle in $VISUAL or $EDITOR",
            None,
        ),
        row(
            "principles-editor-all",
            const { &[ch('V')] },
            Action::EditAll,
            "all principles as a file in $VISUAL or $EDITOR",
            None,
        ),
        row(
            "principles-discard",
            const { &[ch('z')] },
            Action::Discard,
            "discard the draft",
            None,
        ),
        row(
            "principles-save",
            const { &[ch('w')] },
            Action::OpenSave,
            "save to a principles file",
            Some("save"),
        ),
        row("principles-down", DOWN, Action::Down, "next principle", None),
        row("principles-up", UP, Action::Up, "previous principle", None),
        row(
            "principles-first",
            const { &[key(KeyCode::Home)] },
            Action::First,
            "first principle",
            None,
        ),
        row("principles-last", LAST, Action::Last, "last principle", None),
        row(
            "principles-move-down",
            const { &[ch('J')] },
            Action::MoveDown,
            "move the principle down",
            None,
        ),
        row(
            "principles-move-up",
            const { &[ch('K')] },
            Action::MoveUp,
            "move the principle up",
            None,
        ),
        row(
            "principles-rename",
            const { &[ch('R')] },
            Action::OpenName,
            "rename the principle (the model does not see names)",
            None,
        ),
        row(
            "principles-preamble",
            const { &[ch('E')] },
            Action::OpenPreamble,
            "edit the preamble",
            None,
        ),
        row(
            "principles-numbering",
            const { &[ch('N')] },
            Action::Numbering,
            "number the principles: not, 1, 1., (1), -",
            None,
        ),
        row(
            "principles-older",
            OLDER,
            Action::OlderVersion,
            "what the version before changed",
            None,
        ),
        row(
            "principles-newer",
            NEWER,
            Action::NewerVersion,
            "what the version after changed",
            None,
        ),
        row(
            "principles-scroll-down",
            const { &[key(KeyCode::PageDown)] },
            Action::ScrollDown,
            "scroll the prompt down",
            None,
        ),
        row(
            "principles-scroll-up",
            const { &[key(KeyCode::PageUp)] },
            Action::ScrollUp,
            "scroll the prompt up",
            None,
        ),
    ]
}
