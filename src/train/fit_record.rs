//! What a model's own training reports: plain data, as in `protocol.rs`.

use serde::{Deserialize, Serialize};

/// One update of a reward model or a language model on rows. `step` counts from 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FitRecord {
    pub step: u32,
    /// Mean over the batch: of a row's or a pair's loss, or of a token's for a language model.
    pub loss: f64,
    /// Share of the batch that the reward model got right before the update; `None` for a language model.
    pub accuracy: Option<f64>,
    pub learning_rate: f64,
    /// Global norm before clipping.
    pub grad_norm: f64,
    /// Passes through the training rows so far; `None` where the grammar writes them without end.
    pub epoch: Option<f64>,
    /// Wall-clock seconds. Not part of what determinism promises.
    pub seconds: f64,
}

/// Which rows an evaluation was made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FitSplit {
    /// The best weights are chosen by these.
    Validation,
    /// Nothing is chosen by these.
    HeldOut,
}

/// A model on rows it is not trained on, after `step` updates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitEvaluation {
    /// Updates done by the weights that were evaluated.
    pub step: u32,
    pub split: FitSplit,
    /// Rows, or pairs.
    pub rows: usize,
    /// Mean loss, as in [`FitRecord`].
    pub loss: f64,
    /// Of a reward model.
    pub quality: Option<RewardQuality>,
    /// A reward model's worst mistakes, the worst first; or what a language model writes.
    pub samples: Vec<FitSample>,
    /// On validation rows: these weights are the best so far. On held-out rows: these weights were kept, and this is
    /// the last that is said of them.
    pub best: bool,
}

/// What a reward model is worth on rows it was not trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RewardQuality {
    /// Share of pairs, or labels, that it gets right, with Wilson's 95% interval.
    pub accuracy: f64,
    pub low: f64,
    pub high: f64,
    /// Mean of s_chosen - s_rejected; for labels of the logit, its sign turned where the label is 0.
    pub margin: f64,
    pub margins: Vec<f64>,
    /// Reliability: the probability it gives to its own choices, and how often they were right.
    pub calibration: Vec<Bin>,
    /// Expected calibration error over those bins.
    pub calibration_error: f64,
    /// Pearson's, of scores and lengths (of their differences, for pairs).
    pub length_correlation: f64,
    /// Accuracy of a rule that only looks at length, learnt on the training rows.
    pub baseline: f64,
    pub baseline_rule: String,
    /// Rows on which that rule is wrong, and the model's accuracy there.
    pub against_length: usize,
    pub accuracy_against_length: f64,
    /// Set where the reward is mostly length, or no better.
    pub warning: Option<String>,
}

/// A bin of a reliability diagram.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    pub rows: usize,
    /// Mean probability given to the choice.
    pub predicted: f64,
    /// Share in which it was right.
    pub observed: f64,
}

/// A row as people read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitSample {
    /// For example "label 1", "preferred" or "greedy".
    pub label: String,
    pub query: String,
    pub response: String,
    /// The response that should have lost.
    pub other: Option<String>,
    pub score: Option<f64>,
    pub other_score: Option<f64>,
}
