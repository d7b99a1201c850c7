//! Random streams by purpose.
//!
//! Every random number of a run comes from a stream named by the seed, what it is for, and where in the run it is
//! used. Nothing carries over from one step to the next, so a run that is resumed draws what the uninterrupted one
//! would have drawn, and asking the policy a question does not disturb the training.

use burn::tensor::{Device, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Initialise = 1,
    Sft = 2,
    SampleOriginal = 3,
    SampleGuided = 4,
    ShuffleReplay = 5,
    EvaluateOriginal = 6,
    EvaluateGuided = 7,
    Ask = 8,
    Queries = 9,
    HeldOut = 10,
    Corpus = 11,
    Effect = 12,
    Preferences = 13,
    ShuffleUpdates = 14,
    Probe = 15,
    Dropout = 19,
    FitOrder = 20,
    FitRow = 21,
    FitSample = 22,
    FullEvaluation = 30,
    Reference = 31,
    /// Intervals of win rates and of agreement.
    Judge = 50,
    /// Which response is on which side of the annotation screen.
    Annotate = 51,
}

/// The stream of `purpose` at place (`major`, `minor`), for example (step, row).
pub fn stream(seed: u64, purpose: Purpose, major: u64, minor: u64) -> ChaCha8Rng {
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
    key[16..24].copy_from_slice(&major.to_le_bytes());
    key[24..].copy_from_slice(&minor.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// Uniform in [0, 1).
pub fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// Standard normal (Box-Muller).
pub fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - unit(rng)).ln()).sqrt();
    radius * (std::f64::consts::TAU * unit(rng)).cos()
}

/// A tensor of normal numbers with mean 0, the same on every device.
pub fn normal_tensor(rng: &mut ChaCha8Rng, shape: [usize; 2], std: f64, device: &Device) -> Tensor<2> {
    let values: Vec<f32> = (0..shape[0] * shape[1]).map(|_| (normal(rng) * std) as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_purpose_and_place_and_repeat_themselves() {
        let first = |p, a, b| stream(1, p, a, b).next_u64();
        assert_eq!(first(Purpose::Sft, 3, 4), first(Purpose::Sft, 3, 4));
        assert_ne!(first(Purpose::Sft, 3, 4), first(Purpose::Ask, 3, 4));
        assert_ne!(first(Purpose::Sft, 3, 4), first(Purpose::Sft, 4, 3));
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_deviation_one() {
        let mut rng = stream(7, Purpose::Initialise, 0, 0);
        let x: Vec<f64> = (0..20_000).map(|_| normal(&mut rng)).collect();
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let std = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64).sqrt();
        assert!(mean.abs() < 0.03 && (std - 1.0).abs() < 0.03, "mean {mean}, std {std}");
    }
}
