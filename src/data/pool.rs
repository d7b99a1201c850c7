//! The queries of a run: those to train on, those held out, and responses for the supervised stage.

use std::path::Path;

use super::{DataError, Query, read_queries};
use crate::grammar::{self, Scene, Split, Task};
use crate::model::Text;
use crate::random::{Purpose, stream};

/// A prompt and a response to it, as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    pub query: String,
    pub response: String,
}

/// Where a run's queries come from.
#[derive(Clone, Debug)]
pub enum Pool {
    /// Written by the grammar as they are needed; a fifth of all combinations of facts is held out.
    Grammar { task: Task, seed: u64 },
    /// Read from files.
    File {
        train: Vec<Query>,
        held_out: Vec<Query>,
        seed: u64,
        summary: String,
    },
}

impl Pool {
    /// The grammar's queries.
    pub fn grammar(task: Task, seed: u64) -> Self {
        Pool::Grammar { task, seed }
    }

    /// Reads files and holds a tenth of the queries out, at most `held_out` of them.
    pub fn read(
        path: &Path,
        task: Task,
        text: &Text,
        max_query_tokens: usize,
        held_out: usize,
        seed: u64,
    ) -> Result<Self, DataError> {
        let count = |query: &str| text.encode(query).len();
        let found = read_queries(path, task, &count, max_query_tokens, seed)?;
        let summary = found.summary();
        let mut train = found.queries;
        grammar::shuffle(&mut stream(seed, Purpose::Queries, u64::MAX, 0), &mut train);
        // A tiny file is better trained on twice than evaluated on nothing.
        let n = held_out.min(train.len().div_ceil(10));
        let held_out = if train.len() > n {
            train.split_off(train.len() - n)
        } else {
            train.clone()
        };
        Ok(Pool::File {
            train,
            held_out,
            seed,
            summary,
        })
    }

    /// For people: how many queries, and what was left out.
    pub fn summary(&self) -> String {
        match self {
            Pool::Grammar { task, .. } => format!("written by the {task} grammar; a fifth of it held out"),
            Pool::File {
                train,
                held_out,
                summary,
                ..
            } => {
                format!("{summary}; {} to train on, {} held out", train.len(), held_out.len())
            }
        }
    }

    /// The query at `position` of the endless sequence of training queries.
    pub fn query(&self, position: u64) -> String {
        match self {
            Pool::Grammar { task, seed } => self.scene(*task, *seed, Purpose::Queries, position, Split::Train).query,
            Pool::File { train, seed, .. } => {
                // Every round goes through all queries, each in an order of its own.
                let n = train.len() as u64;
                let mut order: Vec<usize> = (0..train.len()).collect();
                grammar::shuffle(&mut stream(*seed, Purpose::Queries, position / n, 0), &mut order);
                train[order[(position % n) as usize]].text.clone()
            }
        }
    }

    /// Held-out queries, at most `n`.
    pub fn held_out(&self, n: usize) -> Vec<String> {
        match self {
            Pool::Grammar { task, seed } => (0..n as u64)
                .map(|i| self.scene(*task, *seed, Purpose::HeldOut, i, Split::Test).query)
                .collect(),
            Pool::File { held_out, .. } => held_out.iter().take(n).map(|q| q.text.clone()).collect(),
        }
    }

    /// Row `position` of the supervised stage; `None` where no row has a response.
    pub fn example(&self, position: u64) -> Option<Example> {
        match self {
            Pool::Grammar { task, seed } => {
                let mut rng = stream(*seed, Purpose::Sft, position, 0);
                let (scene, response, _) = grammar::preference_pair(&mut rng, *task, Split::Train);
                Some(Example {
                    query: scene.query,
                    response,
                })
            }
            Pool::File { train, .. } => {
                let with: Vec<&Query> = train.iter().filter(|q| q.response.is_some()).collect();
                let query = with.get(position as usize % with.len().max(1))?;
                Some(Example {
                    query: query.text.clone(),
                    response: query.response.clone()?,
                })
            }
        }
    }

    fn scene(&self, task: Task, seed: u64, purpose: Purpose, position: u64, split: Split) -> Scene {
        grammar::query(task, &mut stream(seed, purpose, position, 0), split)
    }
}
