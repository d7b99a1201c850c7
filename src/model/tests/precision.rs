//! Weights in bf16 and f16 against `transformers`.
//!
//! Here half precision is how weights are kept; everything is computed in f32. So weights that are stored as bf16 and kept
//! as bf16 lose nothing, and must give the logits of f32 to the limit of f32. Weights that were f32 lose what rounding them
//! to 8 bits loses, a relative error of at most 2^-8 each. `transformers` in bf16 rounds the same weights and then every
//! activation too: its difference from f32, which the golden files hold, bounds ours from above.

use serde::Deserialize;

use super::architectures::{POLICIES, Policy, wanted_logits};
use super::{LIMIT, checkpoint, far, golden, json, logits};
use crate::model::Precision;

#[derive(Deserialize)]
struct Golden {
    bf16: Difference,
}

/// How far the logits of `transformers` in bf16 are from its own in f32.
#[derive(Deserialize)]
struct Difference {
    greatest: f64,
    rms: f64,
}

/// Stored in this precision.
const BF16: [&str; 3] = ["gpt2-prefix", "llama-rope", "qwen2"];
const F16: [&str; 1] = ["gemma"];

#[test]
fn weights_kept_as_they_are_stored_lose_nothing() {
    let kept = |names: &[&'static str], precision| names.iter().map(|n| (*n, precision)).collect::<Vec<_>>();
    let all = [
        kept(&BF16, Precision::BF16),
        kept(&BF16, Precision::Auto),
        kept(&F16, Precision::F16),
        kept(&F16, Precision::Auto),
    ];
    for (name, precision) in all.concat() {
        let model = checkpoint(name, precision);
        let row = &Policy::of(name).rows()[1];
        let difference = far(&logits(&model, row), &wanted_logits(name, 1).1);
        assert!(difference < LIMIT, "{name} as {precision:?}: differs by {difference:e}");
    }
}

#[test]
fn rounding_weights_to_bf16_is_within_bf16s_own_error() {
    for name in POLICIES.into_iter().filter(|name| !BF16.contains(name)) {
        let allowed: Golden = json(golden("models").join(name).join("golden.json"));
        let model = checkpoint(name, Precision::BF16);
        let (mut squares, mut greatest, mut count) = (0.0, 0.0f64, 0.0);
        for (i, row) in Policy::of(name).rows().iter().enumerate() {
            let (_, wanted) = wanted_logits(name, i);
            let found = logits(&model, row);
            greatest = greatest.max(far(&found, &wanted));
            for (f, w) in found.iter().zip(wanted) {
                squares += (f64::from(*f) - w).powi(2);
                count += 1.0;
            }
        }
        let rms = (squares / count).sqrt();
        println!(
            "{name}: {rms:.4} of {:.4}, {greatest:.3} of {:.3}",
            allowed.bf16.rms, allowed.bf16.greatest
        );
        assert!(rms > 0.0, "{name}: nothing was rounded");
        assert!(rms <= allowed.bf16.rms, "{name}: {rms} over {}", allowed.bf16.rms);
        assert!(
            greatest <= 1.5 * allowed.bf16.greatest,
            "{name}: {greatest} over {}",
            allowed.bf16.greatest
        );
    }
}
