//! What is shown on the screen of principle effects, and what every key makes of it.

use ratatui::crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::Action;
use super::layout::Areas;
use crate::train::{Command, Difference, EffectRecord, Estimate, PrincipleEffect};
use crate::tui::action::Effect;
use crate::tui::run_view::RunView;
use crate::tui::screens::live;
use crate::tui::widgets::scroll::ListTop;

/// Queries of a measurement: the least, the usual and the most.
const QUERIES: (usize, usize, usize) = (16, 64, 1024);

/// What is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Score {
    #[default]
    Reward,
    Truth,
}

impl Score {
    /// This score of a difference; the reward's where truth is not known.
    pub fn of(self, difference: &Difference) -> Estimate {
        match (self, difference.truth) {
            (Score::Truth, Some(truth)) => truth,
            _ => difference.reward,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Score::Reward => "reward",
            Score::Truth => "truth",
        }
    }
}

/// Said above the chart; `bad` is a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub text: String,
    pub bad: bool,
}

/// The state of the screen.
#[derive(Debug)]
pub struct State {
    pub(super) cursor: usize,
    /// The measurement shown; `None` follows the newest.
    at: Option<usize>,
    /// Of the next measurement.
    pub(super) queries: usize,
    pub(super) score: Score,
    /// In the order of the set, not by effect.
    pub(super) as_written: bool,
    pub(super) message: Option<Message>,
    /// Asked for, and not begun.
    pub(super) asked: bool,
    pub(super) top: ListTop,
    measured: usize,
    over: usize,
}

impl Default for State {
    fn default() -> Self {
        Self {
            cursor: 0,
            at: None,
            queries: QUERIES.1,
            score: Score::default(),
            as_written: false,
            message: None,
            asked: false,
            top: ListTop::default(),
            measured: 0,
            over: 0,
        }
    }
}

impl State {
    /// Does what a key asks for.
    pub fn update(&mut self, action: Action, run: &RunView) -> Vec<Effect> {
        self.message = None;
        let newest = run.effects.len().saturating_sub(1);
        let mut effects = Vec::new();
        match action {
            Action::Measure => effects = self.measure(run),
            Action::MeasureOn(queries) => {
                self.queries = queries.clamp(1, QUERIES.2);
                effects = self.measure(run);
            }
            Action::Cancel => effects = self.cancel(run),
            Action::MoreQueries => self.set_queries(self.queries * 2),
            Action::FewerQueries => self.set_queries(self.queries / 2),
            Action::Down => self.cursor += 1,
            Action::Up => self.cursor = self.cursor.saturating_sub(1),
            Action::Select(row) => self.cursor = row,
            Action::Earlier => self.go_to(self.shown_at(run).saturating_sub(1), newest),
            Action::Later => self.go_to(self.shown_at(run) + 1, newest),
            Action::NextOrder => self.as_written = !self.as_written,
            Action::NextScore => self.next_score(run),
        }
        self.cursor = self.cursor.min(self.rows(run).len().saturating_sub(1));
        effects
    }

    /// The run changed.
    pub fn on_event(&mut self, run: &RunView) -> Vec<Effect> {
        let (measured, over) = (run.effects.len(), run.measurements_over);
        if measured < self.measured {
            // A run told again from its start.
            *self = Self {
                queries: self.queries,
                ..Self::default()
            };
        }
        let gone = run.failed.is_some() || run.done.as_ref().is_some_and(|d| d.reason != "finished");
        if run.measuring.is_some() || over != self.over || gone {
            self.asked = false;
        }
        if over > self.over && measured == self.measured {
            self.say("Ended before it was done; nothing was kept.");
        }
        if measured > self.measured {
            self.message = None;
            self.at = None;
        }
        (self.measured, self.over) = (measured, over);
        self.cursor = self.cursor.min(self.rows(run).len().saturating_sub(1));
        Vec::new()
    }

