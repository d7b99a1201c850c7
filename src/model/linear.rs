//! A linear layer with an optional low-rank adapter beside it.

use burn::tensor::{DType, Tensor, module::linear};

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
                let side = linear(linear(x.clone(), a.clone(), None), b.clone(), None);
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
