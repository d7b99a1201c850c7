//! The way into a running training from other processes: a small database of its own beside the run's.
//!
//! Not the run's database, since that has one writer; and not a socket, since a file needs nobody to listen at that moment
//! (a trainer in the middle of a step, or in an evaluation, takes what waits when it comes to it), has no short limit on
//! its path, and tells afterwards what was asked. SQLite's transactions make taking a command and taking the lock one act.
//!
//! One workbench at a time holds the steering. It says every second that it is still there; one that has not done so for
//! some seconds is gone (or stopped by Ctrl-z, or cut off) and the steering is free again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, TransactionBehavior, params};

use super::error::{At, Result};
use super::{exact, lock};
use crate::train::{Actor, Command, Event, Given, Mark, Via, now};

/// The file of a run's folder that commands of other processes come through.
const STEERING_FILE: &str = "steer.db";

/// A holder that was silent for so many milliseconds is gone.
const STALE: i64 = 6_000;

/// Commands that stay to be looked at.
const KEPT: i64 = 1000;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS commands (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL, via TEXT NOT NULL, pid INTEGER NOT NULL, user TEXT NOT NULL, host TEXT NOT NULL,
        taken INTEGER NOT NULL DEFAULT 0,
        record TEXT NOT NULL, exact BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS holder (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        via TEXT NOT NULL, pid INTEGER NOT NULL, user TEXT NOT NULL, host TEXT NOT NULL,
        since INTEGER NOT NULL, seen INTEGER NOT NULL);
";

/// Who steers a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub who: Actor,
    /// Milliseconds since 1970: since when, and when it was last heard of.
    pub since: i64,
    pub seen: i64,
}

impl Holder {
    /// It was heard of a moment ago, and its process is there as far as this machine can tell.
    pub fn is_fresh(&self) -> bool {
        now() - self.seen < STALE && !self.is_known_gone()
    }

    /// Its process was on this machine and is there no more.
    fn is_known_gone(&self) -> bool {
        let proc = Path::new("/proc");
        self.who.host == Actor::here(Via::Cli).host
            && proc.join("self").exists()
            && !proc.join(self.who.pid.to_string()).exists()
    }
}

/// The steering of a run, from whichever process.
pub struct SteeringFile {
    dir: PathBuf,
    path: PathBuf,
    conn: Connection,
}

impl SteeringFile {
    /// Opens it where it is there already.
    pub fn open(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(STEERING_FILE);
        if !path.is_file() {
            return Ok(None);
        }
        Self::connect(dir, path).map(Some)
    }

    /// Opens it; makes it where it is not there yet.
    pub fn create(dir: &Path) -> Result<Self> {
        Self::connect(dir, dir.join(STEERING_FILE))
    }

