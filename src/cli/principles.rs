//! `ple principles`: the library, the check of a file, and what each principle does.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{Failure, Outcome, Place, exit, signals};
use crate::assets::{LIBRARY, LibraryEntry, PRINCIPLES, library, library_tags};
use crate::config::{Numbering, Source, parse_principles};
use crate::report::effect_table;
use crate::run::resolve;
use crate::train::{Measurable, Wanted};

/// Queries of a measurement when nothing is said.
const USUAL: usize = 64;

#[derive(Debug, Subcommand)]
pub enum PrinciplesCommand {
    /// List the library of principles, to be read, copied, or taken into a running set in the workbench
    List {
        /// Only those with this tag
        #[arg(long, value_name = "TAG")]
        tag: Option<String>,
        /// As JSON, one principle a line
        #[arg(long)]
        json: bool,
    },
    /// Check a principles file and show the prompt it makes
    Check {
        /// A principles file
        file: PathBuf,
    },
    /// Measure what each principle does to the guided reward: left out, and alone
    Effect(EffectArgs),
}

#[derive(Debug, Args)]
pub struct EffectArgs {
    /// EXPERIMENT.toml (its policy before training), or a run's folder or name (its last checkpoint and its principles)
    what: String,
    /// Held-out queries, 64 without this; of data files no more than were held out
    #[arg(long, value_name = "N")]
    queries: Option<usize>,
    /// Seed of the sampling; the default is the experiment's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Change a setting, for example --set generation.temperature=0.7
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Write one JSON object to standard output, and nothing else there
    #[arg(long)]
    json: bool,
}

pub fn principles(command: PrinciplesCommand, place: &Place) -> Outcome {
    match command {
        PrinciplesCommand::List { tag, json } => list(tag.as_deref(), json),
        PrinciplesCommand::Check { file } => check(&file),
        PrinciplesCommand::Effect(args) => effect(&args, place),
    }
}

fn list(tag: Option<&str>, json: bool) -> Outcome {
    let tags = library_tags();
    if let Some(tag) = tag.filter(|tag| !tags.iter().any(|(known, _)| known == tag)) {
        let known: Vec<&str> = tags.iter().map(|(tag, _)| *tag).collect();
        return Err(Failure::input(format!(
            "--tag {tag}: no principle has this tag; there are {}",
            known.join(", ")
        )));
    }
    let has = |e: &&LibraryEntry| tag.is_none_or(|tag| e.tags.iter().any(|t| t == tag));
    let found: Vec<&LibraryEntry> = library().iter().filter(has).collect();
    let mut out = std::io::stdout().lock();
    // A reader that has seen enough is no failure.
    let mut say = |line: String| writeln!(out, "{line}").is_ok();
    for (i, entry) in found.iter().enumerate() {
        if json {
            if !say(serde_json::to_string(entry).map_err(Failure::failed)?) {
                return Ok(exit::DONE);
            }
            continue;
        }
        if i == 0 || found[i - 1].file != entry.file {
            let gap = if i == 0 { "" } else { "\n" };
            say(format!("{gap}{}", entry.file));
        }
        say(format!("  {} [{}]", entry.name, entry.tags.join(", ")));
        say(format!("    {}", entry.text));
    }
    if !json {
        let tags: Vec<String> = tags.iter().map(|(tag, n)| format!("{tag} {n}")).collect();
        say(format!(
            "\n{} of {} principles. Tags: {}",
            found.len(),
            library().len(),
            tags.join(", ")
        ));
    }
    Ok(exit::DONE)
}

fn check(file: &Path) -> Outcome {
    let bundled = PRINCIPLES
        .iter()
        .chain(&LIBRARY)
        .find(|(name, _)| Path::new(name) == file);
    let source = match bundled {
        Some((name, text)) if !file.exists() => Source {
            path: None,
            name: (*name).into(),
            text: (*text).into(),
        },
        _ => Source::read(file).map_err(Failure::input)?,
    };
    let set = parse_principles(&source).map_err(Failure::input)?;
    let on = set.entries.iter().filter(|e| e.on).count();
    let numbered = match set.numbered {
        Numbering::Off => "not numbered".to_string(),
        style => format!("numbered {}", style.mark(0).trim_end()),
    };
    let preamble = if set.preamble.trim().is_empty() {
        "no preamble"
    } else {
        "a preamble"
    };
    println!(
        "{}: good; {on} of {} on, {numbered}, {preamble}",
        source.name,
        set.entries.len()
    );
    match set.render() {
        Some(prompt) => println!("\nThe guided prompt begins with:\n{prompt}"),
        None => println!(
            "\nNo principle is on, so the guided prompt would be the plain one: PLE has nothing to learn from."
        ),
    }
    Ok(exit::DONE)
}

fn effect(args: &EffectArgs, place: &Place) -> Outcome {
    let queries = args.queries.unwrap_or(USUAL);
    if queries == 0 {
        return Err(Failure::input("--queries 0: wants 1 or more (64 is usual)"));
    }
    let measurable = if args.what.ends_with(".toml") {
        Measurable::of_experiment(Path::new(&args.what), args.sets.clone(), place.device)
    } else {
        let folder = resolve(&args.what, &place.runs).map_err(Failure::input)?;
        Measurable::of_run(&folder, args.sets.clone(), place.device, Wanted::default())
    };
    let measurable = measurable.map_err(Failure::input)?;
    for warning in &measurable.warnings {
        eprintln!("ple: {warning}; the checkpoint before it is measured");
    }
    let stop = signals::listen();
    let bar = std::io::stderr().is_terminal();
    let mut go_on = |done: usize, total: usize| {
        if bar {
            let end = if done == total { "\r\x1b[K" } else { "" };
            eprint!("\rmeasuring: {done} of {total} responses{end}");
            let _ = std::io::stderr().flush();
        }
        !stop.requested()
    };
    let found = measurable
        .measure(queries, args.seed, &mut go_on)
        .map_err(|e| Failure::failed(format!("no rewards: {e}")))?;
    let Some(record) = found else {
        if stop.requested() {
            eprintln!("ple: interrupted; nothing was measured to its end");
            return Ok(exit::INTERRUPTED);
        }
        return Err(Failure::input(format!(
            "{}: no query is held out to measure on; set eval.every and eval.queries to 1 or more, and data.held_out or \
             data.test",
            args.what
        )));
    };
    if let Some(asked) = args.queries.filter(|asked| *asked > record.queries) {
        eprintln!(
            "ple: {asked} queries were asked for, {} are held out (data.held_out or data.test, at most eval.queries)",
            record.queries
        );
    }
    let mut out = std::io::stdout();
    // A reader that went away is no failure.
    let _ = match args.json {
        true => writeln!(out, "{}", serde_json::to_string(&record).map_err(Failure::failed)?),
        false => writeln!(
            out,
            "{}\npolicy {}\n\n{}",
            measurable.about(),
            measurable.policy,
            effect_table(&record)
        ),
    };
    Ok(exit::DONE)
}
