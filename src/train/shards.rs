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

/// Splits `items` in two, computes the loss of each on its own thread, in pieces of at most `trained.micro_batch` items, and
/// adds up.
///
/// `loss(model, piece)` must be a sum over the items of the piece.
pub fn gradients<T: Sync>(
    model: &Model,
    trained: &Trained,
    items: &[T],
    loss: impl Fn(&Model, &[T]) -> ShardLoss + Sync,
) -> Computed {
    let one = |number: usize, piece: &[T]| {
        let trained = trained.piece(number);
        let mut tracked = trained.tracked(model);
        let ShardLoss { loss, parts } = loss(&tracked, piece);
        let parts = parts.into_iter().map(|p| value(p.inner())).collect();
        let mut found = loss.backward();
        let gradients = trained.gradients(&mut tracked, &mut found);
        Computed {
            gradients,
            loss: value(loss.inner()),
            parts,
        }
    };
    // Odd and even numbers, so that no two pieces of an update have the same.
    let shard = |side: usize, shard: &[T]| {
        let size = trained.micro_batch.unwrap_or(shard.len()).max(1);
        let mut sum: Option<Computed> = None;
        for (i, piece) in shard.chunks(size).enumerate() {
            let computed = one(2 * i + side, piece);
            sum = Some(match sum {
                None => computed,
                Some(sum) => added(sum, computed),
            });
        }
        // Without items too there is a loss to report.
        sum.unwrap_or_else(|| one(side, shard))
    };
    let (first, second) = items.split_at(items.len().div_ceil(2));
    if second.is_empty() {
        return shard(0, first);
    }
    let (first, second) = rayon::join(|| shard(0, first), || shard(1, second));
    added(first, second)
}

fn added(mut sum: Computed, more: Computed) -> Computed {
    sum.loss += more.loss;
    sum.parts.iter_mut().zip(more.parts).for_each(|(a, b)| *a += b);
    // Both have the parameters in the same order, but for one that took no part.
    for (i, (name, gradient)) in more.gradients.into_iter().enumerate() {
        let at = match sum.gradients.get(i) {
            Some((n, _)) if *n == name => Some(i),
            _ => sum.gradients.iter().position(|(n, _)| *n == name),
        };
        match at {
            Some(at) => {
                let (_, g) = &mut sum.gradients[at];
                *g = g.clone() + gradient;
            }
            None => sum.gradients.push((name, gradient)),
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::assets::builtin_model;
    use crate::method::logprob::log_probs;
    use crate::model::{Precision, add_adapter, load};
    use crate::numbers::values;

    type Rows = Vec<(Vec<u32>, Vec<u32>)>;

    fn rows() -> Rows {
        let row = |i: u32| {
            let x = (0..3 + i % 4).map(|j| 300 + 7 * i + j).collect();
            (x, (0..1 + i % 5).map(|j| 400 + 3 * i + j).collect())
        };
        (0..7).map(row).collect()
    }

    fn model() -> Model {
        let files = builtin_model("tiny").expect("bundled");
        let (mut model, _) = load(&files, Precision::F32, &Device::flex()).expect("loads");
        add_adapter(&mut model, 4, 8.0, 1);
        // B is zero at first, and would hide what A is given.
        model.for_each_mut(&mut |name, p| {
            if name.contains("lora_B") {
                *p = p.clone().add_scalar(0.02);
            }
        });
        model
    }

    fn computed(model: &Model, trained: &Trained) -> Computed {
        gradients(model, trained, &rows(), |policy, rows| {
            let rows: Vec<(&[u32], &[u32])> = rows.iter().map(|(x, y)| (&x[..], &y[..])).collect();
            let loss = log_probs(policy, &rows).mean().sum();
            ShardLoss {
                parts: vec![loss.clone()],
                loss,
            }
        })
    }

    fn numbers(c: &Computed) -> Vec<(String, Vec<f32>)> {
        let mut all: Vec<_> = c
            .gradients
            .iter()
            .map(|(n, g)| (n.clone(), values(g.clone())))
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    #[test]
    fn pieces_of_any_size_add_up_to_the_same() {
        let mut model = model();
        let mut trained = Trained::of(&mut model);
        let whole = computed(&model, &trained);
        for size in [1, 2, 3, 100] {
            trained.micro_batch = Some(size);
            let pieces = computed(&model, &trained);
            assert!(
                (whole.loss - pieces.loss).abs() < 1e-4,
                "{size}: {} {}",
                whole.loss,
                pieces.loss
            );
            assert!((whole.parts[0] - pieces.parts[0]).abs() < 1e-4);
            for ((name, a), (_, b)) in numbers(&whole).iter().zip(&numbers(&pieces)) {
                let largest = a.iter().fold(1e-3f32, |m, v| m.max(v.abs()));
                let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(apart < 1e-4 * largest, "{size}, {name}: {apart} of {largest}");
            }
        }
    }

    #[test]
    fn dropout_follows_from_the_update_and_is_the_same_when_a_layer_is_computed_again() {
        let mut model = model();
        let mut trained = Trained::of(&mut model);
        let plain = computed(&model, &trained);
        trained.dropout = Some((0.0, 5));
        assert_eq!(
            numbers(&plain),
            numbers(&computed(&model, &trained.at(1, 0))),
            "a share of 0 is none"
        );
        trained.dropout = Some((0.1, 5));
        let first = computed(&model, &trained.at(1, 0));
        assert_ne!(plain.loss, first.loss);
        let again = computed(&model, &trained.at(1, 0));
        assert_eq!((first.loss, numbers(&first)), (again.loss, numbers(&again)));
        assert_ne!(first.loss, computed(&model, &trained.at(1, 1)).loss);
        assert_ne!(first.loss, computed(&model, &trained.at(2, 0)).loss);
        trained.checkpointing = true;
        let recomputed = computed(&model, &trained.at(1, 0));
        let apart = (first.loss - recomputed.loss).abs();
        assert!(apart < 1e-5 * first.loss.abs(), "{apart}");
        for ((name, a), (_, b)) in numbers(&first).iter().zip(&numbers(&recomputed)) {
            let largest = a.iter().fold(1e-3f32, |m, v| m.max(v.abs()));
            let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-4 * largest, "{name}: {apart} of {largest}");
        }
        trained.micro_batch = Some(1);
        let sizes = computed(&model, &trained.at(1, 0));
        assert_ne!(first.loss, sizes.loss, "every piece has a mask of its own");
    }
}
