//! Chat templates: how a model wants a conversation written, as a Jinja program that lies in its folder.
//!
//! They are rendered as `transformers` does it: the same switches, the same functions, Python's words for true, false
//! and none, and Python's JSON.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Value};
use minijinja_contrib::pycompat::unknown_method_callback;
use regex::Regex;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    System,
    User,
    Assistant,
}

impl Role {
    /// The word that templates know it by.
    pub fn name(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        }
    }
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub role: Role,
    pub content: String,
}

impl Message {
    /// A turn.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        let content = content.into();
        Self { role, content }
    }
}

/// Why a template could not be read, or would not write a conversation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// It is no template.
    #[error("line {line}: {what}")]
    Syntax { line: usize, what: String },
    /// The template itself says no, by `raise_exception`.
    #[error("the template refuses this conversation: {0}")]
    Refused(String),
    /// It broke on the way.
    #[error("line {line} of the template: {what}")]
    Broken { line: usize, what: String },
}

/// A chat template that is ready to write conversations.
#[derive(Clone, Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    /// `bos_token`, `eos_token` and their like, as the template sees them.
    variables: BTreeMap<String, String>,
}

const NAME: &str = "chat_template";

/// Marks an error as the template's own.
const REFUSED: &str = "raise_exception: ";

/// Blocks that only say which part the assistant wrote, for those who count its tokens.
static GENERATION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{%(?<open>[-+]?)\s*(?<end>end)?generation\s*(?<close>[-+]?)%\}").expect("a regular expression")
});

impl ChatTemplate {
    /// Reads a template. `variables` are the special tokens by the names it may use; `now` is what it may ask the time
    /// of: it stays the same, so that a conversation has the same tokens whenever it is written.
    pub fn new(source: &str, variables: BTreeMap<String, String>, now: DateTime<Utc>) -> Result<Self, ChatError> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|e| ChatError::Syntax {
            line: 0,
            what: told(&e),
        })?);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_unknown_method_callback(unknown_method_callback);
        environment.set_formatter(|output, state, value| match value.kind() {
            ValueKind::Undefined => Ok(()),
            ValueKind::String => minijinja::escape_formatter(output, state, value),
            _ => output.write_str(&python(value, false)).map_err(Error::from),
        });
        environment.add_filter("tojson", to_json);
        environment.add_function("raise_exception", |what: String| -> Result<Value, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, format!("{REFUSED}{what}")))
        });
        environment.add_function("strftime_now", move |format: String| -> Result<String, Error> {
            use std::fmt::Write;
            let mut text = String::new();
            let known = write!(text, "{}", now.format(&format)).is_ok();
            let what = || {
                Error::new(
                    ErrorKind::InvalidOperation,
                    format!("strftime_now({format:?}): not a format of a date"),
                )
            };
            known.then_some(text).ok_or_else(what)
        });
        let source = GENERATION.replace_all(source, |found: &regex::Captures| {
            let word = if found.name("end").is_some() {
                "endif"
            } else {
                "if true"
            };
            format!("{{%{} {word} {}%}}", &found["open"], &found["close"])
        });
        environment
            .add_template_owned(NAME, source.into_owned())
            .map_err(|e| ChatError::Syntax {
                line: e.line().unwrap_or(1),
                what: told(&e),
            })?;
        Ok(Self { environment, variables })
    }

    /// Writes a conversation; with `answer` it ends where the assistant's next turn begins.
    pub fn render(&self, messages: &[Message], answer: bool) -> Result<String, ChatError> {
        let broken = |e: Error| {
            let what = told(&e);
            match what.split_once(REFUSED) {
                Some((_, why)) => ChatError::Refused(why.to_string()),
                None => ChatError::Broken {
                    line: e.line().unwrap_or(0),
                    what,
                },
            }
        };
        let template = self.environment.get_template(NAME).map_err(broken)?;
        let turn = |message: &Message| {
            let parts = [("role", message.role.name()), ("content", message.content.as_str())];
            Value::from_pairs(parts)
        };
        let conversation = [
            ("messages", Value::from(messages.iter().map(turn).collect::<Vec<_>>())),
            ("add_generation_prompt", Value::from(answer)),
            ("tools", Value::from(())),
            ("documents", Value::from(())),
        ];
        let special = self
            .variables
            .iter()
            .map(|(name, token)| (name.as_str(), Value::from(token)));
        let conversation = Value::from_pairs(conversation.into_iter().chain(special));
        template.render(conversation).map_err(broken)
    }
}

/// The time for templates that tell it: now, or what `SOURCE_DATE_EPOCH` says, in seconds since 1970, in UTC.
pub fn today() -> DateTime<Utc> {
    let fixed = std::env::var("SOURCE_DATE_EPOCH")
        .ok()
        .and_then(|s| s.trim().parse().ok());
    let now = || {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |d| d.as_secs() as i64)
    };
    DateTime::from_timestamp(fixed.unwrap_or_else(now), 0).unwrap_or_default()
}

