//! `ple check`: an experiment looked at from all sides before it is started.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, Outcome, Place, exit};
use crate::train::{Checked, Request, State};

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// EXPERIMENT.toml
    experiment: PathBuf,
    /// Change a setting, for example --set policy.dtype=bf16
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Write one JSON object to standard output, and nothing else there
    #[arg(long)]
    json: bool,
}

/// Says what was found. What is wrong is bad input; what could not be looked at here is not.
pub fn check(args: &CheckArgs, place: &Place) -> Outcome {
    let request = Request::at(&args.experiment, args.sets.clone(), place.device).map_err(Failure::input)?;
    let checked = request.check().map_err(Failure::input)?;
    if args.json {
        println!("{}", serde_json::to_string(&checked).map_err(Failure::failed)?);
    } else {
        print!("{}", told(&checked));
    }
    if checked.is_good() {
        return Ok(exit::DONE);
    }
    let wrong: Vec<String> = checked
        .lines
        .iter()
        .filter(|line| line.state == State::Wrong)
        .map(|line| format!("{}: {}", line.about, line.text))
        .collect();
    Err(Failure::input(wrong.join("\nple: ")))
}

fn told(checked: &Checked) -> String {
    let mut text = format!("{}\n", checked.title);
    let width = checked.lines.iter().map(|line| line.about.len()).max().unwrap_or(0);
    let of = |state: State| checked.lines.iter().filter(move |line| line.state == state);
    for line in checked
        .lines
        .iter()
        .filter(|l| matches!(l.state, State::Good | State::Warning))
    {
        let mark = if line.state == State::Warning { "look: " } else { "" };
        text += &format!("  {:width$}  {mark}{}\n", line.about, line.text);
    }
    for (state, title) in [(State::Unknown, "could not be checked:"), (State::Wrong, "wrong:")] {
        for (i, line) in of(state).enumerate() {
            let title = if i == 0 { format!("{title}\n") } else { String::new() };
            text += &format!("{title}  {:width$}  {}\n", line.about, line.text);
        }
    }
    text
}
