//! Principle effect for people: asked for while a run trains, or of an experiment or a stored run.

use std::path::Path;

use super::setup::{Request, Setup, SetupError, prepare, prepare_unscored};
use super::trainer::{TrainError, Trainer};
use super::{EffectRecord, Event, Measuring, PrinciplesVersion};
use crate::config::{Source, experiment_to_toml};
use crate::device::DeviceChoice;
use crate::evaluate::{EffectPlan, Evaluator};
use crate::model::Model;
use crate::reward::RewardError;
use crate::run::{Checkpoint, Reader};

impl Trainer {
    /// Measures the principles in force with the policy as it is now, between two steps. Draws from streams of its own.
    /// A command to stop, to leave or to cancel ends it early; other commands wait until it is done.
    pub(super) fn measure_effect(&mut self, queries: usize) -> Result<(), TrainError> {
        let step = self.next_step();
        let held_out = self.setup.pool.held_out(queries);
        if held_out.is_empty() {
            self.alarm(
                "the principles were not measured: no query is held out",
                "start the run with eval.every and eval.queries of 1 or more, better 64, and data.held_out or data.test",
                false,
            )?;
        }
        let all_on = self.principles.principles.switched(|_, _| true);
        if let Some(message) = self.setup.too_long(&all_on) {
            let message = format!("the principles were not measured: {message}");
            return self.alarm(&message, "all of them together must fit too", false);
        }
        let policy = self.setup.policy.merged();
        let plan = EffectPlan {
            queries: &held_out,
            seed: self.setup.experiment.seed,
        };
        let events = self.control.events();
        let report = |done, total, over| {
            let _ = events.send(Event::Measuring(Measuring {
                step,
                done,
                total,
                over,
            }));
        };
        let control = &self.control;
        let give_up = || !control.measuring_is_wanted();
        let found =
            self.evaluator(&give_up)
                .principle_effect(&policy, &self.principles, step, &plan, &mut |done, total| {
                    report(done, total, false);
                    control.measuring_is_wanted()
                });
        if !matches!(found, Ok(Some(_))) {
            report(0, 0, true);
        }
        match found {
            Ok(Some(record)) => self.emit(Event::Effect(record)),
            Ok(None) | Err(RewardError::Interrupted) => Ok(()),
            Err(error) => {
                let message = format!("the principles were not measured: {error}");
                self.alarm(&message, "see to the source of rewards, then measure again", false)
            }
        }
    }
}

/// What of a run is to be measured, where it is not its newest checkpoint on as many queries as it evaluates on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Held-out queries to make ready.
    pub queries: Option<usize>,
    /// The checkpoint after so many steps.
    pub step: Option<u32>,
    /// Only answers: the source of rewards is not loaded.
    pub unscored: bool,
}

impl Wanted {
    /// As settings of an experiment.
    pub(super) fn sets(self) -> Vec<String> {
        let queries = self.queries.into_iter();
        queries
            .flat_map(|n| [format!("eval.queries={n}"), "eval.every=1".into()])
            .collect()
    }
}

/// A policy with its principles, ready to be measured and not to be trained.
pub struct Measurable {
    pub(super) setup: Setup,
    version: PrinciplesVersion,
    /// Steps and supervised updates done by the policy.
    pub step: u32,
    pub sft_done: u32,
    /// What the policy is, for people: "after 40 steps (last checkpoint of runs/imdb-001)".
    pub policy: String,
    /// Checkpoints that could not be used.
    pub warnings: Vec<String>,
}

impl Measurable {
    /// The policy an experiment begins with.
    pub fn of_experiment(path: &Path, sets: Vec<String>, device: DeviceChoice) -> Result<Self, SetupError> {
        Self::before_training(&Request::at(path, sets, device)?)
    }

    pub(super) fn before_training(request: &Request) -> Result<Self, SetupError> {
        let setup = request.prepare_policy()?;
        Ok(Self {
            version: first_version(&setup),
            setup,
            step: 0,
            sft_done: 0,
            policy: "before training".into(),
            warnings: Vec::new(),
        })
    }

