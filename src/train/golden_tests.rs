//! The updates of a whole step of Algorithm 1 against PyTorch and PEFT: `tests/golden/make_peft.py` says how the numbers
//! were made.

use serde::Deserialize;

use super::loops::ple::member_losses;
use super::optimizer::Optimizer;
use super::replay::Member;
use super::shards::{ShardLoss, gradients};
use crate::config::MethodSettings;
use crate::model::tests::{adapted, golden, json, relative, tensors};
use crate::model::{Model, Trained};
use crate::numbers::values;

#[derive(Deserialize)]
struct Golden {
    /// x, y, y'.
    pairs: Vec<(Vec<u32>, Vec<u32>, Vec<u32>)>,
    rewards: Vec<(f64, f64)>,
    tau: f64,
    step: Settings,
    updates: Vec<Update>,
}

#[derive(Deserialize)]
struct Settings {
    minibatch: usize,
    learning_rate: f64,
    weight_decay: f64,
    max_grad_norm: f64,
    beta_2: f32,
}

#[derive(Deserialize)]
struct Update {
    rank: f64,
    wsft: f64,
    loss: f64,
    grad_norm: f64,
}

/// Every A and B by name, in PyTorch's layout.
fn adapter(model: &mut Model) -> Vec<(String, Vec<f32>)> {
    let mut found = Vec::new();
    model.for_each_mut(&mut |name, p| {
        if name.contains(".lora_") {
            found.push((name.to_string(), values(p.clone().transpose())));
        }
    });
    found
}

/// Three minibatches: their losses, the norm of each gradient (some are clipped, some not), and what AdamW made of A and B.
#[test]
fn the_updates_of_a_step_equal_pytorchs() {
    for name in ["gpt2-all-linear", "llama-all-linear"] {
        let folder = golden("peft").join(name);
        let (mut model, wanted) = (adapted(name), tensors(folder.join("golden.safetensors")));
        let golden: Golden = json(folder.join("golden.json"));
        let clipped = golden
            .updates
            .iter()
            .filter(|u| u.grad_norm > golden.step.max_grad_norm);
        let clipped = clipped.count();
        assert!(clipped > 0 && clipped < golden.updates.len(), "{name}: both are there");
        let d_train: Vec<Member> = (golden.pairs.iter().zip(&golden.rewards))
            .map(|((x, y, guided), &(s, s_guided))| Member {
                x: x[..].into(),
                y: y[..].into(),
                y_guided: guided[..].into(),
                s,
                s_guided,
                ..Member::default()
            })
            .collect();
        let settings: MethodSettings =
            toml::from_str("name = 'ple'\nsteps = 1\nqueries_per_step = 1\nlearning_rate = 1.0").expect("valid");
        let trained = Trained::of(&mut model);
        let mut optimizer = Optimizer::new(golden.step.beta_2, golden.step.weight_decay, golden.step.max_grad_norm);
        let before = adapter(&mut model);
        for (batch, wanted) in d_train.chunks(golden.step.minibatch).zip(&golden.updates) {
            let computed = gradients(&model, &trained, batch, |policy, shard| {
                let shard: Vec<&Member> = shard.iter().collect();
                let (losses, _) = member_losses(policy, &shard, golden.tau, batch.len(), &settings);
                ShardLoss {
                    loss: losses.total,
                    parts: vec![losses.rank, losses.wsft],
                }
            });
            let (loss, parts) = (computed.loss, computed.parts.clone());
            let norm = optimizer.step(&mut model, computed.gradients, golden.step.learning_rate);
            for (what, found, wanted) in [
                ("Eq. 3", parts[0], wanted.rank),
                ("Eq. 4", parts[1], wanted.wsft),
                ("Eq. 6", loss, wanted.loss),
                ("the gradient's norm", norm, wanted.grad_norm),
            ] {
                let error = (found - wanted).abs() / wanted.abs().max(1.0);
                assert!(error < 1e-4, "{name}, {what}: {found}, PyTorch says {wanted}");
            }
        }
        let mut worst = 0.0f64;
        for ((parameter, after), (_, before)) in adapter(&mut model).iter().zip(&before) {
            let wanted = &wanted[&format!("after.base_model.model.{parameter}")].1;
            // Of what the updates changed, not of the parameter.
            let changed = |numbers: &mut dyn Iterator<Item = f64>| -> Vec<f64> {
                numbers.zip(before).map(|(n, b)| n - f64::from(*b)).collect()
            };
            let found = changed(&mut after.iter().map(|v| f64::from(*v)));
            let found: Vec<f32> = found.into_iter().map(|v| v as f32).collect();
            let error = relative(&found, &changed(&mut wanted.iter().copied()));
            assert!(
                error < 1e-3,
                "{name}: {parameter} was changed with a relative error of {error:e}"
            );
            worst = worst.max(error);
        }
        println!("{name}: {worst:.1e}");
    }
}
