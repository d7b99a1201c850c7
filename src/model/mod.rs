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
mod hub;
mod initialise;
mod layer;
mod linear;
mod llama;
mod llama2c;
mod merge;
mod mistral;
mod parts;
mod peft;
mod qwen2;
mod size;
mod skeleton;
mod text;
mod weights;

pub use crate::config::Precision;
pub use adapter::{Trained, adapt, add_adapter};
pub use cache::KvCache;
pub use chat::{ChatError, ChatTemplate, Message, Role};
pub use config::{Activation, Architecture, ModelConfig};
pub use decoder::{MOST_MERGED, Model, Params};
pub use folder::{ModelError, ModelFiles, load, save};
pub use hub::{Hub, HubError, HubName};
pub use initialise::{DEVIATION, initialise, with_score_head};
pub use layer::Layer;
pub use linear::{Adapter, Linear};
pub use llama2c::{ConvertError, Converted, convert as convert_llama2c};
pub use merge::{Changes, SHARD, write_merged};
pub use peft::{AdapterTensors, PeftAdapter, write_peft};
pub use size::Size;
pub use skeleton::Skeleton;
pub use text::{Special, Text, TextError, Token};

/// Special tokens of the bundled tokenizer.
pub const PAD: u32 = 0;
pub const EOS: u32 = 1;
pub const BOS: u32 = 2;

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod peft_tests;
#[cfg(test)]
pub(crate) mod tests;
