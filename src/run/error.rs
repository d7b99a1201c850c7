//! What can go wrong with a run on disk. Every message names the path, what was found and what would do.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// The result of everything in this room.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Why a run could not be created, opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("{}: cannot {doing}: {source}; {}", path.display(), io_help(source))]
    Io {
        path: PathBuf,
        doing: &'static str,
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("{}: cannot {doing}: {source}; {}", path.display(), database_help(source))]
    Database {
        path: PathBuf,
        doing: &'static str,
        source: rusqlite::Error,
    },
    /// The name of a new run is taken.
    #[error("{}: already exists; choose another --name, or go on with it: ple resume {}", path.display(), path.display())]
    Exists { path: PathBuf },
    /// The name of a new run cannot be a folder's name.
    #[error(
        "{}: cannot hold a run named {name:?}; a name is one folder's name without '/' or '\\' that does not start with '.' or '-'",
        path.display()
    )]
    Name { path: PathBuf, name: String },
    /// There is no run there.
    #[error("{}: not a run: {found}; {help}", path.display())]
    NotARun { path: PathBuf, found: String, help: String },
    /// Another process writes this run.
    #[error(
        "{}: the run is being written by {}; wait until it ends or stop it, or follow it with: ple open {}",
        path.display(), holder(pid), path.display()
    )]
    Locked { path: PathBuf, pid: Option<u32> },
    /// The run was written by a newer ple.
    #[error("{}: the run has format {found} and this ple reads formats up to {known}; use a newer ple", path.display())]
    Newer { path: PathBuf, found: i64, known: i64 },
    /// A record that is there cannot be understood.
    #[error("{}: {what} cannot be read: {found}; the file is damaged: restore it from a copy, or start a new run", path.display())]
    Damaged { path: PathBuf, what: String, found: String },
    /// A checkpoint's file is missing, cut off or changed.
    #[error("{}: not a whole checkpoint: {found}; use an earlier checkpoint of the run", path.display())]
    Checkpoint { path: PathBuf, found: String },
    /// The file of labels was edited by hand, and is not what it should be any more.
    #[error("{}: nothing was changed, since what is there cannot be read: {found}; correct it, or delete the file", path.display())]
    Labels { path: PathBuf, found: String },
    /// A record that does not fit the run was handed in: a mistake of the caller.
    #[error("{}: refused a record: {found}; nothing was written, please report this", path.display())]
    Refused { path: PathBuf, found: String },
}

/// Puts the path and the attempt beside a foreign error.
pub(super) trait At<T> {
    fn at(self, path: &Path, doing: &'static str) -> Result<T>;
}

impl<T> At<T> for std::io::Result<T> {
    fn at(self, path: &Path, doing: &'static str) -> Result<T> {
        self.map_err(|source| StoreError::Io {
            path: path.to_path_buf(),
            doing,
            source,
        })
    }
}

impl<T> At<T> for rusqlite::Result<T> {
    fn at(self, path: &Path, doing: &'static str) -> Result<T> {
        self.map_err(|source| StoreError::Database {
            path: path.to_path_buf(),
            doing,
            source,
        })
    }
}

fn holder(pid: &Option<u32>) -> String {
    match pid {
        Some(pid) => format!("process {pid}"),
        None => "another process".to_string(),
    }
}

fn io_help(source: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match source.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "make the folder writable, or choose another with --runs"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space, then go on with: ple resume",
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "a file is in the way: move it, or choose another folder with --runs"
        }
        ErrorKind::NotFound => "check the path",
        _ => "check the disk and the path",
    }
}

fn database_help(source: &rusqlite::Error) -> &'static str {
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "free some space, then go on with: ple resume",
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "check that the file exists and that its folder is writable"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program holds it: close that and try again"
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "the file is damaged: restore it from a copy, or start a new run"
        }
        _ => "check that the disk is neither full nor failing",
    }
}
