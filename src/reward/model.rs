//! A reward model of our own or a folder in Hugging Face's format: a body with a score head.

use burn::tensor::{Int, Tensor, TensorData};

use super::{GiveUp, RewardError, RewardSource, Row};
use crate::model::Model;
use crate::numbers::values;
use crate::prompt::Prompter;

/// A reward model, and its own way of reading a query and a response.
pub struct RewardModel {
    pub model: Model,
    pub prompter: Prompter,
}

impl RewardSource for RewardModel {
    fn score(&self, rows: &[Row<'_>], _: GiveUp<'_>) -> Result<Vec<f64>, RewardError> {
        let ids: Vec<(Vec<u32>, Vec<u32>)> = rows
            .iter()
            .map(|row| {
                // A response that was cut off is scored as it is, without an end.
                let (mut x, mut y) = self.prompter.conversation(row.query, row.response, row.ended);
                // What is longer than the model reads loses the beginning of its response, then of its prompt.
                let room = self.model.config.max_position_embeddings.max(2);
                y.drain(..y.len().saturating_sub(room - 1));
                let over = (x.len() + y.len()).saturating_sub(room);
                // The first token may be the beginning of sequence.
                let first = x.len().min(1);
                x.drain(first..first + over.min(x.len() - first));
                (x, y)
            })
            .collect();
        let ids: Vec<(&[u32], &[u32])> = ids.iter().map(|(x, y)| (&x[..], &y[..])).collect();
        Ok(scores(&self.model, &ids))
    }
}

/// R(x, y) of a batch, `[batch]`: the score at the last token of prompt and response together.
///
/// `rows` are (prompt ids, response ids).
pub fn score(model: &Model, rows: &[(&[u32], &[u32])]) -> Tensor<1> {
    let device = model.device();
    let width = rows.iter().map(|(x, y)| x.len() + y.len()).max().unwrap_or(1);
    let mut ids = Vec::with_capacity(rows.len() * width);
    let mut last = Vec::with_capacity(rows.len());
    for (x, y) in rows {
        last.push(x.len() + y.len() - 1);
        let row = x.iter().chain(y.iter()).map(|&t| t as i32);
        ids.extend(row.chain(std::iter::repeat(0)).take(width));
    }
    let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [rows.len(), width]), &device);
    let b = rows.len();
    match &model.score {
        Some(head) => model.hidden_at(ids, &last).matmul(head.clone()).reshape([b]),
        None => Tensor::zeros([b], &device),
    }
}

/// [`score`] as numbers, in batches, two at a time.
pub fn scores(model: &Model, rows: &[(&[u32], &[u32])]) -> Vec<f64> {
    const BATCH: usize = 64;
    let half = rows.len().div_ceil(2).max(1);
    let one = |rows: &[(&[u32], &[u32])]| -> Vec<f64> {
        rows.chunks(BATCH)
            .flat_map(|batch| values(score(model, batch)))
            .map(f64::from)
            .collect()
    };
    let (first, second) = rows.split_at(half.min(rows.len()));
    let (mut all, more) = rayon::join(|| one(first), || one(second));
    all.extend(more);
    all
}
