//! Choosing the next token from logits.
//!
//! The settings act in the order in which `transformers` applies them: repetition penalty, temperature, top-k, top-p,
//! min-p.

use rand_chacha::ChaCha8Rng;

use crate::config::GenerationSettings;
use crate::random::unit;

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chooser {
    /// Logits of tokens that were there already are divided by it where they are positive and multiplied where not (Keskar
    /// et al. 2019); 1 leaves them.
    pub repetition_penalty: f64,
    /// Logits are divided by it; 0 takes the most probable token, whatever the three settings below.
    pub temperature: f64,
    /// Only so many of the most probable tokens, and those as probable as the last of them; 0 for all.
    pub top_k: usize,
    /// Nucleus: only the most probable tokens that together have this mass (Holtzman et al. 2020).
    pub top_p: f64,
    /// Only tokens at least so many times as probable as the most probable one.
    pub min_p: f64,
}

/// Room for the work of [`Chooser::choose`], kept from token to token.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    weights: Vec<f32>,
    sorted: Vec<f32>,
    order: Vec<u32>,
}

impl Chooser {
    /// What `[generation]` says.
    pub fn of(settings: &GenerationSettings) -> Self {
        Self {
            repetition_penalty: settings.repetition_penalty,
            temperature: settings.temperature,
            top_k: settings.top_k,
            top_p: settings.top_p,
            min_p: settings.min_p,
        }
    }

    /// [`Chooser::choose`] looks at the tokens that were there already.
    pub fn looks_back(&self) -> bool {
        self.repetition_penalty != 1.0
    }

