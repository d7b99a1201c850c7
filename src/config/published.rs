//! Figures that somebody else has published, to stand beside those that were measured here.

use serde::Deserialize;

use super::check::subject;
use super::error::ConfigError;
use super::find::near_name;
use super::load::{Source, parse, typed};
use super::schema;
use super::suite::slug;
use super::tree::{Node, Value};
use crate::grammar::Task;

/// A file of published figures, checked.
#[derive(Clone, Debug)]
pub struct Published {
    file: Source,
    /// Where the figures were read, where a figure does not say it itself.
    pub source: Option<String>,
    /// What its columns are called: "PPL, paper".
    pub label: String,
    pub figures: Vec<PublishedFigure>,
}

/// `[[figure]]`: one number, or the range of a whole column.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedFigure {
    pub task: Task,
    /// A row: a method, or what a suite calls its contender. Without it the figure is one of the whole column.
    #[serde(default)]
    pub method: Option<String>,
    /// The key of the column of ours that it belongs to: "perplexity", "reward", "bleu" or "bleu_with_prompt".
    pub column: String,
    #[serde(default)]
    pub value: Option<f64>,
    /// An interval around the value, or a range without one.
    #[serde(default)]
    pub low: Option<f64>,
    #[serde(default)]
    pub high: Option<f64>,
    /// Where it was read.
    #[serde(default)]
    pub source: Option<String>,
    #[serde(default)]
    pub note: Option<String>,
}

#[derive(Deserialize)]
struct Written {
    source: Option<String>,
    label: Option<String>,
    figure: Vec<PublishedFigure>,
}

/// Methods by the names that experiments have for them. A figure of one may be kept in the file though no row has it.
const METHODS: [&str; 6] = ["base", "sft", "dpo", "ppo", "raft", "ple"];

/// Reads a file of published figures.
pub fn load_published(source: &Source) -> Result<Published, ConfigError> {
    let root = parse(source)?;
    let written: Written = typed(source, schema::PUBLISHED, &root)?;
    let found = Published {
        file: source.clone(),
        source: written.source,
        label: written.label.unwrap_or_else(|| "paper".into()),
        figures: written.figure,
    };
    found.check(&root)?;
    Ok(found)
}

impl Published {
    /// A figure of a method that is neither among these rows nor one that there is at all is an error that names its line.
    pub fn check_methods(&self, rows: &[&str]) -> Result<(), ConfigError> {
        let known =
            |method: &str| METHODS.contains(&&slug(method)[..]) || rows.iter().any(|row| slug(row) == slug(method));
        for (place, figure) in self.figures.iter().enumerate() {
            let Some(method) = figure.method.as_deref().filter(|method| !known(method)) else {
                continue;
            };
            let near = near_name(method, rows.iter().copied().chain(METHODS));
            let near = near.map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
            let rows = match rows {
                [] => String::new(),
                rows => format!(": the rows are {}", rows.join(", ")),
            };
            let message = format!(
                "no row is called that{rows}; and the methods {}{near}",
                METHODS.join(", ")
            );
            let root = parse(&self.file)?;
            return Err(self.wrong(&root, place, "method", message));
        }
        Ok(())
    }

    fn wrong(&self, root: &Node, place: usize, key: &str, message: String) -> ConfigError {
        let figures = figures(root);
        let node = figures.get(place).map(|figure| figure.get(key).unwrap_or(figure));
        let path = format!("figure.{key}");
        match node {
            Some(node) => {
                let (line, subject) = subject(&self.file.name, &path, Some(node), &node.place);
                ConfigError::one(line, subject, message)
            }
            None => ConfigError::one(None, self.file.name.clone(), message),
        }
    }

    fn check(&self, root: &Node) -> Result<(), ConfigError> {
        let wrong = |place: usize, key: &str, message: &str| Err(self.wrong(root, place, key, message.to_string()));
        for (place, figure) in self.figures.iter().enumerate() {
            match (figure.value, figure.low, figure.high) {
                (_, Some(low), Some(high)) if low > high => return wrong(place, "low", "is above high"),
                (Some(value), Some(low), Some(high)) if !(low..=high).contains(&value) => {
                    return wrong(place, "value", "lies outside of low and high");
                }
                (_, Some(_), None) => return wrong(place, "low", "stands alone; an interval has a high, too"),
                (_, None, Some(_)) => return wrong(place, "high", "stands alone; an interval has a low, too"),
                (None, None, None) => {
                    return wrong(place, "value", "is missing; a figure has a value, or low and high");
                }
                (None, Some(_), Some(_)) if figure.method.is_some() => {
                    return wrong(
                        place,
                        "method",
                        "a range without a value is one of the whole column; leave the method out, or add the value",
                    );
                }
                _ => {}
            }
            if figure.source.is_none() && self.source.is_none() {
                let message = "says nowhere where it was read; add source = \"..\" here or at the top of the file";
                return wrong(place, "task", message);
            }
            let key = |f: &PublishedFigure| (f.task, f.method.as_deref().map(slug), f.column.clone());
            let earlier = self.figures[..place].iter().position(|f| key(f) == key(figure));
            if let Some(earlier) = earlier.filter(|_| figure.method.is_some()) {
                let line = figures(root).get(earlier).and_then(|node| match node.place {
                    super::tree::Place::Line(line) => Some(line),
                    super::tree::Place::Set(_) => None,
                });
                let line = line.map_or(String::new(), |line| format!(" in line {line}"));
                let message = format!("this task, method and column are there already{line}; leave one of them out");
                return wrong(place, "column", &message);
            }
        }
        Ok(())
    }
}

fn figures(root: &Node) -> &[Node] {
    match root.get("figure").map(|node| &node.value) {
        Some(Value::List(nodes)) => nodes,
        _ => &[],
    }
}
