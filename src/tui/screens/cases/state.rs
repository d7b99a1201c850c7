//! What is shown on the screen of the case study, and what every key makes of it.

use ratatui::crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Constraint, Layout, Position, Rect};

use super::Action;
use crate::train::CaseRecord;
use crate::tui::action::Effect;
use crate::tui::run_view::RunView;
use crate::tui::time;
use crate::tui::widgets::diff::{self, Piece};
use crate::tui::widgets::scroll::{ListTop, Scroll};

/// Lines of one turn of the wheel.
const WHEEL: isize = 3;
/// From this width on the list stands left of the answers, else above them.
const WIDE: u16 = 100;

/// What the answers are compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    /// Original with guided.
    #[default]
    Sides,
    /// Each with itself at the evaluation before.
    Before,
    Plain,
}

/// The state of the screen.
#[derive(Debug, Default)]
pub struct State {
    pub(super) cursor: usize,
    pub(super) comparison: Comparison,
    /// Only cases with this label are listed.
    pub(super) label: Option<String>,
    /// The two answers, compared.
    pub(super) answers: [Vec<Piece>; 2],
    pub(super) scroll: Scroll,
    pub(super) top: ListTop,
    /// Evaluations when the answers were last compared.
    seen: usize,
}

/// The parts of the screen.
pub(super) struct Areas {
    pub list: Rect,
    pub rows: Rect,
    pub case: Rect,
    /// The line of evaluation steps.
    pub scrubber: Rect,
}

impl State {
    /// Does what a key asks for.
    pub fn update(&mut self, action: Action, run: &RunView) -> Vec<Effect> {
        match action {
            Action::Down => self.cursor += 1,
            Action::Up => self.cursor = self.cursor.saturating_sub(1),
            Action::Select(row) => self.cursor = row,
            // Those move the cursor over the steps.
            Action::Earlier | Action::Later | Action::Earliest | Action::Newest => {}
            Action::NextComparison => {
                self.comparison = match self.comparison {
                    Comparison::Sides => Comparison::Before,
                    Comparison::Before => Comparison::Plain,
                    Comparison::Plain => Comparison::Sides,
                }
            }
            Action::ScrollDown => self.scroll.by(WHEEL),
            Action::ScrollUp => self.scroll.by(-WHEEL),
            Action::NextLabel => self.next_label(run),
        }
        self.cursor = self.cursor.min(self.cases(run).len().saturating_sub(1));
        if !matches!(action, Action::ScrollDown | Action::ScrollUp) {
            self.scroll.reset();
        }
        self.compare(run);
        Vec::new()
    }

    /// Where the cursor over the steps goes by an action: from evaluation to evaluation.
    pub fn goes_to(&self, action: &Action, run: &RunView) -> Option<time::Action> {
        let newest = run.evaluations.len().checked_sub(1)?;
        let at = self.evaluation(run);
        let to = match action {
            Action::Earlier => at.saturating_sub(1),
            Action::Later => at + 1,
            Action::Earliest => 0,
            Action::Newest => newest,
            _ => return None,
        };
        // Going to the newest evaluation follows the run again.
        Some(match to >= newest {
            true => time::Action::Live,
            false => time::Action::To(run.evaluations[to].step),
        })
    }

    /// Another step is looked at.
    pub fn travelled(&mut self, run: &RunView) {
        self.cursor = self.cursor.min(self.cases(run).len().saturating_sub(1));
        self.scroll.reset();
        self.compare(run);
    }

    /// The run changed.
    pub fn on_event(&mut self, run: &RunView) -> Vec<Effect> {
        if self.seen == run.evaluations.len() {
            return Vec::new();
        }
        self.seen = run.evaluations.len();
        self.cursor = self.cursor.min(self.cases(run).len().saturating_sub(1));
        self.compare(run);
        Vec::new()
    }

    /// There is no text field here.
    pub fn wants_text(&self) -> bool {
        false
    }

    /// There is no text field here.
    pub fn text_key(&mut self, _key: KeyEvent, _run: &RunView) -> Vec<Effect> {
        Vec::new()
    }

    /// A click selects; the wheel moves the list, scrolls the answers, or goes through the evaluations.
    pub fn mouse(&mut self, event: MouseEvent, area: Rect, run: &RunView) -> Vec<Effect> {
        let areas = self.areas(area);
        let at = Position::new(event.column, event.row);
        let in_list = areas.rows.contains(at);
        let action = match event.kind {
            MouseEventKind::Down(MouseButton::Left) if in_list => {
                let row = self.top.get() + u64::from(event.row - areas.rows.y);
                match usize::try_from(row) {
                    Ok(row) if row < self.cases(run).len() => Action::Select(row),
                    _ => return Vec::new(),
                }
            }
            MouseEventKind::ScrollDown if in_list => Action::Down,
            MouseEventKind::ScrollUp if in_list => Action::Up,
            MouseEventKind::ScrollDown if areas.case.contains(at) => Action::ScrollDown,
            MouseEventKind::ScrollUp if areas.case.contains(at) => Action::ScrollUp,
            _ => return Vec::new(),
        };
        self.update(action, run)
    }

