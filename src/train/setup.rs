//! Everything a run needs, loaded and checked before anything is started or written.

use std::path::Path;

use crate::assets;
use crate::config::{
    Case, ConfigError, Experiment, Lora, MethodName, Principles, Source, find_file, load_experiment, parse_principles,
};
use crate::data::{DataError, Pool};
use crate::device::{self, DeviceChoice, DeviceError};
use crate::model::{self, Llama, ModelError, ModelFiles, Text, Trained};

/// A run that is ready to start.
pub struct Setup {
    pub experiment: Experiment,
    pub principles: Principles,
    /// With its adapter, if it has one.
    pub policy: Llama,
    pub trained: Trained,
    pub text: Text,
    pub reward: Llama,
    /// The reward model's own tokenizer.
    pub reward_text: Text,
    pub pool: Pool,
    /// The case study, as many of its queries as are not too long.
    pub cases: Vec<Case>,
    /// Cases left out as too long.
    pub cases_left_out: usize,
    pub device: burn::tensor::Device,
    pub device_name: String,
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
    #[error("data.queries: {0}")]
    Data(#[from] DataError),
    #[error("{0}")]
    Other(String),
}

/// An experiment as the user named it.
#[derive(Clone, Debug)]
pub struct Request {
    pub source: Source,
    pub sets: Vec<String>,
    pub device: DeviceChoice,
}

impl Request {
    /// The experiment at a path. A bundled one is found by its path in the repository from anywhere.
    pub fn at(path: &Path, sets: Vec<String>, device: DeviceChoice) -> Result<Self, ConfigError> {
        let bundled = assets::EXPERIMENTS.iter().find(|(name, _)| Path::new(name) == path);
        let source = match bundled {
            Some((name, text)) if !path.exists() => Source {
                path: None,
                name: (*name).into(),
                text: (*text).into(),
            },
            _ => Source::read(path)?,
        };
        Ok(Self { source, sets, device })
    }

    /// Loads and checks everything.
    pub fn prepare(&self) -> Result<Setup, SetupError> {
        let experiment = self.experiment()?;
        let principles = self.principles(&experiment)?;
        prepare(experiment, principles, self.source.path.as_deref(), self.device)
    }

    /// The experiment with its settings, nothing loaded.
    pub(super) fn experiment(&self) -> Result<Experiment, ConfigError> {
        load_experiment(&self.source, &self.sets)
    }

    fn principles(&self, experiment: &Experiment) -> Result<Principles, SetupError> {
        let name = &experiment.principles.file;
        let bundled = assets::PRINCIPLES.iter().find(|(path, _)| path == name);
        let source = match (find_file(name, self.source.path.as_deref()), bundled) {
            (Ok(path), _) => Source::read(&path)?,
            (Err(_), Some((path, text))) => Source {
                path: None,
                name: (*path).into(),
                text: (*text).into(),
            },
            (Err(error), None) => return Err(error.at_key(&self.source, &self.sets, "principles.file").into()),
        };
        Ok(parse_principles(&source)?)
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
    if experiment.method.name == MethodName::Sft && experiment.sft.steps == 0 {
        return Err(SetupError::Other(
            "method.name = \"sft\" with sft.steps = 0: nothing would be learnt".into(),
        ));
    }
    for name in [
        &mut experiment.policy.model,
        &mut experiment.reward.model,
        &mut experiment.data.queries,
    ] {
        *name = whole_path(name, near)?;
    }
    let load = |key, name: &str| load_model(key, name, &chosen.device);
    let (mut policy, text) = load("policy.model", &experiment.policy.model)?;
    let (reward, reward_text) = load("reward.model", &experiment.reward.model)?;
    if policy.score.is_some() {
        return Err(SetupError::Other(format!(
            "policy.model = \"{}\": this is a reward model; a policy is a LlamaForCausalLM",
            experiment.policy.model
        )));
    }
    if reward.score.is_none() {
        return Err(SetupError::Other(format!(
            "reward.model = \"{}\": this model has no score head; a reward model is a LlamaForSequenceClassification",
            experiment.reward.model
        )));
    }
    if let Lora::Adapter(adapter) = &experiment.policy.lora {
        model::add_adapter(&mut policy, adapter.rank, adapter.alpha, experiment.seed);
    }
    let trained = Trained::of(&mut policy);
    let pool = queries(&experiment, &text)?;
    let (cases, cases_left_out) = super::cases::cases(&mut experiment, near, &text)?;
    if experiment.sft.steps > 0 && pool.example(0).is_none() {
        return Err(SetupError::Other(format!(
            "sft.steps = {}: no row of {} has a response to learn from; set sft.steps = 0",
            experiment.sft.steps, experiment.data.queries
        )));
    }
    Ok(Setup {
        experiment,
        principles,
        policy,
        trained,
        text,
        reward,
        reward_text,
        pool,
        cases,
        cases_left_out,
        device: chosen.device,
        device_name: chosen.name,
    })
}

/// The path of a file or folder from the root, so that the run can be resumed from any folder; a bundled name stays.
fn whole_path(name: &str, near: Option<&Path>) -> Result<String, ConfigError> {
    if name.starts_with("builtin:") {
        return Ok(name.to_string());
    }
    let found = find_file(name, near)?;
    Ok(std::path::absolute(&found).unwrap_or(found).display().to_string())
}

fn load_model(key: &'static str, name: &str, device: &burn::tensor::Device) -> Result<(Llama, Text), SetupError> {
    let files = match name.strip_prefix("builtin:") {
        Some(builtin) => assets::builtin_model(builtin).ok_or_else(|| SetupError::NoBuiltin {
            key,
            found: name.to_string(),
            known: assets::builtin_names()
                .iter()
                .map(|n| format!("builtin:{n}"))
                .collect::<Vec<_>>()
                .join(", "),
        })?,
        None => ModelFiles::read(Path::new(name)).map_err(|source| SetupError::Model { key, source })?,
    };
    model::load(&files, device).map_err(|source| SetupError::Model { key, source })
}

fn queries(experiment: &Experiment, text: &Text) -> Result<Pool, SetupError> {
    let name = &experiment.data.queries;
    if let Some(builtin) = name.strip_prefix("builtin:") {
        if builtin != experiment.task.name() {
            return Err(SetupError::Other(format!(
                "data.queries = \"{name}\": the task is {task}, so its bundled queries are \"builtin:{task}\"",
                task = experiment.task
            )));
        }
        return Ok(Pool::grammar(experiment.task, experiment.seed));
    }
    let held_out = experiment.eval.queries;
    let (limit, seed) = (experiment.data.max_query_tokens, experiment.seed);
    Ok(Pool::read(
        Path::new(name),
        experiment.task,
        text,
        limit,
        held_out,
        seed,
    )?)
}
