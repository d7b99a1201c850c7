//! The principles file: what is put in front of a query to get the guided response.

use serde::{Deserialize, Serialize};

use super::numbering::Numbering;

/// A set of written principles, in order, each on or off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Principles {
    /// Put before the entries, for example "Your answers should follow these rules:".
    #[serde(default)]
    pub preamble: String,
    /// What stands in front of each entry that is on. `true`: "1 ...", "2 ...", as the paper's HH prompt does.
    #[serde(default)]
    pub numbered: Numbering,
    /// `[[principle]]` tables in the file.
    #[serde(rename = "principle")]
    pub entries: Vec<Principle>,
}

/// One principle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Principle {
    /// A short name for the screen.
    pub name: String,
    pub text: String,
    #[serde(default = "yes")]
    pub on: bool,
    /// What it is about, for people and for `ple principles list --tag`; the model does not see it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

fn yes() -> bool {
    true
}

impl Principles {
    /// The text p of the method: preamble and the entries that are on, joined by spaces.
    /// `None` when no entry is on, so that the guided prompt is then the plain one.
    pub fn render(&self) -> Option<String> {
        let mut parts = Vec::new();
        if !self.preamble.trim().is_empty() {
            parts.push(self.preamble.trim().to_string());
        }
        let on: Vec<&Principle> = self.entries.iter().filter(|p| p.on).collect();
        if on.is_empty() {
            return None;
        }
        for (i, p) in on.iter().enumerate() {
            parts.push(format!("{}{}", self.numbered.mark(i), p.text.trim()));
        }
        Some(parts.join(" "))
    }

    /// The same set with the entries switched as `on` says of their places.
    pub fn switched(&self, on: impl Fn(usize, &Principle) -> bool) -> Self {
        let mut set = self.clone();
        for (i, entry) in set.entries.iter_mut().enumerate() {
            entry.on = on(i, &self.entries[i]);
        }
        set
    }
}
