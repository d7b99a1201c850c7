//! Rows from files, split by prompt.

use super::rows::FitRows;
use crate::config::FitExperiment;
use crate::train::setup::SetupError;

/// Reads the rows of an experiment and splits them.
pub fn read_rows(experiment: &FitExperiment) -> Result<FitRows, SetupError> {
    let _ = experiment;
    Err(SetupError::Other("not yet".into()))
}
