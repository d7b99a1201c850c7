//! The rows a model is trained on: where they come from, in which order, and what is done to them on the way.

use rand_chacha::ChaCha8Rng;

use crate::config::{FitData, FitExperiment, FitName, Keep};
use crate::grammar::{self, Pools, Split, Task, below, chance, corrupt::corrupt, prompt, shuffle, unit};
use crate::model::Text;
use crate::random::{Purpose, stream};

/// A row as text: a labelled response, a preferred response and the one it was preferred to, or a response to imitate.
#[derive(Clone, Debug, PartialEq)]
pub struct FitRow {
    pub query: String,
    pub response: String,
    /// The response that lost.
    pub other: Option<String>,
    /// Of a classifier; true for the rest.
    pub label: bool,
}

/// A row as token ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Tokens {
    pub prompt: Vec<u32>,
    /// With the end of sequence, unless that was cut off.
    pub response: Vec<u32>,
    pub other: Option<Vec<u32>>,
    pub label: bool,
}

/// Where rows come from.
pub enum FitRows {
    Grammar(GrammarRows),
    /// Read from files and split by prompt.
    File {
        seed: u64,
        train: Vec<FitRow>,
        validation: Vec<FitRow>,
        held_out: Vec<FitRow>,
        corrupted: f64,
        summary: String,
    },
}

/// Written by the grammar as they are needed; a fifth of all combinations of facts is held out.
pub struct GrammarRows {
    task: Task,
    seed: u64,
    corrupted: f64,
    /// Good responses to other queries, for corruption.
    foreign: Vec<String>,
}

impl GrammarRows {
    /// Those that are measured on are broken as often as those trained on.
    fn draw(&self, rng: &mut ChaCha8Rng, split: Split) -> FitRow {
        let pools = Pools {
            hot: &[],
            foreign: &self.foreign,
        };
        if self.task == Task::Imdb {
            let (scene, response, label) = grammar::sentiment_row(rng, split, self.corrupted, pools);
            return FitRow {
                query: scene.query,
                response,
                other: None,
                label,
            };
        }
        let (scene, better, worse) = grammar::preference_row(rng, self.task, split, self.corrupted, pools);
        FitRow {
            query: scene.query,
            response: better,
            other: Some(worse),
            label: true,
        }
    }

    /// The first `n` rows of a kind.
    fn first(&self, n: usize, purpose: Purpose, split: Split) -> Vec<FitRow> {
        // Far from the rows that are trained on, which are numbered from 0.
        let place = 1 << 40;
        (0..n as u64)
            .map(|i| self.draw(&mut stream(self.seed, purpose, place, i), split))
            .collect()
    }
}

/// Shortest and longest window of a response, in tokens.
const WINDOW: (f64, f64) = (12.0, 200.0);

impl FitRows {
    /// The grammar's rows.
    pub fn grammar(task: Task, seed: u64, corrupted: f64) -> Self {
        let foreign = grammar::foreign_texts(&mut stream(seed, Purpose::Corpus, 40, task as u64), task, 1000);
        FitRows::Grammar(GrammarRows {
            task,
            seed,
            corrupted,
            foreign,
        })
    }

    /// Takes out the rows whose query is of more than `limit` tokens and says so in the summary.
    pub fn leave_out_long(&mut self, count: &dyn Fn(&str) -> usize, limit: usize) -> Result<(), String> {
        let FitRows::File {
            train,
            validation,
            held_out,
            summary,
            ..
        } = self
        else {
            return Ok(());
        };
        let all = |parts: [&Vec<FitRow>; 3]| parts.iter().map(|p| p.len()).sum::<usize>();
        let before = all([train, validation, held_out]);
        for part in [&mut *train, &mut *validation, &mut *held_out] {
            part.retain(|row| count(&row.query) <= limit);
        }
        let left_out = before - all([train, validation, held_out]);
        if left_out > 0 {
            *summary += &format!("; {left_out} with a query of more than {limit} tokens left out");
        }
        if train.is_empty() {
            return Err(format!(
                "data.max_query_tokens = {limit}: every query to train on is longer; raise it"
            ));
        }
        Ok(())
    }

    /// Rows to train on; `None` where the grammar writes them without end.
    pub fn in_a_pass(&self) -> Option<usize> {
        match self {
            FitRows::Grammar(_) => None,
            FitRows::File { train, .. } => Some(train.len()),
        }
    }

