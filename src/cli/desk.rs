//! The user's own files, for the screen: lines of the palette that outlive a session, and principles files.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Principles, Source, parse_principles};
use crate::tui::Desk;

/// Lines that are kept.
const KEPT: usize = 500;

/// The desk of this user.
pub fn desk() -> Desk {
    let file = state_folder().map(|folder| folder.join("history"));
    let history = file.as_deref().map(read_history).unwrap_or_default();
    Desk {
        load: read_principles,
        remember: Arc::new(move |line| {
            if let Some(file) = &file {
                // A history that cannot be kept is no reason to disturb anybody.
                let _ = append(file, line);
            }
        }),
        history,
    }
}

/// Where the XDG base directory specification puts what a program remembers: `$XDG_STATE_HOME/ple`, else
/// `~/.local/state/ple`.
fn state_folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let state = absolute("XDG_STATE_HOME").or_else(|| {
        if cfg!(windows) {
            absolute("LOCALAPPDATA")
        } else {
            Some(absolute("HOME")?.join(".local/state"))
        }
    });
    Some(state?.join("ple"))
}

/// The lines of a history, oldest first. One that grew long is cut.
fn read_history(file: &Path) -> Vec<String> {
    let bytes = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<String> = text.lines().map(str::to_string).collect();
    let newest = &lines[lines.len().saturating_sub(KEPT)..];
    if lines.len() > 4 * KEPT {
        let _ = fs::write(file, newest.join("\n") + "\n");
    }
    newest.to_vec()
}

/// One write a line, so that several workbenches do not mix theirs.
fn append(file: &Path, line: &str) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    file.write_all(format!("{}\n", line.replace('\n', " ")).as_bytes())
}

/// A principles file, or what is wrong with it and where.
pub fn read_principles(path: &Path) -> Result<Principles, String> {
    let source = Source::read(path).map_err(|e| e.to_string())?;
    parse_principles(&source).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_in_their_order_and_old_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/history");
        assert_eq!(read_history(&file), Vec::<String>::new());
        for i in 0..2100 {
            append(&file, &format!("goto {i}")).unwrap();
        }
        let lines = read_history(&file);
        assert_eq!((lines.len(), lines[0].as_str()), (KEPT, "goto 1600"));
        append(&file, "tau 0.1").unwrap();
        let lines = read_history(&file);
        assert_eq!(lines.last().map(String::as_str), Some("tau 0.1"));
        assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), KEPT + 1);
    }
}
