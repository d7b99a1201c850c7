//! `ple` and `ple open`: the workbench on an experiment or on a run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crossbeam_channel::Sender;

use super::desk::{Garage, desk};
use super::eyes::{Library, follow_stored};
use super::signals::{self, Stop};
use super::steering::Link;
use super::tour;
use super::{Changes, Failure, Outcome, Output, Place, Screen, exit, has_terminal};
use crate::config::{Plan, environment, find_file, principles_to_toml, state_folder};
use crate::device::DeviceChoice;
use crate::prompt::Prompter;
use crate::run::{Reader, resolve};
use crate::train::{Command, Insider, Request, Running, policy_prompter, start};
use crate::tui::legend::Legend;
use crate::tui::lobby::{self, Entrance, Lobby, Waited};
use crate::tui::{self, Left, Options, Source};

/// What plain `ple` opens.
const BUNDLED: &str = "experiments/imdb.toml";

/// The bundled experiment: in the workbench on a terminal, else with plain progress.
pub fn bundled(place: &Place, screen: &Screen) -> Outcome {
    if has_terminal() {
        return open(None, &Changes::default(), place, screen);
    }
    super::train::train(Path::new(BUNDLED), &Changes::default(), place, Output::default())
}

/// The workbench on an experiment (anything that ends in `.toml`) or on a run.
pub fn open(what: Option<&str>, changes: &Changes, place: &Place, screen: &Screen) -> Outcome {
    if !has_terminal() {
        return Err(Failure::input(
            "the workbench needs a terminal; without one, use `ple train EXPERIMENT.toml`",
        ));
    }
    let what = what.unwrap_or(BUNDLED);
    if !what.ends_with(".toml") {
        if !changes.all().is_empty() || changes.name.is_some() {
            return Err(Failure::input(
                "--set, --seed and --name are for experiments; a stored run stays as it is",
            ));
        }
        let folder = resolve(what, &place.runs).map_err(Failure::input)?;
        return watch_stored(&folder, place, screen);
    }
    let request = Request::at(Path::new(what), changes.all(), place.device).map_err(Failure::input)?;
    let (runs, name) = (place.runs.clone(), changes.name.clone());
    let fetches = request.may_fetch().map_err(Failure::input)?;
    let load = move || {
        let setup = request.prepare().map_err(Failure::input)?;
        start(setup, &runs, name.as_deref(), true).map_err(Failure::input)
    };
    let near = Some(Path::new(what));
    if fetches {
        // How far a download is stands on standard error, so the screen comes after it.
        let running = load()?;
        let folder = running.folder.clone();
        return watch(running, &folder, place, screen, near, signals::listen(), None);
    }
    let stop = signals::listen();
    let waited = lobby::wait(&entrance(screen), what, &stop.requests, load).map_err(Failure::failed)?;
    let (loaded, lobby) = match waited {
        Waited::Ready(loaded, lobby) => (loaded, lobby),
        Waited::Left if stop.requested() => return Ok(exit::INTERRUPTED),
        Waited::Left => return Ok(exit::DONE),
    };
    match loaded {
        Ok(running) => {
            let folder = running.folder.clone();
            watch(running, &folder, place, screen, near, stop, Some(lobby))
        }
        Err(failure) => {
            // The terminal is given back before anything is said.
            drop(lobby);
            Err(failure)
        }
    }
}

fn entrance(screen: &Screen) -> Entrance {
    let settings = &screen.settings;
    let mut look = screen.look;
    look.theme.legend = Legend::of(&screen.tables.workbench);
    Entrance {
        look,
        mouse: settings.mouse.value,
        notify: settings.notify.value,
        log: Some(screen_log()),
        table: screen.tables.workbench.clone(),
    }
}

/// Where standard error goes while the screen is up.
fn screen_log() -> PathBuf {
    state_folder(&environment)
        .unwrap_or_else(std::env::temp_dir)
        .join(format!("log/screen-{}.log", std::process::id()))
}

/// The workbench on a run that this process trains.
pub fn watch_live(running: Running, folder: &Path, place: &Place, screen: &Screen) -> Outcome {
    watch(running, folder, place, screen, None, signals::listen(), None)
}

/// The same; `near` is the experiment's file, beside which its principles may lie.
fn watch(
    running: Running,
    folder: &Path,
    place: &Place,
    screen: &Screen,
    near: Option<&Path>,
    stop: Stop,
    lobby: Option<Lobby>,
) -> Outcome {
    let library = Library::open(folder).map_err(Failure::failed)?;
    let source = Source {
        events: running.events.clone(),
        commands: Some(running.commands.clone()),
        queries: library.queries.clone(),
        pages: library.pages.clone(),
    };
    let link = Link::keep(folder, false);
    // Beside a run that is trained here no fork is: the garage stays empty.
    let mut options = options(place, screen, &stop, folder, near, &Garage::default());
    options.steering = Some(link.port.clone());
    options.lobby = lobby;
    // A panic of the screen has given the terminal back and was told; the run is to be saved all the same.
    let left = catch_unwind(AssertUnwindSafe(|| tui::run(source, options)));
    drop(link);
    let Ok(left) = left else {
        return save_after_panic(running, folder);
    };
    end_training(running, left.map_err(Failure::failed), &stop)
}

/// Ends what is trained here, and says where it is.
fn end_training(running: Running, left: Result<tui::Outcome, Failure>, stop: &Stop) -> Outcome {
    let folder = running.folder.clone();
    // Whatever happened to the screen, the trainer must not outlive it half way through a step.
    let abandoned = matches!(&left, Ok(o) if o.left == Left::Abandoned);
    end(&running.commands, abandoned);
    let trained = running.join();
    let left = left?;
    say_where(&folder, left.unsaved_steps);
    let done = trained.map_err(Failure::failed)?;
    Ok(if stop.requested() && done.reason != "finished" {
        exit::INTERRUPTED
    } else {
        exit::DONE
    })
}

