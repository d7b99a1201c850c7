//! What a judge model is told: a system message and a question with the query and the two answers in it.

use std::path::{Path, PathBuf};

use crate::grammar::Task;

const HELPFUL: &str = include_str!("templates/helpful.txt");
const HARMLESS: &str = include_str!("templates/harmless.txt");
const HH: &str = include_str!("templates/hh.txt");
const SENTIMENT: &str = include_str!("templates/sentiment.txt");
const SUMMARY: &str = include_str!("templates/summary.txt");

const BUILT_IN: [(&str, &str); 5] = [
    ("hh", HH),
    ("helpful", HELPFUL),
    ("harmless", HARMLESS),
    ("sentiment", SENTIMENT),
    ("summary", SUMMARY),
];

/// The line between the system message and the question.
const RULE: &str = "---";

/// The places that must be filled.
const PLACES: [&str; 3] = ["query", "first", "second"];

/// A template of the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// `builtin:hh`, or the file's path.
    pub name: String,
    /// As written: what tells it from other templates.
    pub text: String,
    system: String,
    user: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// An index of [`PLACES`].
    Place(usize),
}

/// What is sent to a judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// May be empty.
    pub system: String,
    pub user: String,
}

/// Why there is no template.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("{}: {source}; wants a text file with {{{{query}}}}, {{{{first}}}} and {{{{second}}}} in it", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{name}: no built-in template of that name; there are {}", names())]
    Unknown { name: String },
    #[error("{name}:{line}: {{{{{found}}}}} is no place; there are {{{{query}}}}, {{{{first}}}} and {{{{second}}}}")]
    Place { name: String, line: usize, found: String },
    #[error("{name}: {{{{{missing}}}}} is nowhere in it, so that the judge would not see {what}; put it in")]
    Missing {
        name: String,
        missing: &'static str,
        what: &'static str,
    },
}

impl Template {
    /// The built-in template for a task: helpful and harmless, the better review, the better summary.
    pub fn of_task(task: Task) -> Self {
        let name = match task {
            Task::Hh => "hh",
            Task::Imdb => "sentiment",
            Task::Tldr => "summary",
        };
        let found = BUILT_IN.iter().find(|(known, _)| *known == name);
        let text = found.map_or(HH, |(_, text)| *text);
        Self::parse(&format!("builtin:{name}"), text).expect("the built-in templates are whole")
    }

    /// `builtin:NAME`, or a file.
    pub fn load(name: &str) -> Result<Self, TemplateError> {
        if let Some(wanted) = name.strip_prefix("builtin:") {
            let found = BUILT_IN.iter().find(|(known, _)| *known == wanted);
            let (_, text) = found.ok_or_else(|| TemplateError::Unknown { name: name.to_string() })?;
            return Self::parse(name, text);
        }
        let path = Path::new(name);
        let text = std::fs::read_to_string(path).map_err(|source| TemplateError::Io {
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(name, &text)
    }

    /// A template from its text. What stands above a line `---` is the system message.
    pub fn parse(name: &str, text: &str) -> Result<Self, TemplateError> {
        let text = text.replace("\r\n", "\n");
        let mut lines = text.split('\n');
        let rule = lines.position(|line| line.trim_end() == RULE);
        let (system, user, above) = match rule {
            Some(at) => {
                let all: Vec<&str> = text.split('\n').collect();
                (all[..at].join("\n"), all[at + 1..].join("\n"), at + 1)
            }
            None => (String::new(), text.clone(), 0),
        };
        let user = parts(name, &user, above)?;
        for (i, missing) in PLACES.into_iter().enumerate() {
            if !user.contains(&Part::Place(i)) {
                let what = ["the query", "the first answer", "the second answer"][i];
                let name = name.to_string();
                return Err(TemplateError::Missing { name, missing, what });
            }
        }
        Ok(Self {
            name: name.to_string(),
            text,
            system: system.trim().to_string(),
            user,
        })
    }

    /// The question about two answers. What a query or an answer holds is never taken for a place.
    pub fn fill(&self, query: &str, first: &str, second: &str) -> Message {
        let values = [query.trim(), first.trim(), second.trim()];
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Place(i) => values[*i].to_string(),
        };
        let user: String = self.user.iter().map(part).collect();
        Message {
            system: self.system.clone(),
            user: user.trim().to_string(),
        }
    }
}

fn parts(name: &str, text: &str, lines_above: usize) -> Result<Vec<Part>, TemplateError> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let Some(close) = rest[open..].find("}}") else { break };
        let word = rest[open + 2..open + close].trim();
        let Some(place) = PLACES.iter().position(|known| *known == word) else {
            let before = &text[..text.len() - rest.len() + open];
            return Err(TemplateError::Place {
                name: name.to_string(),
                line: lines_above + 1 + before.matches('\n').count(),
                found: word.to_string(),
            });
        };
        found.push(Part::Text(rest[..open].to_string()));
        found.push(Part::Place(place));
        rest = &rest[open + close + 2..];
    }
    found.push(Part::Text(rest.to_string()));
    Ok(found)
}

fn names() -> String {
    let names: Vec<String> = BUILT_IN.iter().map(|(name, _)| format!("builtin:{name}")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_ones_ask_what_the_task_is_about() {
        for (task, word) in [
            (Task::Hh, "harmless"),
            (Task::Imdb, "positive"),
            (Task::Tldr, "summary"),
        ] {
            let message = Template::of_task(task).fill("the query", "one answer", "another");
            assert!(
                message.user.contains(word) || message.system.contains(word),
                "{message:?}"
            );
            let at = |text: &str| message.user.find(text).unwrap_or_else(|| panic!("{text}: {message:?}"));
            assert!(at("the query") < at("one answer") && at("one answer") < at("another"));
            assert!(!message.user.contains("{{") && !message.system.is_empty());
        }
        for (name, _) in BUILT_IN {
            assert!(Template::load(&format!("builtin:{name}")).is_ok(), "{name}");
        }
    }

    #[test]
    fn an_answer_that_looks_like_a_template_is_only_text() {
        let template = Template::parse("t", "be fair\n---\n{{query}}|{{ first }}|{{second}}").expect("a template");
        let message = template.fill("{{first}}", "{{second}}", "$1 {{query}}");
        assert_eq!(message.system, "be fair");
        assert_eq!(message.user, "{{first}}|{{second}}|$1 {{query}}");
    }

    #[test]
    fn what_is_wrong_with_a_template_is_named() {
        let said = |text: &str| Template::parse("my.txt", text).expect_err(text).to_string();
        assert_eq!(
            said("{{query}} {{first}}"),
            "my.txt: {{second}} is nowhere in it, so that the judge would not see the second answer; put it in"
        );
        assert_eq!(
            said("system\n---\n{{query}}\n{{frist}}"),
            "my.txt:4: {{frist}} is no place; there are {{query}}, {{first}} and {{second}}"
        );
        let unknown = Template::load("builtin:x").expect_err("none").to_string();
        assert!(unknown.contains("builtin:helpful"), "{unknown}");
        let nowhere = Template::load("no-such-file.txt").expect_err("none").to_string();
        assert!(nowhere.starts_with("no-such-file.txt: "), "{nowhere}");
    }
}
