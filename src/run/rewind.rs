//! Going back to a checkpoint: what a resumed run forgets, and what it does again.

use rusqlite::{Transaction, params};

use super::error::{At, Result};
use super::judgements::Judgements;
use super::store::Store;
use super::{checkpoint, rows, schema};
use crate::train::{Event, Mark, Started};

impl Store {
    /// Forgets everything after `step` steps and `sft_done` supervised updates, so that the run can go on from a
    /// checkpoint taken then: steps, pairs and alarms of steps >= `step`, evaluations (whole ones too), answers and checkpoints made after
    /// more than `step` steps, supervised updates from `sft_done` on, and the end of the run.
    ///
    /// What was done by hand at those steps is kept for [`Store::pending_marks`]; readers see it when it is recorded
    /// again. Readers that follow the run start over.
    pub fn rewind(&mut self, step: u32, sft_done: u32) -> Result<()> {
        let doing = "rewind the run";
        let started = Started {
            resumed_from: step,
            ..self.started.clone()
        };
        let tx = self.conn.transaction().at(&self.path, doing)?;
        let files = forget(&tx, step, sft_done).at(&self.path, doing)?;
        schema::write_started(&tx, &self.path, &started)?;
        tx.commit().at(&self.path, doing)?;
        self.started = started;
        if let Some(mut judgements) = self.judgements()? {
            judgements.forget_after(&self.started.run, step, sft_done)?;
        }
        for file in files {
            // Without its row a file is not a checkpoint any more; one that stays is replaced when its step comes again.
            let _ = std::fs::remove_file(checkpoint::file_of(&self.dir, &file));
        }
        Ok(())
    }

    /// What was judged of this run, if anything was.
    fn judgements(&self) -> Result<Option<Judgements>> {
        match Judgements::open_to_read(&self.dir)? {
            Some(_) => Judgements::open(&self.dir).map(Some),
            None => Ok(None),
        }
    }

    /// The changes made by hand that act at `from_step` or later and that the checkpoint after `from_step` steps does not
    /// have, in the order they were made.
    pub fn pending_marks(&self, from_step: u32) -> Result<Vec<Mark>> {
        let sql = format!("SELECT record, exact FROM events WHERE kind = 'mark' AND {TO_COME} ORDER BY step, seq");
        let events = rows::read_events(&self.conn, &self.path, &sql, [from_step])?;
        Ok(events
            .into_iter()
            .filter_map(|e| if let Event::Mark(mark) = e { Some(mark) } else { None })
            .collect())
    }
}

impl Store {
    /// The changes that act on `step` and that the checkpoint after `step` steps has.
    pub fn marks_within(&self, step: u32) -> Result<Vec<Mark>> {
        let sql = format!(
            "SELECT record, exact FROM events WHERE kind = 'mark' AND step = ?1 AND NOT ({TO_COME}) ORDER BY seq"
        );
        let events = rows::read_events(&self.conn, &self.path, &sql, [step])?;
        Ok(events
            .into_iter()
            .filter_map(|e| if let Event::Mark(mark) = e { Some(mark) } else { None })
            .collect())
    }
}

/// What was done by hand and is not in the checkpoint after ?1 steps: a change between the last step and a checkpoint that
/// was asked for is in it, though it acts on the next step only.
const TO_COME: &str = "step >= ?1 AND (pending = 1
    OR seq > (SELECT coalesce(max(seq), 0) FROM events WHERE kind = 'checkpoint' AND step = ?1))";

/// Returns the files of the forgotten checkpoints: they belong to steps whose pairs are gone.
pub(super) fn forget(tx: &Transaction<'_>, step: u32, sft_done: u32) -> rusqlite::Result<Vec<String>> {
    tx.execute("DELETE FROM steps WHERE step >= ?1", [step])?;
    tx.execute("DELETE FROM pairs WHERE step >= ?1", [step])?;
    tx.execute(
        "DELETE FROM events WHERE (kind IN ('step', 'pairs', 'fit', 'alarm') AND step >= ?1)
            OR (kind IN ('evaluation', 'fit_evaluation', 'answer', 'effect', 'checkpoint') AND step > ?1)
            OR (kind = 'fit_evaluation' AND key = 'last')
            OR (kind = 'sft' AND step >= ?2)
            OR kind IN ('done', 'failed')",
        params![step, sft_done],
    )?;
    tx.execute(
        "DELETE FROM evaluations WHERE step > ?1 OR (step = ?1 AND sft_done > ?2)",
        params![step, sft_done],
    )?;
    // A stage has no step: those that began after the last thing that stays begin again.
    tx.execute(
        "DELETE FROM events WHERE kind = 'stage'
            AND seq > (SELECT coalesce(max(seq), 0) FROM events WHERE kind IN ('step', 'sft', 'fit'))",
        [],
    )?;
    // Version 1 is what the run began with, not a change by hand: nothing records it again.
    tx.execute(
        &format!(
            "UPDATE events SET pending = 1
             WHERE (kind = 'mark' OR (kind = 'principles' AND key <> '1')) AND {TO_COME}"
        ),
        [step],
    )?;
    tx.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'", [])?;
    let files = tx
        .prepare("SELECT file FROM checkpoints WHERE step > ?1")?
        .query_map([step], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    tx.execute("DELETE FROM checkpoints WHERE step > ?1", [step])?;
    Ok(files)
}
