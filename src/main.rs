//! The program; everything it does is in the library.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Freed memory stays with the process: a training step frees and asks for the same hundred megabytes again and again,
/// and giving them back in between costs a third of its time in page faults.
fn keep_freed_memory() {
    /// `mi_option_purge_delay` of mimalloc.h (v2 and v3), which the binding does not name; -1 never purges.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    // SAFETY: sets a number in the allocator's table of options, before any other thread runs.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, -1) }
}

fn main() -> std::process::ExitCode {
    keep_freed_memory();
    ple::cli::main()
}
