//! What is shown on the screen of runs, and what every key makes of it.

use std::path::{Path, PathBuf};

use ratatui::crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::Action;
use super::comparison::Comparison;
use super::desk::{Answer, Listing, Question, Wish};
use super::list::{Order, rows, same_folder};
use super::{view, view_curves};
use crate::run::{Labels, LineageRow, RunSummary};
use crate::tui::action::Effect;
use crate::tui::run_view::RunView;
use crate::tui::time;
use crate::tui::widgets::editor::{Editor, Outcome};
use crate::tui::widgets::scroll::ListTop;

/// What a field of text is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    Filter,
    Tags(PathBuf),
    Note(PathBuf),
    Fork(PathBuf),
}

/// The state of the screen.
#[derive(Debug, Default)]
pub struct State {
    /// `None` before the first answer.
    pub listing: Option<Listing>,
    pub rows: Vec<LineageRow>,
    pub order: Order,
    pub filter: String,
    /// The run under the cursor: it stays there as the list changes around it.
    selected: Option<PathBuf>,
    /// In the order in which they were marked.
    pub marked: Vec<PathBuf>,
    pub field: Option<(Field, Editor)>,
    /// The fork that was asked for, as it was typed.
    forking: Option<(PathBuf, String)>,
    /// Delete this one? The next key says.
    pub deleting: Option<PathBuf>,
    pub comparison: Option<Comparison>,
    /// What came of the last thing that was asked for; good or not.
    pub message: Option<(String, bool)>,
    pub top: ListTop,
}

impl State {
    /// The screen is entered: the list is read, and again as it changes.
    pub fn enter(&mut self) -> Vec<Effect> {
        let again = self.comparison.as_ref().map(|c| Question::Compare(c.paths.clone()));
        [Some(Question::Watch), again]
            .into_iter()
            .flatten()
            .map(Effect::AskDesk)
            .collect()
    }

    /// The screen is left.
    pub fn leave(&mut self) -> Vec<Effect> {
        vec![Effect::AskDesk(Question::Rest)]
    }

