//! Runs beside each other: their curves, their settings, their answers.

use std::path::PathBuf;

use super::Action;
use super::desk::{Compared, Question};
use super::merge::{Merged, Metric, merge, metrics};
use super::seeds::{Bundle, alike};
use crate::config::SettingDifference;
use crate::report::setting_differences;
use crate::train::PairRecord;
use crate::tui::screens::charts::{self, Window};
use crate::tui::time;
use crate::tui::widgets::diff::{self, Piece};
use crate::tui::widgets::scroll::{ListTop, Scroll};

/// What is shown of the runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    #[default]
    Curves,
    Settings,
    Answers,
}

/// The state of a comparison.
#[derive(Debug, Default)]
pub struct Comparison {
    pub paths: Vec<PathBuf>,
    /// Empty until they were read.
    pub runs: Vec<Compared>,
    pub view: View,
    pub metrics: Vec<Metric>,
    /// Place in `metrics`.
    pub metric: usize,
    pub merged: Merged,
    /// Runs that differ by their seed alone, and the curves that are drawn.
    pub alike: Vec<Vec<usize>>,
    pub bundles: Vec<Bundle>,
    /// Where forks begin, for the chart.
    pub forks: Vec<(u32, String)>,
    /// What is looked at of the curves.
    pub board: charts::State<()>,
    /// All steps that some run has taken.
    pub axis: Vec<u32>,
    /// The step looked at, on every screen; `None` is the newest of each run.
    pub cursor: Option<u32>,
    pub differences: Vec<SettingDifference>,
    /// Row of the settings.
    pub row: usize,
    pub top: ListTop,
    /// The answers of training, not of the case study.
    pub training: bool,
    /// y' and not y.
    pub guided: bool,
    pub query: usize,
    pub queries: Vec<String>,
    /// The answers to the query, run by run, against the first one.
    pub answers: Vec<Answered>,
    pub scroll: Scroll,
    /// The first run that has a column.
    pub first: usize,
    pairs: Option<(u32, Vec<Vec<PairRecord>>)>,
}

/// What one run answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answered {
    /// Reward and truth; `None` where it was not asked.
    pub scores: Option<(f64, Option<f64>)>,
    pub text: Vec<Piece>,
}

impl Comparison {
    /// Of runs that are still to be read, at a step that is looked at.
    pub fn of(paths: Vec<PathBuf>, cursor: Option<u32>) -> Self {
        let mut new = Self {
            paths,
            cursor,
            ..Self::default()
        };
        // Every run by itself, until seeds are asked for as a band.
        new.board.no_spread = true;
        new
    }

