//! Reading a run, while it is written or long after.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::checkpoint::{self, Checkpoint};
use super::error::{At, Result, StoreError};
use super::pairs::{self, PairFilter, PairPage};
use super::schema::{self, DATABASE_FILE};
use super::{lock, log, rows};
use crate::train::{Event, PairRecord, PrinciplesVersion, Started, StepRecord};

/// Steps whose pairs the first [`Reader::poll`] returns; older ones are found with [`Reader::pairs`].
const RECENT_PAIR_STEPS: u32 = 32;

/// A run that is only read. There may be any number of readers, in any process, beside the writer.
pub struct Reader {
    dir: PathBuf,
    /// Of the database, for messages.
    path: PathBuf,
    conn: Connection,
    recent_pair_steps: u32,
    /// The generation last seen; `None` before the first poll.
    generation: Option<i64>,
    /// The last event returned, and the last line of the log.
    seq: i64,
    logged: i64,
    /// The first step whose pairs are told.
    pairs_from: u32,
}

impl Reader {
    /// Opens the run in `dir`. A folder that cannot be written will do.
    pub fn open(dir: &Path) -> Result<Self> {
        Ok(Self::new(dir, schema::open_reader(dir)?))
    }

    pub(super) fn new(dir: &Path, conn: Connection) -> Self {
        Self {
            dir: dir.to_path_buf(),
            path: dir.join(DATABASE_FILE),
            conn,
            recent_pair_steps: RECENT_PAIR_STEPS,
            generation: None,
            seq: 0,
            logged: 0,
            pairs_from: 0,
        }
    }

    /// The first poll then returns the pairs of the newest `steps` steps. `u32::MAX`: of all.
    pub fn with_recent_pair_steps(mut self, steps: u32) -> Self {
        self.recent_pair_steps = steps;
        self
    }

