//! What reward models are trained with.

use burn::tensor::{Tensor, activation::log_sigmoid};

/// Bradley-Terry: - log sigmoid(s_chosen - s_rejected), summed over pairs, `[1]`.
pub fn bradley_terry(chosen: Tensor<1>, rejected: Tensor<1>) -> Tensor<1> {
    log_sigmoid(chosen - rejected).sum().neg()
}

/// Binary cross-entropy of logits against labels 0 or 1, summed over rows, `[1]`.
pub fn binary_cross_entropy(logits: Tensor<1>, labels: Tensor<1>) -> Tensor<1> {
    let positive = log_sigmoid(logits.clone()) * labels.clone();
    let negative = log_sigmoid(logits.neg()) * (labels.neg().add_scalar(1.0));
    (positive + negative).sum().neg()
}
