//! What of the raw scores of a step Eqs. 3 to 5 see.
//!
//! Everything follows from the step's own scores, so that a run that is resumed sees the same again.

use crate::config::{Bounds, Clip, RewardSettings, Shape};

/// Added to a deviation, so that scores that are all the same become zeros and not noise.
const EPSILON: f64 = 1e-8;

/// The (s, s') of a step's pairs as the equations see them, `None` where they see the raw ones.
///
/// Standardised: less the mean over all s and s' of the step, over their standard deviation (that of the population).
/// Then clipped. A score that is not finite takes no part in mean and deviation.
pub fn shape(settings: &RewardSettings, raw: &[(f64, f64)]) -> Option<Vec<(f64, f64)>> {
    settings.shaping()?;
    let (mean, deviation) = match settings.shape {
        Shape::None => (0.0, 1.0),
        Shape::Standardise => {
            let (mean, deviation) = spread(raw);
            (mean, deviation + EPSILON)
        }
    };
    let one = |x: f64| {
        let x = (x - mean) / deviation;
        match settings.clip {
            Clip::To(Bounds { low, high }) => x.clamp(low, high),
            Clip::Off(_) => x,
        }
    };
    Some(raw.iter().map(|&(s, s_guided)| (one(s), one(s_guided))).collect())
}

/// Mean and standard deviation of all finite numbers.
fn spread(pairs: &[(f64, f64)]) -> (f64, f64) {
    let all: Vec<f64> = pairs
        .iter()
        .flat_map(|&(a, b)| [a, b])
        .filter(|x| x.is_finite())
        .collect();
    let n = all.len().max(1) as f64;
    let mean = all.iter().sum::<f64>() / n;
    let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(shape: Shape, clip: Option<(f64, f64)>) -> RewardSettings {
        let clip = clip.map_or_else(Clip::default, |(low, high)| Clip::To(Bounds { low, high }));
        RewardSettings {
            shape,
            clip,
            ..RewardSettings::model("builtin:imdb-sentiment")
        }
    }

    fn close(found: Option<Vec<(f64, f64)>>, expected: &[(f64, f64)]) {
        let found = found.expect("shaped");
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!((f.0 - e.0).abs() < 1e-7 && (f.1 - e.1).abs() < 1e-7, "{found:?}");
        }
    }

    #[test]
    fn the_paper_shapes_nothing() {
        assert_eq!(shape(&settings(Shape::None, None), &[(1.0, 2.0)]), None);
    }

    #[test]
    fn standardised_by_hand() {
        // 1, 3, 5, 7: mean 4, deviation sqrt((9 + 1 + 1 + 9) / 4) = sqrt 5.
        let raw = [(1.0, 5.0), (3.0, 7.0)];
        let r = 5f64.sqrt();
        let expected = [(-3.0 / r, 1.0 / r), (-1.0 / r, 3.0 / r)];
        close(shape(&settings(Shape::Standardise, None), &raw), &expected);
        // One that is no number stays one, and the others are as before.
        let broken = shape(
            &settings(Shape::Standardise, None),
            &[raw[0], raw[1], (f64::NAN, f64::INFINITY)],
        );
        let broken = broken.expect("shaped");
        close(Some(broken[..2].to_vec()), &expected);
        assert!(broken[2].0.is_nan() && broken[2].1 == f64::INFINITY);
    }

    #[test]
    fn equal_scores_say_nothing() {
        close(
            shape(
                &settings(Shape::Standardise, None),
                &[(0.1, 0.1), (0.1, 0.1), (0.1, 0.1)],
            ),
            &[(0.0, 0.0); 3],
        );
    }

    #[test]
    fn clipped_and_both_in_their_order() {
        let raw = [(-3.0, 0.5), (2.0, 9.0)];
        close(
            shape(&settings(Shape::None, Some((-1.0, 2.0))), &raw),
            &[(-1.0, 0.5), (2.0, 2.0)],
        );
        // 0 and 10: mean 5, deviation 5; then -1 and 1 are clipped to -0.5 and 0.5.
        close(
            shape(&settings(Shape::Standardise, Some((-0.5, 0.5))), &[(0.0, 10.0)]),
            &[(-0.5, 0.5)],
        );
    }
}
