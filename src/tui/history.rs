//! Every number of every step, kept so that a chart of any width and any zoom is drawn in time of its width.

use std::collections::BTreeMap;

use super::smooth::{Smoothing, average};
use crate::train::StepRecord;

/// Raw points below the first bucket of the pyramid.
pub const BASE: usize = 16;

/// Smallest, largest and mean value of a stretch of points. NaN points are gaps and do not count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub min: f32,
    pub max: f32,
    pub mean: f32,
    /// Finite points; 0 means a gap.
    pub count: u32,
}

impl Summary {
    /// No points at all.
    pub const EMPTY: Self = Self {
        min: f32::INFINITY,
        max: f32::NEG_INFINITY,
        mean: 0.0,
        count: 0,
    };

    fn point(value: f32) -> Self {
        if value.is_finite() {
            Self {
                min: value,
                max: value,
                mean: value,
                count: 1,
            }
        } else {
            Self::EMPTY
        }
    }

    /// Both stretches together.
    pub fn merge(self, other: Self) -> Self {
        if self.count == 0 {
            return other;
        }
        if other.count == 0 {
            return self;
        }
        let count = self.count + other.count;
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            mean: self.mean + (other.mean - self.mean) * (other.count as f32 / count as f32),
            count,
        }
    }
}

/// One series: its points and a pyramid of summaries over 16, 32, 64, ... points.
#[derive(Clone, Debug, Default)]
pub struct Column {
    points: Vec<f32>,
    levels: Vec<Vec<Summary>>,
}

impl Column {
    /// Adds a point; a value that is not finite is a gap.
    pub fn push(&mut self, value: f64) {
        let value = value as f32;
        self.points.push(if value.is_finite() { value } else { f32::NAN });
        if !self.points.len().is_multiple_of(BASE) {
            return;
        }
        let tail = &self.points[self.points.len() - BASE..];
        let mut bucket = tail.iter().fold(Summary::EMPTY, |s, &v| s.merge(Summary::point(v)));
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let buckets = &mut self.levels[level];
            buckets.push(bucket);
            let n = buckets.len();
            if n % 2 == 1 {
                break;
            }
            bucket = buckets[n - 2].merge(buckets[n - 1]);
        }
    }

    /// Forgets all points from `len` on.
    fn truncate(&mut self, len: usize) {
        self.points.truncate(len);
        for (level, buckets) in self.levels.iter_mut().enumerate() {
            buckets.truncate(len / (BASE << level));
        }
    }

    /// The points, gaps as NaN.
    pub fn points(&self) -> &[f32] {
        &self.points
    }

    /// The newest point, unless it is a gap.
    pub fn last(&self) -> Option<f32> {
        self.points.last().copied().filter(|v| v.is_finite())
    }

    /// Exact summary of the points `from..to`, in time of the logarithm of their number.
    pub fn summary(&self, from: usize, to: usize) -> Summary {
        let to = to.min(self.points.len());
        let (mut all, mut total) = (Summary::EMPTY, 0.0);
        let mut at = from;
        while at < to {
            if let Some((level, b)) = self.largest_bucket(at, to) {
                (all.min, all.max) = (all.min.min(b.min), all.max.max(b.max));
                all.count += b.count;
                total += f64::from(b.mean) * f64::from(b.count);
                at += BASE << level;
                continue;
            }
            // Point by point to where the next bucket may start.
            let end = to.min((at / BASE + 1) * BASE);
            for &v in self.points[at..end].iter().filter(|v| v.is_finite()) {
                (all.min, all.max) = (all.min.min(v), all.max.max(v));
                all.count += 1;
                total += f64::from(v);
            }
            at = end;
        }
        all.mean = if all.count > 0 {
            (total / f64::from(all.count)) as f32
        } else {
            0.0
        };
        all
    }

    /// The largest bucket that starts at `at` and ends within `to`.
    fn largest_bucket(&self, at: usize, to: usize) -> Option<(usize, Summary)> {
        if !at.is_multiple_of(BASE) || at + BASE > to {
            return None;
        }
        let free = (to - at) / BASE;
        let aligned = if at == 0 {
            usize::BITS
        } else {
            (at / BASE).trailing_zeros()
        };
        let top = self.levels.len().checked_sub(1)?;
        let level = (free.ilog2().min(aligned) as usize).min(top);
        let bucket = self.levels[level].get(at / (BASE << level))?;
        Some((level, *bucket))
    }
}

