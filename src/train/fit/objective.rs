//! What is minimised, and what a batch says of itself.

use burn::tensor::{Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::reading::Tokens;
use crate::config::{FitMethod, FitName};
use crate::method::logprob::log_probs;
use crate::model::Model;
use crate::reward::{loss, score};
use crate::train::shards::ShardLoss;

/// What the loss of a batch is divided by: its rows, or for a language model its tokens.
pub fn size(method: &FitMethod, rows: &[Tokens]) -> usize {
    match method.name {
        FitName::LanguageModel => rows.iter().map(|r| r.response.len()).sum(),
        FitName::Classifier | FitName::BradleyTerry => rows.len(),
    }
}

/// What the embeddings are multiplied with in one update, `[vocab, hidden]`: 0 with probability `share`, else
/// 1 / (1 - share), so that the mean stays. `None` without dropout.
pub fn embedding_mask(model: &Model, share: f64, rng: &mut ChaCha8Rng) -> Option<Tensor<2>> {
    if share == 0.0 {
        return None;
    }
    let (vocabulary, hidden) = (model.config.vocab_size, model.config.hidden_size);
    // 8 random numbers from each draw: the mask is drawn anew for every update.
    let threshold = (share * 256.0).round() as u8;
    let kept = 256.0 / (256.0 - f32::from(threshold));
    let mut values = Vec::with_capacity(vocabulary * hidden + 8);
    while values.len() < vocabulary * hidden {
        let bytes = rng.next_u64().to_le_bytes();
        values.extend(bytes.map(|byte| if byte < threshold { 0.0 } else { kept }));
    }
    values.truncate(vocabulary * hidden);
    let device = model.device();
    Some(Tensor::from_data(
        TensorData::new(values, [vocabulary, hidden]),
        &device,
    ))
}

/// The loss of a shard of a batch of size `n` (see [`size`]); for reward models also how many rows it has right.
pub fn shard_loss(model: &Model, rows: &[Tokens], n: usize, method: &FitMethod) -> ShardLoss {
    let device = model.device();
    let first: Vec<(&[u32], &[u32])> = rows.iter().map(|r| (&r.prompt[..], &r.response[..])).collect();
    let k = rows.len();
    let (sum, right) = match method.name {
        FitName::LanguageModel => {
            let loss = log_probs(model, &first).sum.sum().neg();
            return ShardLoss {
                loss: loss.div_scalar(n as f64),
                parts: vec![],
            };
        }
        FitName::Classifier => {
            let a = method.label_smoothing as f32;
            let targets: Vec<f32> = rows.iter().map(|r| if r.label { 1.0 - a } else { a }).collect();
            let signs: Vec<f32> = rows.iter().map(|r| if r.label { 1.0 } else { -1.0 }).collect();
            let tensor = |v: Vec<f32>| Tensor::<1>::from_data(TensorData::new(v, [k]), &device);
            let logits = score(model, &first);
            let margins = logits.clone().inner() * tensor(signs);
            (loss::binary_cross_entropy(logits, tensor(targets)), margins)
        }
        FitName::BradleyTerry => {
            let second = rows
                .iter()
                .map(|r| (&r.prompt[..], r.other.as_deref().unwrap_or_default()));
            let both: Vec<_> = first.iter().copied().chain(second).collect();
            let s = score(model, &both);
            let (chosen, rejected) = (s.clone().narrow(0, 0, k), s.clone().narrow(0, k, k));
            let margins = (chosen.clone() - rejected.clone()).inner();
            let level = s.square().sum().mul_scalar(0.5 * method.score_penalty);
            (loss::bradley_terry(chosen, rejected) + level, margins)
        }
    };
    ShardLoss {
        loss: sum.div_scalar(n as f64),
        parts: vec![right.greater_elem(0.0).float().sum()],
    }
}

/// The loss of one row by its margin (see [`crate::evaluate::quality::Judged`]): - log sigmoid(margin), for labels and
/// for pairs alike.
pub fn row_loss(margin: f64) -> f64 {
    // Stable on both sides.
    if margin > 0.0 {
        (-margin).exp().ln_1p()
    } else {
        margin.exp().ln_1p() - margin
    }
}

#[cfg(test)]
mod tests {
    use super::row_loss;

    #[test]
    fn the_loss_of_a_margin() {
        assert!((row_loss(0.0) - std::f64::consts::LN_2).abs() < 1e-15);
        assert!((row_loss(2.0) - 0.126_928_011_042_972_5).abs() < 1e-15);
        assert!((row_loss(-2.0) - 2.126_928_011_042_972_5).abs() < 1e-15);
        assert_eq!(row_loss(-1e4), 1e4);
    }
}
