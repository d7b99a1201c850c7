//! `ple completions` and `ple man`: made from the definitions of the command line and from the key table.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::{Failure, Outcome, exit, options};
use crate::tui::annotate;
use crate::tui::bindings::{self, Binding};

/// Prints the completions of a shell.
pub fn completions(shell: Shell) -> Outcome {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut options::command(), "ple", &mut out);
    print(&out)
}

/// Prints the manual, or writes it with a page for each command into a folder.
pub fn manual(folder: Option<&Path>) -> Outcome {
    let mut command = options::command();
    command.build();
    let Some(folder) = folder else {
        return print(&whole(&command)?);
    };
    let wrong = |path: &Path, e: std::io::Error| Failure::input(format!("{}: {e}", path.display()));
    std::fs::create_dir_all(folder).map_err(|e| wrong(folder, e))?;
    let mut pages = vec![(PathBuf::from("ple.1"), whole(&command)?)];
    pages_of(&command, "ple", &mut pages)?;
    for (name, page) in &pages {
        let path = folder.join(name);
        std::fs::write(&path, page).map_err(|e| wrong(&path, e))?;
    }
    println!("{} pages in {}", pages.len(), folder.display());
    Ok(exit::DONE)
}

fn pages_of(command: &Command, name: &str, pages: &mut Vec<(PathBuf, Vec<u8>)>) -> Result<(), Failure> {
    for sub in command.get_subcommands().filter(|s| s.get_name() != "help") {
        let name = format!("{name}-{}", sub.get_name());
        let mut page = Vec::new();
        Man::new(sub.clone())
            .title(&name)
            .render(&mut page)
            .map_err(Failure::failed)?;
        pages.push((PathBuf::from(format!("{name}.1")), page));
        pages_of(sub, &name, pages)?;
    }
    Ok(())
}

/// The page of the program, with the keys of the workbench, its files and its environment.
fn whole(command: &Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page).map_err(Failure::failed)?;
    let mut rest = Roff::new();
    rest.control("SH", ["KEYS"]);
    rest.text([roman(
        "In the workbench. A [keys] table in the settings file gives them other keys, by the names in brackets.",
    )]);
    let table = bindings::table();
    let mut place = None;
    for row in &table {
        if place != Some(row.screen) {
            rest.control("SS", [row.screen.map_or("Everywhere", |s| s.title())]);
            place = Some(row.screen);
        }
        rest.control("TP", []);
        rest.text([bold(labels(row))]);
        rest.text([roman(format!("{} [{}]", row.help, row.name))]);
    }
    rest.control("SS", [annotate::TITLE]);
    for row in &annotate::table() {
        rest.control("TP", []);
        rest.text([bold(labels(row))]);
        rest.text([roman(format!("{} [{}]", row.help, row.name))]);
    }
    for (title, items) in [("FILES", FILES), ("ENVIRONMENT", ENVIRONMENT), ("EXIT STATUS", EXIT)] {
        rest.control("SH", [title]);
        for (name, about) in items {
            rest.control("TP", []);
            rest.text([bold(*name)]);
            rest.text([roman(*about)]);
        }
    }
    page.extend(rest.render().into_bytes());
    Ok(page)
}

/// Its keys, or how it is called from the palette.
fn labels<A>(row: &Binding<A>) -> String {
    match row.keys {
        [] => format!(":{}", row.name),
        keys => keys.iter().map(|k| k.label()).collect::<Vec<_>>().join(" "),
    }
}

const FILES: &[(&str, &str)] = &[
    (
        "$XDG_CONFIG_HOME/ple/config.toml",
        "Settings of the user; ~/.config where the variable is not set. See ple config example.",
    ),
    (
        "$XDG_STATE_HOME/ple/",
        "Reports of panics, what went to standard error while the screen was up, and whether the tour was seen; \
         ~/.local/state where the variable is not set.",
    ),
    (
        "runs/",
        "The runs: one folder each, with all that a run told in one SQLite file, and its checkpoints.",
    ),
];

const ENVIRONMENT: &[(&str, &str)] = &[
    ("PLE_CONFIG", "The settings file to use; empty for none."),
    ("NO_COLOR", "No colours, unless a theme is asked for by name."),
    ("COLORTERM, TERM", "How many colours the terminal has."),
    ("COLORFGBG", "The terminal's background, before it answers for itself."),
    (
        "LC_ALL, LC_CTYPE, LANG",
        "The first that is set decides whether more than ASCII can be shown.",
    ),
    (
        "RAYON_NUM_THREADS",
        "Threads that read data and measure whole test sets.",
    ),
];

const EXIT: &[(&str, &str)] = &[
    ("0", "It is done."),
    ("1", "It failed while running."),
    ("2", "Something that was given is wrong; nothing was started."),
    ("130", "A signal ended it, after a checkpoint."),
];

fn print(bytes: &[u8]) -> Outcome {
    match std::io::stdout().write_all(bytes) {
        // A reader that has seen enough is no failure.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::failed(error)),
        _ => Ok(exit::DONE),
    }
}