    /// The policy of a run's last checkpoint, or of the one that is wanted, and its present principles. The run is only
    /// read.
    ///
    /// Of a run only what does not make it another may be set: generation, the reward model, the principles file.
    pub fn of_run(
        folder: &Path,
        mut sets: Vec<String>,
        device: DeviceChoice,
        wanted: Wanted,
    ) -> Result<Self, SetupError> {
        const MAY_BE_SET: [&str; 3] = ["generation.", "reward.", "principles.file"];
        if let Some(set) = sets
            .iter()
            .find(|s| !MAY_BE_SET.iter().any(|key| s.trim_start().starts_with(key)))
        {
            return Err(SetupError::Other(format!(
                "--set {set}: {} is a run, of which only generation.*, reward.model and principles.file can be changed here",
                folder.display()
            )));
        }
        sets.extend(wanted.sets());
        let other = |e: crate::run::StoreError| SetupError::Other(e.to_string());
        let reader = Reader::open(folder).map_err(other)?;
        let started = reader.started().map_err(other)?;
        let own = reader.principles().map_err(other)?.pop();
        let (checkpoint, warnings) = match wanted.step {
            None => reader.latest_checkpoint().map_err(other)?,
            Some(step) => (Some(checkpoint_after(&reader, step)?), Vec::new()),
        };
        let Some(checkpoint) = checkpoint else {
            return Err(SetupError::Other(format!(
                "{}: the run has no checkpoint yet, so there is no policy of it to measure",
                folder.display()
            )));
        };
        let Some(experiment) = started.experiment.align() else {
            return Err(SetupError::Other(format!(
                "{}: this run trains a model on rows; only a policy is guided by principles",
                folder.display()
            )));
        };
        let request = Request {
            source: Source {
                path: None,
                name: folder.display().to_string(),
                text: experiment_to_toml(experiment),
            },
            sets,
            device,
        };
        let from_file = request
            .sets
            .iter()
            .any(|s| s.trim_start().starts_with("principles.file"));
        let mut setup = match own.as_ref().filter(|_| !from_file) {
            Some(version) => {
                let (experiment, principles) = (request.experiment()?, version.principles.clone());
                match wanted.unscored {
                    true => prepare_unscored(experiment, principles, device)?,
                    false => prepare(experiment, principles, None, device)?,
                }
            }
            None => request.prepare_policy()?,
        };
        checkpoint_policy(&mut setup, &checkpoint);
        Ok(Self {
            version: own.filter(|_| !from_file).unwrap_or_else(|| first_version(&setup)),
            setup,
            step: checkpoint.step,
            sft_done: checkpoint.sft_done,
            policy: format!(
                "after {} ({} of {})",
                done(&checkpoint),
                if wanted.step.is_some() {
                    "checkpoint"
                } else {
                    "last checkpoint"
                },
                folder.display()
            ),
            warnings,
        })
    }

    /// The task and the number of principles, for people.
    pub fn about(&self) -> String {
        let set = &self.version.principles;
        let on = set.entries.iter().filter(|e| e.on).count();
        format!(
            "{}, {on} of {} principles on",
            self.setup.experiment.title,
            set.entries.len()
        )
    }

    /// Measures on at most so many held-out queries. `seed`: of the sampling; the experiment's without it.
    pub fn measure(
        &self,
        queries: usize,
        seed: Option<u64>,
        go_on: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<Option<EffectRecord>, RewardError> {
        let Setup { experiment, .. } = &self.setup;
        let held_out = self.setup.pool.held_out(queries);
        let evaluator = Evaluator {
            task: experiment.task,
            seed: experiment.seed,
            prompter: &self.setup.prompter,
            reward: self.setup.reward.as_ref(),
            give_up: &|| false,
            generation: &experiment.generation,
            held_out: &held_out,
            cases: &[],
        };
        let plan = EffectPlan {
            queries: &held_out,
            seed: seed.unwrap_or(experiment.seed),
        };
        evaluator.principle_effect(&self.setup.policy.merged(), &self.version, self.step, &plan, go_on)
    }
}

/// The checkpoint after so many steps, or which there are.
fn checkpoint_after(reader: &Reader, step: u32) -> Result<Checkpoint, SetupError> {
    let other = |e: crate::run::StoreError| SetupError::Other(e.to_string());
    if let Some(checkpoint) = reader.checkpoint_at(step).map_err(other)? {
        return Ok(checkpoint);
    }
    let steps = reader.checkpoint_steps().map_err(other)?;
    let steps: Vec<String> = steps.iter().map(u32::to_string).collect();
    Err(SetupError::Other(format!(
        "{}: no checkpoint after {step} steps; there are some after {}",
        reader.dir().display(),
        if steps.is_empty() {
            "none".into()
        } else {
            steps.join(", ")
        }
    )))
}

/// "40 steps", and of a run that has only its supervised stage "60 supervised updates".
fn done(checkpoint: &Checkpoint) -> String {
    match (checkpoint.step, checkpoint.sft_done) {
        (0, n) if n > 0 => format!("{n} supervised update{}", if n == 1 { "" } else { "s" }),
        (n, _) => format!("{n} step{}", if n == 1 { "" } else { "s" }),
    }
}

fn first_version(setup: &Setup) -> PrinciplesVersion {
    PrinciplesVersion {
        version: 1,
        from_step: 0,
        principles: setup.principles.clone(),
    }
}

/// Gives the policy the trained parameters of a checkpoint.
pub(super) fn checkpoint_policy(setup: &mut Setup, checkpoint: &Checkpoint) {
    put_checkpoint(&mut setup.policy, checkpoint);
}

/// Gives a policy the parameters that a checkpoint has of it: those that were trained.
pub(super) fn put_checkpoint(policy: &mut Model, checkpoint: &Checkpoint) {
    let device = policy.device();
    policy.for_each_mut(&mut |name, p| {
        if let Some(saved) = checkpoint.tensors.get(name) {
            *p = super::optimizer::tensor(saved, &device);
        }
    });
}