    /// The letter that stands for a run.
    pub fn letter(place: usize) -> &'static str {
        const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let at = place % LETTERS.len();
        &LETTERS[at..=at]
    }

    /// The runs were read, or read again.
    pub fn read(&mut self, runs: Vec<Compared>) -> Option<Question> {
        let kept = self.metrics.get(self.metric).cloned();
        self.runs = runs;
        self.metrics = metrics(&self.runs);
        self.metric = kept
            .and_then(|kept| self.metrics.iter().position(|m| *m == kept))
            .unwrap_or(0);
        let sides: Vec<_> = self
            .runs
            .iter()
            .filter_map(|run| {
                let view = &run.run.as_ref().ok()?.0.view;
                let plan = &view.started.as_ref()?.experiment;
                Some((plan, view.principles.last().map(|v| &v.principles)))
            })
            .collect();
        // A run that cannot be read has no column to compare with.
        self.differences = match sides.len() == self.runs.len() && sides.len() > 1 {
            true => setting_differences(&sides),
            false => Vec::new(),
        };
        self.row = self.row.min(self.differences.len().saturating_sub(1));
        self.alike = alike(&self.runs);
        self.axis = axis(&self.runs);
        self.forks = self
            .runs
            .iter()
            .enumerate()
            .filter_map(|(i, run)| {
                let started = run.run.as_ref().ok()?.0.view.started.as_ref()?;
                let origin = started.origin.as_ref()?;
                Some((origin.step, format!("{} forks from {}", Self::letter(i), origin.run)))
            })
            .collect();
        self.merge();
        self.lay_out()
    }

    /// Pairs that were asked for.
    pub fn pairs(&mut self, step: u32, pairs: Vec<Vec<PairRecord>>) {
        self.pairs = Some((step, pairs));
        self.lay_out();
    }

    /// Another step is looked at.
    pub fn travelled(&mut self, to: Option<u32>) -> Option<Question> {
        self.cursor = to;
        self.lay_out()
    }

    /// Where a key moves the cursor over the steps, if it is one for that.
    pub fn goes_to(&self, action: &Action) -> Option<time::Action> {
        let by = match (action, self.view) {
            (Action::Earlier, View::Curves | View::Answers) => -1,
            (Action::Later, View::Curves | View::Answers) => 1,
            (Action::PreviousRuns, View::Curves) => return self.column(-1),
            (Action::NextRuns, View::Curves) => return self.column(1),
            _ => return None,
        };
        if self.view == View::Answers && self.training {
            return Some(time::Action::By(by));
        }
        let answers = if self.view == View::Answers {
            self.steps()
        } else {
            vec![]
        };
        let (steps, at) = match self.view {
            View::Answers => (&answers[..], self.shown_step()),
            _ => (&self.merged.steps[..], self.cursor),
        };
        let last = steps.len().checked_sub(1)?;
        let here = at.map_or(last, |at| steps.partition_point(|s| *s < at).min(last));
        match here.saturating_add_signed(by as isize) {
            // From the newest step on, the cursor goes away.
            to if to >= last && by > 0 => Some(time::Action::Live),
            to => Some(time::Action::To(steps[to])),
        }
    }

    fn column(&self, by: i32) -> Option<time::Action> {
        let extent = charts::Extent::over(&self.axis, self.cursor);
        let (from, to) = self.board.window.span(&extent);
        Some(time::Action::By(i64::from(by) * i64::from(((to - from) / 100).max(1))))
    }

    /// Undoes one thing of the chart; false where there is nothing left to undo but the comparison.
    pub fn back(&mut self) -> bool {
        match self.view {
            View::Curves if self.board.zoomed => self.board.zoomed = false,
            View::Curves if self.board.window != Window::Whole => self.board.window = Window::Whole,
            _ => return false,
        }
        true
    }

    /// Does what a key asks for.
    pub fn update(&mut self, action: &Action) -> Option<Question> {
        let page = 5;
        match action {
            Action::Mark | Action::NextView => {
                self.view = match self.view {
                    View::Curves => View::Settings,
                    View::Settings => View::Answers,
                    View::Answers => View::Curves,
                };
                self.scroll.reset();
            }
            Action::Down => self.go(1),
            Action::Up => self.go(-1),
            Action::First => self.go(isize::MIN / 2),
            Action::Last => self.go(isize::MAX / 2),
            Action::ScrollDown if self.view == View::Answers => self.scroll.by(3),
            Action::ScrollUp if self.view == View::Answers => self.scroll.by(-3),
            Action::ScrollDown => self.go(page),
            Action::ScrollUp => self.go(-page),
            Action::NextRuns => self.first = (self.first + 1).min(self.runs.len().saturating_sub(1)),
            Action::PreviousRuns => self.first = self.first.saturating_sub(1),
            Action::Side => self.guided = !self.guided,
            Action::Source | Action::Fork if self.view == View::Answers => {
                self.training = !self.training;
                self.query = 0;
                self.scroll.reset();
            }
            Action::Sort => self.look(&charts::Action::NextSmoothing),
            Action::Open => self.look(&charts::Action::ToggleZoom),
            Action::Look(action) => self.look(action),
            _ => {}
        }
        self.lay_out()
    }

    /// Changes how the curves are looked at.
    fn look(&mut self, action: &charts::Action) {
        if self.view != View::Curves {
            return;
        }
        let ground = charts::Ground {
            steps: charts::Extent::over(&self.merged.steps, self.cursor),
            order: &[()],
            panels: vec![],
            area: Default::default(),
        };
        self.board.act(action, &ground);
        if *action == charts::Action::ToggleSpread {
            self.bundle();
        }
    }

    /// Steps at which all runs answered the case study, in order; some, where no step has them all.
    fn steps(&self) -> Vec<u32> {
        let views = self.runs.iter().filter_map(|run| Some(&run.run.as_ref().ok()?.0.view));
        let of_each: Vec<Vec<u32>> = views
            .map(|view| {
                view.evaluations
                    .iter()
                    .filter(|e| !e.cases.is_empty())
                    .map(|e| e.step)
                    .collect()
            })
            .collect();
        let mut all: Vec<u32> = of_each.iter().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        let common: Vec<u32> = all
            .iter()
            .copied()
            .filter(|s| of_each.iter().all(|of| of.contains(s)))
            .collect();
        if common.is_empty() { all } else { common }
    }

    /// The step whose answers are shown: the last by the step looked at at which there are some, the newest that all have
    /// where none is looked at.
    pub fn shown_step(&self) -> Option<u32> {
        let at = self.cursor.unwrap_or(u32::MAX);
        if self.training {
            return Some(at.min(self.common_steps().checked_sub(1)?));
        }
        let steps = self.steps();
        let by_then = steps.partition_point(|s| *s <= at);
        steps.get(by_then.saturating_sub(1)).copied()
    }

    /// Steps that all runs have taken.
    fn common_steps(&self) -> u32 {
        let views = self.runs.iter().filter_map(|run| Some(&run.run.as_ref().ok()?.0.view));
        views.map(|view| view.steps_done()).min().unwrap_or(0)
    }

    fn go(&mut self, by: isize) {
        let to = |at: usize, len: usize| at.saturating_add_signed(by).min(len.saturating_sub(1));
        match self.view {
            View::Curves => {
                self.metric = to(self.metric, self.metrics.len());
                self.merge();
            }
            View::Settings => self.row = to(self.row, self.differences.len()),
            View::Answers => {
                self.query = to(self.query, self.queries.len());
                self.scroll.reset();
            }
        }
    }

    fn merge(&mut self) {
        self.merged = match self.metrics.get(self.metric) {
            Some(metric) => merge(&self.runs, metric),
            None => Merged::default(),
        };
        self.bundle();
    }

    fn bundle(&mut self) {
        self.bundles = match self.board.no_spread || self.merged.columns.is_empty() {
            true => Bundle::each(&self.merged),
            false => Bundle::of(&self.alike, &self.merged),
        };
    }

    /// Makes the answers to the present query, or asks for what they need.
    fn lay_out(&mut self) -> Option<Question> {
        self.answers.clear();
        self.queries.clear();
        if self.view != View::Answers || self.runs.is_empty() {
            return None;
        }
        let step = self.shown_step()?;
        if self.training && self.pairs.as_ref().is_none_or(|(of, _)| *of != step) {
            return Some(Question::Pairs {
                step,
                paths: self.paths.clone(),
            });
        }
        let asked: Vec<Vec<Row>> = (0..self.runs.len()).map(|run| self.rows(run, step)).collect();
        for row in asked.iter().flatten() {
            if !self.queries.contains(&row.query) {
                self.queries.push(row.query.clone());
            }
        }
        self.query = self.query.min(self.queries.len().saturating_sub(1));
        let query = self.queries.get(self.query)?;
        let rows: Vec<Option<&Row>> = asked
            .iter()
            .map(|rows| rows.iter().find(|row| row.query == *query))
            .collect();
        let first = rows.iter().flatten().next().map(|row| row.text.as_str());
        let mut seen_first = false;
        self.answers = rows
            .iter()
            .map(|row| match row {
                None => Answered::default(),
                Some(row) => {
                    let text = match first {
                        Some(first) if seen_first => diff::words(first, &row.text).new,
                        _ => diff::plain(&row.text),
                    };
                    seen_first = true;
                    Answered {
                        scores: Some((row.reward, row.truth)),
                        text,
                    }
                }
            })
            .collect();
        None
    }

    /// What a run answered at a step.
    fn rows(&self, run: usize, step: u32) -> Vec<Row> {
        if self.training {
            let pairs = self.pairs.as_ref().and_then(|(_, pairs)| pairs.get(run));
            let row = |p: &PairRecord| match self.guided {
                false => Row::of(&p.query, &p.original, p.reward_original, p.truth_original),
                true => Row::of(&p.query, &p.guided, p.reward_guided, p.truth_guided),
            };
            return pairs.map_or(vec![], |pairs| pairs.iter().map(row).collect());
        }
        let Ok(shared) = &self.runs[run].run else { return vec![] };
        let evaluation = shared.0.view.evaluations.iter().rev().find(|e| e.step == step);
        let cases = evaluation.map_or(&[][..], |e| e.cases.as_slice());
        let row = |c: &crate::train::CaseRecord| match self.guided {
            false => Row::of(&c.query, &c.original, c.reward_original, c.truth_original),
            true => Row::of(&c.query, &c.guided, c.reward_guided, c.truth_guided),
        };
        cases.iter().map(row).collect()
    }
}

/// Every step that some run has taken, rising.
fn axis(runs: &[Compared]) -> Vec<u32> {
    let views = runs.iter().filter_map(|run| Some(&run.run.as_ref().ok()?.0.view));
    let of_each: Vec<&[u32]> = views.map(|view| view.steps()).collect();
    let longest = of_each.iter().copied().max_by_key(|steps| steps.len()).unwrap_or(&[]);
    if of_each.iter().all(|steps| longest.starts_with(steps)) {
        return longest.to_vec();
    }
    let mut all = of_each.concat();
    all.sort_unstable();
    all.dedup();
    all
}

/// An answer to a query.
struct Row {
    query: String,
    text: String,
    reward: f64,
    truth: Option<f64>,
}

impl Row {
    fn of(query: &str, text: &str, reward: f64, truth: Option<f64>) -> Self {
        Self {
            query: query.to_string(),
            text: text.to_string(),
            reward,
            truth,
        }
    }
}