    /// The wheel over the line of evaluations goes through them.
    pub fn wheel(&self, event: MouseEvent, area: Rect, run: &RunView) -> Option<time::Action> {
        let on_it = self
            .areas(area)
            .scrubber
            .contains(Position::new(event.column, event.row));
        match event.kind {
            MouseEventKind::ScrollDown if on_it => self.goes_to(&Action::Later, run),
            MouseEventKind::ScrollUp if on_it => self.goes_to(&Action::Earlier, run),
            _ => None,
        }
    }

    /// The place of the evaluation shown: the newest by the step looked at.
    pub(super) fn evaluation(&self, run: &RunView) -> usize {
        run.evaluation_shown().unwrap_or(0)
    }

    /// The cases of the evaluation shown, as far as they have the label; all where none has it.
    pub(super) fn cases<'a>(&self, run: &'a RunView) -> Vec<&'a CaseRecord> {
        let all = self.all_cases(run);
        let has = |case: &&CaseRecord| self.label.as_ref().is_none_or(|label| case.label == *label);
        let found: Vec<&CaseRecord> = all.iter().filter(has).collect();
        if found.is_empty() { all.iter().collect() } else { found }
    }

    fn all_cases<'a>(&self, run: &'a RunView) -> &'a [CaseRecord] {
        run.evaluations
            .get(self.evaluation(run))
            .map_or(&[], |e| e.cases.as_slice())
    }

    /// All, then the first label, then the next; the case shown stays where it has the label.
    fn next_label(&mut self, run: &RunView) {
        let shown = self.case(run).map(|c| c.query.clone());
        let mut labels: Vec<&str> = Vec::new();
        for case in self.all_cases(run) {
            if !labels.contains(&case.label.as_str()) {
                labels.push(&case.label);
            }
        }
        let next = match &self.label {
            None => labels.first(),
            Some(label) => labels.iter().skip_while(|l| *l != label).nth(1),
        };
        self.label = next.map(|l| l.to_string());
        let place = self.cases(run).iter().position(|c| Some(&c.query) == shown.as_ref());
        self.cursor = place.unwrap_or(0);
    }

    /// The case shown.
    pub(super) fn case<'a>(&self, run: &'a RunView) -> Option<&'a CaseRecord> {
        self.cases(run).get(self.cursor).copied()
    }

    /// The shown query at every evaluation; `None` where it was not asked.
    pub(super) fn over_time<'a>(&self, run: &'a RunView) -> Vec<Option<&'a CaseRecord>> {
        let Some(case) = self.case(run) else { return Vec::new() };
        run.evaluations
            .iter()
            .map(|e| find(&e.cases, self.cursor, &case.query))
            .collect()
    }

    /// The shown query at the evaluation before.
    pub(super) fn before<'a>(&self, run: &'a RunView) -> Option<&'a CaseRecord> {
        let before = self.evaluation(run).checked_sub(1)?;
        find(&run.evaluations.get(before)?.cases, self.cursor, &self.case(run)?.query)
    }

    /// Where the parts of the screen are; the drawing and the mouse agree on it.
    pub(super) fn areas(&self, area: Rect) -> Areas {
        let scrubber = if area.height >= 6 { 2 } else { 0 };
        let [scrubber, body] = Layout::vertical([Constraint::Length(scrubber), Constraint::Fill(1)]).areas(area);
        let [list, case] = if area.width >= WIDE {
            let list = (area.width * 2 / 5).min(60);
            Layout::horizontal([Constraint::Length(list), Constraint::Fill(1)]).areas(body)
        } else {
            let list = (body.height * 3 / 10).max(2);
            Layout::vertical([Constraint::Length(list), Constraint::Fill(1)]).areas(body)
        };
        let title = 1.min(list.height);
        let rows = Rect {
            y: list.y + title,
            height: list.height - title,
            ..list
        };
        Areas {
            list,
            rows,
            case,
            scrubber,
        }
    }

    fn compare(&mut self, run: &RunView) {
        let Some(case) = self.case(run) else {
            self.answers = Default::default();
            return;
        };
        self.answers = match (self.comparison, self.before(run)) {
            (Comparison::Sides, _) => {
                let diff = diff::words(&case.original, &case.guided);
                [diff.old, diff.new]
            }
            (Comparison::Before, Some(before)) => [
                diff::words(&before.original, &case.original).inline,
                diff::words(&before.guided, &case.guided).inline,
            ],
            (Comparison::Before, None) | (Comparison::Plain, _) => {
                [diff::plain(&case.original), diff::plain(&case.guided)]
            }
        };
    }
}

/// The case of a query: at its usual place, else wherever it is.
fn find<'a>(cases: &'a [CaseRecord], place: usize, query: &str) -> Option<&'a CaseRecord> {
    cases
        .get(place)
        .filter(|c| c.query == query)
        .or_else(|| cases.iter().find(|c| c.query == query))
}
