//! How a line becomes tokens: 13a and intl (mteval-v13a.pl and mteval-v14.pl), characters, or as it is.
//!
//! Both scripts are lists of replacements, each over the whole line, after which the line is split at white space. Each
//! is done here as one pass over bytes that copies from one buffer to the next, since what they look at is never more
//! than two characters wide.

use std::sync::OnceLock;

use regex::Regex;

/// A way of cutting lines into tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Tokenize {
    /// That of WMT: punctuation apart, in English and its neighbours.
    #[default]
    #[value(name = "13a")]
    V13a,
    /// By Unicode's classes of punctuation and symbols.
    Intl,
    /// Every character a token.
    Char,
    /// At white space only.
    None,
}

impl Tokenize {
    /// Its name in a signature.
    pub fn name(self) -> &'static str {
        match self {
            Tokenize::V13a => "13a",
            Tokenize::Intl => "intl",
            Tokenize::Char => "char",
            Tokenize::None => "none",
        }
    }
}

/// Two buffers that the passes fill in turn; kept from line to line.
#[derive(Default)]
pub struct Buffers {
    from: String,
    to: String,
    lower: String,
}

impl Buffers {
    /// Calls `token` with every token of a line, in order.
    pub fn tokens(&mut self, how: Tokenize, lowercase: bool, line: &str, mut token: impl FnMut(&str)) {
        let mut line = line;
        if lowercase {
            self.lower.clear();
            self.lower.push_str(&line.to_lowercase());
            line = &self.lower;
        }
        let line = line.trim_end_matches(is_space);
        match how {
            Tokenize::None => line.split(is_space).filter(|t| !t.is_empty()).for_each(token),
            Tokenize::Char => {
                let mut character = [0; 4];
                let characters = line.chars().filter(|c| !is_space(*c));
                characters.for_each(|c| token(c.encode_utf8(&mut character)));
            }
            Tokenize::V13a => {
                v13a(line, &mut self.from, &mut self.to);
                split(&self.from, token);
            }
            Tokenize::Intl => {
                intl(line, &mut self.from, &mut self.to);
                split(&self.from, token);
            }
        }
    }
}

/// Calls `token` with what stands between white space; most lines are ASCII, whose bytes are enough.
fn split(line: &str, mut token: impl FnMut(&str)) {
    if !line.is_ascii() {
        return line.split(is_space).filter(|t| !t.is_empty()).for_each(token);
    }
    let bytes = line.as_bytes();
    let space = |b: u8| matches!(b, b' ' | 0x09..=0x0d | 0x1c..=0x1f);
    let mut start = 0;
    for (i, &b) in bytes.iter().enumerate() {
        if space(b) {
            if start < i {
                token(&line[start..i]);
            }
            start = i + 1;
        }
    }
    if start < bytes.len() {
        token(&line[start..]);
    }
}

/// White space as Python's `str.split` has it, which has four more than Unicode's White_Space.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Leaves the line of mteval-v13a.pl in `line`, with more spaces than one between tokens.
fn v13a(text: &str, line: &mut String, next: &mut String) {
    line.clear();
    line.push(' ');
    line.push_str(text);
    line.push(' ');
    // The spaces at both ends are none of these, so they may come first.
    for (old, new) in [("<skipped>", ""), ("-\n", ""), ("\n", " ")] {
        replace(line, next, old, new);
    }
    if line.contains('&') {
        for (old, new) in [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
            replace(line, next, old, new);
        }
    }
    // ([\{-\~\[-\` -\&\(-\+\:-\@\/]) -> " \1 "
    next.clear();
    let mut copied = 0;
    for (i, b) in line.bytes().enumerate() {
        if matches!(b, b'{'..=b'~' | b'['..=b'`' | b' '..=b'&' | b'('..=b'+' | b':'..=b'@' | b'/') {
            next.push_str(&line[copied..i]);
            // A space with spaces around it is still nothing but a space.
            if b == b' ' {
                next.push(' ');
            } else {
                next.extend([' ', char::from(b), ' ']);
            }
            copied = i + 1;
        }
    }
    next.push_str(&line[copied..]);
    std::mem::swap(line, next);
    // Each of these finds two characters, and goes on after the second.
    let dot = |b: u8| matches!(b, b'.' | b',');
    // ([^0-9])([\.,]) -> "\1 \2 "
    pairs(
        line,
        next,
        |a, b| !a.is_ascii_digit() && dot(b),
        |a, b| [a, b' ', b, b' '],
    );
    // ([\.,])([^0-9]) -> " \1 \2"
    pairs(
        line,
        next,
        |a, b| dot(a) && !b.is_ascii_digit(),
        |a, b| [b' ', a, b' ', b],
    );
    // ([0-9])(-) -> "\1 \2 "
    pairs(
        line,
        next,
        |a, b| a.is_ascii_digit() && b == b'-',
        |a, b| [a, b' ', b, b' '],
    );
}

fn replace(line: &mut String, next: &mut String, old: &str, new: &str) {
    if !line.contains(old) {
        return;
    }
    next.clear();
    let mut rest = &line[..];
    while let Some(at) = rest.find(old) {
        next.push_str(&rest[..at]);
        next.push_str(new);
        rest = &rest[at + old.len()..];
    }
    next.push_str(rest);
    std::mem::swap(line, next);
}

