//! Pairs of a preferred and another response to the same query: what DPO learns from.

use std::collections::HashSet;
use std::path::Path;

use super::order::Order;
use super::pool::PoolError;
use super::{DataError, Example, Limit, Reading, Sides, Want, normalise, read_rows, thousands};
use crate::config::DataSettings;
use crate::grammar::{self, Split, Task};
use crate::model::Text;
use crate::random::{Purpose, stream};

/// A query with two responses to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Preference {
    pub query: String,
    pub chosen: String,
    pub rejected: String,
}

impl Preference {
    /// With both responses cut to at most `most` tokens, as [`Example::within`] does.
    pub fn within(self, text: &Text, most: usize) -> Self {
        let cut = |response: String| {
            let example = Example {
                query: String::new(),
                response,
            };
            example.within(text, most).response
        };
        Self {
            query: self.query,
            chosen: cut(self.chosen),
            rejected: cut(self.rejected),
        }
    }
}

/// Where the pairs of a run come from.
#[derive(Clone, Debug)]
pub enum Pairs {
    /// Written by the grammar as they are needed.
    Grammar { task: Task, seed: u64 },
    /// Read from files; never empty.
    File {
        rows: Vec<Preference>,
        seed: u64,
        summary: String,
    },
}

impl Pairs {
    /// Reads the pairs of `path`, which the setting `key` names. Those of a query that is held out are left out: the share of
    /// `data.held_out`, unless there are test queries of their own, and each of `held_out`.
    pub fn read(
        key: &'static str,
        path: &str,
        data: &DataSettings,
        task: Task,
        text: &Text,
        held_out: &[String],
        seed: u64,
    ) -> Result<Self, PoolError> {
        let reading = Reading {
            task,
            want: Want::Preferences,
            prefix_words: data.prefix_words,
            seed,
        };
        let limit = Limit {
            count_tokens: &|query| text.encode(query).len(),
            max_query_tokens: data.max_query_tokens,
        };
        let found = read_rows(Path::new(path), &reading, Some(&limit)).map_err(|source| PoolError { key, source })?;
        let mut summary = found.account.summary();
        let share = if data.test.is_some() { 0.0 } else { data.held_out };
        let all = found.records.len();
        let mut records = Sides::of(found.records, share, seed).train;
        let evaluated: HashSet<String> = held_out.iter().map(|query| normalise(query)).collect();
        records.retain(|record| !evaluated.contains(&normalise(&record.query)));
        let rows: Vec<Preference> = records
            .into_iter()
            .filter_map(|record| {
                let (chosen, rejected) = record.preference?;
                Some(Preference {
                    query: record.query,
                    chosen,
                    rejected,
                })
            })
            .collect();
        if rows.is_empty() {
            let path = path.into();
            let source = DataError::NothingToTrainOn { path, summary };
            return Err(PoolError { key, source });
        }
        let (used, out) = (rows.len() as u64, (all - rows.len()) as u64);
        summary += &format!(
            "; {} pairs to train on, {} of held-out queries",
            thousands(used),
            thousands(out)
        );
        Ok(Pairs::File { rows, seed, summary })
    }

    /// Pair `position` of the endless sequence. Files are gone through again and again, each time in another order.
    pub fn pair(&self, position: u64) -> Preference {
        match self {
            Pairs::Grammar { task, seed } => {
                let mut rng = stream(*seed, Purpose::Preferences, position, 0);
                let (scene, chosen, rejected) = grammar::preference_pair(&mut rng, *task, Split::Train);
                Preference {
                    query: scene.query,
                    chosen,
                    rejected,
                }
            }
            Pairs::File { rows, seed, .. } => {
                let n = rows.len() as u64;
                rows[Order::new(n, *seed, position / n).at(position % n) as usize].clone()
            }
        }
    }

    /// For people: how many pairs, and what was left out.
    pub fn summary(&self) -> String {
        match self {
            Pairs::Grammar { task, .. } => format!("pairs written by the {task} grammar"),
            Pairs::File { summary, .. } => format!("pairs: {summary}"),
        }
    }
}
