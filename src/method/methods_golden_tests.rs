//! DPO, PPO and RAFT against PyTorch (`tests/golden/make_methods.py` says how its numbers were made), and against values
//! that other people published.

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use serde::Deserialize;
use serde_json::Value;

use super::ppo::{self, Clipping, Estimator, Rollout, Tokens};
use super::{dpo, raft};
use crate::numbers::{value, values};

type Ragged = Vec<Vec<f64>>;

#[derive(Deserialize)]
struct Golden {
    dpo: Dpo,
    ppo: Ppo,
    raft: Raft,
}

#[derive(Deserialize)]
struct Dpo {
    policy: [Vec<f64>; 2],
    reference: [Vec<f64>; 2],
    cases: Vec<DpoCase>,
}

#[derive(Deserialize)]
struct DpoCase {
    beta: f64,
    loss: Vec<f64>,
    chosen: Vec<f64>,
    rejected: Vec<f64>,
    gradients: [Vec<f64>; 2],
}

#[derive(Deserialize)]
struct Ppo {
    log_pi: Ragged,
    log_ref: Ragged,
    values: Ragged,
    scores: Vec<f64>,
    advantages: Ragged,
    returns: Ragged,
    estimates: Vec<Estimate>,
    updates: Vec<Update>,
}

#[derive(Deserialize)]
struct Estimate {
    kl_coef: f64,
    gamma: f64,
    lambda: f64,
    whiten_rewards: bool,
    kl: Ragged,
    rewards: Ragged,
    plain_advantages: Ragged,
    advantages: Ragged,
    returns: Ragged,
}

#[derive(Deserialize)]
struct Update {
    policy_clip: f64,
    value_clip: f64,
    vf_coef: f64,
    log_pi: Ragged,
    values: Ragged,
    policy: f64,
    value: f64,
    policy_clipped: f64,
    value_clipped: f64,
    ratio: f64,
    approx_kl: f64,
    log_pi_gradients: Ragged,
    value_gradients: Ragged,
}

#[derive(Deserialize)]
struct Raft {
    k: usize,
    rewards: Vec<f64>,
    local: Vec<usize>,
    share: f64,
    top: Vec<usize>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../tests/golden/methods.json")).expect("the golden file is JSON")
}

fn constant(x: &[f64]) -> Tensor<1> {
    let x: Vec<f32> = x.iter().map(|x| *x as f32).collect();
    let n = x.len();
    Tensor::from_data(TensorData::new(x, [n]), &Device::flex())
}

fn leaf(x: &[f64]) -> Tensor<1> {
    constant(x).autodiff().require_grad()
}

#[track_caller]
fn close(found: f64, wanted: f64, tolerance: f64) {
    let error = (found - wanted).abs() / wanted.abs().max(1e-2);
    assert!(error < tolerance, "found {found}, wanted {wanted}");
}

#[track_caller]
fn all_close(found: Tensor<1>, wanted: &[f64]) {
    let found = values(found);
    assert_eq!(found.len(), wanted.len());
    for (f, w) in found.iter().zip(wanted) {
        close(f64::from(*f), *w, 2e-5);
    }
}

#[track_caller]
fn exact(found: &[f64], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len());
    for (f, w) in found.iter().zip(wanted) {
        close(*f, *w, 1e-9);
    }
}

#[test]
fn dpo_and_its_gradients_equal_pytorchs() {
    let golden = golden().dpo;
    for case in &golden.cases {
        let [chosen, rejected] = [leaf(&golden.policy[0]), leaf(&golden.policy[1])];
        let reference = (constant(&golden.reference[0]), constant(&golden.reference[1]));
        let losses = dpo::losses((chosen.clone(), rejected.clone()), reference, case.beta);
        let gradients = losses.loss.clone().mean().backward();
        all_close(losses.loss.inner(), &case.loss);
        all_close(losses.chosen.inner(), &case.chosen);
        all_close(losses.rejected.inner(), &case.rejected);
        for (leaf, wanted) in [chosen, rejected].into_iter().zip(&case.gradients) {
            all_close(leaf.grad(&gradients).expect("it takes part"), wanted);
        }
    }
}

