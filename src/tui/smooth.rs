//! The moving average that charts and legends show, so that the trend of a run is seen through the noise of its batches.

/// Points before the first wanted one count until they weigh less than this.
const FORGOTTEN: f64 = 1e-6;

/// How much the curves are smoothed: exponential moving averages of two lengths, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Smoothing {
    /// The newest point weighs a fifth.
    #[default]
    Short,
    /// The newest point weighs a fiftieth.
    Long,
    Off,
}

impl Smoothing {
    /// The next in turn.
    pub fn next(self) -> Self {
        match self {
            Smoothing::Short => Smoothing::Long,
            Smoothing::Long => Smoothing::Off,
            Smoothing::Off => Smoothing::Short,
        }
    }

    /// Weight of the newest point; 1 where nothing is smoothed.
    pub fn weight(self) -> f64 {
        match self {
            Smoothing::Short => 0.2,
            Smoothing::Long => 0.02,
            Smoothing::Off => 1.0,
        }
    }

    /// Something is averaged.
    pub fn is_on(self) -> bool {
        self != Smoothing::Off
    }

    /// In a few words.
    pub fn name(self) -> &'static str {
        match self {
            Smoothing::Short => "moving average",
            Smoothing::Long => "long moving average",
            Smoothing::Off => "every step",
        }
    }
}

/// An average that grows point by point. Its weights add up to one from the first point on, so that the first points
/// are not overrated.
#[derive(Clone, Copy, Debug, Default)]
pub struct Average {
    sum: f64,
    weights: f64,
}

impl Average {
    /// Takes in a point with its weight against what came before; one that is not finite is a gap, stays one and does not
    /// count.
    pub fn push(&mut self, value: f64, weight: f64) -> f64 {
        if !value.is_finite() {
            return f64::NAN;
        }
        self.sum = self.sum * (1.0 - weight) + value * weight;
        self.weights = self.weights * (1.0 - weight) + weight;
        self.sum / self.weights
    }
}

/// The average of each of the points `from..to` with those before it; a gap (NaN) stays a gap.
pub fn averages(points: &[f32], from: usize, to: usize, smoothing: Smoothing) -> Vec<f64> {
    let to = to.min(points.len());
    let weight = smoothing.weight();
    let warm_up = if smoothing.is_on() {
        (FORGOTTEN.ln() / (1.0 - weight).ln()).ceil() as usize
    } else {
        0
    };
    let start = from.saturating_sub(warm_up).min(to);
    let mut average = Average::default();
    let mut out = Vec::with_capacity(to.saturating_sub(from));
    for (i, value) in points.iter().copied().enumerate().take(to).skip(start) {
        let now = average.push(f64::from(value), weight);
        if i >= from {
            out.push(now);
        }
    }
    out
}

/// The average at one point.
pub fn average(points: &[f32], at: usize, smoothing: Smoothing) -> Option<f32> {
    let newest = averages(points, at, at.checked_add(1)?, smoothing).pop()?;
    newest.is_finite().then_some(newest as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_of_equal_points_is_that_point_and_gaps_stay() {
        let points = [2.0, 2.0, f32::NAN, 2.0];
        for smoothing in [Smoothing::Short, Smoothing::Long, Smoothing::Off] {
            let got = averages(&points, 0, 4, smoothing);
            assert!(
                got.iter()
                    .enumerate()
                    .all(|(i, v)| if i == 2 { v.is_nan() } else { (v - 2.0).abs() < 1e-9 })
            );
            assert_eq!(average(&points, 2, smoothing), None);
            assert_eq!(average(&points, 9, smoothing), None);
        }
    }

    #[test]
    fn the_first_points_are_averaged_evenly_and_a_start_in_the_middle_changes_nothing() {
        let points: Vec<f32> = (0..3000u32).map(|i| (i * 37 % 101) as f32).collect();
        let first = averages(&points, 1, 2, Smoothing::Short)[0];
        assert!((first - (0.8 * 0.0 + 37.0) / 1.8).abs() < 1e-6);
        for smoothing in [Smoothing::Short, Smoothing::Long] {
            let (all, tail) = (
                averages(&points, 0, 3000, smoothing),
                averages(&points, 2000, 3000, smoothing),
            );
            assert!(all[2000..].iter().zip(&tail).all(|(a, b)| (a - b).abs() < 1e-3));
        }
        let raw = averages(&points, 5, 9, Smoothing::Off);
        assert_eq!(raw, points[5..9].iter().map(|p| f64::from(*p)).collect::<Vec<_>>());
    }
}
