//! The experiment file: every setting of a run, typed. See `DESIGN` in `docs/architecture.md` for the format.

use serde::{Deserialize, Serialize};

use super::lora::Lora;
use super::method::MethodSettings;
use super::reward::RewardSettings;
use super::schedule::ScheduleEntry;
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
    /// What is done at certain steps, as if by hand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<ScheduleEntry>,
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
    /// A folder with an adapter that PEFT or `ple export` wrote: training starts from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// What frozen weights are kept as.
    #[serde(default)]
    pub dtype: Precision,
    /// Compute activations again on the way back instead of keeping them: less memory, one more forward pass.
    #[serde(default)]
    pub checkpointing: bool,
}

/// What weights are kept as. Everything is computed in f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    #[default]
    F32,
    #[value(name = "bf16")]
    BF16,
    F16,
    /// As they are stored.
    Auto,
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

/// `[generation]`: how responses are sampled.
///
/// What is cut off acts in the order of `transformers`: penalty, temperature, top-k, top-p, min-p.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerationSettings {
    pub max_new_tokens: usize,
    /// Logits are divided by it; 0 takes the most probable token.
    #[serde(default = "defaults::one")]
    pub temperature: f64,
    /// Only the most probable tokens that together have this mass.
    #[serde(default = "defaults::one")]
    pub top_p: f64,
    /// Only so many of the most probable tokens; 0 for all.
    #[serde(default)]
    pub top_k: usize,
    /// Only tokens at least so many times as probable as the most probable one.
    #[serde(default)]
    pub min_p: f64,
    /// Above 1, tokens of the prompt and of the response so far become less probable.
    #[serde(default = "defaults::one")]
    pub repetition_penalty: f64,
    /// Responses that are written at a time, prompts of like length together; 0 for all of a step's.
    #[serde(default)]
    pub batch: usize,
}

impl Default for GenerationSettings {
    /// Sampling from the model as it is, up to 32 tokens.
    fn default() -> Self {
        Self {
            max_new_tokens: 32,
            temperature: 1.0,
            top_p: 1.0,
            top_k: 0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            batch: 0,
        }
    }
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
    pub fn one() -> f64 {
        1.0
    }
}
