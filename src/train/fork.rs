//! A branch of a stored run: what may be changed at a checkpoint, and what the run that begins there needs.

use std::path::{Path, PathBuf};

use super::setup::{Prepared, SetupError, prepare_again, principles_source};
use super::{Command, Mark, Origin, PrinciplesVersion, Via, describe};
use crate::config::{Altered, Change, ConfigError, MethodName, Plan, Principles, alter, parse_principles};
use crate::device::DeviceChoice;
use crate::run::{Checkpoint, Fork, Reader, Store, StoreError};

/// A fork as the user asks for it.
#[derive(Clone, Debug)]
pub struct ForkRequest {
    /// The parent's folder.
    pub parent: PathBuf,
    /// Steps done where it begins; `None` for the last checkpoint.
    pub step: Option<u32>,
    /// As for `--set`; `tau`, `decay`, `learning_rate`, `steps`, `method` and `principles` will do for the whole keys.
    pub sets: Vec<String>,
    /// Make the changes again that were made by hand to the parent after the step.
    pub redo: bool,
    pub device: DeviceChoice,
}

/// Why a run cannot be forked, or its settings not be changed. The user can mend all of these.
#[derive(Debug, thiserror::Error)]
pub enum ForkError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error("{0}")]
    Other(String),
}

/// A fork that is ready to be created.
pub struct PreparedFork {
    parent: PathBuf,
    checkpoint: Checkpoint,
    principles: Option<PrinciplesVersion>,
    origin: Origin,
    redo: bool,
    setup: Prepared,
}

impl ForkRequest {
    /// Checks and loads everything; nothing is written.
    pub fn prepare(&self) -> Result<PreparedFork, ForkError> {
        let reader = Reader::open(&self.parent)?;
        let started = reader.started()?;
        let mut checkpoint = self.checkpoint(&reader, &started.run)?;
        let altered = alter(&started.experiment, &started.run, &self.sets)?;
        refuse(&altered.changes, |key| fixed(key, &altered.plan))?;
        let (step, steps) = (checkpoint.step, steps_of(&altered.plan));
        if steps <= step {
            return Err(ForkError::Other(format!(
                "method.steps = {steps}: the fork begins with {step} steps done, so there is nothing left to train; add for \
                 example --set steps={}",
                step + steps.max(10)
            )));
        }
        let versions = reader.principles()?;
        let in_force = versions.iter().find(|v| v.version == checkpoint.principles);
        let principles = new_principles(&altered, in_force, step)?;
        let changes = apply(&altered, &started.experiment, &mut checkpoint, principles.as_ref());
        let first = versions.first().map(|v| v.principles.clone());
        let mut setup = prepare_again(altered.plan, first, &self.parent, self.device)?;
        if let (Prepared::Align(setup), Some(version)) = (&setup, &principles)
            && let Some(message) = setup.too_long(&version.principles)
        {
            return Err(ForkError::Other(message));
        }
        fits(&mut setup, &checkpoint, &self.parent)?;
        let path = std::path::absolute(&self.parent).unwrap_or_else(|_| self.parent.clone());
        Ok(PreparedFork {
            parent: self.parent.clone(),
            checkpoint,
            principles,
            origin: Origin {
                run: started.run,
                path: path.display().to_string(),
                step,
                changes,
            },
            redo: self.redo,
            setup,
        })
    }

    /// The checkpoint that was named.
    fn checkpoint(&self, reader: &Reader, name: &str) -> Result<Checkpoint, ForkError> {
        let steps = reader.checkpoint_steps()?;
        let none = |what: String| {
            let known = match steps.len() {
                0 => format!("{name} has no checkpoint yet: train it first"),
                _ => format!("{name} has checkpoints after {} steps", and_list(&steps)),
            };
            ForkError::Other(format!("{what}: {known}"))
        };
        match self.step {
            Some(step) => reader
                .checkpoint_at(step)?
                .ok_or_else(|| none(format!("--step {step}: no checkpoint there"))),
            None => reader
                .latest_checkpoint()?
                .0
                .ok_or_else(|| none("--step last: no checkpoint".to_string())),
        }
    }
}

