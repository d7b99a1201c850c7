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
    let Read {
        hidden,
        targets,
        owners,
    } = read(policy, rows);
    let device = hidden.device().inner();
    let token = log_softmax_at(policy.logits(hidden), targets);
    let b = rows.len();
    let sum = Tensor::zeros([b], &device).select_assign(0, owners, token, IndexingUpdateOp::Add);
    let lengths: Vec<f32> = rows.iter().map(|(_, y)| y.len() as f32).collect();
    LogProbs {
        sum,
        lengths: Tensor::from_data(TensorData::new(lengths, [b]), &device),
    }
}

/// What a policy says of every token of a batch of responses, one response after the other; each `[tokens]`.
#[derive(Clone, Debug)]
pub struct TokenProbs {
    /// log pi(y^j | y^<j, x).
    pub log_pi: Tensor<1>,
    /// Entropy of pi(. | y^<j, x), without gradient.
    pub entropy: Tensor<1>,
    /// 1 where the token is the most probable one, else 0, without gradient.
    pub is_top: Tensor<1>,
    /// The value head's V(x, y^<j), where the policy has one (`Model::score`).
    pub values: Option<Tensor<1>>,
}

/// Scores every token of responses; `rows` as in [`log_probs`]. Logits are divided by `temperature` first, so that the
/// probabilities are those the tokens were sampled with.
pub fn token_probs(policy: &Model, rows: &[(&[u32], &[u32])], temperature: f64) -> TokenProbs {
    let Read { hidden, targets, .. } = read(policy, rows);
    let n = hidden.dims()[0];
    let values = policy
        .score
        .clone()
        .map(|head| hidden.clone().matmul(head).reshape([n]));
    let logits = policy.logits(hidden).div_scalar(temperature);
    // H = log sum exp z - sum softmax(z) z, with z shifted so that its largest is 0.
    let z = logits.clone().inner();
    let z = z.clone() - z.max_dim(1);
    let at_target = z.clone().gather(1, targets.clone().reshape([n, 1]));
    let weights = z.clone().exp();
    let total = weights.clone().sum_dim(1);
    let entropy = total.clone().log() - (weights * z).sum_dim(1) / total;
    TokenProbs {
        log_pi: log_softmax_at(logits, targets),
        is_top: at_target.greater_equal_elem(0.0).float().reshape([n]),
        entropy: entropy.reshape([n]),
        values,
    }
}

/// The places of a batch that predict a response's tokens.
struct Read {
    /// Hidden states there, `[tokens, hidden]`.
    hidden: Tensor<2>,
    /// The tokens they predict, and the rows they belong to, `[tokens]`.
    targets: Tensor<1, Int>,
    owners: Tensor<1, Int>,
}

fn read(policy: &Model, rows: &[(&[u32], &[u32])]) -> Read {
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
    Read {
        hidden: hidden.reshape([b * t, d]).select(0, int(places)),
        targets: int(targets),
        owners: int(owners),
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
