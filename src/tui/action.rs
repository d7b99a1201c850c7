//! Everything a user or the world can make happen, as one type, and what the update asks of the outside.

use std::path::PathBuf;

use crate::config::Principles;
use crate::report::{Format, NotWritten, View};
use crate::run::{PairFilter, PairPage};
use crate::train::{Command, Event, Inside};

use super::run_view::RunView;
use super::screens::{cases, charts, dashboard, effect, fit, principles, responses, runs};
use super::sent::{Given, Question};
use super::steering::{Steering, Wish};
use super::time;

/// The rooms of the workbench, in the order of their number keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Screen {
    Dashboard,
    Responses,
    Principles,
    Cases,
    Effect,
    /// All runs there are.
    Runs,
    /// Of a model's own training.
    Training,
    /// Its mistakes, or what it writes.
    Rows,
}

impl Screen {
    pub const ALL: [Screen; 6] = [
        Screen::Dashboard,
        Screen::Responses,
        Screen::Principles,
        Screen::Cases,
        Screen::Effect,
        Screen::Runs,
    ];

    /// Those of a run that trains a model on rows.
    const FIT: [Screen; 3] = [Screen::Training, Screen::Rows, Screen::Runs];

    /// The screens of a run.
    pub fn of(run: &RunView) -> &'static [Screen] {
        if run.fit_experiment().is_some() {
            &Self::FIT
        } else {
            &Self::ALL
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Screen::Dashboard => "Dashboard",
            Screen::Responses => "Responses",
            Screen::Principles => "Principles",
            Screen::Cases => "Case study",
            Screen::Effect => "Effect",
            Screen::Runs => "Runs",
            Screen::Training => "Training",
            Screen::Rows => "Rows",
        }
    }

    /// The title where there is little room.
    pub fn short_title(self) -> &'static str {
        match self {
            Screen::Cases => "Cases",
            screen => screen.title(),
        }
    }

    /// The title where there is less still.
    pub fn tiny_title(self) -> &'static str {
        match self {
            Screen::Dashboard => "Dash",
            Screen::Responses => "Resp",
            Screen::Principles => "Princ",
            screen => screen.short_title(),
        }
    }
}

/// The single action type of the Elm-style loop. Keys, mouse, trainer and store all end up here.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Something the trainer (or the store that is followed) reported.
    Event(Box<Event>),
    /// The store answered a question for pairs.
    Pairs(PairPage),
    /// What the model was given for a pair, or why that is not known.
    Sent(Question, Result<Given, String>),
    /// What policy and reference think of a pair's tokens.
    Inside(Box<Inside>),
    /// What became of a principles file that was to be written.
    Saved(PathBuf, Result<(), String>),
    Show(Screen),
    NextScreen,
    PreviousScreen,
    ToggleHelp,
    /// Show what the model was given for the pair under the cursor.
    ShowSent,
    /// Open the palette.
    OpenPalette,
    /// Show the tokens of the responses under the cursor, each by its probability.
    ShowInside,
    PauseOrContinue,
    StepOnce,
    Checkpoint,
    Stop,
    /// Open the prompt that asks for a number.
    Ask(Number),
    /// Set a number from the next step on.
    Set(Number, f64),
    /// Switch a principle in force on or off from the next step on.
    SwitchPrinciple(String, bool),
    /// Read a principles file into the draft.
    LoadPrinciples(PathBuf),
    /// What a principles file holds, or what is wrong with it.
    Loaded(PathBuf, Result<Principles, String>),
    /// The user's editor was left with this text, or why it could not be opened.
    Edited(Edit, Result<String, String>),
    /// A principles file changed on disk: what it holds now, or what is wrong with it.
    FileChanged(PathBuf, Result<Principles, String>),
    /// Take the steering of the run, or give it up.
    Steer(Wish),
    /// Give up the steering if it is ours, else take it.
    ToggleSteering,
    /// Who steers the run now.
    Steering(Steering),
    /// Show everything that was done to the training.
    ShowLog,
    /// Write the principles as they stand.
    SavePrinciples(PathBuf),
    /// Look at a step.
    GoTo(u32),
    /// Ask before leaving when something would be lost, else leave.
    Quit,
    /// Leave now, without a further checkpoint.
    QuitNow,
    /// Write a checkpoint, then leave.
    SaveAndQuit,
    /// Close whatever lies over the screen.
    Dismiss,
    /// Take the shown alarm away.
    DismissAlarm,
    /// Give the mouse to the workbench, or back to the terminal.
    ToggleMouse,
    /// Back to the shell until `fg`.
    Suspend,
    /// Draw every cell again.
    Redraw,
    /// Walk over the parts of the screen once more.
    Tour,
    /// Put the view on the clipboard.
    Copy,
    /// Ask what of the view is to be written to a file.
    OpenWrite,
    /// What became of that file: its path and bytes.
    Written(Result<(PathBuf, usize), NotWritten>),
    /// The cursor over the steps, and its film.
    Time(time::Action),
    Dashboard(dashboard::Action),
    Responses(responses::Action),
    Principles(principles::Action),
    Cases(cases::Action),
    Effect(effect::Action),
    Fit(fit::Action),
    Training(charts::Action),
    Runs(runs::Action),
    /// The thread that reads runs has answered.
    Desk(Box<runs::Answer>),
}

