//! The workbench: an Elm-style loop over keys, the trainer's events and answers of the store.
//!
//! `input` turns keys into actions with the one key table (`bindings`), `update` applies them to the `state` and answers with
//! effects, `view` draws the state, `event_loop` does the waiting and the effects. Nothing here knows a tensor or a file.

pub mod action;
pub mod annotate;
mod answer;
pub mod bindings;
pub mod changed;
mod clipboard;
mod editor;
pub mod event_loop;
mod fit_view;
pub mod history;
pub mod input;
mod inside;
mod inside_view;
pub mod keymap;
pub mod legend;
pub mod lobby;
pub mod log;
pub mod look;
pub mod palette;
pub mod past;
pub mod popup;
pub mod popup_view;
mod ports;
pub mod present;
pub mod rebind;
pub mod run_view;
pub mod screens;
mod sent;
mod sent_view;
pub mod smooth;
pub mod state;
pub mod status;
mod stderr;
pub mod steering;
pub mod take;
pub mod terminal;
pub mod theme;
pub mod time;
mod tour;
pub mod update;
pub mod view;
mod visit;
pub mod widgets;
mod words;
mod write_form;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, never, unbounded};
use ratatui::crossterm::event;

use crate::config::{Notify, NotifyWhen};
use crate::run::{PairFilter, PairPage};
use crate::train::{Command, Event};

use bindings::Binding;
pub use editor::is_open as editor_is_open;
use event_loop::{Host, Ports, SavePrinciples};
pub use event_loop::{Job, LookInside, ReadSent, UserFiles};
use look::Look;
use popup::Popup;
pub use run_view::RunView;
pub use screens::runs;
pub use sent::{Given, Question};
use state::State;
pub use stderr::leave_dead_terminal;
pub use steering::{Port, Steering, Wish};
pub use visit::{Desk, Forked, Opened};

/// Where the run comes from.
pub struct Source {
    pub events: Receiver<Event>,
    /// `None`: a stored run, or one that another process trains; it can be looked at only.
    pub commands: Option<Sender<Command>>,
    /// Questions to the store's reading thread; the answers come back over `pages`.
    pub queries: Sender<PairFilter>,
    pub pages: Receiver<PairPage>,
}

/// How the workbench is to be.
pub struct Options {
    pub look: Look,
    /// Clicks, drags and the wheel work in the workbench; else the mouse is the terminal's.
    pub mouse: bool,
    /// Frames for news from training are at least this far apart, so that drawing takes little from training.
    pub frame: Duration,
    /// How and when it is told that a run ended or an alarm rings.
    pub notify: (Notify, NotifyWhen),
    /// The key table, with the user's own keys.
    pub table: Vec<Binding>,
    /// Show the tour at the start.
    pub tour: bool,
    /// Remembers that the tour was seen.
    pub toured: fn(),
    /// What goes to standard error while the screen is up goes here instead.
    pub log: Option<PathBuf>,
    /// Something outside (SIGTERM, SIGINT, SIGHUP) wants the program to end: saves, then leaves.
    pub stop: Receiver<()>,
    /// The shell stops the program and lets it go on.
    pub jobs: Receiver<Job>,
    /// Writes a principles file.
    pub save: SavePrinciples,
    /// Tells what a model was given; may take its time.
    pub sent: ReadSent,
    /// The user's own files.
    pub files: UserFiles,
    /// Where several processes may steer the run: who does.
    pub steering: Option<Port>,
    /// Looks inside the responses of a stored run; may take its time.
    pub inside: LookInside,
    /// Reads, labels, opens and forks other runs.
    pub desk: Desk,
    /// The terminal, where it was taken over already; `look`, `mouse`, `notify` and `log` are then those it was entered with.
    pub lobby: Option<lobby::Lobby>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            look: Look::default(),
            mouse: true,
            frame: Duration::from_millis(20),
            notify: (Notify::Off, NotifyWhen::Unfocused),
            table: bindings::table(),
            tour: false,
            toured: || {},
            log: None,
            stop: never(),
            jobs: never(),
            save: |_, _| Err("not possible here".into()),
            sent: Arc::new(|_| Err("not possible here".into())),
            files: UserFiles::default(),
            steering: None,
            inside: Arc::new(|step, index| crate::train::Inside {
                step,
                index,
                policy_steps: 0,
                found: Err("not possible here".into()),
            }),
            desk: Desk::default(),
            lobby: None,
        }
    }
}

/// How the workbench was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub left: Left,
    /// Steps that are in no checkpoint.
    pub unsaved_steps: u32,
}

/// The ways to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Training had ended: finished, stopped or abandoned.
    Finished,
    /// Training had failed.
    Failed,
    /// The user or a signal asked for a checkpoint, and it was written.
    Saved,
    /// Training went on until now; it was told to end without a checkpoint.
    Abandoned,
    /// A run that was only looked at.
    Closed,
}

/// What keeps the workbench from going on.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    #[error("the terminal does not work: {0}")]
    Terminal(#[from] std::io::Error),
    #[error("what was to be shown could not be loaded: there was a panic, which is told above")]
    Loading,
}

/// Takes over the terminal until the user leaves. To be called only when standard output is a terminal.
pub fn run(source: Source, options: Options) -> Result<Outcome, TuiError> {
    let mut look = options.look;
    look.theme.legend = legend::Legend::of(&options.table);
    let lobby = match options.lobby {
        Some(lobby) => lobby,
        None => lobby::Lobby::enter(&lobby::Entrance {
            look,
            mouse: options.mouse,
            notify: options.notify.0,
            log: options.log,
            table: Vec::new(),
        })?,
    };
    let (mut terminal, keys, pressed) = (lobby.terminal, lobby.keys, lobby.pressed);
    let remote = options.steering.as_ref().is_some_and(|port| port.remote);
    let mut state = State::new(source.commands.is_some() && !remote, look.theme);
    state.run.remote = remote;
    state.history = palette::History::new(options.files.history.clone());
    state.table = options.table;
    state.mouse = options.mouse;
    state.notify = options.notify;
    state.popup = options.tour.then_some(Popup::Tour(0));
    state.size = terminal.size()?;
    let ports = Ports {
        input: keys.events.clone(),
        pressed,
        source,
        stop: options.stop,
        jobs: options.jobs,
        save: options.save,
        sent: options.sent,
        files: options.files,
        steering: options.steering,
        toured: options.toured,
        look,
        frame: options.frame,
        inside: options.inside,
        desk: options.desk,
    };
    event_loop::run(&mut state, &mut terminal, ports)
}

/// The thread that reads the terminal; dropping it ends it.
struct Keys {
    events: Receiver<event::Event>,
    over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Keys {
    fn start(reading: editor::Reading) -> Self {
        let (send, events) = unbounded();
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            while !seen.load(Ordering::Relaxed) {
                if !reading.may() {
                    std::thread::sleep(Duration::from_millis(10));
                    continue;
                }
                let read = match event::poll(Duration::from_millis(100)) {
                    Ok(false) => continue,
                    Ok(true) => event::read(),
                    Err(error) => Err(error),
                };
                let go_on = match read {
                    Ok(event) => send.send(event).is_ok(),
                    Err(error) => error.kind() == std::io::ErrorKind::Interrupted,
                };
                if !go_on {
                    return;
                }
            }
        });
        Self {
            events,
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // A terminal that hung up keeps the library polling for ever: that thread is not waited for, it ends with us.
        let start = Instant::now();
        while self.thread.as_ref().is_some_and(|t| !t.is_finished()) && start.elapsed() < Duration::from_millis(250) {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}
