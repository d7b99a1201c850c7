//! Fresh weights.

use std::collections::BTreeMap;
use std::convert::Infallible;

use burn::tensor::{Device, Tensor};

use super::{Model, ModelConfig};
use crate::random::{Purpose, normal_tensor, stream};

/// The deviation of GPT-2's first weights.
pub const DEVIATION: f64 = 0.02;

/// A model with normal random weights of this `deviation`, less for what is added to the residual stream (GPT-2).
pub fn initialise(config: ModelConfig, deviation: f64, seed: u64, device: &Device) -> Model {
    let mut place = 0;
    let residual = deviation / (2.0 * config.num_hidden_layers as f64).sqrt();
    let built: Result<Model, Infallible> = Model::build(config, device, &mut |name, shape| {
        place += 1;
        if name.contains("norm") {
            return Ok(Tensor::ones(shape, device));
        }
        if name == "model.embed_tokens.weight" && shape[0] < shape[1] {
            // As if it were [vocab, hidden], so that the numbers do not depend on how it lies here.
            let rng = &mut stream(seed, Purpose::Initialise, place, 0);
            return Ok(normal_tensor(rng, [shape[1], shape[0]], deviation, device).transpose());
        }
        let std = if name.contains("o_proj") || name.contains("down_proj") {
            residual
        } else {
            deviation
        };
        Ok(normal_tensor(
            &mut stream(seed, Purpose::Initialise, place, 0),
            shape,
            std,
            device,
        ))
    });
    match built {
        Ok(model) => model,
        Err(never) => match never {},
    }
}

/// The body of a model with a fresh score head: a reward model to be trained.
pub fn with_score_head(body: &Model, seed: u64) -> Model {
    let device = body.device();
    let embeddings = body.embeddings_name();
    let mut model = initialise(body.config.clone().as_reward_model(), DEVIATION, seed, &device);
    let mut parts = BTreeMap::new();
    body.clone().for_each_mut(&mut |name, p| {
        if name != "score.weight" {
            parts.insert(name.to_string(), p.clone());
        }
    });
    model.for_each_mut(&mut |name, p| {
        if let Some(found) = parts.remove(name) {
            // Tied embeddings lie as the head reads them; a reward model has no head.
            *p = if name == embeddings && found.dims() != p.dims() {
                found.transpose()
            } else {
                found
            };
        }
    });
    model
}