impl PreparedFork {
    /// Where it begins, and what differs from there on.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Writes the fork's folder. It then goes on as a resumed run does: [`super::resume`].
    pub fn create(self, runs: &Path, name: Option<&str>) -> Result<(Prepared, Store), StoreError> {
        let mut setup = self.setup;
        let mut started = describe(&mut setup);
        let mut labels = vec![format!("fork of {}", self.origin.run)];
        labels.extend(self.origin.changes.iter().map(Change::label));
        let command = Command::Changed(labels.clone());
        started.origin = Some(self.origin);
        let mark = Mark {
            step: self.checkpoint.step,
            label: labels.join(", "),
            command,
            by: Via::Cli,
        };
        let fork = Fork {
            parent: &self.parent,
            checkpoint: &self.checkpoint,
            principles: self.principles,
            mark,
            redo: self.redo,
        };
        let store = Store::fork(runs, name, &started, &fork)?;
        if let Prepared::Fit(_) = &setup {
            super::fit::copy_inputs(&self.parent, store.dir());
        }
        Ok((setup, store))
    }
}

/// What is to be changed when a run is resumed: settings that it then has, and what the trainer is told first.
#[derive(Debug)]
pub struct Amendment {
    pub plan: Plan,
    pub commands: Vec<Command>,
}

impl Amendment {
    /// An error if the policy cannot read its queries behind the new principles.
    pub fn check(&self, setup: &Prepared) -> Result<(), ForkError> {
        let Prepared::Align(setup) = setup else { return Ok(()) };
        let too_long = self.commands.iter().find_map(|command| match command {
            Command::SetPrinciples(principles) => setup.too_long(principles),
            _ => None,
        });
        too_long.map_or(Ok(()), |message| Err(ForkError::Other(message)))
    }
}

/// Changes of a run that goes on: those that alter nothing of what was done. Numbers and principles act from the step on from
/// which it goes on.
pub fn amend(plan: &Plan, name: &str, sets: &[String]) -> Result<Amendment, ForkError> {
    let altered = alter(plan, name, sets)?;
    refuse(&altered.changes, |key| unsafe_to_resume(key, name, &altered.plan))?;
    let mut amendment = Amendment {
        plan: altered.plan.clone(),
        commands: Vec::new(),
    };
    let settings: Vec<String> = altered
        .changes
        .iter()
        .filter(|c| !acts_from_now(&c.key))
        .map(Change::label)
        .collect();
    let named = |key: &str| altered.named.iter().any(|k| k == key);
    if let (Plan::Align(old), Plan::Align(new)) = (plan, &mut amendment.plan) {
        // The settings stay those of the first step: what comes is a change by hand, which the marks have.
        (new.method.tau0, new.method.decay) = (old.method.tau0, old.method.decay);
        new.method.learning_rate = old.method.learning_rate;
        new.principles.file = old.principles.file.clone();
    }
    if let (Plan::Fit(old), Plan::Fit(new)) = (plan, &mut amendment.plan) {
        new.method.learning_rate = old.method.learning_rate;
    }
    if !settings.is_empty() {
        amendment.commands.push(Command::Changed(settings));
    }
    if let Plan::Align(new) = &altered.plan {
        if named("method.tau0") {
            amendment.commands.push(Command::SetTau(new.method.tau0));
        }
        if named("method.decay") {
            amendment.commands.push(Command::SetDecay(new.method.decay));
        }
        if named("principles.file") {
            let principles = read_principles(&new.principles.file)?;
            amendment.commands.push(Command::SetPrinciples(principles));
        }
    }
    if named("method.learning_rate") {
        let rate = match &altered.plan {
            Plan::Align(e) => e.method.learning_rate,
            Plan::Fit(e) => e.method.learning_rate,
        };
        amendment.commands.push(Command::SetLearningRate(rate));
    }
    Ok(amendment)
}

