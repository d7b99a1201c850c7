//! Text of models and files made safe to draw: nothing in it moves the cursor, turns the direction of the screen, or has
//! a width that terminals disagree about. What is stored stays as it was.

use std::sync::atomic::{AtomicBool, Ordering};

use unicode_bidi::{BidiInfo, Level};
use unicode_segmentation::UnicodeSegmentation;

/// The terminal itself puts right-to-left text in order. A fact of the process, as its terminal is.
static TERMINAL_REORDERS: AtomicBool = AtomicBool::new(false);

/// Says whether the terminal itself puts right-to-left text in order; then it is left as it is here.
pub fn terminal_reorders(does: bool) {
    TERMINAL_REORDERS.store(does, Ordering::Relaxed);
}

/// Without what could move the cursor or turn the direction of the rest of the screen. Control characters are shown by
/// their pictures, since a response that holds them should not look as if it held none.
pub fn printable(text: &str) -> String {
    text.chars().filter(|c| !turns(*c)).map(picture).collect()
}

/// Marks and overrides of direction: they act on everything after them.
fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A control character's picture; newlines stay, they are the wrapper's.
fn picture(c: char) -> char {
    match c {
        '\n' => c,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('?'),
        '\u{7f}' => '␡',
        c if c.is_control() => '\u{fffd}',
        // Line and paragraph separators.
        '\u{2028}' | '\u{2029}' => ' ',
        c => c,
    }
}

/// A grapheme that every terminal gives the same width, or `None` if it is one already.
///
/// Terminals that do not join emoji draw the parts of a family beside each other, and an emoji with a variation selector
/// takes one column or two. The first part alone takes the same columns everywhere.
pub fn steady(symbol: &str) -> Option<String> {
    let mut chars = symbol.chars();
    let first = chars.next()?;
    let uncertain = |c: char| matches!(c, '\u{200d}' | '\u{fe0f}' | '\u{20e3}' | '\u{1f3fb}'..='\u{1f3ff}');
    chars.any(uncertain).then(|| first.to_string())
}

/// A place in a line: the grapheme that is seen there, and whether it runs from right to left.
pub type Seen = (usize, bool);

/// The order in which the graphemes of one line are seen on a terminal that draws cells from left to right. `None` where
/// nothing runs from right to left. `base`: the direction of the paragraph, see [`direction`].
///
/// The line stays at the left, and blanks at its end stay at its end, whatever the direction.
pub fn visual_order(line: &[&str], base: Option<Level>) -> Option<Vec<Seen>> {
    if base.is_none() && !has_right_to_left(line) {
        return None;
    }
    let text = line.concat();
    let info = BidiInfo::new(&text, base);
    let mut levels = Vec::with_capacity(line.len());
    let mut at = 0;
    for grapheme in line {
        levels.push(info.levels.get(at).copied().unwrap_or(Level::ltr()));
        at += grapheme.len();
    }
    let end = line.iter().rposition(|g| !g.trim().is_empty()).map_or(0, |i| i + 1);
    let mut order: Vec<Seen> = BidiInfo::reorder_visual(&levels[..end])
        .into_iter()
        .map(|i| (i, levels[i].is_rtl()))
        .collect();
    order.extend((end..line.len()).map(|i| (i, false)));
    Some(order)
}

/// The direction of a paragraph: that of its first strong letter (Unicode's rules P2 and P3). `None` where nothing in it runs
/// from right to left, or where the terminal takes care of it.
pub fn direction(graphemes: &[&str]) -> Option<Level> {
    if TERMINAL_REORDERS.load(Ordering::Relaxed) || !has_right_to_left(graphemes) {
        return None;
    }
    let text = graphemes.concat();
    BidiInfo::new(&text, None).paragraphs.first().map(|p| p.level)
}

fn has_right_to_left(line: &[&str]) -> bool {
    !TERMINAL_REORDERS.load(Ordering::Relaxed) && line.iter().any(|g| g.chars().any(right_to_left))
}

/// Hebrew, Arabic, Syriac, Thaana, N'Ko and their kin.
fn right_to_left(c: char) -> bool {
    c >= '\u{590}'
        && matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// One line of text in the order in which it is seen, for what is drawn without being wrapped.
pub fn seen(text: String) -> String {
    if !text.chars().any(right_to_left) {
        return text;
    }
    let graphemes: Vec<&str> = text.graphemes(true).collect();
    match visual_order(&graphemes, None) {
        None => text,
        Some(order) => order
            .into_iter()
            .map(|(i, turned)| mirrored(graphemes[i], turned))
            .collect(),
    }
}

/// Brackets open the other way where text runs from right to left (rule L4).
pub fn mirrored(grapheme: &str, turned: bool) -> &str {
    const PAIRS: [(&str, &str); 6] = [("(", ")"), ("[", "]"), ("{", "}"), ("<", ">"), ("«", "»"), ("‹", "›")];
    let other = |&(a, b): &(&'static str, &'static str)| match grapheme {
        g if g == a => Some(b),
        g if g == b => Some(a),
        _ => None,
    };
    match turned {
        true => PAIRS.iter().find_map(other).unwrap_or(grapheme),
        false => grapheme,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_to_left_is_put_in_the_order_it_is_seen() {
        let same = |text: &str| assert_eq!(seen(text.into()), text);
        same("left to right, (brackets) and 123");
        same("漢字 🙂");
        // Written here in memory order, first letter first.
        assert_eq!(seen("אבג".into()), "גבא");
        assert_eq!(seen("say אבג 12 now".into()), "say 12 גבא now");
        assert_eq!(seen("say (אב) now".into()), "say (בא) now");
        assert_eq!(seen("אב (גד) ok".into()), "ok (דג) בא");
        // The points of a letter stay on it.
        assert_eq!(seen("א\u{5b8}ב".into()), "בא\u{5b8}");
        assert_eq!(seen("אב  ".into()), "בא  ");
    }

    #[test]
    fn what_would_move_the_cursor_is_seen_and_does_nothing() {
        assert_eq!(printable("a\u{1b}[31mb\u{7}\tc\u{7f}\u{9b}2J"), "a␛[31mb␇␉c␡\u{fffd}2J");
        assert_eq!(printable("\u{202e}abc\u{2066}\u{200f}"), "abc");
    }
}
