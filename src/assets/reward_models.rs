//! The bundled reward models: Bradley-Terry for hh and tldr, a sentiment classifier for imdb.
//!
//! Half of their rows are corrupted text, part of it written by the policy itself at a high temperature; without
//! them PLE finds text that a reward model likes and no reader would.

use burn::tensor::{Tensor, TensorData};
use rand_chacha::ChaCha8Rng;

use crate::config::GenerationSettings;
use crate::evaluate::quality::correlation;
use crate::grammar::{
    Attributes, Pools, Scene, Split, Task, chance, foreign_texts, paper_prompt, pick, preference_row, prompt, query,
    respond, sentiment_row, shuffle, truth,
};
use crate::model::{EOS, Model, Text, Trained, with_score_head};
use crate::random::{Purpose, stream};
use crate::reward::{loss, score, scores};
use crate::sample::sample;
use crate::train::optimizer::{Optimizer, cosine};
use crate::train::shards::{ShardLoss, gradients};

/// Rows of one update.
const BATCH: usize = 32;
/// Share of corrupted rows.
const CORRUPTED: f64 = 0.5;

/// What a reward model reached on held-out queries.
#[derive(Clone, Debug, serde::Serialize)]
pub struct RewardScores {
    pub task: Task,
    /// Share of held-out pairs (or labels) it gets right, on text without corruption.
    pub accuracy: f64,
    /// Share of pairs of a response and a corrupted one that it gets right.
    pub accuracy_corrupted: f64,
    /// Correlation of reward and truth over held-out responses of mixed quality.
    pub pearson: f64,
    pub held_out_rows: usize,
}

/// A training row: prompt, response and, for preferences, the worse response, or a label.
struct Row {
    prompt: Vec<u32>,
    response: Vec<u32>,
    worse: Option<Vec<u32>>,
    label: f32,
}

/// Trains the reward model of a task on `n` rows, starting from the policy.
pub fn train(
    policy: &Model,
    text: &Text,
    task: Task,
    n: usize,
    seed: u64,
    say: &mut dyn FnMut(String),
) -> (Model, RewardScores) {
    let mut rng = stream(seed, Purpose::Corpus, 10 + task as u64, 0);
    let hot = hot_samples(policy, text, task, 800, seed);
    let foreign = foreign_texts(&mut rng, task, 2000);
    let pools = Pools {
        hot: &hot,
        foreign: &foreign,
    };
    let mut rows: Vec<Row> = (0..n)
        .map(|_| row(&mut rng, text, task, Split::Train, CORRUPTED, &pools))
        .collect();
    let mut model = with_score_head(policy, seed);
    let trained = Trained::of(&mut model);
    let mut optimizer = Optimizer::new(0.98, 0.05, 1.0);
    shuffle(&mut rng, &mut rows);
    let steps = rows.len() / BATCH;
    let mut recent = Vec::new();
    for (i, batch) in rows.chunks_exact(BATCH).enumerate() {
        let computed = gradients(&model, &trained, batch, |model, rows| {
            let loss = batch_loss(model, rows).div_scalar(BATCH as f64);
            ShardLoss { loss, parts: vec![] }
        });
        optimizer.step(&mut model, computed.gradients, cosine(i, steps, 1e-3, 30));
        recent.push(computed.loss);
        if (i + 1) % 50 == 0 {
            let mean = recent.iter().rev().take(50).sum::<f64>() / 50.0;
            say(format!("reward model {task} {}/{steps}: loss {mean:.4}", i + 1));
        }
    }
    let scores = evaluate(&model, text, task, &pools, seed);
    (model, scores)
}

fn row(rng: &mut ChaCha8Rng, text: &Text, task: Task, split: Split, corrupted: f64, pools: &Pools) -> Row {
    let ids = |scene: &Scene| text.prompt(&prompt(task, &scene.query, None));
    if task == Task::Imdb {
        let (scene, response, positive) = sentiment_row(rng, split, corrupted, *pools);
        let label = f32::from(u8::from(positive));
        return Row {
            prompt: ids(&scene),
            response: text.response(&response),
            worse: None,
            label,
        };
    }
    let (scene, better, worse) = preference_row(rng, task, split, corrupted, *pools);
    Row {
        prompt: ids(&scene),
        response: text.response(&better),
        worse: Some(text.response(&worse)),
        label: 1.0,
    }
}

