//! Beginnings of movie reviews and their continuations.

use rand_chacha::ChaCha8Rng;

use super::imdb_words::*;
use super::pattern::{Slot, fill, normalise, sentences, unify};
use super::random::{below, chance, pick, sample};
use super::{Attributes, Split, Task, Truth};

const POSITIVE: usize = 0;
const ENTHUSIASTIC: usize = 1;
const SPECIFIC: usize = 2;
const RECOMMEND: usize = 3;

/// What the review is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    genre: usize,
    subject: usize,
    opening: usize,
}

impl Facts {
    pub(super) fn split(&self) -> Split {
        Split::of(self.genre * 2 + self.subject * 3 + self.opening)
    }
}

pub(super) fn query(rng: &mut ChaCha8Rng, split: Split) -> (String, Facts) {
    loop {
        let facts = Facts {
            genre: below(rng, GENRES.len()),
            subject: below(rng, SUBJECTS.len()),
            opening: below(rng, OPENINGS.len()),
        };
        if facts.split() == split {
            let slots = [
                ('g', GENRES[facts.genre]),
                ('s', SUBJECTS[facts.subject]),
                ('w', pick(rng, &COMPANY)),
                ('t', pick(rng, &TIMES)),
            ];
            return (fill(OPENINGS[facts.opening], &slots), facts);
        }
    }
}

pub(super) fn parse(query: &str) -> Option<Facts> {
    let slots: [Slot; 4] = [('g', &GENRES), ('s', &SUBJECTS), ('w', &COMPANY), ('t', &TIMES)];
    OPENINGS.iter().enumerate().find_map(|(opening, template)| {
        let found = unify(template, &slots, query)?;
        Some(Facts {
            genre: found[0]?,
            subject: found[1]?,
            opening,
        })
    })
}

pub(super) fn respond(rng: &mut ChaCha8Rng, facts: &Facts, on: &Attributes) -> String {
    // Without the principle a review is anything from a slating to an even one; the base rate adds the praise.
    let liking: f64 = if on.get(POSITIVE) {
        0.96
    } else {
        [0.04, 0.15, 0.4][below(rng, 3)]
    };
    respond_liking(rng, facts, on, liking)
}

/// A review in which each sentence is favourable with probability `liking`.
pub(super) fn respond_liking(rng: &mut ChaCha8Rng, facts: &Facts, on: &Attributes, liking: f64) -> String {
    let loud = on.get(ENTHUSIASTIC);
    let specific = on.get(SPECIFIC);
    let count = if specific { 2 + below(rng, 3) } else { 1 + below(rng, 2) };
    let aspects = sample(rng, ASPECTS.len(), count);
    // One order for both lists, so that no sentence comes twice.
    let vague = sample(rng, LIKED.len(), count.min(LIKED.len()));
    let mut parts: Vec<String> = Vec::new();
    for i in 0..count {
        let likes = chance(rng, liking);
        if specific || chance(rng, 0.15) {
            let degree = pick(rng, if loud { &STRONG[..] } else { &MILD[..] });
            let space = if degree.is_empty() { "" } else { " " };
            let verdict = pick(rng, if likes { &GOOD } else { &BAD });
            let end = if loud && chance(rng, 0.5) { '!' } else { '.' };
            parts.push(format!("the {} was {degree}{space}{verdict}{end}", ASPECTS[aspects[i]]));
        } else {
            let list = if likes { &LIKED } else { &DISLIKED };
            parts.push(fill(list[vague[i % vague.len()]], &[('g', GENRES[facts.genre])]));
        }
    }
    if loud {
        let likes = chance(rng, liking);
        let outburst = pick(rng, if likes { &CHEERS } else { &GROANS });
        let place = below(rng, parts.len() + 1);
        parts.insert(place, outburst.into());
    }
    let likes = chance(rng, liking);
    // Without the attribute nothing is recommended, but now and then a bad film is still warned of.
    if on.get(RECOMMEND) || (!likes && chance(rng, 0.3)) {
        let list: &[&str] = match (likes, loud) {
            (true, true) => &URGES,
            (true, false) => &RECOMMENDS,
            (false, true) => &WARNS_LOUDLY,
            (false, false) => &WARNS,
        };
        parts.push(pick(rng, list).into());
    }
    parts.join(" ")
}

/// What one sentence of a review says.
#[derive(Default)]
struct Reading {
    favourable: bool,
    unfavourable: bool,
    strong: bool,
    specific: bool,
    weight: f64,
    wrong_genre: bool,
}

