//! The rooms of the workbench, one folder or file each.

pub mod cases;
pub mod charts;
pub mod dashboard;
pub mod effect;
pub mod fit;
pub mod principles;
pub mod responses;
pub mod runs;

#[cfg(test)]
pub mod fixtures;
pub mod live;
