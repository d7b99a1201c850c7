//! What a run has stored, as rows for other programs: CSV and JSON lines.

use std::path::Path;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::run::{Reader, StoreError};
use crate::train::Event;

/// Which rows of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// A row a step; of a run with supervised updates only, a row an update
    #[default]
    Steps,
    /// A row a pair of responses
    Pairs,
    /// A row an evaluation during training
    Evaluations,
    /// A row an answer of the case study, of every evaluation during training
    Cases,
    /// A row a query of the newest whole evaluation (ple eval)
    Answers,
}

impl What {
    /// The word of the command line.
    fn word(self) -> &'static str {
        match self {
            What::Steps => "steps",
            What::Pairs => "pairs",
            What::Evaluations => "evaluations",
            What::Cases => "cases",
            What::Answers => "answers",
        }
    }
}

/// The rows of a run as CSV (with a header) or as JSON lines. A number that is none (NaN) is an empty field, or null.
///
/// # Errors
/// Where the run cannot be read, or has no such row, in words.
pub fn export(folder: &Path, what: What, csv: bool) -> Result<Vec<u8>, String> {
    let rows = rows(folder, what).map_err(|e| e.to_string())?;
    if rows.is_empty() {
        let help = match what {
            What::Answers => "; `ple eval` makes some",
            _ => "",
        };
        return Err(format!(
            "{}: the run has no {} yet{help}",
            folder.display(),
            what.word()
        ));
    }
    if csv {
        as_csv(&rows).map_err(|e| e.to_string())
    } else {
        Ok(as_lines(&rows))
    }
}

type Row = Map<String, Value>;

fn rows(folder: &Path, what: What) -> Result<Vec<Row>, StoreError> {
    let mut reader = Reader::open(folder)?;
    match what {
        What::Pairs => return Ok(reader.pairs_between(0, u32::MAX)?.iter().map(row).collect()),
        What::Answers => {
            let newest = reader.evaluations()?.pop();
            return Ok(newest.map_or(Vec::new(), |e| e.rows.iter().map(row).collect()));
        }
        What::Steps => {
            let steps = reader.steps()?;
            if !steps.is_empty() {
                return Ok(steps.iter().map(row).collect());
            }
        }
        What::Evaluations | What::Cases => {}
    }
    let mut found = Vec::new();
    for event in reader.poll()? {
        match (what, event) {
            (What::Steps, Event::Sft(update)) => found.push(row(&update)),
            (What::Steps, Event::Fit(update)) => found.push(row(&update)),
            (What::Evaluations, Event::Evaluation(evaluation)) => {
                let mut row = row(&evaluation);
                row.remove("cases");
                found.push(row);
            }
            (What::Evaluations, Event::FitEvaluation(evaluation)) => {
                let mut row = row(&evaluation);
                row.remove("samples");
                found.push(row);
            }
            (What::Cases, Event::Evaluation(evaluation)) => {
                for case in &evaluation.cases {
                    let mut whole = Row::from_iter([("step".into(), evaluation.step.into())]);
                    whole.extend(row(case));
                    found.push(whole);
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

fn row(record: &impl Serialize) -> Row {
    match serde_json::to_value(record) {
        Ok(Value::Object(row)) => row,
        // All records are structs.
        _ => Row::new(),
    }
}

fn as_lines(rows: &[Row]) -> Vec<u8> {
    let mut out = Vec::new();
    for row in rows {
        // Writing JSON that was read to memory does not fail.
        let _ = serde_json::to_writer(&mut out, row);
        out.push(b'\n');
    }
    out
}

/// A column for every key that some row has; lists and what else is nested as JSON.
fn as_csv(rows: &[Row]) -> Result<Vec<u8>, csv::Error> {
    let mut header: Vec<&String> = Vec::new();
    for key in rows.iter().flat_map(Map::keys) {
        if !header.contains(&key) {
            header.push(key);
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header)?;
    for row in rows {
        let field = |key: &&String| match row.get(*key) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        writer.write_record(header.iter().map(field))?;
    }
    writer.into_inner().map_err(|e| csv::Error::from(e.into_error()))
}
