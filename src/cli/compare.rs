//! `ple compare`: runs beside each other, as a table or as curves.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Failure, Outcome, Place, exit, output};
use crate::assets;
use crate::config::{Published, Source, load_published};
use crate::judge::Contestant;
use crate::report::{
    Contender, Figure, Picture, RewardFigure, RunSettings, TableFormat, WinRates, compare_tables, contests,
    draw_rewards, draw_wins, render, row_names, settings_table, win_rates,
};
use crate::run::resolve;

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Runs by folder or name, and files that `ple eval --json` wrote
    // Not `runs`: that is the folder of them, an argument of every command.
    #[arg(required = true, value_name = "RUN")]
    contenders: Vec<String>,
    /// How the comparison is written: a table, or the reward curves of the runs
    #[arg(long, value_enum, default_value = "text")]
    format: CompareFormat,
    /// With svg and png: what is drawn
    #[arg(long, value_enum)]
    figure: Option<Figure>,
    /// A file to write to, replaced if it is there; without it, standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The settings in which the runs differ, instead of what they reached
    #[arg(long)]
    settings: bool,
    /// A file of figures that somebody else has published, in columns of their own beside these
    /// (experiments/published/ple-2025.toml says how it is written)
    #[arg(long, value_name = "FILE.toml", conflicts_with_all = ["settings", "figure"])]
    published: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CompareFormat {
    Text,
    Markdown,
    Latex,
    Csv,
    Json,
    Svg,
    Png,
}

pub fn compare(args: &CompareArgs, place: &Place) -> Outcome {
    if args.settings {
        return settings(args, place);
    }
    let contenders: Vec<Contender> = args
        .contenders
        .iter()
        .map(|run| contender(run, place))
        .collect::<Result<_, _>>()?;
    if let Some(twice) = (1..args.contenders.len()).find(|&i| args.contenders[..i].contains(&args.contenders[i])) {
        return Err(Failure::input(format!("{}: named twice", args.contenders[twice])));
    }
    let published = args
        .published
        .as_deref()
        .map(|path| published(path, &contenders))
        .transpose()?;
    let table = |format| {
        render(&compare_tables(&contenders, published.as_ref()), format)
            .map(String::into_bytes)
            .map_err(Failure::failed)
    };
    if args.figure.is_some() && !matches!(args.format, CompareFormat::Svg | CompareFormat::Png) {
        return Err(Failure::input("--figure is for pictures (--format svg or png)"));
    }
    let curves = |picture| match args.figure.unwrap_or_default() {
        Figure::Rewards => draw_rewards(&figure(&contenders)?, picture).map_err(Failure::failed),
        Figure::Wins => draw_wins(&wins(&contenders)?, picture).map_err(Failure::failed),
    };
    let written = match args.format {
        CompareFormat::Text => table(TableFormat::Text)?,
        CompareFormat::Markdown => table(TableFormat::Markdown)?,
        CompareFormat::Latex => table(TableFormat::Latex)?,
        CompareFormat::Csv => table(TableFormat::Csv)?,
        CompareFormat::Json => table(TableFormat::Json)?,
        CompareFormat::Svg => curves(Picture::Svg)?,
        CompareFormat::Png => curves(Picture::Png)?,
    };
    output::write(args.output.as_deref(), &written, args.format == CompareFormat::Png)?;
    Ok(exit::DONE)
}

/// Published figures of the methods of these runs.
fn published(path: &Path, contenders: &[Contender]) -> Result<Published, Failure> {
    let bundled = assets::PUBLISHED.iter().find(|(name, _)| Path::new(name) == path);
    let source = match bundled {
        Some((name, text)) if !path.exists() => Source {
            path: None,
            name: (*name).into(),
            text: (*text).into(),
        },
        _ => Source::read(path).map_err(Failure::input)?,
    };
    let found = load_published(&source).map_err(Failure::input)?;
    let rows = row_names(contenders);
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    found.check_methods(&rows).map_err(Failure::input)?;
    Ok(found)
}

/// The table of differences.
fn settings(args: &CompareArgs, place: &Place) -> Outcome {
    let format = match args.format {
        CompareFormat::Text => TableFormat::Text,
        CompareFormat::Markdown => TableFormat::Markdown,
        CompareFormat::Latex => TableFormat::Latex,
        CompareFormat::Csv => TableFormat::Csv,
        CompareFormat::Json => TableFormat::Json,
        CompareFormat::Svg | CompareFormat::Png => {
            return Err(Failure::input("--settings is a table; leave --format svg and png out"));
        }
    };
    let mut runs = Vec::new();
    for run in &args.contenders {
        let folder = resolve(run, &place.runs).map_err(Failure::input)?;
        runs.push(RunSettings::of(&folder).map_err(Failure::input)?);
    }
    if runs.len() < 2 {
        return Err(Failure::input("--settings compares two runs or more; name another one"));
    }
    let written = render(&[settings_table(&runs)], format).map_err(Failure::failed)?;
    output::write(args.output.as_deref(), written.as_bytes(), false)?;
    Ok(exit::DONE)
}

fn contender(run: &str, place: &Place) -> Result<Contender, Failure> {
    if run.ends_with(".json") {
        return Contender::of_file(Path::new(run)).map_err(Failure::input);
    }
    let folder = resolve(run, &place.runs).map_err(Failure::input)?;
    Contender::of_run(&folder).map_err(Failure::input)
}

fn figure(contenders: &[Contender]) -> Result<RewardFigure, Failure> {
    let tasks: Vec<&str> = contenders.iter().map(|c| &c.task[..]).collect();
    if let Some(other) = tasks.iter().find(|task| **task != tasks[0]) {
        return Err(Failure::input(format!(
            "rewards of {} and {other} have no common scale; draw the runs of one task at a time",
            tasks[0]
        )));
    }
    RewardFigure::of(contenders).map_err(Failure::input)
}

/// The win rates between runs, each called as in the table.
fn wins(contenders: &[Contender]) -> Result<WinRates, Failure> {
    let (found, names) = contests(contenders);
    if found.is_empty() {
        let first = &contenders[0].name;
        let second = contenders.get(1).map_or("RUN_B", |c| &c.name);
        return Err(Failure::input(format!(
            "none of these runs were judged beside each other: ple judge {first} {second}"
        )));
    }
    let mut titles: Vec<&str> = contenders.iter().map(|c| &c.title[..]).collect();
    titles.dedup();
    let title = match titles[..] {
        [one] => format!("{one}: win rates"),
        _ => format!("Win rates on {}", contenders[0].task),
    };
    let name = |side: &Contestant| names.get(&side.run).cloned().unwrap_or_else(|| side.run.clone());
    Ok(win_rates(&title, &found, &name))
}
