//! How much memory a run will need, before it starts.
//!
//! Counted, not measured: the weights, what the optimizer keeps, and the largest of what an update, the sampling and the
//! scoring of a step hold at once (`counts.rs`). An update holds what the automatic differentiation keeps of every layer for
//! the way back.

mod counts;
mod say;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use say::{readable, sentence};

use crate::config::{Experiment, FitExperiment, FitName, KeepWeights, Lora, LoraTargets, MethodName, Precision};
use crate::model::ModelConfig;

const F32: f64 = 4.0;
/// A run of next to nothing: the program, its threads and their heaps, its store.
const PROGRAM: f64 = 80e6;
/// Bytes of a token in a tokenizer's tables.
const TOKEN: f64 = 350.0;
/// An allocator that keeps freed memory for the next step has some of it in pieces of the wrong size.
const PIECES: f64 = 1.05;
/// Two threads take half of a batch each.
const THREADS: f64 = 2.0;

/// What of a run decides how much memory it needs.
#[derive(Clone, Debug)]
pub struct Demand {
    pub policy: ModelConfig,
    /// Bytes of a frozen weight.
    pub policy_bytes: f64,
    /// A reward model, and bytes of one of its weights.
    pub reward: Option<(ModelConfig, f64)>,
    /// Rows that one thread scores at once.
    pub reward_batch: usize,
    /// Numbers of the adapters; `None` trains every weight.
    pub adapters: Option<usize>,
    pub dropout: bool,
    pub checkpointing: bool,
    /// Pairs of an update, and how many of them a thread goes through at once.
    pub minibatch: usize,
    pub micro_batch: Option<usize>,
    /// Its updates can be cut in pieces by a setting.
    pub in_pieces: bool,
    /// Bytes held all the time beside weights and moments.
    pub beside: f64,
    /// Rows of a supervised update; 0 without that stage.
    pub sft_batch: usize,
    /// What the method's updates go through.
    pub learnt: Learnt,
    /// Responses that each of two threads samples at once in a step; of PLE the second has the principles in its prompts.
    pub sampled: usize,
    pub guided: bool,
    /// Held-out queries that are answered at once, without principles by one thread and with them by the other.
    pub evaluated: usize,
    /// Responses of a step whose every token is looked at, of policy or reference.
    pub looked_at: usize,
    pub tokens: Lengths,
}

/// The rows of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learnt {
    /// Responses of an item of a minibatch.
    pub rows: usize,
    /// Tokens of the longest response, and of one in the mean.
    pub response: usize,
    pub mean: usize,
    /// Tokens of the longest row, prompt and response.
    pub row: usize,
    /// The loss wants more of the logits than the target's: entropy and the most probable token.
    pub whole_logits: bool,
}

/// The longest of each, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    pub prompt: usize,
    pub guided_prompt: usize,
    /// Of what is sampled.
    pub response: usize,
    /// Of the responses in the data, where some are learnt from; and their mean.
    pub example: usize,
    pub mean_example: usize,
    /// The longest of those with its query.
    pub whole_example: usize,
}

/// Bytes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The most that is held at any time.
    pub peak: u64,
    /// Weights of the policy, its adapter, and the reward model; their tokenizers.
    pub weights: u64,
    /// Moments of the optimizer and gradients.
    pub optimizer: u64,
    /// What an update keeps for the way back.
    pub update: u64,
    /// Keys and values, and what a token step holds.
    pub sampling: u64,
    pub scoring: u64,
    /// What is held while every token of responses is looked at, without gradients.
    pub looking: u64,
}

