//! Reading the two files.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::check::{check, subject};
use super::error::{ConfigError, Problem};
use super::experiment::{Experiment, Precision};
use super::find::{list_names, near_name};
use super::fit::{FitExperiment, FitName, KeepWeights, Plan};
use super::key::Key;
use super::lora::Lora;
use super::method::MethodSettings;
use super::methods::{AdaptiveKl, MethodName, RaftKeep};
use super::overrides;
use super::presets;
use super::principles::Principles;
use super::reward_check::check_reward;
use super::schedule::check_schedule;
use super::schema;
use super::stabilise::StabiliseSettings;
use super::tree::{self, Node, Place, Value};

/// Settings are short; something this long is a model or a data set given by mistake.
const LONGEST: u64 = 4 << 20;

/// The text of a file and what to call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// `None`: bundled with the program.
    pub path: Option<PathBuf>,
    /// What messages call it.
    pub name: String,
    pub text: String,
}

impl Source {
    /// Reads a file. What is not there or is no text is an error that names what is near.
    pub fn read(path: &Path) -> Result<Source, ConfigError> {
        let name = path.display().to_string();
        let unreadable = |message: String| ConfigError::one(None, name.clone(), message);
        if path.is_dir() {
            return Err(unreadable(format!("is a folder, wants a file{}", among(path))));
        }
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes));
        match read {
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(unreadable(not_there(path))),
            Err(e) => return Err(unreadable(format!("cannot be read: {e}"))),
        }
        if bytes.len() as u64 > LONGEST {
            return Err(unreadable(
                "is longer than 4 MiB: no settings file is; was another file meant?".into(),
            ));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Source {
                path: Some(path.to_path_buf()),
                name,
                text,
            }),
            Err(e) => {
                let line = 1 + e.as_bytes()[..e.utf8_error().valid_up_to()]
                    .iter()
                    .filter(|b| **b == b'\n')
                    .count();
                Err(ConfigError::one(
                    Some(line),
                    format!("{name}:{line}"),
                    "not UTF-8 text; save the file as UTF-8",
                ))
            }
        }
    }
}

fn not_there(path: &Path) -> String {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return format!("no such file, and no folder {}", folder.display());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let others = among(folder);
    match near_name(&name, list_names(folder).iter().map(String::as_str)) {
        Some(near) => format!("no such file; did you mean '{near}'?{}", others.trim_start_matches(';')),
        None => format!("no such file{others}"),
    }
}

/// "; TOML files in experiments: hh.toml, imdb.toml"
fn among(folder: &Path) -> String {
    let names: Vec<String> = list_names(folder)
        .into_iter()
        .filter(|n| n.ends_with(".toml"))
        .take(12)
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("; TOML files in {}: {}", folder.display(), names.join(", "))
    }
}

/// Reads an experiment, puts `--set key=value` over it (dotted keys; a TOML value, or else the bare text) and checks
/// the whole.
pub fn load_experiment(source: &Source, sets: &[String]) -> Result<Experiment, ConfigError> {
    let mut root = parse(source)?;
    overrides::apply(&mut root, sets)?;
    let from_file = root.clone();
    presets::apply(source, &mut root)?;
    let mut experiment: Experiment = typed(source, schema::EXPERIMENT, &root)?;
    check_together(source, &from_file, &experiment)?;
    experiment.method.spell_out();
    Ok(experiment)
}

/// Reads either kind of experiment, which `method.name` tells apart, and puts `--set key=value` over it.
pub fn load_plan(source: &Source, sets: &[String]) -> Result<Plan, ConfigError> {
    let mut root = parse(source)?;
    overrides::apply(&mut root, sets)?;
    let name = root.find("method.name").map(|node| &node.value);
    if !matches!(name, Some(Value::Text(name)) if schema::FIT_METHODS.contains(&name.as_str())) {
        return load_experiment(source, sets).map(|e| Plan::Align(Box::new(e)));
    }
    let fit: FitExperiment = typed(source, schema::FIT, &root)?;
    check_fit(source, &root, &fit)?;
    Ok(Plan::Fit(Box::new(fit)))
}

/// Reads a principles file.
pub fn parse_principles(source: &Source) -> Result<Principles, ConfigError> {
    let root = parse(source)?;
    let principles = typed(source, schema::PRINCIPLES, &root)?;
    check_names(source, &root)?;
    Ok(principles)
}

pub(super) fn parse(source: &Source) -> Result<Node, ConfigError> {
    tree::parse(&source.text).map_err(|(line, message)| {
        let written = line
            .and_then(|n| source.text.lines().nth(n - 1))
            .map(str::trim)
            .unwrap_or_default();
        let subject = match line {
            Some(line) => format!("{}:{line}: {}", source.name, tree::shorten(written)),
            None => source.name.clone(),
        };
        ConfigError::one(line, subject, format!("not TOML: {message}"))
    })
}

