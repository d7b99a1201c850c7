//! What is shown on the screen of responses, and what every key makes of it.

use ratatui::crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::ask::Asks;
use super::browser::Browser;
use super::layout::Areas;
use super::{Action, verdict};
use crate::run::{PairFilter, PairOrder, PairPage};
use crate::train::Branch;
use crate::tui::action::Effect;
use crate::tui::run_view::RunView;
use crate::tui::screens::live;
use crate::tui::widgets::diff::{self, Diff};
use crate::tui::widgets::editor::{Editor, Outcome};
use crate::tui::widgets::scroll::{ListTop, Scroll};

/// Rows of Ctrl-d and Ctrl-u.
const HALF_PAGE: i64 = 10;
/// Lines of one turn of the wheel.
const WHEEL: isize = 3;

/// What a text field is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Search,
    Jump,
    Ask,
}

/// What the two texts on the right belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Nothing,
    Pair(u32, u32),
    Asked(u64, bool),
}

/// What the cursor is on.
pub struct Selected {
    pub query: String,
    /// Version of the principles of its y'; `None`: the newest.
    pub version: Option<u32>,
}

/// The state of the screen.
#[derive(Debug)]
pub struct State {
    pub(super) browser: Browser,
    pub(super) asks: Asks,
    pub(super) field: Option<(Field, Editor)>,
    /// Something to say below the pair.
    pub(super) message: Option<String>,
    pub(super) diff: Diff,
    pub(super) scroll: Scroll,
    pub(super) top: ListTop,
    shown: Shown,
}

impl Default for State {
    fn default() -> Self {
        Self {
            browser: Browser::default(),
            asks: Asks::default(),
            field: None,
            message: None,
            diff: Diff::default(),
            scroll: Scroll::default(),
            top: ListTop::default(),
            shown: Shown::Nothing,
        }
    }
}

impl State {
    /// Does what a key asks for.
    pub fn update(&mut self, action: Action, run: &RunView) -> Vec<Effect> {
        self.message = None;
        let question = match action {
            Action::Down => self.move_by(1),
            Action::Up => self.move_by(-1),
            Action::HalfPageDown => self.move_by(HALF_PAGE),
            Action::HalfPageUp => self.move_by(-HALF_PAGE),
            Action::First => self.move_by(i64::MIN),
            Action::Last => self.move_by(i64::MAX),
            Action::Select(row) => self.select(row),
            Action::ScrollDown => self.scroll(WHEEL),
            Action::ScrollUp => self.scroll(-WHEEL),
            Action::NextBranch => self.next_branch(run),
            Action::NextOrder => self.next_order(),
            Action::Follow => self.follow(run),
            Action::OpenSearch => self.open(Field::Search, run),
            Action::OpenJump => self.open(Field::Jump, run),
            Action::OpenAsk => self.open(Field::Ask, run),
            Action::Filter(branch, words) => self.filter(branch, words),
            Action::Order(order) => {
                self.asks.open = false;
                self.browser.order = order;
                Some(self.browser.renew())
            }
            Action::Jump(step) => return self.accept(Field::Jump, &step.to_string(), run),
            Action::Ask(query) => {
                self.asks.open = true;
                return self.accept(Field::Ask, &query, run);
            }
            Action::Back => self.back(),
        };
        self.refresh();
        question.map(Effect::QueryPairs).into_iter().collect()
    }

    /// The run changed.
    pub fn on_event(&mut self, run: &RunView) -> Vec<Effect> {
        let question = self.browser.on_event(run);
        self.asks.on_event(run);
        self.refresh();
        question.map(Effect::QueryPairs).into_iter().collect()
    }

    /// Another step is looked at, by hand or by the film.
    pub fn travelled(&mut self, run: &RunView, by_hand: bool) -> Vec<Effect> {
        // Somebody who types into a field must not lose the list it is about.
        let question = self.browser.travelled(run, by_hand && self.field.is_none());
        self.refresh();
        question.map(Effect::QueryPairs).into_iter().collect()
    }

