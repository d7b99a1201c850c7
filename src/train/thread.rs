//! The thread a run trains on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::{Command, Done, Event, FitTrainer, Prepared, Started, TrainError, Trainer};
use crate::config::Plan;
use crate::crash;
use crate::run::{Store, StoreError};

/// A run that is being trained on a thread of its own.
pub struct Running {
    pub commands: Sender<Command>,
    pub events: Receiver<Event>,
    /// The run's folder.
    pub folder: std::path::PathBuf,
    thread: JoinHandle<Result<Done, String>>,
}

impl Running {
    /// Waits for the end. The error is what failed, for people.
    pub fn join(self) -> Result<Done, String> {
        drop(self.commands);
        self.thread
            .join()
            .unwrap_or_else(|_| Err("the training thread ended without a word".into()))
    }
}

/// What a fresh run of this setup is, for [`Store::create`].
pub fn describe(setup: &mut Prepared) -> Started {
    let (experiment, (trained_parameters, parameters), device, data) = match setup {
        Prepared::Align(s) => (
            Plan::Align(Box::new(s.experiment.clone())),
            s.trained.count(&mut s.policy),
            &s.device_name,
            s.data_summary(),
        ),
        Prepared::Fit(s) => (
            Plan::Fit(Box::new(s.experiment.clone())),
            s.trained.count(&mut s.model),
            &s.device_name,
            s.rows.summary(),
        ),
    };
    Started {
        run: String::new(),
        path: String::new(),
        experiment,
        device: device.clone(),
        parameters,
        trained_parameters,
        data,
        memory: match setup {
            Prepared::Align(s) => s.memory.0.clone(),
            Prepared::Fit(s) => s.memory.0.clone(),
        },
        resumed_from: 0,
        origin: None,
    }
}

/// Creates the run's folder and starts training. `interactive`: somebody can answer an alarm.
pub fn start(mut setup: Prepared, runs: &Path, name: Option<&str>, interactive: bool) -> Result<Running, StoreError> {
    let started = describe(&mut setup);
    let store = Store::create(runs, name, &started)?;
    Ok(resume(setup, store, interactive))
}

/// Goes on with a stored run from its last checkpoint.
pub fn resume(setup: Prepared, store: Store, interactive: bool) -> Running {
    resume_with(setup, store, interactive, Vec::new())
}

/// The same, after some changes: they act on the first step that is made.
pub fn resume_with(setup: Prepared, store: Store, interactive: bool, changes: Vec<Command>) -> Running {
    let (commands, received) = unbounded();
    for change in changes {
        // The other end is here.
        let _ = commands.send(change);
    }
    let (sender, events) = unbounded();
    let folder = store.dir().to_path_buf();
    let report = sender.clone();
    let run = folder.clone();
    let train = move || {
        let trained = catch_unwind(AssertUnwindSafe(|| match setup {
            Prepared::Align(setup) => {
                let mut trainer = Trainer::new(*setup, store, received, sender, interactive)?;
                let done = trainer.run();
                keep_failure(&done, &mut trainer.store);
                done
            }
            Prepared::Fit(setup) => {
                let mut trainer = FitTrainer::new(*setup, store, received, sender, interactive)?;
                let done = trainer.run();
                keep_failure(&done, trainer.store());
                done
            }
        }));
        tell(trained, &report, &run)
    };
    let named = std::thread::Builder::new().name("trainer".into()).spawn(train);
    // As `std::thread::spawn` does, which cannot name it.
    let thread = named.expect("the system has a thread left");
    Running {
        commands,
        events,
        folder,
        thread,
    }
}

fn keep_failure(done: &Result<Done, TrainError>, store: &mut Store) {
    if let Err(error) = done {
        let _ = store.record(&Event::Failed {
            message: error.to_string(),
        });
    }
}

fn tell(
    trained: std::thread::Result<Result<Done, TrainError>>,
    report: &Sender<Event>,
    run: &Path,
) -> Result<Done, String> {
    let result = match trained {
        Ok(result) => result.map_err(|e: TrainError| e.to_string()),
        Err(panic) => {
            let said = panic.downcast_ref::<&str>().map(|s| s.to_string());
            let said = said
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            let report = crash::last_report().map(|path| format!("; a report is in {}", path.display()));
            let message = format!(
                "the trainer failed: {said}; the run on disk is good up to its last checkpoint{}",
                report.unwrap_or_default()
            );
            // The store went with the trainer and let go of the run.
            if let Ok(mut store) = Store::open(run) {
                let _ = store.record(&Event::Failed {
                    message: message.clone(),
                });
            }
            Err(message)
        }
    };
    if let Err(message) = &result {
        let _ = report.send(Event::Failed {
            message: message.clone(),
        });
    }
    result
}
