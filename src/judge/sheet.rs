//! What a person is shown: pairs of answers whose sides say nothing of where they come from.

use serde::{Deserialize, Serialize};

use super::{Choice, Verdict};
use crate::random::{Purpose, stream, unit};

/// A query with the answers of two policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub query: String,
    pub left: String,
    pub right: String,
}

/// The same as an annotator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub query: String,
    /// In the order in which they stand on the screen.
    pub shown: [String; 2],
}

/// What a person says of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    First,
    Second,
    Tie,
    /// Not to be judged by this person.
    Skip,
}

/// What a person said of an item, as it is stored: by the texts, so that it holds for them wherever they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub annotator: String,
    pub item: Item,
    pub mark: Mark,
    /// Milliseconds from when the item was shown.
    pub took_ms: u64,
    /// Seconds since 1970.
    pub at: u64,
}

impl Mark {
    /// As a choice; `None` of what was skipped.
    pub fn choice(self) -> Option<Choice> {
        match self {
            Mark::First => Some(Choice::First),
            Mark::Second => Some(Choice::Second),
            Mark::Tie => Some(Choice::Tie),
            Mark::Skip => None,
        }
    }

    /// The word in the store.
    pub fn word(self) -> &'static str {
        match self {
            Mark::First => "first",
            Mark::Second => "second",
            Mark::Tie => "tie",
            Mark::Skip => "skip",
        }
    }

    /// The mark of a word.
    pub fn of(word: &str) -> Option<Self> {
        [Mark::First, Mark::Second, Mark::Tie, Mark::Skip]
            .into_iter()
            .find(|mark| mark.word() == word)
    }

    /// The mark that says the same when the two answers change places.
    pub fn turned(self) -> Self {
        match self {
            Mark::First => Mark::Second,
            Mark::Second => Mark::First,
            other => other,
        }
    }
}

impl Pair {
    /// Nobody needs to be asked which of two equal texts is better.
    pub fn is_identical(&self) -> bool {
        self.left == self.right
    }

    /// What a label says of this pair: `None` if it is about another, `Some(None)` if it was skipped.
    pub fn verdict(&self, label: &Label) -> Option<Option<Verdict>> {
        let [first, second] = &label.item.shown;
        let turned = match () {
            () if self.query != label.item.query => return None,
            () if (first, second) == (&self.left, &self.right) => false,
            () if (first, second) == (&self.right, &self.left) => true,
            () => return None,
        };
        Some(label.mark.choice().map(|choice| choice.of(turned)))
    }
}

/// The items of an annotator, in the order of the pairs. Which answer is on which side is drawn by a stream of the seed and
/// the annotator's name, so that it is the same again when the annotator comes back, and another for somebody else. Pairs
/// of equal texts are left out.
pub fn sheet(pairs: &[Pair], annotator: &str, seed: u64) -> Vec<Item> {
    let item = |(i, pair): (usize, &Pair)| {
        let mut rng = stream(seed, Purpose::Annotate, hash(annotator), i as u64);
        let (left, right) = (pair.left.clone(), pair.right.clone());
        Item {
            query: pair.query.clone(),
            shown: if unit(&mut rng) < 0.5 {
                [left, right]
            } else {
                [right, left]
            },
        }
    };
    let asked = pairs.iter().enumerate().filter(|(_, pair)| !pair.is_identical());
    asked.map(item).collect()
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
pub(super) fn pairs(n: usize) -> Vec<Pair> {
    (0..n)
        .map(|i| Pair {
            query: format!("query {i}"),
            left: format!("left {i}"),
            right: format!("right {i}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_shuffled_evenly_and_the_same_again() {
        let pairs = pairs(400);
        let found = sheet(&pairs, "ann", 1);
        assert_eq!(found, sheet(&pairs, "ann", 1));
        assert_ne!(found, sheet(&pairs, "bob", 1));
        assert_ne!(found, sheet(&pairs, "ann", 2));
        let first = found.iter().filter(|item| item.shown[0].starts_with("left")).count();
        // Four standard deviations of 400 tosses.
        assert!((160..=240).contains(&first), "{first}");
        assert_eq!(found[7].query, "query 7");
        // More queries later do not turn those that were judged.
        assert_eq!(found[..50], sheet(&pairs[..50], "ann", 1));
    }

    #[test]
    fn a_mark_counts_for_the_answer_and_not_for_the_side() {
        let pair = &pairs(1)[0];
        let label = |shown: [&str; 2], mark| Label {
            annotator: "ann".into(),
            item: Item {
                query: "query 0".into(),
                shown: shown.map(String::from),
            },
            mark,
            took_ms: 0,
            at: 0,
        };
        let straight = ["left 0", "right 0"];
        let turned = ["right 0", "left 0"];
        assert_eq!(pair.verdict(&label(straight, Mark::First)), Some(Some(Verdict::Left)));
        assert_eq!(pair.verdict(&label(turned, Mark::First)), Some(Some(Verdict::Right)));
        assert_eq!(pair.verdict(&label(turned, Mark::Second)), Some(Some(Verdict::Left)));
        assert_eq!(pair.verdict(&label(turned, Mark::Tie)), Some(Some(Verdict::Tie)));
        assert_eq!(pair.verdict(&label(turned, Mark::Skip)), Some(None));
        assert_eq!(pair.verdict(&label(["left 0", "else"], Mark::Tie)), None);
        for mark in [Mark::First, Mark::Second, Mark::Tie, Mark::Skip] {
            assert_eq!(Mark::of(mark.word()), Some(mark));
            assert_eq!(mark.turned().turned(), mark);
        }
    }

    #[test]
    fn nobody_is_asked_about_equal_texts() {
        let mut pairs = pairs(3);
        pairs[1].right = pairs[1].left.clone();
        let found = sheet(&pairs, "ann", 1);
        let queries: Vec<&str> = found.iter().map(|item| &item.query[..]).collect();
        assert_eq!(queries, ["query 0", "query 2"]);
    }
}
