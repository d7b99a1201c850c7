//! Every architecture, as policy and as reward model, against `transformers`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::Deserialize;

use super::{LIMIT, checkpoint, far, golden, json, logits, right_padded, tensors};
use crate::config::GenerationSettings;
use crate::model::{KvCache, Model, ModelFiles, Precision, load, save};
use crate::numbers::values;
use crate::random::{Purpose, stream};
use crate::reward::scores;
use crate::sample::sample;

pub const POLICIES: [&str; 7] = [
    "gpt2",
    "gpt2-prefix",
    "llama",
    "llama-rope",
    "qwen2",
    "mistral",
    "gemma",
];
const REWARD_MODELS: [&str; 5] = [
    "gpt2-reward",
    "llama-reward",
    "qwen2-reward",
    "mistral-reward",
    "gemma-reward",
];

/// `golden.json` of a policy.
#[derive(Deserialize)]
pub struct Policy {
    prompts: Vec<Vec<u32>>,
    pub greedy: Vec<Vec<u32>>,
}

impl Policy {
    pub fn of(name: &str) -> Self {
        json(golden("models").join(name).join("golden.json"))
    }

    /// Prompts with what was written after them, of unequal lengths.
    pub fn rows(&self) -> Vec<Vec<u32>> {
        let both = self.prompts.iter().zip(&self.greedy);
        both.map(|(x, y)| [&x[..], y].concat()).collect()
    }
}

/// `golden.json` of a reward model.
#[derive(Deserialize)]
struct RewardModel {
    texts: Vec<Vec<u32>>,
    scores: Vec<f64>,
}

/// The logits of row `i` that `transformers` computes, and how many there are for each token.
pub fn wanted_logits(name: &str, i: usize) -> (usize, Vec<f64>) {
    let mut all = tensors(golden("models").join(name).join("golden.safetensors"));
    let (shape, numbers) = all.remove(&format!("logits.{i}")).expect("logits of every row");
    (shape[1], numbers)
}

/// New tokens of a batch as a tensor.
fn new_tokens(ids: &[u32], rows: usize) -> Tensor<2, Int> {
    let ids: Vec<i32> = ids.iter().map(|&id| id as i32).collect();
    let shape = [rows, ids.len() / rows];
    Tensor::from_data(TensorData::new(ids, shape), &Device::flex())
}

fn assert_near(name: &str, what: &str, found: &[f32], wanted: &[f64]) {
    let difference = far(found, wanted);
    println!("{name}, {what}: {difference:.1e}");
    assert!(difference < LIMIT, "{name}, {what}: differs by {difference:e}");
}

#[test]
fn logits_of_one_row_equal_transformers() {
    for name in POLICIES {
        let model = checkpoint(name, Precision::F32);
        for (i, row) in Policy::of(name).rows().iter().enumerate() {
            assert_near(name, "a row alone", &logits(&model, row), &wanted_logits(name, i).1);
        }
    }
}

/// Rows of unequal lengths in one batch, padded on the right with a token that means something.
#[test]
fn padding_on_the_right_changes_no_logits() {
    for name in POLICIES {
        let model = checkpoint(name, Precision::F32);
        let rows = Policy::of(name).rows();
        let all = model.logits(model.hidden(right_padded(&rows, 5)));
        for (i, row) in rows.iter().enumerate() {
            let found = all.clone().narrow(0, i, 1).narrow(1, 0, row.len());
            assert_near(name, "padded on the right", &values(found), &wanted_logits(name, i).1);
        }
    }
}

/// Prompts of unequal lengths in one batch, padded on the left, with a cache: what `generate` does.
#[test]
fn logits_with_a_cache_equal_transformers() {
    for name in POLICIES {
        let model = checkpoint(name, Precision::F32);
        let policy = Policy::of(name);
        let all = tensors(golden("models").join(name).join("golden.safetensors"));
        let (shape, wanted) = &all["steps"];
        let [rows, steps, vocabulary] = shape[..] else {
            panic!("{shape:?}")
        };
        let width = policy.prompts.iter().map(Vec::len).max().expect("a prompt");
        let padding: Vec<usize> = policy.prompts.iter().map(|p| width - p.len()).collect();
        let padded = policy.prompts.iter().zip(&padding);
        let padded: Vec<u32> = padded.flat_map(|(p, &n)| [vec![7; n], p.clone()].concat()).collect();
        let mut cache = KvCache::new(padding);
        let mut hidden = model.hidden_cached(new_tokens(&padded, rows), &mut cache);
        for step in 0..steps {
            let last = hidden.dims()[1] - 1;
            let found = values(model.logits(hidden.narrow(1, last, 1)));
            let of_step = (0..rows).map(|row| &wanted[(row * steps + step) * vocabulary..][..vocabulary]);
            assert_near(name, "with a cache", &found, &of_step.collect::<Vec<_>>().concat());
            let next: Vec<u32> = policy.greedy.iter().map(|g| g[step]).collect();
            hidden = model.hidden_cached(new_tokens(&next, rows), &mut cache);
        }
    }
}

