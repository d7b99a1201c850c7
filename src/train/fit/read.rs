//! Rows from files, split by prompt.

use std::path::Path;

use super::rows::{FitRow, FitRows};
use crate::config::{FitExperiment, FitName};
use crate::data::{DataError, Limit, Part, Reading, Record, Records, Sides, Want, read_rows, thousands};
use crate::grammar::shuffle;
use crate::random::{Purpose, stream};

/// Reads the rows of an experiment and splits them: no query of one part is in another.
pub fn read(experiment: &FitExperiment) -> Result<FitRows, DataError> {
    let (data, seed) = (&experiment.data, experiment.seed);
    let reading = Reading {
        task: experiment.task,
        want: match experiment.method.name {
            FitName::Classifier => Want::Labels,
            FitName::BradleyTerry => Want::Preferences,
            FitName::LanguageModel => Want::Queries,
        },
        prefix_words: data.prefix_words,
        seed,
    };
    // A word is a token or more: what has too many words is too long by any tokenizer, and need not be held until one
    // is there.
    let limit = Limit {
        count_tokens: &|query| query.split_whitespace().count(),
        max_query_tokens: data.max_query_tokens,
    };
    let rows_of = |path: &str| -> Result<Records, DataError> {
        let mut found = read_rows(Path::new(path), &reading, Some(&limit))?;
        // A query alone is nothing to imitate; only a language model reads such rows at all.
        found
            .records
            .retain(|r| r.completion.is_some() || r.preference.is_some());
        Ok(found)
    };
    let found = rows_of(&data.rows)?;
    let mut summary = found.account.summary();
    let used = found.records.len();
    if used < found.account.used() as usize {
        let without = found.account.used() - used as u64;
        summary += &format!(", {} without a response", thousands(without));
    }
    let named = |part| found.records.iter().any(|r| r.part == part);
    let by_share = data.test.is_none() && !(named(Part::Train) && named(Part::Test));
    let sides = match &data.test {
        Some(path) => {
            let test = rows_of(path)?;
            summary += &format!("; test: {}", test.account.summary());
            Sides::with_test(found.records, test.records)
        }
        None => Sides::of(found.records, data.held_out, seed),
    };
    if sides.leaked > 0 {
        summary += &format!("; {} not trained on, as they are test queries", thousands(sides.leaked));
    }
    // Another seed: with the same one, those that are left would all be on one side.
    let share = match by_share {
        true => data.validation / (1.0 - data.held_out),
        false => data.validation,
    };
    let inner = Sides::of(sides.train, share, seed.wrapping_add(1));
    if inner.train.is_empty() {
        let path = data.rows.clone().into();
        return Err(DataError::NothingToTrainOn { path, summary });
    }
    let part = |records: Vec<Record>, place: u64| {
        let mut rows: Vec<FitRow> = records.into_iter().filter_map(row).collect();
        // Files come sorted by label or by subset, and an evaluation takes the first rows.
        shuffle(&mut stream(seed, Purpose::FitOrder, u64::MAX, place), &mut rows);
        rows
    };
    Ok(FitRows::File {
        seed,
        train: part(inner.train, 0),
        validation: part(inner.held_out, 1),
        held_out: part(sides.held_out, 2),
        corrupted: data.corrupted,
        summary,
    })
}

fn row(record: Record) -> Option<FitRow> {
    let (response, other) = match record.preference {
        Some((chosen, rejected)) => (chosen, Some(rejected)),
        None => (record.completion?, None),
    };
    Some(FitRow {
        query: record.query,
        response,
        other,
        label: record.label.unwrap_or(true),
    })
}
