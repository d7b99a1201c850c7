//! How the model does on rows it is not trained on.

use rayon::join;

use super::WRITTEN_TOKENS;
use super::objective::row_loss;
use super::reading::{Reading, Tokens};
use super::rows::FitRow;
use crate::config::{FitName, GenerationSettings};
use crate::evaluate::quality::{Judged, LengthRule, quality};
use crate::method::logprob::log_probs;
use crate::model::Model;
use crate::numbers::value;
use crate::random::{Purpose, stream};
use crate::reward::scores;
use crate::sample::sample;
use crate::train::{FitEvaluation, FitSample, FitSplit};

/// Mistakes that are shown.
const MISTAKES: usize = 24;
/// Queries that a language model goes on with, each with and without the principles.
const WRITTEN: usize = 6;

/// Rows to measure on, and how they are read.
pub struct Measure<'a> {
    pub reading: Reading<'a>,
    /// Learnt on training rows; of a reward model.
    pub rule: Option<&'a LengthRule>,
    pub seed: u64,
}

/// What length alone says, learnt on training rows.
pub fn length_rule(reading: &Reading, rows: &[FitRow]) -> LengthRule {
    let tokens: Vec<Tokens> = rows.iter().map(|r| reading.plain(r)).collect();
    let zeros = vec![0.0; rows.len()];
    let judged = judge(reading.method, &tokens, &zeros, &zeros);
    LengthRule::learn(&judged, reading.method == FitName::BradleyTerry)
}

impl Measure<'_> {
    /// A model after `step` updates on `rows`.
    pub fn evaluate(&self, model: &Model, rows: &[FitRow], step: u32, split: FitSplit) -> FitEvaluation {
        let tokens: Vec<Tokens> = rows.iter().map(|r| self.reading.plain(r)).collect();
        let blank = FitEvaluation {
            step,
            split,
            rows: rows.len(),
            loss: 0.0,
            quality: None,
            samples: vec![],
            best: false,
        };
        let Some(rule) = self.rule else {
            return FitEvaluation {
                loss: token_loss(model, &tokens),
                samples: self.written(model, rows),
                ..blank
            };
        };
        let first: Vec<(&[u32], &[u32])> = tokens.iter().map(|r| (&r.prompt[..], &r.response[..])).collect();
        let second: Vec<(&[u32], &[u32])> = tokens
            .iter()
            .filter_map(|r| Some((&r.prompt[..], r.other.as_deref()?)))
            .collect();
        let s = scores(model, &first);
        let s_other = scores(model, &second);
        let judged = judge(self.reading.method, &tokens, &s, &s_other);
        FitEvaluation {
            loss: judged.iter().map(|j| row_loss(j.margin)).sum::<f64>() / judged.len().max(1) as f64,
            samples: mistakes(rows, &judged, &s, &s_other),
            quality: Some(quality(&judged, rule)),
            ..blank
        }
    }

    /// What a language model writes, sampled as a run would.
    fn written(&self, model: &Model, rows: &[FitRow]) -> Vec<FitSample> {
        let settings = GenerationSettings {
            max_new_tokens: WRITTEN_TOKENS,
            top_p: 0.95,
            ..GenerationSettings::default()
        };
        let queries: Vec<&str> = rows.iter().take(WRITTEN).map(|r| &r.query[..]).collect();
        let sides = [None, self.reading.principles];
        let side = |principles: Option<&str>| {
            let prompter = self.reading.prompter;
            let prompts: Vec<Vec<u32>> = queries.iter().map(|q| prompter.prompt(q, principles)).collect();
            let rngs = (0..queries.len() as u64)
                .map(|i| stream(self.seed, Purpose::FitSample, 0, i))
                .collect();
            sample(model, &prompts, &settings, prompter.stops(), rngs, &mut |_, _| {})
        };
        let mut written = Vec::new();
        for (i, principles) in sides.into_iter().enumerate().filter(|(i, p)| *i == 0 || p.is_some()) {
            for (query, completion) in queries.iter().zip(side(principles)) {
                written.push(FitSample {
                    label: ["written", "written behind the principles"][i].into(),
                    query: query.to_string(),
                    response: self.reading.prompter.decode(&completion.ids),
                    other: None,
                    score: None,
                    other_score: None,
                });
            }
        }
        written
    }
}

/// Margins, lengths and labels of scored rows.
fn judge(method: FitName, rows: &[Tokens], s: &[f64], s_other: &[f64]) -> Vec<Judged> {
    rows.iter()
        .enumerate()
        .map(|(i, row)| {
            let length = row.response.len() as f64;
            if method == FitName::BradleyTerry {
                let margin = s[i] - s_other[i];
                let other = row.other.as_ref().map_or(0, Vec::len) as f64;
                return Judged {
                    margin,
                    length: length - other,
                    score: margin,
                    label: true,
                };
            }
            Judged {
                margin: if row.label { s[i] } else { -s[i] },
                length,
                score: s[i],
                label: row.label,
            }
        })
        .collect()
}

/// The rows the model is most wrong about, the worst first.
fn mistakes(rows: &[FitRow], judged: &[Judged], s: &[f64], s_other: &[f64]) -> Vec<FitSample> {
    let mut wrong: Vec<usize> = (0..rows.len()).filter(|&i| judged[i].margin <= 0.0).collect();
    wrong.sort_by(|&a, &b| judged[a].margin.total_cmp(&judged[b].margin));
    let sample = |i: usize| FitSample {
        label: match (&rows[i].other, rows[i].label) {
            (Some(_), _) => "preferred, scored lower".into(),
            (None, true) => "label 1, scored negative".into(),
            (None, false) => "label 0, scored positive".into(),
        },
        query: rows[i].query.clone(),
        response: rows[i].response.clone(),
        other: rows[i].other.clone(),
        score: Some(s[i]),
        other_score: s_other.get(i).copied(),
    };
    wrong.into_iter().take(MISTAKES).map(sample).collect()
}

/// Mean negative log-likelihood of a response token, two threads at a time.
fn token_loss(model: &Model, rows: &[Tokens]) -> f64 {
    let one = |rows: &[Tokens]| -> f64 {
        rows.chunks(16)
            .map(|batch| {
                let batch: Vec<(&[u32], &[u32])> = batch.iter().map(|r| (&r.prompt[..], &r.response[..])).collect();
                -value(log_probs(model, &batch).sum.sum())
            })
            .sum()
    };
    let (a, b) = rows.split_at(rows.len() / 2);
    let (a, b) = join(|| one(a), || one(b));
    let tokens: usize = rows.iter().map(|r| r.response.len()).sum();
    (a + b) / tokens.max(1) as f64
}
