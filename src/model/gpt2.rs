//! GPT-2 (Radford et al. 2019): LayerNorm, learnt positions, one projection for queries, keys and values, GELU.

use burn::tensor::Tensor;

use super::config::{Activation, Architecture, Keys, ModelConfig, RopeScaling};
use super::decoder::Get;
use super::parts::{activate, join_heads, layer_norm, split_heads};
use super::{Linear, Params, llama};

/// Reads `config.json`.
pub fn config(keys: &Keys<'_>) -> Result<ModelConfig, String> {
    let hidden_size = keys.whole("n_embd")?;
    let heads = keys.whole("n_head")?;
    let layers = keys.whole("n_layer")?;
    if heads == 0 || !hidden_size.is_multiple_of(heads) {
        return Err(format!("n_embd = {hidden_size} over n_head = {heads} heads"));
    }
    if !keys.flag_or("scale_attn_weights", true)? {
        return Err("scale_attn_weights = false: attention is scaled by 1 / sqrt(head size) here".into());
    }
    for key in ["scale_attn_by_inverse_layer_idx", "add_cross_attention"] {
        keys.refuse(key, "not computed here")?;
    }
    Ok(ModelConfig {
        architecture: Architecture::Gpt2,
        vocab_size: keys.whole("vocab_size")?,
        hidden_size,
        intermediate_size: keys.whole_or("n_inner", 4 * hidden_size)?,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        num_key_value_heads: heads,
        head_dim: hidden_size / heads,
        max_position_embeddings: keys.whole_or("n_positions", 1024)?,
        norm_eps: keys.number_or("layer_norm_epsilon", 1e-5)?,
        rope_theta: 0.0,
        rope_scaling: RopeScaling::None,
        windows: vec![None; layers],
        activation: keys.activation("activation_function", "gelu_new")?,
        tie_word_embeddings: keys.flag_or("tie_word_embeddings", true)?,
        qkv_bias: true,
        output_bias: true,
        mlp_bias: true,
        num_labels: None,
        source: Default::default(),
    })
}

/// One layer.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Weight and bias, each `[1, hidden]`.
    pub ln_1: [Tensor<2>; 2],
    /// Queries, keys and values in one, `[hidden, 3 hidden]`.
    pub c_attn: Linear,
    pub attn_c_proj: Linear,
    pub ln_2: [Tensor<2>; 2],
    pub c_fc: Linear,
    pub mlp_c_proj: Linear,
    head_dim: usize,
    eps: f64,
    activation: Activation,
}

impl Layer {
    /// Builds the layer from its parameters by their names within the layer.
    pub fn build<E>(config: &ModelConfig, get: &mut Get<'_, E>) -> Result<Self, E> {
        let (d, f) = (config.hidden_size, config.intermediate_size);
        let mut norm = |name: &str| -> Result<[Tensor<2>; 2], E> {
            Ok([
                get(&format!("{name}.weight"), [1, d])?,
                get(&format!("{name}.bias"), [1, d])?,
            ])
        };
        let (ln_1, ln_2) = (norm("ln_1")?, norm("ln_2")?);
        let mut linear = |name: &str, shape| llama::linear(get, name, shape, true);
        Ok(Self {
            ln_1,
            ln_2,
            c_attn: linear("attn.c_attn", [d, 3 * d])?,
            attn_c_proj: linear("attn.c_proj", [d, d])?,
            c_fc: linear("mlp.c_fc", [d, f])?,
            mlp_c_proj: linear("mlp.c_proj", [f, d])?,
            head_dim: config.head_dim,
            eps: config.norm_eps,
            activation: config.activation,
        })
    }

    /// The norm before attention, x `[batch, seq, hidden]`.
    pub fn normed(&self, x: Tensor<3>) -> Tensor<3> {
        layer_norm(x, &self.ln_1[0], &self.ln_1[1], self.eps)
    }

    /// Queries, keys and values of the normed input, each `[batch, heads, seq, head_dim]`.
    pub fn queries_keys_values(&self, y: Tensor<3>) -> (Tensor<4>, Tensor<4>, Tensor<4>) {
        let d = y.dims()[2];
        let all = self.c_attn.forward(y);
        let part = |i: usize| split_heads(all.clone().narrow(2, i * d, d), self.head_dim).swap_dims(1, 2);
        (part(0), part(1), part(2))
    }

    /// Queries alone.
    pub fn queries(&self, y: Tensor<3>) -> Tensor<4> {
        let d = y.dims()[2];
        split_heads(self.c_attn.columns(0, d).forward(y), self.head_dim).swap_dims(1, 2)
    }

    /// Keys and values alone.
    pub fn keys_and_values(&self, y: Tensor<3>) -> (Tensor<4>, Tensor<4>) {
        let d = y.dims()[2];
        let both = self.c_attn.columns(d, 2 * d).forward(y);
        let part = |i: usize| split_heads(both.clone().narrow(2, i * d, d), self.head_dim).swap_dims(1, 2);
        (part(0), part(1))
    }

    /// What follows attention: output projection, then the feed-forward layers, each added to the residual stream.
    pub fn finish(&self, x: Tensor<3>, attended: Tensor<4>) -> Tensor<3> {
        let x = x + self.attn_c_proj.forward(join_heads(attended));
        let y = layer_norm(x.clone(), &self.ln_2[0], &self.ln_2[1], self.eps);
        x + self.mlp_c_proj.forward(activate(self.c_fc.forward(y), self.activation))
    }

    /// The linear layers (GPT-2's Conv1D) by their Hugging Face names: what `all-linear` adapts.
    pub fn linears_mut(&mut self) -> Vec<(&'static str, &mut Linear)> {
        vec![
            ("attn.c_attn", &mut self.c_attn),
            ("attn.c_proj", &mut self.attn_c_proj),
            ("mlp.c_fc", &mut self.c_fc),
            ("mlp.c_proj", &mut self.mlp_c_proj),
        ]
    }

    /// The parameters that are no linear layer's.
    pub fn norms_mut(&mut self, f: &mut Params<'_>) {
        for (name, [weight, bias]) in [("ln_1", &mut self.ln_1), ("ln_2", &mut self.ln_2)] {
            f(&format!("{name}.weight"), weight);
            f(&format!("{name}.bias"), bias);
        }
    }
}
