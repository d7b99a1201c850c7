//! The bundled models, experiments and principles, and the program that makes the models.

pub mod build;
mod cases;
mod corpus;
mod embedded;
mod library;
mod pretrain;
pub mod probe;
pub mod reward_models;

pub use cases::builtin_cases;
pub use embedded::{EXPERIMENTS, PRINCIPLES, PUBLISHED, SUITES, builtin_model, builtin_names};
pub use library::{LIBRARY, LibraryEntry, library, library_tags};
