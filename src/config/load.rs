//! Reading the two files.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::check::{check, subject};
use super::error::{ConfigError, Problem};
use super::experiment::{Experiment, MethodName};
use super::find::{list_names, near_name};
use super::overrides;
use super::principles::Principles;
use super::schema::{self, Key};
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
    let experiment: Experiment = typed(source, schema::EXPERIMENT, &root)?;
    check_together(source, &root, &experiment)?;
    Ok(experiment)
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

/// What two keys together rule out.
fn check_together(source: &Source, root: &Node, experiment: &Experiment) -> Result<(), ConfigError> {
    let wrong = |key: &str, message: String| {
        let node = root.find(key);
        let place = node.map_or(Place::Line(1), |node| node.place.clone());
        let (line, subject) = subject(&source.name, key, node, &place);
        Err(ConfigError::one(line, subject, message))
    };
    let method = &experiment.method;
    if method.name == MethodName::Ple && !method.rank && !method.weighted_sft {
        let message = "method.rank is false too, so that nothing would be learnt; set one of the two to true";
        return wrong("method.weighted_sft", message.into());
    }
    let eval = &experiment.eval;
    if eval.every > 0 && eval.queries == 0 {
        let every = eval.every;
        return wrong(
            "eval.queries",
            format!("must be 1 or more, since eval.every is {every}; every = 0 never evaluates"),
        );
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
