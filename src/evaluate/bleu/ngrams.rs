//! Counting the n-grams of one hypothesis that its references have.
//!
//! Tokens and n-grams become small numbers, so that no n-gram is ever built as a text: an n-gram is the number of the one
//! before it that is a token shorter, and the number of its last token. Only those of the hypothesis get numbers; one
//! of a reference that has none matches nothing, and neither do the longer ones that begin with it. Everything is kept
//! in memory that is used again for the next segment.

use std::ops::Range;

use super::score::Counts;
use super::tokenize::{Buffers, Tokenize};

/// No such n-gram in the hypothesis.
const NONE: u32 = u32::MAX;

/// What one thread needs to count.
#[derive(Default)]
pub struct Counter {
    buffers: Buffers,
    table: Table,
    /// All different tokens of the hypothesis, and the text they are pieces of.
    text: String,
    tokens: Vec<Range<u32>>,
    /// For each place of the hypothesis and of the references the n-gram that begins there.
    hypothesis: Vec<Place>,
    references: Vec<Vec<Place>>,
    /// The n-grams of one order, and for each how often the hypothesis has it, this reference, any one reference.
    ngrams: Vec<(u32, u32)>,
    wanted: Vec<u32>,
    here: Vec<u32>,
    most: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Place {
    token: u32,
    /// The n-gram of the present order that begins here.
    ngram: u32,
}

impl Counter {
    /// Adds what one segment has to `counts`, up to its order. No reference at all counts as an empty one.
    pub fn count<'a>(
        &mut self,
        how: Tokenize,
        lowercase: bool,
        hypothesis: &str,
        references: impl Iterator<Item = &'a str>,
        counts: &mut Counts,
    ) {
        self.read_hypothesis(how, lowercase, hypothesis);
        let length = self.hypothesis.len() as u64;
        let (mut n, mut closest) = (0, None);
        for reference in references {
            if self.references.len() == n {
                self.references.push(Vec::new());
            }
            let found = self.read_reference(how, lowercase, reference, n);
            // The closest in length, and of two the shorter.
            let rank = (found.abs_diff(length), found);
            closest = Some(closest.map_or(rank, |other: (u64, u64)| other.min(rank)));
            n += 1;
        }
        counts.hypothesis += length;
        counts.reference += closest.map_or(0, |(_, length)| length);
        for order in 0..counts.matches.len() {
            if order > 0 {
                self.lengthen(n, order);
            }
            let total = length.saturating_sub(order as u64);
            if total == 0 {
                break;
            }
            counts.totals[order] += total;
            counts.matches[order] += self.matches(n, order);
        }
    }

    fn read_hypothesis(&mut self, how: Tokenize, lowercase: bool, line: &str) {
        let Self {
            buffers,
            table,
            text,
            tokens,
            hypothesis,
            ..
        } = self;
        table.clear(line.len() + 1);
        text.clear();
        tokens.clear();
        hypothesis.clear();
        buffers.tokens(how, lowercase, line, |token| {
            let same = |id: u32| text[span(&tokens[id as usize])] == *token;
            let id = match table.find(hash(token.as_bytes()), same) {
                Ok(id) => id,
                Err(slot) => {
                    let id = tokens.len() as u32;
                    let start = text.len() as u32;
                    text.push_str(token);
                    tokens.push(start..text.len() as u32);
                    table.put(slot, hash(token.as_bytes()), id);
                    id
                }
            };
            hypothesis.push(Place { token: id, ngram: id });
        });
        self.wanted.clear();
        self.wanted.resize(self.tokens.len(), 0);
    }

    /// Returns its number of tokens.
    fn read_reference(&mut self, how: Tokenize, lowercase: bool, line: &str, n: usize) -> u64 {
        let Self {
            buffers,
            table,
            text,
            tokens,
            references,
            ..
        } = self;
        let places = &mut references[n];
        places.clear();
        buffers.tokens(how, lowercase, line, |token| {
            let same = |id: u32| text[span(&tokens[id as usize])] == *token;
            let id = table.find(hash(token.as_bytes()), same).unwrap_or(NONE);
            places.push(Place { token: id, ngram: id });
        });
        places.len() as u64
    }

