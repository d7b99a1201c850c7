//! What a panic leaves behind: a report in a file, with what is needed to find the cause and nothing that is secret.
//!
//! Not in it: environment variables beside those of the terminal and the locale, texts that were typed or sampled, and the
//! values of arguments that look like secrets.

use std::backtrace::Backtrace;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// The newest things that were done are kept, so many of them.
const KEPT: usize = 40;

static NOTES: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());
static LAST: Mutex<Option<PathBuf>> = Mutex::new(None);
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// From now on a panic writes a report into this folder (without one: into the system's folder for temporary files), and
/// says where.
pub fn install(folder: Option<PathBuf>) {
    let folder = folder.unwrap_or_else(std::env::temp_dir);
    let _ = FOLDER.set(folder);
    std::panic::set_hook(Box::new(|info| {
        let said = message(info);
        // `println!` into a pipe whose reader has seen enough, as `head` has: no failure.
        if said.starts_with("failed printing to stdout") && said.contains("Broken pipe") {
            std::process::exit(0);
        }
        eprintln!("{}", report(info));
    }));
}

/// Remembers a thing that was done, for the report. No text of the user's belongs in it.
pub fn note(what: impl Into<String>) {
    let mut notes = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
    if notes.len() == KEPT {
        notes.pop_front();
    }
    notes.push_back(what.into());
}

/// Writes the report of a panic; returns what to tell the user.
pub fn report(info: &PanicHookInfo<'_>) -> String {
    let said = match info.location() {
        Some(at) => format!(
            "ple: panic in {} at {}:{}: {}",
            thread(),
            at.file(),
            at.line(),
            message(info)
        ),
        None => format!("ple: panic in {}: {}", thread(), message(info)),
    };
    let Some(folder) = FOLDER.get() else { return said };
    match write(folder, &said) {
        Ok(path) => {
            let told = format!("{said}\nple: a report of it is in {}", path.display());
            *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(path);
            told
        }
        Err(error) => format!(
            "{said}\nple: no report of it could be written to {}: {error}",
            folder.display()
        ),
    }
}

/// The newest report that was written.
pub fn last_report() -> Option<PathBuf> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn thread() -> String {
    let thread = std::thread::current();
    match thread.name() {
        Some(name) => format!("the thread {name}"),
        None => "a thread without a name".into(),
    }
}

fn message<'a>(info: &'a PanicHookInfo<'_>) -> &'a str {
    info.payload_as_str().unwrap_or("no message")
}

fn write(folder: &Path, said: &str) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = format!(
        "panic-{}-{}-{:03}.txt",
        now.as_secs(),
        std::process::id(),
        now.subsec_millis()
    );
    let path = folder.join(name);
    let text = text(said, std::env::args(), &|name| std::env::var(name).ok());
    std::fs::write(&path, text)?;
    Ok(path)
}

fn text(said: &str, args: impl Iterator<Item = String>, get: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = format!("{said}\n\n");
    let _ = writeln!(out, "version: ple {}", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(out, "system: {} {}", std::env::consts::OS, std::env::consts::ARCH);
    let _ = writeln!(out, "arguments: {}", open_arguments(args).join(" "));
    for name in [
        "TERM",
        "COLORTERM",
        "TERM_PROGRAM",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "RAYON_NUM_THREADS",
    ] {
        if let Some(value) = get(name) {
            let _ = writeln!(out, "{name}: {value}");
        }
    }
    let notes = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = writeln!(out, "\nlast actions, oldest first:");
    for note in notes.iter() {
        let _ = writeln!(out, "  {note}");
    }
    drop(notes);
    let _ = writeln!(out, "\n{}", Backtrace::force_capture());
    out
}

/// The arguments without what looks like a secret: values of names like "token", and what an address says before its "@".
fn open_arguments(args: impl Iterator<Item = String>) -> Vec<String> {
    const SECRET: [&str; 6] = ["token", "secret", "password", "passwd", "api_key", "apikey"];
    let secret = |name: &str| {
        let name = name.to_ascii_lowercase().replace('-', "_");
        // How many tokens something has is no secret: `max_new_tokens`.
        let name = name.replace("tokens", "");
        SECRET.iter().any(|word| name.contains(word))
    };
    let mut hide_next = false;
    let open = |arg: String| {
        if std::mem::take(&mut hide_next) {
            return "[hidden]".into();
        }
        match arg.split_once('=') {
            Some((name, _)) if secret(name) => return format!("{name}=[hidden]"),
            None if arg.starts_with('-') && secret(&arg) => hide_next = true,
            _ => {}
        }
        without_user(&arg)
    };
    args.map(open).collect()
}

/// `https://user:password@host/...?key=...` without user, password and query.
fn without_user(arg: &str) -> String {
    let Some((scheme, rest)) = arg.split_once("://") else {
        return arg.to_string();
    };
    let (place, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = place
        .rsplit_once('@')
        .map_or(place.to_string(), |(_, host)| format!("[hidden]@{host}"));
    let path = path
        .split_once('?')
        .map_or(path.to_string(), |(path, _)| format!("{path}?[hidden]"));
    format!("{scheme}://{host}{path}")
}

/// Panics here and now if the environment asks for it: `PLE_REHEARSE_PANIC=trainer:3` at that step of that place. For the
/// tests of what happens then.
pub fn rehearse(place: &str, step: u32) {
    static ASKED: OnceLock<Option<(String, u32)>> = OnceLock::new();
    let asked = ASKED.get_or_init(|| {
        let asked = std::env::var("PLE_REHEARSE_PANIC").ok()?;
        let (place, step) = asked.split_once(':')?;
        Some((place.to_string(), step.parse().ok()?))
    });
    if let Some((asked, at)) = asked
        && asked == place
        && step >= *at
    {
        panic!("a panic of {place} at step {step}, asked for by PLE_REHEARSE_PANIC");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_was_done_and_no_secret() {
        note("set-tau");
        let args = [
            "ple",
            "train",
            "a.toml",
            "--set",
            "reward.url=http://me:hush@127.0.0.1:5000/get_reward?key=hush",
            "--token",
            "hush",
            "--set",
            "judge.api_key=hush",
            "--set",
            "generation.max_new_tokens=48",
            "--set",
            "hub.token=hush",
        ];
        let vars = [("TERM", "xterm"), ("HF_TOKEN", "hush"), ("HOME", "/home/me")];
        let get = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string());
        let text = text("ple: panic", args.map(String::from).into_iter(), &get);
        assert!(
            !text.split("last actions").next().expect("a head").contains("hush"),
            "{text}"
        );
        for wanted in [
            "version: ple ",
            "TERM: xterm",
            "set-tau",
            "train a.toml",
            "generation.max_new_tokens=48",
            "http://[hidden]@127.0.0.1:5000/get_reward?[hidden]",
        ] {
            assert!(text.contains(wanted), "{wanted} in\n{text}");
        }
    }
}
