//! What people write about a run: tags and a note. They lie in a file of their own beside the store, which is replaced whole:
//! a run may be labelled while another process writes it, and the file can be edited by hand.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::{At, Result, StoreError};

const LABELS_FILE: &str = "labels.toml";

/// Tags and a note.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// Words without blanks, each once, in the order in which they were given.
    #[serde(default)]
    pub tags: Vec<String>,
    /// One line.
    #[serde(default)]
    pub note: String,
}

impl Labels {
    /// Tags from a line of text: words, with commas or `#` or without.
    pub fn tags_of(text: &str) -> Vec<String> {
        let mut tags: Vec<String> = Vec::new();
        let parts = text.split(|c: char| c.is_whitespace() || c == ',');
        for tag in parts.map(|t| t.trim_start_matches('#')).filter(|t| !t.is_empty()) {
            if !tags.iter().any(|t| t == tag) {
                tags.push(tag.to_string());
            }
        }
        tags
    }
}

/// The labels of the run in `dir`; none where there is no such file, or none that can be read.
pub fn read_labels(dir: &Path) -> Labels {
    let text = fs::read_to_string(file_of(dir)).unwrap_or_default();
    toml::from_str(&text).unwrap_or_default()
}

/// Writes the labels of the run in `dir`, whole or not at all. What somebody wrote there by hand and cannot be read is not
/// replaced.
pub fn write_labels(dir: &Path, labels: &Labels) -> Result<()> {
    let path = file_of(dir);
    if let Ok(text) = fs::read_to_string(&path)
        && let Err(error) = toml::from_str::<Labels>(&text)
    {
        let found = error.to_string().trim_end().replace('\n', " ");
        return Err(StoreError::Labels { path, found });
    }
    let refused = |found: String| StoreError::Refused {
        path: path.clone(),
        found,
    };
    let text = toml::to_string(labels).map_err(|e| refused(e.to_string()))?;
    let beside = dir.join(format!(".{LABELS_FILE}.{}", std::process::id()));
    fs::write(&beside, text).at(&beside, "write the labels of the run")?;
    fs::rename(&beside, &path).at(&path, "write the labels of the run")
}

fn file_of(dir: &Path) -> PathBuf {
    dir.join(LABELS_FILE)
}
