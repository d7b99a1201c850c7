//! Taking a principle from the library into the draft: a list by tag that lies over the screen while it is open.

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::edit::Field;
use super::state::State;
use crate::assets::{LibraryEntry, library, library_tags};
use crate::config::{Principle, Principles};
use crate::tui::run_view::RunView;
use crate::tui::theme::Theme;
use crate::tui::widgets::panel::panel;
use crate::tui::widgets::scroll::ListTop;
use crate::tui::widgets::sides::{beside, marker};
use crate::tui::widgets::wrap::{clip, fit, wrap_text};

/// Rows for the text of the selected principle: a rule and three lines.
const DETAIL: u16 = 4;

/// The open list.
#[derive(Debug, Default)]
pub struct Picker {
    cursor: usize,
    /// Only those with this tag; `None` shows all.
    tag: Option<&'static str>,
    top: ListTop,
}

/// What a key did.
#[derive(Debug, PartialEq)]
pub enum Picked {
    Nothing,
    Closed,
    Entry(Principle),
}

impl Picker {
    /// Opened at the tag of a task, if the library has it.
    pub fn open(task: Option<&str>) -> Self {
        let tag = library_tags()
            .into_iter()
            .map(|(tag, _)| tag)
            .find(|t| task == Some(*t));
        Self { tag, ..Self::default() }
    }

    /// The principles shown.
    pub fn rows(&self) -> Vec<&'static LibraryEntry> {
        let has = |e: &&LibraryEntry| self.tag.is_none_or(|tag| e.tags.iter().any(|t| t == tag));
        library().iter().filter(has).collect()
    }

    pub fn key(&mut self, key: KeyEvent) -> Picked {
        let rows = self.rows();
        match key.code {
            KeyCode::Esc | KeyCode::Char('q' | 'L') => return Picked::Closed,
            KeyCode::Enter | KeyCode::Char('a') => {
                return rows
                    .get(self.cursor)
                    .map_or(Picked::Nothing, |entry| Picked::Entry(entry.principle()));
            }
            KeyCode::Down | KeyCode::Char('j') => self.cursor = (self.cursor + 1).min(rows.len().saturating_sub(1)),
            KeyCode::Up | KeyCode::Char('k') => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = rows.len().saturating_sub(1),
            KeyCode::Right | KeyCode::Tab | KeyCode::Char('l') => self.turn(1),
            KeyCode::Left | KeyCode::BackTab | KeyCode::Char('h') => self.turn(-1),
            _ => {}
        }
        Picked::Nothing
    }

    /// The next tag; "all" stands before the first and after the last.
    fn turn(&mut self, by: isize) {
        let tags: Vec<Option<&str>> = std::iter::once(None)
            .chain(library_tags().into_iter().map(|(tag, _)| Some(tag)))
            .collect();
        let here = tags.iter().position(|t| *t == self.tag).unwrap_or(0) as isize;
        self.tag = tags[(here + by).rem_euclid(tags.len() as isize) as usize];
        self.cursor = 0;
    }

    pub fn draw(&self, set: Option<&Principles>, theme: &Theme, frame: &mut Frame, area: Rect) {
        let rows = self.rows();
        let [list, detail] = Layout::vertical([Constraint::Fill(1), Constraint::Length(DETAIL)]).areas(area);
        let tag = self.tag.unwrap_or("all");
        let place = format!("{} of {}", (self.cursor + 1).min(rows.len()), rows.len());
        let about = format!("tag: ‹ {tag} › ← →   {place}   Enter: add   Esc: back");
        let inner = panel(frame, list, theme, "Library", true, beside(about));
        let height = usize::from(inner.height);
        let top = self.top.show(self.cursor as u64, rows.len() as u64, height as u64);
        let width = usize::from(inner.width);
        let names = rows
            .iter()
            .map(|e| Span::raw(e.name.as_str()).width())
            .max()
            .unwrap_or(0)
            .min(22);
        let there = |e: &LibraryEntry| set.is_some_and(|set| set.entries.iter().any(|p| p.name == e.name));
        let lines: Vec<Line> = rows
            .iter()
            .enumerate()
            .skip(usize::try_from(top).unwrap_or(0))
            .take(height)
            .map(|(i, e)| {
                let taken = if there(e) { "in set" } else { "" };
                let text = format!(
                    "{}{:6} {}  {}",
                    marker(i == self.cursor),
                    taken,
                    fit(&e.name, names),
                    e.text
                );
                let style = match () {
                    () if i == self.cursor => theme.selected,
                    () if there(e) => theme.dim,
                    () => Style::new(),
                };
                Line::styled(fit(&text, width), style)
            })
            .collect();
        frame.render_widget(Paragraph::new(lines), inner);
        let Some(entry) = rows.get(self.cursor) else { return };
        let about = clip(&entry.tags.join(", "), 60);
        let inner = panel(frame, detail, theme, &entry.name, false, beside(about));
        let text = wrap_text(&entry.text, Style::new(), usize::from(inner.width.saturating_sub(1)));
        frame.render_widget(Paragraph::new(text), inner);
    }
}

impl State {
    pub(super) fn open_library(&mut self, run: &RunView) {
        if self.draft.current().is_none() {
            self.refuse("The principles have not come yet; they do with the first events of the run.");
            return;
        }
        let task = run.started.as_ref().map(|s| s.experiment.task().name());
        self.library = Some(Picker::open(task));
    }

    pub(super) fn library_key(&mut self, key: KeyEvent) {
        self.message = None;
        match self.library.as_mut().map_or(Picked::Closed, |picker| picker.key(key)) {
            Picked::Nothing => {}
            Picked::Closed => self.library = None,
            Picked::Entry(entry) => self.take(entry),
        }
        self.refresh();
    }

    /// Puts a principle of the library at the end of the draft.
    fn take(&mut self, entry: Principle) {
        let name = entry.name.clone();
        if self.has_twin(&Field::NewName, &name) {
            self.refuse(&format!("\"{name}\" is in the set already."));
            return;
        }
        self.draft.change(|p| p.entries.push(entry));
        self.cursor = usize::MAX;
        self.say(&format!(
            "\"{name}\" is in the draft now; Esc goes back, ⟨principles-apply⟩ applies it there."
        ));
    }
}
