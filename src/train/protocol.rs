//! What goes into the training thread and what comes out: the only types it shares with the screen.
//!
//! Everything here is plain data. The same records are written to the store, printed by `--json` and drawn.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::effect_record::{EffectRecord, Measuring};
use super::fit_record::{FitEvaluation, FitRecord};
use super::inside_record::Inside;
use super::steering::{LogEntry, Via};
use crate::config::{Change, Plan, Principles};

/// What a user asks of a running training thread. Each takes effect between two steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    Pause,
    Continue,
    /// Run one step, then pause.
    StepOnce,
    SetTau(f64),
    SetDecay(f64),
    SetLearningRate(f64),
    /// Use these principles from the next step on.
    SetPrinciples(Principles),
    /// Write a checkpoint now.
    Checkpoint,
    /// Finish the step, write a checkpoint, end.
    Stop,
    /// End after the step without a checkpoint.
    Abandon,
    /// Answer a query of the user's own with and without principles; `id` comes back with the answer.
    Ask {
        id: u64,
        query: String,
    },
    /// Measure what each principle does, on at most so many held-out queries; [`Event::Effect`] is the answer.
    MeasureEffect {
        queries: usize,
    },
    /// End the measurement that is going on.
    CancelEffect,
    /// A workbench took the steering, or gave it up; only written down.
    Steer {
        taken: bool,
    },
    /// Say what policy and reference think of each token of a sampled pair; [`Event::Inside`] is the answer.
    LookInside {
        step: u32,
        index: u32,
    },
    /// Settings were changed while the run was not running: by a fork, or when it was resumed. They are in the run's settings
    /// already; this keeps them as a mark.
    Changed(Vec<String>),
}

/// What the training thread reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "the large one is sent once a run")]
pub enum Event {
    /// First of all: what this run is.
    Started(Started),
    /// A stage began: sft (the supervised stage before a method), ple, dpo, ppo, raft, fine-tuning (the method SFT), ...
    Stage {
        name: String,
        steps: u32,
    },
    Sft(SftRecord),
    /// One update of a model's own training.
    Fit(FitRecord),
    /// How that model does on rows it is not trained on.
    FitEvaluation(FitEvaluation),
    /// The newest pair is being sampled. Never stored.
    Writing(Writing),
    Step(StepRecord),
    /// The pairs of one step, after the step's record.
    Pairs {
        step: u32,
        pairs: Vec<PairRecord>,
    },
    Evaluation(EvaluationRecord),
    /// The principles used from `from_step` on.
    Principles(PrinciplesVersion),
    /// A change made by hand acted from this step on.
    Mark(Mark),
    /// Somebody did something to the training.
    Log(LogEntry),
    Checkpoint {
        step: u32,
        path: String,
    },
    /// The answer to [`Command::Ask`].
    Answer(Answer),
    /// A measurement of the principles goes on; training waits for it. Never stored.
    Measuring(Measuring),
    /// The answer to [`Command::MeasureEffect`].
    Effect(EffectRecord),
    /// The answer to [`Command::LookInside`]. Never stored.
    Inside(Inside),
    Alarm(Alarm),
    /// The thread waits for a command, or goes on.
    Paused {
        step: u32,
        paused: bool,
    },
    Done(Done),
    Failed {
        message: String,
    },
}

/// What a run is: the first event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// Name of the run: its folder's name.
    pub run: String,
    /// Folder of the run.
    pub path: String,
    pub experiment: Plan,
    /// For example "cpu (burn-flex, f32)".
    pub device: String,
    /// Parameters of the model that is trained, and how many of them are trained.
    pub parameters: usize,
    pub trained_parameters: usize,
    /// Where the queries came from and how many were used or left out, for people.
    pub data: String,
    /// How much memory it was estimated to need, for people; empty where that is not known.
    #[serde(default)]
    pub memory: String,
    /// Steps already done: more than 0 after `resume`.
    pub resumed_from: u32,
    /// Of a fork: where it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// Where a fork began. The steps before are the parent's, and are in the fork too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The parent's name and folder, as they were.
    pub run: String,
    pub path: String,
    /// Steps of the parent that it began with.
    pub step: u32,
    pub changes: Vec<Change>,
}

