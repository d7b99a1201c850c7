//! What the readers of rows share.

use serde_json::{Map, Value};

use super::record::{Part, Reading, Record, Want};

/// The fields of a row.
pub(super) type Fields = Map<String, Value>;

/// What a reader makes of a row that has its fields: its texts, or the reason why not.
pub(super) type Understood = Result<Parsed, &'static str>;

/// A row that was understood, whatever it is wanted for.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Parsed {
    /// For people: what kind of row this is.
    pub format: &'static str,
    pub query: String,
    /// The response, and of two the preferred one.
    pub completion: Option<String>,
    /// The other of two responses; may be empty, or equal to the first.
    pub rejected: Option<String>,
    pub label: Option<bool>,
    /// What the row itself says of its split.
    pub part: Option<Part>,
}

pub(super) const NOT_TEXT: &str = "a field is not text";
pub(super) const EMPTY_QUERY: &str = "empty query";
pub(super) const EMPTY_ANSWER: &str = "empty answer";
pub(super) const NOT_SHARED: &str = "chosen and rejected do not share the prompt";
pub(super) const EQUAL: &str = "chosen and rejected are equal";
const NO_PAIR: &str = "no pair of responses";
const NO_LABEL: &str = "no label";
const NO_TEXT: &str = "no text beside the label";

/// The first of these fields that the row has, `null` being as good as none.
pub(super) fn field<'a>(fields: &'a Fields, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| fields.get(*name).filter(|v| !v.is_null()))
}

pub(super) fn text(value: &Value) -> Result<&str, &'static str> {
    value.as_str().ok_or(NOT_TEXT)
}

/// Everything on one line: runs of white space become one space.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// A label in any of its usual spellings; a rating out of ten counts from 7 up and from 4 down, as in the IMDb set.
pub(super) fn label(fields: &Fields) -> Option<bool> {
    // In tables every value is text.
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    let stated = field(fields, &["label", "sentiment", "label_name"]).and_then(|value| match value {
        Value::Bool(label) => Some(*label),
        value if number(value) == Some(1.0) => Some(true),
        value if number(value) == Some(0.0) => Some(false),
        Value::String(word) => match word.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "pos" | "positive" => Some(true),
            "0" | "false" | "neg" | "negative" => Some(false),
            _ => None,
        },
        _ => None,
    });
    stated.or_else(|| match number(fields.get("rating")?)? {
        7.0..=10.0 => Some(true),
        1.0..=4.0 => Some(false),
        _ => None,
    })
}

impl Parsed {
    /// Neither the query nor the response is empty.
    pub fn checked(self) -> Understood {
        if self.query.trim().is_empty() {
            return Err(EMPTY_QUERY);
        }
        if self.completion.as_ref().is_some_and(|y| y.trim().is_empty()) {
            return Err(EMPTY_ANSWER);
        }
        Ok(self)
    }

    /// What is kept of it for this reading, or why it does not do.
    pub fn record(mut self, reading: &Reading, part: Part, file: u32, row: u64) -> Result<Record, &'static str> {
        // Rows by the hundred thousand are held: what a string was given while it grew is given back.
        self.query.shrink_to_fit();
        for text in [&mut self.completion, &mut self.rejected].into_iter().flatten() {
            text.shrink_to_fit();
        }
        let mut record = Record {
            query: self.query,
            part: self.part.unwrap_or(part),
            file,
            row,
            ..Record::default()
        };
        match reading.want {
            Want::Queries => (record.completion, record.label) = (self.completion, self.label),
            Want::Labels => {
                record.label = Some(self.label.ok_or(NO_LABEL)?);
                record.completion = Some(self.completion.ok_or(NO_TEXT)?);
            }
            Want::Preferences => {
                let (Some(chosen), Some(rejected)) = (self.completion, self.rejected) else {
                    return Err(NO_PAIR);
                };
                if rejected.trim().is_empty() {
                    return Err(EMPTY_ANSWER);
                }
                if chosen == rejected {
                    return Err(EQUAL);
                }
                record.preference = Some((chosen, rejected));
            }
        }
        Ok(record)
    }
}
