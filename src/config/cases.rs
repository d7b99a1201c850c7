//! A file of queries for the case study: TOML, or JSON lines.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::error::{ConfigError, Problem};
use super::load::{Source, parse, typed};
use super::schema;
use super::tree::{Node, Value};

/// A query of a case study.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What kind of query it is, in a word or two.
    pub label: String,
    /// Its text.
    pub query: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

/// Reads a file of cases: `[[case]]` tables with `label` and `query`, or, where the name ends in `.jsonl`, `.ndjson` or
/// `.json`, one `{"label": ..., "query": ...}` a line. A query that is there twice is an error, as in a list of
/// answers nobody could tell the two apart.
pub fn parse_cases(source: &Source) -> Result<Vec<Case>, ConfigError> {
    let lines = [".jsonl", ".ndjson", ".json"].iter().any(|e| source.name.ends_with(e));
    let placed = if lines { json_lines(source) } else { toml(source) }?;
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut problems = Vec::new();
    for (line, case) in &placed {
        if let Some(first) = seen.insert(case.query.trim(), *line) {
            let message = format!("line {first} asks this already; leave one of the two out");
            problems.push(problem(source, *line, &shown("case.query", &case.query), message));
        }
    }
    if problems.is_empty() {
        Ok(placed.into_iter().map(|(_, case)| case).collect())
    } else {
        Err(ConfigError { problems })
    }
}

fn toml(source: &Source) -> Result<Vec<(usize, Case)>, ConfigError> {
    let root = parse(source)?;
    let cases: Cases = typed(source, schema::CASES, &root)?;
    let nodes: &[Node] = match root.get("case").map(|node| &node.value) {
        Some(Value::List(nodes)) => nodes,
        _ => &[],
    };
    let line = |node: &Node| match node.get("query").map_or(&node.place, |query| &query.place) {
        super::tree::Place::Line(line) => *line,
        super::tree::Place::Set(_) => 1,
    };
    Ok(nodes.iter().map(line).zip(cases.case).collect())
}

fn json_lines(source: &Source) -> Result<Vec<(usize, Case)>, ConfigError> {
    const WANTED: &str = r#"wants a line such as {"label": "everyday", "query": "How do I ripen green tomatoes?"}"#;
    let mut cases = Vec::new();
    let mut problems = Vec::new();
    for (i, text) in source.text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let line = i + 1;
        let mut wrong = |subject: &str, message: String| problems.push(problem(source, line, subject, message));
        let fields = match serde_json::from_str(text) {
            Ok(Json::Object(fields)) => fields,
            Ok(_) => {
                wrong(&shown("", text), format!("not an object; {WANTED}"));
                continue;
            }
            Err(e) => {
                wrong(&shown("", text), format!("not JSON ({e}); {WANTED}"));
                continue;
            }
        };
        for name in fields
            .keys()
            .filter(|name| !["label", "query"].contains(&name.as_str()))
        {
            wrong(name, format!("unknown key. {WANTED}"));
        }
        let mut text_of = |name: &str| match fields.get(name) {
            Some(Json::String(text)) if !text.trim().is_empty() => Some(text.clone()),
            Some(Json::String(_)) => {
                wrong(name, format!("must not be empty; {WANTED}"));
                None
            }
            Some(other) => {
                wrong(&format!("{name} = {other}"), format!("is no text; {WANTED}"));
                None
            }
            None => {
                wrong(name, format!("missing; {WANTED}"));
                None
            }
        };
        if let (Some(label), Some(query)) = (text_of("label"), text_of("query")) {
            cases.push((line, Case { label, query }));
        }
    }
    if problems.is_empty() && cases.is_empty() {
        problems.push(problem(source, 1, "", format!("holds no case; {WANTED}")));
    }
    if problems.is_empty() {
        Ok(cases)
    } else {
        Err(ConfigError { problems })
    }
}

fn problem(source: &Source, line: usize, subject: &str, message: String) -> Problem {
    let subject = match subject {
        "" => format!("{}:{line}", source.name),
        subject => format!("{}:{line}: {subject}", source.name),
    };
    Problem {
        line: Some(line),
        subject,
        message,
    }
}

/// `key = "the beginning of a te…"`, or the beginning alone without a key.
fn shown(key: &str, text: &str) -> String {
    let short = super::tree::shorten(text.trim());
    if key.is_empty() {
        short
    } else {
        format!("{key} = \"{short}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<Vec<Case>, String> {
        let source = Source {
            path: None,
            name: name.into(),
            text: text.into(),
        };
        parse_cases(&source).map_err(|e| e.to_string())
    }

    #[test]
    fn both_forms_hold_the_same_cases() {
        let toml = "[[case]]\nlabel = \"a\"\nquery = \"one?\"\n[[case]]\nlabel = \"b\"\nquery = \"two?\"\n";
        let json = "{\"label\": \"a\", \"query\": \"one?\"}\n\n{\"query\": \"two?\", \"label\": \"b\"}\n";
        let cases = read("c.toml", toml).unwrap();
        assert_eq!(cases.len(), 2);
        assert_eq!(cases, read("c.jsonl", json).unwrap());
    }

    #[test]
    fn mistakes_are_named_with_file_line_and_key() {
        let wanted = r#"wants a line such as {"label": "everyday", "query": "How do I ripen green tomatoes?"}"#;
        let good = "{\"label\": \"a\", \"query\": \"one?\"}\n";
        for (name, text, said) in [
            (
                "c.jsonl",
                format!("{good}{{\"label\": \"a\"}}"),
                format!("c.jsonl:2: query: missing; {wanted}"),
            ),
            (
                "c.jsonl",
                format!("{good}{{\"label\": 3, \"query\": \" \"}}"),
                format!("c.jsonl:2: label = 3: is no text; {wanted}\nc.jsonl:2: query: must not be empty; {wanted}"),
            ),
            (
                "c.jsonl",
                format!("{good}{{\"label\": \"a\", \"query\": \"x\", \"kind\": 1}}"),
                format!("c.jsonl:2: kind: unknown key. {wanted}"),
            ),
            ("c.jsonl", "\n".into(), format!("c.jsonl:1: holds no case; {wanted}")),
            (
                "c.jsonl",
                "[1]".into(),
                format!("c.jsonl:1: [1]: not an object; {wanted}"),
            ),
            (
                "c.jsonl",
                format!("{good}{good}"),
                "c.jsonl:2: case.query = \"one?\": line 1 asks this already; leave one of the two out".into(),
            ),
            (
                "c.toml",
                "[[case]]\nlabel = \"a\"\nquery = \" \"\n".into(),
                "c.toml:3: case.query = \" \": must not be empty (for example \"How do I ripen green tomatoes?\")"
                    .into(),
            ),
            (
                "c.toml",
                "[[case]]\nlabel = \"a\"\nqueery = \"x\"\n".into(),
                "c.toml:3: case.queery: unknown key; did you mean 'query'? Keys of [[case]] are: label, query".into(),
            ),
        ] {
            assert_eq!(read(name, &text).unwrap_err(), said);
        }
        assert!(
            read("c.jsonl", "{")
                .unwrap_err()
                .starts_with("c.jsonl:1: {: not JSON (EOF")
        );
    }
}
