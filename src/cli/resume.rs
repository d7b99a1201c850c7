//! `ple resume`: a stored run goes on from its last checkpoint.

use super::{Failure, Outcome, Output, Place, Screen, has_terminal, headless, open};
use crate::run::{Store, resolve};
use crate::train;

/// Opens the run for writing, loads what it was started with, and goes on.
pub fn resume(run: &str, place: &Place, screen: &Screen, output: Output, in_workbench: bool) -> Outcome {
    let folder = resolve(run, &place.runs).map_err(Failure::input)?;
    let store = Store::open(&folder).map_err(Failure::input)?;
    let experiment = store.started().experiment.clone();
    let principles = store.principles().map_err(Failure::input)?.into_iter().next();
    let principles = principles.map(|version| version.principles);
    let setup = train::prepare_again(experiment, principles, &folder, place.device).map_err(Failure::input)?;
    if in_workbench && !has_terminal() {
        return Err(Failure::input("--open needs a terminal; without one, leave it out"));
    }
    let running = train::resume(setup, store, in_workbench);
    if in_workbench {
        open::watch_live(running, &folder, screen)
    } else {
        headless::follow(running, output)
    }
}
