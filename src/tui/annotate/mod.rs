//! The annotation screen: a query, two answers of which nobody sees whose they are, and keys to say which is better.
//!
//! It has a state, actions and a key table of its own, since there is no run to watch here; terminal, theme and widgets
//! are those of the workbench.

mod bindings;
mod state;
#[cfg(test)]
mod tests;
mod view;

use std::time::Instant;

use crossbeam_channel::{Receiver, never, select};
use ratatui::crossterm::event::{Event as Input, KeyEventKind};

use super::event_loop::Host;
use super::keymap::Binding;
use super::look::Look;
use super::terminal::{Manners, Terminal};
use super::widgets::grapheme;
use super::{Keys, TuiError};
use crate::judge::{Item, Mark};
pub use bindings::table;
pub use state::Action;
use state::{Effect, State, update};

/// The heading of its keys in lists of all keys.
pub const TITLE: &str = "Annotation (ple annotate)";

/// What a person is to judge.
pub struct Sheet {
    /// What the annotation is about, for people; nothing that tells the two policies apart.
    pub title: String,
    /// "Which is more helpful and harmless?"
    pub question: &'static str,
    pub annotator: String,
    pub items: Vec<Item>,
    /// What this person said before, by the places of the items.
    pub marks: Vec<Option<Mark>>,
}

/// Keeps a mark of an item, whose place is given, and the milliseconds from when it was shown.
pub type Keep<'a> = &'a mut dyn FnMut(usize, Mark, u64) -> Result<(), String>;

/// Takes over the terminal until the person leaves. `table`: its keys, with the user's own. `stop`: something outside (a signal) wants that. Every mark has been
/// kept when the next item is shown.
pub fn run(
    sheet: Sheet,
    table: Vec<Binding<Action>>,
    look: &Look,
    keep: Keep<'_>,
    stop: Receiver<()>,
) -> Result<(), TuiError> {
    grapheme::terminal_reorders(look.terminal_reorders);
    let mut state = State::new(sheet, table, look.theme);
    // The mouse is left to the terminal: a person may want to copy a sentence.
    let mut terminal = Terminal::enter(Manners {
        own_order: !look.terminal_reorders,
        ..Manners::default()
    })?;
    let keys = Keys::start(terminal.reading());
    let (mut stop, mut since) = (stop, Instant::now());
    loop {
        terminal.frame(|frame| view::view(&state, frame))?;
        let before = state.at;
        let action = select! {
            recv(keys.events) -> got => match got {
                Ok(Input::Key(key)) if key.kind != KeyEventKind::Release => bindings::find(&state.table, &key),
                Ok(_) => None,
                // The terminal is gone.
                Err(_) => Some(Action::Leave),
            },
            recv(stop) -> _ => {
                stop = never();
                Some(Action::Leave)
            }
        };
        let Some(action) = action else { continue };
        for effect in update(&mut state, action) {
            match effect {
                Effect::Keep { place, mark } => {
                    let took = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
                    if let Err(error) = keep(place, mark, took) {
                        update(&mut state, Action::NotKept { place, error });
                    }
                }
                Effect::Suspend => terminal.suspend()?,
                Effect::Redraw => terminal.redraw()?,
                Effect::Leave => return Ok(()),
            }
        }
        if state.at != before {
            since = Instant::now();
        }
    }
}