    fn connect(dir: &Path, path: PathBuf) -> Result<Self> {
        let doing = "open the steering of the run";
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&path, flags).at(&path, doing)?;
        conn.busy_timeout(Duration::from_secs(5)).at(&path, doing)?;
        conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
            .at(&path, doing)?;
        conn.pragma_update(None, "synchronous", "NORMAL").at(&path, doing)?;
        conn.execute_batch(TABLES).at(&path, doing)?;
        Ok(Self {
            dir: dir.to_path_buf(),
            path,
            conn,
        })
    }

    /// A process trains the run now and would hear a command.
    pub fn is_trained(&self) -> bool {
        lock::is_held(&self.dir)
    }

    /// Who steers, if anybody; whether that one is still there tells [`Holder::is_fresh`].
    pub fn holder(&self) -> Result<Option<Holder>> {
        read_holder(&self.conn).at(&self.path, "see who steers the run")
    }

    /// Takes the steering. Refused with the present holder while that one is there, unless `even_so`. The one from whom it was
    /// taken, or who was gone, is returned otherwise.
    pub fn take(&mut self, who: &Actor, even_so: bool) -> Result<std::result::Result<Option<Holder>, Holder>> {
        let doing = "take the steering of the run";
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .at(&self.path, doing)?;
        let before = read_holder(&tx).at(&self.path, doing)?;
        if let Some(holder) = &before
            && !holder.who.is_same_process(who)
            && holder.is_fresh()
            && !even_so
        {
            return Ok(Err(holder.clone()));
        }
        tx.execute(
            "INSERT OR REPLACE INTO holder (one, via, pid, user, host, since, seen) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?5)",
            params![who.via.word(), who.pid, who.user, who.host, now()],
        )
        .at(&self.path, doing)?;
        tx.commit().at(&self.path, doing)?;
        Ok(Ok(before.filter(|h| !h.who.is_same_process(who))))
    }

    /// Gives the steering up; nothing happens if somebody else has it.
    pub fn release(&self, who: &Actor) -> Result<()> {
        self.conn
            .execute(
                "DELETE FROM holder WHERE pid = ?1 AND host = ?2",
                params![who.pid, who.host],
            )
            .map(drop)
            .at(&self.path, "give the steering of the run up")
    }

    /// Says that this holder is still there; false if it holds the steering no more.
    pub fn beat(&self, who: &Actor) -> Result<bool> {
        self.conn
            .execute(
                "UPDATE holder SET seen = ?3 WHERE pid = ?1 AND host = ?2",
                params![who.pid, who.host, now()],
            )
            .map(|n| n > 0)
            .at(&self.path, "keep the steering of the run")
    }

    /// Leaves a command for the trainer. Refused with the holder where another process steers.
    pub fn put(&mut self, given: &Given) -> Result<std::result::Result<(), Holder>> {
        self.leave(given, false)
    }

    /// The same although another process steers, which goes on to.
    pub fn put_even_so(&mut self, given: &Given) -> Result<()> {
        self.leave(given, true).map(drop)
    }

    fn leave(&mut self, given: &Given, even_so: bool) -> Result<std::result::Result<(), Holder>> {
        let doing = "steer the run";
        let by = &given.by;
        // The one way by which numbers come back bit for bit.
        let (record, exact) = exact::encode(&carried(&given.command)).map_err(|e| super::StoreError::Refused {
            path: self.path.clone(),
            found: e.to_string(),
        })?;
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .at(&self.path, doing)?;
        if let Some(holder) = read_holder(&tx).at(&self.path, doing)?
            && !holder.who.is_same_process(by)
            && holder.is_fresh()
            && !even_so
        {
            return Ok(Err(holder));
        }
        tx.execute(
            "INSERT INTO commands (at, via, pid, user, host, record, exact) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![now(), by.via.word(), by.pid, by.user, by.host, record, exact],
        )
        .at(&self.path, doing)?;
        tx.execute(
            "DELETE FROM commands WHERE taken = 1 AND id <= (SELECT max(id) FROM commands) - ?1",
            [KEPT],
        )
        .at(&self.path, doing)?;
        tx.commit().at(&self.path, doing)?;
        Ok(Ok(()))
    }

    /// The commands that wait, oldest first; they wait no more.
    pub fn take_commands(&mut self) -> Result<Vec<Given>> {
        let doing = "take the commands of other processes";
        let waiting: i64 = self
            .conn
            .prepare_cached("SELECT count(*) FROM commands WHERE taken = 0")
            .and_then(|mut s| s.query_row([], |row| row.get(0)))
            .at(&self.path, doing)?;
        if waiting == 0 {
            return Ok(Vec::new());
        }
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .at(&self.path, doing)?;
        let found: Vec<(String, Vec<u8>, Actor)> = tx
            .prepare("SELECT record, exact, via, pid, user, host FROM commands WHERE taken = 0 ORDER BY id")
            .and_then(|mut statement| {
                statement
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?, origin(row, 2)?)))?
                    .collect()
            })
            .at(&self.path, doing)?;
        tx.execute("UPDATE commands SET taken = 1 WHERE taken = 0", [])
            .at(&self.path, doing)?;
        tx.commit().at(&self.path, doing)?;
        // A command of a newer program that is not known here is left alone.
        let known = found
            .into_iter()
            .filter_map(|(record, exact, by)| match exact::decode(&record, &exact) {
                Ok(Event::Mark(Mark { command, .. })) => Some(Given { command, by }),
                _ => None,
            });
        Ok(known.collect())
    }

    /// Commands wait that no trainer has taken.
    pub fn is_waiting(&self) -> Result<bool> {
        self.conn
            .query_row("SELECT count(*) FROM commands WHERE taken = 0", [], |row| {
                row.get::<_, i64>(0)
            })
            .map(|n| n > 0)
            .at(&self.path, "see whether commands wait")
    }

    /// Forgets commands that an earlier trainer did not come to.
    pub fn forget(&mut self) -> Result<()> {
        self.take_commands().map(drop)
    }
}

