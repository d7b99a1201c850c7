//! A linear layer with an optional low-rank adapter beside it.

use burn::tensor::{DType, Tensor, TensorData, module::linear};
use rand_chacha::rand_core::Rng;

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
        let weight = full(self.weight.clone());
        match &self.adapter {
            None => linear(x, weight, bias),
            Some(Adapter { a, b, scale }) => {
                let read = match &self.dropout {
                    None => x.clone(),
                    Some(dropout) => dropout.apply(x.clone()),
                };
                let side = linear(linear(read, a.clone(), None), b.clone(), None);
                linear(x, weight, bias) + side.mul_scalar(*scale)
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
