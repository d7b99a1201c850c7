//! Adapters that PEFT saved: what they do to the logits, and the gradients of a PLE loss.

use serde::Deserialize;

use super::{LIMIT, adapted, far, golden, json, logits, relative, tensors};
use crate::config::MethodSettings;
use crate::method::{logprob::log_probs, ple};
use crate::model::Trained;
use crate::numbers::{value, values};

const ADAPTERS: [&str; 5] = [
    "gpt2-all-linear",
    "llama-all-linear",
    "qwen2-all-linear",
    "gpt2-c_attn",
    "llama-q-v",
];

#[derive(Deserialize)]
struct Rows {
    rows: Vec<Vec<u32>>,
}

#[derive(Deserialize)]
struct Pairs {
    /// x, y, y'.
    pairs: Vec<(Vec<u32>, Vec<u32>, Vec<u32>)>,
    rewards: Vec<(f64, f64)>,
    tau: f64,
    #[serde(rename = "losses.f64")]
    losses: Losses,
}

#[derive(Deserialize)]
struct Losses {
    rank: f64,
    wsft: f64,
}

#[test]
fn logits_with_an_adapter_equal_pefts() {
    for name in ADAPTERS {
        let (side_branch, folder) = (adapted(name), golden("peft").join(name));
        let mut merged = side_branch.clone();
        merged.merge();
        let wanted = tensors(folder.join("golden.safetensors"));
        let golden: Rows = json(folder.join("golden.json"));
        for (i, row) in golden.rows.iter().enumerate() {
            for (how, model) in [("beside", &side_branch), ("merged", &merged)] {
                let difference = far(&logits(model, row), &wanted[&format!("logits.{i}")].1);
                println!("{name}, {how}: {difference:.1e}");
                assert!(difference < LIMIT, "{name}, {how}: differs by {difference:e}");
            }
        }
    }
}

/// Of Eq. 6 by every A and B, with activations kept and with activations computed again.
#[test]
fn gradients_of_an_adapter_equal_pytorchs() {
    for (name, checkpointing) in [
        ("gpt2-all-linear", false),
        ("gpt2-all-linear", true),
        ("llama-all-linear", false),
        ("llama-all-linear", true),
    ] {
        let (mut model, folder) = (adapted(name), golden("peft").join(name));
        let golden: Pairs = json(folder.join("golden.json"));
        let wanted = tensors(folder.join("golden.safetensors"));
        let mut trained = Trained::of(&mut model);
        trained.checkpointing = checkpointing;
        let mut tracked = trained.tracked(&model);
        let n = golden.pairs.len();
        let y = golden.pairs.iter().map(|(x, y, _)| (&x[..], &y[..]));
        let guided = golden.pairs.iter().map(|(x, _, guided)| (&x[..], &guided[..]));
        let log_pi = log_probs(&tracked, &y.chain(guided).collect::<Vec<_>>());
        let settings: MethodSettings =
            toml::from_str("name = 'ple'\nsteps = 1\nqueries_per_step = 1\nlearning_rate = 1.0").expect("valid");
        let (y, guided) = (log_pi.rows(0, n), log_pi.rows(n, n));
        let losses = ple::losses(
            &y,
            &guided,
            &golden.rewards,
            golden.tau,
            n,
            &settings,
            &ple::Known::default(),
        );
        let mut back = losses.total.backward();
        for (found, wanted) in [(losses.rank, golden.losses.rank), (losses.wsft, golden.losses.wsft)] {
            let found = value(found.inner());
            assert!((found - wanted).abs() < LIMIT, "{name}: {found}, PyTorch says {wanted}");
        }
        let found = trained.gradients(&mut tracked, &mut back);
        let of_adapter = |key: &&String| key.starts_with("gradient.f64.");
        assert_eq!(found.len(), wanted.keys().filter(of_adapter).count(), "{name}");
        let mut worst = 0.0f64;
        for (parameter, gradient) in found {
            let wanted = &wanted[&format!("gradient.f64.base_model.model.{parameter}")].1;
            let error = relative(&values(gradient.transpose()), wanted);
            assert!(error < 1e-4, "{name}: {parameter} has a relative error of {error:e}");
            worst = worst.max(error);
        }
        println!("{name}, checkpointing {checkpointing}: {worst:.1e}");
    }
}
