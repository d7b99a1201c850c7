//! What a data file holds, and everything that is odd about it, each with an example and its row.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use serde::Serialize;

use super::account::{Account, Finding};
use super::container::Raw;
use super::defects::{Defects, defects};
use super::error::DataError;
use super::record::{Limit, Part, Reading, Want};
use super::rows::Counter;
use super::split::{hash, is_held_out, key};
use super::stream::{Place, scan};
use super::understand::{fields_of, understand};
use super::{Record, guess_task};
use crate::grammar::Task;

/// How a file is inspected.
pub struct Inspect<'a> {
    /// `None`: told by the fields of the first rows.
    pub task: Option<Task>,
    pub limit: Limit<'a>,
    /// Share and seed of the split by query that is shown.
    pub held_out: f64,
    pub seed: u64,
}

/// What was found. The same numbers are printed and written as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    pub path: String,
    pub task: Task,
    /// The task was told by the fields; otherwise it was given, or the rows could be of any.
    pub task_detected: bool,
    pub rows: u64,
    pub max_query_tokens: usize,
    /// What a run would make of the rows.
    pub queries: Account,
    /// What the training of a classifier would.
    pub labels: Account,
    /// What the training of a preference model would.
    pub preferences: Account,
    pub positive: u64,
    pub negative: u64,
    /// Of all rows that were understood, whether or not a query is over the limit.
    pub tokens: Vec<Lengths>,
    pub defects: Vec<Finding>,
    pub duplicates: Vec<Finding>,
    /// Only where files or rows name themselves train and test.
    pub parts: Option<Parts>,
    pub split: SplitCounts,
}

/// Token counts of one text of the rows.
#[derive(Clone, Debug, Serialize)]
pub struct Lengths {
    /// `query`, `completion` or `rejected`.
    pub text: &'static str,
    pub rows: usize,
    pub min: u32,
    pub median: u32,
    /// 95 of 100 are not longer.
    pub p95: u32,
    pub max: u32,
}

/// Rows of named parts, and what of the test part is in the training part too.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Parts {
    pub train: u64,
    pub test: u64,
    /// Test rows with a query, or the whole of their texts, that a training row has.
    pub leaks: Vec<Finding>,
}

/// The rows on each side of a split by query.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SplitCounts {
    pub held_out: f64,
    pub seed: u64,
    pub train: u64,
    pub test: u64,
    pub queries_on_both_sides: u64,
}

impl Inspection {
    /// Any row can be used as anything.
    pub fn is_usable(&self) -> bool {
        [&self.queries, &self.labels, &self.preferences]
            .iter()
            .any(|account| account.used() > 0)
    }

    /// "JSON lines, gzip: HH-RLHF transcripts (chosen, rejected)"
    pub fn formats(&self) -> &str {
        let accounts = [&self.labels, &self.preferences, &self.queries];
        let longest = accounts.into_iter().max_by_key(|account| account.format.len());
        longest.map_or("", |account| &account.format)
    }
}

