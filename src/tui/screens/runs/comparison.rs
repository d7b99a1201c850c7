//! Runs beside each other: their curves, their settings, their answers.

use std::path::PathBuf;

use super::Action;
use super::desk::{Compared, Question};
use super::merge::{Merged, Metric, merge, metrics};
use crate::config::SettingDifference;
use crate::report::setting_differences;
use crate::train::PairRecord;
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
    /// Where forks begin, for the chart.
    pub forks: Vec<(u32, String)>,
    pub log: bool,
    /// The step under the crosshair.
    pub cursor: Option<u32>,
    pub differences: Vec<SettingDifference>,
    /// Row of the settings.
    pub row: usize,
    pub top: ListTop,
    /// The answers of training, not of the case study.
    pub training: bool,
    /// y' and not y.
    pub guided: bool,
    /// The step of the answers; `None`: the newest that all have.
    pub step: Option<u32>,
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
    /// Of runs that are still to be read.
    pub fn of(paths: Vec<PathBuf>) -> Self {
        Self {
            paths,
            ..Self::default()
        }
    }

    /// The letter that stands for a run.
    pub fn letter(place: usize) -> char {
        char::from(b'A' + (place % 26) as u8)
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
            Action::Earlier => self.move_step(-1),
            Action::Later => self.move_step(1),
            Action::NextRuns => self.first = (self.first + 1).min(self.runs.len().saturating_sub(1)),
            Action::PreviousRuns => self.first = self.first.saturating_sub(1),
            Action::Side => self.guided = !self.guided,
            Action::Source | Action::Fork if self.view == View::Answers => {
                self.training = !self.training;
                (self.step, self.query) = (None, 0);
                self.scroll.reset();
            }
            Action::Log => self.log = !self.log,
            _ => {}
        }
        self.lay_out()
    }

    /// Steps at which there are answers of all runs, in order; of some, where no step has them all.
    pub fn steps(&self) -> Vec<u32> {
        let views = || self.runs.iter().filter_map(|run| Some(&run.run.as_ref().ok()?.0.view));
        if self.training {
            let most = views().map(|view| view.steps_done()).min().unwrap_or(0);
            return (0..most).collect();
        }
        let of_each: Vec<Vec<u32>> = views()
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

    /// The step whose answers are shown.
    pub fn shown_step(&self) -> Option<u32> {
        let steps = self.steps();
        match self.step {
            Some(step) if steps.contains(&step) => Some(step),
            _ => steps.last().copied(),
        }
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

    fn move_step(&mut self, by: isize) {
        let (steps, at) = match self.view {
            View::Answers => (self.steps(), self.shown_step()),
            _ => (self.merged.steps.clone(), self.cursor),
        };
        let Some(last) = steps.len().checked_sub(1) else { return };
        let here = at.map_or(last, |at| steps.partition_point(|s| *s < at).min(last));
        let step = steps[here.saturating_add_signed(by).min(last)];
        match self.view {
            View::Answers => self.step = (step != steps[last]).then_some(step),
            // From the newest step on, the crosshair goes away.
            _ => self.cursor = (at.is_none() || step != steps[last] || by < 0).then_some(step),
        }
    }

    fn merge(&mut self) {
        self.merged = match self.metrics.get(self.metric) {
            Some(metric) => merge(&self.runs, metric),
            None => Merged::default(),
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
