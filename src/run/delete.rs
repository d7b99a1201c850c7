//! Deleting a run for good.

use std::fs;
use std::path::Path;

use super::error::{At, Result};
use super::lock::WriterLock;
use super::schema;

/// Deletes the folder of a run. Fails, with nothing deleted, where that is no run, or while a process writes it.
pub fn delete(dir: &Path) -> Result<()> {
    drop(schema::open_reader(dir)?);
    let lock = WriterLock::take(dir)?;
    // Out of the list at once: what is left of a deletion that was cut short is no half of a run.
    let gone = dir.with_file_name(format!(".deleted-{}-{}", std::process::id(), schema::name_of(dir)));
    fs::rename(dir, &gone).at(dir, "delete the run")?;
    drop(lock);
    fs::remove_dir_all(&gone).at(&gone, "delete the run")
}
