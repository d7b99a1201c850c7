//! What differs between two texts, word by word.

use ratatui::style::{Modifier, Style};
use ratatui::text::Span;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::wrap::columns;
use crate::tui::theme::Theme;

/// Beyond so many words the search would take longer than a frame may: the texts then count as wholly different.
const MOST_WORDS: usize = 3_000;

/// Whether a piece of text is in both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Same,
    /// Only in the old (left) side.
    Old,
    /// Only in the new (right) side.
    New,
}

/// A run of text of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    pub part: Part,
}

/// Two texts compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// The old text: `Same` and `Old` pieces.
    pub old: Vec<Piece>,
    /// The new text: `Same` and `New` pieces.
    pub new: Vec<Piece>,
    /// Both in one text: what went away stands before what took its place.
    pub inline: Vec<Piece>,
}

/// A text without any comparison.
pub fn plain(text: &str) -> Vec<Piece> {
    vec![Piece {
        text: text.to_string(),
        part: Part::Same,
    }]
}

/// Compares two texts by words.
pub fn words(old: &str, new: &str) -> Diff {
    let (old, new) = (tokens(old), tokens(new));
    let mut diff = Diff::default();
    for run in runs(&old, &new) {
        let (old_text, new_text) = (run.old.concat(), run.new.concat());
        if run.same {
            for side in [&mut diff.old, &mut diff.new, &mut diff.inline] {
                push(side, &old_text, Part::Same);
            }
        } else {
            push(&mut diff.old, &old_text, Part::Old);
            push(&mut diff.new, &new_text, Part::New);
            push(&mut diff.inline, &old_text, Part::Old);
            push(&mut diff.inline, &new_text, Part::New);
        }
    }
    diff
}

/// The pieces of one side for the screen. What the other side lacks is bold and underlined: readable without colour.
pub fn side_spans(pieces: &[Piece], style: Style) -> Vec<Span<'static>> {
    let only = style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
    let styled = |p: &Piece| Span::styled(p.text.clone(), if p.part == Part::Same { Style::new() } else { only });
    pieces.iter().map(styled).collect()
}

/// Both sides in one text, as `git diff --word-diff` writes it: `[-gone-]{+new+}`.
pub fn inline_spans(pieces: &[Piece], theme: &Theme) -> Vec<Span<'static>> {
    let gone = theme.bad.add_modifier(Modifier::CROSSED_OUT);
    let new = theme.good.add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
    let styled = |p: &Piece| match p.part {
        Part::Same => Span::raw(p.text.clone()),
        Part::Old => Span::styled(format!("[-{}-]", p.text), gone),
        Part::New => Span::styled(format!("{{+{}+}}", p.text), new),
    };
    pieces.iter().map(styled).collect()
}

fn push(side: &mut Vec<Piece>, text: &str, part: Part) {
    if !text.is_empty() {
        side.push(Piece {
            text: text.to_string(),
            part,
        });
    }
}

/// Words, runs of blanks, and single marks and wide characters (which are words by themselves).
fn tokens(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut previous: Option<Kind> = None;
    for (i, c) in text.char_indices() {
        let kind = Kind::of(c);
        if previous.is_some_and(|p| p != kind || kind == Kind::Single) {
            out.push(&text[start..i]);
            start = i;
        }
        previous = Some(kind);
    }
    if start < text.len() {
        out.push(&text[start..]);
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Word,
    Single,
}

impl Kind {
    fn of(c: char) -> Self {
        if c.is_whitespace() {
            Kind::Blank
        } else if columns(c) > 1 || (c.is_ascii_punctuation() && !matches!(c, '\'' | '-' | '_')) {
            Kind::Single
        } else {
            Kind::Word
        }
    }
}

/// Neighbouring words that are all the same, or all different.
struct Run<'a> {
    same: bool,
    old: Vec<&'a str>,
    new: Vec<&'a str>,
}

