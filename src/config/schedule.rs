//! `[[schedule]]`, and what is wrong with one: told before anything is started, with the line.

use serde::{Deserialize, Serialize};

use super::check::subject;
use super::error::{ConfigError, Problem};
use super::experiment::Experiment;
use super::find::near_name;
use super::load::{Source, parse};
use super::methods::MethodName;
use super::overrides;
use super::principles::Principles;
use super::tree::{Node, Place, Value};

/// `[[schedule]]`: what is done before a step, as if by hand; see `docs/workbench.md`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleEntry {
    /// The first step it acts on, counted from 0.
    pub step: u32,
    /// Use the principles of another file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principles: Option<String>,
    /// Switch a principle on, or off, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch_on: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch_off: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tau: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decay: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Write a checkpoint before the step.
    #[serde(default)]
    pub checkpoint: bool,
    /// Wait before the step until somebody lets the run go on.
    #[serde(default)]
    pub pause: bool,
}

impl ScheduleEntry {
    /// What it does, in a few words: "concise on, tau 0.1".
    pub fn words(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.principles.as_ref().map(|file| format!("principles {file}")));
        parts.extend(self.switch_on.as_ref().map(|name| format!("{name} on")));
        parts.extend(self.switch_off.as_ref().map(|name| format!("{name} off")));
        parts.extend(self.tau.map(|x| format!("tau {x}")));
        parts.extend(self.decay.map(|x| format!("decay {x}")));
        parts.extend(self.learning_rate.map(|x| format!("learning rate {x}")));
        parts.extend(self.checkpoint.then(|| "checkpoint".to_string()));
        parts.extend(self.pause.then(|| "pause".to_string()));
        parts.join(", ")
    }
}

/// The tables of `[[schedule]]`.
fn entries(root: &Node) -> &[Node] {
    match root.get("schedule").map(|node| &node.value) {
        Some(Value::List(entries)) => entries,
        _ => &[],
    }
}

/// A problem of a key of an entry, or of the entry as a whole.
fn problem(source: &Source, entry: Option<&Node>, key: &str, message: String) -> Problem {
    let node = entry.and_then(|entry| entry.get(key));
    let place = node.or(entry).map_or(Place::Line(1), |node| node.place.clone());
    let name = match node {
        Some(_) => format!("schedule.{key}"),
        None => "[[schedule]]".to_string(),
    };
    let (line, subject) = subject(&source.name, &name, node, &place);
    Problem { line, subject, message }
}

/// What can be told without the principles: steps that never come, entries that do nothing, tau without PLE.
pub(super) fn check_schedule(source: &Source, root: &Node, experiment: &Experiment) -> Result<(), ConfigError> {
    let (steps, method) = (experiment.method.steps, experiment.method.name);
    let nodes = entries(root);
    let mut problems = Vec::new();
    for (i, entry) in experiment.schedule.iter().enumerate() {
        let mut wrong = |key: &str, message: String| problems.push(problem(source, nodes.get(i), key, message));
        if entry.step >= steps {
            wrong(
                "step",
                format!(
                    "never comes: method.steps is {steps}, so that the last step is {}",
                    steps - 1
                ),
            );
        }
        if entry.words().is_empty() {
            let message =
                "does nothing; add, for example: switch_on = \"NAME\", tau = 0.1, checkpoint = true or pause = true";
            wrong("step", message.into());
        }
        for (key, given) in [("tau", entry.tau), ("decay", entry.decay)] {
            if given.is_some() && method != MethodName::Ple {
                let message = format!(
                    "only PLE has it, and method.name is \"{}\"; leave it out",
                    method.word()
                );
                wrong(key, message);
            }
        }
        if entry.switch_on.is_some() && entry.switch_on == entry.switch_off {
            wrong(
                "switch_off",
                "is switched on by the same entry; leave one of the two out".into(),
            );
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(ConfigError { problems }),
    }
}

/// Names that no principle has at their step. `principles` are those the run begins with, `files` those that entries name
/// by their file, one an entry.
pub fn check_schedule_names(
    source: &Source,
    sets: &[String],
    experiment: &Experiment,
    principles: &Principles,
    files: &[Option<Principles>],
) -> Result<(), ConfigError> {
    let mut root = parse(source)?;
    overrides::apply(&mut root, sets)?;
    let nodes = entries(&root);
    let mut order: Vec<usize> = (0..experiment.schedule.len()).collect();
    order.sort_by_key(|i| experiment.schedule[*i].step);
    let mut set = principles;
    let mut problems = Vec::new();
    for i in order {
        let entry = &experiment.schedule[i];
        if let Some(Some(file)) = files.get(i) {
            set = file;
        }
        for (key, name) in [("switch_on", &entry.switch_on), ("switch_off", &entry.switch_off)] {
            let Some(name) = name else { continue };
            let names: Vec<&str> = set.entries.iter().map(|e| e.name.as_str()).collect();
            if names.contains(&name.as_str()) {
                continue;
            }
            let near = near_name(name, names.iter().copied()).map(|near| format!("; did you mean \"{near}\"?"));
            let message = format!(
                "no principle has this name at step {}; there are {}{}",
                entry.step,
                names.join(", "),
                near.unwrap_or_default()
            );
            problems.push(problem(source, nodes.get(i), key, message));
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(ConfigError { problems }),
    }
}