/// Several new tokens at a time after others: the mask has a past and a future, and a window that cuts both.
#[test]
fn logits_in_pieces_equal_transformers() {
    for name in POLICIES {
        let model = checkpoint(name, Precision::F32);
        for (i, row) in Policy::of(name).rows().iter().enumerate() {
            let mut cache = KvCache::new(vec![0]);
            let pieces = row.chunks(5).map(|piece| {
                let hidden = model.hidden_cached(new_tokens(piece, 1), &mut cache);
                values(model.logits(hidden))
            });
            let found = pieces.collect::<Vec<_>>().concat();
            assert_near(name, "in pieces of 5", &found, &wanted_logits(name, i).1);
        }
    }
}

/// `long.json`.
#[derive(Deserialize)]
struct Long {
    tokens: usize,
    places: Vec<usize>,
    logits: BTreeMap<String, Vec<Vec<f64>>>,
}

/// Far down a row the tables of rotary positions have grown, at once and while a cache did.
#[test]
fn logits_far_down_a_row_equal_transformers() {
    let wanted: Long = json(golden("long.json"));
    for (name, wanted_logits) in &wanted.logits {
        let model = checkpoint(name, Precision::F32);
        let row: Vec<u32> = (0..wanted.tokens)
            .map(|i| ((7 * i + i * i / 3) % model.config.vocab_size) as u32)
            .collect();
        let hidden = model.hidden(new_tokens(&row, 1));
        // Another model, whose tables are short again.
        let model = checkpoint(name, Precision::F32);
        let mut cache = KvCache::new(vec![0]);
        let pieces = row
            .chunks(400)
            .map(|piece| model.hidden_cached(new_tokens(piece, 1), &mut cache));
        let cached = Tensor::cat(pieces.collect(), 1);
        for (&place, wanted) in wanted.places.iter().zip(wanted_logits) {
            for (how, hidden) in [("at once", &hidden), ("with a cache", &cached)] {
                let found = values(model.logits(hidden.clone().narrow(1, place, 1)));
                assert_near(name, &format!("token {place}, {how}"), &found, wanted);
            }
        }
    }
}

#[test]
fn greedy_text_equals_transformers_token_for_token() {
    for name in POLICIES {
        let model = checkpoint(name, Precision::F32);
        let policy = Policy::of(name);
        let settings: GenerationSettings =
            toml::from_str("max_new_tokens = 16\ntemperature = 0.0").expect("valid settings");
        let rngs = (0..policy.prompts.len() as u64).map(|i| stream(0, Purpose::Ask, 0, i));
        let found = sample(&model, &policy.prompts, &settings, &[], rngs.collect(), &mut |_, _| {});
        let found: Vec<_> = found.into_iter().map(|c| c.ids).collect();
        assert_eq!(found, policy.greedy, "{name}");
    }
}

#[test]
fn scores_equal_transformers() {
    for name in REWARD_MODELS {
        let model = checkpoint(name, Precision::F32);
        let wanted: RewardModel = json(golden("models").join(name).join("golden.json"));
        // In one batch of unequal lengths, and each alone.
        let rows: Vec<(&[u32], &[u32])> = wanted.texts.iter().map(|t| t.split_at(2)).collect();
        let narrowed = |scores: Vec<f64>| scores.into_iter().map(|s| s as f32).collect::<Vec<_>>();
        assert_near(name, "scores", &narrowed(scores(&model, &rows)), &wanted.scores);
        let alone = rows.iter().flat_map(|row| scores(&model, &[*row])).collect();
        assert_near(name, "scores of each row alone", &narrowed(alone), &wanted.scores);
    }
}

/// The last layer computed at one place alone is the last layer.
#[test]
fn the_hidden_state_at_one_place_is_that_of_the_whole_pass() {
    for name in POLICIES {
        let model = checkpoint(name, Precision::F32);
        let rows = Policy::of(name).rows();
        let ids = right_padded(&rows, 5);
        let last: Vec<usize> = rows.iter().map(|row| row.len() / 2).collect();
        let found = values(model.hidden_at(ids.clone(), &last));
        let whole = model.hidden(ids);
        let at = |(i, &l): (usize, &usize)| values(whole.clone().narrow(0, i, 1).narrow(1, l, 1));
        let wanted = last.iter().enumerate().flat_map(at).map(f64::from);
        assert_near(name, "at one place", &found, &wanted.collect::<Vec<_>>());
    }
}

/// With `PLE_KEEP=FOLDER` the saved folders stay there, for `tests/golden/check_saved.py`.
#[test]
fn a_model_that_is_saved_and_loaded_is_the_same() {
    let thrown_away = tempfile::tempdir().expect("a folder");
    let place = std::env::var_os("PLE_KEEP").map_or(thrown_away.path().to_path_buf(), Into::into);
    let again = |name: &str| -> (Model, Model) {
        let files = ModelFiles::Folder(golden("models").join(name));
        let (model, text) = load(&files, Precision::F32, &Device::flex()).expect("loads");
        let path: PathBuf = place.join(name);
        save(&path, &model, &text, Precision::F32).expect("saved");
        let (found, _) = load(&ModelFiles::Folder(path), Precision::F32, &Device::flex()).expect("loads again");
        (model, found)
    };
    for name in POLICIES {
        let (model, found) = again(name);
        let row = &Policy::of(name).rows()[0];
        assert_eq!(logits(&found, row), logits(&model, row), "{name}");
    }
    for name in REWARD_MODELS {
        let (model, found) = again(name);
        let row: (&[u32], &[u32]) = (&[3, 1, 4, 1, 5], &[9, 2, 6]);
        assert_eq!(scores(&found, &[row]), scores(&model, &[row]), "{name}");
    }
}