/// The comparison as alternating runs. A blank between two changed words counts as changed with them.
fn runs<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Run<'a>> {
    if old.len() + new.len() > MOST_WORDS && old != new {
        return vec![Run {
            same: false,
            old: old.to_vec(),
            new: new.to_vec(),
        }];
    }
    let ops = capture_diff_slices(Algorithm::Myers, old, new);
    let equal = |op: &DiffOp| matches!(op, DiffOp::Equal { .. });
    let mut out: Vec<Run<'a>> = Vec::new();
    for (i, op) in ops.iter().enumerate() {
        let (old, new) = (&old[op.old_range()], &new[op.new_range()]);
        let blank = old.iter().all(|t| t.chars().all(char::is_whitespace));
        let between = i > 0 && !equal(&ops[i - 1]) && ops.get(i + 1).is_some_and(|next| !equal(next));
        let same = equal(op) && !(blank && between);
        match out.last_mut() {
            Some(last) if last.same == same => {
                last.old.extend(old);
                last.new.extend(new);
            }
            _ => out.push(Run {
                same,
                old: old.to_vec(),
                new: new.to_vec(),
            }),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pieces: &[Piece], leave_out: Option<Part>) -> String {
        pieces
            .iter()
            .filter(|p| Some(p.part) != leave_out)
            .map(|p| p.text.as_str())
            .collect()
    }

    #[test]
    fn the_pieces_add_up_to_each_side() {
        let texts = [
            "",
            "the film was good",
            "the film was, frankly, bad.",
            "漢字 good 漢語",
            " \n two\nlines ",
            "👩‍👩‍👧 x",
        ];
        for old in texts {
            for new in texts {
                let diff = words(old, new);
                assert_eq!(text(&diff.old, None), old);
                assert_eq!(text(&diff.new, None), new);
                assert_eq!(text(&diff.inline, Some(Part::New)), old);
                assert_eq!(text(&diff.inline, Some(Part::Old)), new);
                let kept = |side: &[Piece]| -> String {
                    side.iter()
                        .filter(|p| p.part == Part::Same)
                        .map(|p| p.text.as_str())
                        .collect()
                };
                assert_eq!(kept(&diff.old), kept(&diff.new));
                assert_eq!(kept(&diff.old), kept(&diff.inline));
            }
        }
    }

    #[test]
    fn random_texts_add_up_too() {
        let mut seed = 7_u64;
        let mut next = || {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize
        };
        let alphabet = ["a", "bb", " ", "  ", ".", ",", "漢", "é", "\n", "👍"];
        for _ in 0..500 {
            let mut make = || {
                (0..next() % 12)
                    .map(|_| alphabet[next() % alphabet.len()])
                    .collect::<String>()
            };
            let (old, new) = (make(), make());
            let diff = words(&old, &new);
            assert_eq!(text(&diff.old, None), old);
            assert_eq!(text(&diff.new, None), new);
            assert_eq!(text(&diff.inline, Some(Part::New)), old);
            assert_eq!(text(&diff.inline, Some(Part::Old)), new);
        }
    }

    #[test]
    fn a_changed_word_is_the_only_change() {
        let diff = words("the film was good.", "the film was awful.");
        assert_eq!(
            diff.inline
                .iter()
                .filter(|p| p.part == Part::Old)
                .map(|p| p.text.as_str())
                .collect::<Vec<_>>(),
            ["good"]
        );
        let span = inline_spans(&diff.inline, &Theme::plain())
            .iter()
            .map(|s| s.content.to_string())
            .collect::<String>();
        assert_eq!(span, "the film was [-good-]{+awful+}.");
    }

    #[test]
    fn neighbouring_changes_are_one() {
        let diff = words("a big cat sleeps", "a small dog sleeps");
        assert_eq!(
            diff.old[1],
            Piece {
                text: "big cat".into(),
                part: Part::Old
            }
        );
    }

    #[test]
    fn very_long_texts_count_as_different() {
        let (old, new) = ("a ".repeat(4_000), "b ".repeat(4_000));
        assert_eq!(words(&old, &new).old.len(), 1);
    }
}
