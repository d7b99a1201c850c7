//! What the loop is joined to: a terminal, a run, the user's files, and whoever answers what the screen asks.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, never};
use ratatui::crossterm::event::Event as Input;

use super::Source;
use super::look::Look;
use super::sent::{Given, Question};
use super::state::State;
use super::steering::Port;
use super::visit::Desk;
use crate::config::Principles;
use crate::train::Inside;

/// What the loop needs of a terminal.
pub trait Host {
    fn draw(&mut self, state: &State) -> io::Result<()>;
    fn mouse(&mut self, on: bool) -> io::Result<()>;
    /// Back to the shell; returns when the user comes back.
    fn suspend(&mut self) -> io::Result<()>;
    /// Takes the terminal over again, after somebody else had it.
    fn resume(&mut self) -> io::Result<()> {
        self.redraw()
    }
    /// Rings, or says this where a user sees it who looks elsewhere.
    fn notify(&mut self, _text: &str) -> io::Result<()> {
        Ok(())
    }
    /// Forget what is on the terminal, so that the next frame draws every cell.
    fn redraw(&mut self) -> io::Result<()>;
    /// Puts a text on the clipboard of whoever sits before it; a host without one does nothing.
    fn copy(&mut self, text: &str) -> io::Result<()> {
        let _ = text;
        Ok(())
    }
    /// Gives the terminal to the user's editor with this text in a file of this name; returns what was written, or why
    /// the editor could not be opened, for people.
    fn edit(&mut self, file: &str, text: &str) -> io::Result<Result<String, String>>;
    /// Columns and rows.
    fn size(&self) -> io::Result<(u16, u16)>;
}

/// Writes a principles file.
pub type SavePrinciples = fn(&Path, &Principles) -> Result<(), String>;

/// Tells what a model was given.
pub type ReadSent = Arc<dyn Fn(&Question) -> Result<Given, String> + Send + Sync>;

/// Reads a principles file.
pub type LoadPrinciples = fn(&Path) -> Result<Principles, String>;

/// The user's own files, beside those of the run.
#[derive(Clone)]
pub struct UserFiles {
    pub load: LoadPrinciples,
    /// Keeps a line of the palette for later sessions; may take its time.
    pub remember: Arc<dyn Fn(&str) + Send + Sync>,
    /// Lines of the palette of earlier sessions, oldest first.
    pub history: Vec<String>,
    /// Principles files that changed on disk, and what they hold now.
    pub changed: Receiver<(PathBuf, Result<Principles, String>)>,
}

impl Default for UserFiles {
    /// One that keeps nothing.
    fn default() -> Self {
        Self {
            load: |_| Err("not possible here".into()),
            remember: Arc::new(|_| {}),
            history: Vec::new(),
            changed: never(),
        }
    }
}

/// What the shell does with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// SIGTSTP: stop, and leave a good terminal.
    Stop,
    /// SIGCONT: it goes on.
    Continue,
}
/// Says what policy and reference think of the tokens of a pair of a stored run: its step, its place in the step.
pub type LookInside = Arc<dyn Fn(u32, u32) -> Inside + Send + Sync>;

/// Where everything comes from.
pub struct Ports {
    pub input: Receiver<Input>,
    /// What came before, while the run was being loaded.
    pub pressed: Vec<Input>,
    pub source: Source,
    /// Something outside (a signal) wants the program to end.
    pub stop: Receiver<()>,
    pub jobs: Receiver<Job>,
    pub save: SavePrinciples,
    pub sent: ReadSent,
    pub files: UserFiles,
    pub steering: Option<Port>,
    pub inside: LookInside,
    pub desk: Desk,
    /// Remembers that the tour was seen.
    pub toured: fn(),
    pub look: Look,
    /// Frames for news from training are at least this far apart; a key is drawn at once.
    pub frame: Duration,
}

impl Ports {
    /// Of a run and the keys, with nothing else outside.
    pub fn new(input: Receiver<Input>, source: Source) -> Self {
        let nothing = super::Options::default();
        Self {
            input,
            pressed: Vec::new(),
            source,
            stop: never(),
            jobs: never(),
            save: |_, _| Ok(()),
            sent: Arc::new(|_| Err("no tokenizer here".into())),
            inside: nothing.inside,
            files: nothing.files,
            steering: None,
            toured: || {},
            look: Look::default(),
            frame: Duration::from_millis(20),
            desk: Desk::default(),
        }
    }
}
