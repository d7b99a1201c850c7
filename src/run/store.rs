//! The one writer of a run.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::checkpoint::{self, Checkpoint};
use super::error::{At, Result, StoreError};
use super::lock::WriterLock;
use super::schema::{self, DATABASE_FILE};
use super::{exact, rows};
use crate::config::Plan;
use crate::train::{Event, FitSplit, PairRecord, PrinciplesVersion, Started, StepRecord};

/// A run that this process writes. The run's lock is held for as long as this lives, or until it is let go of.
pub struct Store {
    pub(super) dir: PathBuf,
    /// Of the database, for messages.
    pub(super) path: PathBuf,
    pub(super) started: Started,
    // Before the lock, so that the database is closed when the next writer gets in.
    pub(super) conn: Connection,
    lock: Option<WriterLock>,
}

impl Store {
    /// Creates `<runs>/<name>/`; without a name the first free of `<task>-001`, `<task>-002`, ...
    ///
    /// `run` and `path` of `started` are filled in here: see [`Store::started`]. When it fails, nothing is left behind.
    pub fn create(runs: &Path, name: Option<&str>, started: &Started) -> Result<Self> {
        if let Some(name) = name {
            check_name(runs, name)?;
        }
        // Folders above the run that only exist because of it go with it when it fails.
        let new: Vec<&Path> = runs
            .ancestors()
            .take_while(|p| !p.as_os_str().is_empty() && !p.exists())
            .collect();
        let made = fs::create_dir_all(runs)
            .at(runs, "create the folder of runs")
            .and_then(|()| {
                let dir = match name {
                    Some(name) => make_named(&runs.join(name))?,
                    None => make_numbered(runs, started)?,
                };
                Self::fill(&dir, started).inspect_err(|_| {
                    // The first error is the one to report.
                    let _ = fs::remove_dir_all(&dir);
                })
            });
        if made.is_err() {
            for folder in new {
                // Not empty means that another process uses it by now.
                let _ = fs::remove_dir(folder);
            }
        }
        made
    }

    fn fill(dir: &Path, started: &Started) -> Result<Self> {
        let lock = WriterLock::take(dir)?;
        let folder = checkpoint::folder_of(dir);
        fs::create_dir(&folder).at(&folder, "create the folder of checkpoints")?;
        let started = Started {
            run: schema::name_of(dir),
            path: dir.to_string_lossy().into_owned(),
            ..started.clone()
        };
        let conn = schema::create(dir, &started)?;
        checkpoint::sync_folder(dir)?;
        Ok(Self::over(dir, started, conn, lock))
    }

    /// Opens an existing run to go on with it. Fails while another process writes it, and names that process.
    pub fn open(dir: &Path) -> Result<Self> {
        // Before the lock, so that no lock file appears in a folder that is no run.
        drop(schema::open_reader(dir)?);
        let lock = WriterLock::take(dir)?;
        let conn = schema::open_writer(dir)?;
        let started = schema::read_started(&conn, dir)?;
        Ok(Self::over(dir, started, conn, lock))
    }

    pub(super) fn over(dir: &Path, started: Started, conn: Connection, lock: WriterLock) -> Self {
        Self {
            dir: dir.to_path_buf(),
            path: dir.join(DATABASE_FILE),
            started,
            conn,
            lock: Some(lock),
        }
    }

    /// The run is over: others may go on with it, although this process still answers questions about it. What is recorded
    /// from now on takes the lock for as long as that takes, and fails with [`StoreError::Locked`] while another has it.
    pub fn let_go(&mut self) {
        self.lock = None;
    }

    /// Whether the run's lock was let go of.
    pub fn is_let_go(&self) -> bool {
        self.lock.is_none()
    }

    /// Gives the run other settings, for a resume that changes some.
    pub fn set_plan(&mut self, plan: Plan) -> Result<()> {
        let started = Started {
            experiment: plan,
            ..self.started.clone()
        };
        schema::write_started(&self.conn, &self.path, &started)?;
        self.started = started;
        Ok(())
    }

    /// The run's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The run's name: its folder's.
    pub fn name(&self) -> &str {
        &self.started.run
    }

    /// What this run is.
    pub fn started(&self) -> &Started {
        &self.started
    }