    /// A click selects; the wheel moves.
    pub fn mouse(&mut self, event: MouseEvent, area: Rect, run: &RunView) -> Vec<Effect> {
        let areas = Areas::of(area, self, run);
        let at = Position::new(event.column, event.row);
        if !areas.rows.contains(at) {
            return Vec::new();
        }
        let action = match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                let row = self.top.get() + u64::from((event.row - areas.rows.y) / areas.lines);
                match usize::try_from(row) {
                    Ok(row) if row < self.rows(run).len() => Action::Select(row),
                    _ => return Vec::new(),
                }
            }
            MouseEventKind::ScrollDown => Action::Down,
            MouseEventKind::ScrollUp => Action::Up,
            _ => return Vec::new(),
        };
        self.update(action, run)
    }

    /// There is no text field here.
    pub fn wants_text(&self) -> bool {
        false
    }

    /// There is no text field here.
    pub fn text_key(&mut self, _key: KeyEvent, _run: &RunView) -> Vec<Effect> {
        Vec::new()
    }

    /// The place of the measurement shown: the chosen one, or the newest by the step looked at.
    pub(super) fn shown_at(&self, run: &RunView) -> usize {
        let newest = run.effects.iter().rposition(|e| run.is_known(e.step));
        self.at.or(newest).unwrap_or(0).min(run.effects.len().saturating_sub(1))
    }

    /// The measurement shown; none where nothing had been measured by the step looked at.
    pub(super) fn shown<'a>(&self, run: &'a RunView) -> Option<&'a EffectRecord> {
        let shown = run.effects.get(self.shown_at(run))?;
        (self.at.is_some() || run.is_known(shown.step)).then_some(shown)
    }

    /// Another step is looked at: the measurement that was chosen is left.
    pub fn travelled(&mut self, run: &RunView) {
        self.at = None;
        self.cursor = self.cursor.min(self.rows(run).len().saturating_sub(1));
    }

    /// Its principles in the order of the rows.
    pub(super) fn rows<'a>(&self, run: &'a RunView) -> Vec<&'a PrincipleEffect> {
        let mut rows: Vec<_> = self.shown(run).map_or(Vec::new(), |r| r.principles.iter().collect());
        if !self.as_written {
            let adds = |p: &PrincipleEffect| self.score.of(&p.adds).mean;
            rows.sort_by(|a, b| adds(b).total_cmp(&adds(a)));
        }
        rows
    }

    fn measure(&mut self, run: &RunView) -> Vec<Effect> {
        if let Some(why) = live::why_no_answer(run) {
            let name = run.started.as_ref().map_or("RUN", |s| s.run.as_str());
            self.refuse(format!(
                "Cannot measure here: {why}. ple principles effect {name} does it."
            ));
            return Vec::new();
        }
        if run.principles.is_empty() {
            self.refuse("The principles have not come yet; they do with the first events of the run.");
            return Vec::new();
        }
        if self.asked || run.measuring.is_some() {
            self.refuse("A measurement goes on already. ⟨effect-cancel⟩ cancels it.");
            return Vec::new();
        }
        self.asked = true;
        vec![Effect::Send(Command::MeasureEffect { queries: self.queries })]
    }

    fn cancel(&mut self, run: &RunView) -> Vec<Effect> {
        if !self.asked && run.measuring.is_none() {
            self.refuse("Nothing is being measured.");
            return Vec::new();
        }
        vec![Effect::Send(Command::CancelEffect)]
    }

    fn set_queries(&mut self, queries: usize) {
        self.queries = queries.clamp(QUERIES.0, QUERIES.2);
        self.say(format!("The next measurement asks {} queries.", self.queries));
    }

    fn next_score(&mut self, run: &RunView) {
        let known = self.shown(run).is_some_and(|r| r.none.truth.is_some());
        self.score = match self.score {
            Score::Reward if known => Score::Truth,
            Score::Reward => {
                self.refuse("Truth is known only of the bundled queries.");
                Score::Reward
            }
            Score::Truth => Score::Reward,
        };
    }

    /// Going to the newest follows it again.
    fn go_to(&mut self, place: usize, newest: usize) {
        self.at = (place < newest).then_some(place);
    }

    fn say(&mut self, text: impl Into<String>) {
        self.message = Some(Message {
            text: text.into(),
            bad: false,
        });
    }

    fn refuse(&mut self, text: impl Into<String>) {
        self.message = Some(Message {
            text: text.into(),
            bad: true,
        });
    }
}
