//! What the screen of runs asks of the thread that reads and labels runs, and what comes back.

use std::path::PathBuf;
use std::sync::Arc;

use crate::run::{Labels, RunSummary};
use crate::train::PairRecord;
use crate::tui::history::{Column, Series};
use crate::tui::run_view::RunView;

/// A question, or something to be done to a run on disk.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// List the runs now, and again whenever something changes.
    Watch,
    /// Nobody looks at the list any more.
    Rest,
    Label {
        path: PathBuf,
        labels: Labels,
    },
    Delete(PathBuf),
    /// Read these runs, and again when something happens to them; none ends it.
    Compare(Vec<PathBuf>),
    /// The pairs that these runs sampled at a step.
    Pairs {
        step: u32,
        paths: Vec<PathBuf>,
    },
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    List(Listing),
    /// Something was done, or could not be.
    Said(Result<String, String>),
    /// In the order in which they were asked for.
    Compared(Vec<Compared>),
    Pairs {
        step: u32,
        /// Run by run.
        pairs: Vec<Vec<PairRecord>>,
    },
}

/// The runs of a folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    pub folder: String,
    /// Or why it cannot be read.
    pub runs: Vec<RunSummary>,
    pub error: Option<String>,
    /// Unix seconds when it was read.
    pub now: u64,
}

/// One of the runs that are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    pub path: PathBuf,
    pub name: String,
    /// Everything of it, or why it cannot be read.
    pub run: Result<Shared, String>,
}

/// A run as events tell it, shared between threads. The same one is equal to itself only.
#[derive(Clone, Debug)]
pub struct Shared(pub Arc<Whole>);

/// A run and what is made of its series once.
#[derive(Clone, Debug, Default)]
pub struct Whole {
    pub view: RunView,
    /// s' - s of each step.
    pub gap: Column,
}

impl Whole {
    /// Of a run that was read.
    pub fn of(view: RunView) -> Self {
        let gap = Column::default();
        let mut whole = Self { view, gap };
        whole.refresh();
        whole
    }

    /// Makes of the series what was made of them before more was read.
    pub fn refresh(&mut self) {
        let mut gap = Column::default();
        let points = |series| self.view.history.column(series).points();
        for (s, g) in points(Series::RewardOriginal).iter().zip(points(Series::RewardGuided)) {
            gap.push(f64::from(g - s));
        }
        self.gap = gap;
    }
}

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A fork that the user asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// The parent's folder.
    pub parent: PathBuf,
    /// `None`: from the last checkpoint.
    pub step: Option<u32>,
    /// As for `--set`.
    pub sets: Vec<String>,
}

impl Wish {
    /// From "step=40 tau=0.1 method=raft".
    pub fn parse(parent: PathBuf, text: &str) -> Result<Self, String> {
        let mut wish = Self {
            parent,
            step: None,
            sets: Vec::new(),
        };
        for word in text.split_whitespace() {
            match word.split_once('=') {
                Some(("step", "last")) => wish.step = None,
                Some(("step", step)) => {
                    let step = step
                        .parse()
                        .map_err(|_| format!("step={step}: wants a whole number, or last"))?;
                    wish.step = Some(step);
                }
                Some((key, value)) if !key.is_empty() && !value.is_empty() => wish.sets.push(word.to_string()),
                _ => return Err(format!("{word}: wants key=value, for example tau=0.1")),
            }
        }
        Ok(wish)
    }
}
