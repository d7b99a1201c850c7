//! Qwen2 and Qwen2.5 (Qwen team 2024): Llama's layer with biases on queries, keys and values.

use super::config::{Architecture, Keys, ModelConfig};
use super::llama;

/// Reads `config.json`. Windows are off unless `use_sliding_window` says so; then the upper layers have them.
pub fn config(keys: &Keys<'_>) -> Result<ModelConfig, String> {
    let llama = llama::config(keys)?;
    let layers = llama.num_hidden_layers;
    let window = match keys.flag_or("use_sliding_window", false)? {
        true => Some(keys.whole_or("sliding_window", 4096)?),
        false => None,
    };
    let windows = match window {
        Some(_) => keys.windows(layers, window, keys.whole_or("max_window_layers", 28)?)?,
        None => vec![None; layers],
    };
    Ok(ModelConfig {
        architecture: Architecture::Qwen2,
        windows,
        qkv_bias: true,
        output_bias: false,
        mlp_bias: false,
        ..llama
    })
}
