//! How a step and a pair become rows, and rows become them again.

use std::path::Path;

use rusqlite::{Connection, Params, Row, Statement, params};

use super::error::{At, Result, StoreError};
use super::{exact, packed};
use crate::train::{Branch, Event, Metrics, PairRecord, PrinciplesVersion, StepRecord};

/// The columns [`read_step`] expects, in its order.
pub(super) const STEP_COLUMNS: &str = "steps.step, ranked, weighted, updates, replay, principles, margins, steps.exact";

/// The columns [`read_pair`] expects, in its order.
pub(super) const PAIR_COLUMNS: &str =
    "step, idx, branch, principles, query, original, guided, exact, prompt_ids, original_ids, guided_ids";

/// A step's row; a step that is there already is replaced.
pub(super) fn insert_step(conn: &Connection, s: &StepRecord) -> rusqlite::Result<()> {
    let margins = packed::pack_words(s.margins.iter().map(|m| m.to_bits()));
    conn.prepare_cached(
        "INSERT OR REPLACE INTO steps (
            step, ranked, weighted, updates, replay, principles, margins, exact,
            tau, decay, learning_rate, reward_original, reward_original_std, reward_guided, reward_guided_std,
            truth_original, truth_guided, loss_rank, loss_wsft, loss, grad_norm,
            length_original, length_guided, ended, seconds, metrics)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
            ?23, ?24, ?25, ?26)",
    )?
    .execute(params![
        s.step,
        s.ranked as i64,
        s.weighted as i64,
        s.updates as i64,
        s.replay as i64,
        s.principles,
        margins,
        packed::pack_step(s),
        s.tau,
        s.decay,
        s.learning_rate,
        s.reward_original,
        s.reward_original_std,
        s.reward_guided,
        s.reward_guided_std,
        s.truth_original,
        s.truth_guided,
        s.loss_rank,
        s.loss_wsft,
        s.loss,
        s.grad_norm,
        s.length_original,
        s.length_guided,
        s.ended,
        s.seconds,
        readable(&s.metrics),
    ])?;
    Ok(())
}

/// A step from [`STEP_COLUMNS`] that begin at column `at`. The inner error says what does not fit.
pub(super) fn read_step(row: &Row<'_>, at: usize) -> rusqlite::Result<std::result::Result<StepRecord, String>> {
    let count = |i: usize| row.get::<_, i64>(at + i).map(|n| n as usize);
    let mut step = StepRecord {
        step: row.get(at)?,
        ranked: count(1)?,
        weighted: count(2)?,
        updates: count(3)?,
        replay: count(4)?,
        principles: row.get(at + 5)?,
        ..StepRecord::default()
    };
    let margins = row.get_ref(at + 6)?.as_blob()?;
    let numbers = row.get_ref(at + 7)?.as_blob()?;
    Ok(packed::unpack_words(margins)
        .map(|words| step.margins = words.map(f32::from_bits).collect())
        .and_then(|()| packed::unpack_step(numbers, &mut step))
        .map(|()| step))
}

/// A pair's row; a pair that is there already is replaced.
pub(super) fn insert_pair(conn: &Connection, p: &PairRecord) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO pairs (
            step, idx, branch, principles, margin, query, original, guided, reward_original, reward_guided,
            truth_original, truth_guided, tau, weight_original, weight_guided,
            exact, prompt_ids, original_ids, guided_ids, shaped_original, shaped_guided, metrics)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)",
    )?
    .execute(params![
        p.step,
        p.index,
        branch_text(p.branch),
        p.principles,
        p.margin(),
        p.query,
        p.original,
        p.guided,
        p.reward_original,
        p.reward_guided,
        p.truth_original,
        p.truth_guided,
        p.tau,
        p.weight_original,
        p.weight_guided,
        packed::pack_pair(p),
        packed::pack_words(p.prompt_ids.iter().copied()),
        packed::pack_words(p.original_ids.iter().copied()),
        packed::pack_words(p.guided_ids.iter().copied()),
        p.shaped.map(|s| s.original),
        p.shaped.map(|s| s.guided),
        readable(&p.metrics),
    ])?;
    Ok(())
}

/// All pairs of a statement that selects [`PAIR_COLUMNS`].
pub(super) fn read_pairs(
    statement: &mut Statement<'_>,
    arguments: impl Params,
    path: &Path,
) -> Result<Vec<PairRecord>> {
    let mut pairs = Vec::new();
    let mut rows = statement.query(arguments).at(path, "read pairs")?;
    while let Some(row) = rows.next().at(path, "read pairs")? {
        let pair = read_pair(row).at(path, "read pairs")?;
        pairs.push(pair.map_err(|found| StoreError::Damaged {
            path: path.to_path_buf(),
            what: "a pair".to_string(),
            found,
        })?);
    }
    Ok(pairs)
}

