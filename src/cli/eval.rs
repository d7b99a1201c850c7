//! `ple eval`: a whole evaluation of a run's policy, or of a model folder under an experiment.

use std::io::{IsTerminal, Write};
use std::path::Path;

use clap::Args;

use super::{Failure, Outcome, Place, exit, signals};
use crate::report::{TableFormat, full_table, render};
use crate::run::{Store, resolve};
use crate::train::{Measurable, Wanted};

/// Held-out queries when nothing is said.
const USUAL: usize = 256;

#[derive(Debug, Args)]
pub struct EvalArgs {
    /// A run's folder or name (its last checkpoint); a model's folder or builtin:NAME, before EXPERIMENT.toml; or
    /// EXPERIMENT.toml alone (its policy before training)
    what: String,
    /// What says task, data, reward and generation of a model
    experiment: Option<String>,
    /// Held-out queries, 256 without this; of data files no more than are held out
    #[arg(long, value_name = "N")]
    queries: Option<usize>,
    /// The checkpoint after so many steps, not the last one
    #[arg(long, value_name = "N")]
    step: Option<u32>,
    /// Change a setting, for example --set generation.temperature=0.7; of a run only generation.* and reward.*, and what
    /// comes of it is not stored
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Only print; without this, the evaluation of a run is stored in it, for ple compare
    #[arg(long)]
    no_store: bool,
    /// Write one JSON object with every query and response to standard output, and nothing else there
    #[arg(long)]
    json: bool,
}

pub fn eval(args: &EvalArgs, place: &Place) -> Outcome {
    let queries = args.queries.unwrap_or(USUAL);
    if queries == 0 {
        return Err(Failure::input("--queries 0: wants 1 or more (256 is usual)"));
    }
    let wanted = Wanted {
        queries: Some(queries),
        step: args.step,
        ..Wanted::default()
    };
    let (measurable, mut store) = match &args.experiment {
        None if !args.what.ends_with(".toml") => of_run(args, place, wanted)?,
        experiment => {
            if let Some(step) = args.step {
                return Err(Failure::input(format!("--step {step}: only a run has checkpoints")));
            }
            let (model, experiment) = match experiment {
                None => (None, &args.what),
                Some(experiment) => (Some(whole(&args.what)?), experiment),
            };
            let (path, sets) = (Path::new(experiment), args.sets.clone());
            let found = Measurable::of_model(model.as_deref(), path, sets, place.device, wanted);
            (found.map_err(Failure::input)?, None)
        }
    };
    for warning in &measurable.warnings {
        eprintln!("ple: {warning}; the checkpoint before it is evaluated");
    }
    let stop = signals::listen();
    let bar = std::io::stderr().is_terminal();
    let mut go_on = |done: usize, total: usize| {
        if bar {
            let end = if done == total { "\r\x1b[K" } else { "" };
            eprint!("\revaluating: {done} of {total} queries and references{end}");
            let _ = std::io::stderr().flush();
        }
        !stop.requested()
    };
    let found = measurable
        .evaluate(queries, &mut go_on)
        .map_err(|e| Failure::failed(format!("no rewards: {e}")))?;
    let Some(evaluation) = found else {
        eprintln!("ple: interrupted; nothing was evaluated to its end");
        return Ok(exit::INTERRUPTED);
    };
    if evaluation.queries == 0 {
        return Err(Failure::input(format!(
            "{}: no query is held out to evaluate on; set data.held_out or data.test",
            args.what
        )));
    }
    if let Some(asked) = args.queries.filter(|asked| *asked > evaluation.queries) {
        eprintln!(
            "ple: {asked} queries were asked for, {} are held out (data.held_out or data.test)",
            evaluation.queries
        );
    }
    if let Some(store) = &mut store {
        store.record_evaluation(&evaluation).map_err(Failure::failed)?;
    }
    let told = if args.json {
        let (task, method) = measurable.task_and_method();
        let told = serde_json::json!({
            "title": measurable.title(), "task": task, "method": method, "evaluation": evaluation,
        });
        format!("{told}\n")
    } else {
        let table = full_table(measurable.title(), &evaluation);
        render(&[table], TableFormat::Text).map_err(Failure::failed)?
    };
    let mut out = std::io::stdout();
    // A reader that went away is no failure.
    let _ = out.write_all(told.as_bytes());
    if let (Some(store), false) = (&store, args.json) {
        let _ = writeln!(out, "stored in {}", store.dir().display());
    }
    Ok(exit::DONE)
}

/// The policy of a run, and the run to store in, which nobody else may be writing.
fn of_run(args: &EvalArgs, place: &Place, wanted: Wanted) -> Result<(Measurable, Option<Store>), Failure> {
    let folder = resolve(&args.what, &place.runs).map_err(|error| {
        let path = Path::new(&args.what);
        let is_model = args.what.starts_with("builtin:") || path.join("config.json").is_file();
        Failure::input(match is_model {
            true => format!(
                "{}: this is a model; say under which experiment it is evaluated: ple eval {} EXPERIMENT.toml",
                args.what, args.what
            ),
            false => error.to_string(),
        })
    })?;
    let measurable = Measurable::of_run(&folder, args.sets.clone(), place.device, wanted).map_err(Failure::input)?;
    if args.no_store || !args.sets.is_empty() {
        return Ok((measurable, None));
    }
    let store = Store::open(&folder).map_err(|error| {
        Failure::input(format!(
            "{error}\nthe evaluation could not be stored; with --no-store it is only printed"
        ))
    })?;
    Ok((measurable, Some(store)))
}

/// A model that was named from here, whatever folder the experiment is in.
fn whole(model: &str) -> Result<String, Failure> {
    let path = Path::new(model);
    if model.starts_with("builtin:") || !path.exists() {
        return Ok(model.to_string());
    }
    let whole = std::path::absolute(path).map_err(|e| Failure::input(format!("{model}: {e}")))?;
    Ok(whole.display().to_string())
}
