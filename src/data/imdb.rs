//! IMDb reviews: the first words are the query, the whole rest is how it went on.

use super::record::{Reading, Want};
use super::row::{EMPTY_ANSWER, Fields, Parsed, Understood, field, label, text};
use super::split::hash;

/// TRL leaves out reviews of fewer characters; so does the paper's code.
const SHORTEST: usize = 200;

/// `None`: the row is not of this format.
pub(super) fn read(fields: &Fields, reading: &Reading) -> Option<Understood> {
    let review = field(fields, &["text", "review"])?;
    Some(text(review).and_then(|review| {
        let (query, rest) = cut(review, reading)?;
        Ok(Parsed {
            format: "IMDb reviews (text)",
            query,
            completion: Some(rest),
            label: label(fields),
            ..Parsed::default()
        })
    }))
}

/// The first words and the rest.
fn cut(review: &str, reading: &Reading) -> Result<(String, String), &'static str> {
    let review = clean(review);
    // A classifier must judge short reviews too; as a query there is nothing to go on with.
    if reading.want == Want::Queries && review.chars().count() < SHORTEST {
        return Err("review under 200 characters");
    }
    let [least, most] = reading.prefix_words;
    let spread = (most.max(least) - least) as u64 + 1;
    let words = least + (hash(reading.seed, &review) % spread) as usize;
    let mut spaces = review.match_indices(' ').take(words.max(1));
    let at = match reading.want {
        Want::Labels => spaces.last(),
        _ => spaces.nth(words.max(1) - 1),
    };
    let (at, _) = at.ok_or(EMPTY_ANSWER)?;
    Ok((review[..at].to_string(), review[at + 1..].to_string()))
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
pub(super) fn after_break(text: &str) -> Option<&str> {
    let name = text.get(..3).filter(|t| t.eq_ignore_ascii_case("<br"))?;
    text[name.len()..]
        .trim_start()
        .trim_start_matches('/')
        .strip_prefix('>')
}
