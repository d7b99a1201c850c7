//! DPO: Direct Preference Optimization (Rafailov et al., NeurIPS 2023).
//!
//! x is a query, y_w the response that was preferred to y_l, pi the policy and pi_ref the policy that training began
//! with, which stays as it is. There is no reward model: the policy is its own, through the ratio to pi_ref.

use burn::tensor::{Tensor, activation::log_sigmoid};

/// The loss of n pairs and what is reported beside it, under TRL's names. All tensors are `[n]`.
#[derive(Clone, Debug)]
pub struct Losses {
    /// Eq. 7, one a pair.
    pub loss: Tensor<1>,
    /// `rewards/chosen`: beta log( pi(y_w | x) / pi_ref(y_w | x) ), the implicit reward of Eq. 5 without Z(x).
    pub chosen: Tensor<1>,
    /// `rewards/rejected`: the same of y_l.
    pub rejected: Tensor<1>,
}

/// Eq. 7: L_dpo = - log sigmoid( beta log( pi(y_w | x) / pi_ref(y_w | x) ) - beta log( pi(y_l | x) / pi_ref(y_l | x) ) ).
///
/// All four are log-probabilities summed over the tokens of a response, `[n]`: of the preferred responses and the others,
/// by the policy and by the reference. The reference takes no gradient.
pub fn losses(policy: (Tensor<1>, Tensor<1>), reference: (Tensor<1>, Tensor<1>), beta: f64) -> Losses {
    let chosen = (policy.0 - reference.0).mul_scalar(beta);
    let rejected = (policy.1 - reference.1).mul_scalar(beta);
    Losses {
        loss: log_sigmoid(chosen.clone() - rejected.clone()).neg(),
        chosen,
        rejected,
    }
}
