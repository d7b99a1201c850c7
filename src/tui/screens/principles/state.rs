//! What is shown on the screen of principles, and what every key makes of it.

use std::path::{Path, PathBuf};

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::Action;
use super::compare::prompts;
use super::draft::Draft;
use super::edit::{Field, edited_path};
use super::layout::Areas;
use super::library::Picker;
use crate::config::{Principle, Principles};
use crate::train::{Command, PrinciplesVersion};
use crate::tui::action::Effect;
use crate::tui::run_view::RunView;
use crate::tui::screens::live;
use crate::tui::widgets::diff::Piece;
use crate::tui::widgets::editor::{Editor, Outcome};
use crate::tui::widgets::scroll::{ListTop, Scroll};

/// Lines of one turn of the wheel.
const WHEEL: isize = 3;

/// Said below the principles; `bad` is a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub text: String,
    pub bad: bool,
}

/// The state of the screen.
#[derive(Debug, Default)]
pub struct State {
    pub(super) draft: Draft,
    pub(super) cursor: usize,
    pub(super) field: Option<(Field, Editor)>,
    /// The library is open.
    pub(super) library: Option<Picker>,
    /// Waits for yes or no.
    pub(super) deleting: bool,
    pub(super) message: Option<Message>,
    /// The prompt as the model sees it, compared with the one in force.
    pub(super) prompt: Vec<Piece>,
    /// The version whose changes are shown; `None` is the newest.
    version: Option<usize>,
    pub(super) versions: Vec<PrinciplesVersion>,
    /// The step of the past that is looked at, and the version that was in force there, as a place in `versions`.
    pub(super) past: Option<(u32, usize)>,
    pub(super) changes: Vec<Piece>,
    pub(super) prompt_scroll: Scroll,
    pub(super) changes_scroll: Scroll,
    pub(super) top: ListTop,
    saved_to: Option<PathBuf>,
    /// Alarms of the run that were looked at.
    alarms: usize,
    /// What was written in the user's editor and could not be used; it is opened again.
    pub(super) rejected: Option<String>,
}

impl State {
    /// Does what a key asks for.
    pub fn update(&mut self, action: Action, run: &RunView) -> Vec<Effect> {
        self.message = None;
        let mut effects = Vec::new();
        if let Some((step, _)) = self.past.filter(|_| action.edits()) {
            let text =
                format!("This is what was in force at step {step}; ⟨live⟩ goes back to the newest step, to change it.");
            self.refuse(&text);
            return effects;
        }
        match action {
            Action::Down => self.cursor += 1,
            Action::Up => self.cursor = self.cursor.saturating_sub(1),
            Action::First => self.cursor = 0,
            Action::Last => self.cursor = usize::MAX,
            Action::Select(row) => self.cursor = row,
            Action::Toggle => self.change_selected(|p, i| p.entries[i].on = !p.entries[i].on),
            Action::MoveDown => self.move_entry(1),
            Action::MoveUp => self.move_entry(-1),
            Action::Numbering => self.draft.change(|p| p.numbered = p.numbered.next()),
            Action::OpenText => self.open(|_, i| Field::Text(i)),
            Action::OpenName => self.open(|_, i| Field::Name(i)),
            Action::OpenPreamble => self.open_field(Field::Preamble, run),
            Action::OpenNew => self.open_field(Field::NewName, run),
            Action::OpenSave => self.open_field(Field::SavePath, run),
            Action::OpenLibrary => self.open_library(run),
            Action::Delete => self.deleting = self.selected().is_some(),
            Action::Undo => self.undo(),
            Action::Redo => self.redo(),
            Action::EditOne => effects = self.edit_one(),
            Action::EditAll => effects = self.edit_all(run),
            Action::Discard => self.discard(),
            Action::Apply => effects = self.apply(run),
            Action::OlderVersion => self.show_version(-1),
            Action::NewerVersion => self.show_version(1),
            Action::ScrollDown => self.prompt_scroll.by(WHEEL),
            Action::ScrollUp => self.prompt_scroll.by(-WHEEL),
        }
        self.refresh();
        effects
    }

