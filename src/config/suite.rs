//! The suite file: which methods are compared on which tasks, with which seeds, on how many responses.

use serde::{Deserialize, Serialize};

use super::check::subject;
use super::error::{ConfigError, Problem};
use super::experiment::Experiment;
use super::load::{Source, load_experiment, parse, typed, wrong_key};
use super::methods::Responses;
use super::schema;
use super::suite_judge::SuiteJudge;
use super::tree::{self, Node, Place, Value};
use crate::grammar::Task;

/// A whole suite as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuiteSettings {
    pub title: String,
    /// What it compares and how long it takes.
    #[serde(default)]
    pub about: String,
    pub tasks: Vec<Task>,
    pub seeds: Vec<u64>,
    /// Responses that each run learns from, sampled or given: its number of steps follows. Without it every experiment keeps its
    /// own steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responses: Option<u64>,
    /// Held-out queries of the evaluation of each run.
    #[serde(default = "usual_queries")]
    pub queries: usize,
    /// A row for the policy as it is before any training.
    #[serde(default = "yes")]
    pub base: bool,
    /// Settings of every run, as `--set` has them.
    #[serde(default)]
    pub set: Vec<String>,
    /// A file of figures that somebody else has published, beside which the suite's own stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// `[[contender]]` tables in the file.
    #[serde(rename = "contender")]
    pub contenders: Vec<SuiteContender>,
    /// `[[table]]` tables in the file: without one, all contenders are in one table a task.
    #[serde(rename = "table", default)]
    pub tables: Vec<SuiteTable>,
    /// `[[judge]]` tables in the file: who wins over whom, query by query.
    #[serde(rename = "judge", default)]
    pub judges: Vec<SuiteJudge>,
}

/// `[[contender]]`: a row of the tables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuiteContender {
    pub name: String,
    /// A path to its experiment, in which `{task}` stands for the task.
    pub experiment: String,
    /// Settings of its runs over those of the suite.
    #[serde(default)]
    pub set: Vec<String>,
}

/// `[[table]]`: some of the contenders beside each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuiteTable {
    pub title: String,
    /// Names of contenders, in the order of the rows.
    pub contenders: Vec<String>,
}

fn usual_queries() -> usize {
    256
}

fn yes() -> bool {
    true
}

/// A suite that was read and checked, with where it was written.
#[derive(Clone, Debug)]
pub struct Suite {
    pub source: Source,
    pub settings: SuiteSettings,
}

/// An experiment of a suite with the settings that make it one of its runs.
#[derive(Clone, Debug)]
pub struct SuiteExperiment {
    pub experiment: Experiment,
    /// As `--set` has them, over the experiment's file.
    pub sets: Vec<String>,
    /// What one of its steps learns from.
    pub responses_per_step: Responses,
}

/// Settings that are the suite's own to make.
const OF_THE_SUITE: [(&str, &str); 2] = [
    ("seed", "the suite's seeds are `seeds`"),
    ("task", "the suite's tasks are `tasks`"),
];

/// Reads a suite file. What its contenders are is looked at by [`Suite::experiment`].
pub fn load_suite(source: &Source) -> Result<Suite, ConfigError> {
    let root = parse(source)?;
    let settings: SuiteSettings = typed(source, schema::SUITE, &root)?;
    let suite = Suite {
        source: source.clone(),
        settings,
    };
    suite.check_names(&root)?;
    suite.check_judges(&root)?;
    suite.check_sets()?;
    Ok(suite)
}

/// A name as a part of the names of folders and files: small letters, digits and '-'.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        match c {
            c if c.is_alphanumeric() => slug.push(c),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    slug.trim_end_matches('-').to_string()
}

impl Suite {
    /// The experiment of a contender on one of the tasks: `source` is its file. An error names the line of the suite that
    /// asked for what is wrong.
    pub fn experiment(&self, contender: usize, task: Task, source: &Source) -> Result<SuiteExperiment, ConfigError> {
        let settings = &self.settings;
        let mut sets = settings.set.clone();
        sets.extend(settings.contenders[contender].set.iter().cloned());
        let load = |sets: &[String]| load_experiment(source, sets).map_err(|e| self.seen_from(contender, e));
        let mut experiment = load(&sets)?;
        if experiment.task != task {
            let message = format!(
                "{} has the task \"{}\", and this is to be one for \"{task}\"; put {{task}} into the path, or take \"{task}\" \
                 out of tasks",
                source.name, experiment.task
            );
            return Err(self.wrong(contender, "experiment", message));
        }
        let responses_per_step = experiment.method.responses_per_step();
        if let Some(budget) = settings.responses {
            let a_step = responses_per_step.all();
            if budget < a_step || !budget.is_multiple_of(a_step) {
                let below = budget / a_step * a_step;
                let near = match below {
                    0 => format!("{a_step} would be"),
                    below => format!("{below} or {} would be", below + a_step),
                };
                let message = format!(
                    "a step of \"{}\" on {task} takes {a_step} ({}), of which this is no multiple; {near}, or set \
                     method.queries_per_step",
                    settings.contenders[contender].name, responses_per_step
                );
                return Err(self.wrong_at_top("responses", message));
            }
            sets.push(format!("method.steps={}", budget / a_step));
            experiment = load(&sets)?;
        }
        Ok(SuiteExperiment {
            experiment,
            sets,
            responses_per_step,
        })
    }

    /// An error about a key at the top, with its line.
    pub fn wrong_at_top(&self, key: &str, message: String) -> ConfigError {
        let found = parse(&self.source).and_then(|root| wrong_key(&self.source, &root, key, message));
        found
            .err()
            .unwrap_or_else(|| ConfigError::one(None, key, String::new()))
    }

