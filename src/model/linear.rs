//! A linear layer with an optional low-rank adapter beside it.

use burn::tensor::{Tensor, module::linear};

/// `x W + scale (x A) B`, where the second term is there only with an adapter (LoRA, Hu et al. 2021).
///
/// The adapter is a side branch rather than a change to `W`, so that a frozen `W` costs no gradient.
#[derive(Clone, Debug)]
pub struct Linear {
    /// `[in, out]`: contiguous in the layout the matrix product wants, the transpose of Hugging Face's.
    pub weight: Tensor<2>,
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
    /// A layer without an adapter; `weight` is `[in, out]`.
    pub fn new(weight: Tensor<2>) -> Self {
        Self { weight, adapter: None }
    }

    /// `[.., in]` to `[.., out]`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match &self.adapter {
            None => linear(x, self.weight.clone(), None),
            Some(Adapter { a, b, scale }) => {
                let side = linear(linear(x.clone(), a.clone(), None), b.clone(), None);
                linear(x, self.weight.clone(), None) + side.mul_scalar(*scale)
            }
        }
    }

    /// The same function without the side branch: `W + scale A B`.
    pub fn merged(&self) -> Self {
        match &self.adapter {
            None => self.clone(),
            Some(Adapter { a, b, scale }) => {
                Self::new(self.weight.clone() + a.clone().matmul(b.clone()).mul_scalar(*scale))
            }
        }
    }
}
