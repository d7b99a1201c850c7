//! The command line: one file a command.

mod annotate;
mod assets;
mod bleu;
mod capture;
mod check;
mod compare;
mod config;
mod contest;
mod convert;
mod data;
mod desk;
mod devices;
mod eval;
mod export;
mod eyes;
mod fork;
mod headless;
mod judge;
mod judge_model;
mod log;
mod manual;
mod open;
mod options;
mod output;
mod principles;
mod resume;
mod runs;
mod signals;
mod steering;
mod suite;
mod tour;
mod train;
mod user_files;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, FromArgMatches, Parser, Subcommand};

use crate::config::{Flags, MarkerName, Notify, Palette, Settings, ThemeName, environment, state_folder};
use crate::crash;
use crate::device::DeviceChoice;
use crate::tui::look::{Look, Wishes};

/// Exit codes that other programs rely on.
pub mod exit {
    pub const DONE: u8 = 0;
    pub const FAILED: u8 = 1;
    pub const BAD_INPUT: u8 = 2;
    pub const INTERRUPTED: u8 = 130;
}

/// A command's end: an exit code, and for failures what to tell the user.
pub type Outcome = Result<u8, Failure>;

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    pub code: u8,
    pub message: String,
}

impl Failure {
    /// The user can mend this: exit code 2.
    pub fn input(message: impl ToString) -> Self {
        Self {
            code: exit::BAD_INPUT,
            message: message.to_string(),
        }
    }

    /// It went wrong while running: exit code 1.
    pub fn failed(message: impl ToString) -> Self {
        Self {
            code: exit::FAILED,
            message: message.to_string(),
        }
    }
}

/// A terminal workbench for aligning language models with written principles.
///
/// Without a command: the workbench on the bundled experiment, or without a terminal the same run with plain progress.
#[derive(Debug, Parser)]
#[command(name = "ple", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    place: PlaceFlags,
    #[command(flatten)]
    screen: ScreenFlags,
}

/// Where runs are kept and what computes, as flags; the settings have the rest.
#[derive(Clone, Debug, Args)]
struct PlaceFlags {
    /// Folder that holds the runs [default: runs]
    #[arg(long, global = true, value_name = "DIR")]
    runs: Option<PathBuf>,
    /// What computes: auto, cpu, gpu, gpu:N or cuda:N [default: cpu]
    #[arg(long, global = true, value_name = "DEVICE")]
    device: Option<DeviceChoice>,
}

/// How the workbench looks and behaves, as flags; the settings have the rest.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Of the workbench")]
struct ScreenFlags {
    /// Leave the mouse to the terminal, so that text can be selected
    #[arg(long, global = true)]
    no_mouse: bool,
    /// auto (by the terminal's background), light, dark, or mono (no colours)
    #[arg(long, global = true, value_name = "THEME", hide_possible_values = true)]
    theme: Option<ThemeName>,
    /// default, or colour-blind: hues that stay apart for every kind of colour vision
    #[arg(long, global = true, value_name = "PALETTE", hide_possible_values = true)]
    palette: Option<Palette>,
    /// What curves are drawn with: auto, braille, block, dot, or ascii (borders and letters too)
    #[arg(long, global = true, value_name = "MARKER", hide_possible_values = true)]
    marker: Option<MarkerName>,
    /// The same as --marker ascii
    #[arg(long, global = true, hide = true, conflicts_with = "marker")]
    ascii: bool,
    /// How it is told that a run ended or an alarm rings: off, bell or osc9
    #[arg(long, global = true, value_name = "HOW", hide_possible_values = true)]
    notify: Option<Notify>,
    /// No tour, although it was not seen yet
    #[arg(long, global = true)]
    no_tour: bool,
}

fn flags(place: PlaceFlags, screen: ScreenFlags) -> Flags {
    Flags {
        theme: screen.theme,
        palette: screen.palette,
        marker: screen.marker.or(screen.ascii.then_some(MarkerName::Ascii)),
        marker_flag: if screen.ascii { "--ascii" } else { "--marker" },
        no_mouse: screen.no_mouse,
        notify: screen.notify,
        no_tour: screen.no_tour,
        device: place.device,
        runs: place.runs,
    }
}

