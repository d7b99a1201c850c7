//! Named variants of Eqs. 3 and 4 that keep replay from diverging, and two anchors. None of them is in the paper.
//!
//! As printed, both losses push a response with a strength a that does not depend on how likely it is by now, l being its
//! log-likelihood (the mean over its tokens, or their sum, as Eqs. 3 and 4 read it):
//!
//! ```text
//! Eq. 3    a = -1 and a' = 1          Eq. 4    a = w and a' = w' = -w
//! printed  L = - [ a l(y) + a' l(y') ]
//! ```
//!
//! So a response that is pushed down is pushed down without end, as long as it is replayed. The variants say when it is
//! enough. pi_t is the policy that was in force when the pair was new and T the response's tokens; pi and pi_t are both given
//! x alone, as the losses are. Of y, pi / pi_t is the usual importance ratio. Of y', which was sampled under the principles, it
//! is not: the ratio to that policy would take the weight from what the policy does not say by itself yet, which is what PLE is
//! there to teach. A pair that is new has the ratio 1, so without replay and with one update a step both forms are the printed
//! one.

use burn::tensor::{Tensor, activation::log_sigmoid};

use super::logprob::LogProbs;
use crate::config::{Eq4, StabiliseSettings};

/// A form of Eqs. 3 and 4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    Printed,
    /// L = - sum a min( c, pi(y|x) / pi_t(y|x) ) l(y), the ratio without gradient (truncated importance sampling,
    /// Ionides 2008).
    Importance(f64),
    /// L = - sum T min( r a, clip(r, 1 - epsilon, 1 + epsilon) a ) with r = ( pi(y|x) / pi_t(y|x) )^(1/T) (Schulman et al.
    /// 2017, Eq. 7, with the ratio of a whole response, as Zheng et al. 2025); without T where l is the mean. At r = 1 its
    /// gradient is the printed one.
    Clip(f64),
    /// L = |a| max( 0, m - D ), D = sign(a') ( l(y') - l(y) ): how far the better response leads.
    Hinge(f64),
    /// L = - |a| m log sigmoid( D / m ).
    Sigmoid(f64),
}

impl Form {
    /// What an experiment asks for.
    pub fn of(settings: &StabiliseSettings) -> Self {
        let forms = [
            settings.importance.map(Form::Importance),
            settings.clip.map(Form::Clip),
            settings.hinge.map(Form::Hinge),
            settings.sigmoid.map(Form::Sigmoid),
        ];
        forms.into_iter().flatten().next().unwrap_or(Form::Printed)
    }
}

/// One side of n pairs: log pi of its responses, and log pi_t of the whole responses, `[n]`, without gradient.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    pub now: &'a LogProbs,
    pub then: &'a Tensor<1>,
}

impl Side<'_> {
    fn likelihood(&self, eq: Eq4) -> Tensor<1> {
        match eq {
            Eq4::Sum => self.now.sum.clone(),
            Eq4::Mean => self.now.mean(),
        }
    }
}

/// What a form makes of n pairs, each `[n]`.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// The loss of a pair, with its sign turned.
    pub gain: Tensor<1>,
    /// Sum over both responses of the weight that the form gives them, without gradient; 2 where it gives none.
    pub weight: Tensor<1>,
    /// Of the two responses so many were limited: truncated, clipped to effect, or far enough ahead. The sigmoid counts the
    /// part of the push that it takes away.
    pub limited: Tensor<1>,
}

/// The losses of n pairs, y and y' with their strengths a and a' (`[n]`, without gradient), by one form.
pub fn push(form: Form, sides: [Side; 2], strengths: [Tensor<1>; 2], eq: Eq4) -> Pushed {
    let [y, guided] = sides;
    let [a, a_guided] = strengths;
    let zeros = a.zeros_like();
    let both = zeros.clone().add_scalar(2.0);
    match form {
        Form::Printed => Pushed {
            gain: a * y.likelihood(eq) + a_guided * guided.likelihood(eq),
            weight: both,
            limited: zeros,
        },
        Form::Importance(most) => {
            let one = |side: Side, a: Tensor<1>| {
                let ratio = (side.now.sum.clone().inner() - side.then.clone()).exp();
                // A ratio that is 1 but for rounding is not one that is cut to 1.
                let limited = ratio.clone().greater_elem(most * (1.0 + 1e-4)).float();
                let weight = ratio.clamp_max(most);
                (a * weight.clone() * side.likelihood(eq), weight, limited)
            };
            sum_of(one(y, a), one(guided, a_guided))
        }
        Form::Clip(epsilon) => {
            let one = |side: Side, a: Tensor<1>| {
                let tokens = side.now.lengths.clone();
                let ratio = ((side.now.sum.clone() - side.then.clone()) / tokens.clone()).exp();
                let free = ratio.clone() * a.clone();
                let clipped = ratio.clone().clamp(1.0 - epsilon, 1.0 + epsilon) * a;
                let limited = clipped.clone().inner().lower(free.clone().inner()).float();
                let least = free.min_pair(clipped);
                let gain = match eq {
                    Eq4::Sum => least * tokens,
                    Eq4::Mean => least,
                };
                (gain, ratio.inner(), limited)
            };
            sum_of(one(y, a), one(guided, a_guided))
        }
        Form::Hinge(margin) | Form::Sigmoid(margin) => {
            let lead = a_guided.clone().sign() * (guided.likelihood(eq) - y.likelihood(eq));
            // The margin is one of a token; a sum over tokens leads by more.
            let room = match eq {
                Eq4::Sum => (y.now.lengths.clone() + guided.now.lengths.clone()).mul_scalar(0.5 * margin),
                Eq4::Mean => zeros.add_scalar(margin),
            };
            let (gain, limited) = if let Form::Hinge(_) = form {
                let far = lead.clone().inner().greater_equal(room.clone()).float();
                ((room - lead).clamp_min(0.0).neg(), far)
            } else {
                let lead = lead / room.clone();
                let taken = burn::tensor::activation::sigmoid(lead.clone().inner());
                (log_sigmoid(lead) * room, taken)
            };
            Pushed {
                gain: a_guided.abs() * gain,
                weight: both,
                limited: limited.mul_scalar(2.0),
            }
        }
    }
}

fn sum_of(
    (gain, weight, limited): (Tensor<1>, Tensor<1>, Tensor<1>),
    other: (Tensor<1>, Tensor<1>, Tensor<1>),
) -> Pushed {
    Pushed {
        gain: gain + other.0,
        weight: weight + other.1,
        limited: limited + other.2,
    }
}

/// The divergence from the reference as a loss, one a response, `[n]`: ( log pi(y|x) - log pi_ref(y|x) )^2 / (2 T).
///
/// Where the policy itself sampled y its gradient is, in the mean, that of the divergence a token of Kullback and Leibler
/// (Schulman's estimator k2); of any response it keeps the log-likelihood from running away, in either direction.
/// `reference` is log pi_ref of the whole response, `[n]`, without gradient.
pub fn anchor(now: &LogProbs, reference: &Tensor<1>) -> Tensor<1> {
    (now.sum.clone() - reference.clone()).square() / now.lengths.clone().mul_scalar(2.0)
}
