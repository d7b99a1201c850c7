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
    replace(path, bytes).map_err(wrong)
}

/// Writes a file whole or not at all: what was there stays until all of the new is written. A link stays a link, and a
/// file keeps its permissions.
pub fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    let written = std::fs::write(&beside, bytes).and_then(|()| {
        if let Ok(there) = std::fs::metadata(&path) {
            std::fs::set_permissions(&beside, there.permissions())?;
        }
        std::fs::rename(&beside, &path)
    });
    if written.is_err() {
        // The first error is the one to report.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("p.toml"), folder.path().join("link.toml"));
        replace(&file, b"old").unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
        symlink("p.toml", &link).unwrap();
        replace(&link, b"new").unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        // What cannot be replaced leaves nothing beside it.
        assert!(replace(folder.path(), b"x").is_err());
        assert!(replace(&folder.path().join("none/p.toml"), b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
