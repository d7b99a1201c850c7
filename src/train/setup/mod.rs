//! Everything a run needs, loaded and checked before anything is started or written.

mod models;
mod paths;
mod request;
mod sources;

use std::path::Path;

use super::fit::{self, FitSetup};
use super::memory::{self, Demand};
use crate::config::{Case, ConfigError, Experiment, MethodName, Plan, Principles, parse_principles};
use crate::data::{DataError, Pairs, Pool, PoolError};
use crate::device::{self, DeviceChoice, DeviceError};
use crate::model::{HubError, Model, ModelError, Text, Trained};
use crate::prompt::{PromptError, Prompter};
use crate::reward::{RewardError, RewardSource};

pub use models::policy_prompter;
pub(super) use models::{load_model, load_policy, model_files};
use paths::settle;
pub(super) use paths::{model_path, principles_source, whole_path};
pub use request::Request;

/// A run that is ready to start.
pub struct Setup {
    pub experiment: Experiment,
    pub principles: Principles,
    /// Those that the schedule names by their files, one an entry.
    pub scheduled: Vec<Option<Principles>>,
    /// With its adapter, if it has one.
    pub policy: Model,
    pub trained: Trained,
    pub text: Text,
    /// Writes what the policy is given.
    pub prompter: Prompter,
    pub reward: Box<dyn RewardSource>,
    pub pool: Pool,
    /// What DPO learns from.
    pub pairs: Option<Pairs>,
    /// The case study, as many of its queries as are not too long.
    pub cases: Vec<Case>,
    /// Cases left out as too long.
    pub cases_left_out: usize,
    pub device: burn::tensor::Device,
    pub device_name: String,
    /// How much memory it will need, in words, and whether that is more than there is.
    pub memory: (String, bool),
}

/// A run of either kind that is ready to start.
pub enum Prepared {
    Align(Box<Setup>),
    Fit(Box<FitSetup>),
}