pub(super) fn typed<T: DeserializeOwned>(source: &Source, keys: &'static [Key], root: &Node) -> Result<T, ConfigError> {
    check(&source.name, keys, root, source.text.lines().count().max(1))?;
    // Nothing is left for serde to refuse, unless the list of keys and the types have come apart.
    T::deserialize(root.to_json()).map_err(|e| ConfigError::one(None, source.name.clone(), e.to_string()))
}

pub(super) fn wrong_key(source: &Source, root: &Node, key: &str, message: String) -> Result<(), ConfigError> {
    let node = root.find(key);
    let place = node.map_or(Place::Line(1), |node| node.place.clone());
    let (line, subject) = subject(&source.name, key, node, &place);
    Err(ConfigError::one(line, subject, message))
}

const BUILTIN_HOLDS_OUT: &str = "the bundled grammars hold out a fifth by themselves; leave it out";

/// What two keys of a model's training together rule out.
fn check_fit(source: &Source, root: &Node, fit: &FitExperiment) -> Result<(), ConfigError> {
    let wrong = |key: &str, message: String| wrong_key(source, root, key, message);
    match (&fit.model.shape, fit.model.start == "new") {
        (None, true) => {
            let shape = "{ vocabulary = 4096, hidden = 128, intermediate = 344, layers = 2, heads = 4 }";
            return wrong("model.start", format!("a new model needs a shape; add shape = {shape}"));
        }
        (Some(_), false) => {
            return wrong(
                "model.shape",
                "only a new model has a shape to choose; leave it out".into(),
            );
        }
        (Some(shape), true) if !shape.hidden.is_multiple_of(2 * shape.heads) => {
            let message = format!(
                "hidden = {} over {} heads; each head needs an even width",
                shape.hidden, shape.heads
            );
            return wrong("model.shape.heads", message);
        }
        _ => {}
    }
    if fit.data.test.is_some() && fit.data.rows.starts_with("builtin:") {
        return wrong("data.test", BUILTIN_HOLDS_OUT.into());
    }
    if fit.data.held_out + fit.data.validation >= 0.9 {
        let message = "with data.held_out too little is left to train on; both together must be under 0.9";
        return wrong("data.validation", message.into());
    }
    if fit.eval.keep == KeepWeights::Best && fit.data.validation == 0.0 && !fit.data.rows.starts_with("builtin:") {
        let message = "without validation rows the best weights cannot be told; set eval.keep = \"last\"";
        return wrong("data.validation", message.into());
    }
    if fit.method.label_smoothing > 0.0 && fit.method.name != FitName::Classifier {
        let message = "only a classifier has labels to smooth; leave it out";
        return wrong("method.label_smoothing", message.into());
    }
    if fit.data.corrupted > 0.0 && fit.method.name == FitName::LanguageModel {
        return wrong(
            "data.corrupted",
            "a language model would learn the broken text; leave it out".into(),
        );
    }
    if fit.data.guided > 0.0 && fit.method.name != FitName::LanguageModel {
        return wrong(
            "data.guided",
            "a reward model never sees the principles; leave it out".into(),
        );
    }
    if fit.data.guided > 0.0 && fit.data.principles.is_none() {
        return wrong(
            "data.guided",
            "needs the principles; add principles = \"principles/imdb.toml\" to [data]".into(),
        );
    }
    if fit.method.name == FitName::Classifier
        && fit.task != crate::grammar::Task::Imdb
        && fit.data.rows.starts_with("builtin:")
    {
        return wrong(
            "method.name",
            "the bundled hh and tldr rows are pairs; use \"bradley-terry\"".into(),
        );
    }
    if fit.method.name == FitName::BradleyTerry
        && fit.task == crate::grammar::Task::Imdb
        && fit.data.rows.starts_with("builtin:")
    {
        return wrong(
            "method.name",
            "the bundled imdb rows have labels; use \"classifier\"".into(),
        );
    }
    Ok(())
}

