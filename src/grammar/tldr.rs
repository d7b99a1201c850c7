//! Posts of people who ask for advice, and their summaries.

use std::sync::LazyLock;

use rand_chacha::ChaCha8Rng;

use super::pattern::{Slot, fill, mentions, normalise, sentences, unify};
use super::random::{below, chance, pick, sample};
use super::{Attributes, Split, Task, Truth};

const CONCISE: usize = 0;
const KEYPOINTS: usize = 1;
const PLAIN: usize = 2;
const NODETAIL: usize = 3;

// Each entry of the three lists a summary copies from has a first word of its own: a small model then has one choice
// to get right, not several.
const WHO: [&str; 12] = [
    "girlfriend",
    "boyfriend",
    "roommate",
    "brother",
    "sister",
    "best friend",
    "cousin",
    "boss",
    "mother",
    "father",
    "neighbor",
    "landlord",
];
/// The first of them are of an age with the author, which a post may tell.
const PEERS: usize = 7;
const EVENTS: [&str; 14] = [
    "broke my laptop",
    "forgot my birthday",
    "lied about money",
    "borrowed my car and crashed it",
    "stopped talking to me",
    "read my diary",
    "lost my keys",
    "sold my guitar",
    "told everyone my secret",
    "quit a good job",
    "keeps eating my food",
    "plays loud music at night",
    "refuses to pay rent",
    "smokes in my room",
];
/// The first of them happened once, so that a time can be told.
const PAST_EVENTS: usize = 10;
const OPTIONS: [&str; 10] = [
    "move out",
    "talk to them about it",
    "ask for the money back",
    "end things",
    "forgive them",
    "ignore it",
    "buy a lock",
    "write a letter",
    "take a break",
    "report it",
];
const GREETINGS: [&str; 6] = [
    "hi everyone, this is my first post here.",
    "throwaway account because people know me.",
    "sorry for my english.",
    "long time reader here.",
    "i am on my phone, so sorry for mistakes.",
    "i hope this is the right place.",
];
const DETAILS: [&str; 16] = [
    "it was raining all day.",
    "i had just come back from work.",
    "we live in a small flat downtown.",
    "i was drinking coffee at the time.",
    "we met three years ago.",
    "my cat was sleeping on the sofa.",
    "it happened on a tuesday.",
    "i study biology at the local college.",
    "the weather has been strange lately.",
    "i had pizza for dinner.",
    "my phone battery was dead.",
    "we usually watch movies together.",
    "i work at a small bakery.",
    "the bus was late again.",
    "my friends were playing cards.",
    "i have been tired for weeks.",
];
const FEELINGS: [&str; 6] = [
    "i feel terrible.",
    "i am really angry.",
    "i do not know what to think.",
    "this makes me sad.",
    "i am confused.",
    "i cannot sleep.",
];
const TIMES: [&str; 8] = [
    "",
    " last week",
    " yesterday",
    " two days ago",
    " this morning",
    " last month",
    " on friday",
    " again",
];
const STORY: &str = "my {w}{a} {e}{t}.";
const QUESTIONS: [&str; 4] = [
    "should i {o}?",
    "do you think i should {o}?",
    "is it wrong to {o}?",
    "would you {o}?",
];

const SUMMARIES: [&str; 3] = [
    "my {w} {e}, should i {o}?",
    "my {w} {e}, is it wrong to {o}?",
    "my {w} {e}, and i wonder if i should {o}.",
];
const POINTLESS: [&str; 4] = [
    "something bad happened and i need advice.",
    "there is a problem and i do not know what to do.",
    "someone made me upset and i want some help.",
    "i had a bad week and need your opinion.",
];
const RAMBLES: [&str; 4] = [
    "there is a lot to say about this and it is a long story.",
    "many things happened and one thing led to another.",
    "it is complicated and there is much more to tell.",
    "to make a long story even longer, a lot was going on.",
];
const SLANG_OPEN: [&str; 4] = ["so basically like,", "ok so um,", "lol so yeah,", "tbh idk but"];
const SLANG_CLOSE: [&str; 4] = ["idk lol.", "tbh whatever.", "so yeah um.", "lmao anyway."];

