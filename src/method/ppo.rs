//! PPO for language models: Schulman et al. 2017 as Ziegler et al. 2019 use it, and TRL's PPOv2 does.
//!
//! x is a query and y a response that the policy pi sampled. Token j of y is an action in the state (x, y^<j); the
//! episode ends with the last token. pi_ref is the policy that training began with and stays as it is, V the value head.
//! First, once a step and without gradients, the rewards and advantages of the tokens; then, several times over the same
//! responses, the clipped losses.

use burn::tensor::Tensor;

/// What was known of a response's tokens when it was sampled; all of the same length, one entry a token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rollout {
    /// log pi(y^j | y^<j, x) of the policy that sampled it.
    pub log_pi: Vec<f64>,
    /// The same of pi_ref.
    pub log_ref: Vec<f64>,
    /// V(x, y^<j).
    pub values: Vec<f64>,
    /// R(x, y), of the whole response.
    pub score: f64,
}

/// What training uses of a response's tokens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advantages {
    /// log pi - log pi_ref of each token: the estimator k1 of the divergence.
    pub kl: Vec<f64>,
    pub advantages: Vec<f64>,
    /// What V is drawn to.
    pub returns: Vec<f64>,
}

/// How advantages are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimator {
    /// beta of Ziegler et al., Eq. 2.
    pub kl_coef: f64,
    /// Discount.
    pub gamma: f64,
    /// lambda of GAE.
    pub lambda: f64,
    /// Rewards are divided by their deviation over the batch.
    pub whiten_rewards: bool,
}

/// Ziegler et al., Eq. 2: R(x, y) - beta log( pi(y | x) / pi_ref(y | x) ), spread over the tokens: each bears its own part of
/// the divergence, and the last one the score. Returns kl and rewards.
pub fn rewards(rollout: &Rollout, kl_coef: f64) -> (Vec<f64>, Vec<f64>) {
    let kl: Vec<f64> = rollout
        .log_pi
        .iter()
        .zip(&rollout.log_ref)
        .map(|(p, r)| p - r)
        .collect();
    let mut rewards: Vec<f64> = kl.iter().map(|kl| -kl_coef * kl).collect();
    if let Some(last) = rewards.last_mut() {
        *last += rollout.score;
    }
    (kl, rewards)
}

/// Generalised advantage estimation (Schulman et al. 2016, Eqs. 11 and 12), from the last token to the first:
///
/// delta_j = r_j + gamma V_(j+1) - V_j,   A_j = delta_j + gamma lambda A_(j+1),   return_j = A_j + V_j
///
/// with V = 0 after the last token. Returns advantages and returns.
pub fn gae(rewards: &[f64], values: &[f64], gamma: f64, lambda: f64) -> (Vec<f64>, Vec<f64>) {
    let (mut next_value, mut next_advantage) = (0.0, 0.0);
    let mut advantages = vec![0.0; rewards.len()];
    for j in (0..rewards.len()).rev() {
        let delta = rewards[j] + gamma * next_value - values[j];
        next_advantage = delta + gamma * lambda * next_advantage;
        next_value = values[j];
        advantages[j] = next_advantage;
    }
    let returns = advantages.iter().zip(values).map(|(a, v)| a + v).collect();
    (advantages, returns)
}

/// Deviation 1 over all numbers of a batch, and mean 0 unless `keep_mean`. The variance is the unbiased one, as in TRL.
pub fn whiten(batch: &mut [Vec<f64>], keep_mean: bool) {
    let n = batch.iter().map(Vec::len).sum::<usize>() as f64;
    if n < 2.0 {
        return;
    }
    let all = || batch.iter().flatten();
    let mean = all().sum::<f64>() / n;
    let variance = all().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let scale = 1.0 / (variance + 1e-8).sqrt();
    let kept = if keep_mean { mean } else { 0.0 };
    batch.iter_mut().flatten().for_each(|x| *x = (*x - mean) * scale + kept);
}

