//! How good a reward model is on rows it was not trained on: accuracy with its interval, margin, calibration, and how
//! much of it is length.

use crate::train::{Bin, RewardQuality};

/// A scored row: how much the model prefers what it should, and what length alone would say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Pairs: s_chosen - s_rejected. Labels: the logit, its sign turned where the label is 0. Right when above 0.
    pub margin: f64,
    /// Pairs: tokens of chosen less those of rejected. Labels: tokens of the text.
    pub length: f64,
    /// The score that goes with `length`: the difference for pairs, the logit for labels.
    pub score: f64,
    /// Pairs: true. Labels: the label.
    pub label: bool,
}

/// The rule that only looks at length: "the longer one", "the shorter one", or a threshold for labels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LengthRule {
    /// Longer is better, or positive.
    pub longer: bool,
    /// Tokens; 0 for pairs.
    pub threshold: f64,
    pairs: bool,
}

impl LengthRule {
    /// The rule that is right most often on training rows.
    pub fn learn(rows: &[Judged], pairs: bool) -> Self {
        let mut thresholds = vec![0.0];
        if !pairs {
            let mut lengths: Vec<f64> = rows.iter().map(|r| r.length).collect();
            lengths.sort_by(f64::total_cmp);
            // A hundred cuts say as much as all of them.
            thresholds.extend((0..100).filter_map(|i| lengths.get(i * lengths.len() / 100)));
        }
        let right = |rule: &Self| rows.iter().filter(|r| rule.is_right(r) == Some(true)).count();
        let mut best = (
            0,
            Self {
                longer: true,
                threshold: 0.0,
                pairs,
            },
        );
        for threshold in thresholds {
            for longer in [true, false] {
                let rule = Self {
                    longer,
                    threshold,
                    pairs,
                };
                // The first of equals, so that it does not depend on the order of the search.
                if right(&rule) > best.0 {
                    best = (right(&rule), rule);
                }
            }
        }
        best.1
    }

    /// Whether it is right about a row; `None` where it cannot tell.
    pub fn is_right(&self, row: &Judged) -> Option<bool> {
        let over = row.length - self.threshold;
        if over == 0.0 && self.pairs {
            return None;
        }
        Some(((over > 0.0) == self.longer) == row.label)
    }

    /// For people.
    pub fn words(&self) -> String {
        match (self.pairs, self.longer) {
            (true, true) => "the longer one".into(),
            (true, false) => "the shorter one".into(),
            (false, true) => format!("over {:.0} tokens is positive", self.threshold),
            (false, false) => format!("up to {:.0} tokens is positive", self.threshold),
        }
    }
}

/// Everything that is said about a reward model on `rows`.
pub fn quality(rows: &[Judged], rule: &LengthRule) -> RewardQuality {
    let n = rows.len();
    let right = rows.iter().filter(|r| r.margin > 0.0).count();
    let (low, high) = wilson(right, n);
    let by_rule = |r: &Judged| match rule.is_right(r) {
        Some(right) => f64::from(u8::from(right)),
        None => 0.5,
    };
    let baseline = mean(rows.iter().map(by_rule));
    let against: Vec<&Judged> = rows.iter().filter(|r| rule.is_right(r) == Some(false)).collect();
    let right_against = against.iter().filter(|r| r.margin > 0.0).count();
    let (calibration, calibration_error) = calibration(rows);
    let length_correlation = correlation(
        &rows.iter().map(|r| r.score).collect::<Vec<_>>(),
        &rows.iter().map(|r| r.length).collect::<Vec<_>>(),
    );
    let mut quality = RewardQuality {
        accuracy: right as f64 / n.max(1) as f64,
        low,
        high,
        margin: mean(rows.iter().map(|r| r.margin)),
        margins: rows.iter().map(|r| r.margin).collect(),
        calibration,
        calibration_error,
        length_correlation,
        baseline,
        baseline_rule: rule.words(),
        against_length: against.len(),
        accuracy_against_length: right_against as f64 / against.len().max(1) as f64,
        warning: None,
    };
    quality.warning = warning(&quality);
    quality
}

/// What to beware of, if the reward is mostly length or no better than it.
fn warning(q: &RewardQuality) -> Option<String> {
    let r = q.length_correlation;
    if r * r >= 0.5 {
        return Some(format!(
            "this reward is mostly length: its scores and the lengths correlate at {r:+.2}, and where length is wrong \
             it is right in {:.0}%; a policy trained with it will write {} text",
            100.0 * q.accuracy_against_length,
            if r > 0.0 { "longer" } else { "shorter" },
        ));
    }
    if q.low <= q.baseline {
        return Some(format!(
            "no better than length alone on these rows: {:.3} ({:.3} to {:.3}) against {:.3} by \"{}\"; more rows or \
             a larger model would tell",
            q.accuracy, q.low, q.high, q.baseline, q.baseline_rule,
        ));
    }
    None
}

