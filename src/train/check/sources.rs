//! Where queries and rewards come from, looked at before a run.

use std::path::Path;

use super::models::{Known, Wanted, look};
use super::{Checked, State};
use crate::config::{Experiment, find_file};
use crate::data::{Needs, Pool};
use crate::prompt::Prompter;
use crate::reward::Rules;
use crate::train::setup::model_files;

pub(super) fn check_data(
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

pub(super) fn check_reward(experiment: &Experiment, near: Option<&Path>, checked: &mut Checked) -> Option<Known> {
    let settings = &experiment.reward;
    if let Some(name) = &settings.model {
        let known = look("reward.model", name, Wanted::Reward, near, checked)?;
        if let Some(text) = &known.text
            && let Err(error) = Prompter::new(text, experiment.task, settings.template)
        {
            checked.say("reward.template", State::Wrong, error.to_string());
        }
        return Some(known);
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