impl Demand {
    /// What an experiment asks for. `policy_bytes` and the reward model's are those of a stored weight, for dtype "auto".
    pub fn of(
        experiment: &Experiment,
        (policy, stored): (&ModelConfig, f64),
        reward: Option<(&ModelConfig, f64)>,
        tokens: Lengths,
    ) -> Self {
        let (adapters, dropout) = match &experiment.policy.lora {
            Lora::Adapter(lora) => {
                let adapted = |module: &str| match &lora.targets {
                    LoraTargets::Kind(_) => true,
                    // Of a whole path only what is within the layer can be compared here.
                    LoraTargets::Names(names) => names
                        .iter()
                        .any(|name| module.ends_with(&name[..]) || name.ends_with(module)),
                };
                (Some(policy.size().adapters(lora.rank, &adapted)), lora.dropout > 0.0)
            }
            Lora::Off(_) => (None, false),
        };
        let method = &experiment.method;
        let learnt = |rows, (response, mean, row)| Learnt {
            rows,
            response,
            mean,
            row,
            whole_logits: false,
        };
        let sampled = (tokens.response, tokens.response, tokens.prompt + tokens.response);
        let read = (tokens.example, tokens.mean_example, tokens.whole_example);
        let at_once = |rows: usize| match experiment.generation.batch {
            0 => rows,
            most => rows.min(most),
        };
        Self {
            policy: policy.clone(),
            policy_bytes: bytes(experiment.policy.dtype, stored),
            reward: reward.map(|(config, stored)| (config.clone(), bytes(experiment.reward.dtype, stored))),
            reward_batch: experiment.reward.batch,
            adapters,
            dropout,
            checkpointing: experiment.policy.checkpointing,
            minibatch: method.minibatch,
            micro_batch: method.micro_batch,
            in_pieces: true,
            beside: 0.0,
            sft_batch: if experiment.sft.steps > 0 {
                experiment.sft.batch
            } else {
                0
            },
            learnt: match method.name {
                // An anchor has a row of the data beside every pair.
                MethodName::Ple => learnt(2 + usize::from(method.stabilise.sft.is_some()), sampled),
                MethodName::Dpo => learnt(2, read),
                MethodName::Sft => learnt(1, read),
                MethodName::Raft => learnt(1, sampled),
                MethodName::Ppo => Learnt {
                    whole_logits: true,
                    ..learnt(1, sampled)
                },
            },
            sampled: at_once(match method.name {
                MethodName::Ple => method.queries_per_step,
                MethodName::Raft => (method.queries_per_step * method.raft().samples).div_ceil(2),
                _ => method.queries_per_step.div_ceil(2),
            }),
            guided: method.name == MethodName::Ple,
            evaluated: if experiment.eval.every > 0 {
                at_once(experiment.eval.queries)
            } else {
                0
            },
            looked_at: match method.name {
                MethodName::Ppo => method.queries_per_step,
                MethodName::Dpo => 2 * method.queries_per_step,
                MethodName::Ple if method.stabilise.needs_ratio() || method.stabilise.kl.is_some() => {
                    2 * method.queries_per_step
                }
                _ if method.diagnostics > 0 => super::loops::WATCHED.min(method.queries_per_step),
                _ => 0,
            },
            tokens,
        }
    }

    /// What the training of a model on rows asks for, the longest of which has `row` tokens; `text` are the bytes of all rows.
    pub fn of_fit(experiment: &FitExperiment, model: &ModelConfig, row: usize, text: usize) -> Self {
        let method = &experiment.method;
        let size = model.size();
        let copies = usize::from(method.average > 0.0) + usize::from(experiment.eval.keep == KeepWeights::Best);
        // A mask of the embeddings, and what it makes of them for each thread.
        let masked = if method.embedding_dropout > 0.0 {
            3 * size.table
        } else {
            0
        };
        let (rows, predicted) = match method.name {
            FitName::Classifier => (1, 0),
            FitName::BradleyTerry => (2, 0),
            FitName::LanguageModel => (1, row),
        };
        Self {
            policy: model.clone(),
            policy_bytes: F32,
            reward: None,
            reward_batch: 0,
            adapters: None,
            dropout: false,
            checkpointing: false,
            minibatch: method.batch,
            micro_batch: None,
            in_pieces: false,
            beside: (copies * size.all() + masked) as f64 * F32 + text as f64,
            sft_batch: 0,
            learnt: Learnt {
                rows,
                response: predicted,
                mean: predicted,
                row,
                whole_logits: false,
            },
            sampled: 0,
            guided: false,
            evaluated: 0,
            looked_at: 0,
            tokens: Lengths {
                prompt: row,
                guided_prompt: row,
                response: 0,
                example: 0,
                mean_example: 0,
                whole_example: row,
            },
        }
    }

    /// How much is needed.
    pub fn estimate(&self) -> Estimate {
        let size = self.policy.size();
        let linears = (size.layers * size.linears_of_a_layer()) as f64;
        let tables = size.tables as f64;
        let vectors = size.vectors as f64;
        let adapters = self.adapters.unwrap_or(0) as f64;
        let trained = self.adapters.map_or(size.all() as f64, |n| n as f64);
        let tokenizer = self.policy.vocab_size as f64 * TOKEN;
        let mut weights = (linears + tables) * self.policy_bytes + (vectors + adapters) * F32 + tokenizer;
        if let Some((config, bytes)) = &self.reward {
            let size = config.size();
            weights += size.all() as f64 * bytes + config.vocab_size as f64 * TOKEN;
        }
        // Two moments of every trained number, after the first update.
        let moments = 2.0 * trained * F32;
        let update = self.update(trained);
        let sampling = self.sampling();
        let scoring = self.scoring();
        let looking = self.looking();
        let held = update.max(sampling).max(scoring).max(looking);
        let gradients = THREADS * trained * F32;
        Estimate {
            peak: (PROGRAM + PIECES * (weights + moments + held) + self.beside) as u64,
            weights: weights as u64,
            optimizer: (moments + gradients) as u64,
            update: update as u64,
            sampling: sampling as u64,
            scoring: scoring as u64,
            looking: looking as u64,
        }
    }
}

/// Bytes of a weight that is kept as `precision`, if a stored one has `stored`.
fn bytes(precision: Precision, stored: f64) -> f64 {
    match precision {
        Precision::F32 => F32,
        Precision::F16 | Precision::BF16 => 2.0,
        Precision::Auto => stored,
    }
}