/// Ends training with a checkpoint, although nobody is there any more to ask for it.
fn save_after_panic(running: Running, folder: &Path) -> Outcome {
    eprintln!("ple: finishing the step and writing a checkpoint");
    end(&running.commands, false);
    let trained = running.join();
    say_where(folder, 0);
    let saved = match trained {
        Ok(done) => format!("the run is saved after step {}", done.steps),
        Err(why) => format!("the run is on disk up to its last checkpoint ({why})"),
    };
    let run = folder.display();
    Err(Failure::failed(format!(
        "the workbench ended in a panic; {saved}; `ple resume {run}` goes on with it"
    )))
}

fn end(commands: &Sender<Command>, abandoned: bool) {
    let _ = commands.send(if abandoned { Command::Abandon } else { Command::Stop });
}

/// The workbench on a stored run, or on one that another process trains.
fn watch_stored(folder: &Path, place: &Place, screen: &Screen) -> Outcome {
    let library = Library::open(folder).map_err(Failure::input)?;
    let events = follow_stored(folder, || true).map_err(Failure::input)?;
    let link = Link::keep(folder, true);
    let source = Source {
        events,
        commands: Some(link.commands.clone()),
        queries: library.queries.clone(),
        pages: library.pages.clone(),
    };
    let (stop, garage) = (signals::listen(), Garage::default());
    let mut options = options(place, screen, &stop, folder, None, &garage);
    options.steering = Some(link.port.clone());
    let left = catch_unwind(AssertUnwindSafe(|| tui::run(source, options)));
    let fork = garage.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (left, fork) {
        (Ok(left), None) => left.map_err(Failure::failed).map(|_| exit::DONE),
        (Ok(left), Some(running)) => end_training(running, left.map_err(Failure::failed), &stop),
        (Err(_), Some(running)) => {
            let folder = running.folder.clone();
            save_after_panic(running, &folder)
        }
        (Err(_), None) => Err(Failure::failed("the workbench ended in a panic; the run is as it was")),
    }
}

fn options(
    place: &Place,
    screen: &Screen,
    stop: &Stop,
    folder: &Path,
    near: Option<&Path>,
    garage: &Garage,
) -> Options {
    // The runs beside the one that is opened, wherever that is.
    let runs = match folder.parent() {
        Some(runs) if !runs.as_os_str().is_empty() => runs,
        _ => Path::new("."),
    };
    let settings = &screen.settings;
    Options {
        look: screen.look,
        mouse: settings.mouse.value,
        frame: Duration::from_millis(1000 / u64::from(settings.frames_per_second.value.max(1))),
        notify: (settings.notify.value, settings.notify_when.value),
        table: screen.tables.workbench.clone(),
        tour: tour::is_new(settings.tour.value),
        toured: tour::seen,
        log: Some(screen_log()),
        stop: stop.requests.clone(),
        jobs: signals::jobs(),
        save: |path, principles| {
            if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
            }
            let text = principles_to_toml(principles);
            super::output::replace(path, text.as_bytes()).map_err(|e| format!("{}: {e}", path.display()))
        },
        sent: reader_of_prompts(folder),
        files: super::user_files::user_files(principles_file(folder, near)),
        inside: insider(folder),
        desk: desk(runs, place.device, garage),
        // Whoever opens the workbench says so.
        steering: None,
        lobby: None,
    }
}

/// The principles file that a run was started with, where there is one on disk.
fn principles_file(folder: &Path, near: Option<&Path>) -> Option<PathBuf> {
    let started = Reader::open(folder).and_then(|reader| reader.started()).ok()?;
    find_file(&started.experiment.align()?.principles.file, near).ok()
}

/// Tells what the policy of a run was given. Its tokenizer is read at the first question.
pub(super) fn reader_of_prompts(folder: &Path) -> tui::ReadSent {
    let (folder, prompter) = (folder.to_path_buf(), OnceLock::new());
    Arc::new(move |question| {
        let read = || {
            let started = Reader::open(&folder).and_then(|reader| reader.started());
            match started.map_err(|e| e.to_string())?.experiment {
                Plan::Align(experiment) => policy_prompter(&experiment).map_err(|e| e.to_string()),
                Plan::Fit(_) => Err("this run trains a model on rows; it has no policy that is prompted".to_string()),
            }
        };
        let prompter: &Prompter = prompter.get_or_init(read).as_ref().map_err(Clone::clone)?;
        let side = |principles: Option<&str>| prompter.pieces(&question.query, principles);
        Ok(tui::Given {
            sides: [side(None), side(question.principles.as_deref())],
            chat: prompter.is_chat(),
            note: prompter.note().map(str::to_string),
        })
    })
}

/// Looks inside the responses of a stored run, on the CPU: one pair is little work, and the GPU may be somebody's.
pub(super) fn insider(folder: &Path) -> tui::LookInside {
    let insider = Mutex::new(Insider::new(folder, DeviceChoice::Cpu));
    Arc::new(move |step, index| {
        let mut insider = insider.lock().unwrap_or_else(PoisonError::into_inner);
        insider.look(step, index)
    })
}

fn say_where(folder: &Path, unsaved: u32) {
    let run: PathBuf = folder.to_path_buf();
    println!("run: {}", run.display());
    if unsaved > 0 {
        println!(
            "{unsaved} steps after the last checkpoint; `ple resume {}` does them again",
            run.display()
        );
    }
}
