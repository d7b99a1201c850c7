//! The writer's lock: one writer a run, and the operating system lets go of it however the writer ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use super::error::{At, Result, StoreError};

/// The file of a run's folder that the writer holds.
pub(super) const LOCK_FILE: &str = "run.lock";

/// Held for as long as it lives.
#[derive(Debug)]
pub(super) struct WriterLock {
    _file: File,
}

impl WriterLock {
    /// Takes the lock of the run in `dir`, or says which process holds it.
    pub fn take(dir: &Path) -> Result<Self> {
        let path = dir.join(LOCK_FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .at(&path, "open the run's lock")?;
        // `is_held` takes a shared lock for an instant; that must not look like a second writer.
        let mut tries = 50;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if tries > 0 => {
                    tries -= 1;
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(TryLockError::WouldBlock) => {
                    let mut text = String::new();
                    // The text is a courtesy: without it the error only lacks the process's number.
                    let _ = file.read_to_string(&mut text);
                    return Err(StoreError::Locked {
                        path: dir.to_path_buf(),
                        pid: text.trim().parse().ok(),
                    });
                }
                Err(TryLockError::Error(source)) => return Err(source).at(&path, "lock the run"),
            }
        }
        file.set_len(0).at(&path, "write the run's lock")?;
        file.seek(SeekFrom::Start(0)).at(&path, "write the run's lock")?;
        writeln!(file, "{}", std::process::id()).at(&path, "write the run's lock")?;
        Ok(Self { _file: file })
    }
}

/// True while some process holds the lock of the run in `dir`. Changes nothing.
pub(super) fn is_held(dir: &Path) -> bool {
    let Ok(file) = File::open(dir.join(LOCK_FILE)) else {
        return false;
    };
    // Dropping the file lets go of the shared lock again.
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}
