//! `ple export`: what a run has stored as rows, or as a picture.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Failure, Outcome, Place, exit, output};
use crate::report::{self, Contender, Picture, RewardFigure, What, WinRates};
use crate::run::resolve;

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A run's folder or name; or a JSON file of win rates, for a picture of them
    run: String,
    /// How it is written: rows (csv, jsonl), or the reward curves (svg, png)
    #[arg(long, value_enum)]
    format: ExportFormat,
    /// Which rows
    #[arg(long, value_enum)]
    what: Option<What>,
    /// A file to write to, replaced if it is there; without it, standard output
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    Csv,
    Jsonl,
    Svg,
    Png,
}

pub fn export(args: &ExportArgs, place: &Place) -> Outcome {
    let picture = match args.format {
        ExportFormat::Svg => Some(Picture::Svg),
        ExportFormat::Png => Some(Picture::Png),
        ExportFormat::Csv | ExportFormat::Jsonl => None,
    };
    let written = match picture {
        Some(picture) => draw(args, picture, place)?,
        None => {
            let folder = resolve(&args.run, &place.runs).map_err(Failure::input)?;
            let what = args.what.unwrap_or_default();
            report::export(&folder, what, args.format == ExportFormat::Csv).map_err(Failure::input)?
        }
    };
    output::write(args.output.as_deref(), &written, picture == Some(Picture::Png))?;
    Ok(exit::DONE)
}

fn draw(args: &ExportArgs, picture: Picture, place: &Place) -> Result<Vec<u8>, Failure> {
    if args.what.is_some() {
        return Err(Failure::input(
            "--what is for rows (--format csv or jsonl); a picture is of the rewards",
        ));
    }
    if args.run.ends_with(".json") {
        let wins = wins(Path::new(&args.run))?;
        return report::draw_wins(&wins, picture).map_err(Failure::failed);
    }
    let folder = resolve(&args.run, &place.runs).map_err(Failure::input)?;
    let run = Contender::of_run(&folder).map_err(Failure::input)?;
    let figure = RewardFigure::of(&[run]).map_err(Failure::input)?;
    report::draw_rewards(&figure, picture).map_err(Failure::failed)
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
