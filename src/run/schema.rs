//! The tables of a run, and how a connection to them is opened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};

use super::error::{At, Result, StoreError};
use super::exact;
use crate::train::{Event, Started};

/// The file of a run's folder that holds its records. A folder is a run when it is there.
pub(super) const DATABASE_FILE: &str = "run.db";

/// The format written here, kept in `PRAGMA user_version`. Format 1 had no shaped rewards in `pairs`, format 2 no metrics
/// in `steps` and `pairs` and no `evaluations`, format 3 no `log`; they are read as they are, and become today's format when the
/// run is written again.
pub(super) const FORMAT: i64 = 4;

/// The first format with a table of whole evaluations.
pub(super) const WITH_EVALUATIONS: i64 = 3;

/// The first format with an audit log.
pub(super) const WITH_LOG: i64 = 4;

/// What makes a database of format 1 one of format 2.
const FROM_1_TO_2: &str = "
    ALTER TABLE pairs ADD COLUMN shaped_original REAL;
    ALTER TABLE pairs ADD COLUMN shaped_guided REAL;
    PRAGMA user_version = 2;
";

/// What makes a database of format 2 one of format 3. The columns are for people; what counts is in `exact`.
const FROM_2_TO_3: &str = "
    ALTER TABLE steps ADD COLUMN metrics TEXT;
    ALTER TABLE pairs ADD COLUMN metrics TEXT;
    PRAGMA user_version = 3;
";

/// Whole evaluations of the policy. What a REAL column cannot hold is in `exact`.
const EVALUATIONS: &str = "
    CREATE TABLE evaluations (
        id INTEGER PRIMARY KEY,
        step INTEGER NOT NULL, sft_done INTEGER NOT NULL, queries INTEGER NOT NULL,
        reward REAL, truth REAL, perplexity REAL, bleu_response REAL, bleu_with_prompt REAL, length REAL, ended REAL,
        record TEXT NOT NULL, exact BLOB NOT NULL);
";

/// Everything that was done to the training, by whom. Rows are only added. `at` is in milliseconds since 1970.
const LOG: &str = "
    CREATE TABLE log (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL, step INTEGER NOT NULL,
        via TEXT NOT NULL, pid INTEGER NOT NULL, user TEXT NOT NULL, host TEXT NOT NULL,
        action TEXT NOT NULL, old TEXT, new TEXT, refused TEXT);
";

/// How long a statement waits for another process before it gives up.
const BUSY: Duration = Duration::from_secs(10);

/// `events.key` says what a record is about ("40" for a step, "2" for a version of the principles): writing the same
/// thing twice keeps one row. It is NULL for what may happen any number of times. `events.pending` marks what was done by
/// hand in steps that a resume has forgotten and will do again. AUTOINCREMENT because a reader remembers `seq`: a number
/// must not come back after a row was deleted.
const TABLES: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value, exact BLOB) WITHOUT ROWID;
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL, step INTEGER NOT NULL, key TEXT,
        pending INTEGER NOT NULL DEFAULT 0,
        record TEXT, exact BLOB,
        UNIQUE (kind, key));
    CREATE TABLE steps (
        step INTEGER PRIMARY KEY,
        ranked INTEGER NOT NULL, weighted INTEGER NOT NULL, updates INTEGER NOT NULL, replay INTEGER NOT NULL,
        principles INTEGER NOT NULL, margins BLOB NOT NULL, exact BLOB NOT NULL,
        tau REAL, decay REAL, learning_rate REAL,
        reward_original REAL, reward_original_std REAL, reward_guided REAL, reward_guided_std REAL,
        truth_original REAL, truth_guided REAL,
        loss_rank REAL, loss_wsft REAL, loss REAL, grad_norm REAL,
        length_original REAL, length_guided REAL, ended REAL, seconds REAL, metrics TEXT);
    CREATE TABLE pairs (
        id INTEGER PRIMARY KEY,
        step INTEGER NOT NULL, idx INTEGER NOT NULL, branch TEXT NOT NULL, principles INTEGER NOT NULL, margin REAL,
        query TEXT NOT NULL, original TEXT NOT NULL, guided TEXT NOT NULL,
        reward_original REAL, reward_guided REAL, truth_original REAL, truth_guided REAL,
        tau REAL, weight_original REAL, weight_guided REAL,
        exact BLOB NOT NULL, prompt_ids BLOB NOT NULL, original_ids BLOB NOT NULL, guided_ids BLOB NOT NULL,
        shaped_original REAL, shaped_guided REAL, metrics TEXT,
        UNIQUE (step, idx));
    CREATE INDEX pairs_margin ON pairs (margin, step, idx);
    CREATE TABLE checkpoints (
        step INTEGER PRIMARY KEY, sft_done INTEGER NOT NULL, file TEXT NOT NULL,
        tau REAL, decay REAL, learning_rate REAL, principles INTEGER NOT NULL);
