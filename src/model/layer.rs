//! One layer of whichever architecture.

use burn::tensor::Tensor;

use super::config::{Architecture, ModelConfig};
use super::decoder::{Get, Params};
use super::parts::Turn;
use super::{Linear, gemma, gpt2, llama};

/// A transformer block.
#[derive(Clone, Debug)]
pub enum Layer {
    Llama(llama::Layer),
    Gemma(gemma::Layer),
    Gpt2(gpt2::Layer),
}

impl Layer {
    /// Builds the layer from its parameters by their names within the layer.
    pub fn build<E>(config: &ModelConfig, get: &mut Get<'_, E>) -> Result<Self, E> {
        Ok(match config.architecture {
            Architecture::Gpt2 => Layer::Gpt2(gpt2::Layer::build(config, get)?),
            Architecture::Gemma => Layer::Gemma(gemma::Layer::build(config, get)?),
            Architecture::Llama | Architecture::Mistral | Architecture::Qwen2 => {
                Layer::Llama(llama::Layer::build(config, get)?)
            }
        })
    }

    /// The norm before attention, x `[batch, seq, hidden]`.
    pub fn normed(&self, x: Tensor<3>) -> Tensor<3> {
        match self {
            Layer::Llama(layer) => layer.normed(x),
            Layer::Gemma(layer) => layer.normed(x),
            Layer::Gpt2(layer) => layer.normed(x),
        }
    }

    /// Queries `[batch, heads, seq, head_dim]`, keys and values `[batch, kv_heads, seq, head_dim]` of the normed input.
    pub fn queries_keys_values(&self, y: Tensor<3>, turn: &Turn) -> (Tensor<4>, Tensor<4>, Tensor<4>) {
        if let Layer::Gpt2(layer) = self {
            return layer.queries_keys_values(y);
        }
        let q = self.queries(y.clone(), turn);
        let (k, v) = self.keys_and_values(y, turn);
        (q, k, v)
    }

    /// Queries alone.
    pub fn queries(&self, y: Tensor<3>, turn: &Turn) -> Tensor<4> {
        match self {
            Layer::Llama(layer) => layer.queries(y, turn),
            Layer::Gemma(layer) => layer.queries(y, turn),
            Layer::Gpt2(layer) => layer.queries(y),
        }
    }

    /// Keys and values alone.
    pub fn keys_and_values(&self, y: Tensor<3>, turn: &Turn) -> (Tensor<4>, Tensor<4>) {
        match self {
            Layer::Llama(layer) => layer.keys_and_values(y, turn),
            Layer::Gemma(layer) => layer.keys_and_values(y, turn),
            Layer::Gpt2(layer) => layer.keys_and_values(y),
        }
    }

    /// What follows attention, `attended` `[batch, heads, seq, head_dim]`, added to the residual stream x.
    pub fn finish(&self, x: Tensor<3>, attended: Tensor<4>) -> Tensor<3> {
        match self {
            Layer::Llama(layer) => layer.finish(x, attended),
            Layer::Gemma(layer) => layer.finish(x, attended),
            Layer::Gpt2(layer) => layer.finish(x, attended),
        }
    }

    /// The linear layers by their Hugging Face names: what `all-linear` adapts.
    pub fn linears_mut(&mut self) -> Vec<(&'static str, &mut Linear)> {
        match self {
            Layer::Llama(layer) => layer.linears_mut(),
            Layer::Gemma(layer) => layer.linears_mut(),
            Layer::Gpt2(layer) => layer.linears_mut(),
        }
    }

    /// The linear layers.
    pub fn linears(&self) -> Vec<Linear> {
        // Tensors are shared, not copied.
        self.clone()
            .linears_mut()
            .into_iter()
            .map(|(_, linear)| linear.clone())
            .collect()
    }

    /// The parameters that are no linear layer's.
    pub fn norms_mut(&mut self, f: &mut Params<'_>) {
        match self {
            Layer::Llama(layer) => layer.norms_mut(f),
            Layer::Gemma(layer) => layer.norms_mut(f),
            Layer::Gpt2(layer) => layer.norms_mut(f),
        }
    }
}
