//! SIGINT, SIGTERM and SIGHUP as messages.

use crossbeam_channel::{Receiver, bounded};

/// A message for the first signal. After that the next one ends the process as it would have without us.
pub fn stop_requests() -> Receiver<()> {
    let (send, receive) = bounded(1);
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        if let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]) {
            std::thread::spawn(move || {
                for (count, signal) in signals.forever().enumerate() {
                    if count > 0 {
                        let _ = signal_hook::low_level::emulate_default_handler(signal);
                    }
                    let _ = send.try_send(());
                }
            });
        }
    }
    #[cfg(not(unix))]
    drop(send);
    receive
}
