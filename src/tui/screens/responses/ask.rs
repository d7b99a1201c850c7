//! Queries of the user's own: those that wait and those that were answered.

use crate::train::{Answer, Command};
use crate::tui::action::Effect;
use crate::tui::run_view::RunView;
use crate::tui::screens::live;

/// A query that was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub id: u64,
    pub query: String,
    pub answer: Option<Answer>,
}

/// Everything asked in this run, newest first.
#[derive(Debug, Default)]
pub struct Asks {
    /// The asked queries are shown instead of the pairs.
    pub open: bool,
    pub cursor: usize,
    list: Vec<Asked>,
    /// Answers of the run already taken over.
    taken: usize,
}

impl Asks {
    pub fn list(&self) -> &[Asked] {
        &self.list
    }

    pub fn selected(&self) -> Option<&Asked> {
        self.list.get(self.cursor)
    }

    /// Queries without an answer so far.
    pub fn waiting(&self) -> usize {
        self.list.iter().filter(|a| a.answer.is_none()).count()
    }

    /// Asks, or says why not.
    pub fn ask(&mut self, query: &str, run: &RunView) -> Result<Effect, String> {
        if let Some(why) = live::cannot_ask(run) {
            return Err(why);
        }
        let query = query.trim().to_string();
        if query.is_empty() {
            return Err("Nothing was asked: write a query first.".to_string());
        }
        // Several workbenches may ask: each counts from a number of its own.
        let first = if run.remote {
            u64::from(std::process::id()) << 20
        } else {
            0
        };
        let id = self.list.iter().map(|a| a.id).max().unwrap_or(0).max(first) + 1;
        self.list.insert(
            0,
            Asked {
                id,
                query: query.clone(),
                answer: None,
            },
        );
        self.cursor = 0;
        Ok(Effect::Send(Command::Ask { id, query }))
    }

    /// Takes over the answers that came.
    pub fn on_event(&mut self, run: &RunView) {
        for answer in run.answers.iter().skip(self.taken) {
            match self.list.iter_mut().find(|a| a.id == answer.id && a.answer.is_none()) {
                Some(asked) => asked.answer = Some(answer.clone()),
                None => self.list.insert(
                    0,
                    Asked {
                        id: answer.id,
                        query: answer.query.clone(),
                        answer: Some(answer.clone()),
                    },
                ),
            }
        }
        self.taken = run.answers.len();
    }

    pub fn move_by(&mut self, rows: isize) {
        self.cursor = self
            .cursor
            .saturating_add_signed(rows)
            .min(self.list.len().saturating_sub(1));
    }
}
