//! `ple runs`: the list of runs, their labels, and deleting them.

use std::io::{IsTerminal, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};
use unicode_width::UnicodeWidthStr;

use super::{Failure, Outcome, Place, exit};
use crate::report::ago;
use crate::run::{Labels, RunSummary, delete, lineage, list_runs, read_labels, resolve, write_labels};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct RunsArgs {
    /// As JSON, one run a line
    #[arg(long)]
    json: bool,
    /// Only runs with all of these words in name, title, task, method, state, tags or note; #TAG, state:WORD, method:WORD,
    /// task:WORD, parent:NAME look in one place, and -WORD leaves out
    #[arg(long, value_name = "WORDS", default_value = "", hide_default_value = true)]
    filter: String,
    #[command(subcommand)]
    command: Option<RunsCommand>,
}

#[derive(Debug, Subcommand)]
enum RunsCommand {
    /// Tags and a note of a run; without changes, what they are
    Label {
        /// A run's folder or name
        run: String,
        /// Add tags
        #[arg(long, value_name = "TAGS")]
        tag: Vec<String>,
        /// Take tags away
        #[arg(long, value_name = "TAGS")]
        untag: Vec<String>,
        /// Replace the note; empty takes it away
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Delete runs for good, but never one that is being trained
    Delete {
        /// Folders or names of runs
        #[arg(required = true, value_name = "RUN")]
        names: Vec<String>,
        /// Without asking
        #[arg(long)]
        yes: bool,
    },
}

/// Prints a line for each run, or does what was asked with some.
pub fn runs(args: &RunsArgs, place: &Place) -> Outcome {
    match &args.command {
        None => list(args, place),
        Some(RunsCommand::Label { run, tag, untag, note }) => label(run, tag, untag, note.as_deref(), place),
        Some(RunsCommand::Delete { names, yes }) => delete_runs(names, *yes, place),
    }
}

fn list(args: &RunsArgs, place: &Place) -> Outcome {
    let mut runs = list_runs(&place.runs).map_err(Failure::input)?;
    let all = runs.len();
    runs.retain(|run| run.passes(&args.filter));
    if args.json {
        for run in &runs {
            println!("{}", serde_json::to_string(run).map_err(Failure::failed)?);
        }
        return Ok(exit::DONE);
    }
    if runs.is_empty() {
        match all {
            0 => println!(
                "no runs in {}; `ple` or `ple train EXPERIMENT.toml` makes one",
                place.runs.display()
            ),
            n => println!("none of the {n} runs in {} has {:?}", place.runs.display(), args.filter),
        }
        return Ok(exit::DONE);
    }
    let rows = lineage(&runs);
    let name = |row: &crate::run::LineageRow| format!("{}{}", row.stem, runs[row.run].name);
    let width = rows.iter().map(|row| name(row).width()).max().unwrap_or(0).max(4);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let shown = Shown {
        truth: runs.iter().any(|run| run.truth_original.is_some()),
        accuracy: runs.iter().any(|run| run.accuracy.is_some()),
    };
    let mut head = format!(
        "{:width$}  {:11}  {:5}  {:>9}  {:>8}  {:>8}",
        "name", "state", "how", "steps", "original", "guided"
    );
    if shown.truth {
        head += &format!("  {:>8}", "truth");
    }
    if shown.accuracy {
        head += &format!("  {:>8}", "accuracy");
    }
    println!("{head}  {:>6}  title", "when");
    for row in &rows {
        println!("{}", line(&name(row), width, &runs[row.run], shown, now));
    }
    if std::io::stdout().is_terminal() {
        println!("\n{LEGEND}");
    }
    Ok(exit::DONE)
}

/// What the numbers of the list are.
const LEGEND: &str = "original, guided: mean rewards of the newest evaluation on held-out queries (of the newest step where \
                      nothing was evaluated);\ntruth: what the checker of a bundled grammar makes of the original responses; \
                      accuracy: of a reward model, on held-out rows";

/// Columns that only some runs have anything for.
#[derive(Clone, Copy)]
struct Shown {
    truth: bool,
    accuracy: bool,
}

fn line(name: &str, width: usize, run: &RunSummary, shown: Shown, now: u64) -> String {
    let number = |x: Option<f64>| {
        x.filter(|x| !x.is_nan())
            .map_or("-".to_string(), |x| format!("{x:+.2}"))
    };
    let mut own = String::new();
    if shown.truth {
        own += &format!("  {:>8}", number(run.truth_original));
    }
    if shown.accuracy {
        let accuracy = run.accuracy.map_or("-".to_string(), |a| format!("{a:.3}"));
        own += &format!("  {accuracy:>8}");
    }
    let steps = format!("{}/{}", run.steps_done, run.steps_planned);
    let pad = " ".repeat(width - name.width());
    let mut line = format!(
        "{name}{pad}  {:11}  {:5}  {steps:>9}  {:>8}  {:>8}{own}  {:>6}  {}",
        run.state,
        run.method.chars().take(5).collect::<String>(),
        number(run.reward_original),
        number(run.reward_guided),
        run.changed.map_or("-".to_string(), |then| ago(then, now)),
        run.title
    );
    if let Some(origin) = &run.origin {
        let changes: Vec<String> = origin.changes.iter().map(|c| c.label()).collect();
        let changes = match changes.is_empty() {
            true => String::new(),
            false => format!(": {}", changes.join(", ")),
        };
        line.push_str(&format!("  [from step {} of {}{changes}]", origin.step, origin.run));
    }
    run.tags.iter().for_each(|tag| line.push_str(&format!("  #{tag}")));
    if !run.note.is_empty() {
        line.push_str(&format!("  \"{}\"", run.note));
    }
    line
}

fn label(run: &str, tag: &[String], untag: &[String], note: Option<&str>, place: &Place) -> Outcome {
    let folder = resolve(run, &place.runs).map_err(Failure::input)?;
    let before = read_labels(&folder);
    let mut labels = before.clone();
    let gone = Labels::tags_of(&untag.join(" "));
    labels.tags.retain(|tag| !gone.contains(tag));
    let all = [labels.tags.join(" "), tag.join(" ")].join(" ");
    labels.tags = Labels::tags_of(&all);
    if let Some(note) = note {
        labels.note = note.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    if labels != before {
        write_labels(&folder, &labels).map_err(Failure::failed)?;
    }
    let tags: Vec<String> = labels.tags.iter().map(|tag| format!("#{tag}")).collect();
    println!(
        "tags: {}",
        if tags.is_empty() {
            "none".to_string()
        } else {
            tags.join(" ")
        }
    );
    println!("note: {}", if labels.note.is_empty() { "none" } else { &labels.note });
    Ok(exit::DONE)
}

fn delete_runs(names: &[String], yes: bool, place: &Place) -> Outcome {
    let mut folders = Vec::new();
    for name in names {
        folders.push(resolve(name, &place.runs).map_err(Failure::input)?);
    }
    if !yes {
        if !std::io::stdin().is_terminal() {
            return Err(Failure::input(
                "nobody is there to confirm it; add --yes to delete without asking",
            ));
        }
        let list: Vec<String> = folders.iter().map(|f| f.display().to_string()).collect();
        print!("delete {} for good? [y/N] ", list.join(", "));
        let _ = std::io::stdout().flush();
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).map_err(Failure::failed)?;
        if !matches!(answer.trim(), "y" | "yes") {
            println!("nothing was deleted");
            return Ok(exit::DONE);
        }
    }
    for folder in folders {
        delete(&folder).map_err(Failure::input)?;
        println!("deleted {}", folder.display());
    }
    Ok(exit::DONE)
}
