//! What the readers of rows share.

use serde_json::{Map, Value};

/// The fields of a row.
pub(super) type Fields = Map<String, Value>;

/// What a reader makes of a row that has its fields: a query, or the reason why not.
pub(super) type Reading = Result<Parsed, &'static str>;

/// A row that was understood.
#[derive(Debug, PartialEq)]
pub(super) struct Parsed {
    /// For people: what kind of row this is.
    pub format: &'static str,
    pub query: String,
    pub response: Option<String>,
}

pub(super) const NOT_TEXT: &str = "a field is not text";
pub(super) const EMPTY_QUERY: &str = "empty query";
pub(super) const EMPTY_ANSWER: &str = "empty answer";

/// The first of these fields that the row has, `null` being as good as none.
pub(super) fn field<'a>(fields: &'a Fields, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| fields.get(*name).filter(|v| !v.is_null()))
}

pub(super) fn text(value: &Value) -> Result<&str, &'static str> {
    value.as_str().ok_or(NOT_TEXT)
}

/// Everything on one line: runs of white space become one space.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A query with a response, neither of them empty.
pub(super) fn parsed(format: &'static str, query: String, response: Option<String>) -> Reading {
    if query.trim().is_empty() {
        return Err(EMPTY_QUERY);
    }
    if response.as_ref().is_some_and(|r| r.trim().is_empty()) {
        return Err(EMPTY_ANSWER);
    }
    Ok(Parsed {
        format,
        query,
        response,
    })
}