static AGES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    const ALL: &str = "| (18)| (19)| (20)| (21)| (22)| (23)| (24)| (25)| (26)| (27)| (28)| (29)| (30)| (31)| (32)\
                       | (33)| (34)| (35)| (36)| (37)";
    ALL.split('|').collect()
});

/// What happened to whom, and what the post asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    who: usize,
    event: usize,
    option: usize,
    details: Vec<usize>,
}

impl Facts {
    pub(super) fn split(&self) -> Split {
        Split::of(self.who * 2 + self.event * 3 + self.option)
    }
}

pub(super) fn query(rng: &mut ChaCha8Rng, split: Split) -> (String, Facts) {
    let (who, event, option) = loop {
        let (who, event, option) = (
            below(rng, WHO.len()),
            below(rng, EVENTS.len()),
            below(rng, OPTIONS.len()),
        );
        if (Facts {
            who,
            event,
            option,
            details: Vec::new(),
        })
        .split()
            == split
        {
            break (who, event, option);
        }
    };
    let count = 2 + below(rng, 2);
    let details = sample(rng, DETAILS.len(), count);
    let mut parts: Vec<String> = Vec::new();
    if chance(rng, 0.6) {
        parts.push(pick(rng, &GREETINGS).into());
    }
    let early = usize::from(chance(rng, 0.5));
    parts.extend(details[..early].iter().map(|&i| DETAILS[i].into()));
    let age = if who < PEERS && chance(rng, 0.6) {
        pick(rng, &AGES[1..])
    } else {
        ""
    };
    let time = if event < PAST_EVENTS && chance(rng, 0.5) {
        pick(rng, &TIMES[1..])
    } else {
        ""
    };
    let slots = [('w', WHO[who]), ('a', age), ('e', EVENTS[event]), ('t', time)];
    parts.push(fill(STORY, &slots));
    parts.extend(details[early..].iter().map(|&i| DETAILS[i].into()));
    if chance(rng, 0.6) {
        let place = parts.len() - below(rng, 2);
        parts.insert(place, pick(rng, &FEELINGS).into());
    }
    parts.push(fill(pick(rng, &QUESTIONS), &[('o', OPTIONS[option])]));
    (
        parts.join(" "),
        Facts {
            who,
            event,
            option,
            details,
        },
    )
}

pub(super) fn parse(query: &str) -> Option<Facts> {
    let story: [Slot; 4] = [('w', &WHO), ('a', &AGES), ('e', &EVENTS), ('t', &TIMES)];
    let asked: [Slot; 1] = [('o', &OPTIONS)];
    let (mut told, mut option, mut details) = (None, None, Vec::new());
    for part in sentences(query) {
        if let Some(detail) = DETAILS.iter().position(|detail| *detail == part) {
            details.push(detail);
        } else if let Some(found) = unify(STORY, &story, part) {
            told = Some((found[0]?, found[2]?));
        } else if let Some(found) = QUESTIONS.iter().find_map(|q| unify(q, &asked, part)) {
            option = found[0];
        } else if !GREETINGS.contains(&part) && !FEELINGS.contains(&part) {
            return None;
        }
    }
    let (who, event) = told?;
    Some(Facts {
        who,
        event,
        option: option?,
        details,
    })
}

pub(super) fn respond(rng: &mut ChaCha8Rng, facts: &Facts, on: &Attributes) -> String {
    let mut parts: Vec<String> = Vec::new();
    // What makes a summary worse comes first where it can: a decision at the first word is the easiest to learn.
    if !on.get(PLAIN) {
        parts.push(pick(rng, &SLANG_OPEN).into());
    }
    let rambles = sample(rng, RAMBLES.len(), 2);
    if !on.get(CONCISE) {
        parts.push(RAMBLES[rambles[0]].into());
    }
    let core = if on.get(KEYPOINTS) {
        pick(rng, &SUMMARIES)
    } else {
        pick(rng, &POINTLESS)
    };
    let slots = [
        ('w', WHO[facts.who]),
        ('e', EVENTS[facts.event]),
        ('o', OPTIONS[facts.option]),
    ];
    parts.push(fill(core, &slots));
    if !on.get(NODETAIL) {
        let count = 1 + below(rng, 2);
        let chosen = sample(rng, facts.details.len(), count);
        parts.extend(chosen.iter().map(|&i| DETAILS[facts.details[i]].into()));
    }
    if !on.get(CONCISE) && chance(rng, 0.5) {
        parts.push(RAMBLES[rambles[1]].into());
    }
    if !on.get(PLAIN) {
        parts.push(pick(rng, &SLANG_CLOSE).into());
    }
    parts.join(" ")
}