fn carried(command: &Command) -> Event {
    Event::Mark(Mark {
        step: 0,
        label: String::new(),
        command: command.clone(),
        by: Via::Cli,
    })
}

fn read_holder(conn: &Connection) -> rusqlite::Result<Option<Holder>> {
    conn.prepare_cached("SELECT via, pid, user, host, since, seen FROM holder")?
        .query_row([], |row| {
            Ok(Holder {
                who: origin(row, 0)?,
                since: row.get(4)?,
                seen: row.get(5)?,
            })
        })
        .optional()
}

/// An origin from the columns `via, pid, user, host` that begin at column `at`.
pub(super) fn origin(row: &Row<'_>, at: usize) -> rusqlite::Result<Actor> {
    let word = row.get_ref(at)?.as_str()?;
    Ok(Actor {
        via: Via::ALL.into_iter().find(|via| via.word() == word).unwrap_or_default(),
        pid: row.get(at + 1)?,
        user: row.get(at + 2)?,
        host: row.get(at + 3)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(pid: u32, host: &str) -> Actor {
        Actor {
            via: Via::Workbench,
            pid,
            user: "ana".into(),
            host: host.into(),
        }
    }

    #[test]
    fn commands_come_once_in_their_order_and_bit_for_bit() {
        let dir = tempfile::tempdir().unwrap();
        assert!(SteeringFile::open(dir.path()).unwrap().is_none());
        let mut here = SteeringFile::create(dir.path()).unwrap();
        let mut there = SteeringFile::open(dir.path()).unwrap().unwrap();
        let by = who(1, "elsewhere");
        let commands = [
            Command::SetTau(0.1 + 0.2),
            Command::Pause,
            Command::SetDecay(f64::MIN_POSITIVE),
        ];
        for command in &commands {
            let given = Given {
                command: command.clone(),
                by: by.clone(),
            };
            assert_eq!(here.put(&given).unwrap(), Ok(()));
        }
        assert!(here.is_waiting().unwrap());
        let taken = there.take_commands().unwrap();
        assert_eq!(taken.iter().map(|g| g.command.clone()).collect::<Vec<_>>(), commands);
        assert!(taken.iter().all(|g| g.by == by));
        assert!(there.take_commands().unwrap().is_empty() && !here.is_waiting().unwrap());
    }

    #[test]
    fn one_holds_the_steering_and_who_is_gone_loses_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = SteeringFile::create(dir.path()).unwrap();
        let (ana, bob) = (who(1, "far"), who(2, "far"));
        assert_eq!(file.take(&ana, false).unwrap(), Ok(None));
        assert_eq!(file.take(&ana, false).unwrap(), Ok(None), "it is hers already");
        let refused = file.take(&bob, false).unwrap().unwrap_err();
        assert_eq!(refused.who, ana);
        let given = Given {
            command: Command::Pause,
            by: bob.clone(),
        };
        assert_eq!(file.put(&given).unwrap().unwrap_err().who, ana);
        // In spite of her, who steers on.
        file.put_even_so(&given).unwrap();
        assert_eq!(file.take_commands().unwrap(), std::slice::from_ref(&given));
        assert_eq!(file.holder().unwrap().unwrap().who, ana);
        // Taken in spite of her.
        assert_eq!(file.take(&bob, true).unwrap().unwrap().unwrap().who, ana);
        assert!(!file.beat(&ana).unwrap() && file.beat(&bob).unwrap());
        file.release(&ana).unwrap();
        assert!(file.holder().unwrap().is_some(), "only the holder gives it up");
        // Silent for long.
        file.conn.execute("UPDATE holder SET seen = seen - 60000", []).unwrap();
        assert!(!file.holder().unwrap().unwrap().is_fresh());
        assert_eq!(file.put(&given).unwrap(), Ok(()));
        assert_eq!(file.take(&ana, false).unwrap().unwrap().unwrap().who, bob);
        file.release(&ana).unwrap();
        assert_eq!(file.holder().unwrap(), None);
        // A process of this machine that ended is gone at once.
        if cfg!(target_os = "linux") {
            let mut gone = Actor::here(Via::Workbench);
            gone.pid = u32::MAX;
            file.take(&gone, false).unwrap().unwrap();
            assert!(!file.holder().unwrap().unwrap().is_fresh());
        }
    }
}