";

/// Makes the database of a new run.
pub(super) fn create(dir: &Path, started: &Started) -> Result<Connection> {
    let path = dir.join(DATABASE_FILE);
    let mut conn = Connection::open(&path).at(&path, "create the run's database")?;
    writable(&conn, &path)?;
    let tx = conn.transaction().at(&path, "create the run's tables")?;
    tx.execute_batch(TABLES).at(&path, "create the run's tables")?;
    tx.execute_batch(EVALUATIONS).at(&path, "create the run's tables")?;
    tx.execute_batch(LOG).at(&path, "create the run's tables")?;
    tx.pragma_update(None, "user_version", FORMAT)
        .at(&path, "create the run's tables")?;
    tx.execute("INSERT INTO meta (key, value) VALUES ('generation', 0)", [])
        .at(&path, "create the run's tables")?;
    write_started(&tx, &path, started)?;
    tx.commit().at(&path, "create the run's tables")?;
    Ok(conn)
}

/// Opens the database of an existing run to write it.
pub(super) fn open_writer(dir: &Path) -> Result<Connection> {
    let path = database_of(dir)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(&path, flags).at(&path, "open the run's database")?;
    conn.busy_timeout(BUSY).at(&path, "open the run's database")?;
    let found = check_format(&conn, &path)?;
    writable(&conn, &path)?;
    if found < FORMAT {
        let doing = "bring the run's database to the format of today";
        let tx = conn.transaction().at(&path, doing)?;
        if found < 2 {
            tx.execute_batch(FROM_1_TO_2).at(&path, doing)?;
        }
        if found < 3 {
            tx.execute_batch(EVALUATIONS).at(&path, doing)?;
            tx.execute_batch(FROM_2_TO_3).at(&path, doing)?;
        }
        if found < 4 {
            tx.execute_batch(LOG).at(&path, doing)?;
            tx.pragma_update(None, "user_version", 4).at(&path, doing)?;
        }
        tx.commit().at(&path, doing)?;
    }
    Ok(conn)
}

/// Opens the database of an existing run to read it.
pub(super) fn open_reader(dir: &Path) -> Result<Connection> {
    let path = database_of(dir)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(&path, flags).and_then(|conn| {
        conn.busy_timeout(BUSY)?;
        // The first read is what needs the files of the WAL.
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
        Ok(conn)
    });
    let conn = match opened {
        Err(e) if matches!(e.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)) => {
            open_immutable(&path)?
        }
        other => other.at(&path, "open the run's database")?,
    };
    check_format(&conn, &path)?;
    Ok(conn)
}

/// On a read-only folder the files of a WAL cannot be made. Nobody can write such a run either, so it is safe to
/// tell SQLite that it does not change.
pub(super) fn open_immutable(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let absolute = std::path::absolute(path).at(path, "open the run's database")?;
    let mut uri = String::from("file:");
    for byte in absolute.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => uri.push(char::from(*byte)),
            b'\\' if cfg!(windows) => uri.push('/'),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    Connection::open_with_flags(&uri, flags).at(path, "open the run's database")
}