/// Rows of `N` numbers in the order of their steps.
#[derive(Clone, Debug)]
pub struct Table<const N: usize> {
    steps: Vec<u32>,
    columns: [Column; N],
}

impl<const N: usize> Default for Table<N> {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            columns: std::array::from_fn(|_| Column::default()),
        }
    }
}

impl<const N: usize> Table<N> {
    /// Adds a row. A step that was there already is done again, so it and all after it are forgotten first.
    pub fn push(&mut self, step: u32, row: [f64; N]) {
        if self.steps.last().is_some_and(|&last| step <= last) {
            let keep = self.steps.partition_point(|&s| s < step);
            self.steps.truncate(keep);
            self.columns.iter_mut().for_each(|c| c.truncate(keep));
        }
        self.steps.push(step);
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.push(value);
        }
    }

    /// The step of each row, strictly rising.
    pub fn steps(&self) -> &[u32] {
        &self.steps
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// No row yet.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// A column by its place.
    pub fn column(&self, index: usize) -> &Column {
        &self.columns[index]
    }
}

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
            (column.points.len()..before).for_each(|_| column.push(gap));
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

    /// s' - s as the first step that has both measured it, and as the one at a place did.
    pub fn gaps(&self, at: usize) -> Option<(f32, f32)> {
        let (s, g) = (self.column(Series::RewardOriginal), self.column(Series::RewardGuided));
        let gap = |at: usize| Some(g.points().get(at)? - s.points().get(at)?).filter(|gap: &f32| gap.is_finite());
        Some(((0..=at).find_map(gap)?, gap(at)?))
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
    fn a_summary_of_any_stretch_is_exact() {
        let mut column = Column::default();
        let value = |i: usize| ((i * 7919) % 1009) as f64;
        (0..3000).for_each(|i| column.push(value(i)));
        for (from, to) in [
            (0, 3000),
            (1, 2999),
            (15, 17),
            (16, 48),
            (100, 100),
            (1023, 1025),
            (2990, 4000),
        ] {
            let want = (from..to.min(3000)).map(value);
            let got = column.summary(from, to);
            assert_eq!(got.count as usize, want.clone().count());
            if got.count > 0 {
                assert_eq!(f64::from(got.min), want.clone().fold(f64::INFINITY, f64::min));
                assert_eq!(f64::from(got.max), want.clone().fold(f64::NEG_INFINITY, f64::max));
                let mean = want.clone().sum::<f64>() / want.count() as f64;
                assert!((f64::from(got.mean) - mean).abs() < 0.01, "{} {mean}", got.mean);
            }
        }
    }

    #[test]
    fn one_spike_among_a_million_is_kept() {
        let mut column = Column::default();
        (0..1_000_000).for_each(|i| column.push(if i == 777_777 { 9.0 } else { 0.0 }));
        assert_eq!(column.summary(777_000, 778_500).max, 9.0);
        assert_eq!(column.summary(0, 777_777).max, 0.0);
    }

    #[test]
    fn what_is_not_finite_is_a_gap() {
        let mut column = Column::default();
        (0..64).for_each(|i| column.push(if i < 32 { f64::NAN } else { f64::INFINITY }));
        assert_eq!(column.summary(0, 64), Summary::EMPTY);
        assert_eq!(column.last(), None);
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

    #[test]
    fn a_step_done_again_replaces_what_followed() {
        let mut table = Table::<1>::default();
        (0..100).for_each(|i| table.push(i, [f64::from(i)]));
        table.push(40, [-1.0]);
        assert_eq!(table.len(), 41);
        assert_eq!(table.column(0).summary(0, 41).max, 39.0);
        assert_eq!(table.column(0).last(), Some(-1.0));
    }
}
