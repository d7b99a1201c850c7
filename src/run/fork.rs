//! A new run that begins where another one was: its rows and checkpoints up to a step, in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::checkpoint::{self, Checkpoint};
use super::error::{At, Result, StoreError};
use super::lock::WriterLock;
use super::schema::{self, DATABASE_FILE};
use super::store::{Store, check_name, make_named};
use crate::train::{Event, Mark, PrinciplesVersion, Started};

/// What a fork begins with.
#[derive(Clone, Debug)]
pub struct Fork<'a> {
    /// The parent's folder. Another process may write it meanwhile.
    pub parent: &'a Path,
    /// What the fork goes on from, as the changes have it: one that the parent has, or that differs from it in numbers.
    pub checkpoint: &'a Checkpoint,
    /// Principles that act from there on; the checkpoint names their version.
    pub principles: Option<PrinciplesVersion>,
    pub mark: Mark,
    /// Make the changes again that were made by hand to the parent after the step.
    pub redo: bool,
}

impl Store {
    /// Creates a fork in `<runs>/<name>/`; without a name the first free of `<parent>@<step>`, `<parent>@<step>-2`, ...
    ///
    /// Everything up to the step is copied (files of checkpoints are shared with the parent where the file system can:
    /// they are replaced, never written to), so that the fork outlives its parent. When it fails, nothing is left behind.
    pub fn fork(runs: &Path, name: Option<&str>, started: &Started, fork: &Fork<'_>) -> Result<Self> {
        fs::create_dir_all(runs).at(runs, "create the folder of runs")?;
        let dir = match name {
            Some(name) => {
                check_name(runs, name)?;
                make_named(&runs.join(name))?
            }
            None => make_free(
                runs,
                &format!("{}@{}", schema::name_of(fork.parent), fork.checkpoint.step),
            )?,
        };
        Self::branch(&dir, started, fork).inspect_err(|_| {
            // The first error is the one to report.
            let _ = fs::remove_dir_all(&dir);
        })
    }

    fn branch(dir: &Path, started: &Started, fork: &Fork<'_>) -> Result<Self> {
        let lock = WriterLock::take(dir)?;
        let path = dir.join(DATABASE_FILE);
        copy_database(fork.parent, &path)?;
        let mut conn = schema::open_writer(dir)?;
        let started = Started {
            run: schema::name_of(dir),
            path: dir.to_string_lossy().into_owned(),
            resumed_from: fork.checkpoint.step,
            ..started.clone()
        };
        let folder = checkpoint::folder_of(dir);
        fs::create_dir(&folder).at(&folder, "create the folder of checkpoints")?;
        let kept = forget(&mut conn, &path, fork, &started)?;
        for (step, file) in kept {
            let (from, to) = (checkpoint::file_of(fork.parent, &file), checkpoint::file_of(dir, &file));
            let shared = fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(|_| ()));
            match shared {
                Ok(()) => {}
                // One that the parent has lost is no checkpoint of the fork either; that of the step itself is written below.
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                    conn.execute("DELETE FROM checkpoints WHERE step = ?1", [step])
                        .at(&path, "forget a checkpoint")?;
                }
                Err(e) => return Err(e).at(&to, "copy a checkpoint"),
            }
        }
        checkpoint::sync_folder(&folder)?;
        checkpoint::sync_folder(dir)?;
        let mut store = Self::over(dir, started, conn, lock);
        if let Some(version) = &fork.principles {
            store.record(&Event::Principles(version.clone()))?;
        }
        store.record(&Event::Mark(fork.mark.clone()))?;
        // After the mark and the principles: what comes before a checkpoint is in it, and is not done again.
        store.save_checkpoint(fork.checkpoint)?;
        Ok(store)
    }
}

/// A whole and consistent copy, though the parent may be being written.
fn copy_database(parent: &Path, to: &Path) -> Result<()> {
    let conn = schema::open_reader(parent)?;
    let text = to.to_str().ok_or_else(|| StoreError::Refused {
        path: to.to_path_buf(),
        found: "a path that is not UTF-8".to_string(),
    })?;
    conn.execute("VACUUM INTO ?1", [text])
        .map(|_| ())
        .at(&parent.join(DATABASE_FILE), "copy the parent's database")
}

/// Forgets what came after the step, and says what the fork is. Returns the step and file of every checkpoint before.
fn forget(conn: &mut Connection, path: &Path, fork: &Fork<'_>, started: &Started) -> Result<Vec<(u32, String)>> {
    let doing = "cut the copy of the parent's database";
    let (step, sft_done) = (fork.checkpoint.step, fork.checkpoint.sft_done);
    let tx = conn.transaction().at(path, doing)?;
    super::rewind::forget(&tx, step, sft_done).at(path, doing)?;
    if !fork.redo {
        tx.execute("DELETE FROM events WHERE pending = 1", []).at(path, doing)?;
    }
    schema::write_started(&tx, path, started)?;
    let kept = tx
        .prepare("SELECT step, file FROM checkpoints WHERE step < ?1")
        .and_then(|mut statement| {
            statement
                .query_map([step], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
        .at(path, doing)?;
    tx.commit().at(path, doing)?;
    let pages = |what: &str| conn.query_row(&format!("PRAGMA {what}"), params![], |row| row.get::<_, i64>(0));
    // A fork from early in a long run would be as large as that run.
    if let (Ok(free), Ok(all)) = (pages("freelist_count"), pages("page_count"))
        && free * 2 > all
    {
        conn.execute_batch("VACUUM").at(path, doing)?;
    }
    Ok(kept)
}

fn make_free(runs: &Path, name: &str) -> Result<PathBuf> {
    let mut number = 1u32;
    loop {
        let name = match number {
            1 => name.to_string(),
            n => format!("{name}-{n}"),
        };
        match make_named(&runs.join(name)) {
            Err(StoreError::Exists { .. }) => number += 1,
            other => return other,
        }
    }
}