/// Why a run cannot start. All of these are the user's to mend: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error("{key}: {source}")]
    Model { key: &'static str, source: ModelError },
    #[error("{key} = \"{found}\": no such bundled model; there are {known}")]
    NoBuiltin {
        key: &'static str,
        found: String,
        known: String,
    },
    #[error("{key}: {source}")]
    Hub { key: &'static str, source: HubError },
    #[error(transparent)]
    Data(#[from] PoolError),
    #[error("data.rows: {0}")]
    Rows(#[from] DataError),
    #[error("reward.url: {0}; start the server or correct the address, then try again")]
    Reward(#[from] RewardError),
    #[error("{key} = {source}")]
    Prompt { key: &'static str, source: PromptError },
    #[error("{0}")]
    Other(String),
}

/// Goes on with a stored run: loads what it was started with. `run` is its folder.
pub fn prepare_again(
    plan: Plan,
    principles: Option<Principles>,
    run: &Path,
    choice: DeviceChoice,
) -> Result<Prepared, SetupError> {
    // Files are looked for from the working directory, as they were when the run began.
    match (plan, principles) {
        (Plan::Align(experiment), Some(principles)) => {
            let mut setup = prepare(*experiment, principles, None, choice)?;
            // A run keeps its own copies; this is for one that has none, such as a fork.
            let read = |name: &String| parse_principles(&principles_source(name, None).ok()?).ok();
            let schedule = &setup.experiment.schedule;
            let scheduled = schedule.iter().map(|e| e.principles.as_ref().and_then(read)).collect();
            setup.schedule_principles(scheduled)?;
            Ok(Prepared::Align(Box::new(setup)))
        }
        (Plan::Fit(experiment), _) => {
            let setup = fit::prepare(*experiment, None, choice, Some(run))?;
            Ok(Prepared::Fit(Box::new(setup)))
        }
        (Plan::Align(_), None) => Err(SetupError::Other(format!(
            "{}: the run never began; start it again",
            run.display()
        ))),
    }
}

/// Loads what an experiment names. `near` is the experiment's own path, from which files are looked for.
pub fn prepare(
    mut experiment: Experiment,
    principles: Principles,
    near: Option<&Path>,
    choice: DeviceChoice,
) -> Result<Setup, SetupError> {
    let chosen = device::choose(choice)?;
    settle(&mut experiment, near)?;
    let (policy, text, trained) = load_policy(&mut experiment, &chosen.device)?;
    let prompter = models::prompter(&text, &experiment)?;
    let pool = sources::queries(&experiment, &text)?;
    let pairs = sources::preference_pairs(&experiment, &text, &pool)?;
    let (cases, cases_left_out) = crate::train::cases::cases(&mut experiment, near, &text)?;
    if pool.example(0).is_none() {
        let rows = &experiment.data.queries;
        if experiment.method.name == MethodName::Sft {
            return Err(SetupError::Other(format!(
                "method.name = \"sft\": no row of {rows} has a response to learn from; take rows that have one, or another \
                 method"
            )));
        }
        if experiment.method.stabilise.sft.is_some() {
            return Err(SetupError::Other(format!(
                "method.stabilise.sft: no row of {rows} has a response to anchor to; take rows that have one, or leave it out"
            )));
        }
        if experiment.sft.steps > 0 {
            return Err(SetupError::Other(format!(
                "sft.steps = {}: no row of {rows} has a response to learn from; set sft.steps = 0",
                experiment.sft.steps
            )));
        }
    }
    let room = policy.config.max_position_embeddings;
    if let Some(message) = without_room(&experiment, &prompter, room, &principles) {
        return Err(SetupError::Other(message));
    }
    let reward = sources::reward_source(&experiment, &prompter, &pool, &chosen.device)?;
    let tokens = crate::train::lengths::lengths(&experiment, Some(&principles), Some(&prompter), Some(&pool));
    let scorer = experiment.reward.model.as_ref();
    let scorer = scorer.and_then(|name| model_files("reward.model", name).ok()?.config().ok());
    // Of dtype "auto" only the policy's is known here; nobody stores a large reward model in f32.
    let of_scorer = scorer.as_ref().map(|(config, _)| (config, 2.0));
    let demand = Demand::of(&experiment, (&policy.config, policy.weight_bytes()), of_scorer, tokens);
    let memory = memory::sentence(&demand, chosen.available);
    Ok(Setup {
        scheduled: vec![None; experiment.schedule.len()],
        experiment,
        principles,
        policy,
        trained,
        text,
        prompter,
        reward,
        pool,
        pairs,
        cases,
        cases_left_out,
        device: chosen.device,
        device_name: chosen.name,
        memory,
    })
}

/// Why the longest query, these principles and a whole response are together more than a policy reads, if they are.
fn without_room(experiment: &Experiment, prompter: &Prompter, room: usize, principles: &Principles) -> Option<String> {
    let around = prompter.prompt("", principles.render().as_deref()).len();
    let (query, response) = (experiment.data.max_query_tokens, experiment.generation.max_new_tokens);
    let all = query + around + response;
    (all > room).then(|| {
        format!(
            "data.max_query_tokens = {query}, {around} tokens of template and principles and \
             generation.max_new_tokens = {response} are {all}; the policy reads {room}: lower one of them, or shorten \
             the principles"
        )
    })
}

impl Setup {
    /// Takes in the principles that the schedule names by their files, one an entry.
    fn schedule_principles(&mut self, files: Vec<Option<Principles>>) -> Result<(), SetupError> {
        for (entry, file) in self.experiment.schedule.iter().zip(&files) {
            if let Some(message) = file.as_ref().and_then(|file| self.too_long(file)) {
                let step = entry.step;
                return Err(SetupError::Other(format!("schedule, step {step}: {message}")));
            }
        }
        self.scheduled = files;
        Ok(())
    }

    /// Why this query is not one that the policy is given, if it is not: the room for it was reckoned at the start.
    pub(in crate::train) fn query_too_long(&self, query: &str) -> Option<String> {
        let (tokens, limit) = (
            self.prompter.text().encode(query).len(),
            self.experiment.data.max_query_tokens,
        );
        (tokens > limit).then(|| {
            format!("it has {tokens} tokens, and data.max_query_tokens = {limit}; shorten it, or raise that in a fork")
        })
    }

    /// Why the policy cannot read a query behind these principles, if it cannot.
    pub(in crate::train) fn too_long(&self, principles: &Principles) -> Option<String> {
        let room = self.policy.config.max_position_embeddings;
        without_room(&self.experiment, &self.prompter, room, principles)
    }
}