    /// Takes in an answer.
    pub fn answer(&mut self, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::List(listing) => {
                self.marked
                    .retain(|path| listing.runs.iter().any(|run| run.path == *path));
                self.listing = Some(listing);
                self.sort_out();
                vec![]
            }
            Answer::Said(Ok(text)) => {
                self.forking = None;
                self.message = Some((text, true));
                vec![]
            }
            Answer::Said(Err(text)) => {
                // What was typed is not lost: it can be mended.
                if let Some((path, line)) = self.forking.take().filter(|_| self.field.is_none()) {
                    self.field = Some((Field::Fork(path), Editor::line(&line)));
                }
                self.message = Some((text, false));
                vec![]
            }
            Answer::Compared(runs) => match &mut self.comparison {
                Some(comparison) if comparison.paths.len() == runs.len() => asks(comparison.read(runs)),
                _ => vec![],
            },
            Answer::Pairs { step, pairs } => {
                if let Some(comparison) = &mut self.comparison {
                    comparison.pairs(step, pairs);
                }
                vec![]
            }
        }
    }

    /// Does what a key asks for.
    pub fn update(&mut self, action: Action, run: &RunView) -> Vec<Effect> {
        self.message = None;
        if let Some(comparison) = &mut self.comparison {
            let leaves = match action {
                Action::Compare => true,
                Action::Back => !comparison.back(),
                _ => false,
            };
            if leaves {
                self.comparison = None;
                return vec![Effect::AskDesk(Question::Compare(vec![]))];
            }
            return asks(comparison.update(&action));
        }
        let at = self.cursor();
        match action {
            Action::Down => self.go_to(at + 1),
            Action::Up => self.go_to(at.saturating_sub(1)),
            Action::First => self.go_to(0),
            Action::Last => self.go_to(usize::MAX),
            Action::ScrollDown => self.go_to(at.saturating_add(10)),
            Action::ScrollUp => self.go_to(at.saturating_sub(10)),
            Action::Sort => {
                self.order = self.order.next();
                self.sort_out();
            }
            Action::UnmarkAll => self.marked.clear(),
            Action::Back => {
                self.filter.clear();
                self.sort_out();
            }
            Action::Filter => self.field = Some((Field::Filter, Editor::again(&self.filter))),
            Action::Compare => return self.compare(run),
            Action::Open | Action::Mark | Action::Tags | Action::Note | Action::Delete | Action::Fork => {
                return self.with_selected(&action, run);
            }
            _ => {}
        }
        vec![]
    }

    /// What needs a run under the cursor.
    fn with_selected(&mut self, action: &Action, run: &RunView) -> Vec<Effect> {
        let Some(summary) = self.selected().cloned() else {
            self.refuse("there is no run under the cursor");
            return vec![];
        };
        let path = summary.path.clone();
        let is_open = is_open(&path, run);
        match action {
            Action::Open if is_open => self.refuse(format!("{} is the run that is open", summary.name)),
            Action::Open => return vec![Effect::OpenRun(path)],
            Action::Mark => {
                match self.marked.iter().position(|marked| *marked == path) {
                    Some(at) => drop(self.marked.remove(at)),
                    None => self.marked.push(path),
                }
                self.go_to(self.cursor() + 1);
            }
            Action::Tags => self.field = Some((Field::Tags(path), Editor::line(&summary.tags.join(" ")))),
            Action::Note => self.field = Some((Field::Note(path), Editor::line(&summary.note))),
            Action::Fork => match summary.checkpoints.last() {
                Some(last) => self.field = Some((Field::Fork(path), Editor::line(&fork_line(*last, &summary)))),
                None => self.refuse(format!("{} has no checkpoint yet to fork from", summary.name)),
            },
            Action::Delete if is_open => self.refuse("the run that is open cannot be deleted"),
            Action::Delete if summary.state == "running" => {
                self.refuse(format!("{} is being trained: stop it first", summary.name));
            }
            Action::Delete => self.deleting = Some(path),
            _ => {}
        }
        vec![]
    }

    /// The marked runs; with one or none marked, that and the one under the cursor, or the open one.
    fn compare(&mut self, run: &RunView) -> Vec<Effect> {
        let mut paths = self.marked.clone();
        let mut add = |path: Option<PathBuf>| {
            if let Some(path) = path.filter(|p| paths.len() < 2 && !paths.iter().any(|q| same_folder(p, q))) {
                paths.push(path);
            }
        };
        add(self.selected().map(|run| run.path.clone()));
        add(run.started.as_ref().map(|s| PathBuf::from(&s.path)));
        if paths.len() < 2 {
            self.refuse("mark two runs or more with ⟨runs-mark⟩, then ⟨runs-compare⟩ compares them");
            return vec![];
        }
        self.comparison = Some(Comparison::of(paths.clone(), run.at()));
        vec![Effect::AskDesk(Question::Compare(paths))]
    }

    /// The steps that the cursor moves over while runs are looked at beside each other, and where it is.
    pub fn steps(&self) -> Option<(&[u32], Option<u32>)> {
        let comparison = self.comparison.as_ref().filter(|c| !c.axis.is_empty())?;
        Some((&comparison.axis, comparison.cursor))
    }

    /// Another step is looked at.
    pub fn travelled(&mut self, to: Option<u32>) -> Vec<Effect> {
        asks(self.comparison.as_mut().and_then(|c| c.travelled(to)))
    }

    /// Where a key moves the cursor over the steps, if it is one for that.
    pub fn goes_to(&self, action: &Action) -> Option<time::Action> {
        self.comparison.as_ref()?.goes_to(action)
    }

    /// Does what the mouse asks for on the chart of a comparison; nothing where it is somewhere else. Gives where the cursor
    /// over the steps is to go.
    pub fn point(&mut self, event: MouseEvent, area: Rect) -> Option<Option<time::Action>> {
        view_curves::mouse(self.comparison.as_mut()?, event, area)
    }

    /// A field of text is open, or a question waits for its answer.
    pub fn wants_text(&self) -> bool {
        self.field.is_some() || self.deleting.is_some()
    }

    /// A key while a field is open.
    pub fn text_key(&mut self, key: KeyEvent, _run: &RunView) -> Vec<Effect> {
        if let Some(path) = self.deleting.take() {
            if key.code != KeyCode::Char('y') {
                self.message = Some(("nothing was deleted".into(), true));
                return vec![];
            }
            return vec![Effect::AskDesk(Question::Delete(path))];
        }
        let Some((field, editor)) = &mut self.field else {
            return vec![];
        };
        let field = field.clone();
        // A refusal stands until something is typed.
        self.message = None;
        match editor.key(key) {
            Outcome::Editing => {
                if field == Field::Filter {
                    self.filter = editor.content();
                    self.sort_out();
                }
                vec![]
            }
            Outcome::Cancelled => {
                self.field = None;
                if field == Field::Filter {
                    self.filter.clear();
                    self.sort_out();
                }
                vec![]
            }
            Outcome::Accepted(text) => {
                self.field = None;
                self.accept(field, &text)
            }
        }
    }

    fn accept(&mut self, field: Field, text: &str) -> Vec<Effect> {
        let labels = |path: &Path| {
            let run = self.listing.as_ref()?.runs.iter().find(|run| run.path == path)?;
            Some(Labels {
                tags: run.tags.clone(),
                note: run.note.clone(),
            })
        };
        match field {
            Field::Filter => {
                self.sort_out();
                vec![]
            }
            Field::Tags(path) => {
                let mut labels = labels(&path).unwrap_or_default();
                labels.tags = Labels::tags_of(text);
                vec![Effect::AskDesk(Question::Label { path, labels })]
            }
            Field::Note(path) => {
                let mut labels = labels(&path).unwrap_or_default();
                labels.note = text.trim().to_string();
                vec![Effect::AskDesk(Question::Label { path, labels })]
            }
            Field::Fork(path) => match Wish::parse(path.clone(), text) {
                Ok(wish) => {
                    self.forking = Some((path, text.to_string()));
                    self.message = Some(("loading what the fork needs ...".into(), true));
                    vec![Effect::ForkRun(wish)]
                }
                Err(why) => {
                    // What was typed is not lost.
                    self.field = Some((Field::Fork(path), Editor::line(text)));
                    self.refuse(why);
                    vec![]
                }
            },
        }
    }

    /// Pasted text.
    pub fn paste(&mut self, text: &str, _run: &RunView) -> Vec<Effect> {
        if let Some((field, editor)) = &mut self.field {
            editor.paste(text);
            if *field == Field::Filter {
                self.filter = editor.content();
                self.sort_out();
            }
        }
        vec![]
    }

    /// A click selects; the wheel moves.
    pub fn mouse(&mut self, event: MouseEvent, area: Rect, run: &RunView) -> Vec<Effect> {
        if self.wants_text() {
            return vec![];
        }
        let action = match event.kind {
            MouseEventKind::ScrollDown => Action::Down,
            MouseEventKind::ScrollUp => Action::Up,
            MouseEventKind::Down(MouseButton::Left) if self.comparison.is_none() => {
                let rows = view::areas(self, area).rows;
                if rows.contains(Position::new(event.column, event.row)) {
                    let row = self.top.get() + u64::from(event.row - rows.y);
                    self.go_to(usize::try_from(row).unwrap_or(0));
                }
                return vec![];
            }
            _ => return vec![],
        };
        self.update(action, run)
    }

    /// The row of the cursor.
    pub fn cursor(&self) -> usize {
        let is_it = |row: &LineageRow| Some(&self.run_of(row).path) == self.selected.as_ref();
        self.rows.iter().position(is_it).unwrap_or(0)
    }

    /// The run under the cursor.
    pub fn selected(&self) -> Option<&RunSummary> {
        self.rows.get(self.cursor()).map(|row| self.run_of(row))
    }

    /// The run of a row.
    pub fn run_of(&self, row: &LineageRow) -> &RunSummary {
        match &self.listing {
            Some(listing) => &listing.runs[row.run],
            None => unreachable!("there are rows only of a listing"),
        }
    }

    fn go_to(&mut self, row: usize) {
        let row = row.min(self.rows.len().saturating_sub(1));
        self.selected = self.rows.get(row).map(|row| self.run_of(row).path.clone());
    }

    fn sort_out(&mut self) {
        let Some(listing) = &self.listing else { return };
        let before = self.cursor_before();
        self.rows = rows(listing, &self.filter, self.order);
        let there = |path: &PathBuf| self.rows.iter().any(|row| self.run_of(row).path == *path);
        let typing = matches!(self.field, Some((Field::Filter, _)));
        // Half a word of a filter may leave it out for a moment; what is gone for good leaves its place.
        if !typing && !self.selected.as_ref().is_some_and(there) {
            self.go_to(before);
        }
    }

    /// The row of the cursor in the old rows, which may not fit the listing any more.
    fn cursor_before(&self) -> usize {
        let Some(listing) = &self.listing else { return 0 };
        let is_it = |row: &LineageRow| listing.runs.get(row.run).map(|run| &run.path) == self.selected.as_ref();
        self.rows.iter().position(is_it).unwrap_or(0)
    }

    fn refuse(&mut self, text: impl Into<String>) {
        self.message = Some((text.into(), false));
    }
}

/// What a fork begins with: the last checkpoint and, where nothing would be left to train, as many steps again.
fn fork_line(last: u32, run: &RunSummary) -> String {
    match last < run.steps_planned {
        true => format!("step={last} "),
        false => format!("step={last} steps={} ", last + last.max(10)),
    }
}

/// The run is the one that this workbench shows.
pub fn is_open(path: &Path, run: &RunView) -> bool {
    run.started
        .as_ref()
        .is_some_and(|s| same_folder(path, Path::new(&s.path)))
}

fn asks(question: Option<Question>) -> Vec<Effect> {
    question.map(Effect::AskDesk).into_iter().collect()
}
