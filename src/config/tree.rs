//! TOML as a tree in which every value knows where it was written.

use serde_json::{Map, Number};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where a value was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// A line of the file, from 1.
    Line(usize),
    /// A `--set`, as given.
    Set(String),
}

/// A value, where it is, and its text as written.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub value: Value,
    pub place: Place,
    /// First line of the text, cut short; empty where the text shows nothing, as for a `[table]`.
    pub raw: String,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    /// Numbers too large for the type are held at its end: every range excludes that.
    Whole(i128),
    Number(f64),
    Flag(bool),
    Date,
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
}

impl Value {
    /// "a string", "a table", ...
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "a string",
            Value::Whole(_) => "a whole number",
            Value::Number(_) => "a number with a fraction",
            Value::Flag(true) => "true",
            Value::Flag(false) => "false",
            Value::Date => "a date",
            Value::List(_) => "an array",
            Value::Table(_) => "a table",
        }
    }
}

impl Node {
    pub fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entries().iter().find(|(n, _)| n == name).map(|(_, node)| node)
    }

    /// The value under a dotted key.
    pub fn find(&self, key: &str) -> Option<&Node> {
        key.split('.').try_fold(self, |node, name| node.get(name))
    }

    /// Puts a value under a dotted key that is not there, and the tables above it. Where something else than a table is in
    /// its way nothing changes.
    pub fn fill_in(&mut self, key: &str, value: Node) {
        let (name, rest) = key
            .split_once('.')
            .map_or((key, None), |(name, rest)| (name, Some(rest)));
        let Value::Table(entries) = &mut self.value else { return };
        let at = entries.iter().position(|(n, _)| n == name);
        match (at, rest) {
            (Some(at), Some(rest)) => entries[at].1.fill_in(rest, value),
            (Some(_), None) => {}
            (None, None) => entries.push((name.to_string(), value)),
            (None, Some(rest)) => {
                let mut table = Node {
                    value: Value::Table(Vec::new()),
                    place: value.place.clone(),
                    raw: String::new(),
                };
                table.fill_in(rest, value);
                entries.push((name.to_string(), table));
            }
        }
    }

    /// For serde, which is kinder through JSON's data model: it has the whole of `u64`.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Text(text) => Json::String(text.clone()),
            Value::Whole(n) => match (u64::try_from(*n), i64::try_from(*n)) {
                (Ok(n), _) => Json::from(n),
                (_, Ok(n)) => Json::from(n),
                _ => Json::Null,
            },
            Value::Number(x) => Number::from_f64(*x).map_or(Json::Null, Json::Number),
            Value::Flag(flag) => Json::Bool(*flag),
            Value::Date => Json::String(self.raw.clone()),
            Value::List(nodes) => Json::Array(nodes.iter().map(Node::to_json).collect()),
            Value::Table(entries) => Json::Object(
                entries
                    .iter()
                    .map(|(n, node)| (n.clone(), node.to_json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

/// Parses a whole file. The error is the line, if known, and the parser's message.
pub(super) fn parse(text: &str) -> Result<Node, (Option<usize>, String)> {
    let at = |offset: usize| Place::Line(line_of(text, offset));
    match DeTable::parse(text) {
        Ok(table) => Ok(Node {
            value: table_value(text, table.get_ref(), &at),
            place: Place::Line(1),
            raw: String::new(),
        }),
        Err(e) => Err((e.span().map(|s| line_of(text, s.start)), one_line(e.message()))),
    }
}

/// Parses the value of a `--set`; `None` when it is not TOML.
pub(super) fn parse_value(text: &str, place: &Place) -> Option<Node> {
    let value = DeValue::parse(text).ok()?;
    Some(node(text, &value, place.clone(), &|_| place.clone()))
}

fn node(text: &str, value: &Spanned<DeValue<'_>>, place: Place, at: &dyn Fn(usize) -> Place) -> Node {
    let written = text.get(value.span()).unwrap_or_default();
    let raw = match value.get_ref() {
        // The span of a [table] and of [[tables]] is a header, which the key says already.
        DeValue::Table(_) if !written.starts_with('{') => String::new(),
        DeValue::Array(items) if is_header(text, items.first()) => String::new(),
        _ => shorten(written),
    };
    let value = match value.get_ref() {
        DeValue::String(s) => Value::Text(s.to_string()),
        DeValue::Integer(n) => Value::Whole(i128::from_str_radix(n.as_str(), n.radix()).unwrap_or(i128::MAX)),
        DeValue::Float(x) => Value::Number(x.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) => Value::List(items.iter().map(|v| node(text, v, at(v.span().start), at)).collect()),
        DeValue::Table(table) => table_value(text, table, at),
    };
    Node { value, place, raw }
}

fn is_header(text: &str, first: Option<&Spanned<DeValue<'_>>>) -> bool {
    first.is_some_and(|item| item.get_ref().is_table() && !text.get(item.span()).unwrap_or_default().starts_with('{'))
}

fn table_value(text: &str, table: &DeTable<'_>, at: &dyn Fn(usize) -> Place) -> Value {
    let mut entries: Vec<_> = table.iter().collect();
    // The table is sorted by name; people read files from the top.
    entries.sort_by_key(|(key, _)| key.span().start);
    Value::Table(
        entries
            .into_iter()
            .map(|(key, value)| (key.get_ref().to_string(), node(text, value, at(key.span().start), at)))
            .collect(),
    )
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.as_bytes()[..offset.min(text.len())]
        .iter()
        .filter(|b| **b == b'\n')
        .count()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first line, at most 60 characters of it.
pub(super) fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(60).collect();
    if short.len() < text.trim_end().len() {
        short.push('…');
    }
    short
}