    /// For people.
    pub fn summary(&self) -> String {
        match self {
            FitRows::Grammar(g) => format!("written by the {} grammar; a fifth of it held out", g.task),
            FitRows::File {
                train,
                validation,
                held_out,
                summary,
                ..
            } => format!(
                "{summary}; {} to train on, {} for validation, {} held out",
                train.len(),
                validation.len(),
                held_out.len()
            ),
        }
    }

    /// At most `n` rows that are not trained on, the same ones every time.
    pub fn validation(&self, n: usize) -> Vec<FitRow> {
        match self {
            FitRows::Grammar(g) => g.first(n, Purpose::FitRow, Split::Test),
            FitRows::File { validation, .. } => validation.iter().take(n).cloned().collect(),
        }
    }

    /// At most `n` rows by which nothing is chosen.
    pub fn held_out(&self, n: usize) -> Vec<FitRow> {
        match self {
            FitRows::Grammar(g) => g.first(n, Purpose::HeldOut, Split::Test),
            FitRows::File { held_out, .. } => held_out.iter().take(n).cloned().collect(),
        }
    }

    /// Rows of the training split as they are, for the rule that only looks at length.
    pub fn some_training(&self, n: usize) -> Vec<FitRow> {
        match self {
            FitRows::Grammar(g) => g.first(n, Purpose::FitOrder, Split::Train),
            FitRows::File { train, .. } => train.iter().take(n).cloned().collect(),
        }
    }

    /// The `index`-th row of the endless sequence of training rows. Files are gone through again and again, each time
    /// in another order; `order` remembers the newest.
    pub fn training(&self, index: u64, order: &mut Order) -> FitRow {
        match self {
            FitRows::Grammar(g) => g.draw(&mut stream(g.seed, Purpose::FitRow, 0, index), Split::Train),
            FitRows::File {
                seed, train, corrupted, ..
            } => {
                let rng = &mut stream(*seed, Purpose::FitRow, 0, index);
                let n = train.len() as u64;
                let row = &train[order.at(*seed, index / n, n as usize)[(index % n) as usize]];
                if chance(rng, *corrupted) {
                    broken(rng, row, train)
                } else {
                    row.clone()
                }
            }
        }
    }
}

/// The order of the rows in one pass.
#[derive(Default)]
pub struct Order {
    pass: Option<u64>,
    rows: Vec<usize>,
}

impl Order {
    fn at(&mut self, seed: u64, pass: u64, n: usize) -> &[usize] {
        if self.pass != Some(pass) {
            self.rows = (0..n).collect();
            shuffle(&mut stream(seed, Purpose::FitOrder, pass, 0), &mut self.rows);
            self.pass = Some(pass);
        }
        &self.rows
    }
}

/// The row with its response broken: not favourable any more, or worse than what it was.
fn broken(rng: &mut ChaCha8Rng, row: &FitRow, rows: &[FitRow]) -> FitRow {
    let foreign = std::slice::from_ref(&rows[below(rng, rows.len())].response);
    let text = corrupt(rng, &row.response, foreign);
    match &row.other {
        None => FitRow {
            response: text,
            label: false,
            ..row.clone()
        },
        Some(_) => FitRow {
            other: Some(text),
            ..row.clone()
        },
    }
}

/// Makes token ids of rows.
pub struct Reading<'a> {
    pub task: Task,
    pub method: FitName,
    pub data: &'a FitData,
    pub text: &'a Text,
    /// The principles some rows of a language model stand behind.
    pub principles: Option<&'a str>,
}

impl<'a> Reading<'a> {
    /// How an experiment reads its rows.
    pub fn new(experiment: &'a FitExperiment, text: &'a Text, principles: Option<&'a str>) -> Self {
        Self {
            task: experiment.task,
            method: experiment.method.name,
            data: &experiment.data,
            text,
            principles,
        }
    }

    /// A row as it is measured on: whole, but for what is over `max_tokens`.
    pub fn plain(&self, row: &FitRow) -> Tokens {
        let x = self.text.prompt(&prompt(self.task, &row.query, None));
        let cut = |response: &str| self.cut(x.len(), self.text.response(response));
        Tokens {
            response: cut(&row.response),
            other: row.other.as_deref().map(cut),
            label: row.label,
            prompt: x,
        }
    }