/// Where runs are kept and what computes.
#[derive(Clone, Debug)]
pub struct Place {
    pub runs: PathBuf,
    pub device: DeviceChoice,
}

/// How the workbench looks and behaves.
#[derive(Clone, Debug)]
pub struct Screen {
    pub look: Look,
    pub settings: Settings,
    pub tables: config::Tables,
}

impl Screen {
    fn of(settings: &Settings) -> Result<Self, Failure> {
        let wishes = Wishes {
            colours: settings.theme.value,
            palette: settings.palette.value,
            marker: settings.marker.value,
            right_to_left: settings.right_to_left.value,
        };
        Ok(Self {
            look: Look::of(&wishes, &environment),
            tables: config::tables(settings)?,
            settings: settings.clone(),
        })
    }
}

/// An experiment with changes.
#[derive(Clone, Debug, Default, Args)]
pub struct Changes {
    /// Change a setting, for example --set method.tau0=0.1
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// Shorthand for --set seed=N
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Name of the run; the default is the task and the first free number
    #[arg(long)]
    pub name: Option<String>,
}

impl Changes {
    /// All of them as `key=value`.
    pub fn all(&self) -> Vec<String> {
        self.sets
            .iter()
            .cloned()
            .chain(self.seed.map(|s| format!("seed={s}")))
            .collect()
    }
}

/// What is written while a run trains without a screen.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Output {
    /// Write one JSON event a line to standard output, and nothing else there
    #[arg(long, conflicts_with = "quiet")]
    pub json: bool,
    /// Write nothing but errors
    #[arg(long)]
    pub quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The workbench on an experiment, or on a stored or still running run
    Open {
        /// EXPERIMENT.toml, a run's folder, or a run's name; the default is the bundled imdb experiment
        what: Option<String>,
        #[command(flatten)]
        changes: Changes,
    },
    /// Train an experiment without a screen
    Train {
        /// EXPERIMENT.toml
        experiment: PathBuf,
        #[command(flatten)]
        changes: Changes,
        #[command(flatten)]
        output: Output,
    },
    /// Go on with a run from its last checkpoint
    Resume {
        /// A run's folder or name
        run: String,
        /// Change a setting from here on, for example --set steps=80 or --set learning_rate=1e-4; `ple fork` can change more
        #[arg(long = "set", value_name = "KEY=VALUE")]
        sets: Vec<String>,
        #[command(flatten)]
        output: Output,
        /// Go on in the workbench
        #[arg(long, conflicts_with_all = ["json", "quiet"])]
        open: bool,
    },
    /// A new run from a checkpoint of another, with other settings from there on
    Fork(fork::ForkArgs),
    /// Steer a run that another process trains: numbers, principles, pause, checkpoint
    Steer(steering::SteerArgs),
    /// Everything that was done to the training of a run, by whom
    Log(log::LogArgs),
    /// Evaluate a run's policy, or a model, on held-out queries: perplexity, reward, BLEU, truth, with intervals
    Eval(eval::EvalArgs),
    /// Runs beside each other: tables as the paper has them, or reward curves
    Compare(compare::CompareArgs),
    /// Two runs' answers to the same queries, judged: by the reward model, by a judge model behind HTTP, or by people
    Judge(judge::JudgeArgs),
    /// A screen on which a person says which of two answers is better, without seeing whose they are
    Annotate(annotate::AnnotateArgs),
    /// A whole comparison: every method on every task with every seed, and its tables
    Suite(suite::SuiteArgs),
    /// Write what a run has stored, a picture of it, or its policy for other programs
    Export(export::ExportArgs),
    /// List the runs, label them, delete them
    Runs(runs::RunsArgs),
    /// Everything that can be known of an experiment without starting it
    Check(check::CheckArgs),
    /// What can compute here
    Devices {
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// What data files hold, before a run is started on them
    Data {
        #[command(subcommand)]
        command: data::DataCommand,
    },
    /// Principles: a library of them, the check of a file, and what each of them does
    Principles {
        #[command(subcommand)]
        command: principles::PrinciplesCommand,
    },
    /// Models of other formats, written as a folder in Hugging Face's format
    Convert {
        #[command(subcommand)]
        command: convert::ConvertCommand,
    },
    /// BLEU of text files, equal to sacrebleu's
    Bleu(bleu::BleuArgs),
    #[command(hide = true)]
    Capture(capture::CaptureArgs),
    /// The bundled models
    Assets {
        #[command(subcommand)]
        command: assets::AssetsCommand,
    },
    /// The user's settings: what is in force, and where each comes from
    Config {
        #[command(subcommand)]
        command: Option<config::ConfigCommand>,
    },
    /// Completions of the command line, for a shell to read
    Completions { shell: clap_complete::Shell },
    /// The manual, in roff: ple man | man -l -
    Man {
        /// Write it into a folder, with a page for each command
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// Runs the program; returns the exit code.
pub fn main() -> ExitCode {
    crash::install(state_folder(&environment).map(|folder| folder.join("reports")));
    let parsed = options::command().try_get_matches();
    let parsed = parsed.and_then(|found| Cli::from_arg_matches(&found).map_err(|e| e.format(&mut options::command())));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() {
                exit::BAD_INPUT
            } else {
                exit::DONE
            });
        }
    };
    end(run(cli.command, &flags(cli.place, cli.screen)))
}

