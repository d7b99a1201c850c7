//! Which parameters are trained, and the low-rank adapters.

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::{Gradients, Tensor};

use super::checkpointing::Tape;
use super::{Adapter, Model};
use crate::random::{Purpose, normal_tensor, stream};

/// Puts an adapter beside every linear layer but the head (PEFT's `all-linear`).
///
/// A is normal with deviation 1 / sqrt(in), B is zero, so the model does not change until it is trained.
pub fn add_adapter(model: &mut Model, rank: usize, alpha: f64, seed: u64) {
    for (i, layer) in model.layers.iter_mut().enumerate() {
        for (j, (_, linear)) in layer.linears_mut().into_iter().enumerate() {
            let [inputs, outputs] = linear.weight.dims();
            let device = linear.weight.device().inner();
            let mut rng = stream(seed, Purpose::Initialise, i as u64, j as u64);
            linear.adapter = Some(Adapter {
                a: normal_tensor(&mut rng, [inputs, rank], 1.0 / (inputs as f64).sqrt(), &device),
                b: Tensor::zeros([rank, outputs], &device),
                scale: alpha / rank as f64,
            });
        }
    }
}

/// The names of the parameters that are trained; all others cost neither gradient nor optimizer memory.
#[derive(Clone, Debug)]
pub struct Trained {
    names: BTreeSet<String>,
    /// Compute activations again on the way back instead of keeping them.
    pub checkpointing: bool,
}

impl Trained {
    /// Adapters if the model has them, else every parameter.
    pub fn of(model: &mut Model) -> Self {
        let (mut all, mut adapters) = (BTreeSet::new(), BTreeSet::new());
        model.for_each_mut(&mut |name, _| {
            all.insert(name.to_string());
            if name.contains(".lora_") {
                adapters.insert(name.to_string());
            }
        });
        Self {
            names: if adapters.is_empty() { all } else { adapters },
            checkpointing: false,
        }
    }

    /// This parameter is trained.
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Numbers in the trained parameters, and in all of them.
    pub fn count(&self, model: &mut Model) -> (usize, usize) {
        let (mut trained, mut all) = (0, 0);
        model.for_each_mut(&mut |name, p| {
            let n = p.dims()[0] * p.dims()[1];
            all += n;
            trained += if self.contains(name) { n } else { 0 };
        });
        (trained, all)
    }

    /// A copy of the model whose trained parameters are fresh leaves of an autodiff graph of their own.
    ///
    /// Copies made for several threads share no graph, so their backward passes do not wait for each other.
    pub fn tracked(&self, model: &Model) -> Model {
        let mut copy = model.clone();
        copy.for_each_mut(&mut |name, p| {
            if self.contains(name) {
                *p = p.clone().inner().autodiff().require_grad();
            }
        });
        copy.tape = self.checkpointing.then(Tape::default);
        copy
    }

    /// The gradients of a copy made by [`Trained::tracked`], by name. A parameter that took no part has none.
    pub fn gradients(&self, tracked: &mut Model, gradients: &mut Gradients) -> Vec<(String, Tensor<2>)> {
        let mut found = Vec::with_capacity(self.names.len());
        tracked.for_each_mut(&mut |name, p| {
            if self.contains(name)
                && let Some(g) = p.grad_remove(gradients)
            {
                found.push((name.to_string(), g));
            }
        });
        if let Some(tape) = tracked.tape.take() {
            let within = tape.back(tracked, gradients, &|name| self.contains(name));
            found = added(found, within);
        }
        found
    }
}

/// Gradients of a parameter that two parts of the graph have, as tied embeddings do, are added.
fn added(found: Vec<(String, Tensor<2>)>, mut within: BTreeMap<String, Tensor<2>>) -> Vec<(String, Tensor<2>)> {
    let mut all: Vec<(String, Tensor<2>)> = found
        .into_iter()
        .map(|(name, g)| match within.remove(&name) {
            Some(more) => (name, g + more),
            None => (name, g),
        })
        .collect();
    all.extend(within);
    all
}