    /// The run's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.conn
    }

    /// The file of the database, for messages.
    pub(super) fn database(&self) -> &Path {
        &self.path
    }

    /// What this run is.
    pub fn started(&self) -> Result<Started> {
        schema::read_started(&self.conn, &self.dir)
    }

    /// Everything that happened since the last call, in the order it happened: the first call begins with `Started`, and
    /// a step's pairs come after the step. When the run was rewound by a resume since the last call, everything that
    /// is left is returned again after another `Started`.
    pub fn poll(&mut self) -> Result<Vec<Event>> {
        self.poll_some(usize::MAX)
    }

    /// The same, each event given as it is read: a long run is never held as a list of events. Returns how many there were.
    /// After an error those that were given stay given.
    pub fn poll_each(&mut self, mut take: impl FnMut(Event)) -> Result<usize> {
        const AT_A_TIME: usize = 4096;
        let mut count = 0;
        loop {
            let events = self.poll_some(AT_A_TIME)?;
            let more = events.len() >= AT_A_TIME;
            count += events.len();
            events.into_iter().for_each(&mut take);
            if !more {
                return Ok(count);
            }
        }
    }

    /// The first `most` events of what [`Reader::poll`] would return: a long run need not be in memory whole. Fewer than
    /// `most` are the end of what there is now.
    pub fn poll_some(&mut self, most: usize) -> Result<Vec<Event>> {
        let doing = "follow the run";
        // One transaction: what is returned is the run at one moment, though it is being written.
        let tx = self.conn.transaction().at(&self.path, doing)?;
        let generation = schema::generation(&tx, &self.path)?;
        let mut events = Vec::new();
        let (mut seq, mut pairs_from, mut logged) = (self.seq, self.pairs_from, self.logged);
        if self.generation != Some(generation) {
            events.push(Event::Started(schema::read_started(&tx, &self.dir)?));
            let newest: Option<u32> = tx
                .query_row("SELECT max(step) FROM pairs", [], |row| row.get(0))
                .at(&self.path, doing)?;
            pairs_from = newest.map_or(0, |step| (step + 1).saturating_sub(self.recent_pair_steps));
            (seq, logged) = (0, 0);
        }
        let sql = format!(
            "SELECT seq, kind, events.step, record, events.exact, {}
             FROM events LEFT JOIN steps ON events.kind = 'step' AND steps.step = events.step
             WHERE seq > ?1 AND pending = 0 AND (kind <> 'pairs' OR events.step >= ?2) ORDER BY seq LIMIT ?3",
            rows::STEP_COLUMNS
        );
        let mut statement = tx.prepare_cached(&sql).at(&self.path, doing)?;
        let room = i64::try_from(most.saturating_sub(events.len())).unwrap_or(i64::MAX);
        let mut found = statement.query((seq, pairs_from, room)).at(&self.path, doing)?;
        while let Some(row) = found.next().at(&self.path, doing)? {
            seq = row.get(0).at(&self.path, doing)?;
            let step: u32 = row.get(2).at(&self.path, doing)?;
            let kind = row.get_ref(1).at(&self.path, doing)?.as_str().unwrap_or_default();
            let event = match kind {
                "step" => rows::read_step(row, 5).at(&self.path, doing)?.map(Event::Step),
                "pairs" => Ok(Event::Pairs {
                    step,
                    pairs: rows::pairs_between(&tx, &self.path, step, step.saturating_add(1))?,
                }),
                _ => rows::read_event(row, 3).at(&self.path, doing)?,
            };
            events.push(match event {
                // Stored relative to the run's folder, which may have been moved.
                Ok(Event::Checkpoint { step, path }) => Event::Checkpoint {
                    step,
                    path: checkpoint::file_of(&self.dir, &path).display().to_string(),
                },
                Ok(event) => event,
                Err(found) => {
                    let what = format!("event {seq} ({kind} of step {step})");
                    return Err(StoreError::Damaged {
                        path: self.path.clone(),
                        what,
                        found,
                    });
                }
            });
        }
        drop(found);
        drop(statement);
        if events.len() < most {
            let (lines, last) = log::after(&tx, &self.path, logged)?;
            events.extend(lines.into_iter().map(Event::Log));
            logged = last;
        }
        drop(tx);
        (self.generation, self.seq, self.logged) = (Some(generation), seq, logged);
        self.pairs_from = pairs_from;
        Ok(events)
    }

    /// True while some process writes the run.
    pub fn is_being_written(&self) -> bool {
        lock::is_held(&self.dir)
    }

    /// One page of the pairs that pass a filter.
    pub fn pairs(&self, filter: &PairFilter) -> Result<PairPage> {
        pairs::page(&self.conn, &self.path, filter)
    }

    /// Every step, oldest first.
    pub fn steps(&self) -> Result<Vec<StepRecord>> {
        rows::read_steps(&self.conn, &self.path, "")
    }

    /// Every version of the principles, oldest first.
    pub fn principles(&self) -> Result<Vec<PrinciplesVersion>> {
        rows::principles(&self.conn, &self.path)
    }

    /// The pairs of the steps in `[from, to)` with their token ids, in (step, index) order.
    pub fn pairs_between(&self, from: u32, to: u32) -> Result<Vec<PairRecord>> {
        rows::pairs_between(&self.conn, &self.path, from, to)
    }

    /// The steps after which there are checkpoints, oldest first.
    pub fn checkpoint_steps(&self) -> Result<Vec<u32>> {
        checkpoint::steps(&self.conn, &self.dir)
    }

    /// The newest checkpoint whose file is whole, and a warning for every newer one whose file is not.
    pub fn latest_checkpoint(&self) -> Result<(Option<Checkpoint>, Vec<String>)> {
        checkpoint::latest(&self.conn, &self.dir)
    }

    /// The checkpoint written after `step` steps, if there is one: where a fork begins.
    pub fn checkpoint_at(&self, step: u32) -> Result<Option<Checkpoint>> {
        checkpoint::at(&self.conn, &self.dir, step)
    }
}
