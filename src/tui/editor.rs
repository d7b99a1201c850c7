//! The user's own editor: it gets the terminal, a file, and every key until it is left.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// An editor has the terminal.
static OPEN: AtomicBool = AtomicBool::new(false);

/// True while an editor has the terminal: Ctrl-C is meant for it, though every process of the terminal gets it.
pub fn is_open() -> bool {
    OPEN.load(Ordering::SeqCst)
}

/// Opens `text` in `$VISUAL`, else `$EDITOR`, else vi, and waits. Returns what was written, or what went wrong, for people.
pub fn edit(file: &str, text: &str) -> Result<String, String> {
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.trim().is_empty())
        .unwrap_or_else(|| if cfg!(windows) { "notepad" } else { "vi" }.to_string());
    let folder = Folder::new().map_err(|e| format!("no file to edit could be made: {e}"))?;
    let path = folder.0.join(file);
    fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    OPEN.store(true, Ordering::SeqCst);
    let ended = command(&editor, &path).status();
    OPEN.store(false, Ordering::SeqCst);
    match ended {
        Err(e) => Err(format!("{editor}: {e}; set VISUAL or EDITOR to an editor")),
        Ok(status) if status.code() == Some(127) => Err(format!(
            "{editor}: there is no such program; set VISUAL or EDITOR to an editor"
        )),
        Ok(status) if !status.success() => Err(format!("{editor} ended with {status}: nothing was changed")),
        Ok(_) => fs::read(&path)
            .map_err(|e| format!("{}: {e}: nothing was changed", path.display()))
            .and_then(|bytes| {
                String::from_utf8(bytes).map_err(|_| "what was written is not UTF-8: nothing was changed".into())
            }),
    }
}

/// As git does it: by the shell, since an editor may come with arguments ("code --wait").
fn command(editor: &str, path: &Path) -> Command {
    if cfg!(windows) {
        let mut command = Command::new("cmd");
        command.arg("/C").arg(format!("{editor} \"{}\"", path.display()));
        return command;
    }
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{editor} \"$@\"")).arg(editor).arg(path);
    command
}

/// A folder of our own for one file; it goes with this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = format!("ple-{}-{}", std::process::id(), now.as_nanos());
        let path = std::env::temp_dir().join(name);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        // What the editor left behind it on the terminal is not ours to keep.
        let _ = io::stdout().flush();
    }
}

/// Whether the thread that reads the keys may do so.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    wanted: Arc<AtomicBool>,
    held: Arc<AtomicBool>,
}

/// The terminal is not read for as long as this lives.
pub struct Hold(Reading);

impl Reading {
    /// Waits until the thread has stopped reading. A thread that does not answer is not waited for: it is gone.
    pub fn hold(&self) -> Hold {
        self.wanted.store(true, Ordering::SeqCst);
        let start = Instant::now();
        while !self.held.load(Ordering::SeqCst) && start.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(Duration::from_millis(2));
        }
        Hold(self.clone())
    }

    /// To be asked by the thread before it reads. False: it is to wait a little and ask again.
    pub fn may(&self) -> bool {
        let wanted = self.wanted.load(Ordering::SeqCst);
        self.held.store(wanted, Ordering::SeqCst);
        !wanted
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.wanted.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_stops_while_it_is_held() {
        let reading = Reading::default();
        assert!(reading.may());
        let thread = reading.clone();
        let asked = std::thread::spawn(move || while thread.may() {});
        let hold = reading.hold();
        asked.join().unwrap();
        assert!(!reading.may());
        drop(hold);
        assert!(reading.may());
    }
}
