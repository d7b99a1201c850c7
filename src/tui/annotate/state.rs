//! What the annotation screen knows, and what a key makes of it.

use super::Sheet;
use crate::judge::{Item, Mark};
use crate::tui::keymap::Binding;
use crate::tui::legend::Legend;
use crate::tui::theme::Theme;
use crate::tui::widgets::scroll::Scroll;

/// Everything that is drawn.
pub struct State {
    pub title: String,
    pub question: &'static str,
    pub annotator: String,
    pub items: Vec<Item>,
    pub marks: Vec<Option<Mark>>,
    /// The item shown; as many as there are: the page at the end.
    pub at: usize,
    /// Of the answers, or of the query where that is shown whole.
    pub scroll: Scroll,
    pub whole_query: bool,
    pub help: bool,
    /// Something to say.
    pub notice: Option<String>,
    pub theme: Theme,
    pub table: Vec<Binding<Action>>,
}

/// What a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Judge(Mark),
    Back,
    Forward,
    NextSkipped,
    /// By lines.
    Scroll(isize),
    ToggleQuery,
    ToggleHelp,
    Close,
    Leave,
    Suspend,
    Redraw,
    /// A mark could not be kept.
    NotKept {
        place: usize,
        error: String,
    },
}

/// What is to be done outside of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    Keep { place: usize, mark: Mark },
    Suspend,
    Redraw,
    Leave,
}

impl State {
    /// Begins with the first item without a mark.
    pub fn new(sheet: Sheet, table: Vec<Binding<Action>>, mut theme: Theme) -> Self {
        theme.legend = Legend::of(&table);
        let mut marks = sheet.marks;
        marks.resize(sheet.items.len(), None);
        let at = marks.iter().position(Option::is_none).unwrap_or(marks.len());
        Self {
            title: sheet.title,
            question: sheet.question,
            annotator: sheet.annotator,
            items: sheet.items,
            marks,
            at,
            scroll: Scroll::default(),
            whole_query: false,
            help: false,
            notice: None,
            theme,
            table,
        }
    }

    /// The item shown and its mark; `None` on the page at the end.
    pub fn item(&self) -> Option<(&Item, Option<Mark>)> {
        Some((self.items.get(self.at)?, self.marks[self.at]))
    }

    /// How many have a verdict, and how many were skipped.
    pub fn done(&self) -> (usize, usize) {
        let skipped = self.marks.iter().filter(|m| **m == Some(Mark::Skip)).count();
        let marked = self.marks.iter().filter(|m| m.is_some()).count();
        (marked - skipped, skipped)
    }

    fn show(&mut self, at: usize) {
        self.at = at.min(self.items.len());
        self.scroll.reset();
        self.whole_query = false;
    }

    /// The next item that `wanted` holds for, after the present one or, at last, before it.
    fn next(&self, wanted: impl Fn(Option<Mark>) -> bool) -> Option<usize> {
        let n = self.marks.len();
        let after = self.at.saturating_add(1).min(n)..n;
        after.chain(0..self.at.min(n)).find(|i| wanted(self.marks[*i]))
    }
}

/// Applies an action; what is left to be done is returned.
pub fn update(state: &mut State, action: Action) -> Vec<Effect> {
    if !matches!(action, Action::Suspend | Action::Redraw) {
        state.notice = None;
    }
    // Over the help or the whole query such a key only closes that, so that nobody judges what they do not see.
    let moves = matches!(
        action,
        Action::Judge(_) | Action::Back | Action::Forward | Action::NextSkipped
    );
    if moves && (state.help || state.whole_query) {
        return update(state, Action::Close);
    }
    match action {
        Action::Judge(mark) => {
            let place = state.at;
            if place >= state.items.len() {
                return Vec::new();
            }
            state.marks[place] = Some(mark);
            let next = state.next(|mark| mark.is_none()).unwrap_or(state.items.len());
            state.show(next);
            return vec![Effect::Keep { place, mark }];
        }
        Action::Back => match state.at.checked_sub(1) {
            Some(at) => state.show(at),
            None => state.notice = Some("this is the first one".into()),
        },
        Action::Forward => state.show(state.at + 1),
        Action::NextSkipped => match state.next(|mark| mark == Some(Mark::Skip)) {
            Some(at) => state.show(at),
            None => state.notice = Some("none is skipped but this one, if any".into()),
        },
        Action::Scroll(lines) => state.scroll.by(lines),
        Action::ToggleQuery => {
            state.whole_query = !state.whole_query;
            state.scroll.reset();
        }
        Action::ToggleHelp => state.help = !state.help,
        Action::Close => {
            if !std::mem::take(&mut state.help) && std::mem::take(&mut state.whole_query) {
                state.scroll.reset();
            }
        }
        Action::NotKept { place, error } => {
            state.marks[place] = None;
            state.show(place);
            state.notice = Some(format!("not kept: {error}"));
        }
        Action::Leave => return vec![Effect::Leave],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
    }
    Vec::new()
}