/// How good a summary is, or `None` where the query is not of this grammar.
pub fn truth(query: &str, response: &str) -> Option<Truth> {
    let facts = parse(&normalise(query))?;
    let text = normalise(response);
    let count = |list: &[&str]| list.iter().map(|words| text.matches(words).count()).sum::<usize>();
    let named = |list: &[&str], right: usize| {
        let wrong = |(i, words): (usize, &&str)| i != right && mentions(&text, words);
        (
            mentions(&text, list[right]),
            list.iter().enumerate().filter(|&e| wrong(e)).count(),
        )
    };
    let (who, wrong_who) = named(&WHO, facts.who);
    let (event, wrong_event) = named(&EVENTS, facts.event);
    let (option, wrong_option) = named(&OPTIONS, facts.option);
    let wrong = wrong_who + wrong_event + wrong_option;
    let details = count(&DETAILS) + count(&FEELINGS) + count(&GREETINGS);
    let rambles = count(&RAMBLES);
    let slang = count(&SLANG_OPEN) + count(&SLANG_CLOSE);
    let bonus = |flag: bool, value: f64| if flag { value } else { 0.0 };
    let value = bonus(who, 0.4) + bonus(event, 0.7) + bonus(option, 0.7)
        - 0.6 * wrong.min(2) as f64
        - 0.35 * details.min(3) as f64
        - 0.45 * rambles.min(3) as f64
        - 0.4 * slang.min(2) as f64;
    let flags = [
        rambles == 0,
        who && event && option && wrong == 0,
        slang == 0,
        details == 0,
    ];
    Some(Truth::new(Task::Tldr, response, value, &flags))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const QUERY: &str = "Long time reader here. My boss read my diary yesterday. i had pizza for dinner. \
                         it was raining all day. would you report it?";

    fn value(response: &str) -> f64 {
        truth(QUERY, response).map_or(f64::NAN, |truth| truth.value)
    }

    #[test]
    fn copied_words_differ_in_their_first() {
        for list in [&WHO[..], &EVENTS, &OPTIONS] {
            let first: HashSet<_> = list.iter().map(|words| words.split(' ').next()).collect();
            assert_eq!(first.len(), list.len());
        }
    }

    #[test]
    fn the_key_points_count() {
        assert!((value("my boss read my diary, should i report it?") - 1.8).abs() < 1e-9);
        assert!(value("i had a bad week and need your opinion.").abs() < 1e-9);
    }

    #[test]
    fn wrong_points_cost() {
        assert!(value("my sister read my diary, should i report it?") < 1.0);
        assert!(value("my boss lost my keys, should i report it?") < 0.6);
    }

    #[test]
    fn slang_rambling_and_details_cost() {
        let good = value("my boss read my diary, should i report it?");
        let details = value("my boss read my diary, should i report it? i had pizza for dinner.");
        assert!((good - details - 0.35).abs() < 1e-9);
        let slang = value("lol so yeah, my boss read my diary, should i report it? idk lol.");
        assert!((good - slang - 0.8).abs() < 1e-9);
        let rambling =
            value("many things happened and one thing led to another. my boss read my diary, should i report it?");
        assert!((good - rambling - 0.45).abs() < 1e-9);
    }

    #[test]
    fn a_post_with_a_foreign_sentence_is_not_of_the_grammar() {
        assert!(truth(QUERY, "x").is_some());
        assert!(truth(&QUERY.replace("pizza", "soup"), "x").is_none());
    }
}
