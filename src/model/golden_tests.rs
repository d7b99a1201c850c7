//! The bundled models against `transformers` and PyTorch: `tests/golden/make_tiny_llama.py` says how the numbers were
//! made. After `ple assets build` they have to be made again.

use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::Deserialize;
use std::collections::BTreeMap;

use super::{Adapter, Model, Precision, Text, Trained, load};
use crate::assets::builtin_model;
use crate::config::{GenerationSettings, MethodSettings};
use crate::method::{logprob::log_probs, ple};
use crate::numbers::{value, values};
use crate::random::{Purpose, stream};
use crate::reward::scores;
use crate::sample::sample;

#[derive(Deserialize)]
struct Golden {
    prompts: Vec<Vec<u32>>,
    responses: Vec<Vec<u32>>,
    texts: Vec<(String, String)>,
    logits: Vec<Logits>,
    greedy: Vec<Vec<u32>>,
    scores: Vec<f64>,
    ple: Ple,
}

#[derive(Deserialize)]
struct Logits {
    argmax: Vec<usize>,
    last: Vec<f64>,
}

#[derive(Deserialize)]
struct Ple {
    rank: f64,
    wsft: f64,
    rank_of_adapter: usize,
    alpha: f64,
    tau: f64,
    rewards: Vec<(f64, f64)>,
    gradients: BTreeMap<String, Gradient>,
}

#[derive(Deserialize)]
struct Gradient {
    norm: f64,
    /// The first entries in PyTorch's layout, the transpose of ours.
    corner: Vec<Vec<f64>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../tests/golden/tiny_llama.json")).expect("the golden file is JSON")
}

fn tiny() -> (Model, Text) {
    load(
        &builtin_model("tiny").expect("bundled"),
        Precision::F32,
        &Device::flex(),
    )
    .expect("loads")
}

fn greedy(max_new_tokens: usize) -> GenerationSettings {
    GenerationSettings {
        max_new_tokens,
        temperature: 0.0,
        top_p: 1.0,
        ..GenerationSettings::default()
    }
}

#[test]
fn the_tokenizer_reads_as_transformers_reads() {
    let (golden, (_, text)) = (golden(), tiny());
    for ((x, y), (prompt, response)) in golden.prompts.iter().zip(&golden.responses).zip(&golden.texts) {
        assert_eq!(&text.prompt(prompt), x);
        assert_eq!(&text.response(response), y);
    }
}

#[test]
fn logits_equal_transformers() {
    let (golden, (model, _)) = (golden(), tiny());
    for ((x, y), wanted) in golden.prompts.iter().zip(&golden.responses).zip(&golden.logits) {
        let ids: Vec<i32> = x.iter().chain(y).map(|&i| i as i32).collect();
        let n = ids.len();
        let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [1, n]), &Device::flex());
        let logits = values(model.logits(model.hidden(ids)));
        let vocabulary = logits.len() / n;
        let argmax: Vec<usize> = logits
            .chunks(vocabulary)
            .map(|row| (0..vocabulary).fold(0, |best, i| if row[i] > row[best] { i } else { best }))
            .collect();
        assert_eq!(argmax, wanted.argmax);
        for (found, wanted) in logits[(n - 1) * vocabulary..].iter().zip(&wanted.last) {
            assert!((f64::from(*found) - wanted).abs() < 1e-4, "{found} {wanted}");
        }
    }
}

/// All prompts in one batch of unequal lengths, with a cache, against one prompt at a time without padding.
#[test]
fn greedy_text_equals_transformers_token_for_token() {
    let (golden, (model, text)) = (golden(), tiny());
    let rngs = (0..6).map(|i| stream(0, Purpose::Ask, 0, i)).collect();
    let found = sample(
        &model,
        &golden.prompts,
        &greedy(24),
        &text.special().stops,
        rngs,
        &mut |_, _| {},
    );
    for (completion, wanted) in found.iter().zip(&golden.greedy) {
        assert_eq!(&completion.ids, wanted);
    }
}

