//! Responses do not depend on what else is sampled.

use burn::tensor::Device;

use super::{Completion, sample};
use crate::assets::builtin_model;
use crate::config::GenerationSettings;
use crate::model::{EOS, Model, Precision, Text, load};
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
