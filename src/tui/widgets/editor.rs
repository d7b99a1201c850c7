//! A field for one line of text or for many, and what came of a key.

use ratatui::Frame;
use ratatui::buffer::{Buffer, Cell};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::{Block, Clear};
use ratatui_textarea::{CursorMove, TextArea, WrapMode};

use unicode_width::UnicodeWidthStr;

use super::grapheme;
use crate::tui::theme::Theme;

/// What stands below many lines that were changed, after one Esc.
const ASK: &str = "Changed: Esc again throws that away, Enter keeps it";

/// What a key did to the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Still writing.
    Editing,
    /// Enter: the whole text.
    Accepted(String),
    /// Esc; in many lines that were changed, Esc twice.
    Cancelled,
}

/// A text being written.
#[derive(Clone, Debug)]
pub struct Editor {
    area: TextArea<'static>,
    lines: bool,
    /// What was there to begin with.
    start: String,
    /// The next character takes the place of what is there.
    fresh: bool,
    /// Esc was pressed once, with changes that would be lost.
    asked: bool,
}

impl Editor {
    /// One line: Enter accepts.
    pub fn line(text: &str) -> Self {
        Self::new(&text.replace(['\n', '\r'], " "), false)
    }

    /// One line that was written before: it can be gone on with, or written over by just typing.
    pub fn again(text: &str) -> Self {
        let mut editor = Self::line(text);
        editor.fresh = !text.is_empty();
        editor
    }

    /// Many lines: Enter accepts, Alt-Enter or Ctrl-j begins a line.
    pub fn text(text: &str) -> Self {
        Self::new(text, true)
    }

    fn new(text: &str, lines: bool) -> Self {
        let mut area = TextArea::new(text.split('\n').map(|l| l.trim_end_matches('\r').to_string()).collect());
        area.set_cursor_line_style(Style::new());
        area.set_cursor_style(Style::new().add_modifier(Modifier::REVERSED));
        area.set_wrap_mode(if lines { WrapMode::WordOrGlyph } else { WrapMode::None });
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Self {
            area,
            lines,
            start: text.to_string(),
            fresh: false,
            asked: false,
        }
    }