impl Action {
    /// It only makes sense while a trainer listens.
    pub fn is_command(&self) -> bool {
        matches!(
            self,
            Action::PauseOrContinue
                | Action::StepOnce
                | Action::Checkpoint
                | Action::Stop
                | Action::Ask(_)
                | Action::Set(..)
                | Action::SwitchPrinciple(..)
        )
    }
}

/// The numbers that can be changed while training runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    Tau,
    Decay,
    LearningRate,
}

/// What an update wants done outside of the state. Nothing here may block the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// To the training thread.
    Send(Command),
    /// Ask the store's reading thread for pairs; the answer comes back as [`Action::Pairs`].
    QueryPairs(PairFilter),
    /// Ask the thread that has the tokenizer what was given; the answer comes back as [`Action::Sent`].
    ReadSent(Question),
    /// Ask the thread that reads the checkpoints about a pair; the answer comes back as [`Action::Inside`].
    LookInside {
        step: u32,
        index: u32,
    },
    /// Write a principles file; the outcome comes back as [`Action::Saved`].
    SavePrinciples {
        path: PathBuf,
        principles: Principles,
        /// A file that is there already may be replaced: this session wrote it.
        replace: bool,
    },
    /// Put a text on the terminal's clipboard.
    Copy(String),
    /// Write a view to a file; the outcome comes back as [`Action::Written`].
    WriteView {
        path: PathBuf,
        view: Box<View>,
        format: Format,
        /// A file that is there already may be replaced: the user said so.
        replace: bool,
    },
    /// Read a principles file; what it holds comes back as [`Action::Loaded`].
    LoadPrinciples(PathBuf),
    /// Give the terminal to the user's editor; what was written comes back as [`Action::Edited`].
    Edit(Edit),
    /// To the thread that keeps the steering.
    Steer(Wish),
    /// Keep a line of the palette for later sessions.
    Remember(String),
    /// Capture the mouse, or leave it to the terminal.
    Mouse(bool),
    Suspend,
    Redraw,
    /// Ask the thread that reads runs; the answer comes back as [`Action::Desk`].
    AskDesk(runs::Question),
    /// Show another run; the one that is trained here goes on out of sight.
    OpenRun(PathBuf),
    ForkRun(runs::Wish),
    /// Tell a user who looks elsewhere.
    Notify(String),
    /// Remember that the tour was seen.
    Toured,
    Quit,
}

/// A text for the user's editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub what: Edited,
    /// Name of the file, for the editor's colours.
    pub file: String,
    pub text: String,
}

/// What a text in the editor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edited {
    /// The text of a principle: its place, and its name.
    Principle(usize, String),
    /// All principles, as a file.
    All,
}
