//! The experiment file of a model's own training: a reward model, or a language model from scratch.

use serde::{Deserialize, Serialize};

use super::experiment::{CheckpointSettings, Experiment, Template};
use crate::grammar::Task;

/// What a run trains: a policy by its principles, or a model on rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Plan {
    /// SFT and PLE: the experiment files of `method.name = "ple" | "sft"`.
    Align(Box<Experiment>),
    /// `method.name = "classifier" | "bradley-terry" | "language-model"`.
    Fit(Box<FitExperiment>),
}

impl Plan {
    /// One line for the screen and for lists of runs.
    pub fn title(&self) -> &str {
        match self {
            Plan::Align(e) => &e.title,
            Plan::Fit(e) => &e.title,
        }
    }

    /// What to expect of it.
    pub fn about(&self) -> &str {
        match self {
            Plan::Align(e) => &e.about,
            Plan::Fit(e) => &e.about,
        }
    }

    /// Which of the paper's tasks.
    pub fn task(&self) -> Task {
        match self {
            Plan::Align(e) => e.task,
            Plan::Fit(e) => e.task,
        }
    }

    /// The experiment, if a policy is aligned.
    pub fn align(&self) -> Option<&Experiment> {
        match self {
            Plan::Align(e) => Some(e),
            Plan::Fit(_) => None,
        }
    }

    /// The same, to be changed.
    pub fn align_mut(&mut self) -> Option<&mut Experiment> {
        match self {
            Plan::Align(e) => Some(e),
            Plan::Fit(_) => None,
        }
    }

    /// The experiment, if a model is trained on rows.
    pub fn fit(&self) -> Option<&FitExperiment> {
        match self {
            Plan::Align(_) => None,
            Plan::Fit(e) => Some(e),
        }
    }
}

/// Training of one model on rows of text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitExperiment {
    /// One line for the screen and for lists of runs.
    pub title: String,
    /// What this experiment is and what to expect of it.
    #[serde(default)]
    pub about: String,
    /// Decides the prompt template, and how rows are read.
    pub task: Task,
    /// Everything random in the run follows from this.
    #[serde(default)]
    pub seed: u64,
    pub model: FitModel,
    pub data: FitData,
    pub method: FitMethod,
    pub eval: FitEval,
    #[serde(default)]
    pub checkpoint: CheckpointSettings,
}

/// `[model]`: where training starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitModel {
    /// `"new"`: random weights and a tokenizer learnt from the training rows. Or `builtin:NAME`, or a folder: its body
    /// and its tokenizer, with a fresh score head for a reward model.
    pub start: String,
    /// ModelShape of a new model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<ModelShape>,
    /// How rows are written for it: by the chat template of its folder, or in the plain words of the task.
    #[serde(default)]
    pub template: Template,
}

/// `[model.shape]`: a new model of the Llama architecture, with tied embeddings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelShape {
    /// Tokens of the byte-level BPE that is learnt from the training rows; text is lower-cased.
    pub vocabulary: usize,
    pub hidden: usize,
    pub intermediate: usize,
    pub layers: usize,
    pub heads: usize,
    /// The norms' epsilon. A large one lets the norm of an embedding say how much its token matters.
    #[serde(default = "defaults::norm_eps")]
    pub norm_eps: f64,
    /// Deviation of the first embeddings.
    #[serde(default = "defaults::deviation")]
    pub deviation: f64,
}

