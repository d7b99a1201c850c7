//! The one key table: it drives dispatch, the help and the footer.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, Screen};

/// One row of the table.
#[derive(Clone, Debug)]
pub struct Binding {
    /// What it is called in the palette, in the config file and in the manual: kebab-case, unique in the whole table.
    /// A screen's own rows begin with the name of the screen ("dashboard-zoom").
    pub name: &'static str,
    /// Where it acts; `None` everywhere.
    pub screen: Option<Screen>,
    pub keys: &'static [Key],
    pub action: Action,
    /// What it does, for the help.
    pub help: &'static str,
    /// One word for the footer; `None` keeps it out of the footer.
    pub footer: Option<&'static str>,
}

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub code: KeyCode,
    pub control: bool,
}

/// A plain key.
pub const fn key(code: KeyCode) -> Key {
    Key { code, control: false }
}

/// A character key.
pub const fn ch(c: char) -> Key {
    key(KeyCode::Char(c))
}

/// Control and a character.
pub const fn ctrl(c: char) -> Key {
    Key {
        code: KeyCode::Char(c),
        control: true,
    }
}

impl Key {
    /// Shift is part of the character already; terminals disagree on reporting it.
    pub fn matches(self, event: &KeyEvent) -> bool {
        self.code == event.code && self.control == event.modifiers.contains(KeyModifiers::CONTROL)
    }

    /// As shown to people: "j", "Ctrl-c", "Enter", "←".
    pub fn label(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_string(),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Left => "←".to_string(),
            KeyCode::Right => "→".to_string(),
            KeyCode::Up => "↑".to_string(),
            KeyCode::Down => "↓".to_string(),
            KeyCode::PageUp => "PgUp".to_string(),
            KeyCode::PageDown => "PgDn".to_string(),
            KeyCode::BackTab => "Shift-Tab".to_string(),
            other => format!("{other:?}"),
        };
        if self.control { format!("Ctrl-{name}") } else { name }
    }
}
