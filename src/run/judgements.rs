//! Judgements of a run's policy beside others: `judgements.db` in the run's folder.
//!
//! A file of its own, since judging goes on beside training, which holds the lock of `run.db`, and any number of people may
//! judge at once. Answers of judge models and labels of people are kept by the texts they are about: whatever run a text
//! comes from, nothing is asked twice.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::error::{At, Result, StoreError};
use crate::judge::wire::Said;
use crate::judge::{Contest, Item, Label, Mark};
use crate::train::Reply;

/// The file of a run's folder that holds them.
pub(super) const FILE: &str = "judgements.db";

/// The format written here, kept in `PRAGMA user_version`.
const FORMAT: i64 = 1;

/// How long a statement waits for another process before it gives up.
const BUSY: Duration = Duration::from_secs(10);

const TABLES: &str = "
    CREATE TABLE templates (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
    CREATE TABLE replies (
        judge TEXT NOT NULL, template INTEGER NOT NULL REFERENCES templates (id),
        query TEXT NOT NULL, first TEXT NOT NULL, second TEXT NOT NULL,
        reply TEXT NOT NULL, tokens_read INTEGER, tokens_written INTEGER,
        UNIQUE (judge, template, query, first, second));
    CREATE TABLE labels (
        annotator TEXT NOT NULL, query TEXT NOT NULL, first TEXT NOT NULL, second TEXT NOT NULL,
        mark TEXT NOT NULL, took_ms INTEGER NOT NULL, at INTEGER NOT NULL,
        UNIQUE (annotator, query, first, second));
    CREATE TABLE answers (
        step INTEGER NOT NULL, sft_done INTEGER NOT NULL, seed TEXT NOT NULL, generation TEXT NOT NULL,
        place INTEGER NOT NULL, query TEXT NOT NULL, answer TEXT NOT NULL, tokens INTEGER NOT NULL, ended INTEGER NOT NULL,
        UNIQUE (step, sft_done, seed, generation, place, query));
    CREATE TABLE contests (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, judge TEXT NOT NULL,
        left_run TEXT NOT NULL, left_step INTEGER NOT NULL, left_sft INTEGER NOT NULL,
        right_run TEXT NOT NULL, right_step INTEGER NOT NULL, right_sft INTEGER NOT NULL,
        wins INTEGER NOT NULL, ties INTEGER NOT NULL, losses INTEGER NOT NULL,
        record TEXT NOT NULL);
";

/// What a judge model is asked, as far as its answer depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The model, and how it samples.
    pub judge: &'a str,
    /// The text of the template.
    pub template: &'a str,
    pub query: &'a str,
    /// The answers in the order in which they stand in the question.
    pub first: &'a str,
    pub second: &'a str,
}

/// How a policy answered, as far as its answers depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Sampled<'a> {
    pub step: u32,
    pub sft_done: u32,
    pub seed: u64,
    /// The settings of the sampling, as text.
    pub generation: &'a str,
}

/// The judgements in a run's folder.
pub struct Judgements {
    path: PathBuf,
    conn: Connection,
}

impl Judgements {
    /// Opens the judgements of the run in `dir`, and makes the file if there is none.
    pub fn open(dir: &Path) -> Result<Self> {
        let path = dir.join(FILE);
        let doing = "open the judgements";
        let mut conn = Connection::open(&path).at(&path, doing)?;
        conn.busy_timeout(BUSY).at(&path, doing)?;
        conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
            .at(&path, doing)?;
        let tx = conn
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .at(&path, doing)?;
        if format_of(&tx, &path)? == 0 {
            tx.execute_batch(TABLES).at(&path, doing)?;
            tx.pragma_update(None, "user_version", FORMAT).at(&path, doing)?;
        }
        tx.commit().at(&path, doing)?;
        Ok(Self { path, conn })
    }

    /// Opens the judgements of the run in `dir` to read them; `None` if nothing was ever judged.
    pub fn open_to_read(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(FILE);
        if !path.is_file() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(&path, flags).and_then(|conn| {
            conn.busy_timeout(BUSY)?;
            conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
            Ok(conn)
        });
        let conn = match opened {
            // Of a folder that cannot be written: see `schema::open_reader`.
            Err(_) => super::schema::open_immutable(&path)?,
            Ok(conn) => conn,
        };
        Ok(match format_of(&conn, &path)? {
            0 => None,
            _ => Some(Self { path, conn }),
        })
    }

