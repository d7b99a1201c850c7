//! The thread a run trains on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::{Command, Done, Event, Setup, Started, TrainError, Trainer};
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
pub fn describe(setup: &mut Setup) -> Started {
    let (trained_parameters, parameters) = setup.trained.count(&mut setup.policy);
    Started {
        run: String::new(),
        path: String::new(),
        experiment: setup.experiment.clone(),
        device: setup.device_name.clone(),
        parameters,
        trained_parameters,
        data: setup.data_summary(),
        resumed_from: 0,
    }
}

/// Creates the run's folder and starts training. `interactive`: somebody can answer an alarm.
pub fn start(mut setup: Setup, runs: &Path, name: Option<&str>, interactive: bool) -> Result<Running, StoreError> {
    let started = describe(&mut setup);
    let store = Store::create(runs, name, &started)?;
    Ok(resume(setup, store, interactive))
}

/// Goes on with a stored run from its last checkpoint.
pub fn resume(setup: Setup, store: Store, interactive: bool) -> Running {
    let (commands, received) = unbounded();
    let (sender, events) = unbounded();
    let folder = store.dir().to_path_buf();
    let thread = std::thread::spawn(move || train(setup, store, received, sender, interactive));
    Running {
        commands,
        events,
        folder,
        thread,
    }
}

fn train(
    setup: Setup,
    store: Store,
    commands: Receiver<Command>,
    events: Sender<Event>,
    interactive: bool,
) -> Result<Done, String> {
    let report = events.clone();
    let trained = catch_unwind(AssertUnwindSafe(|| {
        let mut trainer = Trainer::new(setup, store, commands, events, interactive)?;
        let done = trainer.run();
        if let Err(error) = &done {
            let _ = trainer.store.record(&Event::Failed {
                message: error.to_string(),
            });
        }
        done
    }));
    let result = match trained {
        Ok(result) => result.map_err(|e: TrainError| e.to_string()),
        Err(panic) => {
            let said = panic.downcast_ref::<&str>().map(|s| s.to_string());
            let said = said
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            Err(format!(
                "the trainer failed: {said}; the run on disk is good up to its last checkpoint"
            ))
        }
    };
    if let Err(message) = &result {
        let _ = report.send(Event::Failed {
            message: message.clone(),
        });
    }
    result
}
