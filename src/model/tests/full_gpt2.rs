//! GPT-2 at its published shape, its weights by a formula: `tests/golden/make_gpt2_124m.py`.

use std::convert::Infallible;

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::{LIMIT, far, golden, json, right_padded};
use crate::config::GenerationSettings;
use crate::model::{Model, ModelConfig};
use crate::numbers::values;
use crate::random::{Purpose, stream};
use crate::sample::sample;

const HIDDEN: usize = 768;
const VOCABULARY: usize = 50257;

#[derive(Deserialize)]
struct Golden {
    rows: Vec<Vec<u32>>,
    /// Which logits of the last token of each row are in `logits`.
    columns: Vec<usize>,
    logits: Vec<Vec<f64>>,
    argmax: Vec<Vec<usize>>,
    greedy: Vec<Vec<u32>>,
    first_numbers: std::collections::BTreeMap<String, Vec<f32>>,
}

/// The script's `parameter`: four numbers of 16 bits in every word of splitmix64, which begins at the name's hash.
fn parameter(name: &str, count: usize) -> Vec<f32> {
    let hash = name.bytes().fold(0xCBF2_9CE4_8422_2325u64, |h, byte| {
        (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    let norm = name.contains("ln_") && name.ends_with("weight");
    let scale = match name {
        _ if norm => 0.25,
        _ if name.ends_with("bias") => 1.0 / 32.0,
        "wpe.weight" => 1.0 / 64.0,
        _ => 1.0 / 16.0,
    };
    let (step, shift) = (scale / 32768.0, if norm { 1.0 } else { 0.0 });
    let word = |k: usize| {
        let mut z = hash.wrapping_add((k as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    let mut numbers = vec![0.0; count];
    numbers.par_chunks_mut(1 << 16).enumerate().for_each(|(i, block)| {
        for (j, four) in block.chunks_mut(4).enumerate() {
            let word = word(i * (1 << 14) + j);
            for (lane, number) in four.iter_mut().enumerate() {
                let n = f32::from((word >> (16 * lane)) as u16);
                *number = (n - 32767.5) * step + shift;
            }
        }
    });
    numbers
}

fn gpt2() -> Model {
    let config = json!({
        "architectures": ["GPT2LMHeadModel"], "vocab_size": VOCABULARY, "n_positions": 1024, "n_embd": HIDDEN,
        "n_layer": 12, "n_head": 12,
    });
    let config = ModelConfig::from_json(config.to_string().as_bytes()).expect("GPT-2's shape");
    let device = Device::flex();
    let built: Result<Model, Infallible> = Model::build(config, &device, &mut |name, shape| {
        let name = name.trim_start_matches("transformer.");
        let numbers = parameter(name, shape[0] * shape[1]);
        // Tied embeddings are asked for as the head reads them.
        let lying = name == "wte.weight" && shape[1] == VOCABULARY;
        let numbers = match lying {
            true => crate::model::weights::transposed(numbers, Some((VOCABULARY, HIDDEN))),
            false => numbers,
        };
        Ok(Tensor::from_data(TensorData::new(numbers, shape), &device))
    });
    match built {
        Ok(model) => model,
        Err(never) => match never {},
    }
}

#[test]
fn gpt2_at_its_full_shape_equals_transformers() {
    let golden: Golden = json(golden("gpt2_124m.json"));
    for (name, wanted) in &golden.first_numbers {
        assert_eq!(&parameter(name, 5), wanted, "{name}");
    }
    let model = gpt2();
    // Both rows in one batch, the shorter padded on the right.
    let hidden = model.hidden(right_padded(&golden.rows, 11));
    for (i, row) in golden.rows.iter().enumerate() {
        let logits = values(model.logits(hidden.clone().narrow(0, i, 1).narrow(1, 0, row.len())));
        let each = logits.chunks(VOCABULARY);
        let argmax = |l: &[f32]| (0..l.len()).fold(0, |best, j| if l[j] > l[best] { j } else { best });
        assert_eq!(each.clone().map(argmax).collect::<Vec<_>>(), golden.argmax[i]);
        let last = each.last().expect("a token");
        let found: Vec<f32> = golden.columns.iter().map(|&c| last[c]).collect();
        let difference = far(&found, &golden.logits[i]);
        println!("row {i}: {difference:.1e}");
        assert!(difference < LIMIT, "row {i} differs by {difference:e}");
    }
    // And padded on the left, with a cache.
    let settings: GenerationSettings = toml::from_str("max_new_tokens = 3\ntemperature = 0.0").expect("valid settings");
    let rngs = (0..2).map(|i| stream(0, Purpose::Ask, 0, i)).collect();
    let found = sample(&model, &golden.rows, &settings, &[], rngs, &mut |_, _| {});
    assert_eq!(found.into_iter().map(|c| c.ids).collect::<Vec<_>>(), golden.greedy);
}
