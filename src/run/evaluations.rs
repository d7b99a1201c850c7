//! Whole evaluations of a run's policy: a table beside the events, since they are made of a run and not by it.

use rusqlite::{Connection, params};

use super::error::{At, Result, StoreError};
use super::reader::Reader;
use super::store::Store;
use super::{exact_full, schema};
use crate::train::FullEvaluation;

impl Store {
    /// Stores a whole evaluation. One of the same checkpoint on as many queries is replaced.
    pub fn record_evaluation(&mut self, e: &FullEvaluation) -> Result<()> {
        let doing = "record an evaluation";
        let (text, bytes) = exact_full::encode(e).map_err(|error| self.refused(error.to_string()))?;
        let references = e.references.as_ref();
        let tx = self.conn.transaction().at(&self.path, doing)?;
        // Deleted and not replaced in its place: the newest has the largest id.
        tx.execute(
            "DELETE FROM evaluations WHERE step = ?1 AND sft_done = ?2 AND queries = ?3",
            params![e.step, e.sft_done, e.queries as i64],
        )
        .and_then(|_| {
            tx.execute(
                "INSERT INTO evaluations (
                    step, sft_done, queries, reward, truth, perplexity, bleu_response, bleu_with_prompt, length, ended,
                    record, exact)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                params![
                    e.step,
                    e.sft_done,
                    e.queries as i64,
                    e.reward.mean,
                    e.truth.map(|t| t.mean),
                    references.map(|r| r.perplexity.mean),
                    references.map(|r| r.bleu_response.mean),
                    references.map(|r| r.bleu_with_prompt.mean),
                    e.length.mean,
                    e.ended.mean,
                    text,
                    bytes,
                ],
            )
        })
        .at(&self.path, doing)?;
        tx.commit().at(&self.path, doing)
    }
}

impl Reader {
    /// The whole evaluations of the run's policy, the newest last.
    pub fn evaluations(&self) -> Result<Vec<FullEvaluation>> {
        read(self.connection(), self.database())
    }
}

fn read(conn: &Connection, path: &std::path::Path) -> Result<Vec<FullEvaluation>> {
    let doing = "read the evaluations";
    if schema::format_of(conn, path)? < schema::WITH_EVALUATIONS {
        return Ok(Vec::new());
    }
    let mut statement = conn
        .prepare_cached("SELECT record, exact FROM evaluations ORDER BY id")
        .at(path, doing)?;
    let mut rows = statement.query([]).at(path, doing)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().at(path, doing)? {
        let text: String = row.get(0).at(path, doing)?;
        let bytes: Vec<u8> = row.get(1).at(path, doing)?;
        found.push(exact_full::decode(&text, &bytes).map_err(|found| StoreError::Damaged {
            path: path.to_path_buf(),
            what: "an evaluation".to_string(),
            found,
        })?);
    }
    Ok(found)
}
