//! Everything the training of a model needs, loaded and checked before anything is started or written.

use std::path::Path;

use super::read::read;
use super::reading::Reading;
use super::rows::FitRows;
use super::{MODEL_FOLDER, PRINCIPLES_FILE, WRITTEN_TOKENS};
use crate::config::{FitExperiment, FitName, ModelShape, Template, parse_principles};
use crate::device::{self, DeviceChoice};
use crate::model::{Model, ModelConfig, Precision, Text, Trained, initialise, with_score_head};
use crate::prompt::Prompter;
use crate::train::memory::{Demand, sentence};
use crate::train::setup::{SetupError, load_model, model_path, principles_source, whole_path};

/// A model's training that is ready to start.
pub struct FitSetup {
    pub experiment: FitExperiment,
    pub model: Model,
    pub trained: Trained,
    pub text: Text,
    /// Writes what the model is given.
    pub prompter: Prompter,
    pub rows: FitRows,
    /// What guided rows stand behind, as text.
    pub principles: Option<String>,
    pub device: burn::tensor::Device,
    pub device_name: String,
    /// How much memory it will need, in words, and whether that is more than there is.
    pub memory: (String, bool),
}

/// Loads what an experiment names. `near` is the experiment's own path, from which files are looked for; `run` is the
/// folder of a run to go on with, which has the tokenizer it began with.
pub fn prepare(
    mut experiment: FitExperiment,
    near: Option<&Path>,
    choice: DeviceChoice,
    run: Option<&Path>,
) -> Result<FitSetup, SetupError> {
    let chosen = device::choose(choice)?;
    if experiment.model.shape.is_none() {
        let start = &mut experiment.model.start;
        *start = model_path(start, near).map_err(|e| e.of_value("model.start", start))?;
    }
    let kept = run.and_then(|run| std::fs::read_to_string(run.join(PRINCIPLES_FILE)).ok());
    let (mut rows, principles) = rows_and_principles(&mut experiment, near, kept)?;
    let (body, text) = match &experiment.model.shape {
        None => load_model("model.start", &experiment.model.start, Precision::F32, &chosen.device)?,
        Some(shape) => {
            let text = match run.map(|run| run.join(MODEL_FOLDER).join("tokenizer.json")) {
                Some(path) if path.is_file() => read_tokenizer(&path)?,
                // Of a run that ended before it was written: the same rows give the same one.
                _ => learn_tokenizer(&rows, shape.vocabulary)?,
            };
            let config = new_config(&experiment, &text, shape);
            (
                initialise(config, shape.deviation, experiment.seed, &chosen.device),
                text,
            )
        }
    };
    fits(&experiment, &body.config)?;
    let prompter = prompter(&experiment, text)?;
    leave_out_long(&experiment, &mut rows, &prompter, principles.as_deref(), &body.config)?;
    let mut model = match experiment.method.name.is_reward() {
        true => with_score_head(&body, experiment.seed),
        false => body,
    };
    let trained = Trained::of(&mut model);
    let memory = sentence(
        &demand(&experiment, &rows, &prompter, principles.as_deref(), &model.config),
        chosen.available,
    );
    Ok(FitSetup {
        experiment,
        model,
        trained,
        text: prompter.text().clone(),
        prompter,
        rows,
        principles,
        device: chosen.device,
        device_name: chosen.name,
        memory,
    })
}

/// The rows of an experiment, and what guided ones stand behind; their paths become whole. `kept` are the principles of a
/// run to go on with.
pub(in crate::train) fn rows_and_principles(
    experiment: &mut FitExperiment,
    near: Option<&Path>,
    kept: Option<String>,
) -> Result<(FitRows, Option<String>), SetupError> {
    let data = &mut experiment.data;
    data.rows = whole_path(&data.rows, near).map_err(|e| e.of_value("data.rows", &data.rows))?;
    let principles = match &mut data.principles {
        None => None,
        // The file may have been edited since.
        Some(_) if kept.is_some() => kept,
        Some(name) => {
            let source = principles_source(name, near).map_err(|e| e.of_value("data.principles", name))?;
            if let Some(path) = &source.path {
                *name = std::path::absolute(path).unwrap_or(path.clone()).display().to_string();
            }
            parse_principles(&source)?.render()
        }
    };
    if let Some(test) = &mut data.test {
        *test = whole_path(test, near).map_err(|e| e.of_value("data.test", test))?;
    }
    let rows = match experiment.data.rows.strip_prefix("builtin:") {
        Some(builtin) => builtin_rows(experiment, builtin)?,
        None => read(experiment)?,
    };
    Ok((rows, principles))
}

/// The shape of a new model.
pub(in crate::train) fn new_config(experiment: &FitExperiment, text: &Text, shape: &ModelShape) -> ModelConfig {
    ModelConfig::new(text.vocabulary(), shape, experiment.data.max_tokens.max(512))
}

