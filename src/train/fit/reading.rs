//! From rows as text to rows as token ids, and what is done to them on the way.

use rand_chacha::ChaCha8Rng;

use super::rows::FitRow;
use crate::config::{FitData, FitExperiment, FitName, Keep};
use crate::grammar::{below, chance, unit};
use crate::prompt::Prompter;

/// A row as token ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Tokens {
    pub prompt: Vec<u32>,
    /// With the end of sequence, unless that was cut off.
    pub response: Vec<u32>,
    pub other: Option<Vec<u32>>,
    pub label: bool,
}

/// Shortest and longest window of a response, in tokens.
const WINDOW: (f64, f64) = (12.0, 200.0);

/// Makes token ids of rows.
pub struct Reading<'a> {
    pub method: FitName,
    pub data: &'a FitData,
    pub prompter: &'a Prompter,
    /// The principles some rows of a language model stand behind.
    pub principles: Option<&'a str>,
}

impl<'a> Reading<'a> {
    /// How an experiment reads its rows.
    pub fn new(experiment: &'a FitExperiment, prompter: &'a Prompter, principles: Option<&'a str>) -> Self {
        Self {
            method: experiment.method.name,
            data: &experiment.data,
            prompter,
            principles,
        }
    }

    /// A row as it is measured on: whole, but for what is over `max_tokens`.
    pub fn plain(&self, row: &FitRow) -> Tokens {
        // A reward model is trained on what it will be given.
        let read = |response: &str| match self.method.is_reward() {
            true => self.prompter.conversation(&row.query, response, true),
            false => (self.prompter.prompt(&row.query, None), self.prompter.response(response)),
        };
        let (mut x, mut y) = read(&row.response);
        let mut other = row.other.as_deref().map(read);
        if let Some((other_x, other_y)) = &mut other {
            // Both responses stand behind one prompt: what their two have in common.
            let shared = x.iter().zip(&*other_x).take_while(|(a, b)| a == b).count();
            for (x, y) in [(&mut x, &mut y), (other_x, other_y)] {
                y.splice(0..0, x.drain(shared..));
            }
        }
        Tokens {
            response: self.cut(x.len(), y),
            other: other.map(|(_, y)| self.cut(x.len(), y)),
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
        let x = self.prompter.prompt(&row.query, principles);
        let y = self.cut(x.len(), self.prompter.response(&row.response));
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