fn steps_of(plan: &Plan) -> u32 {
    match plan {
        Plan::Align(e) => e.method.steps,
        Plan::Fit(e) => e.method.steps,
    }
}

/// The first change that must not be is an error.
fn refuse(changes: &[Change], why: impl Fn(&str) -> Option<String>) -> Result<(), ForkError> {
    let refused: Vec<String> = changes
        .iter()
        .filter_map(|c| Some(format!("{} = {}: {}", c.key, c.to, why(&c.key)?)))
        .collect();
    match refused.is_empty() {
        true => Ok(()),
        false => Err(ForkError::Other(refused.join("\n"))),
    }
}

/// Why a fork cannot have another value of a setting, if it cannot.
fn fixed(key: &str, plan: &Plan) -> Option<String> {
    let why = match key {
        "policy.checkpointing" | "policy.lora.dropout" => return None,
        "task" => "the parent was trained on another task",
        "seed" => "the parent's steps, and which queries are held out, follow from its seed",
        _ if key.starts_with("policy.") => "the checkpoint holds the parent's policy and adapter, which fit no other",
        _ if key.starts_with("model.") => "the checkpoint holds the parent's model, which fits no other",
        _ if key.starts_with("data.") => {
            "the steps up to the checkpoint, and what is held out, follow from the parent's data"
        }
        _ if key.starts_with("sft.") => "the supervised stage lies before the checkpoint",
        "method.name" if matches!(plan, Plan::Fit(_)) => "the checkpoint holds a model of another kind",
        "method.average" => "the checkpoint has the moving average as the parent kept it",
        _ => return None,
    };
    Some(format!(
        "a fork cannot change this: {why}; leave it out, or start a new run"
    ))
}

/// Numbers and principles, which a mark changes from a step on.
fn acts_from_now(key: &str) -> bool {
    ["method.tau0", "method.decay", "method.learning_rate", "principles.file"].contains(&key)
}

/// Why a run that goes on cannot have another value of a setting, if it cannot.
fn unsafe_to_resume(key: &str, name: &str, plan: &Plan) -> Option<String> {
    const SAFE: [&str; 13] = [
        "title",
        "about",
        "method.diagnostics",
        "method.micro_batch",
        "policy.checkpointing",
        "generation.batch",
        "eval.every",
        "checkpoint.every",
        "reward.url",
        "reward.timeout_seconds",
        "reward.retries",
        "reward.batch",
        "reward.end",
    ];
    // The learning rate of a model's own training follows a curve over all steps.
    let steps = key == "method.steps" && matches!(plan, Plan::Align(_));
    let safe = SAFE.contains(&key) || acts_from_now(key) || steps;
    (!safe).then(|| {
        format!(
            "the steps of this run were made with another value; keep them apart in a branch: ple fork {name} --step last \
             --set ..."
        )
    })
}

