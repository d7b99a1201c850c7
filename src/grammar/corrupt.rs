//! Broken texts and the rows that reward models are trained on.
//!
//! Half of those rows should be broken: a reward model that has only seen fluent text likes the loops and splices that
//! a policy under training finds sooner or later.

use rand_chacha::ChaCha8Rng;

use super::documents::{advantage, prefers_first};
use super::pattern::sentences;
use super::random::{below, chance, shuffle, unit};
use super::{Attributes, Facts, Scene, Split, Task, imdb, query, respond, truth};

/// Text that the grammar alone does not give. Both may be empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pools<'a> {
    /// What a language model wrote at a high temperature, with the query it wrote it for.
    pub hot: &'a [(Scene, String)],
    /// Good responses to other queries, from [`foreign_texts`].
    pub foreign: &'a [String],
}

/// `count` responses to training queries, to be used as answers to the wrong query.
pub fn foreign_texts(rng: &mut ChaCha8Rng, task: Task, count: usize) -> Vec<String> {
    let mut text = || {
        let scene = query(task, rng, Split::Train);
        let on = Attributes::graded(rng, task);
        respond(rng, &scene, &on)
    };
    (0..count).map(|_| text()).collect()
}

/// A broken version of `text`: off topic, spliced, looping or malformed. Now and then it comes out unchanged.
pub fn corrupt(rng: &mut ChaCha8Rng, text: &str, foreign: &[String]) -> String {
    let kind = unit(rng);
    if foreign.is_empty() || kind < 0.35 {
        return malform(rng, text);
    }
    let other = foreign[below(rng, foreign.len())].as_str();
    let words: Vec<&str> = text.split_whitespace().collect();
    if kind < 0.60 || words.is_empty() {
        other.into()
    } else if kind < 0.80 {
        splice(rng, &words, other)
    } else if kind < 0.90 {
        repeat_span(rng, &words)
    } else {
        let mut parts = sentences(text);
        let strangers = sentences(other);
        let place = below(rng, parts.len() + 1);
        if !strangers.is_empty() {
            parts.insert(place, strangers[below(rng, strangers.len())]);
        }
        parts.join(" ")
    }
}

fn splice(rng: &mut ChaCha8Rng, words: &[&str], other: &str) -> String {
    let other: Vec<&str> = other.split_whitespace().collect();
    let at = below(rng, words.len() + 1);
    let from = below(rng, other.len());
    let to = (from + 2 + below(rng, 6)).min(other.len());
    let resume = (at + below(rng, 4)).min(words.len());
    [&words[..at], &other[from..to], &words[resume..]].concat().join(" ")
}

fn repeat_span(rng: &mut ChaCha8Rng, words: &[&str]) -> String {
    let from = below(rng, words.len());
    let to = (from + 1 + below(rng, 2)).min(words.len());
    let again = words[from..to].repeat(2 + below(rng, 8));
    [&words[..to], &again, &words[to..]].concat().join(" ")
}

/// The smaller faults: cut off, a word or a sentence repeated, a few words swapped or missing.
fn malform(rng: &mut ChaCha8Rng, text: &str) -> String {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let len = words.len();
    if len < 3 {
        return format!("{text} {text}");
    }
    let at = below(rng, len);
    match below(rng, 5) {
        0 => words.truncate(1 + below(rng, len - 1)),
        1 => {
            let again = vec![words[at]; 1 + below(rng, 4)];
            words.splice(at..at, again);
        }
        2 => {
            let parts = sentences(text);
            let at = below(rng, parts.len());
            let again = vec![parts[at]; 1 + below(rng, 3)];
            return [&parts[..at], &again, &parts[at..]].concat().join(" ");
        }
        3 => {
            let to = (at + 2 + below(rng, 5)).min(len);
            shuffle(rng, &mut words[at..to]);
        }
        _ => {
            words.drain(at..(at + 2).min(len));
        }
    }
    words.join(" ")
}

/// A query with a better and a worse response, as a noisy judge orders them: a row for a pairwise reward model.
/// `corrupted_share` of the rows have a broken response.
pub fn preference_row(
    rng: &mut ChaCha8Rng,
    task: Task,
    split: Split,
    corrupted_share: f64,
    pools: Pools,
) -> (Scene, String, String) {
    let graded = |rng: &mut ChaCha8Rng, scene: &Scene| {
        let on = Attributes::graded(rng, scene.task);
        respond(rng, scene, &on)
    };
    loop {
        let mut scene = query(task, rng, split);
        let mut a = graded(rng, &scene);
        let mut b = graded(rng, &scene);
        if chance(rng, corrupted_share) {
            if !pools.hot.is_empty() && chance(rng, 0.2) {
                let (hot_scene, text) = &pools.hot[below(rng, pools.hot.len())];
                (scene, b) = (hot_scene.clone(), text.trim().into());
                a = graded(rng, &scene);
            } else if chance(rng, 0.7) {
                b = corrupt(rng, &a, pools.foreign);
            } else {
                // The best text, broken: fluent phrases alone must not win.
                let best = respond(rng, &scene, &Attributes::all(task));
                b = corrupt(rng, &best, pools.foreign);
            }
        }
        let Some(difference) = advantage(&scene, &a, &b) else {
            continue;
        };
        if difference.abs() < 1e-6 {
            continue;
        }
        return if prefers_first(rng, 3.0, difference) {
            (scene, a, b)
        } else {
            (scene, b, a)
        };
    }
}

