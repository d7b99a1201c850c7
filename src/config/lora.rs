//! The low-rank adapter of a policy, in PEFT's words.

use serde::{Deserialize, Serialize};

/// `lora = { rank = 8, alpha = 16, targets = "all-linear" }` or `lora = "none"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Lora {
    Adapter(LoraAdapter),
    Off(NoLora),
}

/// The word `"none"`: full fine-tuning.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoLora {
    None,
}

/// Shape of a low-rank adapter: each targeted weight becomes `W + alpha / rank * B A`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoraAdapter {
    pub rank: usize,
    pub alpha: f64,
    #[serde(default)]
    pub targets: LoraTargets,
    /// The share of the numbers that go into A that is left out in an update, drawn anew each time.
    #[serde(default)]
    pub dropout: f64,
    /// Scale by alpha / sqrt(rank) instead of alpha / rank (Kalajdzievski 2023).
    #[serde(default)]
    pub rslora: bool,
}

impl LoraAdapter {
    /// What the side branch is multiplied with.
    pub fn scale(&self) -> f64 {
        let rank = self.rank as f64;
        self.alpha / if self.rslora { rank.sqrt() } else { rank }
    }
}

impl Default for LoraAdapter {
    /// The paper's adapter: r = 8, alpha = 16, all linear layers.
    fn default() -> Self {
        Self {
            rank: 8,
            alpha: 16.0,
            targets: LoraTargets::default(),
            dropout: 0.0,
            rslora: false,
        }
    }
}

/// Which layers carry an adapter, in PEFT's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LoraTargets {
    Kind(TargetKind),
    /// Those whose name is one of these, or ends with a dot and one of these.
    Names(Vec<String>),
}

/// The word `"all-linear"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TargetKind {
    /// Every linear layer but the output embedding.
    #[serde(rename = "all-linear")]
    AllLinear,
}

impl Default for LoraTargets {
    fn default() -> Self {
        LoraTargets::Kind(TargetKind::AllLinear)
    }
}

impl Default for Lora {
    fn default() -> Self {
        Lora::Adapter(LoraAdapter::default())
    }
}