/// Puts what acts from the checkpoint on into it. Returns what differs from the parent, for people.
fn apply(
    altered: &Altered,
    parent: &Plan,
    checkpoint: &mut Checkpoint,
    principles: Option<&PrinciplesVersion>,
) -> Vec<Change> {
    let mut changes = altered.changes.clone();
    let named = |key: &str| altered.named.iter().any(|k| k == key) || altered.changes.iter().any(|c| c.key == key);
    let mut number = |key: &str, at: &mut f64, to: f64| {
        let change = Change {
            key: key.to_string(),
            from: brief(*at),
            to: brief(to),
        };
        // It is held against what was in force at the checkpoint, not against the parent's first value.
        changes.retain(|c| c.key != key);
        if at.to_bits() != to.to_bits() {
            changes.push(change);
            *at = to;
        }
    };
    match (&altered.plan, parent) {
        (Plan::Align(new), Plan::Align(old)) => {
            let (method, goes_over) = (&new.method, new.method.name != old.method.name);
            let into_ple = goes_over && method.name == MethodName::Ple;
            if method.name == MethodName::Ple && (named("method.tau0") || into_ple) {
                number("method.tau0", &mut checkpoint.tau, method.tau0);
            }
            if method.name == MethodName::Ple && (named("method.decay") || into_ple) {
                number("method.decay", &mut checkpoint.decay, method.decay);
            }
            if named("method.learning_rate") {
                number(
                    "method.learning_rate",
                    &mut checkpoint.learning_rate,
                    method.learning_rate,
                );
            }
            if goes_over {
                // Moments of another loss would push the first updates the wrong way.
                let is_moment = |name: &str| name.ends_with(".moment_1") || name.ends_with(".moment_2");
                checkpoint.tensors.retain(|name, _| !is_moment(name));
                checkpoint.optimizer_step = 0;
            }
        }
        (Plan::Fit(new), _) if named("method.learning_rate") => {
            number(
                "method.learning_rate",
                &mut checkpoint.learning_rate,
                new.method.learning_rate,
            );
        }
        _ => {}
    }
    if let Some(version) = principles {
        checkpoint.principles = version.version;
        if !changes.iter().any(|c| c.key == "principles.file") {
            changes.push(Change {
                key: "principles.file".to_string(),
                from: String::new(),
                to: format!("edited, v{}", version.version),
            });
        }
    }
    changes
}

/// The principles that were named, as the next version, unless they are those in force.
fn new_principles(
    altered: &Altered,
    in_force: Option<&PrinciplesVersion>,
    step: u32,
) -> Result<Option<PrinciplesVersion>, ForkError> {
    let Plan::Align(experiment) = &altered.plan else {
        return Ok(None);
    };
    if !altered.named.iter().any(|key| key == "principles.file") {
        return Ok(None);
    }
    let principles = read_principles(&experiment.principles.file)?;
    Ok(match in_force {
        Some(v) if v.principles == principles => None,
        v => Some(PrinciplesVersion {
            version: v.map_or(1, |v| v.version + 1),
            from_step: step,
            principles,
        }),
    })
}

fn read_principles(file: &str) -> Result<Principles, ForkError> {
    Ok(parse_principles(&principles_source(file, None)?)?)
}

/// The checkpoint has every tensor that is trained, in its shape: the base model may have been replaced since.
fn fits(setup: &mut Prepared, checkpoint: &Checkpoint, parent: &Path) -> Result<(), ForkError> {
    let Prepared::Align(setup) = setup else { return Ok(()) };
    let mut wrong = None;
    let trained = setup.trained.clone();
    setup.policy.for_each_mut(&mut |name, p| {
        let found = checkpoint.tensors.get(name).map(|(shape, _)| shape.as_slice());
        // V of PPO begins at 0 where another method came before.
        let may_lack = name == "score.weight" && found.is_none();
        if trained.contains(name) && !may_lack && found != Some(p.dims().as_slice()) {
            wrong.get_or_insert_with(|| name.to_string());
        }
    });
    match wrong {
        None => Ok(()),
        Some(name) => Err(ForkError::Other(format!(
            "{}: its checkpoint after {} steps does not fit the policy: {name} is missing or of another shape; policy.model has \
             changed since",
            parent.display(),
            checkpoint.step
        ))),
    }
}

/// "0, 10, 20 and 40", or the ends of a long list.
fn and_list(steps: &[u32]) -> String {
    let words: Vec<String> = match steps.len() {
        0..=16 => steps.iter().map(u32::to_string).collect(),
        n => {
            let mut words: Vec<String> = steps[..8].iter().map(u32::to_string).collect();
            words.push("...".to_string());
            words.extend(steps[n - 6..].iter().map(u32::to_string));
            words
        }
    };
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// A number as it is written for people: four significant digits.
fn brief(x: f64) -> String {
    let short: f64 = format!("{x:.3e}").parse().unwrap_or(x);
    if short != 0.0 && short.abs() < 1e-3 {
        format!("{short:e}")
    } else {
        short.to_string()
    }
}
