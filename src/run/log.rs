//! The audit log of a run: it only grows, and a resume forgets nothing of it.

use std::path::Path;

use rusqlite::{Connection, params};

use super::error::{At, Result, StoreError};
use super::reader::Reader;
use super::schema::{self, WITH_LOG};
use super::steering::origin;
use super::store::Store;
use crate::config::Principles;
use crate::train::LogEntry;

impl Store {
    /// Adds a line to the audit log.
    pub(super) fn record_log(&mut self, entry: &LogEntry) -> Result<()> {
        self.conn
            .prepare_cached(
                "INSERT INTO log (at, step, via, pid, user, host, action, old, new, refused)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    entry.at,
                    entry.step,
                    entry.by.via.word(),
                    entry.by.pid,
                    entry.by.user,
                    entry.by.host,
                    entry.action,
                    entry.old,
                    entry.new,
                    entry.refused
                ])
            })
            .map(drop)
            .at(&self.path, "write the log of the run")
    }

    /// Keeps the principles that the schedule will switch to, one an entry.
    pub fn keep_scheduled_principles(&mut self, files: &[Option<Principles>]) -> Result<()> {
        let text = serde_json::to_string(files).map_err(|e| self.refused(e.to_string()))?;
        self.conn
            .execute(
                "INSERT OR REPLACE INTO meta (key, value) VALUES ('schedule', ?1)",
                [text],
            )
            .map(drop)
            .at(&self.path, "keep the schedule of the run")
    }

    /// Those that were kept.
    pub fn scheduled_principles(&self) -> Result<Option<Vec<Option<Principles>>>> {
        let doing = "read the schedule of the run";
        let mut statement = self
            .conn
            .prepare_cached("SELECT value FROM meta WHERE key = 'schedule'")
            .at(&self.path, doing)?;
        let mut rows = statement.query([]).at(&self.path, doing)?;
        let Some(row) = rows.next().at(&self.path, doing)? else {
            return Ok(None);
        };
        let text: String = row.get(0).at(&self.path, doing)?;
        serde_json::from_str(&text).map(Some).map_err(|e| StoreError::Damaged {
            path: self.path.clone(),
            what: "the schedule".into(),
            found: e.to_string(),
        })
    }
}

impl Reader {
    /// The whole audit log, oldest first. A run older than the log has none.
    pub fn log(&self) -> Result<Vec<LogEntry>> {
        Ok(after(self.connection(), self.database(), 0)?.0)
    }
}

/// The lines after line `id`, and the id of the last of them.
pub(super) fn after(conn: &Connection, path: &Path, id: i64) -> Result<(Vec<LogEntry>, i64)> {
    let doing = "read the log of the run";
    // A run may be brought to today's format while it is read.
    if schema::format_of(conn, path)? < WITH_LOG {
        return Ok((Vec::new(), id));
    }
    let mut statement = conn
        .prepare_cached(
            "SELECT id, at, step, action, old, new, refused, via, pid, user, host FROM log WHERE id > ?1 ORDER BY id",
        )
        .at(path, doing)?;
    let mut rows = statement.query([id]).at(path, doing)?;
    let (mut entries, mut last) = (Vec::new(), id);
    while let Some(row) = rows.next().at(path, doing)? {
        let entry: rusqlite::Result<LogEntry> = (|| {
            last = row.get(0)?;
            Ok(LogEntry {
                at: row.get(1)?,
                step: row.get(2)?,
                action: row.get(3)?,
                old: row.get(4)?,
                new: row.get(5)?,
                refused: row.get(6)?,
                by: origin(row, 7)?,
            })
        })();
        entries.push(entry.at(path, doing)?);
    }
    Ok((entries, last))
}
