//! Responses do not depend on what else is sampled.

use burn::tensor::Device;

use super::{Completion, sample};
use crate::assets::builtin_model;
use crate::config::GenerationSettings;
use crate::grammar::{below, shuffle};
use crate::model::tests::checkpoint;
use crate::model::{EOS, KvCache, Model, Precision, Text, load};
use crate::random::{Purpose, stream};

fn tiny() -> (Model, Text) {
    let files = builtin_model("tiny").expect("bundled");
    load(&files, Precision::F32, &Device::flex()).expect("loads")
}

fn prompts(text: &Text) -> Vec<Vec<u32>> {
    // Of unequal lengths, with a beginning that they share, as principles are.
    [
        "a",
        "the movie was",
        "an actor who",
        "I",
        "what a long and winding story this film",
        "it",
    ]
    .iter()
    .map(|end| text.prompt(&format!("This is a review of a film. {end}")))
    .collect()
}

/// The responses to these of the prompts, in their order.
fn responses(model: &Model, prompts: &[Vec<u32>], rows: &[usize], settings: &GenerationSettings) -> Vec<Completion> {
    let asked: Vec<Vec<u32>> = rows.iter().map(|&i| prompts[i].clone()).collect();
    let rngs = rows.iter().map(|&i| stream(5, Purpose::Ask, 0, i as u64)).collect();
    sample(model, &asked, settings, &[EOS], rngs, &mut |_, _| {})
}

#[test]
fn a_row_is_the_same_alone_in_any_batch_and_in_any_order() {
    let (model, text) = tiny();
    let prompts = prompts(&text);
    let all: Vec<usize> = (0..prompts.len()).collect();
    for settings in [
        GenerationSettings {
            max_new_tokens: 24,
            ..Default::default()
        },
        GenerationSettings {
            max_new_tokens: 24,
            temperature: 1.3,
            top_k: 40,
            top_p: 0.9,
            min_p: 0.02,
            repetition_penalty: 1.2,
            ..Default::default()
        },
    ] {
        let together = responses(&model, &prompts, &all, &settings);
        assert!(together.iter().any(|c| c.ids != together[0].ids));
        for (i, wanted) in together.iter().enumerate() {
            assert_eq!(
                &responses(&model, &prompts, &[i], &settings)[0],
                wanted,
                "row {i} alone"
            );
        }
        let order = [4, 0, 5, 2, 1, 3];
        let shuffled = responses(&model, &prompts, &order, &settings);
        for (found, i) in shuffled.iter().zip(order) {
            assert_eq!(found, &together[i], "row {i} in another order");
        }
        for batch in [1, 2, 4, 5, 100] {
            let settings = GenerationSettings {
                batch,
                ..settings.clone()
            };
            assert_eq!(
                responses(&model, &prompts, &all, &settings),
                together,
                "batch = {batch}"
            );
        }
    }
}

#[test]
fn a_watcher_sees_every_token_of_every_row_in_order() {
    let (model, text) = tiny();
    let prompts = prompts(&text);
    let settings = GenerationSettings {
        max_new_tokens: 9,
        batch: 2,
        ..Default::default()
    };
    let rngs = (0..prompts.len() as u64)
        .map(|i| stream(1, Purpose::Ask, 0, i))
        .collect();
    let mut seen = vec![Vec::new(); prompts.len()];
    let found = sample(&model, &prompts, &settings, &[EOS], rngs, &mut |row, ids| {
        assert_eq!(ids.len(), seen[row].len() + 1);
        seen[row] = ids.to_vec();
    });
    for (completion, seen) in found.iter().zip(&seen) {
        assert_eq!(&completion.ids, seen);
        assert_eq!(completion.ended, seen.last() == Some(&EOS));
    }
}

/// A penalty so large that no token comes twice.
#[test]
fn a_penalty_counts_the_prompt_and_the_response() {
    let (model, text) = tiny();
    let prompts = prompts(&text);
    let settings = GenerationSettings {
        max_new_tokens: 20,
        temperature: 0.0,
        repetition_penalty: 1e6,
        ..Default::default()
    };
    for (prompt, response) in prompts
        .iter()
        .zip(responses(&model, &prompts, &[0, 1, 2, 3, 4, 5], &settings))
    {
        let mut ids = response.ids.clone();
        assert!(ids.iter().all(|id| !prompt.contains(id)), "{prompt:?} {ids:?}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), response.ids.len());
    }
}

/// Of every architecture, with weights of either kind: whatever else is in a batch, in whatever order, however many at a time,
/// and whichever rows end first.
#[test]
fn a_row_of_any_architecture_is_the_same_in_any_batch() {
    let plain = GenerationSettings {
        max_new_tokens: 12,
        ..Default::default()
    };
    let cut = GenerationSettings {
        temperature: 1.4,
        top_k: 20,
        top_p: 0.95,
        min_p: 0.01,
        repetition_penalty: 1.1,
        ..plain.clone()
    };
    let names = ["gpt2", "llama", "llama-rope", "qwen2", "mistral", "gemma"];
    for (i, name) in names.into_iter().enumerate() {
        let precision = if i % 2 == 0 { Precision::F32 } else { Precision::Auto };
        let model = checkpoint(name, precision);
        let rng = &mut stream(7, Purpose::Ask, 1, i as u64);
        let vocabulary = model.config.vocab_size;
        let mut words = |n: usize| -> Vec<u32> { (0..n).map(|_| below(rng, vocabulary) as u32).collect() };
        // Three rows begin with what they share, as principles are; one is longer than a sliding window.
        let shared = words(9);
        let mut prompts: Vec<Vec<u32>> = [1, 4, 11].map(|n| [&shared[..], &words(n)].concat()).to_vec();
        prompts.extend([3, 30].map(&mut words));
        // Any of these ends a row, so that rows leave at different times.
        let stops = words(4);
        for settings in [&plain, &cut] {
            let ask = |rows: &[usize], batch: usize| {
                let asked: Vec<Vec<u32>> = rows.iter().map(|&i| prompts[i].clone()).collect();
                let rngs = rows.iter().map(|&i| stream(5, Purpose::Ask, 0, i as u64)).collect();
                let settings = GenerationSettings {
                    batch,
                    ..settings.clone()
                };
                sample(&model, &asked, &settings, &stops, rngs, &mut |_, _| {})
            };
            let mut order: Vec<usize> = (0..prompts.len()).collect();
            let alone: Vec<Completion> = order.iter().map(|&row| ask(&[row], 0).remove(0)).collect();
            for batch in [0, 2, 3] {
                shuffle(&mut stream(8, Purpose::Ask, batch as u64, i as u64), &mut order);
                // Not all of them, the second time.
                let rows = if batch == 2 { &order[1..] } else { &order[..] };
                for (found, &row) in ask(rows, batch).iter().zip(rows) {
                    assert_eq!(found, &alone[row], "{name}: row {row} of {rows:?}, {batch} at a time");
                }
            }
        }
    }
}

/// A row that has ended is not computed any more.
#[test]
fn rows_that_have_ended_leave_the_cache() {
    let model = checkpoint("llama", Precision::F32);
    let device = Device::flex();
    let mut cache = KvCache::new(vec![0, 0, 0]);
    let ids = |rows: usize| super::tensor(&vec![5; rows * 2], 2, &device);
    model.hidden_cached(ids(3), &mut cache);
    assert_eq!(cache.rows(), 3);
    cache.select(&[2], &device);
    assert_eq!(cache.rows(), 1);
    assert_eq!(
        model.hidden_cached(ids(1), &mut cache).dims(),
        [1, 2, model.config.hidden_size]
    );
}
