//! The models that an experiment names: where their files are, and the policy with its adapter.

use std::path::{Path, PathBuf};

use burn::tensor::Tensor;

use super::SetupError;
use crate::assets;
use crate::config::{Experiment, Lora, LoraAdapter, MethodName};
use crate::model::{self, Hub, HubName, Model, ModelFiles, PeftAdapter, Precision, Skeleton, Text, Trained};
use crate::prompt::Prompter;
use crate::train::memory::readable;

/// The policy that an experiment begins with, its tokenizer, and what of it is trained. Paths are whole already.
pub(in crate::train) fn load_policy(
    experiment: &mut Experiment,
    device: &burn::tensor::Device,
) -> Result<(Model, Text, Trained), SetupError> {
    let (mut policy, text) = load_model(
        "policy.model",
        &experiment.policy.model,
        experiment.policy.dtype,
        device,
    )?;
    if policy.score.is_some() {
        return Err(SetupError::Other(format!(
            "policy.model = \"{}\": this is a reward model; a policy is a causal language model, such as \
             LlamaForCausalLM",
            experiment.policy.model
        )));
    }
    let mut trained = put_adapter(experiment, &mut policy)?;
    if experiment.method.name == MethodName::Ppo {
        // The value head V begins as 0 everywhere.
        policy.score = Some(Tensor::zeros([policy.config.hidden_size, 1], device));
        trained.add("score.weight");
    }
    Ok((policy, text, trained))
}

/// Refuses models that cannot be held at all before they are read: on a machine without room the system ends a program, and
/// nothing is said.
pub(super) fn room_for_weights(experiment: &Experiment, available: Option<u64>) -> Result<(), SetupError> {
    let Some(room) = available else { return Ok(()) };
    let policy = &experiment.policy;
    let of_policy = |precision| weight_bytes("policy.model", &policy.model, precision);
    let of_reward = match &experiment.reward.model {
        Some(name) => weight_bytes("reward.model", name, experiment.reward.dtype)?,
        None => 0,
    };
    let needed = of_policy(policy.dtype)? + of_reward;
    if needed <= room {
        return Ok(());
    }
    let halved = of_policy(Precision::BF16)? + of_reward;
    let instead = match policy.lora {
        Lora::Adapter(_) if halved < needed => {
            format!("; 'policy.dtype = \"bf16\"' needs {}", readable(halved))
        }
        _ => String::new(),
    };
    Err(SetupError::Other(format!(
        "policy.model = \"{}\": the weights alone{} need {} of {}{instead}",
        policy.model,
        if of_reward > 0 {
            ", with the reward model's,"
        } else {
            ""
        },
        readable(needed),
        readable(room),
    )))
}

/// Bytes of a model's weights as they will be kept, by its `config.json`.
fn weight_bytes(key: &'static str, name: &str, precision: Precision) -> Result<u64, SetupError> {
    let wrong = |source| SetupError::Model { key, source };
    let files = model_files(key, name)?;
    let (config, _) = files.config().map_err(wrong)?;
    let numbers = config.size().all() as u64;
    Ok(match precision {
        Precision::F32 => numbers * 4,
        Precision::F16 | Precision::BF16 => numbers * 2,
        Precision::Auto => match Skeleton::read(&files).map_err(wrong)? {
            Some(skeleton) => skeleton.bytes as u64,
            None => numbers * 2,
        },
    })
}

/// Gives the policy the adapter that the experiment names, and says what is trained and how.
fn put_adapter(experiment: &mut Experiment, policy: &mut Model) -> Result<Trained, SetupError> {
    let mut dropout = 0.0;
    if let Lora::Adapter(settings) = &mut experiment.policy.lora {
        if let Some(folder) = &experiment.policy.adapter {
            let key = "policy.adapter";
            let wrong = |source| SetupError::Model { key, source };
            let saved = PeftAdapter::read(Path::new(folder)).map_err(wrong)?;
            let found = saved.put(policy).map_err(wrong)?;
            // How much is left out while training is not the adapter's to say.
            let same = |dropout| LoraAdapter {
                dropout,
                ..found.clone()
            };
            if *settings == LoraAdapter::default() {
                *settings = found;
            } else if *settings != same(settings.dropout) {
                return Err(SetupError::Other(format!(
                    "policy.lora: the adapter {folder} has rank {}, alpha {} and targets {}; leave policy.lora out, or say \
                     the same",
                    found.rank,
                    found.alpha,
                    serde_json::to_string(&found.targets).unwrap_or_default()
                )));
            }
        } else {
            let wrong = |what| SetupError::Other(format!("policy.lora.targets: {what}"));
            model::adapt(policy, settings, experiment.seed).map_err(wrong)?;
        }
        dropout = settings.dropout;
    }
    let mut trained = Trained::of(policy);
    trained.checkpointing = experiment.policy.checkpointing;
    trained.micro_batch = experiment.method.micro_batch;
    trained.dropout = (dropout > 0.0).then_some((dropout, experiment.seed));
    Ok(trained)
}

/// The bundled models that do under a key: a policy writes, a reward model scores, and either begins a model's training.
fn fitting_models(key: &str) -> Vec<String> {
    let fits = |name: &&'static str| {
        let scores = assets::builtin_model(name)
            .and_then(|files| files.config().ok())
            .is_some_and(|(config, _)| config.is_reward_model());
        match key {
            "policy.model" => !scores,
            "reward.model" => scores,
            _ => true,
        }
    };
    let names = assets::builtin_names().into_iter().filter(fits);
    names.map(|name| format!("builtin:{name}")).collect()
}

/// Where the files of a model are that an experiment names under `key`.
pub(in crate::train) fn model_files(key: &'static str, name: &str) -> Result<ModelFiles, SetupError> {
    match name.strip_prefix("builtin:") {
        Some(builtin) => assets::builtin_model(builtin).ok_or_else(|| SetupError::NoBuiltin {
            key,
            found: name.to_string(),
            known: fitting_models(key).join(", "),
        }),
        None => Ok(ModelFiles::Folder(model_folder(key, name)?)),
    }
}

/// The folder of a model that is not bundled, fetched if it is one of the hub's that is not here.
fn model_folder(key: &'static str, name: &str) -> Result<PathBuf, SetupError> {
    match HubName::parse(name) {
        Some(hub_name) if !Path::new(name).exists() => {
            let folder = Hub::from_environment().and_then(|hub| hub.folder(&hub_name));
            folder.map_err(|source| SetupError::Hub { key, source })
        }
        _ => Ok(name.into()),
    }
}

pub(in crate::train) fn load_model(
    key: &'static str,
    name: &str,
    precision: Precision,
    device: &burn::tensor::Device,
) -> Result<(Model, Text), SetupError> {
    let files = model_files(key, name)?;
    model::load(&files, precision, device).map_err(|source| SetupError::Model { key, source })
}

/// How the policy of an experiment is prompted, without its weights.
pub fn policy_prompter(experiment: &Experiment) -> Result<Prompter, SetupError> {
    let key = "policy.model";
    let files = model_files(key, &experiment.policy.model)?;
    let text = files.text().map_err(|source| SetupError::Model { key, source })?;
    prompter(&text, experiment)
}

pub(super) fn prompter(text: &Text, experiment: &Experiment) -> Result<Prompter, SetupError> {
    Prompter::new(text, experiment.task, experiment.policy.template).map_err(|source| {
        let key = "policy.template";
        SetupError::Prompt { key, source }
    })
}