/// Reliability in ten bins of the probability the model gives to its own choice, sigmoid(|margin|) in [0.5, 1], and the
/// expected calibration error (Guo et al. 2017), which weighs each bin's gap by its rows.
fn calibration(rows: &[Judged]) -> (Vec<Bin>, f64) {
    const BINS: usize = 10;
    let mut sums = [(0usize, 0.0, 0.0); BINS];
    for row in rows {
        let sure = 1.0 / (1.0 + (-row.margin.abs()).exp());
        let bin = (((sure - 0.5) * 2.0 * BINS as f64) as usize).min(BINS - 1);
        sums[bin].0 += 1;
        sums[bin].1 += sure;
        sums[bin].2 += f64::from(u8::from(row.margin > 0.0));
    }
    let bins: Vec<Bin> = sums
        .iter()
        .filter(|(n, ..)| *n > 0)
        .map(|&(n, sure, right)| Bin {
            rows: n,
            predicted: sure / n as f64,
            observed: right / n as f64,
        })
        .collect();
    let gap = |b: &Bin| b.rows as f64 * (b.predicted - b.observed).abs();
    let error = bins.iter().map(gap).sum::<f64>() / rows.len().max(1) as f64;
    (bins, error)
}

/// Wilson's 95% interval of a share of `n`.
pub fn wilson(right: usize, n: usize) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let z = 1.959_963_984_540_054_f64;
    let (n, p) = (n as f64, right as f64 / n as f64);
    let centre = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    (((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0))
}

/// Pearson's correlation; 0 where one of the two does not vary.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (ma, mb) = (mean(a.iter().copied()), mean(b.iter().copied()));
    let cov: f64 = a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum();
    let var = |x: &[f64], m: f64| x.iter().map(|v| (v - m).powi(2)).sum::<f64>();
    let scale = (var(a, ma) * var(b, mb)).sqrt();
    if scale > 0.0 { cov / scale } else { 0.0 }
}

fn mean(x: impl Iterator<Item = f64>) -> f64 {
    let (n, sum) = x.fold((0usize, 0.0), |(n, sum), v| (n + 1, sum + v));
    if n == 0 { 0.0 } else { sum / n as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(margin: f64, length: f64) -> Judged {
        Judged {
            margin,
            length,
            score: margin,
            label: true,
        }
    }

    #[test]
    fn wilson_is_that_of_the_textbook() {
        // scipy.stats.binomtest(right, n).proportion_ci(method="wilson"), scipy 1.17
        for (right, n, low, high) in [
            (8, 10, 0.490_162_471_536_641_9, 0.943_317_848_545_624_7),
            (0, 20, 0.0, 0.161_125_158_052_819_35),
            (332, 400, 0.790_090_867_941_329_9, 0.863_631_017_798_034_3),
        ] {
            let (l, h) = wilson(right, n);
            assert!(
                (l - low).abs() < 1e-9 && (h - high).abs() < 1e-9,
                "{right}/{n}: {l} {h}"
            );
        }
    }

    #[test]
    fn a_reward_that_only_counts_words_is_told_on() {
        let rows: Vec<Judged> = (1..=100)
            .map(|i| {
                let length = f64::from(i) - 30.5;
                pair(0.1 * length, length)
            })
            .collect();
        let rule = LengthRule::learn(&rows, true);
        assert_eq!(rule.words(), "the longer one");
        let q = quality(&rows, &rule);
        assert_eq!((q.accuracy, q.baseline), (0.7, 0.7));
        assert!((q.length_correlation - 1.0).abs() < 1e-12);
        assert_eq!((q.against_length, q.accuracy_against_length), (30, 0.0));
        assert!(q.warning.unwrap().starts_with("this reward is mostly length"));
    }

    #[test]
    fn a_reward_that_knows_more_than_length_is_not() {
        // Right in 90 of 100, with lengths that say nothing.
        let rows: Vec<Judged> = (0..200)
            .map(|i| {
                pair(
                    if i % 10 == 0 { -1.0 } else { 1.0 },
                    if i % 2 == 0 { 5.0 } else { -5.0 },
                )
            })
            .collect();
        let q = quality(&rows, &LengthRule::learn(&rows, true));
        assert_eq!((q.accuracy, q.baseline, q.warning), (0.9, 0.5, None));
        assert!((q.margin - 0.8).abs() < 1e-12);
    }

    #[test]
    fn calibration_compares_what_was_said_with_what_was_so() {
        // sigmoid(ln 3) = 0.75, and it is right in 75 of 100: perfectly calibrated.
        let margin = 3f64.ln();
        let honest: Vec<Judged> = (0..100)
            .map(|i| pair(if i < 75 { margin } else { -margin }, 1.0))
            .collect();
        let (bins, error) = calibration(&honest);
        assert_eq!(bins.len(), 1);
        assert!((bins[0].predicted - 0.75).abs() < 1e-12 && (bins[0].observed - 0.75).abs() < 1e-12);
        assert!(error < 1e-12);
        let boastful: Vec<Judged> = (0..100)
            .map(|i| pair(if i < 50 { margin } else { -margin }, 1.0))
            .collect();
        assert!((calibration(&boastful).1 - 0.25).abs() < 1e-12);
    }

    #[test]
    fn a_threshold_is_learnt_for_labels() {
        let rows: Vec<Judged> = (0..100)
            .map(|i| Judged {
                margin: 0.0,
                length: f64::from(i),
                score: 0.0,
                label: i < 60,
            })
            .collect();
        let rule = LengthRule::learn(&rows, false);
        assert!(!rule.longer && (58.0..60.0).contains(&rule.threshold), "{rule:?}");
        assert!(rows.iter().filter(|r| rule.is_right(r) == Some(true)).count() >= 99);
    }

    #[test]
    fn correlation_of_what_does_not_vary_is_none() {
        assert_eq!(correlation(&[1.0, 1.0], &[0.0, 5.0]), 0.0);
        assert!((correlation(&[1.0, 2.0, 3.0], &[6.0, 4.0, 2.0]) + 1.0).abs() < 1e-12);
    }
}
