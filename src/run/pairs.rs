//! Looking for pairs: filtered, ordered, one page at a time.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::error::{At, Result};
use super::rows;
use crate::train::{Branch, PairRecord};

/// Which pairs to show, and which page of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PairFilter {
    /// Comes back with the page, so that an answer that comes late is known to be late.
    pub id: u64,
    /// Of the questions of each, only the newest need be answered.
    pub asker: Asker,
    /// Only pairs with this in the query, the original or the guided response. Letters A to Z are found in either case.
    pub search: String,
    pub branch: Option<Branch>,
    pub step: Option<u32>,
    pub order: PairOrder,
    /// Pairs to leave out from the start.
    pub offset: u64,
    /// Pairs of a page.
    pub limit: u64,
}

/// What a question for pairs is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asker {
    /// A list that is read.
    #[default]
    List,
    /// The step under the cursor.
    Cursor,
}

/// The order of the pairs that pass a [`PairFilter`]. Pairs without a margin (a reward that is not a number) come last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PairOrder {
    #[default]
    Newest,
    Oldest,
    LargestMargin,
    SmallestMargin,
}

/// One page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PairPage {
    /// What was asked for.
    pub filter: PairFilter,
    /// Pairs that pass the filter, on all pages.
    pub total: u64,
    pub pairs: Vec<PairRecord>,
}

/// Answers a filter.
pub(super) fn page(conn: &Connection, path: &Path, filter: &PairFilter) -> Result<PairPage> {
    let doing = "look for pairs";
    let mut conditions = vec!["1"];
    let mut arguments: Vec<Value> = Vec::new();
    if let Some(step) = filter.step {
        conditions.push("step = ?");
        arguments.push(step.into());
    }
    if let Some(branch) = filter.branch {
        conditions.push("branch = ?");
        arguments.push(rows::branch_text(branch).to_string().into());
    }
    if !filter.search.is_empty() {
        // instr, not LIKE: nothing in the text is a wildcard. SQLite's lower() knows ASCII only, so the text must too.
        conditions.push("(instr(lower(query), ?) OR instr(lower(original), ?) OR instr(lower(guided), ?))");
        arguments.extend(std::iter::repeat_n(Value::from(filter.search.to_ascii_lowercase()), 3));
    }
    // The last two are the order of an index, so that a page does not sort every pair.
    let order = match filter.order {
        PairOrder::Newest => "step DESC, idx",
        PairOrder::Oldest => "step, idx",
        PairOrder::LargestMargin => "margin DESC NULLS LAST, step DESC, idx DESC",
        PairOrder::SmallestMargin => "margin ASC NULLS LAST, step, idx",
    };
    let conditions = conditions.join(" AND ");
    // One transaction, so that the total fits the page.
    let tx = conn.unchecked_transaction().at(path, doing)?;
    let total: i64 = tx
        .prepare_cached(&format!("SELECT count(*) FROM pairs WHERE {conditions}"))
        .and_then(|mut statement| statement.query_row(params_from_iter(&arguments), |row| row.get(0)))
        .at(path, doing)?;
    let total = total.unsigned_abs();
    if filter.offset >= total || filter.limit == 0 {
        // Looking through every text once was enough.
        return Ok(PairPage {
            filter: filter.clone(),
            total,
            pairs: Vec::new(),
        });
    }
    arguments.push(clamp(filter.limit));
    arguments.push(clamp(filter.offset));
    let sql = format!(
        "SELECT {} FROM pairs WHERE {conditions} ORDER BY {order} LIMIT ? OFFSET ?",
        rows::PAIR_COLUMNS
    );
    let mut statement = tx.prepare_cached(&sql).at(path, doing)?;
    let pairs = rows::read_pairs(&mut statement, params_from_iter(&arguments), path)?;
    Ok(PairPage {
        filter: filter.clone(),
        total,
        pairs,
    })
}

/// SQLite counts with signs, and takes a negative limit for none.
fn clamp(n: u64) -> Value {
    Value::Integer(i64::try_from(n).unwrap_or(i64::MAX))
}