    /// Records an event that is worth keeping, and ignores the others (`Started` and `Checkpoint`, which `create` and
    /// `save_checkpoint` record; `Writing`, `Measuring`, `Inside` and `Paused`, which mean nothing afterwards). What is already there is
    /// replaced, so that a step, a mark (same step and label) or a version of the principles is never there twice.
    pub fn record(&mut self, event: &Event) -> Result<()> {
        let _lock = match self.lock {
            Some(_) => None,
            None => Some(WriterLock::take(&self.dir)?),
        };
        let (kind, step, key) = match event {
            Event::Started(_)
            | Event::Writing(_)
            | Event::Measuring(_)
            | Event::Inside(_)
            | Event::Checkpoint { .. }
            | Event::Paused { .. } => return Ok(()),
            Event::Step(step) => return self.record_step(step, &[]),
            Event::Pairs { step, pairs } => return self.record_pairs(*step, pairs),
            Event::Stage { .. } => ("stage", 0, None),
            Event::Sft(sft) => ("sft", sft.step, Some(sft.step.to_string())),
            Event::Fit(fit) => ("fit", fit.step, Some(fit.step.to_string())),
            Event::FitEvaluation(e) => {
                let last = e.split == FitSplit::HeldOut && e.best;
                let key = if last { "last".to_string() } else { e.step.to_string() };
                ("fit_evaluation", e.step, Some(key))
            }
            Event::Evaluation(evaluation) => ("evaluation", evaluation.step, Some(evaluation.step.to_string())),
            Event::Principles(version) => ("principles", version.from_step, Some(version.version.to_string())),
            Event::Log(entry) => return self.record_log(entry),
            Event::Mark(mark) => ("mark", mark.step, Some(format!("{} {}", mark.step, mark.label))),
            Event::Answer(answer) => ("answer", answer.step, None),
            Event::Effect(effect) => ("effect", effect.step, None),
            Event::Alarm(alarm) => ("alarm", alarm.step, None),
            Event::Done(done) => ("done", done.steps, None),
            Event::Failed { .. } => ("failed", 0, None),
        };
        let encoded = exact::encode(event).map_err(|e| self.refused(e.to_string()))?;
        let doing = "record an event";
        let tx = self.conn.transaction().at(&self.path, doing)?;
        put_event(&tx, kind, step, key.as_deref(), Some(&encoded)).at(&self.path, doing)?;
        tx.commit().at(&self.path, doing)
    }

    /// Records a step and its pairs: all of it or nothing.
    pub fn record_step(&mut self, step: &StepRecord, pairs: &[PairRecord]) -> Result<()> {
        self.check_pairs(step.step, pairs)?;
        let doing = "record a step";
        let tx = self.conn.transaction().at(&self.path, doing)?;
        rows::insert_step(&tx, step)
            .and_then(|()| put_event(&tx, "step", step.step, Some(&step.step.to_string()), None))
            .and_then(|()| put_pairs(&tx, step.step, pairs))
            .at(&self.path, doing)?;
        tx.commit().at(&self.path, doing)
    }

    fn record_pairs(&mut self, step: u32, pairs: &[PairRecord]) -> Result<()> {
        self.check_pairs(step, pairs)?;
        let tx = self.conn.transaction().at(&self.path, "record pairs")?;
        put_pairs(&tx, step, pairs).at(&self.path, "record pairs")?;
        tx.commit().at(&self.path, "record pairs")
    }

    fn check_pairs(&self, step: u32, pairs: &[PairRecord]) -> Result<()> {
        match pairs.iter().find(|p| p.step != step) {
            Some(p) => Err(self.refused(format!("a pair of step {} among those of step {step}", p.step))),
            None => Ok(()),
        }
    }

    /// Writes `checkpoints/step-000040.safetensors` and returns its path. When this returns, the checkpoint and every
    /// record before it outlive a power cut. Earlier checkpoints stay: forks start from them.
    pub fn save_checkpoint(&mut self, c: &Checkpoint) -> Result<PathBuf> {
        let file = checkpoint::write(&self.dir, c)?;
        // A row may only be lost together with all that came after it.
        schema::synchronous(&self.conn, &self.path, "FULL")?;
        let recorded = self.record_checkpoint(c, &file);
        schema::synchronous(&self.conn, &self.path, "NORMAL")?;
        recorded.map(|()| self.dir.join(file))
    }

    fn record_checkpoint(&mut self, c: &Checkpoint, file: &str) -> Result<()> {
        let doing = "record a checkpoint";
        let event = Event::Checkpoint {
            step: c.step,
            path: file.to_string(),
        };
        let encoded = exact::encode(&event).map_err(|e| self.refused(e.to_string()))?;
        let tx = self.conn.transaction().at(&self.path, doing)?;
        tx.execute(
            "INSERT OR REPLACE INTO checkpoints (step, sft_done, file, tau, decay, learning_rate, principles)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![c.step, c.sft_done, file, c.tau, c.decay, c.learning_rate, c.principles],
        )
        .and_then(|_| put_event(&tx, "checkpoint", c.step, Some(&c.step.to_string()), Some(&encoded)))
        .at(&self.path, doing)?;
        tx.commit().at(&self.path, doing)
    }