/// What two keys together rule out.
fn check_together(source: &Source, root: &Node, experiment: &Experiment) -> Result<(), ConfigError> {
    let wrong = |key: &str, message: String| wrong_key(source, root, key, message);
    let method = &experiment.method;
    check_method(source, root, experiment)?;
    if method.name == MethodName::Ple && !method.rank && !method.weighted_sft {
        let message = "method.rank is false too, so that nothing would be learnt; set one of the two to true";
        return wrong("method.weighted_sft", message.into());
    }
    let policy = &experiment.policy;
    if let Lora::Off(_) = policy.lora {
        if policy.dtype != Precision::F32 {
            let message = "every weight is trained (lora = \"none\"), and what is trained is kept in f32; set \"f32\", or \
                           train an adapter";
            return wrong("policy.dtype", message.into());
        }
        if policy.adapter.is_some() {
            let message = "policy.lora = \"none\" trains every weight; leave one of the two out";
            return wrong("policy.adapter", message.into());
        }
    }
    let eval = &experiment.eval;
    if eval.every > 0 && eval.queries == 0 {
        let every = eval.every;
        return wrong(
            "eval.queries",
            format!("must be 1 or more, since eval.every is {every}; every = 0 never evaluates"),
        );
    }
    let data = &experiment.data;
    if data.test.is_some() && data.queries.starts_with("builtin:") {
        return wrong("data.test", BUILTIN_HOLDS_OUT.into());
    }
    if eval.every > 0 && data.held_out == 0.0 && data.test.is_none() && !data.queries.starts_with("builtin:") {
        let message = "holds nothing out to evaluate on; set data.test, or eval.every = 0, which never evaluates";
        return wrong("data.held_out", message.into());
    }
    check_schedule(source, root, experiment)?;
    check_reward(source, root, &experiment.reward)
}

/// A key of `[method]` that its method has no use for was meant for another.
fn check_method(source: &Source, root: &Node, experiment: &Experiment) -> Result<(), ConfigError> {
    let method = &experiment.method;
    let name = method.name;
    let given = |key: &str| root.find(&format!("method.{key}")).is_some();
    let wrong = |key: &str, message: String| wrong_key(source, root, &format!("method.{key}"), message);
    for other in ["dpo", "ppo", "raft"] {
        if other != name.word() && given(other) {
            let title = other.to_uppercase();
            let message = format!(
                "only {title} has these settings, and method.name is \"{}\"; leave the table out",
                name.word()
            );
            return wrong(other, message);
        }
    }
    if name != MethodName::Ple
        && let Some(key) = MethodSettings::PLE_KEYS.into_iter().find(|key| given(key))
    {
        let message = format!(
            "only PLE has this setting, and method.name is \"{}\"; leave it out",
            name.word()
        );
        return wrong(key, message);
    }
    let forms = StabiliseSettings::FORMS.map(|form| format!("stabilise.{form}"));
    let forms: Vec<&String> = forms.iter().filter(|key| given(key)).collect();
    if let [first, second, ..] = forms[..] {
        let message = format!("method.{first} is another form of the same losses; leave one of the two out");
        return wrong(second, message);
    }
    let ppo = method.ppo();
    if name == MethodName::Ppo && ppo.adaptive_kl != AdaptiveKl::default() && ppo.kl_coef == 0.0 {
        let message =
            "starts at 0 and would stay there, since adaptive_kl only scales it; give it a number greater than 0";
        return wrong("ppo.kl_coef", message.into());
    }
    if name == MethodName::Ppo && experiment.generation.temperature == 0.0 {
        let message = "PPO learns from what was sampled; with 0 every response is the most probable one";
        return wrong_key(source, root, "generation.temperature", message.into());
    }
    let raft = method.raft();
    if name == MethodName::Raft && raft.keep == RaftKeep::Local && raft.samples < 2 {
        let message = "there is nothing to choose from one response to a query; take 2 or more, or keep = \"top\"";
        return wrong("raft.samples", message.into());
    }
    if given("raft.share") && raft.keep == RaftKeep::Local {
        let message = "keep = \"local\" keeps one response of each query; leave it out, or set keep = \"top\"";
        return wrong("raft.share", message.into());
    }
    Ok(())
}

/// The screen, the marks in the charts and the versions of a run tell principles apart by name.
fn check_names(source: &Source, root: &Node) -> Result<(), ConfigError> {
    let mut seen: Vec<(String, Place)> = Vec::new();
    let mut problems = Vec::new();
    let entries = match root.get("principle").map(|node| &node.value) {
        Some(Value::List(entries)) => entries.as_slice(),
        _ => &[],
    };
    for node in entries.iter().filter_map(|entry| entry.get("name")) {
        let Value::Text(name) = &node.value else { continue };
        let name = name.trim().to_string();
        match seen.iter().find(|(other, _)| *other == name) {
            Some((_, Place::Line(first))) => {
                let (line, subject) = subject(&source.name, "principle.name", Some(node), &node.place);
                let message = format!("line {first} has this name already; give each principle its own");
                problems.push(Problem { line, subject, message });
            }
            _ => seen.push((name, node.place.clone())),
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(ConfigError { problems })
    }
}
