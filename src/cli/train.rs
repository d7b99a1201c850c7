//! `ple train`: an experiment without a screen.

use std::path::Path;

use super::{Changes, Failure, Outcome, Output, Place, headless};
use crate::train::{Prepared, Request, start};

/// Checks everything, creates the run, trains it to its end.
pub fn train(experiment: &Path, changes: &Changes, place: &Place, output: Output) -> Outcome {
    let request = Request::at(experiment, changes.all(), place.device).map_err(Failure::input)?;
    let setup = request.prepare().map_err(Failure::input)?;
    for warning in request.warnings() {
        eprintln!("ple: warning: {warning}");
    }
    say_memory(&setup, output);
    let running = start(setup, &place.runs, changes.name.as_deref(), false).map_err(Failure::input)?;
    headless::follow(running, output)
}

/// How much memory the run will need, before it starts; in JSON it is part of the first event. A shortage is a warning: the estimate may be wrong.
fn say_memory(setup: &Prepared, output: Output) {
    let (said, short) = match setup {
        Prepared::Align(setup) => &setup.memory,
        Prepared::Fit(setup) => &setup.memory,
    };
    if *short {
        eprintln!("ple: warning: {said}; it may be ended for want of memory");
    } else if !output.quiet && !output.json {
        eprintln!("memory: {said}");
    }
}