impl Origin {
    /// A setting under this key, or below it, was changed.
    pub fn changed(&self, key: &str) -> bool {
        let is = |found: &str| {
            found
                .strip_prefix(key)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.changes.iter().any(|change| is(&change.key))
    }
}

/// One update of the supervised stage (Eq. 1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SftRecord {
    pub step: u32,
    /// Mean negative log-likelihood of a response token.
    pub loss: f64,
    pub learning_rate: f64,
    pub grad_norm: f64,
}

/// The text of one pair while it is being sampled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Writing {
    pub step: u32,
    pub query: String,
    /// The side that grew; the other is sampled at the same time and has its own events.
    pub guided: bool,
    /// The whole text of that side so far.
    pub text: String,
    pub finished: bool,
}

/// One step of a method, in numbers. `step` counts from 0. Means and deviations are over the newest batch.
///
/// tau and the losses of Eqs. 3 and 4 are PLE's alone: by another method they are NaN, which JSON prints as null, and its
/// own numbers are in `metrics`. There y is what the policy answers; s' is NaN but where a field says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    pub step: u32,
    /// tau_t that split this step's pairs.
    pub tau: f64,
    pub decay: f64,
    pub learning_rate: f64,
    /// Mean of s = R(x, y).
    pub reward_original: f64,
    pub reward_original_std: f64,
    /// Mean of s' = R(x, y'). Of RAFT: of the responses that were kept.
    pub reward_guided: f64,
    pub reward_guided_std: f64,
    /// Mean ground truth of y and y'; `None` where the grammar does not know the query.
    pub truth_original: Option<f64>,
    pub truth_guided: Option<f64>,
    /// Members of D_train, among those this step updated on, that took each branch.
    pub ranked: usize,
    pub weighted: usize,
    /// Eq. 3, Eq. 4 and Eq. 6, as reduced, averaged over the step's updates.
    pub loss_rank: f64,
    pub loss_wsft: f64,
    pub loss: f64,
    /// Global norm before clipping, averaged over the step's updates.
    pub grad_norm: f64,
    /// Optimizer updates of this step.
    pub updates: usize,
    /// Mean tokens of y and y', end of sequence included.
    pub length_original: f64,
    pub length_guided: f64,
    /// Share of responses that ended by themselves.
    pub ended: f64,
    /// Pairs the replay holds.
    pub replay: usize,
    /// Version of the principles y' was sampled with.
    pub principles: u32,
    /// s' - s of the newest batch, as they are held against tau: shaped where the experiment shapes rewards.
    pub margins: Vec<f32>,
    /// What the method reports, under TRL's names, and what is looked at beside the reward: see `docs/methods.md`.
    #[serde(default)]
    pub metrics: Metrics,
    /// Wall-clock seconds of the whole step. Not part of what determinism promises.
    pub seconds: f64,
}

/// Numbers by name. A name is of two letters or more.
pub type Metrics = BTreeMap<String, f64>;

/// The branch a pair took when it was new, or what another method than PLE made of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Branch {
    /// s' - s > tau: Eq. 3.
    Ranked,
    /// s' - s <= tau: Eq. 4.
    Weighted,
    /// RAFT: the best of its kind, learnt from.
    Kept,
    /// Not learnt from.
    Dropped,
    /// Learnt from: of PPO a response, of DPO a pair, of SFT a row.
    Learnt,
}