/// Replaces two bytes that belong together by four, from left to right, none of them twice.
///
/// Bytes will do for characters: where one of the two may be any character, it is only ever the byte beside the other,
/// which is ASCII, and a byte in the middle of a character begins no pair.
fn pairs(line: &mut String, next: &mut String, found: impl Fn(u8, u8) -> bool, new: impl Fn(u8, u8) -> [u8; 4]) {
    let bytes = line.as_bytes();
    let mut out = std::mem::take(next).into_bytes();
    out.clear();
    let (mut copied, mut i) = (0, 0);
    while i + 1 < bytes.len() {
        if found(bytes[i], bytes[i + 1]) {
            out.extend_from_slice(&bytes[copied..i]);
            out.extend_from_slice(&new(bytes[i], bytes[i + 1]));
            i += 2;
            copied = i;
        } else {
            i += 1;
        }
    }
    out.extend_from_slice(&bytes[copied..]);
    // Spaces stand before or after whole characters only, so this is still UTF-8; nothing is lost if it were not.
    *next = String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
    std::mem::swap(line, next);
}

/// Leaves the line of mteval-v14.pl's international tokenization in `line`.
fn intl(text: &str, line: &mut String, next: &mut String) {
    line.clear();
    line.push_str(text);
    // (\P{N})(\p{P}) -> "\1 \2 ", then (\p{P})(\P{N}) -> " \1 \2"
    for first in [true, false] {
        next.clear();
        let mut characters = line.chars().peekable();
        while let Some(a) = characters.next() {
            let Some(&b) = characters.peek() else {
                next.push(a);
                break;
            };
            let (kind_a, kind_b) = (Kind::of(a), Kind::of(b));
            if first && kind_a != Kind::Number && kind_b == Kind::Punctuation {
                next.extend([a, ' ', b, ' ']);
            } else if !first && kind_a == Kind::Punctuation && kind_b != Kind::Number {
                next.extend([' ', a, ' ', b]);
            } else {
                next.push(a);
                continue;
            }
            characters.next();
        }
        std::mem::swap(line, next);
    }
    // (\p{S}) -> " \1 "
    next.clear();
    for c in line.chars() {
        if Kind::of(c) == Kind::Symbol {
            next.extend([' ', c, ' ']);
        } else {
            next.push(c);
        }
    }
    std::mem::swap(line, next);
}

/// What intl tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Punctuation,
    Symbol,
    Other,
}

impl Kind {
    fn of(c: char) -> Kind {
        /// Code points, as far as anything but a letter or a private character stands.
        const KNOWN: usize = 0x20000;
        static KINDS: OnceLock<Vec<Kind>> = OnceLock::new();
        let kinds = KINDS.get_or_init(|| {
            let every: String = (0..KNOWN as u32).filter_map(char::from_u32).collect();
            let mut kinds = vec![Kind::Other; KNOWN];
            let classes = [
                (r"\p{N}+", Kind::Number),
                (r"\p{P}+", Kind::Punctuation),
                (r"\p{S}+", Kind::Symbol),
            ];
            for (class, kind) in classes {
                // The three are good expressions; the tests look at each.
                let Ok(class) = Regex::new(class) else { continue };
                for run in class.find_iter(&every) {
                    run.as_str().chars().for_each(|c| kinds[c as usize] = kind);
                }
            }
            kinds
        });
        kinds.get(c as usize).copied().unwrap_or(Kind::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(how: Tokenize, line: &str) -> String {
        let mut found = Vec::new();
        Buffers::default().tokens(how, false, line, |t| found.push(t.to_string()));
        found.join(" ")
    }

    #[test]
    fn lines_are_cut_as_the_scripts_cut_them() {
        let v13a = |line| tokens(Tokenize::V13a, line);
        assert_eq!(
            v13a("Hello, world! It's 3.5-fold."),
            "Hello , world ! It's 3.5 - fold ."
        );
        assert_eq!(v13a("&quot;a&quot; &amp;lt; &lt;b&gt;"), "\" a \" < < b >");
        assert_eq!(v13a("end 1999."), "end 1999 .");
        let intl = |line| tokens(Tokenize::Intl, line);
        assert_eq!(intl("1,000 € «so»… year 1999."), "1,000 € « so » … year 1999.");
        assert_eq!(tokens(Tokenize::Char, "a  b\u{3000}é"), "a b é");
        assert_eq!(tokens(Tokenize::None, "a\u{1f}b\u{85}c "), "a b c");
    }

    #[test]
    fn beyond_the_table_nothing_is_punctuation() {
        let other = Regex::new(r"[\p{N}\p{P}\p{S}]").unwrap();
        let beyond: String = (0x20000..=0x10FFFF).filter_map(char::from_u32).collect();
        assert!(!other.is_match(&beyond));
        assert_eq!(Kind::of('٣'), Kind::Number);
        assert_eq!(Kind::of('。'), Kind::Punctuation);
        assert_eq!(Kind::of('😀'), Kind::Symbol);
        assert_eq!(Kind::of('ß'), Kind::Other);
    }
}
