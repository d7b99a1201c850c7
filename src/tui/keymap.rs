//! The one key table: it drives dispatch, the help and the footer.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, Screen};

/// One row of the table.
#[derive(Clone, Debug)]
pub struct Binding<A = Action> {
    /// What it is called in the palette, in the config file and in the manual: kebab-case, unique in the whole table.
    /// A screen's own rows begin with the name of the screen ("dashboard-zoom").
    pub name: &'static str,
    /// Where it acts; `None` everywhere.
    pub screen: Option<Screen>,
    pub keys: &'static [Key],
    pub action: A,
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
            KeyCode::F(n) => format!("F{n}"),
            other => format!("{other:?}"),
        };
        if self.control { format!("Ctrl-{name}") } else { name }
    }

    /// Reads a key as people write it: what [`Key::label`] shows, and "Left", "Up", "PageDown" and so on.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (control, name) = match text.get(..5) {
            Some(prefix) if prefix.eq_ignore_ascii_case("ctrl-") && text.len() > 5 => (true, &text[5..]),
            _ => (false, text),
        };
        let mut letters = name.chars();
        let code = match (letters.next(), letters.next()) {
            (Some(c), None) if !c.is_control() => match c {
                '←' => KeyCode::Left,
                '→' => KeyCode::Right,
                '↑' => KeyCode::Up,
                '↓' => KeyCode::Down,
                c if control => KeyCode::Char(c.to_ascii_lowercase()),
                c => KeyCode::Char(c),
            },
            _ => named(name).ok_or_else(|| {
                format!("\"{text}\" is no key; a key is one sign, or Ctrl- and a letter, or one of {NAMES}, F1 to F12")
            })?,
        };
        match code {
            KeyCode::Char(c) if control && !c.is_ascii_lowercase() => {
                Err(format!("\"{text}\": terminals send Ctrl with letters only"))
            }
            KeyCode::Char(c @ ('i' | 'm' | 'j')) if control => {
                let same = if c == 'i' { "Tab" } else { "Enter" };
                Err(format!("\"{text}\": a terminal sends {same} for it; take another"))
            }
            KeyCode::Char(_) => Ok(Self { code, control }),
            _ if control => Err(format!("\"{text}\": terminals send Ctrl with letters only")),
            code => Ok(key(code)),
        }
    }
}

const NAMES: &str =
    "Space, Tab, Shift-Tab, Enter, Backspace, Esc, Left, Right, Up, Down, Home, End, PgUp, PgDn, Insert, Delete";

fn named(name: &str) -> Option<KeyCode> {
    let lower = name.to_ascii_lowercase();
    Some(match lower.as_str() {
        "space" => KeyCode::Char(' '),
        "tab" => KeyCode::Tab,
        "shift-tab" | "backtab" => KeyCode::BackTab,
        "enter" | "return" => KeyCode::Enter,
        "backspace" => KeyCode::Backspace,
        "esc" | "escape" => KeyCode::Esc,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pgup" | "pageup" => KeyCode::PageUp,
        "pgdn" | "pagedown" => KeyCode::PageDown,
        "insert" => KeyCode::Insert,
        "delete" => KeyCode::Delete,
        _ => {
            let n: u8 = lower.strip_prefix('f')?.parse().ok()?;
            (1..=12).contains(&n).then_some(KeyCode::F(n))?
        }
    })
}