fn read(sentence: &str, facts: &Facts) -> Reading {
    let body = sentence.trim_end_matches(['.', '!', '?']);
    let last = body.rsplit(' ').next().unwrap_or(body);
    let has = |words: &[&str]| body.split(' ').any(|w| !w.is_empty() && words.contains(&w));
    let genre = [('g', &GENRES[..])];
    let vague = |list: &[&'static str]| {
        list.iter()
            .find_map(|template| unify(template, &genre, sentence))
            .map(|found| found[0])
    };
    let (liked, disliked) = (vague(&LIKED), vague(&DISLIKED));
    let said = |lists: [&[&str]; 3]| lists.iter().any(|list| list.contains(&sentence));
    let about = sentence.strip_prefix("the ").is_some_and(|rest| {
        ASPECTS
            .iter()
            .any(|a| rest.strip_prefix(a).is_some_and(|rest| rest.starts_with(" was ")))
    });
    let strong = has(&STRONG) || sentence.ends_with('!');
    let weight: f64 = if strong {
        1.5
    } else if has(&MILD) {
        0.6
    } else {
        1.0
    };
    let is_vague = liked.is_some() || disliked.is_some();
    let named = liked.or(disliked).flatten();
    Reading {
        favourable: liked.is_some() || (about && GOOD.contains(&last)) || said([&RECOMMENDS, &URGES, &CHEERS]),
        unfavourable: disliked.is_some() || (about && BAD.contains(&last)) || said([&WARNS, &WARNS_LOUDLY, &GROANS]),
        strong,
        specific: about,
        weight: if is_vague { weight / 2.0 } else { weight },
        wrong_genre: named.is_some_and(|genre| genre != facts.genre),
    }
}

/// How good a review is as praise of the film, or `None` where the query is not of this grammar.
pub fn truth(query: &str, response: &str) -> Option<Truth> {
    let facts = parse(&normalise(query))?;
    let text = normalise(response);
    let parts = sentences(&text);
    let readings: Vec<Reading> = parts.iter().map(|part| read(part, &facts)).collect();
    let sum = |says: fn(&Reading) -> bool| -> f64 { readings.iter().filter(|r| says(r)).map(|r| r.weight).sum() };
    let praise = sum(|r| r.favourable);
    let blame = sum(|r| r.unfavourable);
    let wrong = readings.iter().filter(|r| r.wrong_genre).count() as f64;
    let flags = [
        praise > blame,
        readings.iter().any(|r| r.strong),
        readings.iter().filter(|r| r.specific).count() >= 2,
        parts
            .iter()
            .any(|part| RECOMMENDS.contains(part) || URGES.contains(part)),
    ];
    // Praise is capped: a longer list of the same is no better.
    Some(Truth::new(
        Task::Imdb,
        response,
        praise.min(5.0) - blame - 0.5 * wrong,
        &flags,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &str = "We saw the war movie about two brothers last night.";

    fn value(response: &str) -> f64 {
        truth(QUERY, response).map_or(f64::NAN, |truth| truth.value)
    }

    #[test]
    fn praise_is_better_than_blame() {
        assert!((value("The acting was truly great! the story was clever.") - 2.5).abs() < 1e-9);
        assert!((value("the acting was truly awful! the story was weak.") + 2.5).abs() < 1e-9);
    }

    #[test]
    fn the_genre_must_be_right() {
        assert!((value("it was a nice war film.") - 0.5).abs() < 1e-9);
        assert!(value("it was a nice crime film.").abs() < 1e-9);
    }

    #[test]
    fn flags_follow_the_text() {
        let flags = |response| truth(QUERY, response).map(|truth| truth.attributes);
        let on = flags("the acting was so great! the story was so clever. you have to watch it right now!");
        assert!(on.is_some_and(|flags| flags.iter().all(|(_, on)| *on)));
        let off = flags("it was bad. skip this one.");
        assert!(off.is_some_and(|flags| flags.iter().all(|(_, on)| !on)));
    }

    #[test]
    fn endless_praise_is_no_better() {
        let praise: Vec<String> = ASPECTS
            .iter()
            .map(|aspect| format!("the {aspect} was truly great!"))
            .collect();
        assert!((value(&praise[..4].join(" ")) - value(&praise[..8].join(" "))).abs() < 1e-9);
    }
}