/// A model can be trained as an experiment wants it.
pub(in crate::train) fn fits(experiment: &FitExperiment, model: &ModelConfig) -> Result<(), SetupError> {
    let start = &experiment.model.start;
    if model.is_reward_model() && !experiment.method.name.is_reward() {
        return Err(SetupError::Other(format!(
            "model.start = \"{start}\": this is a reward model; a language model goes on from a LlamaForCausalLM"
        )));
    }
    let longest = model.max_position_embeddings;
    if experiment.data.max_tokens > longest {
        return Err(SetupError::Other(format!(
            "data.max_tokens = {}: {start} reads at most {longest} tokens",
            experiment.data.max_tokens
        )));
    }
    Ok(())
}

/// How rows are written for a model with this tokenizer.
pub(in crate::train) fn prompter(experiment: &FitExperiment, text: Text) -> Result<Prompter, SetupError> {
    let template = experiment.model.template;
    // What the model is written with must have it read as it was trained.
    let text = match template {
        Template::Plain if text.chat().is_some() => text.without_chat(),
        _ => text,
    };
    Prompter::new(&text, experiment.task, template).map_err(|source| {
        let key = "model.template";
        SetupError::Prompt { key, source }
    })
}

/// Leaves out rows whose query is too long, and looks whether those that stay can have a response.
pub(in crate::train) fn leave_out_long(
    experiment: &FitExperiment,
    rows: &mut FitRows,
    prompter: &Prompter,
    principles: Option<&str>,
    model: &ModelConfig,
) -> Result<(), SetupError> {
    let tokens = |query: &str| prompter.text().encode(query).len();
    rows.leave_out_long(&tokens, experiment.data.max_query_tokens)
        .map_err(SetupError::Other)?;
    check_room(experiment, prompter, principles, model.max_position_embeddings)
}

/// Training rows that are looked at for the longest.
const LOOKED_AT: usize = 512;

/// How much memory it will need.
pub(in crate::train) fn demand(
    experiment: &FitExperiment,
    rows: &FitRows,
    prompter: &Prompter,
    principles: Option<&str>,
    model: &ModelConfig,
) -> Demand {
    let reading = Reading::new(experiment, prompter, principles);
    let behind = principles.map_or(0, |_| prompter.prompt("", principles).len());
    let longest = rows.some_training(LOOKED_AT).into_iter().map(|row| {
        let tokens = reading.plain(&row);
        let response = tokens.response.len().max(tokens.other.map_or(0, |other| other.len()));
        tokens.prompt.len() + response
    });
    let longest = longest
        .max()
        .unwrap_or(1)
        .saturating_add(behind)
        .min(experiment.data.max_tokens.max(behind));
    Demand::of_fit(experiment, model, longest, rows.bytes())
}

/// A query of the greatest length must leave room for a response, and what a language model writes for its samples.
fn check_room(
    experiment: &FitExperiment,
    prompter: &Prompter,
    principles: Option<&str>,
    longest: usize,
) -> Result<(), SetupError> {
    if experiment.data.rows.starts_with("builtin:") {
        return Ok(());
    }
    let around = prompter.prompt("", principles).len();
    let limit = experiment.data.max_query_tokens;
    let written = if experiment.method.name.is_reward() {
        0
    } else {
        WRITTEN_TOKENS
    };
    let room = experiment.data.max_tokens.min(longest.saturating_sub(written));
    if limit + around < room {
        return Ok(());
    }
    let most = room.saturating_sub(around + 1);
    Err(SetupError::Other(format!(
        "data.max_query_tokens = {limit}: with {around} tokens of template and principles such a query leaves no room \
         for a response; lower it to {most}, or raise data.max_tokens = {}",
        experiment.data.max_tokens
    )))
}

fn builtin_rows(experiment: &FitExperiment, builtin: &str) -> Result<FitRows, SetupError> {
    let task = experiment.task;
    if builtin != task.name() {
        return Err(SetupError::Other(format!(
            "data.rows = \"{}\": the task is {task}, so its bundled rows are \"builtin:{task}\"",
            experiment.data.rows
        )));
    }
    if experiment.method.name == FitName::LanguageModel {
        return Err(SetupError::Other(
            "data.rows: the bundled language model is made by `ple assets build`; name a path to train one on it"
                .into(),
        ));
    }
    Ok(FitRows::grammar(task, experiment.seed, experiment.data.corrupted))
}

/// Rows of training text that a tokenizer is learnt from: more change little.
const TOKENIZER_ROWS: usize = 5_000;

/// The tokenizer of a new model.
pub(in crate::train) fn learn_tokenizer(rows: &FitRows, vocabulary: usize) -> Result<Text, SetupError> {
    let texts: Vec<String> = rows
        .some_training(TOKENIZER_ROWS)
        .into_iter()
        .flat_map(|r| [r.query + " " + &r.response].into_iter().chain(r.other))
        .collect();
    Text::learn(&texts, vocabulary).map_err(|e| SetupError::Other(format!("model.shape.vocabulary: {e}")))
}

fn read_tokenizer(path: &Path) -> Result<Text, SetupError> {
    let bytes = std::fs::read(path).map_err(|e| e.to_string());
    bytes
        .and_then(|bytes| Text::from_bytes(&bytes))
        .map_err(|e| SetupError::Other(format!("{}: {e}; the run cannot go on without it", path.display())))
}
