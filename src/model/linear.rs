//! A linear layer with an optional low-rank adapter beside it.

use burn::tensor::{DType, Device, Tensor, TensorData, module::linear};
use rand_chacha::rand_core::Rng;
use rayon::prelude::*;

use crate::random::{Purpose, stream};

/// `x W + bias + scale (x A) B`, where the last term is there only with an adapter (LoRA, Hu et al. 2021).
///
/// The adapter is a side branch rather than a change to `W`, so that a frozen `W` costs no gradient.
#[derive(Clone, Debug)]
pub struct Linear {
    /// `[in, out]`: contiguous in the layout the matrix product wants. May be of half precision; it is computed with in f32.
    pub weight: Tensor<2>,
    /// `[1, out]`.
    pub bias: Option<Tensor<2>>,
    pub adapter: Option<Adapter>,
    /// Of what goes into the adapter, while it is trained.
    pub(super) dropout: Option<Dropout>,
}

/// Leaves out a share of the numbers that go into an adapter, and makes up for them with the others (Srivastava et al. 2014).
///
/// The mask follows from the place alone, so that a layer which is computed again on the way back leaves out the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dropout {
    /// In (0, 1).
    pub share: f64,
    pub seed: u64,
    /// The update, and where in it and in the model this layer is.
    pub place: (u64, u64),
}

impl Dropout {
    fn apply<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let shape = x.dims();
        let mut rng = stream(self.seed, Purpose::Dropout, self.place.0, self.place.1);
        let below = (self.share * f64::from(u32::MAX)) as u32;
        let kept = (1.0 / (1.0 - self.share)) as f32;
        let mask: Vec<f32> = (0..shape.iter().product())
            .map(|_| if rng.next_u32() < below { 0.0 } else { kept })
            .collect();
        let device = x.device().inner();
        x * Tensor::from_data(TensorData::new(mask, shape), &device)
    }
}

/// A low-rank adapter of one linear layer.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// `[in, rank]`.
    pub a: Tensor<2>,
    /// `[rank, out]`, zero at first, so that training starts from the base model.
    pub b: Tensor<2>,
    /// alpha / rank.
    pub scale: f64,
}

impl Linear {
    /// A layer without an adapter; `weight` is `[in, out]`, `bias` `[1, out]`.
    pub fn new(weight: Tensor<2>, bias: Option<Tensor<2>>) -> Self {
        Self {
            weight,
            bias,
            adapter: None,
            dropout: None,
        }
    }

    /// `[.., in]` to `[.., out]`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let bias = self.bias.as_ref().map(|bias| {
            let n = bias.dims()[1];
            bias.clone().reshape([n])
        });
        match &self.adapter {
            None => product(x, &self.weight, bias),
            Some(Adapter { a, b, scale }) => {
                let read = match &self.dropout {
                    None => x.clone(),
                    Some(dropout) => dropout.apply(x.clone()),
                };
                let side = linear(linear(read, a.clone(), None), b.clone(), None);
                product(x, &self.weight, bias) + side.mul_scalar(*scale)
            }
        }
    }

    /// Outputs `start..start + n` alone.
    pub fn columns(&self, start: usize, n: usize) -> Self {
        let narrow = |t: &Tensor<2>| t.clone().narrow(1, start, n);
        Self {
            weight: narrow(&self.weight),
            bias: self.bias.as_ref().map(narrow),
            adapter: self.adapter.as_ref().map(|adapter| Adapter {
                b: narrow(&adapter.b),
                ..adapter.clone()
            }),
            dropout: self.dropout,
        }
    }

    /// The same function without the side branch: `W + scale A B`.
    pub fn merged(&self) -> Self {
        match &self.adapter {
            None => self.clone(),
            Some(Adapter { a, b, scale }) => {
                let change = a.clone().matmul(b.clone()).mul_scalar(*scale);
                Self::new(full(self.weight.clone()) + change, self.bias.clone())
            }
        }
    }
}

/// Numbers of a weight of half precision that are widened to f32 at once: they stay in a core's cache.
const TILE: usize = 1 << 17;

/// Weights of at most so many numbers are widened whole: it takes no longer, and little memory.
const WHOLE: usize = 1 << 22;

