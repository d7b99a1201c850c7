//! A series of numbers with a pyramid of minima and maxima, so that any stretch of it is summed up in no time.

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
    pub(super) fn truncate(&mut self, len: usize) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_step_done_again_replaces_what_followed() {
        let mut table = Table::<1>::default();
        (0..100).for_each(|i| table.push(i, [f64::from(i)]));
        table.push(40, [-1.0]);
        assert_eq!(table.len(), 41);
        assert_eq!(table.column(0).summary(0, 41).max, 39.0);
        assert_eq!(table.column(0).last(), Some(-1.0));
    }
}
