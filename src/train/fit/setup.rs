//! Everything the training of a model needs, loaded and checked before anything is started or written.

use std::path::Path;

use super::read::read;
use super::rows::FitRows;
use super::{MODEL_FOLDER, PRINCIPLES_FILE, WRITTEN_TOKENS};
use crate::config::{FitExperiment, FitName, Template, parse_principles};
use crate::device::{self, DeviceChoice};
use crate::model::{Model, ModelConfig, Precision, Text, Trained, initialise, with_score_head};
use crate::prompt::Prompter;
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
    experiment.data.rows = whole_path(&experiment.data.rows, near)?;
    if experiment.model.shape.is_none() {
        experiment.model.start = model_path(&experiment.model.start, near)?;
    }
    let kept = run.and_then(|run| std::fs::read_to_string(run.join(PRINCIPLES_FILE)).ok());
    let principles = match &mut experiment.data.principles {
        None => None,
        // The file may have been edited since.
        Some(_) if kept.is_some() => kept,
        Some(name) => {
            let source = principles_source(name, near)?;
            if let Some(path) = &source.path {
                *name = std::path::absolute(path).unwrap_or(path.clone()).display().to_string();
            }
            parse_principles(&source)?.render()
        }
    };
    let method = experiment.method.name;
    if let Some(test) = &mut experiment.data.test {
        *test = whole_path(test, near)?;
    }
    let mut rows = match experiment.data.rows.strip_prefix("builtin:") {
        Some(builtin) => builtin_rows(&experiment, builtin)?,
        None => read(&experiment)?,
    };
    let (body, text) = match &experiment.model.shape {
        None => load_model("model.start", &experiment.model.start, Precision::F32, &chosen.device)?,
        Some(shape) => {
            let text = match run.map(|run| run.join(MODEL_FOLDER).join("tokenizer.json")) {
                Some(path) if path.is_file() => read_tokenizer(&path)?,
                // Of a run that ended before it was written: the same rows give the same one.
                _ => learn_tokenizer(&rows, shape.vocabulary)?,
            };
            let config = ModelConfig::new(text.vocabulary(), shape, experiment.data.max_tokens.max(512));
            (
                initialise(config, shape.deviation, experiment.seed, &chosen.device),
                text,
            )
        }
    };
    rows.leave_out_long(&|query| text.encode(query).len(), experiment.data.max_query_tokens)
        .map_err(SetupError::Other)?;
    let mut model = if method.is_reward() {
        with_score_head(&body, experiment.seed)
    } else if body.score.is_some() {
        return Err(SetupError::Other(format!(
            "model.start = \"{}\": this is a reward model; a language model goes on from a LlamaForCausalLM",
            experiment.model.start
        )));
    } else {
        body
    };
    let longest = model.config.max_position_embeddings;
    if experiment.data.max_tokens > longest {
        return Err(SetupError::Other(format!(
            "data.max_tokens = {}: {} reads at most {longest} tokens",
            experiment.data.max_tokens, experiment.model.start
        )));
    }
    // What the model is written with must have it read as it was trained.
    let text = match experiment.model.template {
        Template::Plain if text.chat().is_some() => text.without_chat(),
        _ => text,
    };
    let prompter = Prompter::new(&text, experiment.task, experiment.model.template).map_err(|source| {
        let key = "model.template";
        SetupError::Prompt { key, source }
    })?;
    check_room(&experiment, &prompter, principles.as_deref(), longest)?;
    let trained = Trained::of(&mut model);
    Ok(FitSetup {
        experiment,
        model,
        trained,
        text,
        prompter,
        rows,
        principles,
        device: chosen.device,
        device_name: chosen.name,
    })
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

fn learn_tokenizer(rows: &FitRows, vocabulary: usize) -> Result<Text, SetupError> {
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