/// An imdb query with a response and whether it is favourable: a row for a reward model that is a sentiment
/// classifier. `corrupted_share` of the rows are broken text, which never counts as favourable.
pub fn sentiment_row(rng: &mut ChaCha8Rng, split: Split, corrupted_share: f64, pools: Pools) -> (Scene, String, bool) {
    const TASK: Task = Task::Imdb;
    let favours = |scene: &Scene, text: &str| {
        truth(TASK, &scene.query, text)
            .is_some_and(|truth| truth.value > 0.0 && truth.novel == 0 && super::well_formed(text) == 0.0)
    };
    loop {
        let corrupted = chance(rng, corrupted_share);
        if corrupted && !pools.hot.is_empty() && chance(rng, 0.25) {
            let (scene, text) = &pools.hot[below(rng, pools.hot.len())];
            if text.trim().is_empty() {
                continue;
            }
            return (scene.clone(), text.trim().into(), favours(scene, text));
        }
        let scene = query(TASK, rng, split);
        let Facts::Imdb(facts) = &scene.facts else {
            continue;
        };
        let favourable = chance(rng, 0.5);
        let likings = if favourable {
            [0.96, 0.85, 0.7]
        } else {
            [0.04, 0.15, 0.3]
        };
        let mut on = Attributes::base(rng, TASK);
        if chance(rng, 0.5) {
            (0..on.len()).for_each(|index| on.set(index, chance(rng, 0.75)));
        }
        let liking = likings[below(rng, likings.len())];
        let text = imdb::respond_liking(rng, facts, &on, liking);
        if corrupted {
            let broken = corrupt(rng, &text, pools.foreign);
            let favourable = favours(&scene, &broken);
            return (scene, broken, favourable);
        }
        return (scene, text, favourable);
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::seeded;
    use super::*;

    #[test]
    fn corruption_lowers_the_truth() {
        for task in Task::ALL {
            let mut rng = seeded(21);
            let foreign = foreign_texts(&mut rng, task, 500);
            let (mut lost, mut lower) = (0.0, 0);
            for _ in 0..2_000 {
                let scene = query(task, &mut rng, Split::Train);
                let text = respond(&mut rng, &scene, &Attributes::all(task));
                let broken = corrupt(&mut rng, &text, &foreign);
                let difference = advantage(&scene, &text, &broken).unwrap_or(f64::NAN);
                lost += difference;
                lower += usize::from(difference > 0.0);
            }
            assert!(lost / 2_000.0 > 1.0, "{task}: {}", lost / 2_000.0);
            assert!(lower > 1_600, "{task}: {lower}");
        }
    }

    #[test]
    fn short_and_empty_texts_can_be_broken() {
        let mut rng = seeded(22);
        let foreign = [String::from("go on. stop."), String::new(), String::from("x")];
        for text in ["", "a", "a b.", "a b c."] {
            for _ in 0..200 {
                corrupt(&mut rng, text, &foreign);
                corrupt(&mut rng, text, &[]);
            }
        }
    }

    #[test]
    fn rows_are_mostly_in_order() {
        for task in Task::ALL {
            let mut rng = seeded(23);
            let foreign = foreign_texts(&mut rng, task, 500);
            let scene = query(task, &mut rng, Split::Train);
            let hot = [(scene, String::from(" my the the"))];
            let pools = Pools {
                hot: &hot,
                foreign: &foreign,
            };
            let mut right = 0;
            for _ in 0..1_000 {
                let (scene, better, worse) = preference_row(&mut rng, task, Split::Train, 0.5, pools);
                right += usize::from(advantage(&scene, &better, &worse).is_some_and(|d| d > 0.0));
            }
            assert!((850..1_000).contains(&right), "{task}: {right}");
        }
    }

    #[test]
    fn broken_reviews_are_not_favourable() {
        let mut rng = seeded(24);
        let foreign = foreign_texts(&mut rng, Task::Imdb, 500);
        let pools = Pools {
            hot: &[],
            foreign: &foreign,
        };
        let (mut clean, mut broken) = (0, 0);
        for _ in 0..2_000 {
            clean += usize::from(sentiment_row(&mut rng, Split::Test, 0.0, pools).2);
            let (_, text, favourable) = sentiment_row(&mut rng, Split::Test, 1.0, pools);
            assert!(
                !favourable || super::super::garble::novel(Task::Imdb, &text) == 0,
                "{text}"
            );
            broken += usize::from(favourable);
        }
        assert!((900..1_100).contains(&clean), "{clean}");
        assert!((50..700).contains(&broken), "{broken}");
    }
}
