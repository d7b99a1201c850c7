//! Which side of a split a query is on. The side depends on the query's words and the seed alone, so that the same query
//! is always on one side, whatever stands around it, and new rows move none of the old.

use std::collections::{HashMap, HashSet};

use super::record::{Part, Record};

/// FNV-1a of the text, mixed with the seed by SplitMix64: the same on every machine and in every version.
pub(super) fn hash(seed: u64, text: &str) -> u64 {
    let mut h: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        h = (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let mut z = h ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The words of a query in lower case with single spaces: punctuation and layout do not make another query of it.
/// A query without any word stays as it is.
pub fn normalise(query: &str) -> String {
    let mut plain = String::with_capacity(query.len());
    for word in query.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.extend(word.chars().flat_map(char::to_lowercase));
    }
    if plain.is_empty() {
        return query.trim().to_string();
    }
    plain
}

/// What stands for a query where queries are compared.
pub(super) fn key(query: &str) -> u64 {
    hash(0, &normalise(query))
}

/// Where the seed puts a query, in [0, 1).
fn place(key: u64, seed: u64) -> f64 {
    (hash(seed, &key.to_string()) >> 11) as f64 / (1u64 << 53) as f64
}

/// Whether a query is held out of training at this share and seed.
pub fn is_held_out(query: &str, share: f64, seed: u64) -> bool {
    place(key(query), seed) < share
}

/// Rows to train on and rows held out, which have no query in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sides {
    pub train: Vec<Record>,
    pub held_out: Vec<Record>,
    /// Rows that stood in training data and had a query of the test data: in neither.
    pub leaked: u64,
}

impl Sides {
    /// Splits rows by query. Where the rows are of named parts, those of a test or validation part are held out; else
    /// a share of `held_out` of all queries. Of two queries or more, one is on either side, unless the share is 0.
    pub fn of(records: Vec<Record>, held_out: f64, seed: u64) -> Sides {
        let named = |part| records.iter().any(|record| record.part == part);
        if named(Part::Train) && named(Part::Test) {
            let (test, train) = records.into_iter().partition(|record| record.part == Part::Test);
            return Sides::with_test(train, test);
        }
        let places: HashMap<u64, f64> = records
            .iter()
            .map(|record| key(&record.query))
            .map(|key| (key, place(key, seed)))
            .collect();
        let out = held_out_keys(&places, held_out);
        let (held_out, train) = records
            .into_iter()
            .partition(|record| out.contains(&key(&record.query)));
        Sides {
            train,
            held_out,
            leaked: 0,
        }
    }

    /// Takes out of `train` every row whose query is in `test`.
    pub fn with_test(mut train: Vec<Record>, test: Vec<Record>) -> Sides {
        let tested: HashSet<u64> = test.iter().map(|record| key(&record.query)).collect();
        let before = train.len();
        train.retain(|record| !tested.contains(&key(&record.query)));
        Sides {
            leaked: (before - train.len()) as u64,
            train,
            held_out: test,
        }
    }
}

/// All below the share; in a file so small that a side were empty, the first or all but the last. A single query is
/// trained on.
fn held_out_keys(places: &HashMap<u64, f64>, share: f64) -> HashSet<u64> {
    let mut out: HashSet<u64> = places
        .iter()
        .filter(|(_, place)| **place < share)
        .map(|(key, _)| *key)
        .collect();
    let order = |a: &(&u64, &f64), b: &(&u64, &f64)| a.1.total_cmp(b.1).then(a.0.cmp(b.0));
    if places.len() == 1 {
        out.clear();
    }
    if share > 0.0 && places.len() > 1 {
        if out.is_empty() {
            out.extend(places.iter().min_by(order).map(|(key, _)| *key));
        } else if out.len() == places.len() {
            let last = places.iter().max_by(order).map(|(key, _)| *key);
            out.retain(|key| Some(*key) != last);
        }
    }
    out
}