fn rollouts(golden: &Ppo) -> Vec<Rollout> {
    (0..golden.scores.len())
        .map(|i| Rollout {
            log_pi: golden.log_pi[i].clone(),
            log_ref: golden.log_ref[i].clone(),
            values: golden.values[i].clone(),
            score: golden.scores[i],
        })
        .collect()
}

#[test]
fn ppos_rewards_advantages_and_whitening_equal_pytorchs() {
    let golden = golden().ppo;
    let batch = rollouts(&golden);
    for case in &golden.estimates {
        let estimator = Estimator {
            kl_coef: case.kl_coef,
            gamma: case.gamma,
            lambda: case.lambda,
            whiten_rewards: case.whiten_rewards,
        };
        let found = ppo::advantages(&batch, &estimator);
        for (i, found) in found.iter().enumerate() {
            let (kl, rewards) = ppo::rewards(&batch[i], case.kl_coef);
            exact(&kl, &case.kl[i]);
            exact(&rewards, &case.rewards[i]);
            exact(&found.kl, &case.kl[i]);
            exact(&found.advantages, &case.advantages[i]);
            exact(&found.returns, &case.returns[i]);
            if !case.whiten_rewards {
                let (plain, _) = ppo::gae(&rewards, &batch[i].values, case.gamma, case.lambda);
                exact(&plain, &case.plain_advantages[i]);
            }
        }
    }
}

#[test]
fn ppos_clipped_losses_and_their_gradients_equal_pytorchs() {
    let golden = golden().ppo;
    let mut clipped = 0.0;
    for case in &golden.updates {
        let (log_pi, new_values) = (leaf(&case.log_pi.concat()), leaf(&case.values.concat()));
        let tokens = Tokens {
            log_pi: log_pi.clone(),
            values: new_values.clone(),
            old_log_pi: constant(&golden.log_pi.concat()),
            old_values: constant(&golden.values.concat()),
            advantages: constant(&golden.advantages.concat()),
            returns: constant(&golden.returns.concat()),
        };
        let clipping = Clipping {
            policy: case.policy_clip,
            value: case.value_clip,
        };
        let n = golden.log_pi.concat().len();
        let found = ppo::losses(tokens, clipping, n);
        let total = found.policy.clone() + found.value.clone().mul_scalar(case.vf_coef);
        let gradients = total.backward();
        close(value(found.policy.inner()), case.policy, 2e-5);
        close(value(found.value.inner()), case.value, 2e-5);
        close(value(found.policy_clipped.clone()), case.policy_clipped, 2e-5);
        close(value(found.value_clipped), case.value_clipped, 2e-5);
        close(value(found.ratio), case.ratio, 2e-5);
        close(value(found.approx_kl), case.approx_kl, 1e-4);
        all_close(
            log_pi.grad(&gradients).expect("it takes part"),
            &case.log_pi_gradients.concat(),
        );
        all_close(
            new_values.grad(&gradients).expect("it takes part"),
            &case.value_gradients.concat(),
        );
        clipped += value(found.policy_clipped);
    }
    assert!(clipped > 0.0, "some ratio is clipped");
}

#[test]
fn raft_keeps_what_pytorch_keeps() {
    let golden = golden().raft;
    assert_eq!(raft::best_of_each(&golden.rewards, golden.k), golden.local);
    assert_eq!(raft::best_of_all(&golden.rewards, golden.share), golden.top);
}

#[test]
fn raft_never_keeps_what_is_not_a_number() {
    let nan = f64::NAN;
    assert_eq!(raft::best_of_each(&[nan, 1.0, nan, nan, 3.0, 3.0], 2), [1, 4]);
    assert_eq!(raft::best_of_all(&[nan, 1.0, nan, 2.0], 0.75), [3, 1]);
    assert_eq!(raft::best_of_all(&[0.5, 1.0], 0.1), [1]);
    // A head that overflowed is no better than the rest: those responses are told as left out.
    assert_eq!(
        raft::best_of_each(&[f64::INFINITY, 1.0, -1.0, f64::NEG_INFINITY], 2),
        [1, 2]
    );
}

