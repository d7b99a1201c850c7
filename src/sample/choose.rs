//! Choosing the next token from logits.

use rand_chacha::ChaCha8Rng;

use crate::random::unit;

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chooser {
    /// Logits are divided by it; 0 takes the most probable token.
    pub temperature: f64,
    /// Nucleus: only the most probable tokens that together have this mass (Holtzman et al. 2020).
    pub top_p: f64,
}

/// The next token of one row.
pub fn choose(logits: &[f32], chooser: &Chooser, rng: &mut ChaCha8Rng) -> u32 {
    if chooser.temperature == 0.0 {
        return argmax(logits);
    }
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let inverse = (1.0 / chooser.temperature) as f32;
    let mut weights: Vec<f32> = logits.iter().map(|&l| ((l - max) * inverse).exp()).collect();
    if chooser.top_p < 1.0 {
        cut_to_nucleus(&mut weights, chooser.top_p);
    }
    let total: f64 = weights.iter().map(|&w| f64::from(w)).sum();
    let mut left = unit(rng) * total;
    for (i, w) in weights.iter().enumerate() {
        left -= f64::from(*w);
        if left < 0.0 && *w > 0.0 {
            return i as u32;
        }
    }
    // Only rounding, or logits that are not numbers, lead here.
    argmax(logits)
}

fn argmax(logits: &[f32]) -> u32 {
    let mut best = 0;
    for (i, l) in logits.iter().enumerate() {
        if *l > logits[best] {
            best = i;
        }
    }
    best as u32
}

/// Sets to zero what lies outside of the smallest set of tokens that has at least `top_p` of the mass.
fn cut_to_nucleus(weights: &mut [f32], top_p: f64) {
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
    let mut left = top_p * weights.iter().map(|&w| f64::from(w)).sum::<f64>();
    for i in order {
        if left <= 0.0 {
            weights[i] = 0.0;
        }
        left -= f64::from(weights[i]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    fn frequencies(logits: &[f32], chooser: Chooser) -> Vec<f64> {
        let mut rng = stream(3, Purpose::Ask, 0, 0);
        let mut counts = vec![0u32; logits.len()];
        for _ in 0..20_000 {
            counts[choose(logits, &chooser, &mut rng) as usize] += 1;
        }
        counts.into_iter().map(|c| f64::from(c) / 20_000.0).collect()
    }

    #[test]
    fn frequencies_follow_the_softmax() {
        let f = frequencies(
            &[0.0, 1.0, 2.0],
            Chooser {
                temperature: 1.0,
                top_p: 1.0,
            },
        );
        for (found, wanted) in f.iter().zip([0.0900, 0.2447, 0.6652]) {
            assert!((found - wanted).abs() < 0.012, "{f:?}");
        }
    }

    #[test]
    fn temperature_zero_is_greedy_and_low_temperature_sharpens() {
        assert_eq!(
            frequencies(
                &[0.0, 3.0, 2.9],
                Chooser {
                    temperature: 0.0,
                    top_p: 1.0
                }
            ),
            [0.0, 1.0, 0.0]
        );
        let f = frequencies(
            &[0.0, 1.0],
            Chooser {
                temperature: 0.5,
                top_p: 1.0,
            },
        );
        assert!((f[1] - 0.8808).abs() < 0.012, "{f:?}");
    }

    #[test]
    fn the_nucleus_keeps_the_smallest_set_with_the_mass() {
        // Probabilities 0.665, 0.245, 0.090.
        let f = frequencies(
            &[2.0, 1.0, 0.0],
            Chooser {
                temperature: 1.0,
                top_p: 0.7,
            },
        );
        assert_eq!(f[2], 0.0);
        assert!((f[0] - 0.731).abs() < 0.012, "{f:?}");
        let f = frequencies(
            &[2.0, 1.0, 0.0],
            Chooser {
                temperature: 1.0,
                top_p: 0.5,
            },
        );
        assert_eq!(f, [1.0, 0.0, 0.0]);
    }

    #[test]
    fn logits_that_are_not_numbers_do_not_panic() {
        let mut rng = stream(3, Purpose::Ask, 0, 0);
        choose(
            &[f32::NAN, f32::NAN],
            &Chooser {
                temperature: 1.0,
                top_p: 0.9,
            },
            &mut rng,
        );
    }
}