    /// What a judge model answered to this before.
    pub fn reply(&self, asked: &Asked<'_>) -> Result<Option<Said>> {
        self.conn
            .prepare_cached(
                "SELECT reply, tokens_read, tokens_written FROM replies
                 WHERE judge = ?1 AND template = (SELECT id FROM templates WHERE text = ?2)
                   AND query = ?3 AND first = ?4 AND second = ?5",
            )
            .and_then(|mut statement| {
                let said = |row: &rusqlite::Row<'_>| {
                    let tokens = row.get::<_, Option<i64>>(1)?.zip(row.get::<_, Option<i64>>(2)?);
                    Ok(Said {
                        text: row.get(0)?,
                        tokens: tokens.map(|(a, b)| (a as u64, b as u64)),
                    })
                };
                let Asked {
                    judge,
                    template,
                    query,
                    first,
                    second,
                } = asked;
                statement
                    .query_row(params![judge, template, query, first, second], said)
                    .optional()
            })
            .at(&self.path, "look for an answer of the judge")
    }

    /// Keeps what a judge model answered.
    pub fn put_reply(&mut self, asked: &Asked<'_>, said: &Said) -> Result<()> {
        let doing = "keep an answer of the judge";
        let tx = self.conn.transaction().at(&self.path, doing)?;
        tx.prepare_cached("INSERT OR IGNORE INTO templates (text) VALUES (?1)")
            .and_then(|mut s| s.execute([asked.template]))
            .and_then(|_| {
                tx.prepare_cached(
                    "INSERT OR REPLACE INTO replies (judge, template, query, first, second, reply, tokens_read, tokens_written)
                     VALUES (?1, (SELECT id FROM templates WHERE text = ?2), ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .execute(params![
                    asked.judge,
                    asked.template,
                    asked.query,
                    asked.first,
                    asked.second,
                    said.text,
                    said.tokens.map(|t| t.0 as i64),
                    said.tokens.map(|t| t.1 as i64),
                ])
            })
            .at(&self.path, doing)?;
        tx.commit().at(&self.path, doing)
    }

    /// Everything that people said, in the order in which they said it.
    pub fn labels(&self) -> Result<Vec<Label>> {
        let doing = "read what people said";
        let mut statement = self
            .conn
            .prepare_cached("SELECT annotator, query, first, second, mark, took_ms, at FROM labels ORDER BY at, rowid")
            .at(&self.path, doing)?;
        let mut rows = statement.query([]).at(&self.path, doing)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().at(&self.path, doing)? {
            let word: String = row.get(4).at(&self.path, doing)?;
            let mark = Mark::of(&word).ok_or_else(|| self.damaged(format!("a mark {word:?}")))?;
            let label = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Label> {
                Ok(Label {
                    annotator: row.get(0)?,
                    item: Item {
                        query: row.get(1)?,
                        shown: [row.get(2)?, row.get(3)?],
                    },
                    mark,
                    took_ms: row.get::<_, i64>(5)? as u64,
                    at: row.get::<_, i64>(6)? as u64,
                })
            };
            found.push(label(row).at(&self.path, doing)?);
        }
        Ok(found)
    }

    /// Keeps what a person said; what the same person said before of the same two texts is replaced.
    pub fn put_label(&mut self, label: &Label) -> Result<()> {
        let doing = "keep what a person said";
        let Label {
            annotator,
            item: Item { query, shown },
            mark,
            took_ms,
            at,
        } = label;
        let tx = self.conn.transaction().at(&self.path, doing)?;
        tx.execute(
            "DELETE FROM labels WHERE annotator = ?1 AND query = ?2 AND first = ?3 AND second = ?4",
            params![annotator, query, shown[1], shown[0]],
        )
        .and_then(|_| {
            tx.execute(
                "INSERT OR REPLACE INTO labels (annotator, query, first, second, mark, took_ms, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    annotator,
                    query,
                    shown[0],
                    shown[1],
                    mark.word(),
                    *took_ms as i64,
                    *at as i64
                ],
            )
        })
        .at(&self.path, doing)?;
        tx.commit().at(&self.path, doing)
    }

    /// The answers that the run's policy gave to these queries, if it gave all of them.
    pub fn answers(&self, sampled: &Sampled<'_>, queries: &[String]) -> Result<Option<Vec<Reply>>> {
        let doing = "read answers of the policy";
        let mut statement = self
            .conn
            .prepare_cached(
                "SELECT answer, tokens, ended FROM answers
                 WHERE step = ?1 AND sft_done = ?2 AND seed = ?3 AND generation = ?4 AND place = ?5 AND query = ?6",
            )
            .at(&self.path, doing)?;
        let mut found = Vec::with_capacity(queries.len());
        for (place, query) in queries.iter().enumerate() {
            let reply = |row: &rusqlite::Row<'_>| {
                Ok(Reply {
                    text: row.get(0)?,
                    tokens: row.get::<_, i64>(1)? as usize,
                    ended: row.get(2)?,
                })
            };
            let Sampled {
                step,
                sft_done,
                seed,
                generation,
            } = sampled;
            let one = statement
                .query_row(
                    params![step, sft_done, seed.to_string(), generation, place as i64, query],
                    reply,
                )
                .optional()
                .at(&self.path, doing)?;
            let Some(one) = one else { return Ok(None) };
            found.push(one);
        }
        Ok(Some(found))
    }

    /// Keeps answers of the run's policy.
    pub fn put_answers(&mut self, sampled: &Sampled<'_>, queries: &[String], answers: &[Reply]) -> Result<()> {
        let doing = "keep answers of the policy";
        let tx = self.conn.transaction().at(&self.path, doing)?;
        for (place, (query, answer)) in queries.iter().zip(answers).enumerate() {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO answers (step, sft_done, seed, generation, place, query, answer, tokens, ended)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    sampled.step,
                    sampled.sft_done,
                    sampled.seed.to_string(),
                    sampled.generation,
                    place as i64,
                    query,
                    answer.text,
                    answer.tokens as i64,
                    answer.ended
                ])
            })
            .at(&self.path, doing)?;
        }
        tx.commit().at(&self.path, doing)
    }

    /// All contests, the newest last.
    pub fn contests(&self) -> Result<Vec<Contest>> {
        let doing = "read the contests";
        let mut statement = self
            .conn
            .prepare_cached("SELECT record FROM contests ORDER BY id")
            .at(&self.path, doing)?;
        let texts: Vec<String> = statement
            .query_map([], |row| row.get(0))
            .and_then(|rows| rows.collect())
            .at(&self.path, doing)?;
        texts
            .iter()
            .map(|text| serde_json::from_str(text).map_err(|e| self.damaged(e.to_string())))
            .collect()
    }

    /// Keeps a contest. One of the same two policies by the same judge is replaced, whichever of them stood left.
    pub fn put_contest(&mut self, contest: &Contest) -> Result<()> {
        let doing = "keep a contest";
        let record = serde_json::to_string(contest).map_err(|e| self.damaged(e.to_string()))?;
        let (kind, outcome) = (super::word(&contest.kind), contest.outcome());
        let (left, right) = (&contest.left, &contest.right);
        let tx = self.conn.transaction().at(&self.path, doing)?;
        for (a, b) in [(left, right), (right, left)] {
            tx.execute(
                "DELETE FROM contests WHERE kind = ?1 AND judge = ?2 AND left_run = ?3 AND left_step = ?4 AND left_sft = ?5
                   AND right_run = ?6 AND right_step = ?7 AND right_sft = ?8",
                params![kind, contest.judge, a.run, a.step, a.sft_done, b.run, b.step, b.sft_done],
            )
            .at(&self.path, doing)?;
        }
        tx.execute(
            "INSERT INTO contests (kind, judge, left_run, left_step, left_sft, right_run, right_step, right_sft,
                wins, ties, losses, record)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                kind,
                contest.judge,
                left.run,
                left.step,
                left.sft_done,
                right.run,
                right.step,
                right.sft_done,
                outcome.wins as i64,
                outcome.ties as i64,
                outcome.losses as i64,
                record
            ],
        )
        .at(&self.path, doing)?;
        tx.commit().at(&self.path, doing)
    }

    /// Forgets answers and contests of the run named `run` after more steps: they are made again, perhaps otherwise.
    pub(super) fn forget_after(&mut self, run: &str, step: u32, sft_done: u32) -> Result<()> {
        let doing = "forget judgements of steps that are done again";
        let tx = self.conn.transaction().at(&self.path, doing)?;
        tx.execute(
            "DELETE FROM answers WHERE step > ?1 OR (step = ?1 AND sft_done > ?2)",
            params![step, sft_done],
        )
        .and_then(|_| {
            tx.execute(
                "DELETE FROM contests
                 WHERE (left_run = ?3 AND (left_step > ?1 OR (left_step = ?1 AND left_sft > ?2)))
                    OR (right_run = ?3 AND (right_step > ?1 OR (right_step = ?1 AND right_sft > ?2)))",
                params![step, sft_done, run],
            )
        })
        .at(&self.path, doing)?;
        tx.commit().at(&self.path, doing)
    }

    fn damaged(&self, found: String) -> StoreError {
        StoreError::Damaged {
            path: self.path.clone(),
            what: "a judgement".to_string(),
            found,
        }
    }
}

fn format_of(conn: &Connection, path: &Path) -> Result<i64> {
    let found: i64 = conn
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .at(path, "read the format of the judgements")?;
    if found > FORMAT {
        return Err(StoreError::Newer {
            path: path.to_path_buf(),
            found,
            known: FORMAT,
        });
    }
    Ok(found)
}