#[test]
fn the_kl_coefficient_follows_its_target() {
    // Twice the target is clipped to an error of 0.2; 128 of 10000 responses.
    close(
        ppo::next_kl_coef(0.2, 12.0, 6.0, 10_000.0, 128),
        0.2 * (1.0 + 0.2 * 0.0128),
        1e-12,
    );
    close(
        ppo::next_kl_coef(0.2, 5.4, 6.0, 10_000.0, 128),
        0.2 * (1.0 - 0.1 * 0.0128),
        1e-12,
    );
}

/// Values that torchtune's authors published; `None`, with a word about it, where the file is not here.
fn published() -> Option<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/oracle/torchtune_rlhf_vectors.json");
    let Ok(text) = std::fs::read_to_string(file) else {
        println!("skipped: no ../shared/data");
        return None;
    };
    Some(serde_json::from_str(&text).expect("the file is JSON"))
}

fn list(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(|x| x.as_f64().expect("a number"))
        .collect()
}

fn lists(value: &Value) -> Ragged {
    value.as_array().expect("a list").iter().map(list).collect()
}

#[test]
fn dpo_equals_published_values() {
    let Some(all) = published() else { return };
    let case = &all["dpo_beta_0.1"];
    let of = |name: &str| constant(&list(&case[name]));
    let found = dpo::losses(
        (of("policy_chosen_logps"), of("policy_rejected_logps")),
        (of("ref_chosen_logps"), of("ref_rejected_logps")),
        0.1,
    );
    all_close(found.loss, &list(&case["expected_losses"]));
}

#[test]
fn ppo_equals_published_values() {
    let Some(all) = published() else { return };
    for case in all["ppo_policy_clip_eps_0.2"].as_array().expect("cases") {
        let of = |name: &str| constant(&list(&case[name]));
        let zero = constant(&[0.0; 3]);
        let tokens = Tokens {
            log_pi: of("new"),
            values: zero.clone(),
            old_log_pi: of("old"),
            old_values: zero.clone(),
            advantages: of("adv"),
            returns: zero,
        };
        let clipping = Clipping {
            policy: 0.2,
            value: 0.2,
        };
        let found = ppo::losses(tokens, clipping, 3);
        // Where upstream's own expectation is wrong, the file says what is true.
        let wanted = case.get("true_value").unwrap_or(&case["expected_loss"]);
        close(value(found.policy), wanted.as_f64().expect("a number"), 1e-5);
        close(
            value(found.ratio),
            case["expected_ratio"].as_f64().expect("a number"),
            1e-5,
        );
    }
    let case = &all["rewards_kl"];
    let (log_pi, log_ref) = (lists(&case["logprobs"]), lists(&case["ref_logprobs"]));
    for (i, score) in list(&case["scores"]).into_iter().enumerate() {
        let rollout = Rollout {
            log_pi: log_pi[i].clone(),
            log_ref: log_ref[i].clone(),
            values: vec![],
            score,
        };
        let (kl, rewards) = ppo::rewards(&rollout, case["kl_coeff"].as_f64().expect("a number"));
        exact(&kl, &lists(&case["expected_kl"])[i]);
        exact(&rewards, &lists(&case["expected_rewards"])[i]);
    }
    let case = &all["gae"];
    let number = |name: &str| case[name].as_f64().expect("a number");
    let (rewards, old_values) = (lists(&case["rewards"]), lists(&case["values"]));
    let (_, returns) = ppo::gae(&rewards[0], &old_values[0], number("gamma"), number("lambda"));
    exact(&returns, &lists(&case["expected_returns"])[0]);
    // Whitening has the mean and the unbiased variance of what it is given.
    let case = &all["masked_mean"][0];
    let kept: Vec<f64> = list(&case["x"])
        .into_iter()
        .zip(list(&case["mask"]))
        .filter_map(|(x, m)| (m > 0.0).then_some(x))
        .collect();
    let (mean, variance) = (
        case["expected"].as_f64().expect("a number"),
        case["expected_unbiased_var"].as_f64().expect("a number"),
    );
    let mut white = vec![kept.clone()];
    ppo::whiten(&mut white, false);
    let wanted: Vec<f64> = kept.iter().map(|x| (x - mean) / (variance + 1e-8).sqrt()).collect();
    exact(&white[0], &wanted);
}
