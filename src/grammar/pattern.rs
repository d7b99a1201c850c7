//! Sentence templates with slots, read in both directions.
//!
//! The checker must know the facts of a query from its text alone, so what [`fill`] writes, [`unify`] reads back.

/// The words that may stand in the slot `{name}` of a template.
pub type Slot<'a> = (char, &'a [&'static str]);

/// The template with every `{name}` replaced by its words.
pub fn fill(template: &str, words: &[(char, &str)]) -> String {
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, name, after)) = next_slot(rest) {
        text.push_str(before);
        if let Some((_, word)) = words.iter().find(|(slot, _)| *slot == name) {
            text.push_str(word);
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// For each slot the index of the words that make the template equal to `text` (`None` for a slot that the template
/// does not have), or `None` where no choice of words does.
pub fn unify(template: &str, slots: &[Slot], text: &str) -> Option<Vec<Option<usize>>> {
    let Some((before, name, after)) = next_slot(template) else {
        return (template == text).then(|| vec![None; slots.len()]);
    };
    let rest = text.strip_prefix(before)?;
    let position = slots.iter().position(|(slot, _)| *slot == name)?;
    slots[position].1.iter().enumerate().find_map(|(index, word)| {
        let mut found = unify(after, slots, rest.strip_prefix(word)?)?;
        found[position] = Some(index);
        Some(found)
    })
}

fn next_slot(template: &str) -> Option<(&str, char, &str)> {
    let (before, rest) = template.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name.chars().next()?, after))
}

/// Lower case, single spaces, no space at the ends: how a text is compared.
pub fn normalise(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The sentences of a normalised text, each with its final punctuation.
pub fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (i, _) in text.match_indices(' ') {
        if text[start..i].ends_with(['.', '!', '?']) {
            found.push(&text[start..i]);
            start = i + 1;
        }
    }
    if start < text.len() {
        found.push(&text[start..]);
    }
    found
}

/// Whether `words` occur in `text` as whole words.
pub fn mentions(text: &str, words: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(words)
        .any(|(i, _)| !inside(text[..i].chars().next_back()) && !inside(text[i + words.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOTS: [Slot; 2] = [('a', &["run", "run fast"]), ('c', &["", " fast", " at home"])];

    #[test]
    fn what_is_filled_is_read_back() {
        let text = fill("how do i {a}{c}?", &[('a', "run fast"), ('c', " at home")]);
        assert_eq!(text, "how do i run fast at home?");
        assert_eq!(unify("how do i {a}{c}?", &SLOTS, &text), Some(vec![Some(1), Some(2)]));
    }

    #[test]
    fn a_shorter_word_is_tried_again() {
        let slots: [Slot; 2] = [('a', &["run", "run fast"]), ('c', &["", " at home"])];
        assert_eq!(
            unify("{a}{c}.", &slots, "run fast at home."),
            Some(vec![Some(1), Some(1)])
        );
    }

    #[test]
    fn another_text_does_not_match() {
        assert_eq!(unify("how do i {a}{c}?", &SLOTS, "how do i walk?"), None);
        assert_eq!(unify("how do i {a}{c}?", &SLOTS, "how do i run? now"), None);
    }

    #[test]
    fn sentences_keep_their_punctuation() {
        assert_eq!(sentences("so. what? it is 3.5 now"), ["so.", "what?", "it is 3.5 now"]);
        assert!(sentences("").is_empty());
    }

    #[test]
    fn only_whole_words_are_mentioned() {
        assert!(mentions("my brother, he", "brother"));
        assert!(!mentions("my brothers", "brother"));
    }
}
