//! Where queries and rewards come from, looked at before a run.

use std::path::Path;

use super::models::{Known, Wanted, look};
use super::{Checked, State};
use crate::config::{DataSettings, Experiment, find_file};
use crate::data::Pool;
use crate::model::Text;
use crate::prompt::Prompter;
use crate::reward::Rules;
use crate::train::cases::cases;
use crate::train::setup::{model_files, needs, preference_pairs, without_responses, without_truth};

/// The queries, and what is learnt from beside them.
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
            if let Some(text) = prompter.map(Prompter::text) {
                check_pairs(experiment, &data, text, &pool, near, checked);
            }
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
    match Pool::read(&data, experiment.task, text, needs(experiment), experiment.seed) {
        Ok(pool) => {
            checked.say("data.queries", State::Good, pool.summary());
            if prompter.is_none() {
                let text = "queries over the limit are not known without the policy's tokenizer";
                checked.say("data.max_query_tokens", State::Unknown, text);
            }
            if let Some((key, what)) = without_responses(experiment, &pool) {
                checked.say(key, State::Wrong, what);
            }
            check_pairs(experiment, &data, text, &pool, near, checked);
            Some(pool)
        }
        Err(error) => {
            checked.say(error.key, State::Wrong, error.to_string());
            None
        }
    }
}

/// The pairs that DPO learns from: of their own files, or those of the queries, whose paths in `data` are found already.
fn check_pairs(
    experiment: &Experiment,
    data: &DataSettings,
    text: &Text,
    pool: &Pool,
    near: Option<&Path>,
    checked: &mut Checked,
) {
    let mut found = experiment.clone();
    found.data = data.clone();
    let own = found.method.dpo.as_mut().and_then(|dpo| dpo.pairs.as_mut());
    let key = if own.is_some() {
        "method.dpo.pairs"
    } else {
        "data.queries"
    };
    if let Some(name) = own.filter(|name| !name.starts_with("builtin:")) {
        match find_file(name, near) {
            Ok(path) => *name = path.display().to_string(),
            Err(_) => return checked.say(key, State::Unknown, format!("{name} is not on this disk")),
        }
    }
    match preference_pairs(&found, text, pool) {
        Ok(None) => {}
        Ok(Some(pairs)) => checked.say(key, State::Good, pairs.summary()),
        Err(error) => checked.say(key, State::Wrong, error.to_string()),
    }
}

/// The case study, as far as the policy's tokenizer is known.
pub(super) fn check_cases(
    experiment: &Experiment,
    prompter: Option<&Prompter>,
    near: Option<&Path>,
    checked: &mut Checked,
) {
    let Some(prompter) = prompter else { return };
    match cases(&mut experiment.clone(), near, prompter.text()) {
        Ok((cases, 0)) => checked.say("eval.cases", State::Good, format!("{} queries", cases.len())),
        Ok((cases, out)) => {
            let text = format!("{} queries, {out} of them too long", cases.len() + out);
            checked.say("eval.cases", State::Warning, text);
        }
        Err(error) => checked.say("eval.cases", State::Wrong, error.to_string()),
    }
}

/// What scores responses. A reward model is returned with what is known of it.
pub(super) fn check_reward(
    experiment: &Experiment,
    pool: Option<&Pool>,
    near: Option<&Path>,
    checked: &mut Checked,
) -> Option<Known> {
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
        Ok(rules) => match pool.and_then(|pool| without_truth(experiment, &rules, pool)) {
            Some(what) => checked.say("reward.rules", State::Wrong, what),
            None => checked.say("reward.rules", State::Good, settings.source()),
        },
        Err(error) => checked.say("reward.rules", State::Wrong, error.to_string()),
    }
    None
}