/// From what was sampled to what is trained on. The advantages are whitened over the batch, always.
pub fn advantages(batch: &[Rollout], estimator: &Estimator) -> Vec<Advantages> {
    let (kl, mut all_rewards): (Vec<_>, Vec<_>) = batch.iter().map(|r| rewards(r, estimator.kl_coef)).unzip();
    if estimator.whiten_rewards {
        whiten(&mut all_rewards, true);
    }
    let (mut all_advantages, returns): (Vec<_>, Vec<_>) = batch
        .iter()
        .zip(&all_rewards)
        .map(|(rollout, rewards)| gae(rewards, &rollout.values, estimator.gamma, estimator.lambda))
        .unzip();
    whiten(&mut all_advantages, false);
    kl.into_iter()
        .zip(all_advantages)
        .zip(returns)
        .map(|((kl, advantages), returns)| Advantages {
            kl,
            advantages,
            returns,
        })
        .collect()
}

/// The tokens of a minibatch, or of a shard of it, in a row; every tensor is `[tokens]`.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// As they are now: these take gradients.
    pub log_pi: Tensor<1>,
    pub values: Tensor<1>,
    /// As they were when the responses were sampled.
    pub old_log_pi: Tensor<1>,
    pub old_values: Tensor<1>,
    pub advantages: Tensor<1>,
    pub returns: Tensor<1>,
}

/// How far an update may go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clipping {
    /// epsilon of the policy's ratio.
    pub policy: f64,
    /// Of the value, in the value's own units.
    pub value: f64,
}

/// The losses and what is watched beside them: sums over tokens divided by the tokens of the whole minibatch, each `[1]`.
#[derive(Clone, Debug)]
pub struct Losses {
    pub policy: Tensor<1>,
    pub value: Tensor<1>,
    /// Share of tokens whose ratio (or value) was clipped to effect.
    pub policy_clipped: Tensor<1>,
    pub value_clipped: Tensor<1>,
    /// Mean ratio pi / pi_old.
    pub ratio: Tensor<1>,
    /// 1/2 mean (log pi - log pi_old)^2: how far this update is from the policy that sampled.
    pub approx_kl: Tensor<1>,
}

/// Schulman et al. 2017, Eq. 7: L = - mean min( r A, clip(r, 1 - epsilon, 1 + epsilon) A ) with r = pi / pi_old,
/// and the value loss 1/2 mean max( (V - R)^2, (clip(V, V_old - epsilon, V_old + epsilon) - R)^2 ).
///
/// `batch` is the number of tokens of the whole minibatch, of which these may be a shard.
pub fn losses(tokens: Tokens, clipping: Clipping, batch: usize) -> Losses {
    let mean = |x: Tensor<1>| x.sum().div_scalar(batch as f64);
    let log_ratio = tokens.log_pi - tokens.old_log_pi;
    let ratio = log_ratio.clone().exp();
    let free = ratio.clone() * tokens.advantages.clone().neg();
    let clipped = ratio.clone().clamp(1.0 - clipping.policy, 1.0 + clipping.policy) * tokens.advantages.neg();
    let policy_clipped = clipped.clone().inner().greater(free.clone().inner()).float();

    let near = tokens.old_values.clone().sub_scalar(clipping.value);
    let far = tokens.old_values.add_scalar(clipping.value);
    let clipped_values = tokens.values.clone().max_pair(near).min_pair(far);
    let free_value = (tokens.values - tokens.returns.clone()).square();
    let clipped_value = (clipped_values - tokens.returns).square();
    let value_clipped = clipped_value
        .clone()
        .inner()
        .greater(free_value.clone().inner())
        .float();
    Losses {
        policy: mean(free.max_pair(clipped)),
        value: mean(free_value.max_pair(clipped_value)).mul_scalar(0.5),
        policy_clipped: mean(policy_clipped),
        value_clipped: mean(value_clipped),
        ratio: mean(ratio.inner()),
        approx_kl: mean(log_ratio.inner().square()).mul_scalar(0.5),
    }
}

/// Ziegler et al., Eq. 4: beta of the next step, which draws the divergence of a response to `target`.
///
/// `kl` is the mean divergence of this step's responses, `responses` their number.
pub fn next_kl_coef(kl_coef: f64, kl: f64, target: f64, horizon: f64, responses: usize) -> f64 {
    let error = (kl / target - 1.0).clamp(-0.2, 0.2);
    kl_coef * (1.0 + error * responses as f64 / horizon)
}