/// `x W + bias` in f32, whatever `weight` `[in, out]` is kept as.
///
/// Without a graph that would hold it, no f32 copy of a large half-precision weight is made on the CPU: one group of columns
/// after another is widened and multiplied with, and the weight is read from memory as it is kept.
pub(super) fn product<const D: usize>(x: Tensor<D>, weight: &Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<D> {
    let [inputs, outputs] = weight.dims();
    let widened = weight.dtype() != DType::F32 && inputs * outputs > WHOLE;
    if !widened || x.is_autodiff() || weight.is_autodiff() || x.device() != Device::flex() {
        return linear(x, full(weight.clone()), bias);
    }
    let columns = (TILE / inputs).next_multiple_of(64);
    let whole = by_columns(&x, weight, columns);
    match bias {
        None => whole,
        Some(bias) => whole + bias.unsqueeze(),
    }
}

/// `x W`, so many columns of `W` at a time. The groups do not depend on `x`: a row is the same in any batch.
fn by_columns<const D: usize>(x: &Tensor<D>, weight: &Tensor<2>, columns: usize) -> Tensor<D> {
    let outputs = weight.dims()[1];
    let groups = (0..outputs).into_par_iter().step_by(columns).map(|start| {
        let group = weight.clone().narrow(1, start, columns.min(outputs - start));
        linear(x.clone(), full(group), None)
    });
    Tensor::cat(groups.collect(), D - 1)
}

/// In f32, which everything is computed in.
pub fn full<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    match x.dtype() {
        DType::F32 => x,
        _ => x.cast(DType::F32),
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::numbers::values;

    /// Group by group is what it is at once, whatever the number of rows.
    #[test]
    fn half_precision_weights_are_multiplied_with_as_if_they_were_wide() {
        let device = Device::flex();
        let numbers = |n: usize, seed: u64| -> Vec<f32> {
            let mut rng = stream(seed, Purpose::Dropout, 0, 0);
            (0..n)
                .map(|_| (rng.next_u32() as f32 / u32::MAX as f32) - 0.5)
                .collect()
        };
        let (inputs, outputs) = (48, 700);
        let wide = TensorData::new(numbers(inputs * outputs, 1), [inputs, outputs]);
        let wide = Tensor::<2>::from_data(wide, &device);
        let row = numbers(inputs, 3);
        for dtype in [DType::BF16, DType::F16] {
            let kept = wide.clone().cast(dtype);
            let found = |rows: usize| {
                let x = Tensor::<3>::from_data(TensorData::new(row.repeat(rows), [rows, 1, inputs]), &device);
                let found = values(by_columns(&x, &kept, 64));
                let at_once = values(linear(x, full(kept.clone()), None));
                assert_eq!(found.len(), rows * outputs);
                let far = found.iter().zip(&at_once).map(|(a, b)| (a - b).abs());
                assert!(far.fold(0.0, f32::max) < 1e-5);
                found
            };
            let alone = found(1);
            // Rows of one batch are equal; one row alone is multiplied with in another order.
            let together = found(7);
            assert!(together.chunks(outputs).all(|row| row == &together[..outputs]));
            let far = alone.iter().zip(&together).map(|(a, b)| (a - b).abs());
            assert!(far.fold(0.0, f32::max) < 1e-6);
        }
    }

    /// A weight that is large enough to be taken in groups, with its bias.
    #[test]
    fn a_large_weight_has_its_bias() {
        let device = Device::flex();
        let weight = Tensor::<2>::ones([1024, 4200], &device).cast(DType::BF16);
        let layer = Linear::new(weight, Some(Tensor::ones([1, 4200], &device).mul_scalar(0.5)));
        let x = Tensor::<3>::ones([1, 2, 1024], &device);
        assert!(values(layer.forward(x)).iter().all(|v| *v == 1024.5));
    }

    #[test]
    fn dropout_leaves_out_its_share_and_keeps_the_mean() {
        let ones = Tensor::<3>::ones([4, 50, 100], &Device::flex());
        let at = |place| Dropout {
            share: 0.25,
            seed: 3,
            place,
        };
        let first = values(at((1, 2)).apply(ones.clone()));
        let out = first.iter().filter(|v| **v == 0.0).count() as f64 / first.len() as f64;
        assert!((out - 0.25).abs() < 0.01, "{out}");
        assert!(first.iter().all(|v| *v == 0.0 || (v - 4.0 / 3.0).abs() < 1e-6));
        assert_eq!(first, values(at((1, 2)).apply(ones.clone())));
        assert_ne!(first, values(at((1, 3)).apply(ones)));
    }
}
