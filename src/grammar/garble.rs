//! Tells garbled text from text of the grammar.
//!
//! A language model under training can raise the score of a checker that only looks for key phrases while its text
//! falls apart. So the checker also counts the word trigrams that the grammar never writes.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::pattern::{normalise, sentences};
use super::random::{chance, seeded, unit};
use super::{Attributes, Split, Task, query, respond};

/// Fewer samples leave rare but correct trigrams out: at 60,000 fresh responses are flagged in well under 0.3%.
const SAMPLES: usize = 60_000;

/// Truth lost for each trigram that the grammar never writes, up to [`NOVEL_CAP`] of them.
const NOVEL_COST: f64 = 0.25;
const NOVEL_CAP: usize = 10;

/// The number of word trigrams of `response` that the task's grammar never writes, its start and end included.
pub fn novel(task: Task, response: &str) -> usize {
    let known = known(task);
    trigrams(response).iter().filter(|hash| !known.contains(hash)).count()
}

/// What a text loses for broken form: no final punctuation, repeated sentences, doubled words. 0 for a good text.
pub fn well_formed(text: &str) -> f64 {
    let text = normalise(text);
    let mut penalty = if text.ends_with(['.', '!', '?']) { 0.0 } else { 1.0 };
    let parts = sentences(&text);
    let distinct: HashSet<&str> = parts.iter().copied().collect();
    penalty += 0.7 * (parts.len() - distinct.len()) as f64;
    let words: Vec<&str> = text.split(' ').collect();
    penalty += 0.5 * words.windows(2).filter(|pair| pair[0] == pair[1]).count() as f64;
    penalty
}

/// What a response loses for its form, with the number of novel trigrams.
pub(super) fn cost(task: Task, response: &str) -> (f64, usize) {
    let novel = novel(task, response);
    (well_formed(response) + NOVEL_COST * novel.min(NOVEL_CAP) as f64, novel)
}

fn known(task: Task) -> &'static HashSet<u64> {
    static KNOWN: [OnceLock<HashSet<u64>>; 3] = [const { OnceLock::new() }; 3];
    KNOWN[task as usize].get_or_init(|| {
        let mut rng = seeded(4242 + task as u64);
        let mut known = HashSet::new();
        for i in 0..SAMPLES {
            let split = if i % 2 == 0 { Split::Train } else { Split::Test };
            let scene = query(task, &mut rng, split);
            // Every mix of attributes must be seen, so their rate varies from text to text.
            let rate = unit(&mut rng);
            let mut attributes = Attributes::none(task);
            for index in 0..attributes.len() {
                attributes.set(index, chance(&mut rng, rate));
            }
            known.extend(trigrams(&respond(&mut rng, &scene, &attributes)));
        }
        known
    })
}

fn trigrams(text: &str) -> Vec<u64> {
    const START: u64 = 1;
    const END: u64 = 2;
    let mut words = vec![START];
    words.extend(tokens(&text.to_lowercase()).map(hash));
    words.push(END);
    let mix = |h: u64, word: u64| (h.rotate_left(21) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    words
        .windows(3)
        .map(|w| w.iter().fold(0, |h, &word| mix(h, word)))
        .collect()
}

/// Words, and every other visible character by itself.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let in_word = |c: char| c.is_alphanumeric() || c == '\'' || c == '-';
        let length = match rest.find(|c| !in_word(c)) {
            Some(0) => first.len_utf8(),
            Some(length) => length,
            None => rest.len(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        Some(token)
    })
}

/// FNV-1a, which unlike the standard hasher is fixed over versions of Rust.
fn hash(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |h, byte| {
        (h ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::super::random::shuffle;
    use super::*;

    #[test]
    fn tokens_are_words_and_marks() {
        let found: Vec<&str> = tokens("i can't, ok?").collect();
        assert_eq!(found, ["i", "can't", ",", "ok", "?"]);
    }

    #[test]
    fn fresh_text_is_known_and_shuffled_text_is_not() {
        for task in Task::ALL {
            let mut rng = seeded(77);
            let (mut fresh, mut shuffled, mut changed) = (0, 0, 0);
            for i in 0..4_000 {
                let split = if i % 2 == 0 { Split::Train } else { Split::Test };
                let scene = query(task, &mut rng, split);
                let attributes = Attributes::graded(&mut rng, task);
                let text = respond(&mut rng, &scene, &attributes);
                fresh += usize::from(novel(task, &text) > 0);
                let mut words: Vec<&str> = text.split(' ').collect();
                shuffle(&mut rng, &mut words);
                let garbled = words.join(" ");
                if garbled != text {
                    changed += 1;
                    shuffled += usize::from(novel(task, &garbled) > 0);
                }
            }
            assert!(fresh < 12, "{task:?}: {fresh} of 4000 fresh texts flagged");
            assert!(shuffled * 100 > changed * 97, "{task:?}: {shuffled} of {changed}");
        }
    }

    #[test]
    fn broken_form_costs() {
        assert_eq!(well_formed("it is fine. go on!"), 0.0);
        assert_eq!(well_formed("it is fine"), 1.0);
        assert_eq!(well_formed(""), 1.0);
        assert_eq!(well_formed("go on. Go on."), 0.7);
        assert_eq!(well_formed("it is is fine."), 0.5);
    }
}
