//! A whole evaluation of a policy as plain data: what `ple eval` stores and `ple compare` puts in tables.

use serde::{Deserialize, Serialize};

use super::effect_record::Estimate;
use crate::config::GenerationSettings;

/// A policy on held-out queries, without the principles. Intervals are bootstrapped over queries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FullEvaluation {
    /// What was evaluated, for people: "after 40 steps (last checkpoint of imdb-001)".
    pub policy: String,
    /// Steps and supervised updates done by the policy.
    pub step: u32,
    pub sft_done: u32,
    pub queries: usize,
    pub seed: u64,
    pub generation: GenerationSettings,
    /// R(x, y).
    pub reward: Estimate,
    /// `None` where the grammar does not know every query.
    pub truth: Option<Estimate>,
    /// Tokens of a response, end of sequence included.
    pub length: Estimate,
    /// Share of responses that ended by themselves.
    pub ended: Estimate,
    /// `None` where no query has a reference.
    pub references: Option<ReferenceRecord>,
    /// Wall-clock seconds. Not part of what determinism promises.
    pub seconds: f64,
    /// Every query.
    pub rows: Vec<EvaluatedRow>,
}

/// A policy beside the references of held-out queries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferenceRecord {
    /// What they are, for people.
    pub about: String,
    /// Queries with a reference.
    pub queries: usize,
    /// References whose end was cut off, as longer than the policy or `data.max_response_tokens` has room for.
    pub cut: usize,
    /// exp of the mean negative log-likelihood of a token of the references, given the prompt.
    pub perplexity: Estimate,
    /// The mean over rows of each reference's own perplexity.
    pub perplexity_of_rows: Estimate,
    /// Corpus BLEU, from 0 to 100, of responses alone and with the prompt in front of both sides.
    pub bleu_response: Estimate,
    pub bleu_with_prompt: Estimate,
    /// sacrebleu's signature, of both.
    pub signature: String,
}

/// One held-out query of an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluatedRow {
    pub query: String,
    pub response: String,
    pub reference: Option<String>,
    pub reward: f64,
    pub truth: Option<f64>,
    /// Tokens of the response, end of sequence included.
    pub tokens: usize,
    /// It ended by itself.
    pub ended: bool,
    /// Negative log-likelihood of the reference in nats, and its tokens.
    pub reference_nll: Option<f64>,
    pub reference_tokens: usize,
}
