//! `ple config`: the user's settings, what is in force and where it comes from.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Failure, Outcome, Screen, exit};
use crate::config::{ConfigError, EXAMPLE, Flags, Origin, Settings, SettingsFile, Source, environment, key_problem};
use crate::tui::annotate;
use crate::tui::bindings::{self, Binding};
use crate::tui::keymap::Key;
use crate::tui::rebind::{Wish, rebind};

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// What is in force, and where each setting comes from (the default)
    Show {
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Read a settings file and say what is wrong with it
    Check {
        /// The file; the default is the one that is used
        file: Option<PathBuf>,
    },
    /// Where the settings file is, or would be
    Path,
    /// A settings file with everything at its default, in comments
    Example,
    /// The keys of the workbench and the names they are set by
    Keys,
}

/// Runs the command. `flags` are those that were given beside it.
pub fn config(command: Option<ConfigCommand>, flags: &Flags) -> Outcome {
    match command.unwrap_or(ConfigCommand::Show { json: false }) {
        ConfigCommand::Show { json } => show(&load(flags)?, json),
        ConfigCommand::Check { file } => check(file),
        ConfigCommand::Path => {
            let found = SettingsFile::find(&environment);
            match found.path() {
                Some(path) => println!("{}", path.display()),
                None => return Err(Failure::input(NO_PLACE)),
            }
            Ok(exit::DONE)
        }
        ConfigCommand::Example => {
            print!("{EXAMPLE}");
            Ok(exit::DONE)
        }
        ConfigCommand::Keys => keys(&tables(&load(flags)?)?),
    }
}

const NO_PLACE: &str =
    "there is no place for settings: PLE_CONFIG is empty, or neither XDG_CONFIG_HOME nor HOME is set";

/// The settings in force, checked with their keys.
pub fn load(flags: &Flags) -> Result<Settings, Failure> {
    let settings = Settings::load(flags, &environment).map_err(Failure::input)?;
    tables(&settings)?;
    Ok(settings)
}

/// The key tables with the user's own keys.
#[derive(Clone, Debug)]
pub struct Tables {
    pub workbench: Vec<Binding>,
    pub annotate: Vec<Binding<annotate::Action>>,
}

/// The key tables with the keys of the settings file. A name that several tables have acts in all of them.
pub fn tables(settings: &Settings) -> Result<Tables, Failure> {
    let wishes: Vec<Wish> = settings
        .keys
        .iter()
        .map(|k| (k.name.as_str(), k.keys.as_slice()))
        .collect();
    let (workbench, annotate) = (bindings::table(), annotate::table());
    let names = |rows: &[Binding]| rows.iter().map(|row| row.name).collect::<Vec<_>>();
    let judging: Vec<&str> = annotate.iter().map(|row| row.name).collect();
    let watching = names(&workbench);
    match (
        rebind(workbench, &wishes, &judging),
        rebind(annotate, &wishes, &watching),
    ) {
        (Ok(workbench), Ok(annotate)) => Ok(Tables { workbench, annotate }),
        (one, other) => {
            let mut found: Vec<(usize, String)> = one.err().into_iter().chain(other.err()).flatten().collect();
            found.sort();
            found.dedup();
            let problems = found
                .into_iter()
                .map(|(i, message)| key_problem(&settings.keys[i], message))
                .collect();
            Err(Failure::input(ConfigError { problems }))
        }
    }
}

fn check(file: Option<PathBuf>) -> Outcome {
    let found = match file {
        Some(path) => SettingsFile::Named(path),
        None => SettingsFile::find(&environment),
    };
    let path = match &found {
        SettingsFile::None => return Err(Failure::input(NO_PLACE)),
        SettingsFile::Usual(path) if !path.exists() => {
            println!(
                "{}: not there, so everything is at its default; `ple config example` prints one",
                path.display()
            );
            return Ok(exit::DONE);
        }
        SettingsFile::Usual(path) | SettingsFile::Named(path) => path,
    };
    let source = Source::read(path).map_err(Failure::input)?;
    let settings = Settings::of(Some(&source), &Flags::default(), &environment).map_err(Failure::input)?;
    tables(&settings)?;
    let set = settings
        .rows()
        .iter()
        .filter(|(.., o)| matches!(o, Origin::File(_)))
        .count();
    let count = |n: usize, what: &str| {
        if n == 1 {
            format!("1 {what}")
        } else {
            format!("{n} {what}s")
        }
    };
    println!(
        "{}: good; {}, {}",
        path.display(),
        count(set, "setting"),
        count(settings.keys.len(), "key")
    );
    Ok(exit::DONE)
}

fn show(settings: &Settings, json: bool) -> Outcome {
    let file = settings.file.as_ref().map(|f| f.display().to_string());
    let from = |origin: Origin| match origin {
        Origin::Default => "default".to_string(),
        Origin::Variable(name) => name.to_string(),
        Origin::File(line) => format!("line {line}"),
        Origin::Flag(name) => name.to_string(),
    };
    if json {
        let rows: serde_json::Map<_, _> = settings
            .rows()
            .into_iter()
            .map(|(name, value, origin)| {
                (
                    name.to_string(),
                    serde_json::json!({ "value": value, "from": from(origin) }),
                )
            })
            .collect();
        let keys: serde_json::Map<_, _> = settings
            .keys
            .iter()
            .map(|k| {
                (
                    k.name.clone(),
                    serde_json::json!({ "keys": k.keys, "from": format!("line {}", k.line) }),
                )
            })
            .collect();
        println!(
            "{}",
            serde_json::json!({ "file": file, "settings": rows, "keys": keys })
        );
        return Ok(exit::DONE);
    }
    match (&file, SettingsFile::find(&environment).path()) {
        (Some(file), _) => println!("file: {file}"),
        (None, Some(path)) => println!("file: none ({} is not there)", path.display()),
        (None, None) => println!("file: none"),
    }
    let keys = settings
        .keys
        .iter()
        .map(|k| (format!("keys.{}", k.name), k.keys.join(" "), Origin::File(k.line)));
    let rows: Vec<(String, String, Origin)> = settings
        .rows()
        .into_iter()
        .map(|(name, value, origin)| (name.to_string(), value, origin))
        .chain(keys)
        .collect();
    let width = |column: fn(&(String, String, Origin)) -> usize| rows.iter().map(column).max().unwrap_or(0);
    let (names, values) = (width(|r| r.0.len()), width(|r| r.1.chars().count()));
    println!("\n{:names$}  {:values$}  from", "setting", "value");
    for (name, value, origin) in &rows {
        println!("{name:names$}  {value:values$}  {}", from(*origin));
    }
    println!("\nhere: {}", Screen::of(settings)?.look.words());
    Ok(exit::DONE)
}

fn keys(tables: &Tables) -> Outcome {
    let labels = |keys: &[Key]| keys.iter().map(|k: &Key| k.label()).collect::<Vec<_>>().join(" ");
    let table = &tables.workbench;
    let names = table.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut place = None;
    for row in table {
        if place != Some(row.screen) {
            if place.is_some() {
                println!();
            }
            println!("# {}", row.screen.map_or("everywhere", |s| s.title()));
            place = Some(row.screen);
        }
        println!("{:names$}  {:14}  {}", row.name, labels(row.keys), row.help);
    }
    println!("\n# {}", annotate::TITLE);
    for row in &tables.annotate {
        println!("{:names$}  {:14}  {}", row.name, labels(row.keys), row.help);
    }
    Ok(exit::DONE)
}