    /// An error about a key of a contender, with its line.
    pub fn wrong(&self, contender: usize, key: &str, message: String) -> ConfigError {
        let found = parse(&self.source).ok().and_then(|root| {
            let node = contenders(&root).get(contender)?.get(key)?.clone();
            let path = format!("contender.{key}");
            Some(subject(&self.source.name, &path, Some(&node), &node.place))
        });
        let (line, subject) = found.unwrap_or((None, self.source.name.clone()));
        ConfigError::one(line, subject, message)
    }

    /// Problems of a contender's experiment, told from the lines of the suite: a `--set` is where it is written, and what is
    /// wrong with the experiment's own file is where that is named.
    pub fn seen_from(&self, contender: usize, error: ConfigError) -> ConfigError {
        let Ok(root) = parse(&self.source) else { return error };
        let own = contenders(&root).get(contender);
        let lists = [("set", Some(&root)), ("contender.set", own)];
        let written = lists.iter().flat_map(|(path, table)| {
            let node = table.and_then(|table| table.get("set"));
            let items: &[Node] = match node.map(|node| &node.value) {
                Some(Value::List(items)) => items,
                _ => &[],
            };
            items.iter().filter_map(move |item| match (&item.value, &item.place) {
                (Value::Text(text), Place::Line(line)) => Some((*path, text.clone(), *line)),
                _ => None,
            })
        });
        let written: Vec<(&str, String, usize)> = written.collect();
        let problems = error.problems.into_iter().map(|problem| {
            let found = written.iter().rev().find_map(|(path, text, line)| {
                let rest = problem.subject.strip_prefix("--set ")?.strip_prefix(&text[..])?;
                Some((*path, text, *line, rest.to_string()))
            });
            match found {
                Some((path, text, line, rest)) => Problem {
                    line: Some(line),
                    subject: format!("{}:{line}: {path}: {}{rest}", self.source.name, tree::shorten(text)),
                    message: problem.message,
                },
                None => self
                    .wrong(contender, "experiment", problem.to_string())
                    .problems
                    .remove(0),
            }
        });
        ConfigError {
            problems: problems.collect(),
        }
    }

    /// Runs, rows and tables are told apart by name.
    fn check_names(&self, root: &Node) -> Result<(), ConfigError> {
        let settings = &self.settings;
        let mut seen: Vec<String> = Vec::new();
        for (i, contender) in settings.contenders.iter().enumerate() {
            let slug = slug(&contender.name);
            if slug.is_empty() {
                let message = "has neither a letter nor a digit to name its runs by".to_string();
                return Err(self.wrong(i, "name", message));
            }
            if let Some(other) = seen.iter().position(|s| *s == slug) {
                let message = format!(
                    "its runs would be named as those of \"{}\" are ({slug}); give each contender its own name",
                    settings.contenders[other].name
                );
                return Err(self.wrong(i, "name", message));
            }
            if !contender.experiment.contains("{task}") && settings.tasks.len() > 1 {
                let message = "there are several tasks; put {task} where the path has the task's name".to_string();
                return Err(self.wrong(i, "experiment", message));
            }
            seen.push(slug);
        }
        let tables: &[Node] = match root.get("table").map(|node| &node.value) {
            Some(Value::List(nodes)) => nodes,
            _ => &[],
        };
        let mut titles: Vec<String> = Vec::new();
        for (table, node) in settings.tables.iter().zip(tables) {
            let wrong = |key: &str, message: String| {
                let node = node.get(key).unwrap_or(node);
                let path = format!("table.{key}");
                let (line, subject) = subject(&self.source.name, &path, Some(node), &node.place);
                Err(ConfigError::one(line, subject, message))
            };
            let title = slug(&table.title);
            if title.is_empty() || titles.contains(&title) {
                let message = "its figures are named by it; give each table a title of its own with a letter in it";
                return wrong("title", message.into());
            }
            titles.push(title);
            let known = |name: &&String| settings.contenders.iter().any(|c| c.name == **name);
            if let Some(unknown) = table.contenders.iter().find(|name| !known(name)) {
                let names: Vec<&str> = settings.contenders.iter().map(|c| &c.name[..]).collect();
                let message = format!("there is no contender \"{unknown}\"; there are {}", names.join(", "));
                return wrong("contenders", message);
            }
        }
        Ok(())
    }

    /// What the suite sets itself is nothing to be set.
    fn check_sets(&self) -> Result<(), ConfigError> {
        let settings = &self.settings;
        let steps = settings
            .responses
            .map(|_| ("method.steps", "the steps follow from `responses`"));
        let refused = |sets: &[String]| {
            sets.iter().find_map(|set| {
                let key = set.split('=').next().unwrap_or_default().trim();
                let (_, why) = OF_THE_SUITE.iter().chain(&steps).find(|(own, _)| *own == key)?;
                Some(ConfigError::one(
                    None,
                    format!("--set {set}"),
                    format!("{why}; leave it out"),
                ))
            })
        };
        if let Some(error) = refused(&settings.set) {
            return Err(self.seen_from(0, error));
        }
        for (i, contender) in settings.contenders.iter().enumerate() {
            if let Some(error) = refused(&contender.set) {
                return Err(self.seen_from(i, error));
            }
        }
        Ok(())
    }
}

fn contenders(root: &Node) -> &[Node] {
    match root.get("contender").map(|node| &node.value) {
        Some(Value::List(nodes)) => nodes,
        _ => &[],
    }
}
