//! Language models: one architecture a file, their weights on disk, their tokenizer.

mod adapter;
mod chat;
mod config;
mod folder;
mod hub;
mod initialise;
mod linear;
mod llama;
mod llama2c;
mod text;

pub use adapter::{Trained, add_adapter};
pub use chat::{ChatError, ChatTemplate, Message, Role};
pub use config::ModelConfig;
pub use folder::{ModelError, ModelFiles, load, save};
pub use hub::{Hub, HubError, HubName};
pub use initialise::{DEVIATION, initialise, with_score_head};
pub use linear::{Adapter, Linear};
pub use llama::{KvCache, Layer, Model};
pub use llama2c::{ConvertError, Converted, convert as convert_llama2c};
pub use text::{Special, Text, TextError, Token};

/// Special tokens of the bundled tokenizer.
pub const PAD: u32 = 0;
pub const EOS: u32 = 1;
pub const BOS: u32 = 2;

#[cfg(test)]
mod golden_tests;
