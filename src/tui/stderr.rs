//! Standard error while the screen is up: into a file, since a line of anybody would go over the frame. And both outputs
//! once the terminal is gone.

use std::path::{Path, PathBuf};

/// Where an output is a terminal that has hung up, it goes nowhere from now on: writing to it fails, and `println!` makes a
/// panic of that, which would keep the run from being saved. Every other output stays.
pub fn leave_dead_terminal() {
    #[cfg(unix)]
    {
        let Ok(nowhere) = std::fs::File::options().read(true).write(true).open("/dev/null") else {
            return;
        };
        if is_dead(&std::io::stdout()) {
            rustix::stdio::dup2_stdout(&nowhere).ok();
        }
        if is_dead(&std::io::stderr()) {
            rustix::stdio::dup2_stderr(&nowhere).ok();
        }
    }
}

/// After a terminal hung up it does not say any more that it is one, but is a device still.
#[cfg(unix)]
fn is_dead(output: &(impl std::os::fd::AsFd + std::io::IsTerminal)) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let file = output.as_fd().try_clone_to_owned().map(std::fs::File::from);
    let meta = file.and_then(|file| file.metadata());
    !output.is_terminal() && meta.is_ok_and(|meta| meta.file_type().is_char_device())
}

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
        leave_dead_terminal();
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
