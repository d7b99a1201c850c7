//! What policy and reference think of each token of a sampled pair, as plain data.

use serde::{Deserialize, Serialize};

/// One token of a response. Both models are given x alone, as in Eqs. 3 and 4, at temperature 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InsideToken {
    pub id: u32,
    /// Its text, with marks for white space.
    pub shown: String,
    /// log pi(y^j | y^<j, x) by the policy, in nats.
    pub policy: f64,
    /// The same by the reference, where there is one.
    pub reference: Option<f64>,
}

impl InsideToken {
    /// log pi - log pi_ref: above 0 where training pushed the token up.
    pub fn difference(&self) -> Option<f64> {
        self.reference.map(|reference| self.policy - reference)
    }
}

/// The tokens of a pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inside {
    /// The pair.
    pub step: u32,
    pub index: u32,
    /// Steps done by the policy that was asked.
    pub policy_steps: u32,
    /// y and y'; of a single response the second is empty. Or why nothing can be said.
    pub found: Result<[Vec<InsideToken>; 2], String>,
}