    /// The newest checkpoint whose file is whole, and a warning for every newer one whose file is not.
    pub fn latest_checkpoint(&self) -> Result<(Option<Checkpoint>, Vec<String>)> {
        checkpoint::latest(&self.conn, &self.dir)
    }

    /// The checkpoint written after `step` steps, if there is one; an error if its file is not whole.
    pub fn checkpoint_at(&self, step: u32) -> Result<Option<Checkpoint>> {
        checkpoint::at(&self.conn, &self.dir, step)
    }

    /// Every version of the principles, oldest first.
    pub fn principles(&self) -> Result<Vec<PrinciplesVersion>> {
        rows::principles(&self.conn, &self.path)
    }

    /// Whether the policy after `step` steps was evaluated.
    pub fn has_evaluation(&self, step: u32) -> Result<bool> {
        let sql = "SELECT count(*) FROM events WHERE kind = 'evaluation' AND step = ?1";
        self.conn
            .query_row(sql, [step], |row| row.get::<_, u32>(0))
            .map(|n| n > 0)
            .at(&self.path, "look for an evaluation")
    }

    /// The pairs of the steps in `[from, to)` with their token ids, in (step, index) order: what replay needs.
    pub fn pairs_between(&self, from: u32, to: u32) -> Result<Vec<PairRecord>> {
        rows::pairs_between(&self.conn, &self.path, from, to)
    }

    pub(super) fn refused(&self, found: String) -> StoreError {
        StoreError::Refused {
            path: self.path.clone(),
            found,
        }
    }
}

/// Adds a row to the events; one with the same key is replaced in its place. One that waited to be done again moves to
/// the end, and so do a mark and a checkpoint: their order says which changes a checkpoint has.
fn put_event(
    conn: &Connection,
    kind: &str,
    step: u32,
    key: Option<&str>,
    encoded: Option<&(String, Vec<u8>)>,
) -> rusqlite::Result<()> {
    let moves = matches!(kind, "mark" | "checkpoint");
    conn.prepare_cached("DELETE FROM events WHERE kind = ?1 AND key = ?2 AND (pending = 1 OR ?3)")?
        .execute((kind, key, moves))?;
    conn.prepare_cached(
        "INSERT INTO events (kind, step, key, record, exact) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (kind, key) DO UPDATE SET step = excluded.step, record = excluded.record, exact = excluded.exact",
    )?
    .execute(params![kind, step, key, encoded.map(|e| &e.0), encoded.map(|e| &e.1)])?;
    Ok(())
}

fn put_pairs(conn: &Connection, step: u32, pairs: &[PairRecord]) -> rusqlite::Result<()> {
    if pairs.is_empty() {
        return Ok(());
    }
    conn.prepare_cached("DELETE FROM pairs WHERE step = ?1")?
        .execute([step])?;
    pairs.iter().try_for_each(|pair| rows::insert_pair(conn, pair))?;
    put_event(conn, "pairs", step, Some(&step.to_string()), None)
}

pub(super) fn check_name(runs: &Path, name: &str) -> Result<()> {
    let bad = |c: char| c == '/' || c == '\\' || c.is_control();
    if name.is_empty() || name.starts_with(['.', '-']) || name.contains(bad) {
        return Err(StoreError::Name {
            path: runs.to_path_buf(),
            name: name.to_string(),
        });
    }
    Ok(())
}

pub(super) fn make_named(dir: &Path) -> Result<PathBuf> {
    match fs::create_dir(dir) {
        Ok(()) => Ok(dir.to_path_buf()),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Err(StoreError::Exists {
            path: dir.to_path_buf(),
        }),
        Err(e) => Err(e).at(dir, "create the run's folder"),
    }
}

fn make_numbered(runs: &Path, started: &Started) -> Result<PathBuf> {
    let task = started.experiment.task().name();
    let task = match &started.experiment {
        Plan::Align(_) => task.to_string(),
        Plan::Fit(e) if e.method.name.is_reward() => format!("reward-{task}"),
        Plan::Fit(_) => format!("language-{task}"),
    };
    let mut number = 1u32;
    loop {
        match make_named(&runs.join(format!("{task}-{number:03}"))) {
            Err(StoreError::Exists { .. }) => number += 1,
            other => return other,
        }
    }
}
