//! The queries of a run: those to train on, those held out, and responses for the supervised stage.

use std::path::Path;

use super::order::Order;
use super::{DataError, Limit, Reading, Record, Sides, Want, read_rows, thousands};
use crate::config::DataSettings;
use crate::grammar::{self, Scene, Split, Task};
use crate::model::Text;
use crate::random::{Purpose, stream};

/// A prompt and a response to it, as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    pub query: String,
    pub response: String,
}

/// A query of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub text: String,
    /// To learn from in the supervised stage, where the row has one.
    pub response: Option<String>,
}

/// Why there are no queries, and which setting named the file.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {source}")]
pub struct PoolError {
    /// `data.queries` or `data.test`.
    pub key: &'static str,
    pub source: DataError,
}

/// Where a run's queries come from.
#[derive(Clone, Debug)]
pub enum Pool {
    /// Written by the grammar as they are needed; a fifth of all combinations of facts is held out.
    Grammar { task: Task, seed: u64 },
    /// Read from files.
    File {
        train: Vec<Query>,
        /// Places in `train` of the queries with a response.
        answered: Vec<u32>,
        held_out: Vec<Query>,
        seed: u64,
        summary: String,
    },
}

/// What of the files a run needs; the rest is not kept.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// Held-out queries of one evaluation; 0 where there is none.
    pub held_out: usize,
    /// Responses of the rows to train on, for a supervised stage. Those of held-out rows are always kept: they are few.
    pub responses: bool,
}

impl Pool {
    /// The grammar's queries.
    pub fn grammar(task: Task, seed: u64) -> Self {
        Pool::Grammar { task, seed }
    }

    /// Reads files and splits their queries by the settings: by `data.test`, or by the parts that the files are named
    /// after, or else a share of all queries is held out. No held-out query is trained on.
    pub fn read(data: &DataSettings, task: Task, text: &Text, needs: Needs, seed: u64) -> Result<Self, PoolError> {
        let reading = Reading {
            task,
            want: Want::Queries,
            prefix_words: data.prefix_words,
            seed,
        };
        let limit = Limit {
            count_tokens: &|query| text.encode(query).len(),
            max_query_tokens: data.max_query_tokens,
        };
        let read = |key, path: &str| {
            let found = read_rows(Path::new(path), &reading, Some(&limit));
            found.map_err(|source| PoolError { key, source })
        };
        let found = read("data.queries", &data.queries)?;
        let mut summary = found.account.summary();
        let sides = match &data.test {
            Some(path) => {
                let test = read("data.test", path)?;
                summary += &format!("; test: {}", test.account.summary());
                Sides::with_test(found.records, test.records)
            }
            None => Sides::of(found.records, data.held_out, seed),
        };
        let (path, no_test) = (
            data.queries.clone().into(),
            needs.held_out > 0 && sides.held_out.is_empty(),
        );
        if sides.train.is_empty() || no_test {
            let source = match no_test {
                true => DataError::NothingHeldOut { path, summary },
                false => DataError::NothingToTrainOn { path, summary },
            };
            let key = "data.queries";
            return Err(PoolError { key, source });
        }
        if sides.leaked > 0 {
            summary += &format!("; {} not trained on, as they are test queries", thousands(sides.leaked));
        }
        let (n, out) = (sides.train.len() as u64, sides.held_out.len() as u64);
        summary += &format!("; {} to train on, {} held out", thousands(n), thousands(out));
        let query = |record: Record| Query {
            text: record.query,
            response: record.completion,
        };
        let mut held_out: Vec<Query> = sides.held_out.into_iter().map(query).collect();
        grammar::shuffle(&mut stream(seed, Purpose::Queries, u64::MAX, 0), &mut held_out);
        held_out.truncate(needs.held_out);
        held_out.shrink_to_fit();
        let train: Vec<Query> = sides
            .train
            .into_iter()
            .map(query)
            .map(|query| Query {
                response: query.response.filter(|_| needs.responses),
                ..query
            })
            .collect();
        let answered = (0..train.len()).filter(|i| train[*i].response.is_some());
        Ok(Pool::File {
            answered: answered.map(|i| i as u32).collect(),
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
            Pool::File { summary, .. } => summary.clone(),
        }
    }

    /// The query at `position` of the endless sequence of training queries.
    pub fn query(&self, position: u64) -> String {
        match self {
            Pool::Grammar { task, seed } => self.scene(*task, *seed, Purpose::Queries, position, Split::Train).query,
            Pool::File { train, seed, .. } => train[place(train.len(), *seed, position)].text.clone(),
        }
    }

    /// Held-out queries, at most `n`.
    pub fn held_out(&self, n: usize) -> Vec<String> {
        match self {
            Pool::Grammar { task, seed } => (0..n as u64)
                .map(|i| self.scene(*task, *seed, Purpose::HeldOut, i, Split::Test).query)
                .collect(),
            Pool::File { held_out, .. } => held_out.iter().take(n).map(|query| query.text.clone()).collect(),
        }
    }

    /// The queries of [`Pool::held_out`], each with a response to compare with where there is one: that of the row (of two,
    /// the preferred one), or one by the grammar that has every good property.
    pub fn held_out_references(&self, n: usize) -> Vec<Query> {
        match self {
            Pool::Grammar { task, seed } => (0..n as u64)
                .map(|i| {
                    let scene = self.scene(*task, *seed, Purpose::HeldOut, i, Split::Test);
                    let mut rng = stream(*seed, Purpose::Reference, i, 0);
                    let response = grammar::respond(&mut rng, &scene, &grammar::Attributes::all(*task));
                    Query {
                        text: scene.query,
                        response: Some(response),
                    }
                })
                .collect(),
            Pool::File { held_out, .. } => held_out.iter().take(n).cloned().collect(),
        }
    }

    /// Which of these queries are among those to train on. None of a grammar's held-out queries is, whatever its seed.
    pub fn trains_on(&self, queries: &[String]) -> Vec<bool> {
        match self {
            Pool::Grammar { .. } => vec![false; queries.len()],
            Pool::File { train, .. } => {
                let train: std::collections::HashSet<&str> = train.iter().map(|q| &q.text[..]).collect();
                queries.iter().map(|q| train.contains(&q[..])).collect()
            }
        }
    }

    /// What the references of [`Pool::held_out_references`] are, for people.
    pub fn references(&self) -> &'static str {
        match self {
            Pool::Grammar { .. } => "by the grammar, with every good property",
            Pool::File { .. } => "responses of the rows; of two, the preferred one",
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
            Pool::File { answered, seed, .. } if !answered.is_empty() => {
                self.answered(answered[place(answered.len(), *seed, position)])
            }
            Pool::File { .. } => None,
        }
    }

