//! Gemma (Gemma team 2024): norms that scale by 1 + w, scaled embeddings, GeGLU, heads of a width of their own.

use burn::tensor::Tensor;

use super::config::{Activation, Architecture, Keys, ModelConfig};
use super::decoder::Get;
use super::parts::{Turn, activate, join_heads, rms_norm, rotate, split_heads};
use super::{Linear, Params, llama};

/// Reads `config.json`.
pub fn config(keys: &Keys<'_>) -> Result<ModelConfig, String> {
    let llama = llama::config(keys)?;
    keys.refuse("use_bidirectional_attention", "attention is causal here")?;
    // "gelu" in the first folders meant the approximation by tanh, as `transformers` reads it too.
    let activation = match keys.text("hidden_activation")?.or(keys.text("hidden_act")?) {
        None | Some("gelu") => Activation::GeluTanh,
        Some(_) if keys.get("hidden_activation").is_some() => keys.activation("hidden_activation", "")?,
        Some(_) => keys.activation("hidden_act", "")?,
    };
    Ok(ModelConfig {
        architecture: Architecture::Gemma,
        head_dim: keys.whole_or("head_dim", 256)?,
        max_position_embeddings: keys.whole_or("max_position_embeddings", 8192)?,
        tie_word_embeddings: keys.flag_or("tie_word_embeddings", true)?,
        activation,
        ..llama
    })
}

/// What the embeddings are multiplied with: sqrt(hidden).
pub fn embedding_scale(config: &ModelConfig) -> f64 {
    (config.hidden_size as f64).sqrt()
}

/// x / rms(x) * (1 + weight).
pub fn norm(x: Tensor<3>, weight: &Tensor<2>, eps: f64) -> Tensor<3> {
    rms_norm(x, &weight.clone().add_scalar(1.0), eps)
}

/// One layer.
#[derive(Clone, Debug)]
pub struct Layer {
    /// `[1, hidden]`.
    pub input_norm: Tensor<2>,
    pub q: Linear,
    pub k: Linear,
    pub v: Linear,
    pub o: Linear,
    /// `[1, hidden]`.
    pub post_norm: Tensor<2>,
    pub gate: Linear,
    pub up: Linear,
    pub down: Linear,
    head_dim: usize,
    eps: f64,
    activation: Activation,
}

impl Layer {
    /// Builds the layer from its parameters by their names within the layer.
    pub fn build<E>(config: &ModelConfig, get: &mut Get<'_, E>) -> Result<Self, E> {
        let (d, f) = (config.hidden_size, config.intermediate_size);
        let (queries, keys) = config.widths();
        let mut linear = |name: &str, shape, bias| llama::linear(get, name, shape, bias);
        let q = linear("self_attn.q_proj", [d, queries], config.qkv_bias)?;
        let k = linear("self_attn.k_proj", [d, keys], config.qkv_bias)?;
        let v = linear("self_attn.v_proj", [d, keys], config.qkv_bias)?;
        let o = linear("self_attn.o_proj", [queries, d], config.output_bias)?;
        let gate = linear("mlp.gate_proj", [d, f], false)?;
        let up = linear("mlp.up_proj", [d, f], false)?;
        let down = linear("mlp.down_proj", [f, d], false)?;
        Ok(Self {
            input_norm: get("input_layernorm.weight", [1, d])?,
            post_norm: get("post_attention_layernorm.weight", [1, d])?,
            q,
            k,
            v,
            o,
            gate,
            up,
            down,
            head_dim: config.head_dim,
            eps: config.norm_eps,
            activation: config.activation,
        })
    }

    /// The norm before attention, x `[batch, seq, hidden]`.
    pub fn normed(&self, x: Tensor<3>) -> Tensor<3> {
        norm(x, &self.input_norm, self.eps)
    }

    /// Turned queries of the normed input, `[batch, heads, seq, head_dim]`.
    pub fn queries(&self, y: Tensor<3>, turn: &Turn) -> Tensor<4> {
        rotate(split_heads(self.q.forward(y), self.head_dim), turn).swap_dims(1, 2)
    }

    /// Turned keys, and values, of the normed input, `[batch, kv_heads, seq, head_dim]`.
    pub fn keys_and_values(&self, y: Tensor<3>, turn: &Turn) -> (Tensor<4>, Tensor<4>) {
        let k = rotate(split_heads(self.k.forward(y.clone()), self.head_dim), turn).swap_dims(1, 2);
        let v = split_heads(self.v.forward(y), self.head_dim).swap_dims(1, 2);
        (k, v)
    }

    /// What follows attention: output projection, then GeGLU, each added to the residual stream.
    pub fn finish(&self, x: Tensor<3>, attended: Tensor<4>) -> Tensor<3> {
        let x = x + self.o.forward(join_heads(attended));
        let y = norm(x.clone(), &self.post_norm, self.eps);
        let gated = activate(self.gate.forward(y.clone()), self.activation) * self.up.forward(y);
        x + self.down.forward(gated)
    }

    /// The linear layers by their Hugging Face names: what `all-linear` adapts.
    pub fn linears_mut(&mut self) -> Vec<(&'static str, &mut Linear)> {
        vec![
            ("self_attn.q_proj", &mut self.q),
            ("self_attn.k_proj", &mut self.k),
            ("self_attn.v_proj", &mut self.v),
            ("self_attn.o_proj", &mut self.o),
            ("mlp.gate_proj", &mut self.gate),
            ("mlp.up_proj", &mut self.up),
            ("mlp.down_proj", &mut self.down),
        ]
    }

    /// The parameters that are no linear layer's.
    pub fn norms_mut(&mut self, f: &mut Params<'_>) {
        f("input_layernorm.weight", &mut self.input_norm);
        f("post_attention_layernorm.weight", &mut self.post_norm);
    }
}
