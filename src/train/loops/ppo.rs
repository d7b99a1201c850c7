//! A step of PPO: sample, score, estimate advantages once, update several times on them.

use std::time::Instant;

use burn::tensor::{Tensor, TensorData};

use super::super::diagnose::look;
use super::super::shards::ShardLoss;
use super::super::trainer::{TrainError, Trainer};
use super::super::{Branch, Metrics};
use super::{borrowed, mean};
use crate::config::AdaptiveKl;
use crate::method::logprob::token_probs;
use crate::method::ppo::{self, Advantages, Clipping, Estimator, Rollout, Tokens};

/// A response with all that an update needs of it.
#[derive(Clone)]
struct Learnt {
    x: Vec<u32>,
    y: Vec<u32>,
    rollout: Rollout,
    advantages: Advantages,
}

impl Trainer {
    pub(super) fn ppo_step(&mut self) -> Result<bool, TrainError> {
        let start = Instant::now();
        let settings = self.setup.experiment.method.ppo();
        let Some(answers) = self.answers(1)? else {
            return Ok(false);
        };
        let rows = self.rows_of(&answers);
        let temperature = self.temperature();
        let policy = look(&self.setup.policy, &borrowed(&rows), temperature);
        let reference = look(self.reference()?, &borrowed(&rows), temperature);
        let mut record = self.record_of(&answers.scored);
        self.diagnose(
            &mut record.metrics,
            &borrowed(&rows),
            &answers.scored,
            Some((&policy, &reference)),
        );

        let rollouts: Vec<Rollout> = policy
            .into_iter()
            .zip(reference)
            .enumerate()
            .map(|(i, (policy, reference))| {
                let ended = answers.scored[i].completion.ended;
                let penalty = if ended { 0.0 } else { settings.missing_eos_penalty };
                Rollout {
                    log_pi: policy.log_pi,
                    log_ref: reference.log_pi,
                    values: policy.values,
                    score: answers.reward(i) - penalty,
                }
            })
            .collect();
        // A score that is not a number would make the whole batch one.
        let good: Vec<usize> = (0..rows.len()).filter(|i| rollouts[*i].score.is_finite()).collect();
        let used: Vec<Rollout> = good.iter().map(|i| rollouts[*i].clone()).collect();
        let estimator = Estimator {
            kl_coef: self.kl_coef,
            gamma: settings.gamma,
            lambda: settings.lambda,
            whiten_rewards: settings.whiten_rewards,
        };
        let advantages = ppo::advantages(&used, &estimator);
        let learnt: Vec<Learnt> = good
            .iter()
            .zip(used.iter().zip(&advantages))
            .map(|(i, (rollout, advantages))| Learnt {
                x: rows[*i].0.clone(),
                y: rows[*i].1.clone(),
                rollout: rollout.clone(),
                advantages: advantages.clone(),
            })
            .collect();

        let clipping = Clipping {
            policy: settings.clip,
            value: settings.value_clip,
        };
        let device = self.setup.device.clone();
        let updates = self.updates(&learnt, settings.epochs, |policy, batch, shard| {
            let n: usize = batch.iter().map(|l| l.y.len()).sum();
            let rows: Vec<(&[u32], &[u32])> = shard.iter().map(|l| (&l.x[..], &l.y[..])).collect();
            let now = token_probs(policy, &rows, temperature);
            let column = |f: &dyn Fn(&Learnt) -> &[f64]| {
                let x: Vec<f32> = shard.iter().flat_map(f).map(|x| *x as f32).collect();
                let n = x.len();
                Tensor::<1>::from_data(TensorData::new(x, [n]), &device)
            };
            let old_values = column(&|l| &l.rollout.values);
            let tokens = Tokens {
                log_pi: now.log_pi,
                values: now.values.unwrap_or_else(|| old_values.clone()),
                old_log_pi: column(&|l| &l.rollout.log_pi),
                old_values,
                advantages: column(&|l| &l.advantages.advantages),
                returns: column(&|l| &l.advantages.returns),
            };
            let losses = ppo::losses(tokens, clipping, n);
            ShardLoss {
                loss: losses.policy.clone() + losses.value.clone().mul_scalar(settings.value_coef),
                parts: vec![
                    losses.approx_kl,
                    losses.policy_clipped,
                    losses.policy,
                    losses.value,
                    losses.value_clipped,
                    now.entropy.sum().div_scalar(n as f64),
                    losses.ratio,
                ],
            }
        });

        let of_responses = |f: &dyn Fn(usize) -> f64| mean((0..used.len()).map(f));
        let kl = of_responses(&|i| advantages[i].kl.iter().sum());
        let scores = of_responses(&|i| used[i].score);
        let ratio = updates.part(6);
        let ratio_var =
            updates.parts.iter().map(|p| (p[6] - ratio).powi(2)).sum::<f64>() / (updates.parts.len() as f64 - 1.0);
        let metrics = [
            ("objective/kl", kl),
            (
                "objective/entropy",
                of_responses(&|i| -used[i].log_pi.iter().sum::<f64>()),
            ),
            ("objective/non_score_reward", -self.kl_coef * kl),
            ("objective/rlhf_reward", scores - self.kl_coef * kl),
            ("objective/scores", scores),
            ("objective/kl_coef", self.kl_coef),
            ("policy/approxkl_avg", updates.part(0)),
            ("policy/clipfrac_avg", updates.part(1)),
            ("loss/policy_avg", updates.part(2)),
            ("loss/value_avg", updates.part(3)),
            ("val/clipfrac_avg", updates.part(4)),
            ("policy/entropy_avg", updates.part(5)),
            ("val/ratio", ratio),
            ("val/ratio_var", ratio_var),
            (
                "val/num_eos_tokens",
                answers.scored.iter().filter(|s| s.completion.ended).count() as f64,
            ),
            ("episode", (f64::from(self.step) + 1.0) * rows.len() as f64),
        ];
        record.metrics.extend(metrics.map(|(name, x)| (name.to_string(), x)));
        let pairs = (0..rows.len())
            .map(|i| {
                let at = good.iter().position(|g| *g == i);
                let kl = rollouts[i]
                    .log_pi
                    .iter()
                    .zip(&rollouts[i].log_ref)
                    .map(|(p, r)| p - r)
                    .sum::<f64>();
                let mut metrics: Metrics = [("score".to_string(), rollouts[i].score), ("kl".to_string(), kl)].into();
                if let Some(value) = rollouts[i].values.first() {
                    metrics.insert("value".into(), *value);
                }
                let branch = at.map_or(Branch::Dropped, |_| Branch::Learnt);
                self.single(&answers, &rows[i], i, branch, metrics)
            })
            .collect();
        self.next_kl_coef(kl, used.len());
        let broken = rows.len() - good.len();
        self.end_step(record, pairs, &updates, start)?;
        self.tell_broken_rewards(broken)?;
        Ok(true)
    }

    /// beta of the next step. A run that is resumed comes to the same from the last step's metrics.
    pub(in super::super) fn next_kl_coef(&mut self, kl: f64, responses: usize) {
        if let AdaptiveKl::To(to) = self.setup.experiment.method.ppo().adaptive_kl
            && kl.is_finite()
        {
            self.kl_coef = ppo::next_kl_coef(self.kl_coef, kl, to.target, to.horizon, responses);
        }
    }
}
