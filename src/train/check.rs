//! Everything that can be known of an experiment without starting it, and without loading weights.

use std::path::Path;

use serde::Serialize;

use super::lengths::lengths;
use super::memory::{self, Demand, Estimate, readable};
use super::setup::{Request, SetupError, model_files};
use crate::config::{Experiment, FitExperiment, Lora, Plan, Precision, Principles, find_file, load_plan, preset_of};
use crate::data::{Needs, Pool};
use crate::device;
use crate::model::{Hub, HubName, ModelConfig, ModelFiles, PeftAdapter, Skeleton, Text};
use crate::prompt::Prompter;
use crate::reward::Rules;

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    pub title: String,
    pub lines: Vec<Line>,
    /// How much memory it needs, where the policy's shape is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Estimate>,
    /// Bytes that can be had on the device, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<u64>,
    /// Responses that are sampled in one step.
    pub samples_a_step: usize,
    /// Of one checkpoint, where the policy's shape is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint_bytes: Option<u64>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// A key of the experiment, or a word.
    pub about: String,
    pub state: State,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Good,
    /// Would do, but look at it.
    Warning,
    /// Could not be checked here.
    Unknown,
    /// The run would not start.
    Wrong,
}

impl Checked {
    /// Nothing that was found would keep the run from starting.
    pub fn is_good(&self) -> bool {
        self.lines.iter().all(|line| line.state != State::Wrong)
    }

    fn say(&mut self, about: &str, state: State, text: impl Into<String>) {
        self.lines.push(Line {
            about: about.into(),
            state,
            text: text.into(),
        });
    }
}

/// What is known of a model without its weights.
struct Known {
    config: ModelConfig,
    /// Its tokenizer, if it could be read.
    text: Option<Text>,
    /// Names of its layers, and bytes of a stored number, where its weights are there.
    weights: Option<(Skeleton, f64)>,
}

impl Request {
    /// Looks at everything the experiment names. An error is one of the file itself, its keys or its `--set`.
    pub fn check(&self) -> Result<Checked, SetupError> {
        let plan = load_plan(&self.source, &self.sets)?;
        let mut checked = Checked {
            title: plan.title().to_string(),
            lines: Vec::new(),
            memory: None,
            available: None,
            samples_a_step: 0,
            checkpoint_bytes: None,
        };
        checked.say(
            "keys",
            State::Good,
            format!("{}: every key and value will do", self.source.name),
        );
        match device::choose(self.device) {
            Ok(chosen) => {
                checked.available = chosen.available;
                let room = chosen
                    .available
                    .map_or(String::new(), |b| format!(", {} free", readable(b)));
                checked.say("device", State::Good, chosen.name + &room);
            }
            Err(error) => checked.say("device", State::Wrong, error.to_string()),
        }
        match plan {
            Plan::Align(experiment) => self.check_policy(*experiment, &mut checked),
            Plan::Fit(experiment) => self.check_fit(*experiment, &mut checked),
        }
        Ok(checked)
    }

    /// A model's own training is of small models and files of rows, which are simply read.
    fn check_fit(&self, experiment: FitExperiment, checked: &mut Checked) {
        match self.prepare() {
            Ok(super::Prepared::Fit(setup)) => {
                checked.say("data.rows", State::Good, setup.rows.summary());
                let size = setup.model.config.size();
                checked.say("model", State::Good, shape(&setup.model.config));
                // Weights, their moving average and two moments.
                let bytes = size.all() as u64 * 4 * 4;
                checked.checkpoint_bytes = Some(bytes);
                checked.say("checkpoint", State::Good, format!("{} each", readable(bytes)));
            }
            Ok(super::Prepared::Align(_)) => {}
            Err(error) => {
                let absent = find_file(&experiment.data.rows, self.source.path.as_deref()).is_err()
                    && !experiment.data.rows.starts_with("builtin:");
                let state = if absent { State::Unknown } else { State::Wrong };
                checked.say("data.rows", state, error.to_string());
            }
        }
    }

    /// What `method.preset` came to: what it set, and what the file or `--set` says in its place.
    fn preset(&self) -> Option<String> {
        let (name, keys) = preset_of(&self.source, &self.sets)?;
        let (own, set): (Vec<_>, Vec<_>) = keys.iter().partition(|key| key.overridden);
        let words = |keys: &[&crate::config::PresetKey]| -> String {
            let each: Vec<String> = keys.iter().map(|k| format!("{} = {}", k.key, k.value)).collect();
            each.join(", ")
        };
        let mut text = match set.len() {
            0 => format!("{name} sets nothing: the file has all of its keys"),
            _ => format!("{name} sets {}", words(&set)),
        };
        if !own.is_empty() {
            text += &format!("; the experiment has its own in place of {}", words(&own));
        }
        Some(text)
    }

