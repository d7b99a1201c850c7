//! `ple runs`: the list of runs.

use super::{Failure, Outcome, Place, exit};
use crate::run::list_runs;

/// Prints a line for each run.
pub fn runs(place: &Place, json: bool) -> Outcome {
    let runs = list_runs(&place.runs).map_err(Failure::input)?;
    if json {
        for run in &runs {
            println!("{}", serde_json::to_string(run).map_err(Failure::failed)?);
        }
        return Ok(exit::DONE);
    }
    if runs.is_empty() {
        println!(
            "no runs in {}; `ple` or `ple train EXPERIMENT.toml` makes one",
            place.runs.display()
        );
        return Ok(exit::DONE);
    }
    let width = runs.iter().map(|r| r.name.len()).max().unwrap_or(0).max(4);
    println!(
        "{:width$}  {:11}  {:>9}  {:>8}  {:>8}  {:>8}  title",
        "name", "state", "steps", "original", "guided", "accuracy"
    );
    for run in runs {
        let number = |x: Option<f64>| x.map_or("-".to_string(), |x| format!("{x:+.2}"));
        let steps = format!("{}/{}", run.steps_done, run.steps_planned);
        println!(
            "{:width$}  {:11}  {steps:>9}  {:>8}  {:>8}  {:>8}  {}",
            run.name,
            run.state,
            number(run.reward_original),
            number(run.reward_guided),
            run.accuracy.map_or("-".to_string(), |a| format!("{a:.3}")),
            run.title
        );
    }
    Ok(exit::DONE)
}
