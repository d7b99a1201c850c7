//! The bundled models, experiments and principles, and the program that makes the models.

pub mod build;
mod corpus;
mod embedded;
mod pretrain;
pub mod probe;
pub mod reward_models;

pub use embedded::{EXPERIMENTS, PRINCIPLES, builtin_model, builtin_names};
