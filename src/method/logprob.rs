//! log pi(y | x): what every loss of this room is made of.

use burn::tensor::{IndexingUpdateOp, Int, Tensor, TensorData};

use crate::model::Model;

/// Log-probabilities of a batch of responses under the policy.
#[derive(Clone, Debug)]
pub struct LogProbs {
    /// sum_j log pi(y^j | y^<j, x), `[batch]`.
    pub sum: Tensor<1>,
    /// Tokens of each response, end of sequence included, `[batch]`.
    pub lengths: Tensor<1>,
}

impl LogProbs {
    /// mean_j log pi(y^j | y^<j, x), `[batch]`.
    pub fn mean(&self) -> Tensor<1> {
        self.sum.clone() / self.lengths.clone()
    }

    /// Rows `start..start + n`.
    pub fn rows(&self, start: usize, n: usize) -> Self {
        Self {
            sum: self.sum.clone().narrow(0, start, n),
            lengths: self.lengths.clone().narrow(0, start, n),
        }
    }
}

/// Scores responses given their prompts; `rows` are (prompt ids, response ids), no response empty.
pub fn log_probs(policy: &Model, rows: &[(&[u32], &[u32])]) -> LogProbs {
    let device = policy.device();
    // The last token is predicted but never read.
    let width = rows.iter().map(|(x, y)| x.len() + y.len() - 1).max().unwrap_or(1);
    let mut ids = Vec::with_capacity(rows.len() * width);
    let (mut places, mut targets, mut owners) = (Vec::new(), Vec::new(), Vec::new());
    for (i, (x, y)) in rows.iter().enumerate() {
        let read = x.iter().chain(&y[..y.len() - 1]).map(|&t| t as i32);
        ids.extend(read.chain(std::iter::repeat(0)).take(width));
        for (j, &token) in y.iter().enumerate() {
            // The logits at a place predict the token after it.
            places.push((i * width + x.len() - 1 + j) as i32);
            targets.push(token as i32);
            owners.push(i as i32);
        }
    }
    let n = targets.len();
    let int = |v: Vec<i32>| Tensor::<1, Int>::from_data(TensorData::new(v, [n]), &device);
    let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [rows.len(), width]), &device);
    let hidden = policy.hidden(ids);
    let [b, t, d] = hidden.dims();
    // Only the places that predict a response token need logits.
    let logits = policy.logits(hidden.reshape([b * t, d]).select(0, int(places)));
    let token = log_softmax_at(logits, int(targets));
    let sum = Tensor::zeros([b], &device).select_assign(0, int(owners), token, IndexingUpdateOp::Add);
    let lengths: Vec<f32> = rows.iter().map(|(_, y)| y.len() as f32).collect();
    LogProbs {
        sum,
        lengths: Tensor::from_data(TensorData::new(lengths, [b]), &device),
    }
}

/// log softmax of `logits` `[n, vocab]` at one target a row, `[n]`.
///
/// The target's logit minus logsumexp: cheaper than a whole log-softmax of which one column is read.
pub(crate) fn log_softmax_at(logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    let n = logits.dims()[0];
    let max = logits.clone().inner().max_dim(1);
    let shifted = logits - max;
    let target = shifted.clone().gather(1, targets.reshape([n, 1]));
    (target - shifted.exp().sum_dim(1).log()).reshape([n])
}