/// `[data]`: the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitData {
    /// `builtin:hh|imdb|tldr`, written by the grammar, or a path.
    pub rows: String,
    /// A path to rows that are measured on at the end and never trained on; without it, a share of `rows` is held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// The least and the most words of a review that are the query (IMDb); how many is drawn for each review.
    #[serde(default = "defaults::prefix_words")]
    pub prefix_words: [usize; 2],
    /// Rows whose query is of more tokens are left out and counted.
    #[serde(default = "defaults::max_query_tokens")]
    pub max_query_tokens: usize,
    /// Longest row in tokens, prompt and response together.
    pub max_tokens: usize,
    /// Which end of a longer response stays.
    #[serde(default)]
    pub keep: Keep,
    /// Share of the prompts that are held out: nothing is chosen by them.
    #[serde(default = "defaults::tenth")]
    pub held_out: f64,
    /// Share of the prompts by which the best weights are chosen.
    #[serde(default = "defaults::tenth")]
    pub validation: f64,
    /// Share of training rows whose response is broken (spliced, looping, off topic): label 0, or the worse of a pair.
    #[serde(default)]
    pub corrupted: f64,
    /// Share of training rows of which only a window is read, so that short texts are known too.
    #[serde(default)]
    pub windows: f64,
    /// Mean share of a row's tokens that are left out each time it is read; each row draws its own, from 0 to twice this.
    #[serde(default)]
    pub token_dropout: f64,
    /// Share of the rows of label 1 that stand behind the principles (a language model only), so that a policy learns
    /// what they ask for.
    #[serde(default)]
    pub guided: f64,
    /// The principles of `guided`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principles: Option<String>,
}

/// Which end of a text that is too long stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    #[default]
    Start,
    /// A review says at its end what it thinks.
    End,
    /// A third from the start and two thirds from the end.
    Both,
}

/// What a model is trained to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FitName {
    /// Binary cross-entropy on labels 0 and 1; the logit of 1 is the reward.
    Classifier,
    /// Pairs: - log sigmoid(s_chosen - s_rejected).
    BradleyTerry,
    /// The next token of all text: a policy to start from.
    LanguageModel,
}

impl FitName {
    /// It ends with a score head.
    pub fn is_reward(self) -> bool {
        self != FitName::LanguageModel
    }
}

/// `[method]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitMethod {
    pub name: FitName,
    /// Updates.
    pub steps: u32,
    /// Rows, or pairs, of one update.
    pub batch: usize,
    /// The peak; it rises linearly for `warm_up` updates and falls along a cosine to 3%.
    pub learning_rate: f64,
    #[serde(default = "defaults::warm_up")]
    pub warm_up: u32,
    #[serde(default)]
    pub weight_decay: f64,
    /// The second moment's decay of AdamW.
    #[serde(default = "defaults::beta2")]
    pub beta2: f64,
    /// Clip the global norm of the gradient to this; 0 does not clip.
    #[serde(default = "defaults::one")]
    pub max_grad_norm: f64,
    /// Labels become this much less sure: 0 and 1 become a and 1 - a.
    #[serde(default)]
    pub label_smoothing: f64,
    /// Share of the embeddings' numbers that an update sees as 0, others growing by as much (Gal and Ghahramani 2016).
    #[serde(default)]
    pub embedding_dropout: f64,
    /// Decay of the moving average of the weights, which is what is evaluated and kept; 0 does not average.
    #[serde(default)]
    pub average: f64,
    /// Pulls the scores of a preference model to zero, since pairs say nothing of the level: the weight of the mean square.
    #[serde(default)]
    pub score_penalty: f64,
}

/// `[eval]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitEval {
    /// Measure on the validation rows after every so many updates, and on the held-out rows at the end.
    pub every: u32,
    /// At most so many rows of either.
    pub rows: usize,
    /// Which weights become the model.
    #[serde(default)]
    pub keep: KeepWeights,
}

/// Which weights become the model of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeepWeights {
    /// Those with the smallest loss on the validation rows.
    #[default]
    Best,
    /// Those after the last update: better where the validation rows are few and the learning rate falls to the end.
    Last,
}

mod defaults {
    pub fn tenth() -> f64 {
        0.1
    }
    pub fn prefix_words() -> [usize; 2] {
        [2, 8]
    }
    pub fn max_query_tokens() -> usize {
        256
    }
    pub fn norm_eps() -> f64 {
        1e-5
    }
    pub fn deviation() -> f64 {
        0.02
    }
    pub fn one() -> f64 {
        1.0
    }
    pub fn beta2() -> f64 {
        0.999
    }
    pub fn warm_up() -> u32 {
        50
    }
}
