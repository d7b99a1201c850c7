//! One horizontal axis for the series of several runs.

use super::desk::Compared;
use crate::tui::fit_view::FitSeries;
use crate::tui::history::{Column, Series};

/// What is compared over the steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metric {
    Series(&'static str, Series),
    Gap,
    /// Of the evaluations on held-out queries.
    HeldOut(&'static str, HeldOut),
    /// Of a model's own training.
    Fit(&'static str, FitSeries),
    /// A number of the method's own.
    Named(String),
}

/// The numbers of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldOut {
    Reward,
    RewardGuided,
    Gap,
    Truth,
}

impl Metric {
    pub fn title(&self) -> String {
        match self {
            Metric::Series(title, _) | Metric::HeldOut(title, _) | Metric::Fit(title, _) => (*title).to_string(),
            Metric::Gap => "gap s′−s".to_string(),
            Metric::Named(name) => name.clone(),
        }
    }

    /// It is measured now and then, and stands until the next time.
    pub fn is_measured(&self) -> bool {
        use FitSeries::{Baseline, LearningRate, ValidationAccuracy, ValidationLoss};
        let fit = [Baseline, LearningRate, ValidationAccuracy, ValidationLoss];
        match self {
            Metric::HeldOut(..) => true,
            Metric::Fit(_, series) => fit.contains(series),
            _ => false,
        }
    }
}

/// The metrics of which at least one run has points.
pub fn metrics(runs: &[Compared]) -> Vec<Metric> {
    let mut all = vec![
        Metric::Series("reward s", Series::RewardOriginal),
        Metric::Series("reward s′", Series::RewardGuided),
        Metric::Gap,
        Metric::Series("truth y", Series::TruthOriginal),
        Metric::Series("truth y′", Series::TruthGuided),
        Metric::HeldOut("held-out s", HeldOut::Reward),
        Metric::HeldOut("held-out s′", HeldOut::RewardGuided),
        Metric::HeldOut("held-out gap", HeldOut::Gap),
        Metric::HeldOut("held-out truth", HeldOut::Truth),
        Metric::Series("loss", Series::Loss),
        Metric::Series("gradient norm", Series::GradNorm),
        Metric::Series("tokens y", Series::LengthOriginal),
        Metric::Series("ended", Series::Ended),
        Metric::Series("tau", Series::Tau),
        Metric::Series("learning rate", Series::LearningRate),
        Metric::Series("ranked", Series::Ranked),
        Metric::Series("seconds a step", Series::Seconds),
        Metric::Fit("training loss", FitSeries::Loss),
        Metric::Fit("validation loss", FitSeries::ValidationLoss),
        Metric::Fit("training accuracy", FitSeries::Accuracy),
        Metric::Fit("validation accuracy", FitSeries::ValidationAccuracy),
        Metric::Fit("gradient norm", FitSeries::GradNorm),
        Metric::Fit("learning rate", FitSeries::LearningRate),
    ];
    let mut names: Vec<&str> = runs
        .iter()
        .filter_map(|run| run.run.as_ref().ok())
        .flat_map(|run| run.0.view.history.metric_names())
        .collect();
    names.sort_unstable();
    names.dedup();
    all.extend(names.into_iter().map(|name| Metric::Named(name.to_string())));
    let has = |metric: &Metric| {
        runs.iter().any(|run| {
            let (_, column) = series(run, metric);
            column.is_some_and(|c| c.summary(0, c.points().len()).count > 0)
        })
    };
    all.retain(has);
    all
}

/// A column that is there already, or one that was made.
pub enum Found<'a> {
    There(&'a Column),
    Made(Column),
}

impl std::ops::Deref for Found<'_> {
    type Target = Column;

    fn deref(&self) -> &Column {
        match self {
            Found::There(column) => column,
            Found::Made(column) => column,
        }
    }
}

/// The points of a run, and the steps they belong to.
pub fn series<'a>(compared: &'a Compared, metric: &Metric) -> (Vec<u32>, Option<Found<'a>>) {
    let Ok(run) = &compared.run else {
        return (vec![], None);
    };
    let (view, history) = (&run.0.view, &run.0.view.history);
    match metric {
        Metric::Series(_, series) => (vec![], Some(Found::There(history.column(*series)))),
        Metric::Gap => (vec![], Some(Found::There(&run.0.gap))),
        Metric::Fit(_, series) => (vec![], Some(Found::There(view.fit.column(*series)))),
        Metric::Named(name) => (vec![], history.metric(name).map(Found::There)),
        Metric::HeldOut(_, what) => {
            let mut column = Column::default();
            let mut steps: Vec<u32> = Vec::new();
            for e in &view.evaluations {
                // A step that was evaluated again is told again: the newest counts, and the first stays on the axis.
                if steps.last().is_some_and(|last| e.step <= *last) {
                    continue;
                }
                steps.push(e.step);
                column.push(match what {
                    HeldOut::Reward => e.reward_original,
                    HeldOut::RewardGuided => e.reward_guided,
                    HeldOut::Gap => e.reward_guided - e.reward_original,
                    HeldOut::Truth => e.truth_original.unwrap_or(f64::NAN),
                });
            }
            (steps, Some(Found::Made(column)))
        }
    }
}

/// Columns over common steps.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    pub steps: Vec<u32>,
    /// Run by run.
    pub columns: Vec<Column>,
}

/// Brings the points of all runs onto one axis. Between two points of a run the way is straight; before its first and after
/// its last there is nothing.
pub fn merge(runs: &[Compared], metric: &Metric) -> Merged {
    let found: Vec<(Vec<u32>, Option<Found<'_>>)> = runs
        .iter()
        .map(|run| {
            let (steps, column) = series(run, metric);
            let own = match (&run.run, matches!(metric, Metric::HeldOut(..))) {
                (Ok(run), false) => run.0.view.steps().to_vec(),
                _ => steps,
            };
            (own, column)
        })
        .collect();
    // The runs of a day begin at step 0 and leave none out: then their points lie on one axis as they are.
    let longest = found.iter().map(|(own, _)| own).max_by_key(|own| own.len());
    if let Some(longest) = longest.filter(|longest| found.iter().all(|(own, _)| longest.starts_with(own))) {
        let column = |column: &Option<Found<'_>>| column.as_deref().cloned().unwrap_or_default();
        return Merged {
            steps: longest.clone(),
            columns: found.iter().map(|(_, found)| column(found)).collect(),
        };
    }
    let mut steps: Vec<u32> = found.iter().flat_map(|(steps, _)| steps.iter().copied()).collect();
    steps.sort_unstable();
    steps.dedup();
    let columns = found
        .iter()
        .map(|(own, column)| {
            let mut merged = Column::default();
            let Some(column) = column else { return merged };
            let points = column.points();
            let value = |i: usize| points.get(i).map_or(f64::NAN, |v| f64::from(*v));
            for &step in &steps {
                let at = own.partition_point(|s| *s < step);
                merged.push(match (own.get(at), at.checked_sub(1)) {
                    (Some(s), _) if *s == step => value(at),
                    (Some(next), Some(last)) => {
                        let (from, to) = (f64::from(own[last]), f64::from(*next));
                        value(last) + (value(at) - value(last)) * (f64::from(step) - from) / (to - from)
                    }
                    _ => f64::NAN,
                });
            }
            merged
        })
        .collect();
    Merged { steps, columns }
}
