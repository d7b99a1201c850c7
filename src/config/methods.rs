//! The settings of the methods beside PLE, and which keys of `[method]` belong to which.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The methods this build can align a policy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MethodName {
    Ple,
    Sft,
    Dpo,
    Ppo,
    Raft,
}

impl MethodName {
    /// As papers write it.
    pub fn title(self) -> &'static str {
        match self {
            MethodName::Ple => "PLE",
            MethodName::Sft => "SFT",
            MethodName::Dpo => "DPO",
            MethodName::Ppo => "PPO",
            MethodName::Raft => "RAFT",
        }
    }

    /// As an experiment file writes it.
    pub fn word(self) -> &'static str {
        match self {
            MethodName::Ple => "ple",
            MethodName::Sft => "sft",
            MethodName::Dpo => "dpo",
            MethodName::Ppo => "ppo",
            MethodName::Raft => "raft",
        }
    }

    /// It learns from rows that are there before it starts, and samples only to be watched.
    pub fn is_offline(self) -> bool {
        matches!(self, MethodName::Sft | MethodName::Dpo)
    }
}

/// How many responses a step, or a run, learns from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Responses {
    /// Sampled from the policy.
    pub sampled: u64,
    /// Given by rows or pairs.
    pub given: u64,
}

impl Responses {
    /// Sampled and given ones together: what a comparison holds equal.
    pub fn all(self) -> u64 {
        self.sampled + self.given
    }
}

impl fmt::Display for Responses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.sampled, self.given) {
            (sampled, 0) => write!(f, "{sampled} sampled"),
            (0, given) => write!(f, "{given} given"),
            (sampled, given) => write!(f, "{sampled} sampled and {given} given"),
        }
    }
}

/// `[method.dpo]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DpoSettings {
    /// beta of Eq. 7: how much a divergence from the reference costs.
    #[serde(default = "defaults::tenth")]
    pub beta: f64,
    /// A path to pairs of a preferred and another response. Without it those of `data.queries`; the bundled grammars write
    /// their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<String>,
}

/// `[method.ppo]`. The defaults are those of TRL's PPOv2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PpoSettings {
    /// Passes over the responses of a step.
    #[serde(default = "defaults::four")]
    pub epochs: u32,
    /// beta of Ziegler et al., Eq. 2: what a nat of divergence from the reference costs.
    #[serde(default = "defaults::kl_coef")]
    pub kl_coef: f64,
    /// Steers `kl_coef` to a divergence.
    #[serde(default)]
    pub adaptive_kl: AdaptiveKl,
    /// epsilon of the policy's ratio.
    #[serde(default = "defaults::fifth")]
    pub clip: f64,
    /// How far a value may move from what it was, in units of reward.
    #[serde(default = "defaults::fifth")]
    pub value_clip: f64,
    /// Weight of the value loss.
    #[serde(default = "defaults::tenth")]
    pub value_coef: f64,
    #[serde(default = "defaults::one")]
    pub gamma: f64,
    #[serde(default = "defaults::lambda")]
    pub lambda: f64,
    /// Divide the rewards of the tokens by their deviation over the batch.
    #[serde(default)]
    pub whiten_rewards: bool,
    /// Taken from the score of a response that did not end by itself.
    #[serde(default)]
    pub missing_eos_penalty: f64,
}

/// `adaptive_kl = "none"` or `{ target = 6, horizon = 10000 }` (Ziegler et al., Eq. 4).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AdaptiveKl {
    To(KlTarget),
    Off(FixedKl),
}

/// The word `"none"`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FixedKl {
    None,
}

/// Where an adaptive coefficient leads.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KlTarget {
    /// Nats of a whole response.
    pub target: f64,
    /// Responses in which a large error changes the coefficient by a fifth.
    pub horizon: f64,
}

impl Default for AdaptiveKl {
    fn default() -> Self {
        AdaptiveKl::Off(FixedKl::None)
    }
}

/// `[method.raft]`. The defaults are the paper's RAFT-4.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaftSettings {
    /// How the responses that are kept are chosen.
    #[serde(default)]
    pub keep: RaftKeep,
    /// K: responses sampled to each query.
    #[serde(default = "defaults::samples")]
    pub samples: usize,
    /// The share that `keep = "top"` keeps.
    #[serde(default = "defaults::quarter")]
    pub share: f64,
    /// Passes over the kept responses.
    #[serde(default = "defaults::once")]
    pub epochs: u32,
}

/// Which responses of a step are learnt from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RaftKeep {
    /// The best response to each query.
    #[default]
    Local,
    /// The best of all responses of the step.
    Top,
}

impl Default for DpoSettings {
    fn default() -> Self {
        DpoSettings {
            beta: defaults::tenth(),
            pairs: None,
        }
    }
}

impl Default for PpoSettings {
    fn default() -> Self {
        PpoSettings {
            epochs: defaults::four(),
            kl_coef: defaults::kl_coef(),
            adaptive_kl: AdaptiveKl::default(),
            clip: defaults::fifth(),
            value_clip: defaults::fifth(),
            value_coef: defaults::tenth(),
            gamma: defaults::one(),
            lambda: defaults::lambda(),
            whiten_rewards: false,
            missing_eos_penalty: 0.0,
        }
    }
}

impl Default for RaftSettings {
    fn default() -> Self {
        RaftSettings {
            keep: RaftKeep::default(),
            samples: defaults::samples(),
            share: defaults::quarter(),
            epochs: defaults::once(),
        }
    }
}

mod defaults {
    pub fn tenth() -> f64 {
        0.1
    }
    pub fn fifth() -> f64 {
        0.2
    }
    pub fn quarter() -> f64 {
        0.25
    }
    pub fn one() -> f64 {
        1.0
    }
    pub fn lambda() -> f64 {
        0.95
    }
    pub fn kl_coef() -> f64 {
        0.05
    }
    pub fn once() -> u32 {
        1
    }
    pub fn four() -> u32 {
        4
    }
    pub fn samples() -> usize {
        4
    }
}