    fn answered(&self, index: u32) -> Option<Example> {
        let Pool::File { train, .. } = self else { return None };
        let query = train.get(index as usize)?;
        Some(Example {
            query: query.text.clone(),
            response: query.response.clone()?,
        })
    }

    fn scene(&self, task: Task, seed: u64, purpose: Purpose, position: u64, split: Split) -> Scene {
        grammar::query(task, &mut stream(seed, purpose, position, 0), split)
    }
}

/// Every round goes through all rows, each in an order of its own.
fn place(rows: usize, seed: u64, position: u64) -> usize {
    let n = rows as u64;
    Order::new(n, seed, position / n).at(position % n) as usize
}

impl Example {
    /// With the response cut to at most `most` tokens: after the last whole sentence that fits, so that what is learnt
    /// is an end and not a break; in a single long sentence, after a word.
    pub fn within(mut self, text: &Text, most: usize) -> Example {
        if text.encode(&self.response).len() <= most {
            return self;
        }
        let words: Vec<&str> = self.response.split_inclusive(char::is_whitespace).collect();
        // The tokens of a text grow with its words: the longest beginning that fits is found by halving.
        let fits = |n: usize| text.encode(words[..n].concat().trim_end()).len() <= most;
        let (mut low, mut high) = (1.min(words.len()), words.len());
        while low + 1 < high {
            let middle = usize::midpoint(low, high);
            if fits(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        let ends = |word: &&str| {
            word.trim_end()
                .trim_end_matches(['"', '\'', ')', ']'])
                .ends_with(['.', '!', '?'])
        };
        let end = words[..low].iter().rposition(ends).map_or(low, |at| at + 1);
        self.response = words[..end].concat().trim_end().to_string();
        self
    }
}