/// One sampled pair. Of PPO and RAFT a single response, `original`, with an empty `guided`; of DPO the rejected response
/// and the chosen one with their implicit rewards; of SFT what the policy answered and the response it learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairRecord {
    pub step: u32,
    /// Place in the step's batch.
    pub index: u32,
    pub query: String,
    pub original: String,
    pub guided: String,
    /// s and s' as the source of rewards gave them.
    pub reward_original: f64,
    pub reward_guided: f64,
    /// s and s' as Eqs. 3 to 5 see them, where the experiment shapes rewards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shaped: Option<Shaped>,
    pub truth_original: Option<f64>,
    pub truth_guided: Option<f64>,
    /// tau when it was new, and the branch it took.
    pub tau: f64,
    pub branch: Branch,
    /// w and w' of Eq. 5 (used in the weighted branch only).
    pub weight_original: f64,
    pub weight_guided: f64,
    pub principles: u32,
    /// What the method knows of it beside, as in [`StepRecord::metrics`].
    #[serde(default, skip_serializing_if = "Metrics::is_empty")]
    pub metrics: Metrics,
    /// Token ids of prompt x, y and y': what replay trains on. Not printed.
    #[serde(skip)]
    pub prompt_ids: Vec<u32>,
    #[serde(skip)]
    pub original_ids: Vec<u32>,
    #[serde(skip)]
    pub guided_ids: Vec<u32>,
}

/// The shaped rewards of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shaped {
    pub original: f64,
    pub guided: f64,
}

impl PairRecord {
    /// s' - s, as it is held against tau: of the shaped rewards where there are such. Of a single response its reward.
    pub fn margin(&self) -> f64 {
        let (s, s_guided) = self.seen();
        if self.is_single() { s } else { s_guided - s }
    }

    /// It is one response and not two.
    pub fn is_single(&self) -> bool {
        matches!(self.branch, Branch::Kept | Branch::Dropped)
            || (self.branch == Branch::Learnt && self.guided_ids.is_empty() && self.guided.is_empty())
    }

    /// s and s' as Eqs. 3 to 5 see them.
    pub fn seen(&self) -> (f64, f64) {
        self.shaped
            .map_or((self.reward_original, self.reward_guided), |s| (s.original, s.guided))
    }
}

/// Held-out queries and the case study, answered by the policy after `step` steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRecord {
    /// Steps done when it was made.
    pub step: u32,
    pub queries: usize,
    /// Mean reward of held-out queries without and with the principles.
    pub reward_original: f64,
    pub reward_guided: f64,
    pub truth_original: Option<f64>,
    pub truth_guided: Option<f64>,
    pub cases: Vec<CaseRecord>,
}

/// One query of the case study (the paper's Fig. 4), answered greedily.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseRecord {
    /// For example "provocative" or "everyday".
    pub label: String,
    pub query: String,
    pub original: String,
    pub guided: String,
    pub reward_original: f64,
    pub reward_guided: f64,
    pub truth_original: Option<f64>,
    pub truth_guided: Option<f64>,
}

/// The principles and the step from which they act. Version 1 acts from step 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrinciplesVersion {
    pub version: u32,
    pub from_step: u32,
    pub principles: Principles,
}

/// A change made by hand, or by the schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The first step it acted on.
    pub step: u32,
    /// For example "tau 0.131 -> 0.05" or "principles v2".
    pub label: String,
    /// What was done, so that a resumed run does it again at the same step.
    pub command: Command,
    /// The way it was asked for. What a schedule asked for follows from the experiment, and is not done again from here.
    #[serde(default)]
    pub by: Via,
}

/// The answer to a query typed by the user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub id: u64,
    /// Steps done by the policy that answered.
    pub step: u32,
    pub query: String,
    pub original: String,
    pub guided: String,
    pub reward_original: f64,
    pub reward_guided: f64,
    pub truth_original: Option<f64>,
    pub truth_guided: Option<f64>,
    /// Why there is no answer; then both texts are empty and the rewards are not numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// Something the user should look at. The run pauses when `paused` says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    pub step: u32,
    pub message: String,
    /// What would help.
    pub suggestion: String,
    pub paused: bool,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Done {
    pub run: String,
    pub path: String,
    /// Steps done.
    pub steps: u32,
    /// Why it ended: "finished", "stopped", "abandoned".
    pub reason: String,
    pub seconds: f64,
}
