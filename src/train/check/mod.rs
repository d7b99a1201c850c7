//! Everything that can be known of an experiment without starting it, and without loading weights.

mod fit;
mod models;
mod sources;

use serde::Serialize;

use super::lengths::lengths;
use super::memory::{self, Demand, Estimate, readable};
use super::setup::{Request, SetupError};
use crate::config::{Experiment, Plan, Precision, Principles, load_plan, preset_of, unusual};
use crate::device;
use crate::prompt::Prompter;
use models::{Known, Wanted, check_adapter, look, prompter};
use sources::{check_cases, check_data, check_reward};

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
        for (key, message) in unusual(&plan) {
            checked.say(key, State::Warning, message);
        }
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
        let policy = look("policy.model", &experiment.policy.model, Wanted::Policy, near, checked);
        let prompter = policy.as_ref().and_then(|known| prompter(&experiment, known, checked));
        if let Some(principles) = &principles {
            say_principles(&experiment, principles, prompter.as_ref(), checked);
            self.say_schedule(&experiment, principles, checked);
        }
        check_adapter(&experiment, policy.as_ref(), near, checked);
        let pool = check_data(&experiment, prompter.as_ref(), near, checked);
        check_cases(&experiment, prompter.as_ref(), near, checked);
        let reward = check_reward(&experiment, pool.as_ref(), near, checked);
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
