//! `ple assets build`: makes the bundled models again.

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, Subcommand};

use super::{Failure, Outcome, Place, exit};
use crate::assets::build::{Effort, build};
use crate::device;

#[derive(Debug, Subcommand)]
pub enum AssetsCommand {
    /// Train every bundled model again from the grammars, with a fixed seed
    Build(BuildArgs),
}

#[derive(Debug, Args)]
pub struct BuildArgs {
    /// Where to write them
    #[arg(long, value_name = "DIR", default_value = "assets")]
    to: PathBuf,
    /// Everything random follows from this
    #[arg(long, default_value_t = Effort::default().seed)]
    seed: u64,
    /// Updates of pretraining
    #[arg(long, default_value_t = Effort::default().pretraining_steps)]
    pretraining_steps: usize,
    /// Rows each reward model is trained on
    #[arg(long, default_value_t = Effort::default().reward_rows)]
    reward_rows: usize,
    /// Keep the policy that is there and make only the reward models again
    #[arg(long)]
    keep_policy: bool,
}

/// Builds, telling how it goes on standard error.
pub fn assets(command: AssetsCommand, place: &Place) -> Outcome {
    let AssetsCommand::Build(args) = command;
    let chosen = device::choose(place.device).map_err(Failure::input)?;
    let effort = Effort {
        seed: args.seed,
        pretraining_steps: args.pretraining_steps,
        reward_rows: args.reward_rows,
        ..Effort::default()
    };
    let start = Instant::now();
    build(&args.to, effort, args.keep_policy, &chosen.device, &mut |line| {
        eprintln!("{:5.0} s  {line}", start.elapsed().as_secs_f64());
    })
    .map_err(Failure::failed)?;
    println!("{}: built in {:.0} s", args.to.display(), start.elapsed().as_secs_f64());
    Ok(exit::DONE)
}
