//! Llama (Touvron et al. 2023) and Llama 3 (Dubey et al. 2024): RMSNorm, rotary positions, grouped queries, SwiGLU.
//!
//! Mistral and Qwen2.5 are the same layer with other settings, see `mistral.rs` and `qwen2.rs`.

use burn::tensor::Tensor;

use super::config::{Activation, Architecture, Keys, ModelConfig};
use super::decoder::Get;
use super::parts::{Turn, activate, join_heads, rms_norm, rotate, split_heads};
use super::{Linear, Params};

/// Reads `config.json`.
pub fn config(keys: &Keys<'_>) -> Result<ModelConfig, String> {
    let hidden_size = keys.whole("hidden_size")?;
    let heads = keys.whole("num_attention_heads")?;
    let layers = keys.whole("num_hidden_layers")?;
    let (rope_theta, rope_scaling) = keys.rope(10_000.0)?;
    let biases = keys.flag_or("attention_bias", false)?;
    let head_dim = match keys.whole_or_none("head_dim")? {
        Some(head_dim) => head_dim,
        None if heads > 0 && hidden_size.is_multiple_of(heads) => hidden_size / heads,
        None => return Err(format!("hidden_size = {hidden_size} over {heads} heads")),
    };
    if keys.whole_or("pretraining_tp", 1)? != 1 {
        return Err("pretraining_tp: weights cut over several devices are not read".into());
    }
    Ok(ModelConfig {
        architecture: Architecture::Llama,
        vocab_size: keys.whole("vocab_size")?,
        hidden_size,
        intermediate_size: keys.whole("intermediate_size")?,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        num_key_value_heads: keys.whole_or("num_key_value_heads", heads)?,
        head_dim,
        max_position_embeddings: keys.whole_or("max_position_embeddings", 2048)?,
        norm_eps: keys.number_or("rms_norm_eps", 1e-6)?,
        rope_theta,
        rope_scaling,
        windows: vec![None; layers],
        activation: keys.activation("hidden_act", "silu")?,
        tie_word_embeddings: keys.flag_or("tie_word_embeddings", false)?,
        qkv_bias: biases,
        output_bias: biases,
        mlp_bias: keys.flag_or("mlp_bias", false)?,
        num_labels: None,
        source: Default::default(),
    })
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
        Ok(Self {
            input_norm: get("input_layernorm.weight", [1, d])?,
            q: linear(get, "self_attn.q_proj", [d, queries], config.qkv_bias)?,
            k: linear(get, "self_attn.k_proj", [d, keys], config.qkv_bias)?,
            v: linear(get, "self_attn.v_proj", [d, keys], config.qkv_bias)?,
            o: linear(get, "self_attn.o_proj", [queries, d], config.output_bias)?,
            post_norm: get("post_attention_layernorm.weight", [1, d])?,
            gate: linear(get, "mlp.gate_proj", [d, f], config.mlp_bias)?,
            up: linear(get, "mlp.up_proj", [d, f], config.mlp_bias)?,
            down: linear(get, "mlp.down_proj", [f, d], config.mlp_bias)?,
            head_dim: config.head_dim,
            eps: config.norm_eps,
            activation: config.activation,
        })
    }

    /// The norm before attention, x `[batch, seq, hidden]`.
    pub fn normed(&self, x: Tensor<3>) -> Tensor<3> {
        rms_norm(x, &self.input_norm, self.eps)
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

    /// What follows attention: output projection, then SwiGLU, each added to the residual stream.
    pub fn finish(&self, x: Tensor<3>, attended: Tensor<4>) -> Tensor<3> {
        let x = x + self.o.forward(join_heads(attended));
        let y = rms_norm(x.clone(), &self.post_norm, self.eps);
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

/// A linear layer from its parameters.
pub(super) fn linear<E>(get: &mut Get<'_, E>, name: &str, shape: [usize; 2], bias: bool) -> Result<Linear, E> {
    let weight = get(&format!("{name}.weight"), shape)?;
    let bias = match bias {
        true => Some(get(&format!("{name}.bias"), [1, shape[1]])?),
        false => None,
    };
    Ok(Linear::new(weight, bias))
}
