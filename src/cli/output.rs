//! Where something that was made goes: a file, or standard output.

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;

use super::Failure;

/// Writes to a file, whole or not at all, or to standard output, where `binary` is refused on a terminal.
pub fn write(path: Option<&Path>, bytes: &[u8], binary: bool) -> Result<(), Failure> {
    let Some(path) = path else {
        let out = std::io::stdout();
        if binary && out.is_terminal() {
            return Err(Failure::input(
                "a picture is nothing for a terminal; name a file with -o",
            ));
        }
        let mut out = out.lock();
        return match out.write_all(bytes).and_then(|()| out.flush()) {
            // A reader that has seen enough is no failure.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::failed(error)),
            _ => Ok(()),
        };
    };
    let wrong = |e: std::io::Error| Failure::input(format!("{}: {e}", path.display()));
    if path.is_dir() {
        return Err(Failure::input(format!(
            "{}: this is a folder; name a file",
            path.display()
        )));
    }
    // A pipe or a device is written to; only a file can be replaced.
    if path.exists() && !path.is_file() {
        return std::fs::write(path, bytes).map_err(wrong);
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    std::fs::write(&beside, bytes).map_err(wrong)?;
    std::fs::rename(&beside, path).map_err(|error| {
        // The first error is the one to report.
        let _ = std::fs::remove_file(&beside);
        wrong(error)
    })
}
