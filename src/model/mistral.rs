//! Mistral (Jiang et al. 2023): Llama's layer, each token of which looks back over a window only.

use super::config::{Architecture, Keys, ModelConfig};
use super::llama;

/// Reads `config.json`; without `sliding_window`, or where it is null, all layers look at everything.
pub fn config(keys: &Keys<'_>) -> Result<ModelConfig, String> {
    let llama = llama::config(keys)?;
    let layers = llama.num_hidden_layers;
    let window = match keys.0.contains_key("sliding_window") {
        true => keys.whole_or_none("sliding_window")?,
        // What `transformers` takes where the key is absent.
        false => Some(4096),
    };
    Ok(ModelConfig {
        architecture: Architecture::Mistral,
        num_key_value_heads: keys.whole_or("num_key_value_heads", 8)?,
        windows: keys.windows(layers, window, 0)?,
        ..llama
    })
}
