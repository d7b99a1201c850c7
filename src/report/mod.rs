//! What leaves the program for people and other programs.

mod progress;

pub use progress::Progress;
