//! `ple train`: an experiment without a screen.

use std::path::Path;

use super::{Changes, Failure, Outcome, Output, Place, headless};
use crate::train::{Request, start};

/// Checks everything, creates the run, trains it to its end.
pub fn train(experiment: &Path, changes: &Changes, place: &Place, output: Output) -> Outcome {
    let request = Request::at(experiment, changes.all(), place.device).map_err(Failure::input)?;
    let setup = request.prepare().map_err(Failure::input)?;
    let running = start(setup, &place.runs, changes.name.as_deref(), false).map_err(Failure::input)?;
    headless::follow(running, output)
}
