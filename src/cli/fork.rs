//! `ple fork`: a new run from a checkpoint of another, with other settings.

use clap::Args;

use super::{Failure, Outcome, Output, Place, Screen, exit, has_terminal, headless, open};
use crate::run::resolve;
use crate::train::{self, ForkRequest};

#[derive(Debug, Args)]
pub struct ForkArgs {
    /// A run's folder or name
    run: String,
    /// Steps done where the fork begins: one that has a checkpoint, or "last"
    #[arg(long, value_name = "N", default_value = "last", value_parser = read_step)]
    step: Step,
    /// Change a setting from there on, for example --set tau=0.1, --set principles=my.toml or --set method=raft
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Name of the new run; the default is RUN@N
    #[arg(long)]
    name: Option<String>,
    /// Make the changes again that were made to RUN by hand after the step
    #[arg(long)]
    redo: bool,
    /// Create the new run, but do not train it yet
    #[arg(long, conflicts_with_all = ["open", "json"])]
    no_train: bool,
    #[command(flatten)]
    output: Output,
    /// Train in the workbench
    #[arg(long, conflicts_with_all = ["json", "quiet"])]
    open: bool,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Last,
    After(u32),
}

fn read_step(text: &str) -> Result<Step, String> {
    match text {
        "last" => Ok(Step::Last),
        text => text
            .parse()
            .map(Step::After)
            .map_err(|_| "wants a whole number of steps, or \"last\"".to_string()),
    }
}

/// Checks everything, creates the new run, trains it to its end.
pub fn fork(args: &ForkArgs, place: &Place, screen: &Screen) -> Outcome {
    if args.open && !has_terminal() {
        return Err(Failure::input("--open needs a terminal; without one, leave it out"));
    }
    let request = ForkRequest {
        parent: resolve(&args.run, &place.runs).map_err(Failure::input)?,
        step: match args.step {
            Step::Last => None,
            Step::After(step) => Some(step),
        },
        sets: args.sets.clone(),
        redo: args.redo,
        device: place.device,
    };
    let prepared = request.prepare().map_err(Failure::input)?;
    let said = say(prepared.origin());
    let (setup, store) = prepared
        .create(&place.runs, args.name.as_deref())
        .map_err(Failure::input)?;
    let folder = store.dir().to_path_buf();
    if args.no_train {
        println!(
            "{}: {said}; train it with: ple resume {}",
            folder.display(),
            folder.display()
        );
        return Ok(exit::DONE);
    }
    if args.open {
        return open::watch_live(train::resume(setup, store, true), &folder, screen);
    }
    if !args.output.quiet && !args.output.json {
        eprintln!("ple: {}: {said}", folder.display());
    }
    headless::follow(train::resume(setup, store, false), args.output)
}

/// "imdb-001 after 40 steps, with tau0 0.2 -> 0.1"
fn say(origin: &train::Origin) -> String {
    let changes: Vec<String> = origin.changes.iter().map(|c| c.label()).collect();
    let changes = match changes.is_empty() {
        true => "nothing changed".to_string(),
        false => format!("with {}", changes.join(", ")),
    };
    format!("{} after {} steps, {changes}", origin.run, origin.step)
}