    fn check_policy(&self, experiment: Experiment, checked: &mut Checked) {
        let near = self.source.path.as_deref();
        let principles = match self.principles_of(&experiment) {
            Ok(principles) => Some(principles),
            Err(error) => {
                checked.say("principles.file", State::Wrong, error.to_string());
                None
            }
        };
        let policy = look("policy.model", &experiment.policy.model, near, checked);
        let prompter = policy.as_ref().and_then(|known| prompter(&experiment, known, checked));
        if let Some(principles) = &principles {
            say_principles(&experiment, principles, prompter.as_ref(), checked);
            self.say_schedule(&experiment, principles, checked);
        }
        check_adapter(&experiment, policy.as_ref(), near, checked);
        let pool = check_data(&experiment, prompter.as_ref(), near, checked);
        let reward = check_reward(&experiment, near, checked);
        let method = &experiment.method;
        checked.samples_a_step = method.responses_per_step().sampled as usize;
        checked.say("steps", State::Good, steps(&experiment));
        if let Some(preset) = self.preset() {
            checked.say("method.preset", State::Good, preset);
        }
        let Some(known) = &policy else {
            checked.say(
                "memory",
                State::Unknown,
                "is estimated from config.json of policy.model: that file alone will do",
            );
            return;
        };
        let room = known.config.max_position_embeddings;
        let tokens = lengths(&experiment, principles.as_ref(), prompter.as_ref(), pool.as_ref());
        let responses = experiment.generation.max_new_tokens;
        let longest = experiment.data.max_query_tokens + (tokens.guided_prompt - tokens.prompt) + responses;
        if prompter.is_some() && longest > room {
            checked.say(
                "data.max_query_tokens",
                State::Wrong,
                format!(
                    "{} tokens of query, the principles and generation.max_new_tokens are over {longest}; the policy reads \
                     {room}",
                    experiment.data.max_query_tokens
                ),
            );
        }
        let stored = |known: &Known, precision| match &known.weights {
            Some((_, bytes)) => *bytes,
            // Nobody stores a large model in f32 today.
            None if precision == Precision::Auto => 2.0,
            None => 4.0,
        };
        let demand = Demand::of(
            &experiment,
            (&known.config, stored(known, experiment.policy.dtype)),
            reward.as_ref().map(|r| (&r.config, stored(r, experiment.reward.dtype))),
            tokens,
        );
        let (mut said, short) = memory::sentence(&demand, checked.available);
        if experiment.reward.model.is_some() && reward.is_none() {
            said += ", the reward model not counted";
        }
        checked.say("memory", if short { State::Warning } else { State::Good }, said);
        checked.memory = Some(demand.estimate());
        let trained = demand.adapters.unwrap_or_else(|| known.config.size().all());
        // What is trained and its two moments.
        let bytes = trained as u64 * 4 * 3;
        checked.checkpoint_bytes = Some(bytes);
        let every = match experiment.checkpoint.every {
            0 => "at the end".to_string(),
            n => format!("every {n} steps and at the end"),
        };
        checked.say("checkpoint", State::Good, format!("{} each, {every}", readable(bytes)));
    }

