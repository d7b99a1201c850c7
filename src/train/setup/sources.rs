//! Where queries, rewards and DPO's pairs come from.

use super::SetupError;
use super::models::load_model;
use crate::config::{Experiment, MethodName};
use crate::data::{Needs, Pairs, Pool};
use crate::grammar::Scene;
use crate::model::Text;
use crate::prompt::Prompter;
use crate::reward::{RewardModel, RewardServer, RewardSource, Row, Rules};

pub(super) fn queries(experiment: &Experiment, text: &Text) -> Result<Pool, SetupError> {
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
    Ok(Pool::read(
        &experiment.data,
        experiment.task,
        text,
        needs(experiment),
        experiment.seed,
    )?)
}

/// What a run of this experiment takes from its files.
pub(in crate::train) fn needs(experiment: &Experiment) -> Needs {
    Needs {
        held_out: match experiment.eval.every {
            0 => 0,
            _ => experiment.eval.queries,
        },
        responses: learner(experiment).is_some(),
    }
}

/// The key whose setting learns from the responses of the data's rows, where there is one.
fn learner(experiment: &Experiment) -> Option<&'static str> {
    let method = &experiment.method;
    match () {
        () if method.name == MethodName::Sft => Some("method.name"),
        () if method.stabilise.sft.is_some() => Some("method.stabilise.sft"),
        () if experiment.sft.steps > 0 => Some("sft.steps"),
        () => None,
    }
}

/// Why a run cannot learn from the responses of its rows, if it would and there are none: the key to look at, and what is wrong.
pub(in crate::train) fn without_responses(experiment: &Experiment, pool: &Pool) -> Option<(&'static str, String)> {
    let key = learner(experiment).filter(|_| pool.example(0).is_none())?;
    let rows = &experiment.data.queries;
    let text = match key {
        "method.name" => format!("no row of {rows} has a response for SFT to learn from; take rows that have one"),
        "sft.steps" => format!("no row of {rows} has a response to learn from; set sft.steps = 0"),
        _ => format!("no row of {rows} has a response to anchor to; take rows that have one, or leave it out"),
    };
    Some((key, text))
}

/// The pairs of DPO, from their own files, from those of the queries, or from the grammar.
pub(in crate::train) fn preference_pairs(
    experiment: &Experiment,
    text: &Text,
    pool: &Pool,
) -> Result<Option<Pairs>, SetupError> {
    if experiment.method.name != MethodName::Dpo {
        return Ok(None);
    }
    let (data, own) = (&experiment.data, experiment.method.dpo().pairs);
    let (key, path) = match &own {
        Some(path) => ("method.dpo.pairs", path),
        None => ("data.queries", &data.queries),
    };
    if let Some(builtin) = path.strip_prefix("builtin:") {
        if builtin != experiment.task.name() {
            return Err(SetupError::Other(format!(
                "{key} = \"{path}\": the task is {task}, so its bundled pairs are \"builtin:{task}\"",
                task = experiment.task
            )));
        }
        return Ok(Some(Pairs::Grammar {
            task: experiment.task,
            seed: experiment.seed,
        }));
    }
    let held_out = pool.held_out(experiment.eval.queries);
    let found = Pairs::read(key, path, data, experiment.task, text, &held_out, experiment.seed)?;
    Ok(Some(found))
}

/// Why rules by truth cannot score responses to these queries, if they cannot: only the grammar's own have a truth.
pub(in crate::train) fn without_truth(experiment: &Experiment, rules: &Rules, pool: &Pool) -> Option<String> {
    if !rules.needs_truth() {
        return None;
    }
    let task = experiment.task;
    let mut used = std::iter::once(pool.query(0)).chain(pool.held_out(experiment.eval.queries));
    let unknown = used.find(|query| Scene::parse(task, query).is_none())?;
    let start: String = unknown.chars().take(60).collect();
    Some(format!(
        "a rule by truth needs queries of the {task} grammar, and {start:?} is none; take data.queries = \
         \"builtin:{task}\" or another rule"
    ))
}

/// What scores responses, tried out on one.
pub(super) fn reward_source(
    experiment: &Experiment,
    prompter: &Prompter,
    pool: &Pool,
    device: &burn::tensor::Device,
) -> Result<Box<dyn RewardSource>, SetupError> {
    let settings = &experiment.reward;
    if let Some(name) = &settings.model {
        let (model, text) = load_model("reward.model", name, settings.dtype, device)?;
        if model.score.is_none() {
            return Err(SetupError::Other(format!(
                "reward.model = \"{name}\": this model has no score head; a reward model is a \
                 sequence classifier, such as LlamaForSequenceClassification"
            )));
        }
        if let Some(labels) = model.config.num_labels.filter(|n| *n != 1) {
            return Err(SetupError::Other(format!(
                "reward.model = \"{name}\": its score head has {labels} outputs; a reward is one number (num_labels = 1)"
            )));
        }
        let prompter = Prompter::new(&text, experiment.task, settings.template).map_err(|source| {
            let key = "reward.template";
            SetupError::Prompt { key, source }
        })?;
        let batch = settings.batch;
        return Ok(Box::new(RewardModel { model, prompter, batch }));
    }
    let query = pool.query(0);
    if let Some(url) = &settings.url {
        let server = RewardServer::new(url, settings);
        let prompt = prompter.shown(&query, None);
        let row = Row {
            query: &query,
            prompt: &prompt,
            response: "ok",
            tokens: 1,
            ended: true,
        };
        server.probe(row)?;
        return Ok(Box::new(server));
    }
    let rules = Rules::new(experiment.task, &settings.rules)
        .map_err(|error| SetupError::Other(format!("reward.rules: {error}")))?;
    if let Some(what) = without_truth(experiment, &rules, pool) {
        return Err(SetupError::Other(format!("reward.rules: {what}")));
    }
    Ok(Box::new(rules))
}
