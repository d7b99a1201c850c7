//! Pretraining of the bundled policy.

use std::time::Instant;

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::corpus::{Batches, Row};
use crate::model::{DEVIATION, Model, ModelConfig, PAD, Text, Trained, initialise};
use crate::train::optimizer::{Optimizer, cosine};
use crate::train::shards::{ShardLoss, gradients};

/// Trains a fresh model for `steps` updates. Returns it and the last loss of a response token.
pub fn pretrain(text: &Text, seed: u64, steps: usize, device: &Device, say: &mut dyn FnMut(String)) -> (Model, f64) {
    let mut model = initialise(ModelConfig::tiny(text.vocabulary()), DEVIATION, seed, device);
    let trained = Trained::of(&mut model);
    let mut optimizer = Optimizer::new(0.95, 0.05, 1.0);
    let mut batches = Batches::new(seed, text, 32);
    let (start, mut tokens, mut recent) = (Instant::now(), 0usize, Vec::new());
    for i in 0..steps {
        let batch = batches.next_batch();
        tokens += batch.iter().map(|r| r.ids.len()).sum::<usize>();
        let total: usize = batch.iter().map(|r| r.targets.len()).sum();
        let answers: usize = batch.iter().map(|r| r.ids.len() - r.prompt).sum();
        let computed = gradients(&model, &trained, &batch, |model, rows| {
            let (loss, answer) = language_model_loss(model, rows);
            ShardLoss {
                loss: loss.div_scalar(total as f64),
                parts: vec![answer],
            }
        });
        optimizer.step(&mut model, computed.gradients, cosine(i, steps, 3e-3, 100));
        recent.push(computed.parts[0] / answers as f64);
        if (i + 1) % 100 == 0 {
            let mean = recent.iter().rev().take(100).sum::<f64>() / 100.0;
            let rate = tokens as f64 / start.elapsed().as_secs_f64();
            say(format!(
                "pretraining {}/{steps}: response loss {mean:.4}, {rate:.0} tokens/s",
                i + 1
            ));
        }
    }
    let last = recent.iter().rev().take(100).sum::<f64>() / recent.len().clamp(1, 100) as f64;
    (model, last)
}

/// Sum of the negative log-likelihood of every target, and of the response tokens alone.
fn language_model_loss(model: &Model, rows: &[Row]) -> (Tensor<1>, Tensor<1>) {
    let device = model.device();
    let width = rows.iter().map(|r| r.ids.len() - 1).max().unwrap_or(1);
    let mut ids = Vec::with_capacity(rows.len() * width);
    let (mut places, mut targets, mut answers) = (vec![], vec![], vec![]);
    for (i, row) in rows.iter().enumerate() {
        let read = row.ids[..row.ids.len() - 1].iter().map(|&t| t as i32);
        ids.extend(read.chain(std::iter::repeat(PAD as i32)).take(width));
        for &j in &row.targets {
            places.push((i * width + j - 1) as i32);
            targets.push(row.ids[j] as i32);
            answers.push(if j >= row.prompt { 1.0f32 } else { 0.0 });
        }
    }
    let n = targets.len();
    let int = |v: Vec<i32>| Tensor::<1, Int>::from_data(TensorData::new(v, [n]), &device);
    let float = |v: Vec<f32>| Tensor::<1>::from_data(TensorData::new(v, [n]), &device);
    let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [rows.len(), width]), &device);
    let hidden = model.hidden(ids);
    let [b, t, d] = hidden.dims();
    let logits = model.logits(hidden.reshape([b * t, d]).select(0, int(places)));
    let nll = crate::method::logprob::log_softmax_at(logits, int(targets)).neg();
    let answer = (nll.clone().inner() * float(answers)).sum();
    (nll.sum(), answer)
}
