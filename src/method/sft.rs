//! Supervised fine-tuning on responses (Ouyang et al. 2022): a method of its own, the stage before the others, and what
//! RAFT does with the responses it keeps. Only the tokens of the response are learnt, never those of the query.

use burn::tensor::Tensor;

use super::logprob::LogProbs;

/// Eq. 1: L_sft = - sum_j log pi(y^j | y^<j, x), summed over a batch and divided by `tokens`, `[1]`.
///
/// `tokens` are the response tokens of the whole batch, of which these rows may be a shard.
pub fn loss(responses: &LogProbs, tokens: usize) -> Tensor<1> {
    token_loss(responses.sum.clone(), tokens)
}

/// The same of log-probabilities of tokens, or of whole responses, `[n]`.
pub fn token_loss(log_pi: Tensor<1>, tokens: usize) -> Tensor<1> {
    log_pi.sum().neg().div_scalar(tokens as f64)
}
