//! Every number of every step, kept so that a chart of any width and any zoom is drawn in time of its width.

mod column;

use std::collections::BTreeMap;

pub use column::{BASE, Column, Summary, Table};

use super::smooth::{Smoothing, average};
use crate::train::StepRecord;

/// The numeric series of a [`StepRecord`], and some that follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    RewardOriginal,
    RewardOriginalLow,
    RewardOriginalHigh,
    RewardGuided,
    RewardGuidedLow,
    RewardGuidedHigh,
    TruthOriginal,
    TruthGuided,
    Tau,
    Decay,
    LearningRate,
    Ranked,
    Weighted,
    LossRank,
    LossWsft,
    Loss,
    GradNorm,
    LengthOriginal,
    LengthGuided,
    Ended,
    Replay,
    Seconds,
    Updates,
    /// The tenth, the fiftieth and the ninetieth percentile of the margins.
    MarginLow,
    MarginMiddle,
    MarginHigh,
}

const SERIES: usize = Series::MarginHigh as usize + 1;

/// Numbers that a step of every method has: where such a one is none from the start, that is told too.
const ALWAYS: [Series; 2] = [Series::Loss, Series::GradNorm];
/// Numbers that a step may lack for good reasons.
const MAY_LACK: [Series; 5] = [
    Series::TruthOriginal,
    Series::TruthGuided,
    Series::MarginLow,
    Series::MarginMiddle,
    Series::MarginHigh,
];

/// All steps of a run in numbers.
#[derive(Clone, Debug, Default)]
pub struct History {
    table: Table<SERIES>,
    /// The named numbers of the steps, each as long as the table.
    metrics: BTreeMap<String, Column>,
    /// Steps at which a series stopped being numbers.
    breaks: BTreeMap<usize, Vec<u32>>,
}

impl History {
    /// Adds a step.
    pub fn push(&mut self, r: &StepRecord) {
        let gap = f64::NAN;
        let [margin_low, margin_middle, margin_high] = percentiles(&r.margins);
        let row = [
            r.reward_original,
            r.reward_original - r.reward_original_std,
            r.reward_original + r.reward_original_std,
            r.reward_guided,
            r.reward_guided - r.reward_guided_std,
            r.reward_guided + r.reward_guided_std,
            r.truth_original.unwrap_or(gap),
            r.truth_guided.unwrap_or(gap),
            r.tau,
            r.decay,
            r.learning_rate,
            r.ranked as f64,
            r.weighted as f64,
            r.loss_rank,
            r.loss_wsft,
            r.loss,
            r.grad_norm,
            r.length_original,
            r.length_guided,
            r.ended,
            r.replay as f64,
            r.seconds,
            r.updates as f64,
            margin_low,
            margin_middle,
            margin_high,
        ];
        self.table.push(r.step, row);
        self.note_breaks(r.step);
        let before = self.table.len() - 1;
        for name in r
            .metrics
            .keys()
            .filter(|name| !self.metrics.contains_key(*name))
            .collect::<Vec<_>>()
        {
            self.metrics.insert(name.clone(), Column::default());
        }
        for (name, column) in &mut self.metrics {
            column.truncate(before);
            // Steps before the first that had it are gaps.
            (column.points().len()..before).for_each(|_| column.push(gap));
            column.push(r.metrics.get(name).copied().unwrap_or(gap));
        }
    }

    /// Steps, rising, at which a series stopped being numbers.
    pub fn breaks(&self, series: Series) -> &[u32] {
        self.breaks.get(&(series as usize)).map_or(&[], |steps| steps)
    }

    /// Looks which of the numbers of the newest row are none, though those before it were.
    fn note_breaks(&mut self, step: u32) {
        for steps in self.breaks.values_mut() {
            steps.truncate(steps.partition_point(|s| *s < step));
        }
        let newest = self.table.len() - 1;
        for index in 0..SERIES {
            let points = self.table.column(index).points();
            let before = match newest.checked_sub(1) {
                Some(before) => points[before].is_finite(),
                None => ALWAYS.iter().any(|s| *s as usize == index),
            };
            if before && !points[newest].is_finite() && !MAY_LACK.iter().any(|s| *s as usize == index) {
                self.breaks.entry(index).or_default().push(step);
            }
        }
    }

    /// A number by its name, point for point with [`History::steps`]; `None` where no step has it.
    pub fn metric(&self, name: &str) -> Option<&Column> {
        self.metrics.get(name)
    }

    /// The names of all numbers that some step has, in order.
    pub fn metric_names(&self) -> impl Iterator<Item = &str> {
        self.metrics.keys().map(String::as_str)
    }

    /// The step of each point, strictly rising.
    pub fn steps(&self) -> &[u32] {
        self.table.steps()
    }

    /// Steps held.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// No step yet.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// One series, point for point with [`History::steps`].
    pub fn column(&self, series: Series) -> &Column {
        self.table.column(series as usize)
    }