fn read_pair(row: &Row<'_>) -> rusqlite::Result<std::result::Result<PairRecord, String>> {
    let word = row.get_ref(2)?.as_str()?;
    let Some(branch) = BRANCHES.into_iter().find(|branch| branch_text(*branch) == word) else {
        return Ok(Err(format!("branch {word:?} is none that this program knows")));
    };
    let mut pair = PairRecord {
        step: row.get(0)?,
        index: row.get(1)?,
        query: row.get(4)?,
        original: row.get(5)?,
        guided: row.get(6)?,
        reward_original: 0.0,
        reward_guided: 0.0,
        shaped: None,
        truth_original: None,
        truth_guided: None,
        tau: 0.0,
        branch,
        weight_original: 0.0,
        weight_guided: 0.0,
        principles: row.get(3)?,
        metrics: Metrics::new(),
        prompt_ids: Vec::new(),
        original_ids: Vec::new(),
        guided_ids: Vec::new(),
    };
    let (numbers, prompt) = (row.get_ref(7)?.as_blob()?, row.get_ref(8)?.as_blob()?);
    let (original, guided) = (row.get_ref(9)?.as_blob()?, row.get_ref(10)?.as_blob()?);
    let mut fill = || {
        packed::unpack_pair(numbers, &mut pair)?;
        pair.prompt_ids = packed::unpack_words(prompt)?.collect();
        pair.original_ids = packed::unpack_words(original)?.collect();
        pair.guided_ids = packed::unpack_words(guided)?.collect();
        Ok(())
    };
    Ok(fill().map(|()| pair))
}

/// The word of a branch in the `pairs` table.
pub(super) fn branch_text(branch: Branch) -> &'static str {
    match branch {
        Branch::Ranked => "ranked",
        Branch::Weighted => "weighted",
        Branch::Kept => "kept",
        Branch::Dropped => "dropped",
        Branch::Learnt => "learnt",
    }
}

const BRANCHES: [Branch; 5] = [
    Branch::Ranked,
    Branch::Weighted,
    Branch::Kept,
    Branch::Dropped,
    Branch::Learnt,
];

/// Metrics as JSON for people; NULL where there are none.
fn readable(metrics: &Metrics) -> Option<String> {
    (!metrics.is_empty()).then(|| serde_json::to_string(metrics).unwrap_or_default())
}

/// The pairs of the steps in `[from, to)` in (step, index) order.
pub(super) fn pairs_between(conn: &Connection, path: &Path, from: u32, to: u32) -> Result<Vec<PairRecord>> {
    let sql = format!("SELECT {PAIR_COLUMNS} FROM pairs WHERE step >= ?1 AND step < ?2 ORDER BY step, idx");
    let mut statement = conn.prepare_cached(&sql).at(path, "read pairs")?;
    read_pairs(&mut statement, [from, to], path)
}

/// Every version of the principles, oldest first.
pub(super) fn principles(conn: &Connection, path: &Path) -> Result<Vec<PrinciplesVersion>> {
    let sql = "SELECT record, exact FROM events WHERE kind = 'principles'";
    let mut versions = Vec::new();
    for event in read_events(conn, path, sql, [])? {
        if let Event::Principles(version) = event {
            versions.push(version);
        }
    }
    versions.sort_by_key(|v| v.version);
    Ok(versions)
}

/// The events of a query that selects `record, exact`.
pub(super) fn read_events(conn: &Connection, path: &Path, sql: &str, arguments: impl Params) -> Result<Vec<Event>> {
    let doing = "read the run's events";
    let mut statement = conn.prepare_cached(sql).at(path, doing)?;
    let mut rows = statement.query(arguments).at(path, doing)?;
    let mut events = Vec::new();
    while let Some(row) = rows.next().at(path, doing)? {
        events.push(
            read_event(row, 0)
                .at(path, doing)?
                .map_err(|found| StoreError::Damaged {
                    path: path.to_path_buf(),
                    what: "an event".to_string(),
                    found,
                })?,
        );
    }
    Ok(events)
}

/// An event from the columns `record, exact` that begin at column `at`.
pub(super) fn read_event(row: &Row<'_>, at: usize) -> rusqlite::Result<std::result::Result<Event, String>> {
    Ok(exact::decode(
        row.get_ref(at)?.as_str()?,
        row.get_ref(at + 1)?.as_blob()?,
    ))
}

/// All steps, oldest first; `tail` may turn that round and end it early.
pub(super) fn read_steps(conn: &Connection, path: &Path, tail: &str) -> Result<Vec<StepRecord>> {
    let doing = "read the steps";
    let sql = format!("SELECT {STEP_COLUMNS} FROM steps ORDER BY step {tail}");
    let mut statement = conn.prepare_cached(&sql).at(path, doing)?;
    let mut rows = statement.query([]).at(path, doing)?;
    let mut steps = Vec::new();
    while let Some(row) = rows.next().at(path, doing)? {
        let step = read_step(row, 0).at(path, doing)?;
        let damaged = |found| StoreError::Damaged {
            path: path.to_path_buf(),
            what: "a step".to_string(),
            found,
        };
        steps.push(step.map_err(damaged)?);
    }
    Ok(steps)
}
