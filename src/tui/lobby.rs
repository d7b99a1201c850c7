//! The first frame, while what it will show is still being loaded.
//!
//! Loading takes from a tenth of a second to minutes. A person sees at once that the workbench is there, what it waits for and
//! since when, and can leave; keys pressed meanwhile act when the run is there.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded, select, tick};
use ratatui::crossterm::event::{Event as Input, KeyEventKind};

use super::action::{Action, Screen};
use super::event_loop::Host;
use super::keymap::Binding;
use super::legend::Legend;
use super::look::Look;
use super::state::State;
use super::terminal::{Manners, Terminal};
use super::{Keys, TuiError, bindings, theme, widgets};
use crate::config::Notify;

/// How the workbench is entered.
pub struct Entrance {
    pub look: Look,
    pub mouse: bool,
    pub notify: Notify,
    /// What goes to standard error while the screen is up goes here instead.
    pub log: Option<PathBuf>,
    pub table: Vec<Binding>,
}

/// A terminal that was taken over, and the keys that were pressed since.
pub struct Lobby {
    // Ends before the terminal is given back: what is typed then is the shell's.
    pub(super) keys: Keys,
    pub(super) terminal: Terminal,
    pub(super) pressed: Vec<Input>,
}

/// What was loaded and where it is to be shown; `None` where the person left, or a signal asked for that. What is being
/// loaded then ends with the process.
pub type Waited<T> = Option<(T, Lobby)>;

impl Lobby {
    /// Takes the terminal over.
    pub(super) fn enter(entrance: &Entrance) -> Result<Self, TuiError> {
        let look = &entrance.look;
        widgets::grapheme::terminal_reorders(look.terminal_reorders);
        // The library has an opinion of its own on NO_COLOR, which a theme asked for by name stands over.
        ratatui::crossterm::style::force_color_output(look.theme.depth != theme::Depth::None);
        let terminal = Terminal::enter(Manners {
            mouse: entrance.mouse,
            asks_background: look.asks,
            own_order: !look.terminal_reorders,
            notify: entrance.notify,
            log: entrance.log.clone(),
        })?;
        let keys = Keys::start(terminal.reading());
        Ok(Self {
            terminal,
            keys,
            pressed: Vec::new(),
        })
    }
}

/// Shows an empty workbench that says what is loaded (`what`), until `load` is done on a thread of its own. To be called only
/// when standard output is a terminal.
pub fn wait<T: Send + 'static>(
    entrance: &Entrance,
    what: &str,
    stop: &Receiver<()>,
    load: impl FnOnce() -> T + Send + 'static,
) -> Result<Waited<T>, TuiError> {
    let mut lobby = Lobby::enter(entrance)?;
    let (send, loaded) = bounded(1);
    let thread = std::thread::Builder::new().name("loading".into());
    thread.spawn(move || drop(send.send(load())))?;
    let mut state = State::new(true, entrance.look.theme);
    state.theme.legend = Legend::of(&entrance.table);
    state.table = entrance.table.clone();
    let (began, seconds) = (Instant::now(), tick(Duration::from_secs(1)));
    loop {
        state.size = lobby.terminal.size()?;
        state.say(words(what, began.elapsed()));
        lobby.terminal.draw(&state)?;
        loop {
            select! {
                recv(loaded) -> got => return match got {
                    Ok(loaded) => Ok(Some((loaded, lobby))),
                    Err(_) => Err(TuiError::Loading),
                },
                recv(stop) -> _ => return Ok(None),
                recv(seconds) -> _ => break,
                recv(lobby.keys.events) -> got => {
                    // The terminal is gone.
                    let Ok(event) = got else { return Ok(None) };
                    if leaves(&state.table, &event) {
                        return Ok(None);
                    }
                    let resized = matches!(event, Input::Resize(..));
                    lobby.pressed.push(event);
                    if resized {
                        break;
                    }
                }
            }
        }
    }
}

fn leaves(table: &[Binding], event: &Input) -> bool {
    match event {
        Input::Key(key) if key.kind != KeyEventKind::Release => {
            bindings::find(table, Screen::Dashboard, key) == Some(Action::Quit)
        }
        _ => false,
    }
}

/// "loading experiments/imdb.toml ...", and for how long once that is worth a word.
fn words(what: &str, since: Duration) -> String {
    match since.as_secs() {
        0 => format!("loading {what} ..."),
        n => format!("loading {what} ... {n} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    #[test]
    fn who_waits_can_leave_with_the_key_that_is_bound() {
        let key = |code, modifiers| Input::Key(KeyEvent::new(code, modifiers));
        let mut table = bindings::table();
        assert!(leaves(&table, &key(KeyCode::Char('q'), KeyModifiers::NONE)));
        assert!(leaves(&table, &key(KeyCode::Char('c'), KeyModifiers::CONTROL)));
        assert!(!leaves(&table, &key(KeyCode::Char(' '), KeyModifiers::NONE)));
        let quit = table.iter_mut().find(|row| row.name == "quit").expect("a row");
        quit.keys = const { &[crate::tui::keymap::key(KeyCode::F(10))] };
        assert!(leaves(&table, &key(KeyCode::F(10), KeyModifiers::NONE)));
        assert!(!leaves(&table, &key(KeyCode::Char('q'), KeyModifiers::NONE)));
    }

    #[test]
    fn a_long_wait_says_how_long() {
        assert_eq!(words("a.toml", Duration::from_millis(900)), "loading a.toml ...");
        assert_eq!(words("a.toml", Duration::from_secs(61)), "loading a.toml ... 61 s");
    }
}
