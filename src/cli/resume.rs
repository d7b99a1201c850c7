//! `ple resume`: a stored run goes on from its last checkpoint.

use super::{Failure, Outcome, Output, Place, Screen, exit, has_terminal, headless, open};
use crate::config::Plan;
use crate::run::{Store, resolve, run_summary};
use crate::train::{self, Done, Event, amend};

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
    let was_finished = run_summary(&folder).is_ok_and(|run| run.state == "finished");
    let mut store = Store::open(&folder).map_err(Failure::input)?;
    let amendment = amend(&store.started().experiment, store.name(), sets).map_err(Failure::input)?;
    if was_finished && has_its_end(&store, &amendment.plan) {
        let steps = steps_of(&amendment.plan);
        let said = format!(
            "{}: is finished, with all of its {steps} steps; `ple resume {run} --set steps={}` goes on with it",
            folder.display(),
            steps.saturating_add(10)
        );
        // What was asked for beside, nothing is left to act on.
        if in_workbench || !sets.is_empty() {
            return Err(Failure::input(format!("{said}, and `ple open {run}` shows it")));
        }
        return say_finished(said, &store, steps, output);
    }
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
        open::watch_live(running, &folder, place, screen)
    } else {
        headless::follow(running, output)
    }
}

fn steps_of(plan: &Plan) -> u32 {
    match plan {
        Plan::Align(e) => e.method.steps,
        Plan::Fit(e) => e.method.steps,
    }
}

/// The last checkpoint is there, whole, and after the last step of the plan.
fn has_its_end(store: &Store, plan: &Plan) -> bool {
    match store.latest_checkpoint() {
        Ok((Some(last), damaged)) => damaged.is_empty() && last.step == steps_of(plan),
        _ => false,
    }
}

/// Nothing is done, and nothing is written into the run. Whoever reads JSON sees the end that was reached.
fn say_finished(said: String, store: &Store, steps: u32, output: Output) -> Outcome {
    if output.json {
        let done = Event::Done(Done {
            run: store.name().to_string(),
            path: store.dir().display().to_string(),
            steps,
            reason: "finished".into(),
            seconds: 0.0,
        });
        println!("{}", serde_json::to_string(&done).map_err(Failure::failed)?);
    } else if !output.quiet {
        println!("{said}");
    }
    Ok(exit::DONE)
}
