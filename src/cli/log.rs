//! `ple log`: everything that was done to the training of a run, by whom.

use std::io::Write;

use clap::Args;

use super::{Failure, Outcome, Place, exit};
use crate::run::{Reader, resolve};

#[derive(Debug, Args)]
pub struct LogArgs {
    /// A run's folder or name
    run: String,
    /// As JSON, one line of the log a line
    #[arg(long)]
    json: bool,
}

pub fn log(args: &LogArgs, place: &Place) -> Outcome {
    let folder = resolve(&args.run, &place.runs).map_err(Failure::input)?;
    let entries = Reader::open(&folder).and_then(|r| r.log()).map_err(Failure::input)?;
    if entries.is_empty() {
        eprintln!(
            "ple: {}: nothing was written down; runs of an older ple have no log",
            folder.display()
        );
    }
    let mut out = std::io::stdout().lock();
    for entry in &entries {
        let line = match args.json {
            true => serde_json::to_string(entry).map_err(Failure::failed)?,
            false => format!(
                "{}  step {:<6} {:<10} {}  ({})",
                entry.time(),
                entry.step,
                entry.by.via.word(),
                entry.what(),
                entry.by.words()
            ),
        };
        // A reader that has seen enough is no failure.
        if writeln!(out, "{line}").is_err() {
            break;
        }
    }
    Ok(exit::DONE)
}
