//! The moving average that charts and legends show, so that the trend of a run is seen through the noise of its batches.

/// Weight of the newest point.
const WEIGHT: f64 = 0.2;
/// Points before the first wanted one: what lies further back weighs less than a millionth.
const WARM_UP: usize = 64;

/// The average of each of the points `from..to` with those before it; a gap (NaN) stays a gap and does not count.
///
/// The weights of an average add up to one from the first point on, so that the first points are not overrated.
pub fn averages(points: &[f32], from: usize, to: usize) -> Vec<f64> {
    let to = to.min(points.len());
    let start = from.saturating_sub(WARM_UP).min(to);
    let (mut sum, mut weights) = (0.0, 0.0);
    let mut out = Vec::with_capacity(to.saturating_sub(from));
    for (i, value) in points.iter().copied().enumerate().take(to).skip(start) {
        let value = f64::from(value);
        if value.is_finite() {
            sum = sum * (1.0 - WEIGHT) + value * WEIGHT;
            weights = weights * (1.0 - WEIGHT) + WEIGHT;
        }
        if i >= from {
            out.push(if value.is_finite() { sum / weights } else { f64::NAN });
        }
    }
    out
}

/// The average at one point.
pub fn average(points: &[f32], at: usize) -> Option<f32> {
    let newest = averages(points, at, at.checked_add(1)?).pop()?;
    newest.is_finite().then_some(newest as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_of_equal_points_is_that_point_and_gaps_stay() {
        let points = [2.0, 2.0, f32::NAN, 2.0];
        let got = averages(&points, 0, 4);
        assert!(
            got.iter()
                .enumerate()
                .all(|(i, v)| if i == 2 { v.is_nan() } else { (v - 2.0).abs() < 1e-9 })
        );
        assert_eq!(average(&points, 2), None);
        assert_eq!(average(&points, 9), None);
    }

    #[test]
    fn the_first_points_are_averaged_evenly_and_a_start_in_the_middle_changes_nothing() {
        let points: Vec<f32> = (0..300u16).map(|i| f32::from(i * 37 % 101)).collect();
        assert!((averages(&points, 1, 2)[0] - (0.8 * 0.0 + 37.0) / 1.8).abs() < 1e-6);
        let (all, tail) = (averages(&points, 0, 300), averages(&points, 200, 300));
        assert!(all[200..].iter().zip(&tail).all(|(a, b)| (a - b).abs() < 1e-4));
    }
}
