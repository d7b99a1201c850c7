//! Activation checkpointing (Chen et al. 2016): a layer's activations are computed again on the way back.
//!
//! Only what goes into each layer is kept; the graph of one layer at a time exists. That costs one more forward pass and
//! saves nearly all memory of training a deep model.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use burn::tensor::{Gradients, Int, Tensor};

use super::Model;
use super::decoder::Pass;

/// What the passes of a model have left for the way back.
#[derive(Clone, Debug, Default)]
pub struct Tape(Arc<Mutex<Vec<Segment>>>);

/// One pass over the layers.
#[derive(Debug)]
struct Segment {
    ids: Tensor<2, Int>,
    pass: Pass,
    /// What went into each layer, without a graph.
    inputs: Vec<Tensor<3>>,
    /// What came out of the last one: the beginning of the graph that the loss has.
    output: Tensor<3>,
}

impl Tape {
    /// The layers of `model` over `ids`, without a graph, and the beginning of a new one.
    pub(super) fn record(&self, model: &Model, ids: Tensor<2, Int>) -> Tensor<3> {
        let mut plain = model.clone();
        plain.for_each_mut(&mut |_, p| *p = p.clone().inner());
        let pass = model.uncached_pass(ids.dims()[1]);
        let mut inputs = Vec::with_capacity(model.layers.len());
        let mut x = plain.embedded(ids.clone());
        for i in 0..plain.layers.len() {
            inputs.push(x.clone());
            x = plain.layer(i, x, &pass);
        }
        let output = x.autodiff().require_grad();
        let segment = Segment {
            ids,
            pass,
            inputs,
            output: output.clone(),
        };
        if let Ok(mut segments) = self.0.lock() {
            segments.push(segment);
        }
        output
    }

    /// Goes back through the layers of every pass, given the gradients of the loss, and returns those of the parameters
    /// within the layers and before them, by name. `trained` says which parameters have one.
    pub(super) fn back(
        &self,
        model: &mut Model,
        gradients: &mut Gradients,
        trained: &dyn Fn(&str) -> bool,
    ) -> BTreeMap<String, Tensor<2>> {
        let mut found = BTreeMap::new();
        let segments = self.0.lock().map(|mut s| std::mem::take(&mut *s)).unwrap_or_default();
        for segment in segments {
            let Some(mut above) = segment.output.grad_remove(gradients) else {
                continue;
            };
            for (i, input) in segment.inputs.into_iter().enumerate().rev() {
                let input = input.autodiff().require_grad();
                let output = model.layer(i, input.clone(), &segment.pass);
                let mut gradients = product(output, above).backward();
                add_up(&mut found, model, &mut gradients, trained);
                match input.grad_remove(&mut gradients) {
                    Some(gradient) => above = gradient,
                    None => return found,
                }
            }
            if trained(model.embeddings_name()) {
                let mut gradients = product(model.embedded(segment.ids), above).backward();
                add_up(&mut found, model, &mut gradients, trained);
            }
        }
        found
    }
}

/// The sum of `output * gradient`: going back from it is going back from `output` with this gradient.
fn product(output: Tensor<3>, gradient: Tensor<3>) -> Tensor<1> {
    (output * gradient.autodiff()).sum()
}

fn add_up(
    found: &mut BTreeMap<String, Tensor<2>>,
    model: &mut Model,
    gradients: &mut Gradients,
    trained: &dyn Fn(&str) -> bool,
) {
    model.for_each_mut(&mut |name, p| {
        if trained(name)
            && let Some(gradient) = p.grad_remove(gradients)
        {
            let sum = match found.remove(name) {
                Some(sum) => sum + gradient,
                None => gradient,
            };
            found.insert(name.to_string(), sum);
        }
    });
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use crate::assets::builtin_model;
    use crate::method::logprob::log_probs;
    use crate::model::{Model, Precision, Trained, add_adapter, load};
    use crate::numbers::values;

    fn gradients(model: &mut Model, checkpointing: bool) -> Vec<(String, Vec<f32>)> {
        let mut trained = Trained::of(model);
        trained.checkpointing = checkpointing;
        let mut tracked = trained.tracked(model);
        let rows: [(&[u32], &[u32]); 2] = [(&[2, 300, 301, 302], &[303, 304, 1]), (&[2, 400], &[401, 1])];
        // Two passes, as a loss over two batches has.
        let loss = log_probs(&tracked, &rows).mean().sum() + log_probs(&tracked, &rows[..1]).sum.sum();
        let mut found = loss.backward();
        let mut found = trained.gradients(&mut tracked, &mut found);
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found.into_iter().map(|(name, g)| (name, values(g))).collect()
    }

    #[test]
    fn gradients_are_the_same_with_and_without() {
        let (plain, _) = load(
            &builtin_model("tiny").expect("bundled"),
            Precision::F32,
            &Device::flex(),
        )
        .expect("loads");
        let mut adapted = plain.clone();
        add_adapter(&mut adapted, 4, 8.0, 1);
        for mut model in [plain, adapted] {
            let (kept, again) = (gradients(&mut model, false), gradients(&mut model, true));
            assert_eq!(kept.len(), again.len());
            for ((name, a), (other, b)) in kept.iter().zip(&again) {
                assert_eq!(name, other);
                let largest = a.iter().fold(1e-3f32, |m, v| m.max(v.abs()));
                let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(apart < 1e-4 * largest, "{name}: {apart} of {largest}");
            }
        }
    }
}