/// An error of the engine without its own word for the kind, which says nothing to people who write no templates.
fn told(error: &Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), String::from)
}

/// `tojson(indent=..., ensure_ascii=..., sort_keys=..., separators=...)` as Python's `json.dumps` writes it.
fn to_json(value: &Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let style = Json {
        indent,
        ascii: options.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false),
        sorted: options.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
        separators: match options.get::<Option<Value>>("separators")? {
            Some(pair) => {
                let part = |i: usize| pair.get_item(&Value::from(i)).map(|part| part.to_string());
                (part(0)?, part(1)?)
            }
            // Python leaves the space after a comma out where a line break follows.
            None => (if indent.is_some() { "," } else { ", " }.into(), ": ".into()),
        },
    };
    options.assert_all_used()?;
    let mut text = String::new();
    style.write(value, 0, &mut text)?;
    Ok(Value::from(text))
}

struct Json {
    indent: Option<usize>,
    ascii: bool,
    sorted: bool,
    separators: (String, String),
}

impl Json {
    fn write(&self, value: &Value, depth: usize, out: &mut String) -> Result<(), Error> {
        match value.kind() {
            ValueKind::String => out.push_str(&self.quoted(value.as_str().unwrap_or_default())),
            ValueKind::None => out.push_str("null"),
            ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => out.push_str(&python(value, true)),
            ValueKind::Map => {
                let mut keys: Vec<Value> = value.try_iter()?.collect();
                if self.sorted {
                    keys.sort();
                }
                let entry = |key: Value, out: &mut String| {
                    let name = key.as_str().map_or_else(|| python(&key, false), String::from);
                    out.push_str(&self.quoted(&name));
                    out.push_str(&self.separators.1);
                    self.write(&value.get_item(&key)?, depth + 1, out)
                };
                self.list(keys, ('{', '}'), depth, out, entry)?;
            }
            ValueKind::Seq | ValueKind::Iterable => {
                let items = value.try_iter()?.collect();
                self.list(items, ('[', ']'), depth, out, |item, out| {
                    self.write(&item, depth + 1, out)
                })?;
            }
            kind => {
                let what = format!("tojson: {kind} has no form in JSON");
                return Err(Error::new(ErrorKind::InvalidOperation, what));
            }
        }
        Ok(())
    }

    fn list(
        &self,
        items: Vec<Value>,
        (open, close): (char, char),
        depth: usize,
        out: &mut String,
        mut write: impl FnMut(Value, &mut String) -> Result<(), Error>,
    ) -> Result<(), Error> {
        out.push(open);
        let empty = items.is_empty();
        let line = |depth: usize, out: &mut String| {
            if let (Some(indent), false) = (self.indent, empty) {
                out.push('\n');
                out.push_str(&" ".repeat(indent * depth));
            }
        };
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                out.push_str(&self.separators.0);
            }
            line(depth + 1, out);
            write(item, out)?;
        }
        line(depth, out);
        out.push(close);
        Ok(())
    }

    fn quoted(&self, text: &str) -> String {
        let mut out = String::from('"');
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                c if c < ' ' || (self.ascii && !c.is_ascii()) => {
                    let mut units = [0; 2];
                    c.encode_utf16(&mut units)
                        .iter()
                        .for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
                }
                c => out.push(c),
            }
        }
        out.push('"');
        out
    }
}

/// A value as Python's `str` writes it, or its `repr`.
fn python(value: &Value, repr: bool) -> String {
    let list = |open: &str, close: &str, parts: Vec<String>| format!("{open}{}{close}", parts.join(", "));
    let items = || {
        value
            .try_iter()
            .map(Iterator::collect::<Vec<Value>>)
            .unwrap_or_default()
    };
    match value.kind() {
        ValueKind::None => "None".into(),
        ValueKind::Bool => if value.is_true() { "True" } else { "False" }.into(),
        ValueKind::String if repr => {
            let text = value.as_str().unwrap_or_default();
            let quote = if text.contains('\'') && !text.contains('"') {
                '"'
            } else {
                '\''
            };
            let text = text
                .replace('\\', "\\\\")
                .replace('\n', "\\n")
                .replace('\t', "\\t")
                .replace('\r', "\\r");
            format!(
                "{quote}{}{quote}",
                if quote == '\'' { text.replace('\'', "\\'") } else { text }
            )
        }
        ValueKind::Map => {
            let entry = |key: Value| {
                let found = value.get_item(&key).unwrap_or_default();
                format!("{}: {}", python(&key, true), python(&found, true))
            };
            list("{", "}", items().into_iter().map(entry).collect())
        }
        ValueKind::Seq | ValueKind::Iterable => list("[", "]", items().iter().map(|v| python(v, true)).collect()),
        _ => value.to_string(),
    }
}

#[cfg(test)]
#[path = "chat_tests.rs"]
mod tests;
