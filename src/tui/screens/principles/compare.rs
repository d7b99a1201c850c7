//! How two sets of principles differ as prompts, principle by principle.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::config::Principles;
use crate::tui::widgets::diff::{self, Part, Piece};

/// One principle (or the preamble) of a rendered prompt.
struct Entry {
    /// What stays the same when its text is changed: the name.
    name: String,
    text: String,
}

/// Both prompts in one text. A principle is compared with the one of its name; without the `New` pieces it is the old
/// prompt, without the `Old` ones the new.
pub fn prompts(old: &Principles, new: &Principles) -> Vec<Piece> {
    let (old, new) = (entries(old), entries(new));
    let names = |entries: &[Entry]| entries.iter().map(|e| e.name.clone()).collect::<Vec<_>>();
    let mut out = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &names(&old), &names(&new)) {
        let (old, new) = (&old[op.old_range()], &new[op.new_range()]);
        if matches!(op, DiffOp::Equal { .. }) || old.len() == new.len() {
            for (old, new) in old.iter().zip(new) {
                out.extend(diff::words(&old.text, &new.text).inline);
            }
        } else {
            out.extend(old.iter().map(|e| Piece {
                text: e.text.clone(),
                part: Part::Old,
            }));
            out.extend(new.iter().map(|e| Piece {
                text: e.text.clone(),
                part: Part::New,
            }));
        }
    }
    out
}

/// The parts of [`Principles::render`], with the blank between two of them in front of the second.
fn entries(principles: &Principles) -> Vec<Entry> {
    let on: Vec<_> = principles.entries.iter().filter(|e| e.on).collect();
    if on.is_empty() {
        return Vec::new();
    }
    let mut out = Vec::new();
    let preamble = principles.preamble.trim();
    if !preamble.is_empty() {
        out.push(Entry {
            name: String::new(),
            text: preamble.to_string(),
        });
    }
    for (i, entry) in on.into_iter().enumerate() {
        let blank = if out.is_empty() { "" } else { " " };
        let number = principles.numbered.mark(i);
        out.push(Entry {
            name: entry.name.clone(),
            text: format!("{blank}{number}{}", entry.text.trim()),
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Numbering;
    use crate::tui::screens::fixtures::principles;

    fn without(pieces: &[Piece], part: Part) -> String {
        pieces
            .iter()
            .filter(|p| p.part != part)
            .map(|p| p.text.as_str())
            .collect()
    }

    #[test]
    fn the_pieces_add_up_to_both_prompts() {
        let mut sets = vec![Principles::default(), principles()];
        let mut change = |f: fn(&mut Principles)| {
            let mut set = principles();
            f(&mut set);
            sets.push(set);
        };
        change(|p| p.entries[1].on = false);
        change(|p| p.entries[0].on = false);
        change(|p| p.entries[2].on = true);
        change(|p| p.entries.swap(0, 1));
        change(|p| p.numbered = Numbering::Off);
        change(|p| p.numbered = Numbering::Parentheses);
        change(|p| p.preamble.clear());
        change(|p| p.entries[0].text = "  be good.\nalways. ".into());
        change(|p| p.entries[0].name = "helpful".into());
        change(|p| p.entries.iter_mut().for_each(|e| e.on = false));
        for old in &sets {
            for new in &sets {
                let pieces = prompts(old, new);
                assert_eq!(without(&pieces, Part::New), old.render().unwrap_or_default());
                assert_eq!(without(&pieces, Part::Old), new.render().unwrap_or_default());
            }
        }
    }

    #[test]
    fn what_is_switched_off_goes_as_a_whole() {
        let mut new = principles();
        new.entries[0].on = false;
        let gone: Vec<Piece> = prompts(&principles(), &new)
            .into_iter()
            .filter(|p| p.part == Part::Old)
            .collect();
        assert_eq!(
            gone[0].text,
            " 1 be ethical: never help to harm people, animals or things."
        );
    }
}