/// All that one row gives, computed on any thread.
struct Seen {
    wanted: [Result<(Record, &'static str, bool), &'static str>; 3],
    tokens: [Option<u32>; 3],
    defects: Defects,
    /// Keys of the query and of all texts, and the label, where the row was understood.
    understood: Option<(u64, u64, Option<bool>, Part, bool)>,
}

const WANTS: [Want; 3] = [Want::Queries, Want::Labels, Want::Preferences];
const TEXTS: [&str; 3] = ["query", "completion", "rejected"];

/// Reads all rows once, with flat memory: of a row its token counts and two hashes are kept.
///
/// # Errors
/// When no file is found, and when one cannot be read to its end. A file of which no row can be used is no error.
pub fn inspect(path: &Path, how: &Inspect) -> Result<Inspection, DataError> {
    let detected = match how.task {
        Some(_) => None,
        None => guess_task(path)?,
    };
    let task = how.task.or(detected).unwrap_or(Task::Hh);
    let readings = WANTS.map(|want| Reading {
        seed: how.seed,
        ..Reading::of(task, want)
    });
    let mut counters = readings
        .each_ref()
        .map(|reading| Counter::new(reading, Some(&how.limit)));
    let mut lengths: [Vec<u32>; 3] = Default::default();
    let mut found = Findings::default();
    let (mut labels, mut split) = ([0; 2], SplitCounts::default());
    let mut sides: HashMap<u64, bool> = HashMap::new();
    let work = |place: Place, raw: &Raw| see(place, raw, &readings, how);
    let files = scan(path, work, |files, place, raw, seen| {
        for (counter, wanted) in counters.iter_mut().zip(&seen.wanted) {
            let wanted = wanted
                .as_ref()
                .map(|(record, format, fits)| (record, *format, *fits))
                .map_err(|e| *e);
            counter.count(files, place, raw, wanted);
        }
        for (lengths, tokens) in lengths.iter_mut().zip(seen.tokens) {
            lengths.extend(tokens);
        }
        for what in seen.defects.words() {
            found.add(what, place, || raw.excerpt());
        }
        if let Some((query, whole, label, part, held_out)) = seen.understood {
            if let Some(label) = label {
                labels[usize::from(label)] += 1;
            }
            *(if held_out { &mut split.test } else { &mut split.train }) += 1;
            if *sides.entry(query).or_insert(held_out) != held_out {
                split.queries_on_both_sides += 1;
            }
            found.compare(query, whole, place, part);
        }
    })?;
    let [queries, labelled, preferences] = counters.map(|counter| counter.close(&files));
    let (duplicates, parts) = found.close(&queries);
    Ok(Inspection {
        path: path.display().to_string(),
        task,
        task_detected: detected.is_some(),
        rows: queries.rows(),
        max_query_tokens: how.limit.max_query_tokens,
        queries,
        labels: labelled,
        preferences,
        positive: labels[1],
        negative: labels[0],
        tokens: TEXTS
            .into_iter()
            .zip(lengths)
            .filter_map(|(text, lengths)| summed_up(text, lengths))
            .collect(),
        defects: found.defects,
        duplicates,
        parts,
        split: SplitCounts {
            held_out: how.held_out,
            seed: how.seed,
            ..split
        },
    })
}

fn see(place: Place, raw: &Raw, readings: &[Reading; 3], how: &Inspect) -> Seen {
    let fields = fields_of(raw);
    let parsed = |reading| {
        fields
            .as_ref()
            .map_err(|reason| *reason)
            .and_then(|fields| understand(fields, reading))
    };
    let count = |text: &str| (how.limit.count_tokens)(text) as u32;
    // A reading for labels refuses no review for being short: what it understands is all that can be understood.
    let any = parsed(&readings[1]).ok();
    let tokens = any.as_ref().map_or([None; 3], |parsed| {
        let texts = [
            Some(&parsed.query),
            parsed.completion.as_ref(),
            parsed.rejected.as_ref(),
        ];
        texts.map(|text| text.map(|text| count(text)))
    });
    let fits = tokens[0].is_none_or(|n| n as usize <= how.limit.max_query_tokens);
    let wanted = readings.each_ref().map(|reading| {
        let parsed = parsed(reading)?;
        let format = parsed.format;
        Ok((parsed.record(reading, place.part, place.file, place.row)?, format, fits))
    });
    let understood = any.as_ref().map(|parsed| {
        let query = key(&parsed.query);
        let responses = [&parsed.completion, &parsed.rejected].into_iter().flatten();
        let whole = responses.fold(hash(1, &parsed.query), |h, text| hash(h, text));
        let held_out = is_held_out(&parsed.query, how.held_out, how.seed);
        (query, whole, parsed.label, parsed.part.unwrap_or(place.part), held_out)
    });
    Seen {
        wanted,
        tokens,
        defects: fields
            .as_ref()
            .map_or(Defects::default(), |fields| defects(fields, any.as_ref())),
        understood,
    }
}

fn summed_up(text: &'static str, mut lengths: Vec<u32>) -> Option<Lengths> {
    lengths.sort_unstable();
    let n = lengths.len();
    // The smallest length that at least this share of all rows does not exceed.
    let at = |percent: usize| lengths.get((n * percent).div_ceil(100).max(1) - 1).copied();
    Some(Lengths {
        text,
        rows: n,
        min: *lengths.first()?,
        median: at(50)?,
        p95: at(95)?,
        max: *lengths.last()?,
    })
}

/// A file and a row.
type At = (u32, u64);

/// Where a query, or a whole row, was seen first, in each part.
type Places = HashMap<(u64, Part), At>;

/// A row of a test part: the keys of its query and of all its texts.
struct TestRow {
    query: u64,
    whole: u64,
    at: At,
}

#[derive(Default)]
struct Findings {
    defects: Vec<Finding>,
    queries: Places,
    rows: Places,
    /// The first row that repeats an earlier one, and that one: for queries and for whole rows.
    repeated: [Option<(At, At)>; 2],
    repeats: [u64; 2],
    test: Vec<TestRow>,
    parts: [u64; 2],
}

impl Findings {
    fn add(&mut self, what: &str, place: Place, example: impl FnOnce() -> String) {
        match self.defects.iter_mut().find(|known| known.what == what) {
            Some(known) => known.count += 1,
            None => self.defects.push(Finding {
                what: what.to_string(),
                count: 1,
                example_row: place.row,
                example_file: place.file,
                example: example(),
            }),
        }
    }

