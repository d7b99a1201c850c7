//! `[method]`: PLE's settings and those that all methods share; the tables of the other methods are in `methods.rs`.

use serde::{Deserialize, Serialize};

use super::methods::{DpoSettings, MethodName, PpoSettings, RaftSettings, Responses};
use super::stabilise::{Schedule, StabiliseSettings};

/// `[method]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodSettings {
    pub name: MethodName,
    pub steps: u32,
    pub queries_per_step: usize,
    pub learning_rate: f64,
    /// tau_0 of Eq. 7.
    #[serde(default = "defaults::tau0")]
    pub tau0: f64,
    /// The paper's alpha of Eq. 7: tau_t = tau_(t-1) * decay.
    #[serde(default = "defaults::decay")]
    pub decay: f64,
    /// Whether tau falls by `decay` alone, or only as far as the pure level set allows.
    #[serde(default)]
    pub schedule: Schedule,
    /// The share of pairs above the boundary of the pure level set that must agree; the theory's is 1.
    #[serde(default = "defaults::one")]
    pub purity: f64,
    /// Which members of D_train a step updates on.
    #[serde(default)]
    pub replay: Replay,
    /// Eq. 4's sum over tokens as printed, or the mean over tokens.
    #[serde(default)]
    pub eq4: Eq4,
    /// How the pairs of a minibatch are put together: the paper's sum, or the mean.
    #[serde(default)]
    pub reduction: Reduction,
    /// Use L_rank, Eq. 3 (off: the paper's Table 4).
    #[serde(default = "defaults::yes")]
    pub rank: bool,
    /// Use L_wsft, Eq. 4 (off: the paper's Table 5).
    #[serde(default = "defaults::yes")]
    pub weighted_sft: bool,
    /// Variants that keep replay from diverging; none is PLE as printed.
    #[serde(default, skip_serializing_if = "StabiliseSettings::is_off")]
    pub stabilise: StabiliseSettings,
    /// Pairs of one optimizer update.
    #[serde(default = "defaults::batch")]
    pub minibatch: usize,
    /// Each of the two threads goes through its half of an update's pairs (or rows) so many at a time, and adds the
    /// gradients up: less memory. Without it, the half at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_batch: Option<usize>,
    /// Clip the global norm of the gradient to this; 0 does not clip.
    #[serde(default)]
    pub max_grad_norm: f64,
    #[serde(default)]
    pub weight_decay: f64,
    /// Where settings that the file leaves out came from; see `docs/methods.md`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Look at the divergence from the reference, entropy and repetition after every so many steps; 0 never.
    #[serde(default = "defaults::every")]
    pub diagnostics: u32,
    /// Each only for its own method; once an experiment is read, that of its method is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpo: Option<DpoSettings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ppo: Option<PpoSettings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raft: Option<RaftSettings>,
}

impl MethodSettings {
    /// The keys that only PLE has.
    pub const PLE_KEYS: [&'static str; 10] = [
        "tau0",
        "decay",
        "schedule",
        "purity",
        "replay",
        "eq4",
        "reduction",
        "rank",
        "weighted_sft",
        "stabilise",
    ];

    /// `[method.dpo]`, or its defaults.
    pub fn dpo(&self) -> DpoSettings {
        self.dpo.clone().unwrap_or_default()
    }

    /// `[method.ppo]`, or its defaults.
    pub fn ppo(&self) -> PpoSettings {
        self.ppo.clone().unwrap_or_default()
    }

    /// `[method.raft]`, or its defaults.
    pub fn raft(&self) -> RaftSettings {
        self.raft.clone().unwrap_or_default()
    }

    /// What a step learns from: of PLE y and y' of each query, of RAFT all K to each, of DPO both sides of each pair. Answers
    /// that are only looked at (held-out queries, what SFT and DPO are watched by) are not counted.
    pub fn responses_per_step(&self) -> Responses {
        let queries = self.queries_per_step as u64;
        let (sampled, given) = match self.name {
            MethodName::Ple => (2 * queries, 0),
            MethodName::Ppo => (queries, 0),
            MethodName::Raft => (queries * self.raft().samples as u64, 0),
            MethodName::Sft => (0, queries),
            MethodName::Dpo => (0, 2 * queries),
        };
        Responses { sampled, given }
    }

    /// Spells out the defaults of the method's own table, so that they are stored.
    pub(super) fn spell_out(&mut self) {
        match self.name {
            MethodName::Dpo => self.dpo = Some(self.dpo()),
            MethodName::Ppo => self.ppo = Some(self.ppo()),
            MethodName::Raft => self.raft = Some(self.raft()),
            MethodName::Ple | MethodName::Sft => {}
        }
    }
}

/// Which members of D_train a step updates on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Replay {
    /// Every pair ever sampled: Algorithm 1 as printed.
    #[default]
    All,
    /// Only the pairs of this step.
    Latest,
    /// The pairs of the last `n` steps: `{ window = n }`.
    Window(u32),
}

/// How Eq. 4 treats the tokens of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Eq4 {
    /// As printed: long responses weigh more.
    #[default]
    Sum,
    /// Length-normalised, as Eq. 3 is.
    Mean,
}

/// How the pairs of a minibatch are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reduction {
    /// As printed in Eqs. 3 and 4.
    #[default]
    Sum,
    Mean,
}

mod defaults {
    pub fn batch() -> usize {
        24
    }
    pub fn tau0() -> f64 {
        0.2
    }
    pub fn decay() -> f64 {
        0.9
    }
    pub fn one() -> f64 {
        1.0
    }
    pub fn yes() -> bool {
        true
    }
    pub fn every() -> u32 {
        1
    }
}
