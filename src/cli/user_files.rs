//! The user's own files, for the screen: lines of the palette that outlive a session, and principles files.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crossbeam_channel::{Receiver, never, unbounded};

use crate::config::{Principles, Source, environment, parse_principles, state_folder};
use crate::tui::UserFiles;

/// Lines that are kept.
const KEPT: usize = 500;

/// The files of this user. `principles` is a file to be watched.
pub fn user_files(principles: Option<PathBuf>) -> UserFiles {
    let file = state_folder(&environment).map(|folder| folder.join("history"));
    let history = file.as_deref().map(read_history).unwrap_or_default();
    UserFiles {
        load: read_principles,
        remember: Arc::new(move |line| {
            if let Some(file) = &file {
                // A history that cannot be kept is no reason to disturb anybody.
                let _ = append(file, line);
            }
        }),
        history,
        changed: principles.map_or_else(never, watch),
    }
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

/// How often a principles file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What is sent when a principles file changed on disk.
pub type FileNews = (PathBuf, Result<Principles, String>);

/// Watches a principles file: what it holds whenever it holds something else than before. By looking, since a file is
/// changed in many ways (written over, replaced by a rename, on a network) and not every one of them is told of. The
/// thread ends when nobody listens any more.
pub fn watch(path: PathBuf) -> Receiver<FileNews> {
    let (send, changed) = unbounded();
    std::thread::spawn(move || {
        // Empty messages cannot be sent to ask whether somebody listens; the thread is one of a process that ends.
        let mut watched = Watched::new(path);
        loop {
            std::thread::sleep(LOOK);
            if let Some(news) = watched.look()
                && send.send(news).is_err()
            {
                return;
            }
        }
    });
    changed
}

/// A file, and what it was like when it was last looked at.
struct Watched {
    path: PathBuf,
    stamp: Option<(SystemTime, u64)>,
    bytes: Option<Vec<u8>>,
}

impl Watched {
    fn new(path: PathBuf) -> Self {
        let (stamp, bytes) = (stamp(&path), fs::read(&path).ok());
        Self { path, stamp, bytes }
    }

    /// What it holds, if that is something else than before. A file that is gone may be about to be replaced.
    fn look(&mut self) -> Option<FileNews> {
        let now = stamp(&self.path)?;
        if self.stamp == Some(now) {
            return None;
        }
        let bytes = fs::read(&self.path).ok()?;
        self.stamp = Some(now);
        if self.bytes.as_ref() == Some(&bytes) {
            return None;
        }
        self.bytes = Some(bytes);
        Some((self.path.clone(), read_principles(&self.path)))
    }
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let found = fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
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
    fn a_file_that_holds_something_else_is_told_and_what_is_wrong_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.toml");
        let text = |name: &str| format!("[[principle]]\nname = \"{name}\"\ntext = \"Be {name}.\"\n");
        fs::write(&path, text("kind")).unwrap();
        let mut watched = Watched::new(path.clone());
        assert!(watched.look().is_none());
        // Touched, but the same.
        watched.stamp = None;
        assert!(watched.look().is_none());
        // Replaced, as editors do.
        let other = folder.path().join("other");
        fs::write(&other, text("concise")).unwrap();
        fs::rename(&other, &path).unwrap();
        watched.stamp = None;
        let (found, outcome) = watched.look().unwrap();
        assert_eq!(
            (found, outcome.unwrap().entries[0].name.as_str()),
            (path.clone(), "concise")
        );
        assert!(watched.look().is_none());
        fs::write(&path, "[[principle]]\nname = \"x\"\n").unwrap();
        let (_, outcome) = watched.look().unwrap();
        assert!(outcome.unwrap_err().contains("p.toml"));
        fs::remove_file(&path).unwrap();
        assert!(watched.look().is_none());
    }

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
