//! Other runs in the same workbench: one that is trained goes on out of sight, and comes back with its screens as they were.

use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, never, unbounded};

use super::Source;
use super::action::{Action, Effect};
use super::event_loop::{LookInside, ReadSent};
use super::screens::runs::{Answer, Question, Wish};
use super::state::State;
use super::update::update;
use crate::train::Event;

/// A run that can be shown: what the loop needs to know of it.
pub struct Opened {
    pub source: Source,
    pub sent: ReadSent,
    pub inside: LookInside,
    /// Whoever reads the run ends when this is gone.
    pub guard: Arc<()>,
}

/// A fork that was made.
pub struct Forked {
    /// For the screen.
    pub said: String,
    /// It is being trained.
    pub opened: Option<Opened>,
}

/// Opens a stored run; may take its time.
pub type OpenRun = Arc<dyn Fn(&Path) -> Result<Opened, String> + Send + Sync>;

/// Makes a fork, and trains it if that is wanted; may take its time.
pub type ForkRun = Arc<dyn Fn(&Wish, bool) -> Result<Forked, String> + Send + Sync>;

/// What reads, labels, opens and forks runs for the screen.
pub struct Desk {
    pub questions: Sender<Question>,
    pub answers: Receiver<Answer>,
    pub open: OpenRun,
    pub fork: ForkRun,
}

impl Default for Desk {
    /// Nobody is there.
    fn default() -> Self {
        Self {
            questions: unbounded().0,
            answers: never(),
            open: Arc::new(|_| Err("not possible here".into())),
            fork: Arc::new(|_, _| Err("not possible here".into())),
        }
    }
}

/// What a thread of the desk came back with.
pub(super) enum Arrival {
    Opened(Result<Opened, String>),
    Forked(Result<Forked, String>),
}

/// The run that is trained here while another one is looked at.
pub(super) struct Home {
    pub state: State,
    pub opened: Opened,
}

impl Home {
    /// Takes in what the run reports. What the user should know of it at once comes back.
    pub fn on_event(&mut self, event: Event) -> Option<String> {
        let name = |home: &Self| home.state.run.started.as_ref().map_or(String::new(), |s| s.run.clone());
        let news = match &event {
            Event::Done(done) => Some(format!("{}: training {}", name(self), done.reason)),
            Event::Failed { message } => Some(format!("{} failed: {message}", name(self))),
            Event::Alarm(alarm) => Some(format!("{}: {}", name(self), alarm.message)),
            _ => None,
        };
        for effect in update(&mut self.state, Action::Event(Box::new(event))) {
            match effect {
                Effect::Send(command) => {
                    let commands = self.opened.source.commands.as_ref();
                    let _ = commands.map(|c| c.try_send(command));
                }
                Effect::QueryPairs(filter) => {
                    let _ = self.opened.source.queries.try_send(filter);
                }
                // The rest is for eyes that are elsewhere.
                _ => {}
            }
        }
        news
    }
}