    /// From n-grams of `order` tokens to those of one more.
    fn lengthen(&mut self, references: usize, order: usize) {
        let Self {
            table,
            hypothesis,
            ngrams,
            ..
        } = self;
        ngrams.clear();
        table.clear(hypothesis.len());
        for i in 0..hypothesis.len().saturating_sub(order) {
            let key = (hypothesis[i].ngram, hypothesis[i + order].token);
            hypothesis[i].ngram = match table.find(hash_pair(key), |id| ngrams[id as usize] == key) {
                Ok(id) => id,
                Err(slot) => {
                    let id = ngrams.len() as u32;
                    ngrams.push(key);
                    table.put(slot, hash_pair(key), id);
                    id
                }
            };
        }
        for places in &mut self.references[..references] {
            for i in 0..places.len().saturating_sub(order) {
                let key = (places[i].ngram, places[i + order].token);
                places[i].ngram = match key {
                    (NONE, _) | (_, NONE) => NONE,
                    _ => table
                        .find(hash_pair(key), |id| ngrams[id as usize] == key)
                        .unwrap_or(NONE),
                };
            }
        }
        self.wanted.clear();
        self.wanted.resize(self.ngrams.len(), 0);
    }

    /// Matches of the present order: no n-gram more often than one reference has it.
    fn matches(&mut self, references: usize, order: usize) -> u64 {
        let Self {
            hypothesis,
            wanted,
            here,
            most,
            ..
        } = self;
        for place in &hypothesis[..hypothesis.len() - order] {
            wanted[place.ngram as usize] += 1;
        }
        most.clear();
        most.resize(wanted.len(), 0);
        for places in &self.references[..references] {
            here.clear();
            here.resize(wanted.len(), 0);
            for place in &places[..places.len().saturating_sub(order)] {
                if place.ngram != NONE {
                    let n = place.ngram as usize;
                    here[n] += 1;
                    most[n] = most[n].max(here[n]);
                }
            }
        }
        wanted.iter().zip(most.iter()).map(|(&a, &b)| u64::from(a.min(b))).sum()
    }
}

fn span(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// Open addressing, emptied by a new stamp: clearing costs nothing however often it is used.
#[derive(Default)]
struct Table {
    slots: Vec<Slot>,
    stamp: u32,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    stamp: u32,
    id: u32,
    hash: u64,
}

impl Table {
    /// Empty, with room for so many entries.
    fn clear(&mut self, entries: usize) {
        let wanted = (entries * 2).next_power_of_two().max(16);
        if self.slots.len() < wanted {
            self.slots = vec![Slot::default(); wanted];
            self.stamp = 0;
        }
        self.stamp = self.stamp.checked_add(1).unwrap_or_else(|| {
            self.slots.fill(Slot::default());
            1
        });
    }

    /// The entry with this hash that is the same, or the slot for a new one.
    fn find(&self, hash: u64, same: impl Fn(u32) -> bool) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        // The upper bits are the better ones after a multiplication.
        let mut at = (hash >> 32) as usize & mask;
        loop {
            let slot = &self.slots[at];
            if slot.stamp != self.stamp {
                return Err(at);
            }
            if slot.hash == hash && same(slot.id) {
                return Ok(slot.id);
            }
            at = (at + 1) & mask;
        }
    }

    fn put(&mut self, slot: usize, hash: u64, id: u32) {
        let stamp = self.stamp;
        self.slots[slot] = Slot { stamp, id, hash };
    }
}

const ODD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Eight bytes at a time, mixed by multiplication. Equal hashes are looked at again, so that it need not be perfect.
fn hash(bytes: &[u8]) -> u64 {
    let mut h = bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        h = (h.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(ODD);
    }
    h ^ (h >> 29)
}

fn hash_pair((a, b): (u32, u32)) -> u64 {
    let h = (u64::from(a) << 32 | u64::from(b)).wrapping_mul(ODD);
    (h ^ (h >> 32)).wrapping_mul(ODD)
}