    fn say_schedule(&self, experiment: &Experiment, principles: &Principles, checked: &mut Checked) {
        if experiment.schedule.is_empty() {
            return;
        }
        match self.scheduled(experiment, principles) {
            Ok(_) => {
                let entries = experiment.schedule.iter();
                let said: Vec<String> = entries.map(|e| format!("step {}: {}", e.step, e.words())).collect();
                checked.say("schedule", State::Good, said.join("; "));
            }
            Err(error) => checked.say("schedule", State::Wrong, error.to_string()),
        }
    }
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

/// Reads what there is of a model but its weights, and says what it is.
fn look(key: &'static str, name: &str, near: Option<&Path>, checked: &mut Checked) -> Option<Known> {
    let files = place(key, name, near, checked)?;
    let config = match files.config() {
        Ok((config, _)) => config,
        Err(error) => {
            checked.say(key, State::Wrong, error.to_string());
            return None;
        }
    };
    let wants_reward = key == "reward.model";
    if config.is_reward_model() != wants_reward {
        let text = match wants_reward {
            true => format!("{name}: has no score head; a reward model is a sequence classifier"),
            false => format!("{name}: is a reward model; a policy is a causal language model"),
        };
        checked.say(key, State::Wrong, text);
        return None;
    }
    if let Some(labels) = config.num_labels.filter(|n| *n != 1) {
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
fn shape(config: &ModelConfig) -> String {
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

fn prompter(experiment: &Experiment, known: &Known, checked: &mut Checked) -> Option<Prompter> {
    let text = known.text.as_ref()?;
    match Prompter::new(text, experiment.task, experiment.policy.template) {
        Ok(prompter) => {
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
            let text = format!(
                "{} tokens ({}); {how}; stops at {}",
                text.vocabulary(),
                ids.join(", "),
                stops.join(", ")
            );
            checked.say("tokenizer", State::Good, text);
            if let Some(note) = prompter.note() {
                checked.say("policy.template", State::Warning, note);
            }
            Some(prompter)
        }
        Err(error) => {
            checked.say("policy.template", State::Wrong, error.to_string());
            None
        }
    }
}

fn say_principles(
    experiment: &Experiment,
    principles: &Principles,
    prompter: Option<&Prompter>,
    checked: &mut Checked,
) {
    let on = principles.entries.iter().filter(|e| e.on).count();
    let mut text = format!(
        "{}: {on} of {} on",
        experiment.principles.file,
        principles.entries.len()
    );
    let rendered = principles.render();
    if let Some(prompter) = prompter {
        let tokens = prompter.prompt("", rendered.as_deref()).len() - prompter.prompt("", None).len();
        text += &format!(", {tokens} tokens");
    }
    match rendered {
        Some(_) => checked.say("principles.file", State::Good, text),
        None => checked.say(
            "principles.file",
            State::Warning,
            text + "; with none on, PLE has nothing to learn from",
        ),
    }
}

fn check_adapter(experiment: &Experiment, policy: Option<&Known>, near: Option<&Path>, checked: &mut Checked) {
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

fn check_data(
    experiment: &Experiment,
    prompter: Option<&Prompter>,
    near: Option<&Path>,
    checked: &mut Checked,
) -> Option<Pool> {
    let mut data = experiment.data.clone();
    if let Some(builtin) = data.queries.strip_prefix("builtin:") {
        if builtin == experiment.task.name() {
            let pool = Pool::grammar(experiment.task, experiment.seed);
            checked.say("data.queries", State::Good, pool.summary());
            return Some(pool);
        }
        let text = format!(
            "the task is {0}, so its bundled queries are \"builtin:{0}\"",
            experiment.task
        );
        checked.say("data.queries", State::Wrong, text);
        return None;
    }
    let mut absent = false;
    for (key, name) in [
        ("data.queries", Some(&mut data.queries)),
        ("data.test", data.test.as_mut()),
    ] {
        let Some(name) = name else { continue };
        match find_file(name, near) {
            Ok(found) => *name = found.display().to_string(),
            Err(_) => {
                let text = format!(
                    "{name} is not on this disk; docs/data.md says which files are read and how they come here"
                );
                checked.say(key, State::Unknown, text);
                absent = true;
            }
        }
    }
    if absent {
        return None;
    }
    let bundled = model_files("policy.model", "builtin:tiny")
        .ok()
        .and_then(|files| files.text().ok())?;
    let text = prompter.map_or(&bundled, Prompter::text);
    if prompter.is_none() {
        // Without the policy's own tokenizer nothing is known of lengths.
        data.max_query_tokens = usize::MAX;
    }
    let needs = Needs {
        held_out: if experiment.eval.every == 0 {
            0
        } else {
            experiment.eval.queries
        },
        responses: experiment.sft.steps > 0,
    };
    match Pool::read(&data, experiment.task, text, needs, experiment.seed) {
        Ok(pool) => {
            checked.say("data.queries", State::Good, pool.summary());
            if prompter.is_none() {
                let text = "queries over the limit are not known without the policy's tokenizer";
                checked.say("data.max_query_tokens", State::Unknown, text);
            }
            if experiment.sft.steps > 0 && pool.example(0).is_none() {
                let text = "no row has a response to learn from; set sft.steps = 0";
                checked.say("sft.steps", State::Wrong, text);
            }
            Some(pool)
        }
        Err(error) => {
            checked.say(error.key, State::Wrong, error.to_string());
            None
        }
    }
}

fn check_reward(experiment: &Experiment, near: Option<&Path>, checked: &mut Checked) -> Option<Known> {
    let settings = &experiment.reward;
    if let Some(name) = &settings.model {
        return look("reward.model", name, near, checked);
    }
    if let Some(url) = &settings.url {
        checked.say(
            "reward.url",
            State::Unknown,
            format!("{url} is asked once when the run starts"),
        );
        return None;
    }
    match Rules::new(experiment.task, &settings.rules) {
        Ok(_) => checked.say("reward.rules", State::Good, settings.source()),
        Err(error) => checked.say("reward.rules", State::Wrong, error.to_string()),
    }
    None
}

fn steps(experiment: &Experiment) -> String {
    let (method, sft, eval) = (&experiment.method, &experiment.sft, &experiment.eval);
    let mut text = match sft.steps {
        0 => String::new(),
        n => format!("{n} supervised updates of {} rows; ", sft.batch),
    };
    let a_step = method.responses_per_step();
    let all = a_step.all() * u64::from(method.steps);
    text += &match a_step.sampled {
        0 => format!(
            "{} steps of {} given responses, {all} in all",
            method.steps, a_step.given
        ),
        sampled => format!(
            "{} steps of {sampled} responses of at most {} tokens, {all} in all",
            method.steps, experiment.generation.max_new_tokens
        ),
    };
    if eval.every > 0 {
        text += &format!("; {} more every {} steps", 2 * eval.queries, eval.every);
    }
    text
}
