//! The `:` palette: everything the keys can do by name, and commands that take an argument.
//!
//! There is one table: a row of the key table is a command by its name, and what takes an argument stands beside it in
//! [`commands`]. Both become the same [`Action`].

mod commands;
mod fuzzy;
#[cfg(test)]
mod tests;
mod view;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, Effect};
use super::popup::Popup;
use super::state::State;
use super::update::{update, why_not};
use super::widgets::line::LineInput;
pub use commands::{COMMANDS, Command};
pub use view::view;

/// Lines that are remembered.
const REMEMBERED: usize = 500;

/// The palette while it is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    pub line: LineInput,
    /// What was typed before Tab or Up changed it; what is offered follows from this.
    typed: String,
    /// The offer that Tab has put into the line.
    pub picked: Option<usize>,
    /// The line of the history that Up has put into the line, counted from the newest.
    recalled: Option<usize>,
    pub error: Option<String>,
}

/// Lines of this session and of those before it, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History(Vec<String>);

impl History {
    /// These lines, oldest first; only the newest are kept.
    pub fn new(mut lines: Vec<String>) -> Self {
        lines.retain(|line| !line.trim().is_empty());
        let extra = lines.len().saturating_sub(REMEMBERED);
        lines.drain(..extra);
        Self(lines)
    }

    /// Adds a line; one that is there already moves to the end.
    fn push(&mut self, line: &str) {
        self.0.retain(|l| l != line);
        self.0.push(line.to_string());
        if self.0.len() > REMEMBERED {
            self.0.remove(0);
        }
    }

    /// The `n`-th newest line that begins with this.
    fn recall(&self, beginning: &str, n: usize) -> Option<&String> {
        self.0.iter().rev().filter(|l| l.starts_with(beginning)).nth(n)
    }
}

/// A row of the list: what the line could become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The whole line.
    pub line: String,
    /// Of a command with an argument: how that is written.
    pub argument: &'static str,
    pub help: String,
    /// The key that does the same; empty where there is none.
    pub keys: String,
    /// Why it cannot be done now.
    pub disabled: Option<String>,
}

/// Opens it, empty.
pub fn open(state: &mut State) -> Vec<Effect> {
    state.popup = Some(Popup::Palette(Palette::default()));
    vec![]
}

impl Palette {
    /// Everything the line could become, the nearest first.
    pub fn offers(&self, state: &State) -> Vec<Offer> {
        let typed = self.typed.trim_start().trim_start_matches(':').trim_start();
        match typed.split_once(char::is_whitespace) {
            Some((name, argument)) => arguments(state, name, argument.trim_start()),
            None => names(state, typed),
        }
    }

    /// The command whose argument is being written.
    pub fn command(&self) -> Option<&'static Command> {
        let (name, _) = self
            .typed
            .trim_start()
            .trim_start_matches(':')
            .split_once(char::is_whitespace)?;
        COMMANDS.iter().find(|c| c.name == name)
    }

    /// The line was changed by hand.
    fn edited(&mut self) {
        self.typed = self.line.text().to_string();
        (self.picked, self.recalled, self.error) = (None, None, None);
    }

    fn replace(&mut self, line: &str) {
        self.line = LineInput::new(line);
        self.error = None;
    }

    /// Tab and back: the next offer. A single one is taken for good, so that the next Tab is for its argument.
    fn complete(&mut self, offers: &[Offer], forward: bool) {
        let n = offers.len();
        if n == 0 {
            return;
        }
        let at = match (self.picked, forward) {
            (None, true) => 0,
            (None, false) => n - 1,
            (Some(at), true) => (at + 1) % n,
            (Some(at), false) => (at + n - 1) % n,
        };
        let blank = if offers[at].argument.is_empty() { "" } else { " " };
        self.replace(&format!("{}{blank}", offers[at].line));
        self.picked = Some(at);
        if n == 1 {
            self.edited();
        }
    }

    fn recall(&mut self, history: &History, older: bool) {
        let n = match (self.recalled, older) {
            (None, true) => 0,
            (Some(n), true) => n + 1,
            (None, false) => return,
            (Some(0), false) => {
                self.recalled = None;
                self.replace(&self.typed.clone());
                return;
            }
            (Some(n), false) => n - 1,
        };
        if let Some(line) = history.recall(&self.typed, n) {
            self.replace(line);
            (self.recalled, self.picked) = (Some(n), None);
        }
    }
}

