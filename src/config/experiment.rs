//! The experiment file: every setting of a run, typed. See `DESIGN` in `docs/architecture.md` for the format.

use serde::{Deserialize, Serialize};

use super::methods::{DpoSettings, MethodName, PpoSettings, RaftSettings, Responses};
use super::reward::RewardSettings;
use super::stabilise::{Schedule, StabiliseSettings};
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

/// `[[schedule]]`: what is done before a step, as if by hand; see `docs/workbench.md`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleEntry {
    /// The first step it acts on, counted from 0.
    pub step: u32,
    /// Use the principles of another file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principles: Option<String>,
    /// Switch a principle on, or off, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch_on: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch_off: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tau: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decay: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Write a checkpoint before the step.
    #[serde(default)]
    pub checkpoint: bool,
    /// Wait before the step until somebody lets the run go on.
    #[serde(default)]
    pub pause: bool,
}

impl ScheduleEntry {
    /// What it does, in a few words: "concise on, tau 0.1".
    pub fn words(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.principles.as_ref().map(|file| format!("principles {file}")));
        parts.extend(self.switch_on.as_ref().map(|name| format!("{name} on")));
        parts.extend(self.switch_off.as_ref().map(|name| format!("{name} off")));
        parts.extend(self.tau.map(|x| format!("tau {x}")));
        parts.extend(self.decay.map(|x| format!("decay {x}")));
        parts.extend(self.learning_rate.map(|x| format!("learning rate {x}")));
        parts.extend(self.checkpoint.then(|| "checkpoint".to_string()));
        parts.extend(self.pause.then(|| "pause".to_string()));
        parts.join(", ")
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
    pub fn every() -> u32 {
        1
    }
}
