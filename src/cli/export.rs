//! `ple export`: what other programs load of a run.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Failure, Outcome, Place, exit};
use crate::config::Precision;
use crate::run::resolve;
use crate::train::{ModelFormat, export_model};

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A run's folder or name
    run: String,
    /// What is written
    #[arg(long, value_enum)]
    format: Format,
    /// Where to; the default is in the run's folder
    #[arg(short, long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// The policy after so many steps; the default is the last checkpoint
    #[arg(long, value_name = "N")]
    step: Option<u32>,
    /// With `merged`: what weights are written as; the default is what the base model is stored as
    #[arg(long, value_enum, value_name = "DTYPE")]
    dtype: Option<Precision>,
    /// Replace what is there
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The adapter, as PEFT loads it
    Peft,
    /// The whole model with the adapter merged in, as `transformers` loads it
    Merged,
}

pub fn export(args: &ExportArgs, place: &Place) -> Outcome {
    let folder = resolve(&args.run, &place.runs).map_err(Failure::input)?;
    let format = match args.format {
        Format::Merged => ModelFormat::Merged { dtype: args.dtype },
        Format::Peft if args.dtype.is_some() => {
            return Err(Failure::input(
                "--dtype: an adapter is always f32; it is for --format merged",
            ));
        }
        Format::Peft => ModelFormat::Peft,
    };
    let done = export_model(&folder, format, args.step, args.out.as_deref(), args.force).map_err(Failure::input)?;
    for note in &done.notes {
        eprintln!("ple: {note}");
    }
    println!("{}: the policy after {} steps", done.folder.display(), done.step);
    Ok(exit::DONE)
}
