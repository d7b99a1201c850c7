//! Gradients by several threads: a batch is split by rows, and the shards' gradients are added.
//!
//! The tensor library runs most operations on one core, so two threads with half of the rows each are faster than one
//! with all. The split is fixed and the sum is made in the order of the shards, so the result does not depend on
//! which thread is quicker.

use burn::tensor::Tensor;

use super::optimizer::NamedGradients;
use crate::model::{Model, Trained};
use crate::numbers::value;

/// A shard's loss and the numbers that are reported beside it.
pub struct ShardLoss {
    /// What is minimised, `[1]`.
    pub loss: Tensor<1>,
    /// Summed over the shards.
    pub parts: Vec<Tensor<1>>,
}

/// Sums over shards.
pub struct Computed {
    pub gradients: NamedGradients,
    pub loss: f64,
    pub parts: Vec<f64>,
}

/// Splits `items` in two, computes the loss of each on its own thread, and adds up.
///
/// `loss(model, shard)` must be a sum over the items of the shard.
pub fn gradients<T: Sync>(
    model: &Model,
    trained: &Trained,
    items: &[T],
    loss: impl Fn(&Model, &[T]) -> ShardLoss + Sync,
) -> Computed {
    let one = |shard: &[T]| {
        let mut tracked = trained.tracked(model);
        let ShardLoss { loss, parts } = loss(&tracked, shard);
        let parts = parts.into_iter().map(|p| value(p.inner())).collect();
        let mut found = loss.backward();
        let gradients = trained.gradients(&mut tracked, &mut found);
        Computed {
            gradients,
            loss: value(loss.inner()),
            parts,
        }
    };
    let shards: Vec<&[T]> = items.chunks(items.len().div_ceil(2).max(1)).collect();
    let (mut sum, second) = match shards[..] {
        [first, second] => {
            let (first, second) = rayon::join(|| one(first), || one(second));
            (first, Some(second))
        }
        _ => (one(items), None),
    };
    if let Some(shard) = second {
        sum.loss += shard.loss;
        sum.parts.iter_mut().zip(shard.parts).for_each(|(a, b)| *a += b);
        for (name, gradient) in shard.gradients {
            match sum.gradients.iter_mut().find(|(n, _)| *n == name) {
                Some((_, g)) => *g = g.clone() + gradient,
                None => sum.gradients.push((name, gradient)),
            }
        }
    }
    sum
}
