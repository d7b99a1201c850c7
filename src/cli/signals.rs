//! SIGINT, SIGTERM and SIGHUP as messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, bounded};

use crate::tui::Job;

/// A request from outside to end.
pub struct Stop {
    /// One message, at the first signal.
    pub requests: Receiver<()>,
    requested: Arc<AtomicBool>,
}

impl Stop {
    /// A signal came.
    pub fn requested(&self) -> bool {
        self.requested.load(Ordering::Relaxed)
    }
}

/// What the shell does with a program that has the terminal: SIGTSTP from outside, and SIGCONT. Ctrl-Z itself comes as a
/// key, since a terminal in raw mode sends no signal for it.
pub fn jobs() -> Receiver<Job> {
    let (send, jobs) = bounded(8);
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGCONT, SIGTSTP};
        if let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGTSTP, SIGCONT]) {
            let listen = move || {
                for signal in signals.forever() {
                    let job = if signal == SIGTSTP { Job::Stop } else { Job::Continue };
                    let _ = send.try_send(job);
                }
            };
            std::thread::spawn(listen);
        }
    }
    #[cfg(not(unix))]
    drop(send);
    jobs
}

/// Listens for signals. After the first the next one ends the process as it would have without us.
pub fn listen() -> Stop {
    let (send, requests) = bounded(1);
    let requested = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    let seen = Arc::clone(&requested);
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        if let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]) {
            std::thread::spawn(move || {
                let meant = |signal: &i32| *signal != SIGINT || !crate::tui::editor_is_open();
                for (count, signal) in signals.forever().filter(meant).enumerate() {
                    if count > 0 {
                        let _ = signal_hook::low_level::emulate_default_handler(signal);
                    }
                    seen.store(true, Ordering::Relaxed);
                    let _ = send.try_send(());
                }
            });
        }
    }
    #[cfg(not(unix))]
    drop(send);
    Stop { requests, requested }
}
