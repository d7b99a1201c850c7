//! IMDb reviews: the first words are the query, what follows is how it went on.

use super::row::{EMPTY_ANSWER, Fields, Parsed, Reading, field, text};

/// TRL leaves out reviews of fewer characters; so does the paper's code.
const SHORTEST: usize = 200;

/// Words of the continuation that SFT learns from.
const LONGEST_RESPONSE: usize = 60;

/// `None`: the row is not of this format. `number` is the row's, for the draw of the length.
pub(super) fn read(fields: &Fields, seed: u64, number: u64) -> Option<Reading> {
    let review = field(fields, &["text", "review"])?;
    Some(text(review).and_then(|review| read_review(review, seed, number)))
}

fn read_review(review: &str, seed: u64, number: u64) -> Reading {
    let review = clean(review);
    if review.chars().count() < SHORTEST {
        return Err("review under 200 characters");
    }
    let words: Vec<&str> = review.split(' ').collect();
    let start = 2 + (mix(seed, number) % 7) as usize;
    if words.len() <= start {
        return Err(EMPTY_ANSWER);
    }
    let (query, rest) = words.split_at(start);
    let response = Some(whole_sentences(&rest[..rest.len().min(LONGEST_RESPONSE)]));
    Ok(Parsed {
        format: "IMDb reviews (text)",
        query: query.join(" "),
        response,
    })
}

/// One line without markup. The control characters U+0080..U+009F are quotes and dashes of Windows-1252 that were read
/// as Latin-1, and are put back as plain ones.
fn clean(review: &str) -> String {
    let mut plain = String::with_capacity(review.len());
    let mut rest = review;
    while let Some(next) = rest.chars().next() {
        if let Some(after) = after_break(rest) {
            plain.push(' ');
            rest = after;
            continue;
        }
        match next {
            '\u{85}' => plain.push_str("..."),
            '\u{91}' | '\u{92}' => plain.push('\''),
            '\u{93}' | '\u{94}' => plain.push('"'),
            '\u{96}' | '\u{97}' => plain.push('-'),
            c if c.is_control() => plain.push(' '),
            c => plain.push(c),
        }
        rest = &rest[next.len_utf8()..];
    }
    super::row::one_line(&plain)
}

/// What follows a `<br>`, `<br/>` or `<br />`.
fn after_break(text: &str) -> Option<&str> {
    let name = text.get(..3).filter(|t| t.eq_ignore_ascii_case("<br"))?;
    text[name.len()..]
        .trim_start()
        .trim_start_matches('/')
        .strip_prefix('>')
}

/// Up to the last full sentence, or all of it when there is none.
fn whole_sentences(words: &[&str]) -> String {
    let ends = |word: &&str| word.trim_end_matches(['"', '\'', ')', ']']).ends_with(['.', '!', '?']);
    let end = words.iter().rposition(ends).map_or(words.len(), |at| at + 1);
    words[..end].join(" ")
}

/// SplitMix64 of both numbers: the same file and seed give the same queries on every machine.
fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed
        .wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
