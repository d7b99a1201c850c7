//! One line of text being written, as plain data: what the palette types into.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A text, and the cursor as a number of characters before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineInput {
    text: String,
    cursor: usize,
}

impl LineInput {
    /// This text, with the cursor at its end.
    pub fn new(text: &str) -> Self {
        let mut line = Self::default();
        line.insert(text);
        line
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the cursor, the character under it (a blank at the end), and what comes after.
    pub fn parts(&self) -> (&str, &str, &str) {
        let start = self.byte(self.cursor);
        let end = self.byte(self.cursor + 1);
        let under = if start == end { " " } else { &self.text[start..end] };
        (&self.text[..start], under, &self.text[end..])
    }

    /// Puts text at the cursor; line breaks become blanks, other control characters go.
    pub fn insert(&mut self, text: &str) {
        let clean: String = text
            .chars()
            .map(|c| if c == '\n' || c == '\t' { ' ' } else { c })
            .filter(|c| !c.is_control())
            .collect();
        let at = self.byte(self.cursor);
        self.text.insert_str(at, &clean);
        self.cursor += clean.chars().count();
    }

    /// Takes in a key as a shell does; false if it means nothing here.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let length = self.text.chars().count();
        match key.code {
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = length,
            KeyCode::Char('b') if control => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Char('f') if control => self.cursor = (self.cursor + 1).min(length),
            KeyCode::Char('u') if control => self.remove(0, self.cursor),
            KeyCode::Char('k') if control => self.remove(self.cursor, length),
            KeyCode::Char('w') if control => self.remove(self.word_before(), self.cursor),
            KeyCode::Char('h') if control => self.remove(self.cursor.saturating_sub(1), self.cursor),
            KeyCode::Char(c) if !control => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace => self.remove(self.cursor.saturating_sub(1), self.cursor),
            KeyCode::Delete => self.remove(self.cursor, (self.cursor + 1).min(length)),
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(length),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = length,
            _ => return false,
        }
        true
    }

    fn byte(&self, characters: usize) -> usize {
        self.text
            .char_indices()
            .nth(characters)
            .map_or(self.text.len(), |(i, _)| i)
    }

    fn remove(&mut self, from: usize, to: usize) {
        let (start, end) = (self.byte(from), self.byte(to));
        self.text.replace_range(start..end, "");
        self.cursor = from;
    }

    fn word_before(&self) -> usize {
        let before: Vec<char> = self.text.chars().take(self.cursor).collect();
        let end = before.iter().rposition(|c| !c.is_whitespace()).map_or(0, |i| i + 1);
        before[..end]
            .iter()
            .rposition(|c| c.is_whitespace())
            .map_or(0, |i| i + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_edit_as_in_a_shell() {
        let mut line = LineInput::new("principle on kind");
        let control = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        let plain = |code| KeyEvent::new(code, KeyModifiers::NONE);
        line.key(control('w'));
        assert_eq!(line.text(), "principle on ");
        line.insert("漢\n字");
        line.key(plain(KeyCode::Left));
        assert_eq!(line.parts(), ("principle on 漢 ", "字", ""));
        line.key(plain(KeyCode::Backspace));
        line.key(plain(KeyCode::Delete));
        assert_eq!(line.text(), "principle on 漢");
        line.key(control('a'));
        line.key(plain(KeyCode::Char('x')));
        line.key(control('k'));
        assert_eq!((line.text(), line.parts()), ("x", ("x", " ", "")));
        line.key(control('u'));
        assert_eq!(line.text(), "");
        assert!(!line.key(plain(KeyCode::F(5))));
    }
}
