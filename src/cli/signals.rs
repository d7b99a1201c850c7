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

/// Listens for signals. After the first the next one ends the process as it would have without us, but for SIGHUP: a window
/// that is closed sends it more than once, and nobody is there who could be impatient.
///
/// A SIGHUP that is ignored (`nohup`) stays ignored.
pub fn listen() -> Stop {
    let (send, requests) = bounded(1);
    let requested = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    let seen = Arc::clone(&requested);
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let wanted: &[i32] = match hang_up_is_ignored() {
            true => &[SIGINT, SIGTERM],
            false => &[SIGINT, SIGTERM, SIGHUP],
        };
        if let Ok(mut signals) = signal_hook::iterator::Signals::new(wanted) {
            std::thread::spawn(move || {
                let meant = |signal: &i32| *signal != SIGINT || !crate::tui::editor_is_open();
                for signal in signals.forever().filter(meant) {
                    if signal == SIGHUP {
                        crate::tui::leave_dead_terminal();
                    } else if seen.load(Ordering::Relaxed) {
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

/// Whether the process was started with SIGHUP ignored. Only Linux tells without a call to the C library.
#[cfg(unix)]
fn hang_up_is_ignored() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores_hang_up(&status))
}

/// The lowest bit of `SigIgn`, which is in hexadecimal digits, is signal 1: SIGHUP.
#[cfg(unix)]
fn ignores_hang_up(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

#[cfg(all(test, unix))]
mod tests {
    use super::ignores_hang_up;

    #[test]
    fn nohup_is_seen_in_the_status_of_the_process() {
        assert!(ignores_hang_up("Name:\tple\nSigIgn:\t0000000000001001\n"));
        assert!(!ignores_hang_up("Name:\tple\nSigIgn:\t0000000000001000\n"));
        assert!(!ignores_hang_up("Name:\tple\n"));
    }
}
