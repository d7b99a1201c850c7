//! The models of an experiment, looked at without their weights.

use std::path::Path;

use super::{Checked, State};
use crate::config::{Experiment, Lora, find_file};
use crate::model::{Hub, HubName, ModelConfig, ModelFiles, PeftAdapter, Skeleton, Text};
use crate::prompt::Prompter;
use crate::train::memory::readable;
use crate::train::setup::model_files;

/// What is known of a model without its weights.
pub(super) struct Known {
    pub config: ModelConfig,
    /// Its tokenizer, if it could be read.
    pub text: Option<Text>,
    /// Names of its layers, and bytes of a stored number, where its weights are there.
    pub weights: Option<(Skeleton, f64)>,
}

/// Where a model is that an experiment names, or `None`, said with the command that would fetch it.
fn place(key: &'static str, name: &str, near: Option<&Path>, checked: &mut Checked) -> Option<ModelFiles> {
    if name.starts_with("builtin:") {
        return match model_files(key, name) {
            Ok(files) => Some(files),
            Err(error) => {
                checked.say(key, State::Wrong, error.to_string());
                None
            }
        };
    }
    if let Ok(found) = find_file(name, near) {
        return match found.is_dir() {
            true => Some(ModelFiles::Folder(found)),
            false => {
                checked.say(
                    key,
                    State::Wrong,
                    format!("{}: is a file; a model is a folder", found.display()),
                );
                None
            }
        };
    }
    let hub_name = HubName::parse(name);
    let kept = hub_name
        .as_ref()
        .and_then(|hub_name| Hub::from_environment().ok()?.kept(hub_name));
    if let Some(folder) = kept {
        return Some(ModelFiles::Folder(folder));
    }
    let text = match hub_name {
        Some(hub_name) => format!(
            "{name} is not on this disk: it is fetched when the run starts, or now with `{}`. Its shape, its tokenizer and \
             its weights could not be checked",
            hub_name.command()
        ),
        None => format!("{name}: there is no such folder; put the model there, or correct the path"),
    };
    checked.say(key, State::Unknown, text);
    None
}

/// What kind of model an experiment wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Policy,
    Reward,
    /// A body, whatever head it has.
    Any,
}

/// Reads what there is of a model but its weights, and says what it is.
pub(super) fn look(
    key: &'static str,
    name: &str,
    wanted: Wanted,
    near: Option<&Path>,
    checked: &mut Checked,
) -> Option<Known> {
    let files = place(key, name, near, checked)?;
    let config = match files.config() {
        Ok((config, _)) => config,
        Err(error) => {
            checked.say(key, State::Wrong, error.to_string());
            return None;
        }
    };
    let other = match (wanted, config.is_reward_model()) {
        (Wanted::Policy, true) => Some("is a reward model; a policy is a causal language model"),
        (Wanted::Reward, false) => Some("has no score head; a reward model is a sequence classifier"),
        _ => None,
    };
    if let Some(other) = other {
        checked.say(key, State::Wrong, format!("{name}: {other}"));
        return None;
    }
    if let Some(labels) = config.num_labels.filter(|n| *n != 1 && wanted == Wanted::Reward) {
        checked.say(
            key,
            State::Wrong,
            format!("{name}: its score head has {labels} outputs; a reward is one number"),
        );
    }
    checked.say(key, State::Good, format!("{name}: {}", shape(&config)));
    let text = match files.text() {
        Ok(text) => Some(text),
        Err(error) => {
            checked.say(key, State::Wrong, error.to_string());
            None
        }
    };
    let weights = match Skeleton::read(&files) {
        Ok(Some(skeleton)) => {
            let bytes = skeleton.bytes as f64 / skeleton.numbers.max(1) as f64;
            let told = format!(
                "weights: {}, every parameter there and of the right shape",
                readable(skeleton.bytes as u64)
            );
            checked.say(key, State::Good, told);
            Some((skeleton, bytes))
        }
        Ok(None) => {
            let text = format!("{name}: its weights (model.safetensors, or an index and shards) are not there");
            checked.say(key, State::Unknown, text);
            None
        }
        Err(error) => {
            checked.say(key, State::Wrong, error.to_string());
            None
        }
    };
    Some(Known { config, text, weights })
}

/// "Llama, 32 layers of 4096, 128256 tokens, 8.0 B parameters, reads 8192 tokens".
pub(super) fn shape(config: &ModelConfig) -> String {
    let n = config.size().all() as f64;
    let parameters = match n {
        n if n >= 1e9 => format!("{:.1} B", n / 1e9),
        n if n >= 1e6 => format!("{:.1} M", n / 1e6),
        n => format!("{n}"),
    };
    format!(
        "{:?}, {} layers of {}, {} tokens, {parameters} parameters, reads {} tokens",
        config.architecture,
        config.num_hidden_layers,
        config.hidden_size,
        config.vocab_size,
        config.max_position_embeddings
    )
}

pub(super) fn prompter(experiment: &Experiment, known: &Known, checked: &mut Checked) -> Option<Prompter> {
    let text = known.text.as_ref()?;
    match Prompter::new(text, experiment.task, experiment.policy.template) {
        Ok(prompter) => {
            say_tokenizer(&prompter, "policy.template", checked);
            Some(prompter)
        }
        Err(error) => {
            checked.say("policy.template", State::Wrong, error.to_string());
            None
        }
    }
}

/// The tokenizer and how the model is asked; `key` is what decides on that.
pub(super) fn say_tokenizer(prompter: &Prompter, key: &str, checked: &mut Checked) {
    let text = prompter.text();
    let special = text.special();
    let names = [("bos", special.bos), ("eos", special.end), ("pad", special.pad)];
    let ids: Vec<String> = names
        .iter()
        .filter_map(|(n, id)| Some(format!("{n} {}", (*id)?)))
        .collect();
    let how = match prompter.is_chat() {
        true => "asked by the model's chat template",
        false => "asked in the task's plain words",
    };
    let stops: Vec<String> = prompter.stops().iter().map(u32::to_string).collect();
    let said = format!(
        "{} tokens ({}); {how}; stops at {}",
        text.vocabulary(),
        ids.join(", "),
        stops.join(", ")
    );
    checked.say("tokenizer", State::Good, said);
    if let Some(note) = prompter.note() {
        checked.say(key, State::Warning, note);
    }
}

pub(super) fn check_adapter(
    experiment: &Experiment,
    policy: Option<&Known>,
    near: Option<&Path>,
    checked: &mut Checked,
) {
    let Lora::Adapter(lora) = &experiment.policy.lora else {
        return;
    };
    if let Some(name) = &experiment.policy.adapter {
        match find_file(name, near) {
            Err(_) => checked.say(
                "policy.adapter",
                State::Unknown,
                format!("{name}: there is no such folder"),
            ),
            Ok(folder) => match PeftAdapter::read(&folder) {
                Ok(adapter) => checked.say("policy.adapter", State::Good, format!("{name}: {}", adapter.summary())),
                Err(error) => checked.say("policy.adapter", State::Wrong, error.to_string()),
            },
        }
        return;
    }
    if let Some((skeleton, _)) = policy.and_then(|known| known.weights.as_ref())
        && let Err(error) = skeleton.check_targets(&lora.targets)
    {
        checked.say("policy.lora.targets", State::Wrong, error);
    }
}
