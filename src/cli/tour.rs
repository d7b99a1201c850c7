//! Whether the tour was seen: a file in the place where the program remembers things.

use std::path::PathBuf;

use crate::config::{SettingsFile, environment, state_folder};

fn mark() -> Option<PathBuf> {
    Some(state_folder(&environment)?.join("tour"))
}

/// It is wanted, was not seen yet, and can be remembered. Not on machines that test (`CI`).
pub fn is_new(wanted: bool) -> bool {
    let machine = environment("CI").is_some_and(|v| !v.is_empty() && v != "false");
    let placed = SettingsFile::find(&environment) != SettingsFile::None;
    wanted && !machine && placed && mark().is_some_and(|mark| !mark.exists())
}

/// Remembers that it was seen. Where that cannot be written it is shown again another time.
pub fn seen() {
    let Some(mark) = mark() else { return };
    if let Some(folder) = mark.parent() {
        let _ = std::fs::create_dir_all(folder);
    }
    let _ = std::fs::write(mark, "The tour of ple was seen. Without this file it is shown again.\n");
}
