//! Supervised fine-tuning on responses, the stage before PLE (Ouyang et al. 2022).

use burn::tensor::Tensor;

use super::logprob::LogProbs;

/// Eq. 1: L_sft = - sum_j log pi(y^j | y^<j, x), summed over a batch and divided by `tokens`, `[1]`.
///
/// `tokens` are the response tokens of the whole batch, of which these rows may be a shard.
pub fn loss(responses: &LogProbs, tokens: usize) -> Tensor<1> {
    responses.sum.clone().sum().neg().div_scalar(tokens as f64)
}
