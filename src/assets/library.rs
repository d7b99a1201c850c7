//! The library of principles: to be read, listed by tag, and taken into a set.

use std::sync::LazyLock;

use serde::Serialize;

use crate::config::{Principle, Source, parse_principles};

macro_rules! file {
    ($name:literal) => {
        (
            concat!("principles/library/", $name, ".toml"),
            include_str!(concat!("../../principles/library/", $name, ".toml")),
        )
    };
}

/// The files of the library by their paths in the repository; each is a principles file of its own.
pub const LIBRARY: [(&str, &str); 10] = [
    file!("honesty"),
    file!("uncertainty"),
    file!("harmlessness"),
    file!("refusal"),
    file!("privacy"),
    file!("helpfulness"),
    file!("concision"),
    file!("tone"),
    file!("summarisation"),
    file!("reviews"),
];

/// A principle of the library.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LibraryEntry {
    pub name: String,
    pub tags: Vec<String>,
    pub text: String,
    /// The file it is in, by its path in the repository.
    pub file: &'static str,
}

impl LibraryEntry {
    /// The entry as part of a set: on, with its tags.
    pub fn principle(&self) -> Principle {
        Principle {
            name: self.name.clone(),
            text: self.text.clone(),
            on: true,
            tags: self.tags.clone(),
        }
    }
}

/// Every principle of the library, file by file.
pub fn library() -> &'static [LibraryEntry] {
    static ENTRIES: LazyLock<Vec<LibraryEntry>> = LazyLock::new(|| LIBRARY.iter().flat_map(read).collect());
    &ENTRIES
}

/// Every tag of the library with the number of principles that have it, the most used first.
pub fn library_tags() -> Vec<(&'static str, usize)> {
    let mut tags: Vec<(&str, usize)> = Vec::new();
    for tag in library().iter().flat_map(|e| &e.tags) {
        match tags.iter_mut().find(|(t, _)| t == tag) {
            Some((_, count)) => *count += 1,
            None => tags.push((tag, 1)),
        }
    }
    tags.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    tags
}

fn read((file, text): &(&'static str, &'static str)) -> Vec<LibraryEntry> {
    let source = Source {
        path: None,
        name: (*file).into(),
        text: (*text).into(),
    };
    // A test reads all of them, so that there is nothing left to tell a user.
    let entries = parse_principles(&source).map(|set| set.entries).unwrap_or_default();
    let entry = |p: Principle| LibraryEntry {
        name: p.name,
        tags: p.tags,
        text: p.text,
        file,
    };
    entries.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_file_is_read_and_every_principle_can_be_told_apart() {
        for (name, text) in LIBRARY {
            let source = Source {
                path: None,
                name: name.into(),
                text: text.into(),
            };
            let set = parse_principles(&source).unwrap_or_else(|e| panic!("{e}"));
            assert!(set.entries.iter().all(|p| p.on && !p.tags.is_empty()), "{name}");
        }
        let entries = library();
        assert!((25..=40).contains(&entries.len()), "{}", entries.len());
        for part in [|e: &LibraryEntry| e.name.clone(), |e: &LibraryEntry| e.text.clone()] {
            assert_eq!(entries.iter().map(part).collect::<HashSet<_>>().len(), entries.len());
        }
    }

    #[test]
    fn every_folder_file_is_embedded() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("principles/library");
        let files = std::fs::read_dir(folder).expect("readable").count();
        assert_eq!(files, LIBRARY.len());
    }

    #[test]
    fn the_usual_concerns_have_tags() {
        let tags: HashSet<&str> = library_tags().into_iter().map(|(tag, _)| tag).collect();
        for tag in [
            "honesty",
            "harmlessness",
            "helpfulness",
            "concision",
            "tone",
            "uncertainty",
            "privacy",
            "refusal-style",
            "faithfulness",
            "hh",
            "imdb",
            "tldr",
        ] {
            assert!(tags.contains(tag), "{tag}");
        }
    }
}