    /// The text so far.
    pub fn content(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Takes in one key.
    pub fn key(&mut self, key: KeyEvent) -> Outcome {
        if key.kind == KeyEventKind::Release {
            return Outcome::Editing;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let asked = std::mem::take(&mut self.asked);
        if std::mem::take(&mut self.fresh) && matches!(key.code, KeyCode::Char(_)) && !control && !alt {
            self.clear();
        }
        match key.code {
            KeyCode::Esc if self.lines && !asked && self.content() != self.start => self.asked = true,
            KeyCode::Esc => return Outcome::Cancelled,
            KeyCode::Enter if self.lines && alt => self.area.insert_newline(),
            KeyCode::Char('j') if self.lines && control => self.area.insert_newline(),
            KeyCode::Enter => return Outcome::Accepted(self.content()),
            KeyCode::Char('s') if control && self.lines => return Outcome::Accepted(self.content()),
            KeyCode::Char('m' | 'j') if control && !self.lines => {}
            // As in a shell: back to the beginning of the line.
            KeyCode::Char('u') if control => {
                self.area.delete_line_by_head();
            }
            _ => {
                self.area.input(key);
            }
        }
        Outcome::Editing
    }

    fn clear(&mut self) {
        self.area.select_all();
        self.area.cut();
    }

    /// Puts pasted text at the cursor; one line takes newlines as blanks.
    pub fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        self.asked = false;
        if std::mem::take(&mut self.fresh) {
            self.clear();
        }
        self.area
            .insert_str(if self.lines { text } else { text.replace('\n', " ") });
    }

    /// Rows that show the whole text with its frame, within a limit.
    pub fn height(&self, width: u16, most: u16) -> u16 {
        if !self.lines {
            return most.min(3);
        }
        let inner = usize::from(width.saturating_sub(2)).max(1);
        let rows: usize = self.area.lines().iter().map(|l| 1 + l.chars().count() / inner).sum();
        u16::try_from(rows + 4).unwrap_or(u16::MAX).max(6).min(most)
    }

    /// Draws the field in a frame with a title and, below it, how to leave.
    pub fn draw(&self, frame: &mut Frame, area: Rect, title: &str, hint: &str, theme: &Theme) {
        frame.render_widget(Clear, area);
        let block = Block::bordered()
            .border_style(theme.border_focus)
            .title_top(format!(" {title} "))
            .title_bottom(format!(" {} ", if self.asked { ASK } else { hint }))
            .title_style(theme.title);
        let inner = block.inner(area);
        frame.render_widget(block, area);
        if inner.width > 0 && inner.height > 0 {
            frame.render_widget(&self.area, inner);
            in_order_seen(frame.buffer_mut(), inner);
        }
    }
}

/// Puts right-to-left text of each row in the order in which it is seen; the cursor goes along with its letter. The field
/// itself lays letters out in the order in which they are kept, and moves its cursor in that order.
fn in_order_seen(buffer: &mut Buffer, area: Rect) {
    for y in area.top()..area.bottom() {
        let mut letters: Vec<Cell> = Vec::new();
        let mut x = area.left();
        while x < area.right() {
            let cell = buffer[(x, y)].clone();
            x += (cell.symbol().width() as u16).max(1);
            letters.push(cell);
        }
        let symbols: Vec<&str> = letters.iter().map(Cell::symbol).collect();
        let Some(order) = grapheme::visual_order(&symbols, grapheme::direction(&symbols)) else {
            continue;
        };
        let mut x = area.left();
        for (i, turned) in order {
            let mut cell = letters[i].clone();
            let symbol = grapheme::mirrored(letters[i].symbol(), turned);
            let width = (symbol.width() as u16).max(1);
            // A wide letter at the edge is cut off, as it was.
            let style = cell.style();
            cell.set_symbol(symbol);
            if x < area.right() {
                buffer[(x, y)] = cell;
            }
            for rest in x + 1..(x + width).min(area.right()) {
                buffer[(rest, y)].reset();
                buffer[(rest, y)].set_style(style);
            }
            x += width;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn press(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn enter_accepts_a_line_and_breaks_a_text() {
        let mut line = Editor::line("ab");
        line.key(press(KeyCode::Char('漢')));
        assert_eq!(line.key(press(KeyCode::Enter)), Outcome::Accepted("ab漢".into()));
        let mut text = Editor::text("ab");
        text.key(KeyEvent::new(KeyCode::Enter, KeyModifiers::ALT));
        text.paste("c\r\nd");
        text.key(KeyEvent::new(KeyCode::Char('j'), KeyModifiers::CONTROL));
        assert_eq!(text.key(press(KeyCode::Enter)), Outcome::Accepted("ab\nc\nd\n".into()));
        let save = KeyEvent::new(KeyCode::Char('s'), KeyModifiers::CONTROL);
        assert_eq!(text.key(save), Outcome::Accepted("ab\nc\nd\n".into()));
    }

    /// What was written is not lost by one key.
    #[test]
    fn esc_asks_before_it_throws_a_text_away() {
        let mut text = Editor::text("ab");
        assert_eq!(text.key(press(KeyCode::Esc)), Outcome::Cancelled, "nothing was changed");
        text.key(press(KeyCode::Char('c')));
        assert_eq!(text.key(press(KeyCode::Esc)), Outcome::Editing);
        text.key(press(KeyCode::Char('d')));
        assert_eq!(text.key(press(KeyCode::Esc)), Outcome::Editing, "it asks anew");
        assert_eq!(text.content(), "abcd");
        assert_eq!(text.key(press(KeyCode::Esc)), Outcome::Cancelled);
    }

    #[test]
    fn what_was_written_before_is_gone_on_with_or_written_over() {
        let mut line = Editor::again("horror");
        line.key(press(KeyCode::Char('z')));
        line.key(press(KeyCode::Char('a')));
        assert_eq!(line.content(), "za");
        let mut line = Editor::again("horror");
        line.key(press(KeyCode::End));
        line.key(press(KeyCode::Char('s')));
        assert_eq!(line.content(), "horrors");
        let mut line = Editor::again("horror");
        line.paste("calm");
        assert_eq!(line.content(), "calm");
    }

    #[test]
    fn right_to_left_text_is_seen_in_its_order_while_it_is_written() {
        let drawn = |text: &str| {
            let Ok(mut terminal) = Terminal::new(TestBackend::new(16, 3));
            let draw = |frame: &mut Frame| Editor::line(text).draw(frame, frame.area(), "", "", &Theme::color());
            let Ok(_) = terminal.draw(draw);
            let buffer = terminal.backend().buffer().clone();
            let row: String = (1..15).map(|x| buffer[(x, 1)].symbol()).collect();
            let reversed = |x: &u16| buffer[(*x, 1)].modifier.contains(Modifier::REVERSED);
            (row.trim_end().to_string(), (1..15).find(reversed))
        };
        // Written here in memory order, first letter first.
        assert_eq!(drawn("say אבג 12"), ("say 12 גבא".into(), Some(11)));
        assert_eq!(drawn("(אב) 漢"), ("漢  (בא)".into(), Some(8)));
        assert_eq!(drawn("plain (a)"), ("plain (a)".into(), Some(10)));
    }

    #[test]
    fn a_line_stays_one_line() {
        let mut line = Editor::line("a\nb");
        line.paste("c\nd");
        line.key(KeyEvent::new(KeyCode::Char('m'), KeyModifiers::CONTROL));
        assert_eq!(line.content(), "a bc d");
    }
}