/// Sum over rows of the loss, with a slight pull of scores to zero for preferences, which say nothing of the level.
fn batch_loss(model: &Model, rows: &[Row]) -> Tensor<1> {
    let better: Vec<(&[u32], &[u32])> = rows.iter().map(|r| (&r.prompt[..], &r.response[..])).collect();
    let worse: Vec<(&[u32], &[u32])> = rows
        .iter()
        .filter_map(|r| r.worse.as_ref().map(|w| (&r.prompt[..], &w[..])))
        .collect();
    if worse.is_empty() {
        let labels: Vec<f32> = rows.iter().map(|r| r.label).collect();
        let labels = Tensor::from_data(TensorData::new(labels, [rows.len()]), &model.device());
        return loss::binary_cross_entropy(score(model, &better), labels);
    }
    let n = better.len();
    let both: Vec<_> = better.into_iter().chain(worse).collect();
    let s = score(model, &both);
    let preference = loss::bradley_terry(s.clone().narrow(0, 0, n), s.clone().narrow(0, n, n));
    preference + s.square().sum().mul_scalar(0.0025)
}

fn evaluate(model: &Model, text: &Text, task: Task, pools: &Pools, seed: u64) -> RewardScores {
    let mut rng = stream(seed, Purpose::HeldOut, 10 + task as u64, 0);
    let held_out_rows = 1000;
    let clean = accuracy(model, text, task, held_out_rows, 0.0, pools, &mut rng);
    let corrupted = accuracy(model, text, task, held_out_rows, 1.0, pools, &mut rng);
    let mut responses = Vec::new();
    let mut truths = Vec::new();
    for _ in 0..600 {
        let scene = query(task, &mut rng, Split::Test);
        let attributes = Attributes::graded(&mut rng, task);
        let response = respond(&mut rng, &scene, &attributes);
        if let Some(t) = truth(task, &scene.query, &response) {
            truths.push(t.value);
            responses.push((text.prompt(&prompt(task, &scene.query, None)), text.response(&response)));
        }
    }
    let rows: Vec<(&[u32], &[u32])> = responses.iter().map(|(x, y)| (&x[..], &y[..])).collect();
    let pearson = correlation(&scores(model, &rows), &truths);
    RewardScores {
        task,
        accuracy: clean,
        accuracy_corrupted: corrupted,
        pearson,
        held_out_rows,
    }
}

/// Share of `n` held-out pairs, or labels, that a reward model gets right.
pub fn accuracy(
    model: &Model,
    text: &Text,
    task: Task,
    n: usize,
    corrupted: f64,
    pools: &Pools,
    rng: &mut ChaCha8Rng,
) -> f64 {
    let rows: Vec<Row> = (0..n)
        .map(|_| row(rng, text, task, Split::Test, corrupted, pools))
        .collect();
    let better: Vec<(&[u32], &[u32])> = rows.iter().map(|r| (&r.prompt[..], &r.response[..])).collect();
    let s = scores(model, &better);
    let right = if task == Task::Imdb {
        rows.iter()
            .zip(&s)
            .filter(|(r, s)| (**s > 0.0) == (r.label > 0.5))
            .count()
    } else {
        let worse: Vec<(&[u32], &[u32])> = rows
            .iter()
            .filter_map(|r| r.worse.as_ref().map(|w| (&r.prompt[..], &w[..])))
            .collect();
        scores(model, &worse)
            .iter()
            .zip(&s)
            .filter(|(worse, better)| better > worse)
            .count()
    };
    right as f64 / n as f64
}

/// What the policy writes at temperatures where it starts to ramble.
fn hot_samples(policy: &Model, text: &Text, task: Task, n: usize, seed: u64) -> Vec<(Scene, String)> {
    let mut rng = stream(seed, Purpose::Corpus, 20 + task as u64, 0);
    let mut found = Vec::with_capacity(n);
    while found.len() < n {
        let scenes: Vec<Scene> = (0..80).map(|_| query(task, &mut rng, Split::Train)).collect();
        let prompts: Vec<Vec<u32>> = scenes
            .iter()
            .map(|s| {
                let principles = chance(&mut rng, 0.5).then(|| paper_prompt(task));
                text.prompt(&prompt(task, &s.query, principles))
            })
            .collect();
        let temperature: f64 = pick(&mut rng, &["1.25", "1.5", "1.8"]).parse().unwrap_or(1.5);
        let settings = GenerationSettings {
            max_new_tokens: 72,
            temperature,
            ..GenerationSettings::default()
        };
        let place = found.len() as u64;
        let rngs = (0..80)
            .map(|i| stream(seed, Purpose::Corpus, 30 + task as u64, place + i))
            .collect();
        let completions = sample(policy, &prompts, &settings, &[EOS], rngs, &mut |_, _| {});
        found.extend(
            scenes
                .into_iter()
                .zip(completions)
                .map(|(s, c)| (s, text.decode(&c.ids))),
        );
    }
    found
}
