//! AdamW with global gradient clipping, whose state can be written down and taken up again.

use std::collections::BTreeMap;

use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer as _};
use burn::tensor::{Device, Tensor, TensorData};

use crate::model::Model;
use crate::numbers::value;

/// Tensors by name: shape and values.
pub type NamedTensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Gradients by parameter name.
pub type NamedGradients = Vec<(String, Tensor<2>)>;

/// AdamW (Loshchilov and Hutter 2019) with torch's epsilon of 1e-8.
pub struct Optimizer {
    adamw: AdamW,
    state: BTreeMap<String, AdamWState<2>>,
    /// Largest global norm of a gradient; 0 does not clip.
    max_norm: f64,
}

impl Optimizer {
    /// A fresh optimizer.
    pub fn new(beta_2: f32, weight_decay: f64, max_norm: f64) -> Self {
        let adamw = AdamWConfig::new()
            .with_beta_2(beta_2)
            .with_epsilon(1e-8)
            .with_weight_decay(weight_decay as f32)
            .build();
        Self {
            adamw,
            state: BTreeMap::new(),
            max_norm,
        }
    }

    /// One update of the parameters that have a gradient. Returns the gradient's global norm before clipping.
    ///
    /// A gradient that is not finite changes nothing: the caller is told by the norm.
    pub fn step(&mut self, model: &mut Model, gradients: NamedGradients, learning_rate: f64) -> f64 {
        let norm = global_norm(&gradients);
        if !norm.is_finite() {
            return norm;
        }
        let scale = if self.max_norm > 0.0 && norm > self.max_norm {
            self.max_norm / norm
        } else {
            1.0
        };
        let mut gradients: BTreeMap<String, Tensor<2>> = gradients.into_iter().collect();
        model.for_each_mut(&mut |name, parameter| {
            if let Some(gradient) = gradients.remove(name) {
                let gradient = if scale < 1.0 {
                    gradient.mul_scalar(scale)
                } else {
                    gradient
                };
                let (updated, state) =
                    self.adamw
                        .step(learning_rate, parameter.clone(), gradient, self.state.remove(name));
                *parameter = updated;
                if let Some(state) = state {
                    self.state.insert(name.to_string(), state);
                }
            }
        });
        norm
    }

    /// The moments by name, and the number of updates made.
    pub fn save(&self) -> (NamedTensors, u64) {
        let mut tensors = NamedTensors::new();
        let mut time = 0;
        for (name, state) in &self.state {
            tensors.insert(format!("{name}.moment_1"), values(&state.momentum.moment_1));
            tensors.insert(format!("{name}.moment_2"), values(&state.momentum.moment_2));
            time = time.max(state.momentum.time as u64);
        }
        (tensors, time)
    }

    /// Takes up what [`Optimizer::save`] wrote down.
    pub fn restore(&mut self, tensors: &NamedTensors, time: u64, device: &Device) {
        self.state.clear();
        for (key, moment_1) in tensors {
            let Some(name) = key.strip_suffix(".moment_1") else {
                continue;
            };
            let Some(moment_2) = tensors.get(&format!("{name}.moment_2")) else {
                continue;
            };
            let momentum =
                AdaptiveMomentumState::new(time as usize, tensor(moment_1, device), tensor(moment_2, device));
            self.state.insert(name.to_string(), AdamWState::new(momentum));
        }
    }
}

/// Learning rate of update `i` of `n`: linear warm-up, then a cosine down to 3%.
pub fn cosine(i: usize, n: usize, peak: f64, warm_up: usize) -> f64 {
    let progress = i as f64 / n as f64;
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
    peak * ((i + 1) as f64 / warm_up as f64).min(1.0) * (0.97 * cosine + 0.03)
}

/// Shape and values of a tensor.
pub fn values(tensor: &Tensor<2>) -> (Vec<usize>, Vec<f32>) {
    (tensor.dims().to_vec(), crate::numbers::values(tensor.clone()))
}

/// The tensor of a shape and values.
pub fn tensor((shape, values): &(Vec<usize>, Vec<f32>), device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.clone(), shape.clone()), device)
}

/// Square root of the sum of all squares.
fn global_norm(gradients: &NamedGradients) -> f64 {
    let squares: f64 = gradients.iter().map(|(_, g)| value(g.clone().square().sum())).sum();
    squares.sqrt()
}