    /// The pair, or the query of one's own, under the cursor.
    pub fn selected(&self) -> Option<Selected> {
        if self.asks.open {
            return self.asks.selected().map(|asked| Selected {
                query: asked.query.clone(),
                version: None,
            });
        }
        self.browser.selected().map(|pair| Selected {
            query: pair.query.clone(),
            version: Some(pair.principles),
        })
    }

    /// The sampled pair under the cursor; `None` while queries of one's own are shown.
    pub fn pair(&self) -> Option<&crate::train::PairRecord> {
        self.browser.selected().filter(|_| !self.asks.open)
    }

    /// The store answered.
    pub fn page(&mut self, page: PairPage) {
        self.browser.page(page);
        self.refresh();
    }

    /// A text field is open: keys are text.
    pub fn wants_text(&self) -> bool {
        self.field.is_some()
    }

    /// A key while a text field is open.
    pub fn text_key(&mut self, key: KeyEvent, run: &RunView) -> Vec<Effect> {
        let Some((field, editor)) = &mut self.field else {
            return Vec::new();
        };
        let field = *field;
        self.message = None;
        match editor.key(key) {
            Outcome::Editing => Vec::new(),
            Outcome::Cancelled => {
                self.close_field();
                Vec::new()
            }
            Outcome::Accepted(text) => self.accept(field, &text, run),
        }
    }

    /// Pasted text.
    pub fn paste(&mut self, text: &str, _run: &RunView) -> Vec<Effect> {
        if let Some((_, editor)) = &mut self.field {
            editor.paste(text);
        }
        Vec::new()
    }

    /// A click selects; the wheel moves the list or scrolls the texts.
    pub fn mouse(&mut self, event: MouseEvent, area: Rect, run: &RunView) -> Vec<Effect> {
        let areas = Areas::of(area, self, run);
        let at = Position::new(event.column, event.row);
        let in_list = areas.rows.contains(at);
        let action = match event.kind {
            MouseEventKind::Down(MouseButton::Left) if in_list => {
                Action::Select(self.top.get() + u64::from(event.row - areas.rows.y))
            }
            MouseEventKind::ScrollDown if in_list => Action::Down,
            MouseEventKind::ScrollUp if in_list => Action::Up,
            MouseEventKind::ScrollDown if areas.pair.contains(at) => Action::ScrollDown,
            MouseEventKind::ScrollUp if areas.pair.contains(at) => Action::ScrollUp,
            _ => return Vec::new(),
        };
        if self.wants_text() {
            Vec::new()
        } else {
            self.update(action, run)
        }
    }

    fn move_by(&mut self, rows: i64) -> Option<PairFilter> {
        if self.asks.open {
            self.asks
                .move_by(isize::try_from(rows).unwrap_or(if rows < 0 { isize::MIN } else { isize::MAX }));
            return None;
        }
        let row = self.browser.cursor().saturating_add_signed(rows);
        self.browser.move_to(row)
    }

    fn select(&mut self, row: u64) -> Option<PairFilter> {
        if self.asks.open {
            if let Ok(row) = usize::try_from(row) {
                self.asks.cursor = row.min(self.asks.list().len().saturating_sub(1));
            }
            return None;
        }
        if row < self.browser.total() {
            self.browser.move_to(row)
        } else {
            None
        }
    }

    fn scroll(&mut self, lines: isize) -> Option<PairFilter> {
        self.scroll.by(lines);
        None
    }

    fn next_branch(&mut self, run: &RunView) -> Option<PairFilter> {
        self.asks.open = false;
        let kinds = verdict::branches(run);
        let next = match self.browser.branch {
            None => kinds.first(),
            Some(now) => kinds.iter().skip_while(|branch| **branch != now).nth(1),
        }
        .copied();
        self.browser.set_branch(next, run)
    }

    fn filter(&mut self, branch: Option<Branch>, words: String) -> Option<PairFilter> {
        self.asks.open = false;
        self.browser.branch = branch;
        self.browser.search = words;
        Some(self.browser.renew())
    }

