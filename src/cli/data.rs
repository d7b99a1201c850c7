//! `ple data inspect` and `ple data sample`.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{Failure, Outcome, exit};
use crate::assets;
use crate::data::{self, Inspect, Limit};
use crate::grammar::Task;
use crate::model::Text;
use crate::report;

#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Format, rows, token lengths, duplicates, leaks between splits, and every defect with an example
    Inspect(InspectArgs),
    /// Read a few rows
    Sample(SampleArgs),
}

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A data file, a folder of them, or files by a `*` in the last part
    path: PathBuf,
    /// hh, imdb or tldr; the default is told by the fields of the rows
    #[arg(long)]
    task: Option<Task>,
    /// What counts tokens: builtin:NAME, or a folder with a tokenizer.json
    #[arg(long, value_name = "TOKENIZER", default_value = "builtin:tiny")]
    tokenizer: String,
    /// Queries of more tokens are counted as left out
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_query_tokens: usize,
    /// Share of the queries that the split by query holds out
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, value_parser = share)]
    held_out: f64,
    /// Draws the split by query
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write one JSON object to standard output, and nothing else there
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct SampleArgs {
    /// A data file, a folder of them, or files by a `*` in the last part
    path: PathBuf,
    /// hh, imdb or tldr; the default is told by the fields of the rows
    #[arg(long)]
    task: Option<Task>,
    /// How many rows
    #[arg(short, long, value_name = "N", default_value_t = 5)]
    n: usize,
    /// Draws the rows
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "wants a number such as 0.1".to_string())?;
    if (0.0..1.0).contains(&share) {
        Ok(share)
    } else {
        Err("must be 0 or more and below 1".into())
    }
}

/// Inspects or samples. A file of which no row can be used is bad input, said after what was found.
pub fn data(command: DataCommand) -> Outcome {
    match command {
        DataCommand::Inspect(args) => inspect(&args),
        DataCommand::Sample(args) => sample(&args),
    }
}

fn inspect(args: &InspectArgs) -> Outcome {
    let text = tokenizer(&args.tokenizer)?;
    let how = Inspect {
        task: args.task,
        limit: Limit {
            count_tokens: &|text_of_row| text.encode(text_of_row).len(),
            max_query_tokens: args.max_query_tokens,
        },
        held_out: args.held_out,
        seed: args.seed,
    };
    let found = data::inspect(&args.path, &how).map_err(Failure::input)?;
    let told = if args.json {
        serde_json::to_string(&found).map_err(Failure::failed)? + "\n"
    } else {
        report::inspection(&found, &args.tokenizer)
    };
    say(&told)?;
    if found.is_usable() {
        return Ok(exit::DONE);
    }
    Err(Failure::input(format!("{}: no row can be used", found.path)))
}

fn sample(args: &SampleArgs) -> Outcome {
    let task = match args.task {
        Some(task) => Some(task),
        None => data::guess_task(&args.path).map_err(Failure::input)?,
    };
    let (rows, account) =
        data::sample(&args.path, task.unwrap_or(Task::Hh), args.n, args.seed).map_err(Failure::input)?;
    say(&report::sampled(&rows, &account))?;
    Ok(exit::DONE)
}

/// Prints; a reader that has seen enough, such as `head`, is no failure.
fn say(text: &str) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::failed(error)),
        _ => Ok(()),
    }
}

fn tokenizer(name: &str) -> Result<Text, Failure> {
    let wrong = |what: String| Failure::input(format!("--tokenizer {name}: {what}"));
    if let Some(builtin) = name.strip_prefix("builtin:") {
        let known: Vec<String> = assets::builtin_names().iter().map(|n| format!("builtin:{n}")).collect();
        let none = || wrong(format!("no such bundled model; there are {}", known.join(", ")));
        let files = assets::builtin_model(builtin).ok_or_else(none)?;
        return files.text().map_err(|e| wrong(e.to_string()));
    }
    let path = Path::new(name);
    let path = if path.is_dir() {
        path.join("tokenizer.json")
    } else {
        path.into()
    };
    let json = std::fs::read(&path)
        .map_err(|e| wrong(format!("{}: {e}; wants a folder with a tokenizer.json", path.display())))?;
    Text::from_bytes(&json).map_err(|e| wrong(format!("not a tokenizer.json: {e}")))
}
