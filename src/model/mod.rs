//! Language models: one architecture a file, their weights on disk, their tokenizer.

mod adapter;
mod cache;
mod chat;
mod checkpointing;
mod config;
mod decoder;
mod folder;
mod gemma;
mod gpt2;
mod initialise;
mod layer;
mod linear;
mod llama;
mod mistral;
mod parts;
mod qwen2;
mod text;
mod weights;

pub use adapter::{Trained, add_adapter};
pub use cache::KvCache;
pub use chat::{ChatError, ChatTemplate, Message, Role};
pub use config::{Architecture, ModelConfig};
pub use decoder::{Model, Params};
pub use folder::{ModelError, ModelFiles, Precision, load, save};
pub use initialise::{DEVIATION, initialise, with_score_head};
pub use layer::Layer;
pub use linear::{Adapter, Linear};
pub use text::{Special, Text, TextError, Token};

/// Special tokens of the bundled tokenizer.
pub const PAD: u32 = 0;
pub const EOS: u32 = 1;
pub const BOS: u32 = 2;

#[cfg(test)]
mod golden_tests;
