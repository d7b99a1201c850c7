//! Which parameters are trained, and the low-rank adapters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use burn::tensor::{Gradients, Tensor};

use super::checkpointing::Tape;
use super::linear::Dropout;
use super::{Adapter, Linear, Model};
use crate::config::{LoraAdapter, LoraTargets, TargetKind};
use crate::random::{Purpose, normal_tensor, stream};

/// Puts an adapter beside every linear layer but the head (PEFT's `all-linear`).
///
/// A is normal with deviation 1 / sqrt(in), B is zero, so the model does not change until it is trained.
pub fn add_adapter(model: &mut Model, rank: usize, alpha: f64, seed: u64) {
    let scale = alpha / rank as f64;
    model.for_each_linear_mut(&mut |i, j, _, linear| linear.adapter = Some(fresh(linear, rank, scale, seed, (i, j))));
}

/// Puts a fresh adapter beside the linear layers that `settings` name. The error says what is wrong with a name.
pub fn adapt(model: &mut Model, settings: &LoraAdapter, seed: u64) -> Result<(), String> {
    let names = targets(model, &settings.targets)?;
    let (rank, scale) = (settings.rank, settings.scale());
    model.for_each_linear_mut(&mut |i, j, module, linear| {
        if names.is_none_or(|names| names.iter().any(|name| is_named(module, name))) {
            linear.adapter = Some(fresh(linear, rank, scale, seed, (i, j)));
        }
    });
    Ok(())
}

/// The names that are wanted, each of which is that of a linear layer; `None`: all of them.
pub(super) fn targets<'a>(model: &mut Model, wanted: &'a LoraTargets) -> Result<Option<&'a Vec<String>>, String> {
    let names = match wanted {
        LoraTargets::Kind(TargetKind::AllLinear) => None,
        LoraTargets::Names(names) => Some(names),
    };
    for name in names.into_iter().flatten() {
        let mut modules = BTreeSet::new();
        let mut found = false;
        model.for_each_linear_mut(&mut |_, _, module, _| {
            found |= is_named(module, name);
            modules.extend(module.rsplit('.').next().map(str::to_string));
        });
        if !found {
            let modules: Vec<String> = modules.into_iter().collect();
            return Err(format!(
                "\"{name}\" is the name of no linear layer; there are {}, and \"all-linear\" for all of them",
                modules.join(", ")
            ));
        }
    }
    Ok(names)
}

/// PEFT's rule: the whole module path, or its last parts.
pub(super) fn is_named(module: &str, name: &str) -> bool {
    module
        .strip_suffix(name)
        .is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

fn fresh(linear: &Linear, rank: usize, scale: f64, seed: u64, (i, j): (usize, usize)) -> Adapter {
    let [inputs, outputs] = linear.weight.dims();
    let device = linear.weight.device().inner();
    let mut rng = stream(seed, Purpose::Initialise, i as u64, j as u64);
    Adapter {
        a: normal_tensor(&mut rng, [inputs, rank], 1.0 / (inputs as f64).sqrt(), &device),
        b: Tensor::zeros([rank, outputs], &device),
        scale,
    }
}

/// The names of the parameters that are trained; all others cost neither gradient nor optimizer memory.
#[derive(Clone, Debug)]
pub struct Trained {
    names: Arc<BTreeSet<String>>,
    /// Compute activations again on the way back instead of keeping them.
    pub checkpointing: bool,
    /// How many items a thread goes through at a time; `None`: all that it has.
    pub micro_batch: Option<usize>,
    /// The share of what goes into an adapter that is left out in an update, and the seed that draws it.
    pub dropout: Option<(f64, u64)>,
    /// The update and the piece of its batch that a copy is made for; dropout is drawn by them.
    place: (u64, u64),
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
            names: Arc::new(if adapters.is_empty() { all } else { adapters }),
            checkpointing: false,
            micro_batch: None,
            dropout: None,
            place: (0, 0),
        }
    }

    /// The same for one update, which is the `minor`-th of stage or step `major` of a run: what is left out by dropout
    /// follows from these two numbers, so that a run that is resumed leaves out the same.
    pub fn at(&self, major: u32, minor: u32) -> Self {
        Self {
            place: (u64::from(major) << 32 | u64::from(minor), 0),
            ..self.clone()
        }
    }

    /// The same for a piece of the update's batch.
    pub fn piece(&self, piece: usize) -> Self {
        Self {
            place: (self.place.0, piece as u64),
            ..self.clone()
        }
    }

    /// One more parameter is trained.
    pub fn add(&mut self, name: &str) {
        Arc::make_mut(&mut self.names).insert(name.to_string());
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
        if let Some((share, seed)) = self.dropout.filter(|(share, _)| *share > 0.0) {
            let (update, piece) = self.place;
            copy.for_each_linear_mut(&mut |i, j, _, linear| {
                // Fewer than 2^8 linear layers in each of fewer than 2^24 layers.
                let place = (update, piece << 32 | (i as u64) << 8 | j as u64);
                linear.dropout = linear.adapter.is_some().then_some(Dropout { share, seed, place });
            });
        }
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
