//! What the terminal answers when it is asked for its background (OSC 11), picked out of the keys.
//!
//! The answer comes when it comes: the first frame does not wait for it, and an answer that is late, over a slow line,
//! still types nothing. The library that reads the keys knows no such answers and gives them as Alt-], letters and the end
//! sign.

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::theme::Background;

/// The question.
pub const QUESTION: &str = "\x1b]11;?\x1b\\";

/// The longest answer: `11;rgba:ffff/ffff/ffff/ffff`.
const LONGEST: usize = 32;

/// Keys that may be an answer.
#[derive(Default)]
pub struct Listener {
    /// Alt-] came: the keys since, with it.
    held: Vec<Event>,
    text: String,
}

/// What became of an event.
#[derive(Debug, PartialEq)]
pub enum Taken {
    /// It may be a part of an answer.
    Held,
    Background(Background),
    /// They were keys after all.
    Keys(Vec<Event>),
}

impl Listener {
    /// Takes in an event of the terminal.
    pub fn take(&mut self, event: Event) -> Taken {
        let Event::Key(key) = event else {
            // Between two keys of an answer nothing else comes; what was held is kept for its end.
            return Taken::Keys(vec![event]);
        };
        if self.held.is_empty() {
            if is(&key, ']', KeyModifiers::ALT) && key.kind == KeyEventKind::Press {
                self.held.push(event);
                return Taken::Held;
            }
            return Taken::Keys(vec![event]);
        }
        self.held.push(event);
        if is(&key, '\\', KeyModifiers::ALT) || is(&key, 'g', KeyModifiers::CONTROL) {
            let text = std::mem::take(&mut self.text);
            let held = std::mem::take(&mut self.held);
            return match background(&text) {
                Some(background) => Taken::Background(background),
                None => Taken::Keys(held),
            };
        }
        match key.code {
            KeyCode::Char(c)
                if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) && self.may_follow(c) =>
            {
                self.text.push(c);
                Taken::Held
            }
            _ => {
                self.text.clear();
                Taken::Keys(std::mem::take(&mut self.held))
            }
        }
    }

    fn may_follow(&self, c: char) -> bool {
        const HEAD: &str = "11;rgb";
        match HEAD[self.text.len().min(HEAD.len())..].chars().next() {
            Some(wanted) => c == wanted,
            None => self.text.len() < LONGEST && matches!(c, 'a'..='f' | 'A'..='F' | '0'..='9' | ':' | '/'),
        }
    }
}

fn is(key: &KeyEvent, c: char, modifiers: KeyModifiers) -> bool {
    key.code == KeyCode::Char(c) && key.modifiers == modifiers
}

/// `11;rgb:ffff/ffff/ffff`, each part of one to four hexadecimal digits.
fn background(text: &str) -> Option<Background> {
    let colours = text.strip_prefix("11;rgb:").or_else(|| text.strip_prefix("11;rgba:"))?;
    let part = |part: &str| {
        let most = 16f64.powi(i32::try_from(part.len()).ok()?) - 1.0;
        Some(f64::from(u32::from_str_radix(part, 16).ok()?) / most)
    };
    let parts: Vec<f64> = colours.split('/').map(part).collect::<Option<_>>()?;
    let [r, g, b] = *parts.get(..3)? else { return None };
    let light = 0.299 * r + 0.587 * g + 0.114 * b > 0.5;
    Some(if light { Background::Light } else { Background::Dark })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(c: char, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(c), modifiers))
    }

    /// As the library reads the bytes.
    fn keys(text: &str) -> Vec<Event> {
        let mut out = Vec::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            out.push(match c {
                '\x1b' => key(rest.next().expect("a sign"), KeyModifiers::ALT),
                '\x07' => key('g', KeyModifiers::CONTROL),
                c => key(c, KeyModifiers::NONE),
            });
        }
        out
    }

    fn typed(text: &str) -> (Vec<Event>, Option<Background>) {
        let (mut answers, mut left, mut found) = (Listener::default(), Vec::new(), None);
        for event in keys(text) {
            match answers.take(event) {
                Taken::Held => {}
                Taken::Background(b) => found = Some(b),
                Taken::Keys(keys) => left.extend(keys),
            }
        }
        (left, found)
    }

    #[test]
    fn answers_are_picked_out_and_keys_are_left() {
        let white = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\";
        assert_eq!(typed(white), (vec![], Some(Background::Light)));
        assert_eq!(
            typed("\x1b]11;rgb:2828/2c2c/3434\x07"),
            (vec![], Some(Background::Dark))
        );
        assert_eq!(typed("\x1b]11;rgb:f/f/e\x07").1, Some(Background::Light));
        assert_eq!(typed(&format!("1{white}2")), (keys("12"), Some(Background::Light)));
        assert_eq!(typed("12q"), (keys("12q"), None));
        // Somebody types Alt-] and then keys.
        assert_eq!(typed("\x1b]q1"), (keys("\x1b]q1"), None));
        assert_eq!(typed("\x1b]11q"), (keys("\x1b]11q"), None));
    }
}
