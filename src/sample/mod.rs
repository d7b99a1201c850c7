//! Batched sampling with a KV cache.

mod choose;

use burn::tensor::{Device, Int, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;

pub use choose::{Chooser, choose};

use crate::config::GenerationSettings;
use crate::model::{KvCache, Model};
use crate::numbers::values;

/// Fills rows up on the left; no token looks at it.
const FILLER: u32 = 0;

/// One sampled response.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// Token ids; the last is the one that it stopped at if `ended`.
    pub ids: Vec<u32>,
    /// It stopped by itself rather than at the limit.
    pub ended: bool,
}

/// Samples one response for every prompt.
///
/// A response ends with any of the `stops`. Each row draws from its own random stream. `watch(row, ids so far)` is called
/// after every token.
/// The model's adapters should be merged: it is run once for every token.
pub fn sample(
    model: &Model,
    prompts: &[Vec<u32>],
    settings: &GenerationSettings,
    stops: &[u32],
    mut rngs: Vec<ChaCha8Rng>,
    watch: &mut dyn FnMut(usize, &[u32]),
) -> Vec<Completion> {
    let mut done: Vec<Completion> = vec![
        Completion {
            ids: Vec::new(),
            ended: false
        };
        prompts.len()
    ];
    let longest = prompts.iter().map(Vec::len).max().unwrap_or(0);
    if longest == 0 || settings.max_new_tokens == 0 {
        return done;
    }
    let device = model.device();
    let chooser = Chooser {
        temperature: settings.temperature,
        top_p: settings.top_p,
    };
    let mut cache = KvCache::new(prompts.iter().map(|p| longest - p.len()).collect());
    // Rows still being written, as places in `prompts`; the batch shrinks as rows end.
    let mut rows: Vec<usize> = (0..prompts.len()).collect();
    let mut input = padded(prompts, longest, &device);
    for _ in 0..settings.max_new_tokens {
        let hidden = model.hidden_cached(input, &mut cache);
        let new = hidden.dims()[1];
        let last = hidden.narrow(1, new - 1, 1).squeeze_dim::<2>(1);
        let logits = values(model.logits(last));
        let vocabulary = logits.len() / rows.len();
        let mut keep = Vec::with_capacity(rows.len());
        let mut next = Vec::with_capacity(rows.len());
        for (i, &row) in rows.iter().enumerate() {
            let token = choose(&logits[i * vocabulary..(i + 1) * vocabulary], &chooser, &mut rngs[row]);
            done[row].ids.push(token);
            done[row].ended = stops.contains(&token);
            watch(row, &done[row].ids);
            if !done[row].ended {
                keep.push(i);
                next.push(token);
            }
        }
        if keep.is_empty() {
            break;
        }
        if keep.len() < rows.len() {
            rows = keep.iter().map(|&i| rows[i]).collect();
            cache.select(&keep, &device);
        }
        input = tensor(&next, 1, &device);
    }
    done
}

/// All prompts, padded on the left, `[batch, longest]`.
fn padded(prompts: &[Vec<u32>], longest: usize, device: &Device) -> Tensor<2, Int> {
    let mut tokens = Vec::with_capacity(prompts.len() * longest);
    for p in prompts {
        tokens.extend(std::iter::repeat_n(FILLER, longest - p.len()).chain(p.iter().copied()));
    }
    tensor(&tokens, longest, device)
}

/// Ids as a tensor `[rows, width]`.
fn tensor(tokens: &[u32], width: usize, device: &Device) -> Tensor<2, Int> {
    let ids: Vec<i32> = tokens.iter().map(|&t| t as i32).collect();
    Tensor::from_data(TensorData::new(ids, [tokens.len() / width, width]), device)
}