fn run(command: Option<Command>, flags: &Flags) -> Outcome {
    // What helps to mend the settings must not fail because of them.
    let command = match command {
        Some(Command::Config { command }) => return config::config(command, flags),
        Some(Command::Completions { shell }) => return manual::completions(shell),
        Some(Command::Man { dir }) => return manual::manual(dir.as_deref()),
        command => command,
    };
    let settings = config::load(flags)?;
    let screen = Screen::of(&settings)?;
    let place = Place {
        runs: settings.runs.value,
        device: settings.device.value,
    };
    match command {
        None => open::bundled(&place, &screen),
        Some(Command::Open { what, changes }) => open::open(what.as_deref(), &changes, &place, &screen),
        Some(Command::Train {
            experiment,
            changes,
            output,
        }) => train::train(&experiment, &changes, &place, output),
        Some(Command::Resume {
            run,
            sets,
            output,
            open,
        }) => resume::resume(&run, &sets, &place, &screen, output, open),
        Some(Command::Fork(args)) => fork::fork(&args, &place, &screen),
        Some(Command::Steer(args)) => steering::steer(&args, &place),
        Some(Command::Log(args)) => log::log(&args, &place),
        Some(Command::Eval(args)) => eval::eval(&args, &place),
        Some(Command::Judge(args)) => judge::judge(&args, &place),
        Some(Command::Annotate(args)) => annotate::annotate(&args, &place, &screen),
        Some(Command::Compare(args)) => compare::compare(&args, &place),
        Some(Command::Runs(args)) => runs::runs(&args, &place),
        Some(Command::Suite(args)) => suite::suite(&args, &place),
        Some(Command::Check(args)) => check::check(&args, &place),
        Some(Command::Devices { json }) => devices::devices(json),
        Some(Command::Export(args)) => export::export(&args, &place),
        Some(Command::Data { command }) => data::data(command),
        Some(Command::Principles { command }) => principles::principles(command, &place),
        Some(Command::Convert { command }) => convert::convert(command),
        Some(Command::Bleu(args)) => bleu::bleu(&args),
        Some(Command::Capture(args)) => capture::capture(&args, &place),
        Some(Command::Assets { command }) => assets::assets(command, &place),
        Some(Command::Config { .. } | Command::Completions { .. } | Command::Man { .. }) => Ok(exit::DONE),
    }
}

fn end(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("ple: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

/// Both ends of the conversation are terminals: there can be a workbench.
fn has_terminal() -> bool {
    std::io::stdout().is_terminal() && std::io::stdin().is_terminal()
}