    fn compare(&mut self, query: u64, whole: u64, place: Place, part: Part) {
        let here = (place.file, place.row);
        for (i, (known, key)) in [(&mut self.queries, query), (&mut self.rows, whole)]
            .into_iter()
            .enumerate()
        {
            match known.entry((key, part)) {
                Entry::Vacant(entry) => drop(entry.insert(here)),
                Entry::Occupied(entry) => {
                    self.repeats[i] += 1;
                    self.repeated[i].get_or_insert((here, *entry.get()));
                }
            }
        }
        self.parts[usize::from(part == Part::Test)] += 1;
        if part == Part::Test {
            let at = here;
            self.test.push(TestRow { query, whole, at });
        }
    }

    /// Duplicates within a part, and leaks from one to the other.
    fn close(&mut self, account: &Account) -> (Vec<Finding>, Option<Parts>) {
        let finding = |what: &str, count: u64, here: At, first: At| Finding {
            what: what.to_string(),
            count,
            example_row: here.1,
            example_file: here.0,
            example: format!("as {}", account.place(first.0, first.1)),
        };
        let what = ["the query of an earlier row", "all texts of an earlier row"];
        let repeated = self.repeated.iter().zip(self.repeats).zip(what);
        let duplicates = repeated
            .filter_map(|((example, count), what)| Some((example.as_ref()?, count, what)))
            .map(|((here, first), count, what)| finding(what, count, *here, *first))
            .collect();
        let [train, test] = self.parts;
        if train == 0 || test == 0 {
            return (duplicates, None);
        }
        let leak = |what: &str, known: &Places, key: fn(&TestRow) -> u64| {
            let leaks = self
                .test
                .iter()
                .filter_map(|row| Some((row.at, *known.get(&(key(row), Part::Train))?)));
            let count = leaks.clone().count() as u64;
            leaks
                .into_iter()
                .next()
                .map(|(here, first)| finding(what, count, here, first))
        };
        let leaks = [
            leak("the query of a training row", &self.queries, |row| row.query),
            leak("all texts of a training row", &self.rows, |row| row.whole),
        ];
        let leaks = leaks.into_iter().flatten().collect();
        (duplicates, Some(Parts { train, test, leaks }))
    }
}