    /// The next token of one row; `seen` are the tokens of its prompt and of its response so far, each once.
    pub fn choose(&self, logits: &mut [f32], seen: &[u32], rng: &mut ChaCha8Rng, scratch: &mut Scratch) -> u32 {
        self.penalise(logits, seen);
        if self.temperature == 0.0 {
            return argmax(logits);
        }
        self.weigh(logits, scratch);
        let weights = &scratch.weights;
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

    /// The probability of each token.
    #[cfg(test)]
    pub fn probabilities(&self, logits: &mut [f32], seen: &[u32], scratch: &mut Scratch) -> Vec<f64> {
        self.penalise(logits, seen);
        self.weigh(logits, scratch);
        let total: f64 = scratch.weights.iter().map(|&w| f64::from(w)).sum();
        scratch.weights.iter().map(|&w| f64::from(w) / total).collect()
    }

    fn penalise(&self, logits: &mut [f32], seen: &[u32]) {
        if !self.looks_back() {
            return;
        }
        let penalty = self.repetition_penalty as f32;
        for &token in seen {
            if let Some(l) = logits.get_mut(token as usize) {
                *l = if *l < 0.0 { *l * penalty } else { *l / penalty };
            }
        }
    }

    /// Weights in proportion to the probabilities, the most probable token's 1; 0 for what is cut off.
    fn weigh(&self, logits: &[f32], scratch: &mut Scratch) {
        let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let inverse = (1.0 / self.temperature) as f32;
        scratch.weights.clear();
        scratch
            .weights
            .extend(logits.iter().map(|&l| ((l - max) * inverse).exp()));
        if self.top_k > 0 && self.top_k < logits.len() {
            cut_to_most_probable(scratch, self.top_k);
        }
        if self.top_p < 1.0 {
            cut_to_nucleus(scratch, self.top_p);
        }
        if self.min_p > 0.0 {
            let least = self.min_p as f32;
            for w in &mut scratch.weights {
                *w = if *w < least { 0.0 } else { *w };
            }
        }
    }
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

/// Sets to zero what is less than the `k`th largest.
fn cut_to_most_probable(scratch: &mut Scratch, k: usize) {
    let Scratch { weights, sorted, .. } = scratch;
    sorted.clear();
    sorted.extend_from_slice(weights);
    let (_, least, _) = sorted.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
    let least = *least;
    for w in weights {
        *w = if *w < least { 0.0 } else { *w };
    }
}

/// Sets to zero what lies outside of the smallest set of tokens that has at least `top_p` of the mass.
///
/// Sorts only the most probable tokens, more of them where they do not have the mass: of a large vocabulary most tokens
/// have next to none.
fn cut_to_nucleus(scratch: &mut Scratch, top_p: f64) {
    let Scratch { weights, order, .. } = scratch;
    let mass = top_p * weights.iter().map(|&w| f64::from(w)).sum::<f64>();
    let mut above = 1.0 / 64.0f32;
    loop {
        order.clear();
        order.extend((0..weights.len() as u32).filter(|&i| weights[i as usize] > above));
        let found: f64 = order.iter().map(|&i| f64::from(weights[i as usize])).sum();
        if found >= mass || above == 0.0 {
            let weight = |i: u32| weights[i as usize];
            order.sort_unstable_by(|&a, &b| weight(b).total_cmp(&weight(a)).then(a.cmp(&b)));
            let mut left = mass;
            let inside = order.iter().position(|&i| {
                let full = left <= 0.0;
                left -= f64::from(weight(i));
                full
            });
            // Rounding may leave a mass that is just not reached by the sum in this order.
            if inside.is_some() || left <= 0.0 || above == 0.0 {
                order.truncate(inside.unwrap_or(order.len()));
                break;
            }
        }
        above = if above > 1e-30 { above / 64.0 } else { 0.0 };
    }
    // The nucleus alone is left.
    let kept: Vec<(u32, f32)> = order.iter().map(|&i| (i, weights[i as usize])).collect();
    weights.fill(0.0);
    for (i, w) in kept {
        weights[i as usize] = w;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    const PLAIN: Chooser = Chooser {
        repetition_penalty: 1.0,
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        min_p: 0.0,
    };

    fn frequencies(logits: &[f32], chooser: Chooser) -> Vec<f64> {
        let mut rng = stream(3, Purpose::Ask, 0, 0);
        let mut counts = vec![0u32; logits.len()];
        let mut scratch = Scratch::default();
        for _ in 0..20_000 {
            counts[chooser.choose(&mut logits.to_vec(), &[], &mut rng, &mut scratch) as usize] += 1;
        }
        counts.into_iter().map(|c| f64::from(c) / 20_000.0).collect()
    }

    #[test]
    fn frequencies_follow_the_softmax() {
        let f = frequencies(&[0.0, 1.0, 2.0], PLAIN);
        for (found, wanted) in f.iter().zip([0.0900, 0.2447, 0.6652]) {
            assert!((found - wanted).abs() < 0.012, "{f:?}");
        }
    }

    #[test]
    fn temperature_zero_is_greedy_and_low_temperature_sharpens() {
        let at = |temperature| Chooser { temperature, ..PLAIN };
        assert_eq!(frequencies(&[0.0, 3.0, 2.9], at(0.0)), [0.0, 1.0, 0.0]);
        let f = frequencies(&[0.0, 1.0], at(0.5));
        assert!((f[1] - 0.8808).abs() < 0.012, "{f:?}");
    }

    #[test]
    fn the_nucleus_keeps_the_smallest_set_with_the_mass() {
        let of = |top_p| Chooser { top_p, ..PLAIN };
        // Probabilities 0.665, 0.245, 0.090.
        let f = frequencies(&[2.0, 1.0, 0.0], of(0.7));
        assert_eq!(f[2], 0.0);
        assert!((f[0] - 0.731).abs() < 0.012, "{f:?}");
        assert_eq!(frequencies(&[2.0, 1.0, 0.0], of(0.5)), [1.0, 0.0, 0.0]);
    }

    /// Sorting only the most probable tokens cuts where sorting all would, from sharp to flat.
    #[test]
    fn the_nucleus_is_that_of_sorting_everything() {
        for (spread, top_p) in [
            (30.0, 0.9),
            (8.0, 0.95),
            (2.0, 0.8),
            (0.01, 0.5),
            (0.0, 0.3),
            (4.0, 0.999_999),
        ] {
            let logits: Vec<f32> = (0..5000u32)
                .map(|i| (spread * f64::from(i * 7919 % 4999).sin()) as f32)
                .collect();
            let mut scratch = Scratch::default();
            PLAIN.weigh(&logits, &mut scratch);
            let all = scratch.weights.clone();
            let mut order: Vec<usize> = (0..all.len()).collect();
            order.sort_by(|&a, &b| all[b].total_cmp(&all[a]).then(a.cmp(&b)));
            let mut left = top_p * all.iter().map(|&w| f64::from(w)).sum::<f64>();
            let mut wanted = all.clone();
            for i in order {
                if left <= 0.0 {
                    wanted[i] = 0.0;
                }
                left -= f64::from(all[i]);
            }
            cut_to_nucleus(&mut scratch, top_p);
            assert!(scratch.weights == wanted, "spread {spread}, top_p {top_p}");
        }
    }

    #[test]
    fn logits_that_are_not_numbers_do_not_panic() {
        let mut rng = stream(3, Purpose::Ask, 0, 0);
        for chooser in [
            PLAIN,
            Chooser {
                top_k: 1,
                top_p: 0.9,
                min_p: 0.1,
                repetition_penalty: 2.0,
                ..PLAIN
            },
        ] {
            chooser.choose(&mut [f32::NAN, f32::NAN], &[0], &mut rng, &mut Scratch::default());
        }
    }
}