    /// The numbers of a step as a record, without its margins and its version of the principles, which are not kept here.
    pub fn record(&self, index: usize) -> Option<StepRecord> {
        let step = *self.steps().get(index)?;
        let at = |column: &Column| column.points().get(index).copied().map_or(f64::NAN, f64::from);
        let of = |series| at(self.column(series));
        let known = |series| Some(of(series)).filter(|v| v.is_finite());
        let count = |series| of(series) as usize;
        let finite = |(name, column): (&String, &Column)| Some((name.clone(), at(column))).filter(|m| m.1.is_finite());
        Some(StepRecord {
            step,
            tau: of(Series::Tau),
            decay: of(Series::Decay),
            learning_rate: of(Series::LearningRate),
            reward_original: of(Series::RewardOriginal),
            reward_original_std: of(Series::RewardOriginalHigh) - of(Series::RewardOriginal),
            reward_guided: of(Series::RewardGuided),
            reward_guided_std: of(Series::RewardGuidedHigh) - of(Series::RewardGuided),
            truth_original: known(Series::TruthOriginal),
            truth_guided: known(Series::TruthGuided),
            ranked: count(Series::Ranked),
            weighted: count(Series::Weighted),
            loss_rank: of(Series::LossRank),
            loss_wsft: of(Series::LossWsft),
            loss: of(Series::Loss),
            grad_norm: of(Series::GradNorm),
            updates: count(Series::Updates),
            length_original: of(Series::LengthOriginal),
            length_guided: of(Series::LengthGuided),
            ended: of(Series::Ended),
            replay: count(Series::Replay),
            principles: 0,
            margins: Vec::new(),
            metrics: self.metrics.iter().filter_map(finite).collect(),
            seconds: of(Series::Seconds),
        })
    }

    /// s' - s at the beginning (the mean of the first steps) and at a point (the moving average).
    pub fn gaps(&self, at: usize) -> Option<(f32, f32)> {
        const FIRST: usize = 6;
        let (s, g) = (self.column(Series::RewardOriginal), self.column(Series::RewardGuided));
        let start = |c: &Column| {
            Some(c.summary(0, FIRST))
                .filter(|sum| sum.count > 0)
                .map(|sum| sum.mean)
        };
        let now = |c: &Column| average(c.points(), at, Smoothing::Short);
        Some((start(g)? - start(s)?, now(g)? - now(s)?))
    }

    /// Mean seconds of the newest `n` steps.
    pub fn pace(&self, n: usize) -> Option<f32> {
        let s = self
            .column(Series::Seconds)
            .summary(self.len().saturating_sub(n), self.len());
        (s.count > 0).then_some(s.mean)
    }
}

/// The tenth, the fiftieth and the ninetieth percentile of those that are numbers, between neighbours in proportion.
fn percentiles(values: &[f32]) -> [f64; 3] {
    let mut sorted: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return [f64::NAN; 3];
    };
    [0.1, 0.5, 0.9].map(|share| {
        let place = share * last as f64;
        let (below, above) = (place.floor() as usize, place.ceil() as usize);
        let (below, above) = (f64::from(sorted[below]), f64::from(sorted[above]));
        below + (above - below) * place.fract()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_neighbours() {
        assert!(percentiles(&[f32::NAN]).iter().all(|v| v.is_nan()));
        assert_eq!(percentiles(&[3.0]), [3.0; 3]);
        let values: Vec<f32> = (0..=10).rev().map(|i| i as f32).collect();
        assert_eq!(percentiles(&values), [1.0, 5.0, 9.0]);
        assert_eq!(percentiles(&[0.0, 1.0, f32::INFINITY])[1], 0.5);
    }

    #[test]
    fn a_number_that_stops_being_one_is_noted_once_for_each_stretch() {
        let mut history = History::default();
        let push = |history: &mut History, step: u32, loss: f64| {
            history.push(&StepRecord {
                step,
                loss,
                tau: f64::NAN,
                ..StepRecord::default()
            });
        };
        for (step, loss) in [f64::NAN, 1.0, f64::NAN, f64::INFINITY, 1.0, f64::NAN]
            .into_iter()
            .enumerate()
        {
            push(&mut history, step as u32, loss);
        }
        assert_eq!(history.breaks(Series::Loss), [0, 2, 5]);
        assert!(
            history.breaks(Series::Tau).is_empty(),
            "another method than PLE has none"
        );
        push(&mut history, 2, 1.0);
        assert_eq!(history.breaks(Series::Loss), [0], "done again");
    }

    #[test]
    fn a_metric_is_as_long_as_the_run_and_has_gaps() {
        let mut history = History::default();
        let push = |history: &mut History, step: u32, metrics: &[(&str, f64)]| {
            let metrics = metrics.iter().map(|(name, x)| (name.to_string(), *x)).collect();
            history.push(&StepRecord {
                step,
                metrics,
                ..StepRecord::default()
            });
        };
        push(&mut history, 0, &[]);
        push(&mut history, 1, &[("kl", 1.0)]);
        push(&mut history, 2, &[("lr", 0.5)]);
        push(&mut history, 3, &[("kl", 3.0)]);
        // Step 3 is done again.
        push(&mut history, 3, &[("kl", 4.0), ("lr", 0.25)]);
        let points = |name| {
            history
                .metric(name)
                .map(|c| c.points().iter().map(|p| p.to_bits()).collect::<Vec<_>>())
        };
        let bits = |x: [f32; 4]| Some(x.map(f32::to_bits).to_vec());
        assert_eq!(points("kl"), bits([f32::NAN, 1.0, f32::NAN, 4.0]));
        assert_eq!(points("lr"), bits([f32::NAN, f32::NAN, 0.5, 0.25]));
        assert!(history.metric("ratio").is_none());
    }
}
