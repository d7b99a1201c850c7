//! `ple export`: what a run has stored as rows, as a picture, or as what other programs load.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Failure, Outcome, Place, exit, output};
use crate::config::Precision;
use crate::judge::{Contest, Contestant};
use crate::report::{self, Contender, Figure, Picture, RewardFigure, What, WinRates};
use crate::run::resolve;
use crate::train::{ModelFormat, export_model};

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A run's folder or name; or a JSON file of win rates, for a picture of them
    run: String,
    /// How it is written
    #[arg(long, value_enum)]
    format: Format,
    /// With svg and png: what is drawn of a run
    #[arg(long, value_enum)]
    figure: Option<Figure>,
    /// With csv and jsonl: which rows
    #[arg(long, value_enum)]
    what: Option<What>,
    /// A file to write to, replaced if it is there (without it, standard output); of peft and merged a folder, which lies
    /// in the run's by default
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// With peft and merged: the policy after so many steps; the default is the last checkpoint
    #[arg(long, value_name = "N")]
    step: Option<u32>,
    /// With merged: what weights are written as; the default is what the base model is stored as
    #[arg(long, value_enum, value_name = "DTYPE")]
    dtype: Option<Precision>,
    /// With peft and merged: replace what is there
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Rows with commas
    Csv,
    /// Rows as JSON, one a line
    Jsonl,
    /// The reward curves
    Svg,
    /// The reward curves, as pixels
    Png,
    /// The adapter, as PEFT loads it
    Peft,
    /// The whole model with the adapter merged in, as `transformers` loads it
    Merged,
}

pub fn export(args: &ExportArgs, place: &Place) -> Outcome {
    let of_models = args.step.is_some() || args.dtype.is_some() || args.force;
    let is_model = matches!(args.format, Format::Peft | Format::Merged);
    if of_models && !is_model {
        return Err(Failure::input(
            "--step, --dtype and --force are for --format peft and merged",
        ));
    }
    if args.what.is_some() && !matches!(args.format, Format::Csv | Format::Jsonl) {
        return Err(Failure::input("--what is for rows (--format csv or jsonl)"));
    }
    if args.figure.is_some() && !matches!(args.format, Format::Svg | Format::Png) {
        return Err(Failure::input("--figure is for pictures (--format svg or png)"));
    }
    match args.format {
        Format::Csv | Format::Jsonl => {
            let folder = resolve(&args.run, &place.runs).map_err(Failure::input)?;
            let what = args.what.unwrap_or_default();
            let rows = report::export(&folder, what, args.format == Format::Csv).map_err(Failure::input)?;
            output::write(args.output.as_deref(), &rows, false)?;
        }
        Format::Svg => output::write(args.output.as_deref(), &draw(args, Picture::Svg, place)?, false)?,
        Format::Png => output::write(args.output.as_deref(), &draw(args, Picture::Png, place)?, true)?,
        Format::Peft | Format::Merged => model(args, place)?,
    }
    Ok(exit::DONE)
}

/// Writes the policy for other programs.
fn model(args: &ExportArgs, place: &Place) -> Result<(), Failure> {
    let folder = resolve(&args.run, &place.runs).map_err(Failure::input)?;
    let format = match args.format {
        Format::Merged => ModelFormat::Merged { dtype: args.dtype },
        _ if args.dtype.is_some() => {
            return Err(Failure::input(
                "--dtype: an adapter is always f32; it is for --format merged",
            ));
        }
        _ => ModelFormat::Peft,
    };
    let done = export_model(&folder, format, args.step, args.output.as_deref(), args.force).map_err(Failure::input)?;
    for note in &done.notes {
        eprintln!("ple: {note}");
    }
    println!("{}: the policy after {} steps", done.folder.display(), done.step);
    Ok(())
}

fn draw(args: &ExportArgs, picture: Picture, place: &Place) -> Result<Vec<u8>, Failure> {
    if args.run.ends_with(".json") {
        let wins = wins(Path::new(&args.run))?;
        return report::draw_wins(&wins, picture).map_err(Failure::failed);
    }
    let folder = resolve(&args.run, &place.runs).map_err(Failure::input)?;
    let run = Contender::of_run(&folder).map_err(Failure::input)?;
    if args.figure == Some(Figure::Wins) {
        return report::draw_wins(&wins_of(run)?, picture).map_err(Failure::failed);
    }
    let figure = RewardFigure::of(&[run]).map_err(Failure::input)?;
    report::draw_rewards(&figure, picture).map_err(Failure::failed)
}

/// How often a run won over the others that it was judged beside.
fn wins_of(run: Contender) -> Result<WinRates, Failure> {
    if run.contests.is_empty() {
        return Err(Failure::input(format!(
            "{0}: the run was judged beside no other; ple judge {0} OTHER does that",
            run.name
        )));
    }
    let from_here = |contest: &Contest| match contest.left.run == run.name {
        true => contest.clone(),
        false => contest.turned(),
    };
    let contests: Vec<Contest> = run.contests.iter().map(from_here).collect();
    // Two checkpoints of one run have one name.
    let name = |side: &Contestant| match contests.iter().any(|c| c.left.run == c.right.run) {
        true => format!("{} @{}", side.run, side.step),
        false => side.run.clone(),
    };
    Ok(report::win_rates(
        &format!("{}: win rates", run.title),
        &contests,
        &name,
    ))
}

fn wins(path: &Path) -> Result<WinRates, Failure> {
    let wrong = |what: String| {
        Failure::input(format!(
            "{}: {what}; wants {{\"title\": .., \"judge\": .., \"rows\": [{{\"left\": .., \"right\": .., \"win\": 1, \
             \"tie\": 2, \"lose\": 3}}]}}",
            path.display()
        ))
    };
    let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
    let wins: WinRates = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    if wins.rows.is_empty() {
        return Err(wrong("no rows".into()));
    }
    Ok(wins)
}
