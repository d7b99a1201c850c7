//! `ple resume`: a stored run goes on from its last checkpoint.

use super::{Failure, Outcome, Output, Place, Screen, has_terminal, headless, open};
use crate::run::{Store, resolve};
use crate::train::{self, amend};

/// Opens the run for writing, loads what it was started with, and goes on.
pub fn resume(
    run: &str,
    sets: &[String],
    place: &Place,
    screen: &Screen,
    output: Output,
    in_workbench: bool,
) -> Outcome {
    let folder = resolve(run, &place.runs).map_err(Failure::input)?;
    if in_workbench && !has_terminal() {
        return Err(Failure::input("--open needs a terminal; without one, leave it out"));
    }
    let mut store = Store::open(&folder).map_err(Failure::input)?;
    let amendment = amend(&store.started().experiment, store.name(), sets).map_err(Failure::input)?;
    let principles = store.principles().map_err(Failure::input)?.into_iter().next();
    let principles = principles.map(|version| version.principles);
    let setup =
        train::prepare_again(amendment.plan.clone(), principles, &folder, place.device).map_err(Failure::input)?;
    amendment.check(&setup).map_err(Failure::input)?;
    if !sets.is_empty() {
        store.set_plan(amendment.plan).map_err(Failure::failed)?;
    }
    let running = train::resume_with(setup, store, in_workbench, amendment.commands);
    if in_workbench {
        open::watch_live(running, &folder, screen)
    } else {
        headless::follow(running, output)
    }
}
