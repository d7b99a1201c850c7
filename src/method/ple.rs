//! PLE: Progressively Label Enhancement for LLM Alignment (Liu, Xu and Geng, ICML 2025), Eqs. 3 to 7.
//!
//! x is a query, y the response to it, y' the response to it with the principles p in front; s = R(x, y) and
//! s' = R(x, y') are their rewards, neither of which sees p. Both losses condition on x alone, so that the principles
//! are distilled into the policy. The loop around this (Algorithm 1) is in `train/`.

use burn::tensor::{Tensor, TensorData};

use super::logprob::LogProbs;
use super::stabilise::{Form, Side, anchor, push};
use crate::config::{Eq4, MethodSettings, Reduction};

/// Eq. 7: tau_t = tau_(t-1) * decay. The paper's tau_0 is 0.2 and its alpha, here `decay`, 0.9.
pub fn next_tau(tau: f64, decay: f64) -> f64 {
    tau * decay
}

/// The condition of Eq. 3: this pair is ranked. Otherwise it is in Eq. 4, however negative its margin.
///
/// Without L_rank (the paper's Table 4) there is no ranking branch, and every pair is in Eq. 4.
pub fn is_ranked(s: f64, s_guided: f64, tau: f64, settings: &MethodSettings) -> bool {
    settings.rank && s_guided - s > tau
}

/// Eq. 5: w = 2 e^s / (e^s + e^s') - 1 and w' = 2 e^s' / (e^s + e^s') - 1, both in [-1, 1].
///
/// Computed as w = tanh((s - s') / 2), the same number without overflow. So w' = -w: in the weighted branch one of
/// the two responses is always pushed down, and s = s' contributes nothing.
pub fn weights(s: f64, s_guided: f64) -> (f64, f64) {
    let w = ((s - s_guided) / 2.0).tanh();
    (w, -w)
}

/// Eqs. 3, 4 and 6 over a batch of pairs, reduced as the settings say, each `[1]`.
#[derive(Clone, Debug)]
pub struct Losses {
    /// Eq. 3.
    pub rank: Tensor<1>,
    /// Eq. 4.
    pub wsft: Tensor<1>,
    /// Eq. 6: what is minimised. A loss that is switched off (the paper's Tables 4 and 5) is not in it; an anchor that is
    /// switched on is.
    pub total: Tensor<1>,
    /// What the variants did.
    pub watched: Watched,
}

/// Numbers beside the losses, each `[1]` and without gradient: sums over both responses of all pairs.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The weights that the form of the losses gave to responses.
    pub weight: Tensor<1>,
    /// The responses that it limited.
    pub limited: Tensor<1>,
    /// log pi - log pi_ref of whole responses; 0 where there is no such anchor.
    pub divergence: Tensor<1>,
}

/// What is known of pairs beside today's policy: log-probabilities of whole responses y and y', without gradient, `[n]` each.
/// A number that is not known is NaN.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// log pi_t, pi_t being the policy that was in force when the pair was new.
    pub then: Option<[Tensor<1>; 2]>,
    /// log pi_ref.
    pub reference: Option<[Tensor<1>; 2]>,
}

/// What a minibatch of so many pairs is divided by.
fn divisor(batch: usize, settings: &MethodSettings) -> f64 {
    match settings.reduction {
        Reduction::Sum => 1.0,
        Reduction::Mean => batch as f64,
    }
}

impl Losses {
    /// The same with the supervised anchor, where the settings have one: its weight times Eq. 1 on rows of the data, a mean over
    /// the tokens of each and reduced as the pairs are. `rows` is log pi of their responses; `batch` as in [`losses`]. Also
    /// Eq. 1 itself, summed over the rows, `[1]`, without gradient.
    pub fn anchored(mut self, rows: &LogProbs, batch: usize, settings: &MethodSettings) -> (Self, Tensor<1>) {
        let loss = rows.mean().sum().neg();
        let weight = settings.stabilise.sft.unwrap_or(0.0) / divisor(batch, settings);
        self.total = self.total + loss.clone().mul_scalar(weight);
        (self, loss.inner())
    }
}

