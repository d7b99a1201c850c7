//! The experiment file: every setting of a run, typed. See `DESIGN` in `docs/architecture.md` for the format.

use serde::{Deserialize, Serialize};

use super::reward::RewardSettings;
use crate::grammar::Task;

/// A whole experiment, as read from an experiment file and after `--set` was applied.
///
/// It is stored with the run as used, so it must serialise back to TOML without loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// One line for the screen and for lists of runs.
    pub title: String,
    /// What this experiment is and what to expect of it; shown before the first step.
    #[serde(default)]
    pub about: String,
    /// Which of the paper's tasks: decides the prompt template and the bundled assets.
    pub task: Task,
    /// Everything random in the run follows from this.
    #[serde(default)]
    pub seed: u64,
    pub policy: PolicySettings,
    pub reward: RewardSettings,
    pub data: DataSettings,
    pub principles: PrinciplesSettings,
    pub sft: SftSettings,
    pub method: MethodSettings,
    pub generation: GenerationSettings,
    pub eval: EvalSettings,
    #[serde(default)]
    pub checkpoint: CheckpointSettings,
}

/// `[policy]`: the model that is aligned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySettings {
    /// `builtin:NAME`, or a folder in Hugging Face format.
    pub model: String,
    /// A low-rank adapter, or `"none"` to train every weight.
    #[serde(default)]
    pub lora: Lora,
    /// How it is asked: by the chat template of its folder, or in the plain words of the task.
    #[serde(default)]
    pub template: Template,
}

/// How a policy is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Template {
    /// As a conversation where the model has a chat template, plainly where it has none.
    #[default]
    Auto,
    /// As a conversation by the model's chat template.
    Chat,
    /// The task's own words, as a base model is asked.
    Plain,
}

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
}

/// Which layers carry an adapter, in PEFT's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum LoraTargets {
    /// Every linear layer but the output embedding.
    #[default]
    #[serde(rename = "all-linear")]
    AllLinear,
}

impl Default for Lora {
    /// The paper's adapter: r = 8, alpha = 16, all linear layers.
    fn default() -> Self {
        Lora::Adapter(LoraAdapter {
            rank: 8,
            alpha: 16.0,
            targets: LoraTargets::AllLinear,
        })
    }
}

/// `[data]`: where the queries come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSettings {
    /// `builtin:hh|imdb|tldr`, or a path to a data file or a folder of them; see `docs/data.md`.
    pub queries: String,
    /// A path to queries that are evaluated on and never trained on; without it, a share of `queries` is held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// The share of all queries that is held out, by the query's words and the seed.
    #[serde(default = "defaults::held_out")]
    pub held_out: f64,
    /// The least and the most words of a review that are the query (IMDb); how many is drawn for each review.
    #[serde(default = "defaults::prefix_words")]
    pub prefix_words: [usize; 2],
    /// Longer responses are cut where they are learnt from, after the last whole sentence that fits.
    #[serde(default = "defaults::max_response_tokens")]
    pub max_response_tokens: usize,
    /// Queries of more tokens are left out and counted, as in the paper.
    #[serde(default = "defaults::max_query_tokens")]
    pub max_query_tokens: usize,
}

/// `[principles]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrinciplesSettings {
    pub file: String,
}

/// `[sft]`: the supervised stage before the method (Eq. 1). `steps = 0` skips it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SftSettings {
    pub steps: u32,
    pub learning_rate: f64,
    /// Rows of one update.
    #[serde(default = "defaults::batch")]
    pub batch: usize,
}

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
    /// Pairs of one optimizer update.
    #[serde(default = "defaults::batch")]
    pub minibatch: usize,
    /// Clip the global norm of the gradient to this; 0 does not clip.
    #[serde(default)]
    pub max_grad_norm: f64,
    #[serde(default)]
    pub weight_decay: f64,
}

/// The methods this build can train.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MethodName {
    Ple,
    Sft,
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

/// `[generation]`: how responses are sampled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerationSettings {
    pub max_new_tokens: usize,
    #[serde(default = "defaults::one")]
    pub temperature: f64,
    #[serde(default = "defaults::one")]
    pub top_p: f64,
}

/// `[eval]`: held-out queries and the case study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvalSettings {
    /// Evaluate before the first step and after every so many; 0 never.
    pub every: u32,
    /// Held-out queries of one evaluation.
    pub queries: usize,
    /// The case study: `builtin:TASK` (a dozen queries of the bundled grammar), `builtin:TASK-full`, or a path to TOML or
    /// JSON lines. Without it the bundled dozen for bundled queries, and the full set for queries from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cases: Option<String>,
}

/// `[checkpoint]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointSettings {
    /// Save after every so many steps (and at the end, and when asked); 0 only then.
    pub every: u32,
}

impl Default for CheckpointSettings {
    fn default() -> Self {
        Self { every: 10 }
    }
}

mod defaults {
    pub fn max_query_tokens() -> usize {
        256
    }
    pub fn max_response_tokens() -> usize {
        256
    }
    pub fn held_out() -> f64 {
        0.1
    }
    pub fn prefix_words() -> [usize; 2] {
        [2, 8]
    }
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
}
