//! What is odd about the texts of a row, whether or not the row can be used.

use serde_json::Value;

use super::imdb::after_break;
use super::row::{EQUAL, Fields, Parsed};

/// Which of [`WORDS`] apply to a row, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Defects(u16);

const WORDS: [&str; 9] = [
    "control characters U+0080 to U+009F (Windows-1252 read as Latin-1)",
    "other control characters",
    "replacement characters U+FFFD (bytes lost before)",
    "letters such as â€™ or Ã© (UTF-8 read as Latin-1)",
    "<br /> markup",
    "HTML entities (&amp; and the like)",
    EQUAL,
    "rejected is empty",
    "rejected goes on with a human turn",
];

impl Defects {
    fn set(&mut self, index: usize, there: bool) {
        self.0 |= u16::from(there) << index;
    }

    /// For people.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        let all = WORDS.into_iter().enumerate();
        all.filter(move |(i, _)| self.0 >> i & 1 == 1).map(|(_, words)| words)
    }
}

/// Looks at all texts of a row, and at what was understood of it.
pub(super) fn defects(fields: &Fields, parsed: Option<&Parsed>) -> Defects {
    let mut found = Defects::default();
    fields.values().for_each(|value| look(value, &mut found));
    if let Some(parsed) = parsed
        && let Some(chosen) = &parsed.completion
    {
        let rejected = parsed.rejected.as_ref();
        found.set(6, rejected == Some(chosen));
        found.set(7, rejected.is_some_and(|text| text.trim().is_empty()));
        let is_text = fields.get("rejected").is_some_and(Value::is_string);
        found.set(8, rejected.is_none() && is_text);
    }
    found
}

fn look(value: &Value, found: &mut Defects) {
    match value {
        Value::String(text) => look_at_text(text, found),
        Value::Array(values) => values.iter().for_each(|value| look(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| look(value, found)),
        _ => {}
    }
}

fn look_at_text(text: &str, found: &mut Defects) {
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '\u{80}'..='\u{9f}' if before != 'Ã' && before != 'â' => found.set(0, true),
            '\u{fffd}' => found.set(2, true),
            '\u{80}'..='\u{bf}' | '€' if before == 'Ã' || before == 'â' => found.set(3, true),
            '<' => found.set(4, after_break(&text[at..]).is_some()),
            '&' => found.set(5, is_entity(&text[at + 1..])),
            c if c.is_control() && !matches!(c, '\n' | '\r' | '\t') => found.set(1, true),
            _ => {}
        }
        before = c;
    }
}

/// `amp;`, `quot;`, `#39;`, `#x27;`, ...
fn is_entity(text: &str) -> bool {
    let Some(end) = text.bytes().take(8).position(|b| b == b';') else {
        return false;
    };
    let name = &text[..end];
    matches!(name, "amp" | "lt" | "gt" | "quot" | "apos" | "nbsp")
        || name
            .strip_prefix('#')
            .is_some_and(|n| n.len() > 1 && n.chars().all(|c| c.is_ascii_hexdigit() || c == 'x'))
}