/// The losses of n pairs.
///
/// `original` and `guided` are log pi(y | x) and log pi(y' | x), both given x alone, `[n]`. `rewards` are (s, s').
/// `batch` is the number of pairs of the whole minibatch, of which these may be a shard. Without variants nothing has to be
/// `known`.
pub fn losses(
    original: &LogProbs,
    guided: &LogProbs,
    rewards: &[(f64, f64)],
    tau: f64,
    batch: usize,
    settings: &MethodSettings,
    known: &Known,
) -> Losses {
    let device = original.sum.device().inner();
    let column = |f: &dyn Fn(f64, f64) -> f64| {
        let values: Vec<f32> = rewards.iter().map(|&(s, s_guided)| f(s, s_guided) as f32).collect();
        Tensor::<1>::from_data(TensorData::new(values, [rewards.len()]), &device)
    };
    let ranked = column(&|s, s_guided| f64::from(u8::from(is_ranked(s, s_guided, tau, settings))));
    let weighted = column(&|s, s_guided| f64::from(u8::from(!is_ranked(s, s_guided, tau, settings))));
    let w = column(&|s, s_guided| weights(s, s_guided).0);
    let w_guided = column(&|s, s_guided| weights(s, s_guided).1);

    // How likely each response was when it was new; where that is not known, as likely as it is now.
    let form = Form::of(&settings.stabilise);
    let now = [original, guided].map(|side| side.sum.clone().inner());
    let then = match &known.then {
        Some(then) => [0, 1].map(|i| {
            let unknown = then[i].clone().is_nan();
            then[i].clone().mask_where(unknown, now[i].clone())
        }),
        None => now.clone(),
    };
    let sides = [(original, &then[0]), (guided, &then[1])].map(|(now, then)| Side { now, then });

    // Eq. 3: L_rank = - sum over ranked pairs of [ mean_j log pi(y'^j | ..) - mean_j log pi(y^j | ..) ]
    let down = ranked.zeros_like().sub_scalar(1.0);
    let pushed = push(form, sides, [down.clone(), down.neg()], Eq4::Mean);
    let rank = (ranked.clone() * pushed.gain).sum().neg();
    let (mut weight, mut limited) = (ranked.clone() * pushed.weight, ranked * pushed.limited);

    // Eq. 4: L_wsft = - sum over the others of [ w sum_j log pi(y^j | ..) + w' sum_j log pi(y'^j | ..) ]
    let pushed = push(form, sides, [w, w_guided], settings.eq4);
    let wsft = (weighted.clone() * pushed.gain).sum().neg();
    weight = weight + weighted.clone() * pushed.weight;
    limited = limited + weighted * pushed.limited;

    let divisor = divisor(batch, settings);
    let (rank, wsft) = (rank.div_scalar(divisor), wsft.div_scalar(divisor));

    // Eq. 6: L = L_rank + L_wsft
    let mut total = match (settings.rank, settings.weighted_sft) {
        (true, true) => rank.clone() + wsft.clone(),
        (true, false) => rank.clone(),
        (false, _) => wsft.clone(),
    };

    // The anchor, reduced as the pairs are.
    let mut divergence = rank.clone().inner().zeros_like();
    if let (Some(kl), Some(reference)) = (settings.stabilise.kl, &known.reference) {
        let far = anchor(original, &reference[0]) + anchor(guided, &reference[1]);
        total = total + far.sum().mul_scalar(kl / divisor);
        let [y, y_guided] = now;
        divergence = (y - reference[0].clone() + y_guided - reference[1].clone()).sum();
    }
    let watched = Watched {
        weight: weight.sum(),
        limited: limited.sum(),
        divergence,
    };
    Losses {
        rank,
        wsft,
        total,
        watched,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eq_5_by_hand() {
        // s = 1, s' = 2: e / (e + e^2) = 1 / (1 + e) = 0.26894142.
        let (w, w_guided) = weights(1.0, 2.0);
        assert!((w - (2.0 * 0.268_941_421_369_995_1 - 1.0)).abs() < 1e-12);
        assert!((w + w_guided).abs() < 1e-12);
        assert_eq!(weights(0.5, 0.5), (0.0, 0.0));
        // The printed form overflows here.
        assert_eq!(weights(900.0, -900.0), (1.0, -1.0));
    }

    #[test]
    fn eq_7_by_hand() {
        let tau = (0..3).fold(0.2, |tau, _| next_tau(tau, 0.9));
        assert!((tau - 0.1458).abs() < 1e-12);
    }

    #[test]
    fn the_branch_is_strict_and_has_no_lower_bound() {
        let mut settings = settings();
        assert!(is_ranked(0.0, 0.201, 0.2, &settings));
        assert!(!is_ranked(0.0, 0.2, 0.2, &settings));
        assert!(!is_ranked(5.0, -5.0, 0.2, &settings));
        settings.rank = false;
        assert!(!is_ranked(0.0, 9.0, 0.2, &settings));
    }

    fn settings() -> MethodSettings {
        let text = "name = 'ple'\nsteps = 1\nqueries_per_step = 1\nlearning_rate = 1.0";
        toml::from_str(text).expect("valid settings")
    }
}
