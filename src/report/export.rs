//! What a run has stored, as rows for other programs: CSV and JSON lines.

use std::path::Path;

use clap::ValueEnum;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

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
    /// A row everything that was done to the training, by whom
    Log,
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
            What::Log => "log",
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

/// The fields of a record in its own order, which serde_json's map would not keep.
struct Row(Vec<(String, Value)>);

impl Row {
    fn of(record: &impl Serialize) -> Self {
        // All records are structs of plain data, so that this does not fail.
        let text = serde_json::to_string(record).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or(Self(Vec::new()))
    }

    /// The same with the fields of tables beside the others.
    fn flat(&self) -> Self {
        fn put(name: &str, value: &Value, found: &mut Vec<(String, Value)>) {
            match value {
                Value::Object(table) => {
                    for (key, value) in table {
                        put(&format!("{name}.{key}"), value, found);
                    }
                }
                value => found.push((name.to_string(), value.clone())),
            }
        }
        let mut found = Vec::new();
        for (name, value) in &self.0 {
            put(name, value, &mut found);
        }
        Self(found)
    }

    fn without(mut self, key: &str) -> Self {
        self.0.retain(|(name, _)| name != key);
        self
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Row;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Row(fields))
            }
        }
        from.deserialize_map(Fields)
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

fn rows(folder: &Path, what: What) -> Result<Vec<Row>, StoreError> {
    let mut reader = Reader::open(folder)?;
    match what {
        What::Log => return Ok(reader.log()?.iter().map(Row::of).collect()),
        What::Pairs => return Ok(reader.pairs_between(0, u32::MAX)?.iter().map(Row::of).collect()),
        What::Answers => {
            let newest = reader.evaluations()?.pop();
            return Ok(newest.map_or(Vec::new(), |e| e.rows.iter().map(Row::of).collect()));
        }
        What::Steps => {
            let steps = reader.steps()?;
            if !steps.is_empty() {
                return Ok(steps.iter().map(Row::of).collect());
            }
        }
        What::Evaluations | What::Cases => {}
    }
    let mut found = Vec::new();
    for event in reader.poll()? {
        match (what, event) {
            (What::Steps, Event::Sft(update)) => found.push(Row::of(&update)),
            (What::Steps, Event::Fit(update)) => found.push(Row::of(&update)),
            (What::Evaluations, Event::Evaluation(evaluation)) => {
                found.push(Row::of(&evaluation).without("cases"));
            }
            (What::Evaluations, Event::FitEvaluation(evaluation)) => {
                found.push(Row::of(&evaluation).without("samples"));
            }
            (What::Cases, Event::Evaluation(evaluation)) => {
                for case in &evaluation.cases {
                    let mut row = Row::of(case);
                    row.0.insert(0, ("step".into(), evaluation.step.into()));
                    found.push(row);
                }
            }
            _ => {}
        }
    }
    Ok(found)
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

/// A column for every key that some row has, and for every key of a table in a row: `metrics.lr`. Lists are JSON.
fn as_csv(rows: &[Row]) -> Result<Vec<u8>, csv::Error> {
    let rows: Vec<Row> = rows.iter().map(Row::flat).collect();
    let mut header: Vec<&String> = Vec::new();
    for (key, _) in rows.iter().flat_map(|row| &row.0) {
        if !header.contains(&key) {
            header.push(key);
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header)?;
    for row in &rows {
        let field = |key: &&String| match row.0.iter().find(|(name, _)| name == *key) {
            None | Some((_, Value::Null)) => String::new(),
            Some((_, Value::String(text))) => text.clone(),
            Some((_, value)) => value.to_string(),
        };
        writer.write_record(header.iter().map(field))?;
    }
    writer.into_inner().map_err(|e| csv::Error::from(e.into_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_table_has_columns_of_its_own() {
        let row = |text: &str| serde_json::from_str::<Row>(text).unwrap();
        let rows = [
            row(r#"{"step": 0, "metrics": {}, "losses": [1, 2]}"#),
            row(r#"{"step": 1, "metrics": {"lr": 0.5, "far": {"kl": null}}, "losses": []}"#),
        ];
        let csv = String::from_utf8(as_csv(&rows).unwrap()).unwrap();
        assert_eq!(csv, "step,losses,metrics.far.kl,metrics.lr\n0,\"[1,2]\",,\n1,[],,0.5\n");
    }
}