    fn next_order(&mut self) -> Option<PairFilter> {
        self.asks.open = false;
        self.browser.order = match self.browser.order {
            PairOrder::Newest => PairOrder::Oldest,
            PairOrder::Oldest => PairOrder::LargestMargin,
            PairOrder::LargestMargin => PairOrder::SmallestMargin,
            PairOrder::SmallestMargin => PairOrder::Newest,
        };
        Some(self.browser.renew())
    }

    fn follow(&mut self, run: &RunView) -> Option<PairFilter> {
        self.asks.open = false;
        if self.browser.follow {
            return self.browser.hold();
        }
        self.browser.start_following(run);
        self.browser.on_event(run)
    }

    fn open(&mut self, field: Field, run: &RunView) -> Option<PairFilter> {
        let start = match field {
            Field::Search => self.browser.search.clone(),
            Field::Jump => self.browser.step.map(|s| s.to_string()).unwrap_or_default(),
            Field::Ask => String::new(),
        };
        if field == Field::Ask {
            if let Some(why) = live::cannot_ask(run) {
                self.message = Some(why);
                self.asks.open = !self.asks.list().is_empty();
                return None;
            }
            self.asks.open = true;
        }
        self.field = Some((field, Editor::again(&start)));
        None
    }

    fn close_field(&mut self) {
        self.field = None;
        if self.asks.list().is_empty() {
            self.asks.open = false;
        }
    }

    fn back(&mut self) -> Option<PairFilter> {
        if self.asks.open {
            self.asks.open = false;
            return None;
        }
        if self.browser.search.is_empty() && self.browser.step.is_none() {
            return None;
        }
        self.browser.search.clear();
        self.browser.step = None;
        Some(self.browser.renew())
    }

    fn accept(&mut self, field: Field, text: &str, run: &RunView) -> Vec<Effect> {
        let outcome = match field {
            Field::Ask => self.asks.ask(text, run),
            Field::Search => {
                self.browser.search = text.trim().to_string();
                Ok(Effect::QueryPairs(self.browser.renew()))
            }
            Field::Jump => self.jump(text, run),
        };
        match outcome {
            Ok(effect) => {
                if field != Field::Ask {
                    self.asks.open = false;
                }
                self.close_field();
                self.refresh();
                vec![effect]
            }
            Err(message) => {
                self.message = Some(message);
                Vec::new()
            }
        }
    }

    fn jump(&mut self, text: &str, run: &RunView) -> Result<Effect, String> {
        let text = text.trim();
        let last = run.steps_done().saturating_sub(1);
        self.browser.step = match (text.is_empty(), text.parse::<u32>()) {
            (true, _) => None,
            (false, Ok(step)) if step <= last => Some(step),
            (false, Ok(step)) => return Err(format!("Step {step} was not taken yet: the last one is {last}.")),
            (false, Err(_)) => return Err(format!("\"{text}\" is not a step: write a number from 0 to {last}.")),
        };
        Ok(Effect::QueryPairs(self.browser.renew()))
    }

    /// Compares the two texts anew when others are shown than before.
    fn refresh(&mut self) {
        let asked = self.asks.selected().filter(|_| self.asks.open);
        let pair = self.browser.selected().filter(|_| !self.asks.open);
        let (shown, texts) = match (asked, pair) {
            (Some(a), _) => {
                let texts = a.answer.as_ref().map(|r| (&r.original, &r.guided));
                (Shown::Asked(a.id, a.answer.is_some()), texts)
            }
            (None, Some(p)) => (Shown::Pair(p.step, p.index), Some((&p.original, &p.guided))),
            (None, None) => (Shown::Nothing, None),
        };
        if shown == self.shown {
            return;
        }
        self.diff = texts.map(|(old, new)| diff::words(old, new)).unwrap_or_default();
        self.shown = shown;
        self.scroll.reset();
    }
}