    /// The run changed.
    pub fn on_event(&mut self, run: &RunView) -> Vec<Effect> {
        // A trainer says in an alarm that it does not take what was sent: the next version in force is not that then.
        let alarms = run.alarms.len();
        if alarms > std::mem::replace(&mut self.alarms, alarms)
            && let Some(why) = run
                .alarms
                .last()
                .filter(|a| a.suggestion.contains("principles before them stay"))
            && self.draft.take_back()
        {
            self.refuse(&format!("Not taken: {}", why.message));
        }
        if self.versions.len() == run.principles.len() {
            return Vec::new();
        }
        self.versions.clone_from(&run.principles);
        if let Some(newest) = self.versions.last().cloned() {
            let text = format!("v{} acts from step {} on.", newest.version, newest.from_step);
            let draft_left = self.draft.differs();
            let ours = self.draft.put_in_force(newest);
            if ours || draft_left {
                self.message = Some(Message { text, bad: false });
            }
        }
        self.version = None;
        self.refresh();
        Vec::new()
    }

    /// Another step is looked at.
    pub fn travelled(&mut self, run: &RunView) {
        self.past = run.at().zip(run.version_shown());
        self.version = None;
        self.changes_scroll.reset();
        self.refresh();
    }

    /// What is listed: the draft, or what was in force at the step looked at.
    pub(super) fn listed(&self) -> Option<&Principles> {
        match self.past {
            Some((_, version)) => self.versions.get(version).map(|v| &v.principles),
            None => self.draft.current(),
        }
    }

    /// A text field or a question is open: keys are its.
    pub fn wants_text(&self) -> bool {
        self.field.is_some() || self.deleting || self.library.is_some()
    }

    /// A key while a text field or a question is open.
    pub fn text_key(&mut self, key: KeyEvent, _run: &RunView) -> Vec<Effect> {
        if self.library.is_some() {
            self.library_key(key);
            return Vec::new();
        }
        if self.deleting {
            self.answer_deleting(key);
            return Vec::new();
        }
        let Some((field, editor)) = &mut self.field else {
            return Vec::new();
        };
        let field = field.clone();
        match editor.key(key) {
            Outcome::Editing => Vec::new(),
            Outcome::Cancelled => {
                self.field = None;
                self.message = None;
                Vec::new()
            }
            Outcome::Accepted(text) => self.accept(field, &text),
        }
    }

    /// Pasted text.
    pub fn paste(&mut self, text: &str, _run: &RunView) -> Vec<Effect> {
        if let Some((_, editor)) = &mut self.field {
            editor.paste(text);
        }
        Vec::new()
    }

