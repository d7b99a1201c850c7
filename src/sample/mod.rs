//! Batched sampling with a KV cache.

mod choose;

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
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
    let device = model.embed.device();
    let chooser = Chooser {
        temperature: settings.temperature,
        top_p: settings.top_p,
    };
    let mut cache = KvCache::default();
    // Rows still being written, as places in `prompts`; the batch shrinks as rows end.
    let mut rows: Vec<usize> = (0..prompts.len()).collect();
    let mut input = Input::prefill(prompts, longest);
    for written in 1..=settings.max_new_tokens {
        let hidden = model.hidden_cached(
            input.ids(&device),
            input.positions(&device),
            input.mask(prompts, &rows, longest, &device),
            &mut cache,
        );
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
            let indices: Vec<i32> = keep.iter().map(|&i| i as i32).collect();
            cache.select(&Tensor::from_data(TensorData::new(indices, [keep.len()]), &device));
        }
        let positions = rows.iter().map(|&r| prompts[r].len() + written - 1).collect();
        input = Input {
            tokens: next,
            positions,
            width: 1,
            seen: longest + written,
        };
    }
    done
}

/// The tokens of one forward pass.
struct Input {
    /// `[rows * width]`.
    tokens: Vec<u32>,
    /// Place of each token in its own row, padding not counted.
    positions: Vec<usize>,
    width: usize,
    /// Columns of the cache after this pass.
    seen: usize,
}

impl Input {
    /// All prompts, padded on the left.
    fn prefill(prompts: &[Vec<u32>], longest: usize) -> Self {
        let mut tokens = Vec::with_capacity(prompts.len() * longest);
        let mut positions = Vec::with_capacity(prompts.len() * longest);
        for p in prompts {
            let padding = longest - p.len();
            tokens.extend(std::iter::repeat_n(FILLER, padding).chain(p.iter().copied()));
            positions.extend(std::iter::repeat_n(0, padding).chain(0..p.len()));
        }
        Self {
            tokens,
            positions,
            width: longest,
            seen: longest,
        }
    }

    fn ids(&self, device: &Device) -> Tensor<2, Int> {
        let ids: Vec<i32> = self.tokens.iter().map(|&t| t as i32).collect();
        Tensor::from_data(
            TensorData::new(ids, [self.tokens.len() / self.width, self.width]),
            device,
        )
    }

    fn positions(&self, device: &Device) -> Tensor<1, Int> {
        let positions: Vec<i32> = self.positions.iter().map(|&p| p as i32).collect();
        Tensor::from_data(TensorData::new(positions, [self.positions.len()]), device)
    }

    /// True where a token must not look, `[rows, 1, width, seen]`; `None` where all may look everywhere.
    fn mask(&self, prompts: &[Vec<u32>], rows: &[usize], longest: usize, device: &Device) -> Option<Tensor<4, Bool>> {
        if self.width == 1 && rows.iter().all(|&r| prompts[r].len() == longest) {
            return None;
        }
        let mut hidden = Vec::with_capacity(rows.len() * self.width * self.seen);
        for &row in rows {
            let padding = longest - prompts[row].len();
            for place in self.seen - self.width..self.seen {
                // A padding token looks at itself, because a softmax over nothing is NaN.
                hidden.extend((0..self.seen).map(|key| key != place && (key < padding || key > place)));
            }
        }
        let shape = [rows.len(), 1, self.width, self.seen];
        Some(Tensor::from_data(TensorData::new(hidden, shape), device))
    }
}