/// Names of commands that fit, the nearest first; with nothing typed all of them: those with an argument, then what acts
/// here, then what acts everywhere and elsewhere.
fn names(state: &State, typed: &str) -> Vec<Offer> {
    let key_of = |name: &str| {
        let row = state.table.iter().find(|row| row.name == name);
        row.and_then(|row| row.keys.first())
            .map(|k| k.label())
            .unwrap_or_default()
    };
    let with_argument = COMMANDS.iter().map(|command| {
        let why = (command.probe)().and_then(|action| why_not(state, &action));
        let offer = Offer {
            line: command.name.into(),
            argument: command.argument,
            help: command.help.into(),
            keys: command.row.map(key_of).unwrap_or_default(),
            disabled: why,
        };
        (0, offer)
    });
    let by_key = commands::rows(state).map(|row| {
        let offer = Offer {
            line: row.name.into(),
            argument: "",
            help: row.help.into(),
            keys: row.keys.first().map(|k| k.label()).unwrap_or_default(),
            disabled: why_not(state, &row.action),
        };
        let place = match row.screen {
            Some(screen) if screen == state.screen => 1,
            None => 2,
            Some(_) => 3,
        };
        (place, offer)
    });
    let all = with_argument.chain(by_key);
    let mut found: Vec<(i32, i32, Offer)> = all
        .filter_map(|(place, offer)| Some((fuzzy::score(typed, &offer.line)?, place, offer)))
        .collect();
    // What cannot be done now stands behind what can, unless it is what was typed.
    found.sort_by_key(|(score, place, offer)| (-score, typed.is_empty() && offer.disabled.is_some(), *place));
    found.into_iter().map(|(.., offer)| offer).collect()
}

/// What the argument of a command may be.
fn arguments(state: &State, name: &str, typed: &str) -> Vec<Offer> {
    let Some(command) = COMMANDS.iter().find(|c| c.name == name) else {
        return vec![];
    };
    let disabled = (command.probe)().and_then(|action| why_not(state, &action));
    let mut found: Vec<(i32, Offer)> = (command.arguments)(state)
        .into_iter()
        .filter_map(|(argument, help)| {
            let offer = Offer {
                line: format!("{name} {argument}"),
                argument: "",
                help,
                keys: String::new(),
                disabled: disabled.clone(),
            };
            Some((fuzzy::score(typed, &argument)?, offer))
        })
        .collect();
    found.sort_by_key(|(score, _)| -score);
    found.into_iter().map(|(_, offer)| offer).collect()
}

/// A key while the palette is open; Esc and Ctrl-c are dealt with before.
pub fn key(state: &mut State, event: KeyEvent) -> Vec<Effect> {
    let Some(Popup::Palette(palette)) = &state.popup else {
        return vec![];
    };
    let mut palette = palette.clone();
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    match event.code {
        KeyCode::Enter => return run(state, palette),
        KeyCode::Backspace if palette.line.text().is_empty() => return update(state, Action::Dismiss),
        KeyCode::Tab => palette.complete(&palette.offers(state), true),
        KeyCode::BackTab => palette.complete(&palette.offers(state), false),
        KeyCode::Char('n') if control => palette.complete(&palette.offers(state), true),
        KeyCode::Char('p') if control => palette.complete(&palette.offers(state), false),
        KeyCode::Up => palette.recall(&state.history, true),
        KeyCode::Down => palette.recall(&state.history, false),
        _ if palette.line.key(event) => palette.edited(),
        _ => {}
    }
    state.popup = Some(Popup::Palette(palette));
    vec![]
}

/// Pasted text.
pub fn paste(state: &mut State, text: &str) {
    if let Some(Popup::Palette(palette)) = &mut state.popup {
        palette.line.insert(text.trim_end());
        palette.edited();
    }
}

/// Does what the line says. What is wrong with it is said in place, and the line stays.
fn run(state: &mut State, mut palette: Palette) -> Vec<Effect> {
    let line = palette.line.text().trim().trim_start_matches(':').trim().to_string();
    if line.is_empty() {
        return update(state, Action::Dismiss);
    }
    let meaning = commands::parse(state, &line).and_then(|meaning| match why_not(state, &meaning.action) {
        Some(why) => Err(why),
        None => Ok(meaning),
    });
    let error = match meaning {
        Err(error) => error,
        Ok(meaning) => {
            state.popup = None;
            state.history.push(&line);
            let mut effects = vec![Effect::Remember(line)];
            if let Some(screen) = meaning.screen.filter(|s| *s != state.screen) {
                effects.extend(update(state, Action::Show(screen)));
            }
            effects.extend(update(state, meaning.action));
            let Some(notice) = state.notice.take_if(|notice| notice.refused) else {
                return effects;
            };
            if state.popup.is_some() {
                state.notice = Some(notice);
                return effects;
            }
            palette.edited();
            palette.error = Some(notice.text);
            state.popup = Some(Popup::Palette(palette));
            return effects;
        }
    };
    palette.edited();
    palette.error = Some(error);
    state.popup = Some(Popup::Palette(palette));
    vec![]
}
