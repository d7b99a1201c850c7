//! A whole evaluation of what can be measured: a run's policy, or a model folder under an experiment.

use std::path::Path;

use super::effect::{Measurable, Wanted};
use super::{FullEvaluation, Request, SetupError};
use crate::device::DeviceChoice;
use crate::evaluate::{Evaluator, FullPlan};
use crate::reward::RewardError;

impl Measurable {
    /// The policy that an experiment begins with, or another model in its place: a folder, or `builtin:NAME`.
    pub fn of_model(
        model: Option<&str>,
        experiment: &Path,
        mut sets: Vec<String>,
        device: DeviceChoice,
        wanted: Wanted,
    ) -> Result<Self, SetupError> {
        if let Some(model) = model {
            // As JSON: a name may hold what TOML would take for something else.
            sets.push(format!("policy.model={}", serde_json::Value::from(model)));
        }
        sets.extend(wanted.sets());
        let mut found = Self::of_experiment(experiment, sets, device)?;
        if let Some(model) = model {
            found.policy = model.to_string();
        }
        Ok(found)
    }

    /// The policy that an experiment begins with.
    pub fn of_request(request: &Request, wanted: Wanted) -> Result<Self, SetupError> {
        let mut request = request.clone();
        request.sets.extend(wanted.sets());
        Self::before_training(&request)
    }

    /// Evaluates on at most so many held-out queries, without principles. `go_on` as in [`Evaluator::full`].
    pub fn evaluate(
        &self,
        queries: usize,
        go_on: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<Option<FullEvaluation>, RewardError> {
        let experiment = &self.setup.experiment;
        let held_out = self.setup.pool.held_out_references(queries);
        let evaluator = Evaluator {
            task: experiment.task,
            seed: experiment.seed,
            prompter: &self.setup.prompter,
            reward: self.setup.reward.as_ref(),
            give_up: &|| false,
            generation: &experiment.generation,
            held_out: &[],
            cases: &[],
        };
        let plan = FullPlan {
            policy: self.policy.clone(),
            step: self.step,
            sft_done: self.sft_done,
            queries: &held_out,
            references: self.setup.pool.references(),
            max_response_tokens: experiment.data.max_response_tokens,
        };
        evaluator.full(&self.setup.policy.merged(), &plan, go_on)
    }

    /// Title of the experiment.
    pub fn title(&self) -> &str {
        &self.setup.experiment.title
    }

    /// "hh", "imdb" or "tldr", and the method's name.
    pub fn task_and_method(&self) -> (String, String) {
        let experiment = &self.setup.experiment;
        (experiment.task.to_string(), crate::run::word(&experiment.method.name))
    }
}
