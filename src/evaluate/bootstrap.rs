//! Percentile bootstrap: how sure a number from so many queries is.

use crate::random::{Purpose, stream, unit};
use crate::train::Estimate;

/// Samples of the bootstrap.
const RESAMPLES: usize = 2000;
/// The share of the intervals, in percent.
pub const CONFIDENCE: f64 = 95.0;

/// Percentile intervals: queries are drawn with replacement, as many as there are, from streams of their own.
#[derive(Clone, Copy, Debug)]
pub struct Bootstrap {
    pub seed: u64,
    pub purpose: Purpose,
}

impl Bootstrap {
    /// The mean of the finite values with its interval; NaN where there is none.
    pub fn estimate(&self, values: impl IntoIterator<Item = f64>) -> Estimate {
        let values: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
        let n = values.len() as f64;
        self.of(values.len(), |drawn| drawn.iter().map(|&i| values[i]).sum::<f64>() / n)
    }

    /// A number of `n` queries, computed by `statistic` from the places of those that count, with its interval; NaN where
    /// there is none. Draws of which the statistic is NaN say nothing and do not count.
    pub fn of(&self, n: usize, mut statistic: impl FnMut(&[usize]) -> f64) -> Estimate {
        if n == 0 {
            let nan = f64::NAN;
            return Estimate {
                mean: nan,
                low: nan,
                high: nan,
            };
        }
        let all: Vec<usize> = (0..n).collect();
        let mut rng = stream(self.seed, self.purpose, 1, n as u64);
        let mut drawn = vec![0; n];
        let mut found: Vec<f64> = (0..RESAMPLES)
            .map(|_| {
                drawn.fill_with(|| ((unit(&mut rng) * n as f64) as usize).min(n - 1));
                statistic(&drawn)
            })
            .collect();
        found.retain(|x| !x.is_nan());
        found.sort_by(f64::total_cmp);
        let outside = ((100.0 - CONFIDENCE) / 200.0 * found.len() as f64) as usize;
        let at = |i: usize| found.get(i).copied().unwrap_or(f64::NAN);
        Estimate {
            mean: statistic(&all),
            low: at(outside),
            high: at(found.len().wrapping_sub(1 + outside)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::normal;

    fn bootstrap(seed: u64) -> Bootstrap {
        Bootstrap {
            seed,
            purpose: Purpose::Effect,
        }
    }

    #[test]
    fn intervals_of_small_samples_are_those_worked_by_hand() {
        let bootstrap = bootstrap(3);
        let same = bootstrap.estimate([2.5; 10]);
        assert_eq!((same.mean, same.low, same.high), (2.5, 2.5, 2.5));
        // Two values: a mean is 0, 1/2 or 1 with odds 1 : 2 : 1, so both ends are beyond the 2.5 percent.
        let two = bootstrap.estimate([0.0, 1.0]);
        assert_eq!((two.mean, two.low, two.high), (0.5, 0.0, 1.0));
        // Eight zeros and ones: the number of ones is binomial(8, 1/2), whose 2.5 and 97.5 percent points are 1 and 7.
        let eight = bootstrap.estimate([0.0, 1.0].repeat(4));
        assert_eq!((eight.low, eight.high), (1.0 / 8.0, 7.0 / 8.0));
        let nothing = bootstrap.estimate([f64::NAN]);
        assert!(nothing.mean.is_nan() && nothing.low.is_nan());
        assert_eq!(bootstrap.estimate([f64::NAN, 1.0]).mean, 1.0);
        // Half of the draws of two have no number: those that have one are all 1.
        let some = bootstrap.of(2, |drawn| if drawn[0] == 0 { 1.0 } else { f64::NAN });
        assert_eq!((some.mean, some.low, some.high), (1.0, 1.0, 1.0));
        assert!(bootstrap.of(2, |_| f64::NAN).high.is_nan());
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let (mut held, runs, n, mean) = (0, 200, 60, 0.3);
        for run in 0..runs {
            let mut rng = stream(run, Purpose::HeldOut, 0, 0);
            let found = bootstrap(run).estimate((0..n).map(|_| mean + normal(&mut rng)));
            held += usize::from(found.low <= mean && mean <= found.high);
            // 1.96 standard errors either side, give or take the noise of a sample of 60.
            let width = (found.high - found.low) / (2.0 * 1.96 / (n as f64).sqrt());
            assert!((0.6..1.5).contains(&width), "{width}");
        }
        // 95 percent of 200, three standard deviations either side, and a little less for the percentile method.
        assert!((176..=199).contains(&held), "{held} of {runs}");
    }

    #[test]
    fn any_statistic_has_an_interval() {
        // The median of 1..=9: that of all is 5, and no drawn one is outside.
        let median = bootstrap(1).of(9, |drawn| {
            let mut sorted = drawn.to_vec();
            sorted.sort_unstable();
            sorted[4] as f64 + 1.0
        });
        assert_eq!(median.mean, 5.0);
        assert!(
            median.low >= 2.0 && median.low < 5.0 && median.high > 5.0 && median.high <= 8.0,
            "{median:?}"
        );
    }
}
