//! Batched sampling with a KV cache.

mod choose;
#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod tests;

use burn::tensor::{Device, Int, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

pub use choose::{Chooser, Scratch};

use crate::config::GenerationSettings;
use crate::model::{KvCache, Model};
use crate::numbers::values;

/// Fills rows up on the left; no token looks at it.
const FILLER: u32 = 0;

/// A beginning that the prompts of a batch share is read once for all of them, from so many tokens on.
const SHARED: usize = 4;

/// Logits from which on rows are chosen for on several threads.
const WORTH_A_THREAD: usize = 1 << 16;

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
/// A response ends with any of the `stops`. Each row draws from its own random stream, so it does not depend on what else is
/// sampled, nor on `settings.batch`. `watch(row, ids so far)` is called after every token.
/// The model's adapters should be merged: it is run once for every token.
pub fn sample(
    model: &Model,
    prompts: &[Vec<u32>],
    settings: &GenerationSettings,
    stops: &[u32],
    rngs: Vec<ChaCha8Rng>,
    watch: &mut dyn FnMut(usize, &[u32]),
) -> Vec<Completion> {
    let nothing = Completion {
        ids: Vec::new(),
        ended: false,
    };
    let mut done = vec![nothing; prompts.len()];
    if settings.max_new_tokens == 0 || prompts.iter().all(Vec::is_empty) {
        return done;
    }
    let chooser = Chooser::of(settings);
    let mut rows: Vec<Row> = rngs
        .into_iter()
        .zip(prompts)
        .enumerate()
        .map(|(index, (rng, prompt))| Row::new(index, prompt, rng, &chooser))
        .collect();
    let at_once = match settings.batch {
        0 => rows.len(),
        n => n,
    };
    if at_once < rows.len() {
        // Prompts of like length together: little is padded.
        rows.sort_by_key(|row| row.prompt.len());
    }
    while !rows.is_empty() {
        let rest = rows.split_off(at_once.min(rows.len()));
        respond(
            model,
            rows,
            &chooser,
            (settings.max_new_tokens, stops),
            &mut done,
            watch,
        );
        rows = rest;
    }
    done
}

/// A response that is being written.
struct Row<'a> {
    /// Its place among the prompts.
    index: usize,
    prompt: &'a [u32],
    rng: ChaCha8Rng,
    /// The tokens that there were, each once, in ascending order; only where the choice looks back.
    seen: Vec<u32>,
    scratch: Scratch,
    /// The newest token.
    next: u32,
}

impl<'a> Row<'a> {
    fn new(index: usize, prompt: &'a [u32], rng: ChaCha8Rng, chooser: &Chooser) -> Self {
        let mut seen = Vec::new();
        if chooser.looks_back() {
            seen.extend_from_slice(prompt);
            seen.sort_unstable();
            seen.dedup();
        }
        Self {
            index,
            prompt,
            rng,
            seen,
            scratch: Scratch::default(),
            next: 0,
        }
    }

    fn choose(&mut self, logits: &mut [f32], chooser: &Chooser) {
        self.next = chooser.choose(logits, &self.seen, &mut self.rng, &mut self.scratch);
        if chooser.looks_back()
            && let Err(place) = self.seen.binary_search(&self.next)
        {
            self.seen.insert(place, self.next);
        }
    }
}

/// Writes the responses of one batch.
fn respond(
    model: &Model,
    mut rows: Vec<Row<'_>>,
    chooser: &Chooser,
    (limit, stops): (usize, &[u32]),
    done: &mut [Completion],
    watch: &mut dyn FnMut(usize, &[u32]),
) {
    let device = model.device();
    let (mut input, mut cache) = first_input(model, &rows, &device);
    for _ in 0..limit {
        let hidden = model.hidden_cached(input, &mut cache);
        let new = hidden.dims()[1];
        let last = hidden.narrow(1, new - 1, 1).squeeze_dim::<2>(1);
        let mut logits = values(model.logits(last));
        let vocabulary = logits.len() / rows.len();
        let choose = |(row, logits): (&mut Row<'_>, &mut [f32])| row.choose(logits, chooser);
        match logits.len() < WORTH_A_THREAD {
            true => rows.iter_mut().zip(logits.chunks_mut(vocabulary)).for_each(choose),
            false => rows
                .par_iter_mut()
                .zip(logits.par_chunks_mut(vocabulary))
                .for_each(choose),
        }
        // The batch shrinks as rows end.
        let mut keep = Vec::with_capacity(rows.len());
        for (i, row) in rows.iter().enumerate() {
            let response = &mut done[row.index];
            response.ids.push(row.next);
            response.ended = stops.contains(&row.next);
            watch(row.index, &response.ids);
            if !response.ended {
                keep.push(i);
            }
        }
        if keep.is_empty() {
            break;
        }
        if keep.len() < rows.len() {
            cache.select(&keep, &device);
            rows.retain(|row| !done[row.index].ended);
        }
        let next: Vec<u32> = rows.iter().map(|row| row.next).collect();
        input = tensor(&next, 1, &device);
    }
}

/// What is read before the first token is chosen, `[batch, longest]`, padded on the left, and a cache that may have read
/// what all prompts begin with.
fn first_input(model: &Model, rows: &[Row<'_>], device: &Device) -> (Tensor<2, Int>, KvCache) {
    let mut shared = match rows {
        [first, others @ ..] if !others.is_empty() => others
            .iter()
            .map(|row| first.prompt.iter().zip(row.prompt).take_while(|(a, b)| a == b).count())
            .min()
            .unwrap_or(0),
        _ => 0,
    };
    // Every row has a token left whose logits are asked for.
    let shortest = rows.iter().map(|row| row.prompt.len()).min().unwrap_or(0);
    shared = shared.min(shortest.saturating_sub(1));
    if shared < SHARED {
        shared = 0;
    }
    let longest = rows.iter().map(|row| row.prompt.len() - shared).max().unwrap_or(0);
    let padding: Vec<usize> = rows.iter().map(|row| longest - (row.prompt.len() - shared)).collect();
    let mut tokens = Vec::with_capacity(rows.len() * longest);
    for (row, padding) in rows.iter().zip(&padding) {
        tokens.extend(std::iter::repeat_n(FILLER, *padding).chain(row.prompt[shared..].iter().copied()));
    }
    let mut cache;
    if shared > 0 {
        cache = KvCache::new(vec![0]);
        model.hidden_cached(tensor(&rows[0].prompt[..shared], shared, device), &mut cache);
        cache.spread(padding);
    } else {
        cache = KvCache::new(padding);
    }
    (tensor(&tokens, longest, device), cache)
}

/// Ids as a tensor `[rows, width]`.
fn tensor(tokens: &[u32], width: usize, device: &Device) -> Tensor<2, Int> {
    let ids: Vec<i32> = tokens.iter().map(|&t| t as i32).collect();
    Tensor::from_data(TensorData::new(ids, [tokens.len() / width, width]), device)
}
