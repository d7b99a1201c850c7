//! What is wrong with a file, said so that it can be mended without a manual.

use std::fmt;

use super::load::Source;
use super::overrides;

/// Everything wrong with a file or with the `--set` values given beside it, in the order of the lines.
///
/// Displays as one line a problem: where, the key, what was found, what would do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// Never empty.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line in the file, from 1; `None` for `--set` and for a file that could not be read.
    pub line: Option<usize>,
    /// The file and line, or the `--set`, with the key and what was found.
    pub subject: String,
    /// What is wrong, and what would do.
    pub message: String,
}

impl ConfigError {
    /// One thing that is wrong.
    pub(crate) fn one(line: Option<usize>, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            problems: vec![Problem {
                line,
                subject: subject.into(),
                message: message.into(),
            }],
        }
    }

    /// The same error, seen from the key that led to it: `experiments/a.toml:9: principles.file = "b.toml": ...`.
    ///
    /// For what shows only after the file was read, such as a file named in it that is not there. `key` is dotted;
    /// `sets` are those given to [`super::load_experiment`], since the value may have come from there.
    pub fn at_key(self, source: &Source, sets: &[String], key: &str) -> Self {
        let (line, subject) = overrides::where_is(source, sets, key);
        let message = self.to_string();
        Self::one(line, subject, message)
    }

    /// The same error, seen from a key whose place is not known any more: `data.queries = "rows.jsonl": ...`.
    pub(crate) fn under(self, key: &str, value: &str) -> Self {
        let message = self.to_string();
        Self::one(None, format!("{key} = \"{value}\""), message)
    }

    /// An error about the value of a key that only shows after the file was read. See [`ConfigError::at_key`].
    pub fn about_key(source: &Source, sets: &[String], key: &str, message: &str) -> Self {
        let (line, subject) = overrides::where_is(source, sets, key);
        Self::one(line, subject, message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.message)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}