/// The path of a run's database, if `dir` has one.
fn database_of(dir: &Path) -> Result<PathBuf> {
    let path = dir.join(DATABASE_FILE);
    if path.is_file() {
        return Ok(path);
    }
    let found = if dir.is_dir() {
        format!("the folder has no {DATABASE_FILE}")
    } else if dir.exists() {
        "it is a file, not a folder".to_string()
    } else {
        "there is no such folder".to_string()
    };
    let help = "name the folder of a run (ple runs lists them)".to_string();
    Err(StoreError::NotARun {
        path: dir.to_path_buf(),
        found,
        help,
    })
}

/// The format of a database.
pub(super) fn format_of(conn: &Connection, path: &Path) -> Result<i64> {
    conn.query_row("PRAGMA user_version", [], |row| row.get(0))
        .at(path, "read the format of the run's database")
}

/// The format of a database that can be read.
fn check_format(conn: &Connection, path: &Path) -> Result<i64> {
    let found = format_of(conn, path)?;
    match found {
        1..=FORMAT => Ok(found),
        newer if newer > FORMAT => Err(StoreError::Newer {
            path: path.to_path_buf(),
            found: newer,
            known: FORMAT,
        }),
        _ => Err(StoreError::NotARun {
            path: path.to_path_buf(),
            found: "the database holds no run: it was not made by ple, or ple was ended while it made it".to_string(),
            help: "name another run, or delete this folder".to_string(),
        }),
    }
}

/// WAL lets readers read while the run writes; with it, NORMAL loses at most the last moments before a power cut and
/// never the file. `save_checkpoint` asks for more.
fn writable(conn: &Connection, path: &Path) -> Result<()> {
    let doing = "set up the run's database";
    conn.busy_timeout(BUSY).at(path, doing)?;
    conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
        .at(path, doing)?;
    synchronous(conn, path, "NORMAL")
}

/// How hard a commit pushes to the disk: "NORMAL" or "FULL".
pub(super) fn synchronous(conn: &Connection, path: &Path, level: &str) -> Result<()> {
    conn.pragma_update(None, "synchronous", level)
        .at(path, "set up the run's database")
}

/// What the run is, as written; `run` and `path` are those of `dir`, which may have been moved or renamed since.
pub(super) fn read_started(conn: &Connection, dir: &Path) -> Result<Started> {
    let path = dir.join(DATABASE_FILE);
    let damaged = |found: String| StoreError::Damaged {
        path: path.clone(),
        what: "what the run is".into(),
        found,
    };
    let (text, bytes) = conn
        .query_row("SELECT value, exact FROM meta WHERE key = 'started'", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .optional()
        .at(&path, "read what the run is")?
        .ok_or_else(|| damaged("the record is missing".into()))?;
    match exact::decode(&text, &bytes) {
        Ok(Event::Started(started)) => Ok(Started {
            run: name_of(dir),
            path: dir.to_string_lossy().into_owned(),
            ..started
        }),
        Ok(_) => Err(damaged("another record is in its place".into())),
        Err(found) => Err(damaged(found)),
    }
}

/// Writes what the run is.
pub(super) fn write_started(conn: &Connection, path: &Path, started: &Started) -> Result<()> {
    let (text, bytes) = exact::encode(&Event::Started(started.clone())).map_err(|e| StoreError::Refused {
        path: path.to_path_buf(),
        found: e.to_string(),
    })?;
    conn.execute(
        "INSERT OR REPLACE INTO meta (key, value, exact) VALUES ('started', ?1, ?2)",
        params![text, bytes],
    )
    .at(path, "write what the run is")?;
    Ok(())
}

/// How often the run was rewound: a reader that sees it change starts again.
pub(super) fn generation(conn: &Connection, path: &Path) -> Result<i64> {
    conn.prepare_cached("SELECT value FROM meta WHERE key = 'generation'")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .at(path, "read the run")
}

/// The name of a run: its folder's name.
pub(super) fn name_of(dir: &Path) -> String {
    // "." and "runs/.." have no name until they are resolved.
    let name = |p: &Path| p.file_name().map(|n| n.to_string_lossy().into_owned());
    name(dir)
        .or_else(|| dir.canonicalize().ok().as_deref().and_then(name))
        .unwrap_or_else(|| dir.to_string_lossy().into_owned())
}