    /// A click selects, on the box it switches; the wheel moves or scrolls.
    pub fn mouse(&mut self, event: MouseEvent, area: Rect, run: &RunView) -> Vec<Effect> {
        if self.wants_text() {
            return Vec::new();
        }
        let areas = Areas::of(area, self);
        let at = Position::new(event.column, event.row);
        let in_list = areas.rows.contains(at);
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) if in_list => {
                let row = self.top.get() + u64::from(event.row - areas.rows.y);
                let Some(row) = usize::try_from(row).ok().filter(|r| *r < self.entries()) else {
                    return Vec::new();
                };
                let effects = self.update(Action::Select(row), run);
                let on_box = (2..5).contains(&(event.column - areas.rows.x));
                if on_box {
                    self.update(Action::Toggle, run)
                } else {
                    effects
                }
            }
            MouseEventKind::ScrollDown if in_list => self.update(Action::Down, run),
            MouseEventKind::ScrollUp if in_list => self.update(Action::Up, run),
            MouseEventKind::ScrollDown if areas.prompt.contains(at) => self.update(Action::ScrollDown, run),
            MouseEventKind::ScrollUp if areas.prompt.contains(at) => self.update(Action::ScrollUp, run),
            MouseEventKind::ScrollDown if areas.versions.contains(at) => {
                self.changes_scroll.by(WHEEL);
                Vec::new()
            }
            MouseEventKind::ScrollUp if areas.versions.contains(at) => {
                self.changes_scroll.by(-WHEEL);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// The version whose changes are shown, as a place in `versions`.
    pub(super) fn shown_version(&self) -> usize {
        self.version
            .or(self.past.map(|(_, version)| version))
            .unwrap_or(usize::MAX)
            .min(self.versions.len().saturating_sub(1))
    }

    fn entries(&self) -> usize {
        self.listed().map_or(0, |p| p.entries.len())
    }

    /// The place of the selected principle, if there is one.
    fn selected(&self) -> Option<usize> {
        (self.cursor < self.entries()).then_some(self.cursor)
    }

    fn change_selected(&mut self, change: impl FnOnce(&mut Principles, usize)) {
        if let Some(i) = self.selected() {
            self.draft.change(|p| change(p, i));
        }
    }

    pub(super) fn selected_entry(&self) -> Option<(usize, &Principle)> {
        let at = self.selected()?;
        Some((at, self.draft.current()?.entries.get(at)?))
    }

    fn move_entry(&mut self, rows: isize) {
        let Some(from) = self.selected() else { return };
        let to = from.saturating_add_signed(rows).min(self.entries() - 1);
        self.draft.change(|p| p.entries.swap(from, to));
        self.cursor = to;
    }

    fn open(&mut self, field: impl FnOnce(&Self, usize) -> Field) {
        let Some((i, entry)) = self
            .selected()
            .and_then(|i| Some((i, self.draft.current()?.entries.get(i)?)))
        else {
            return;
        };
        let field = field(self, i);
        let editor = match field {
            Field::Name(_) => Editor::line(&entry.name),
            _ => Editor::text(&entry.text),
        };
        self.field = Some((field, editor));
    }

    fn open_field(&mut self, field: Field, run: &RunView) {
        let Some(current) = self.draft.current() else {
            self.refuse("The principles have not come yet; they do with the first events of the run.");
            return;
        };
        let editor = match field {
            Field::Preamble => Editor::text(&current.preamble),
            Field::SavePath => Editor::line(&self.save_path(run).to_string_lossy()),
            _ => Editor::line(""),
        };
        self.field = Some((field, editor));
    }

    fn save_path(&self, run: &RunView) -> PathBuf {
        let file = run
            .experiment()
            .map_or("principles.toml", |e| e.principles.file.as_str());
        self.saved_to.clone().unwrap_or_else(|| edited_path(file))
    }

    fn accept(&mut self, field: Field, text: &str) -> Vec<Effect> {
        self.message = None;
        if let Some(why) = field.refuse(text) {
            self.refuse(why);
            return Vec::new();
        }
        if self.has_twin(&field, text) {
            self.refuse("Another principle has this name; give each its own.");
            return Vec::new();
        }
        self.field = None;
        let mut effects = Vec::new();
        match &field {
            Field::NewName => self.field = Some((Field::NewText(text.trim().to_string()), Editor::text(""))),
            Field::SavePath => effects = self.save(PathBuf::from(text.trim())),
            _ => self.draft.change(|p| field.put(text, p)),
        }
        if matches!(field, Field::NewText(_)) {
            self.cursor = usize::MAX;
        }
        self.refresh();
        effects
    }

    /// Another entry has the name that a field asks for.
    pub(super) fn has_twin(&self, field: &Field, text: &str) -> bool {
        let own = match field {
            Field::Name(i) => Some(*i),
            Field::NewName => None,
            _ => return false,
        };
        self.draft.current().is_some_and(|p| {
            let mut others = p.entries.iter().enumerate().filter(|(i, _)| Some(*i) != own);
            others.any(|(_, entry)| entry.name == text.trim())
        })
    }

    /// The draft, or what is in force where there is none.
    pub fn current(&self) -> Option<&Principles> {
        self.draft.current()
    }

    /// Something in the draft differs from what is in force.
    pub fn has_draft(&self) -> bool {
        self.draft.differs()
    }

    /// Puts the principles of a file into the draft.
    pub fn load(&mut self, path: &Path, principles: Principles) {
        if self.draft.current().is_none() {
            return self.refuse("The principles have not come yet; they do with the first events of the run.");
        }
        self.draft.change(|p| *p = principles);
        let file = path.display();
        match self.draft.differs() {
            true => self.say(&format!(
                "{file} is the draft now; ⟨principles-apply⟩ applies it, ⟨principles-undo⟩ takes it back."
            )),
            false => self.say(&format!("{file} holds what is in force.")),
        }
        self.refresh();
    }

    /// Writes the principles as they stand.
    pub fn save(&mut self, path: PathBuf) -> Vec<Effect> {
        let Some(principles) = self.draft.current().cloned() else {
            return Vec::new();
        };
        let replace = self.saved_to.as_ref() == Some(&path);
        vec![Effect::SavePrinciples {
            path,
            principles,
            replace,
        }]
    }

    /// The file was written: it is this session's own, and may be written again.
    pub fn saved(&mut self, path: PathBuf) {
        self.saved_to = Some(path);
    }

    fn answer_deleting(&mut self, key: KeyEvent) {
        if key.kind == KeyEventKind::Release {
            return;
        }
        self.deleting = false;
        if matches!(key.code, KeyCode::Char('y' | 'Y') | KeyCode::Enter) {
            self.change_selected(|p, i| {
                p.entries.remove(i);
            });
            self.say("Deleted from the draft; ⟨principles-undo⟩ takes it back.");
        }
        self.refresh();
    }

    fn undo(&mut self) {
        if !self.draft.undo() {
            self.refuse("Nothing to undo.");
        }
    }

    fn redo(&mut self) {
        if !self.draft.redo() {
            self.refuse("Nothing was undone that could be made again.");
        }
    }

    fn discard(&mut self) {
        if self.draft.differs() {
            self.draft.discard();
            self.say("Draft discarded; ⟨principles-undo⟩ brings it back.");
        } else {
            self.refuse("There is no draft to discard.");
        }
    }

    fn apply(&mut self, run: &RunView) -> Vec<Effect> {
        if !self.draft.differs() {
            self.refuse("Nothing to apply: nothing differs from the version in force.");
            return Vec::new();
        }
        if let Some(why) = live::why_not(run) {
            self.refuse(&format!("Cannot apply: {why}. ⟨principles-save⟩ saves a copy."));
            return Vec::new();
        }
        match self.draft.send() {
            Some(principles) => vec![Effect::Send(Command::SetPrinciples(principles))],
            None => {
                self.refuse("Already sent; it acts when the current step has ended.");
                Vec::new()
            }
        }
    }

    fn show_version(&mut self, by: isize) {
        let newest = self.versions.len().saturating_sub(1);
        let to = self.shown_version().saturating_add_signed(by).min(newest);
        self.version = (to < newest || self.past.is_some()).then_some(to);
        self.changes_scroll.reset();
    }

    pub(super) fn say(&mut self, text: &str) {
        self.message = Some(Message {
            text: text.to_string(),
            bad: false,
        });
    }

    pub(super) fn refuse(&mut self, text: &str) {
        self.message = Some(Message {
            text: text.to_string(),
            bad: true,
        });
    }

    /// Brings what is derived from the principles up to date.
    pub(super) fn refresh(&mut self) {
        self.cursor = self.cursor.min(self.entries().saturating_sub(1));
        let nothing = Principles::default();
        let now = self.listed().unwrap_or(&nothing);
        let in_force = match (self.past, self.draft.in_force()) {
            (None, Some(version)) => &version.principles,
            _ => now,
        };
        self.prompt = prompts(in_force, now);
        let shown = self.shown_version();
        let after = self.versions.get(shown).map_or(&nothing, |v| &v.principles);
        let before = shown
            .checked_sub(1)
            .and_then(|i| self.versions.get(i))
            .map_or(after, |v| &v.principles);
        self.changes = prompts(before, after);
    }
}
