//! The rows a model is trained on: where they come from, and in which order.

use rand_chacha::ChaCha8Rng;

use crate::data::is_held_out;
use crate::grammar::{self, Pools, Split, Task, below, chance, corrupt::corrupt, shuffle};
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

    /// The first `n` rows of a kind. `half`: of the queries not trained on, those of this half alone.
    fn first(&self, n: usize, purpose: Purpose, split: Split, half: Option<bool>) -> Vec<FitRow> {
        // Far from the rows that are trained on, which are numbered from 0.
        let place = 1 << 40;
        (0..)
            .map(|i| self.draw(&mut stream(self.seed, purpose, place, i), split))
            .filter(|row| half.is_none_or(|half| is_held_out(&row.query, 0.5, self.seed) == half))
            .take(n)
            .collect()
    }
}

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

    /// Bytes of the text that is held.
    pub fn bytes(&self) -> usize {
        let FitRows::File {
            train,
            validation,
            held_out,
            ..
        } = self
        else {
            return 0;
        };
        let of = |row: &FitRow| row.query.len() + row.response.len() + row.other.as_ref().map_or(0, String::len);
        let rows = [train, validation, held_out].into_iter().flatten();
        rows.map(|row| of(row) + size_of::<FitRow>()).sum()
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
            FitRows::Grammar(g) => g.first(n, Purpose::FitRow, Split::Test, Some(false)),
            FitRows::File { validation, .. } => validation.iter().take(n).cloned().collect(),
        }
    }

    /// At most `n` rows by which nothing is chosen.
    pub fn held_out(&self, n: usize) -> Vec<FitRow> {
        match self {
            FitRows::Grammar(g) => g.first(n, Purpose::HeldOut, Split::Test, Some(true)),
            FitRows::File { held_out, .. } => held_out.iter().take(n).cloned().collect(),
        }
    }

    /// Rows of the training split as they are, for the rule that only looks at length.
    pub fn some_training(&self, n: usize) -> Vec<FitRow> {
        match self {
            FitRows::Grammar(g) => g.first(n, Purpose::FitOrder, Split::Train, None),
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
