//! The text fields of the screen: what each is for, and what its text becomes.

use std::path::{Path, PathBuf};

use crate::config::{Principle, Principles};

/// What a text field is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    Text(usize),
    Name(usize),
    Preamble,
    NewName,
    /// Text of the new principle of this name.
    NewText(String),
    SavePath,
}

impl Field {
    /// The title of the field's frame.
    pub fn title(&self, principles: Option<&Principles>) -> String {
        let name = |i: usize| {
            principles
                .and_then(|p| p.entries.get(i))
                .map_or("", |e| e.name.as_str())
        };
        match self {
            Field::Text(i) => format!("Text of \"{}\"", name(*i)),
            Field::Name(i) => format!("New name of \"{}\"", name(*i)),
            Field::Preamble => "Preamble: stands before the principles".to_string(),
            Field::NewName => "Name of the new principle (the model does not see it)".to_string(),
            Field::NewText(name) => format!("Text of the new principle \"{name}\""),
            Field::SavePath => "Save the principles as they stand here to".to_string(),
        }
    }

    /// How to leave the field.
    pub fn hint(&self) -> &'static str {
        match self {
            Field::Text(_) | Field::Preamble | Field::NewText(_) => "Enter: accept   Alt-Enter: new line   Esc: cancel",
            Field::Name(_) | Field::NewName => "Enter: accept   Esc: cancel",
            Field::SavePath => "Enter: save   Esc: cancel",
        }
    }

    /// Why this text will not do.
    pub fn refuse(&self, text: &str) -> Option<&'static str> {
        if !text.trim().is_empty() {
            return None;
        }
        match self {
            Field::Text(_) | Field::NewText(_) => Some(
                "An empty text says nothing to the model. Switch the principle off (⟨principles-toggle⟩) or delete it (⟨principles-delete⟩) instead.",
            ),
            Field::Name(_) | Field::NewName => Some("A principle needs a name; it is only for the list."),
            Field::SavePath => Some("Write the path of a file, for example principles/mine.toml."),
            Field::Preamble => None,
        }
    }

    /// Puts the accepted text into the principles.
    pub fn put(&self, text: &str, principles: &mut Principles) {
        let text = text.trim().to_string();
        match self {
            Field::Text(i) => {
                if let Some(entry) = principles.entries.get_mut(*i) {
                    entry.text = text;
                }
            }
            Field::Name(i) => {
                if let Some(entry) = principles.entries.get_mut(*i) {
                    entry.name = text;
                }
            }
            Field::Preamble => principles.preamble = text,
            Field::NewText(name) => principles.entries.push(Principle {
                name: name.clone(),
                text,
                on: true,
                tags: Vec::new(),
            }),
            Field::NewName | Field::SavePath => {}
        }
    }
}

/// Beside the experiment's file: "principles/hh.toml" becomes "principles/hh-edited.toml".
pub fn edited_path(file: &str) -> PathBuf {
    let path = Path::new(file);
    let stem = path.file_stem().map_or("principles".into(), |s| s.to_string_lossy());
    if stem.ends_with("-edited") {
        return path.to_path_buf();
    }
    path.with_file_name(format!("{stem}-edited.toml"))
}