#[test]
fn rewards_equal_transformers() {
    let golden = golden();
    let (model, _) = load(
        &builtin_model("hh-preference").expect("bundled"),
        Precision::F32,
        &Device::flex(),
    )
    .expect("loads");
    let rows: Vec<(&[u32], &[u32])> = golden
        .prompts
        .iter()
        .zip(&golden.responses)
        .map(|(x, y)| (&x[..], &y[..]))
        .collect();
    for (found, wanted) in scores(&model, &rows).iter().zip(&golden.scores) {
        assert!((found - wanted).abs() < 1e-4, "{found} {wanted}");
    }
}

/// The losses of a minibatch and the gradient of every adapter, through the whole model.
#[test]
fn a_ple_minibatch_equals_pytorchs() {
    let (golden, (mut model, _)) = (golden(), tiny());
    adapt(&mut model, golden.ple.rank_of_adapter, golden.ple.alpha);
    let trained = Trained::of(&mut model);
    let mut tracked = trained.tracked(&model);
    let n = golden.ple.rewards.len();
    let y = (0..n).map(|i| (&golden.prompts[i][..], &golden.responses[i][..]));
    let y_guided = (0..n).map(|i| (&golden.prompts[i][..], &golden.responses[(i + 1) % n][..]));
    let rows: Vec<(&[u32], &[u32])> = y.chain(y_guided).collect();
    let log_pi = log_probs(&tracked, &rows);
    let settings: MethodSettings =
        toml::from_str("name = 'ple'\nsteps = 1\nqueries_per_step = 1\nlearning_rate = 1.0").expect("valid");
    let losses = ple::losses(
        &log_pi.rows(0, n),
        &log_pi.rows(n, n),
        &golden.ple.rewards,
        golden.ple.tau,
        n,
        &settings,
        &ple::Known::default(),
    );
    let mut gradients = losses.total.backward();
    let near = |found: f64, wanted: f64, what: &str| {
        assert!(
            (found - wanted).abs() / wanted.abs().max(1e-3) < 1e-4,
            "{what}: {found}, PyTorch says {wanted}"
        );
    };
    near(value(losses.rank.inner()), golden.ple.rank, "Eq. 3");
    near(value(losses.wsft.inner()), golden.ple.wsft, "Eq. 4");
    let found = trained.gradients(&mut tracked, &mut gradients);
    assert_eq!(found.len(), golden.ple.gradients.len());
    for (name, gradient) in found {
        let wanted = &golden.ple.gradients[&name];
        let columns = gradient.dims()[1];
        let g = values(gradient);
        let norm = g.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        near(norm, wanted.norm, &name);
        for (i, row) in wanted.corner.iter().enumerate() {
            for (j, &entry) in row.iter().enumerate() {
                let ours = f64::from(g[j * columns + i]);
                assert!(
                    (ours - entry).abs() < 1e-4 * wanted.norm,
                    "{name}[{i}, {j}]: {ours}, PyTorch says {entry}"
                );
            }
        }
    }
}

/// Adapters whose entries follow the formula of the script.
fn adapt(model: &mut Model, rank: usize, alpha: f64) {
    let entry = |layer: usize, place: usize, side: usize, i: usize, j: usize| {
        let angle =
            1.0 + 3.0 * layer as f64 + 0.7 * place as f64 + 1.3 * side as f64 + 0.37 * i as f64 + 0.11 * j as f64;
        (0.05 * angle.sin()) as f32
    };
    for (l, layer) in model.layers.iter_mut().enumerate() {
        for (place, (_, linear)) in layer.linears_mut().into_iter().enumerate() {
            let [inputs, outputs] = linear.weight.dims();
            // The script's A is [rank, in] and its B is [out, rank].
            let a: Vec<f32> = (0..inputs * rank)
                .map(|k| entry(l, place, 0, k % rank, k / rank))
                .collect();
            let b: Vec<f32> = (0..rank * outputs)
                .map(|k| entry(l, place, 1, k % outputs, k / outputs))
                .collect();
            let device = Device::flex();
            linear.adapter = Some(Adapter {
                a: Tensor::from_data(TensorData::new(a, [inputs, rank]), &device),
                b: Tensor::from_data(TensorData::new(b, [rank, outputs]), &device),
                scale: alpha / rank as f64,
            });
        }
    }
}