    /// A row as it is trained on: now and then a window of it, with some of its tokens left out.
    pub fn training(&self, row: &FitRow, rng: &mut ChaCha8Rng) -> Tokens {
        if self.method == FitName::LanguageModel {
            return self.imitated(row, rng);
        }
        let mut tokens = self.plain(row);
        let windowed = chance(rng, self.data.windows);
        // The query too: a few rare words at the same place in every pass are learnt by heart otherwise.
        let dropout = 2.0 * self.data.token_dropout * unit(rng);
        let mut place = 0;
        tokens.prompt.retain(|_| {
            place += 1;
            place == 1 || !chance(rng, dropout)
        });
        for response in std::iter::once(&mut tokens.response).chain(&mut tokens.other) {
            if windowed {
                *response = window(rng, response);
            }
            let dropout = 2.0 * self.data.token_dropout * unit(rng);
            let last = response.len() - 1;
            let mut place = 0;
            // The last token stays: the score is read there.
            response.retain(|_| {
                place += 1;
                place > last || !chance(rng, dropout)
            });
        }
        tokens
    }

    /// Every token is predicted, but for the principles in front of a guided row and its query.
    fn imitated(&self, row: &FitRow, rng: &mut ChaCha8Rng) -> Tokens {
        let guided = row.label && self.principles.is_some() && chance(rng, self.data.guided);
        let principles = if guided { self.principles } else { None };
        let x = self.text.prompt(&prompt(self.task, &row.query, principles));
        let y = self.cut(x.len(), self.text.response(&row.response));
        if guided {
            return Tokens {
                prompt: x,
                response: y,
                other: None,
                label: true,
            };
        }
        let mut all = x;
        let response = all.split_off(1);
        Tokens {
            prompt: all,
            response: response.into_iter().chain(y).collect(),
            other: None,
            label: row.label,
        }
    }

    /// What is left of a response beside a prompt of so many tokens; at least one token.
    fn cut(&self, prompt: usize, mut response: Vec<u32>) -> Vec<u32> {
        let room = self.data.max_tokens.saturating_sub(prompt).max(1);
        if response.len() > room {
            match self.data.keep {
                Keep::Start => response.truncate(room),
                Keep::End => drop(response.drain(..response.len() - room)),
                Keep::Both => {
                    let (start, end) = (room / 3, room - room / 3);
                    drop(response.drain(start..response.len() - end));
                }
            }
        }
        response
    }
}

/// A random piece of a response.
fn window(rng: &mut ChaCha8Rng, response: &[u32]) -> Vec<u32> {
    // As many of 12 to 24 as of 100 to 200.
    let (shortest, longest) = WINDOW;
    let length = (shortest * (longest / shortest).powf(unit(rng))).round() as usize;
    if response.len() <= length {
        return response.to_vec();
    }
    let start = below(rng, response.len() - length + 1);
    let mut piece = response[start..start + length].to_vec();
    // The end of sequence, where the score is read.
    piece.extend(response.last().filter(|_| start + length < response.len()));
    piece
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: usize) -> FitRows {
        let row = |i: usize| FitRow {
            query: format!("query {i}"),
            response: format!("response {i} with some words to it"),
            other: None,
            label: i.is_multiple_of(2),
        };
        FitRows::File {
            seed: 1,
            train: (0..n).map(row).collect(),
            validation: vec![],
            held_out: vec![],
            corrupted: 0.0,
            summary: String::new(),
        }
    }

    #[test]
    fn every_pass_has_every_row_once_in_an_order_of_its_own() {
        let rows = rows(50);
        let mut order = Order::default();
        let pass = |order: &mut Order, k: u64| -> Vec<String> {
            (k * 50..(k + 1) * 50).map(|i| rows.training(i, order).query).collect()
        };
        let (first, second) = (pass(&mut order, 0), pass(&mut order, 1));
        assert_ne!(first, second);
        let sorted = |mut x: Vec<String>| {
            x.sort();
            x
        };
        assert_eq!(sorted(first.clone()), sorted(second));
        // Going back, as a resume does, gives the same rows.
        assert_eq!(first, pass(&mut Order::default(), 0));
    }

    #[test]
    fn a_broken_row_is_not_favourable_and_a_broken_pair_loses() {
        let mut rng = stream(3, Purpose::FitRow, 0, 0);
        let train = [rows(10).some_training(10)].concat();
        let labelled = broken(&mut rng, &train[0], &train);
        assert!(!labelled.label && labelled.response != train[0].response);
        let pair = FitRow {
            other: Some("the worse one".into()),
            ..train[0].clone()
        };
        let worse = broken(&mut rng, &pair, &train);
        assert_eq!(worse.response, pair.response);
        assert_ne!(worse.other, pair.other);
    }
}
