//! Standard error while the screen is up: into a file, since a line of anybody would go over the frame.

use std::path::{Path, PathBuf};

/// Standard error goes to a file until this is undone.
pub struct Redirect {
    path: PathBuf,
    #[cfg(unix)]
    before: std::os::fd::OwnedFd,
}

impl Redirect {
    /// Sends it to the end of a file. `None` where it is no terminal, and so harms no frame, or where the file cannot be
    /// written: then it stays as it is.
    #[cfg(unix)]
    pub fn to(path: &Path) -> Option<Self> {
        use std::io::IsTerminal;
        if !std::io::stderr().is_terminal() {
            return None;
        }
        std::fs::create_dir_all(path.parent()?).ok()?;
        let file = std::fs::File::options().create(true).append(true).open(path).ok()?;
        let before = rustix::io::dup(std::io::stderr()).ok()?;
        rustix::stdio::dup2_stderr(&file).ok()?;
        Some(Self {
            path: path.to_path_buf(),
            before,
        })
    }

    /// Elsewhere it stays as it is.
    #[cfg(not(unix))]
    pub fn to(_: &Path) -> Option<Self> {
        None
    }

    /// Back to where it went; returns the file.
    pub fn undo(self) -> PathBuf {
        #[cfg(unix)]
        rustix::stdio::dup2_stderr(&self.before).ok();
        self.path
    }
}

/// Takes away a file to which nothing went; returns the others and how many lines they hold.
pub fn close(path: PathBuf) -> Option<(PathBuf, usize)> {
    let text = std::fs::read(&path).ok()?;
    if text.is_empty() {
        let _ = std::fs::remove_file(&path);
        return None;
    }
    let lines = text.iter().filter(|b| **b == b'\n').count().max(1);
    Some((path, lines))
}
