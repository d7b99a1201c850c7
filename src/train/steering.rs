//! Who does something to a run, what they did, and the commands that other processes send.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, unbounded};
use serde::{Deserialize, Serialize};

use super::Command;
use crate::config::Principles;
use crate::run::SteeringFile;

/// How often the commands of other processes are looked for.
const LOOK: Duration = Duration::from_millis(100);

/// The way something was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// By hand, in a workbench.
    #[default]
    Workbench,
    /// By hand, from the command line.
    Cli,
    /// By the experiment's schedule.
    Schedule,
}

impl Via {
    pub const ALL: [Via; 3] = [Via::Workbench, Via::Cli, Via::Schedule];

    pub fn word(self) -> &'static str {
        match self {
            Via::Workbench => "workbench",
            Via::Cli => "cli",
            Via::Schedule => "schedule",
        }
    }
}

/// Who asked for something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub via: Via,
    pub pid: u32,
    pub user: String,
    pub host: String,
}

impl Actor {
    /// This process.
    pub fn here(via: Via) -> Self {
        static WHO: OnceLock<(String, String)> = OnceLock::new();
        let (user, host) = WHO.get_or_init(|| (user(), host())).clone();
        let pid = std::process::id();
        Self { via, pid, user, host }
    }

    /// The same process, whatever it was asked through.
    pub fn is_same_process(&self, other: &Self) -> bool {
        (self.pid, &self.host) == (other.pid, &other.host)
    }

    /// "ana@box, pid 1234"; a schedule has no process of its own.
    pub fn words(&self) -> String {
        match self.via {
            Via::Schedule => "the schedule".into(),
            Via::Workbench | Via::Cli => format!("{}@{}, pid {}", self.user, self.host, self.pid),
        }
    }
}

fn user() -> String {
    user_of(&|name| std::env::var(name).ok(), &|option| {
        let out = std::process::Command::new("id").arg(option).output().ok()?;
        // Where the user has no name, `id -un` fails and writes the number.
        out.status.success().then(|| String::from_utf8(out.stdout).ok())?
    })
}

/// What the environment calls the user, else what the system's list of users does (`id -un`, which also knows those of a
/// directory service), else their number: in a container a user often has no name.
fn user_of(variable: &dyn Fn(&str) -> Option<String>, id: &dyn Fn(&str) -> Option<String>) -> String {
    let some = |text: Option<String>| text.map(|t| t.trim().to_string()).filter(|t| !t.is_empty());
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| some(variable(name)))
        .or_else(|| some(id("-un")))
        .or_else(|| some(id("-u")).map(|number| format!("uid {number}")))
        .unwrap_or_else(|| "unknown".into())
}

/// A number as a person would write it: six significant digits at most, and no more of them than it has. 0.1 + 0.2 is "0.3".
pub fn plain(value: f64) -> String {
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    match rounded.abs() {
        0.0 => "0".into(),
        size if size.is_finite() && !(1e-4..1e7).contains(&size) => format!("{rounded:e}"),
        _ => rounded.to_string(),
    }
}

fn host() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let asked = || {
        let out = std::process::Command::new("hostname").output().ok()?;
        String::from_utf8(out.stdout).ok()
    };
    kernel
        .or_else(asked)
        .map(|name| name.trim().to_string())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".into())
}

/// A line of the audit log: something that was done to the training of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Milliseconds since the beginning of 1970, UTC.
    pub at: i64,
    /// The step that came next.
    pub step: u32,
    #[serde(flatten)]
    pub by: Actor,
    /// "tau", "principles", "pause", ...
    pub action: String,
    pub old: Option<String>,
    pub new: Option<String>,
    /// Why it was not done.
    pub refused: Option<String>,
}

impl LogEntry {
    /// Done now, before `step`.
    pub fn now(step: u32, by: &Actor, action: &str) -> Self {
        Self {
            at: now(),
            step,
            by: by.clone(),
            action: action.into(),
            old: None,
            new: None,
            refused: None,
        }
    }

    /// When it was: "2026-05-14 10:03:07" UTC.
    pub fn time(&self) -> String {
        chrono::DateTime::from_timestamp_millis(self.at)
            .map(|t| t.format("%Y-%m-%d %H:%M:%S").to_string())
            .unwrap_or_default()
    }

    /// "tau 0.131 -> 0.05", "pause", "principles v1 -> v2: concise on".
    pub fn what(&self) -> String {
        // Kept bit for bit; shown as a person would write it.
        let shown = |text: &str| match (self.action.as_str(), text.parse()) {
            ("tau" | "decay" | "learning-rate", Ok(number)) => plain(number),
            _ => text.to_string(),
        };
        let change = match (&self.old, &self.new) {
            (Some(old), Some(new)) => format!(" {} -> {}", shown(old), shown(new)),
            (None, Some(new)) => format!(" {}", shown(new)),
            _ => String::new(),
        };
        let refused = self.refused.as_ref().map(|why| format!(" (not done: {why})"));
        format!("{}{change}{}", self.action, refused.unwrap_or_default())
    }
}

/// Milliseconds since the beginning of 1970, UTC.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as i64
}

/// The word of a command in the log; `None` where it does nothing to the training.
pub fn action(command: &Command) -> Option<&'static str> {
    Some(match command {
        Command::Pause => "pause",
        Command::Continue => "continue",
        Command::StepOnce => "step",
        Command::SetTau(_) => "tau",
        Command::SetDecay(_) => "decay",
        Command::SetLearningRate(_) => "learning-rate",
        Command::SetPrinciples(_) => "principles",
        Command::Checkpoint => "checkpoint",
        Command::Stop => "stop",
        Command::Abandon => "abandon",
        Command::MeasureEffect { .. } => "measure",
        Command::CancelEffect => "cancel-measure",
        Command::Changed(_) => "settings",
        Command::Steer { taken: true } => "steering taken",
        Command::Steer { taken: false } => "steering given up",
        Command::Ask { .. } | Command::LookInside { .. } => return None,
    })
}

/// What differs between two sets of principles, in a few words: "concise on; text of kind; without honest".
pub fn difference(old: &Principles, new: &Principles) -> String {
    let mut parts = Vec::new();
    let find = |set: &Principles, name: &str| set.entries.iter().find(|e| e.name == name).cloned();
    for entry in &new.entries {
        match find(old, &entry.name) {
            None => parts.push(format!("with {}", entry.name)),
            Some(before) => {
                if before.on != entry.on {
                    parts.push(format!("{} {}", entry.name, if entry.on { "on" } else { "off" }));
                }
                if before.text != entry.text {
                    parts.push(format!("text of {}", entry.name));
                }
            }
        }
    }
    let gone = old.entries.iter().filter(|e| find(new, &e.name).is_none());
    parts.extend(gone.map(|e| format!("without {}", e.name)));
    let order = |set: &Principles| set.entries.iter().map(|e| e.name.clone()).collect::<Vec<_>>();
    if parts.is_empty() && order(old) != order(new) {
        parts.push("their order".into());
    }
    if old.preamble != new.preamble {
        parts.push("the preamble".into());
    }
    if old.numbered != new.numbered {
        parts.push("the numbering".into());
    }
    parts.join("; ")
}

/// A command, and who gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    pub command: Command,
    pub by: Actor,
}

/// The commands of other processes, as they come.
pub struct Remote {
    pub given: Receiver<Given>,
    /// Another process steers this run now.
    steered: Arc<AtomicBool>,
    /// The thread that looks for them ends when this is gone.
    _alive: Arc<()>,
}

impl Remote {
    /// Looks into the folder of a run from a thread of its own. What was asked of an earlier trainer is forgotten.
    pub fn listen(dir: &Path) -> Self {
        let (send, given) = unbounded();
        let steered = Arc::new(AtomicBool::new(false));
        let alive = Arc::new(());
        let (watched, said, dir) = (Arc::downgrade(&alive), Arc::clone(&steered), dir.to_path_buf());
        let mut file = SteeringFile::open(&dir).ok().flatten();
        if let Some(file) = &mut file {
            // Nobody is there to be told why it cannot be read; it is tried again.
            let _ = file.forget();
        }
        std::thread::spawn(move || {
            let here = Actor::here(Via::Workbench);
            while watched.strong_count() > 0 {
                std::thread::sleep(LOOK);
                if file.is_none() {
                    file = SteeringFile::open(&dir).ok().flatten();
                }
                let Some(file) = &mut file else { continue };
                let other = file
                    .holder()
                    .ok()
                    .flatten()
                    .filter(|h| h.is_fresh() && !h.who.is_same_process(&here));
                said.store(other.is_some(), Ordering::Relaxed);
                for command in file.take_commands().unwrap_or_default() {
                    if send.send(command).is_err() {
                        return;
                    }
                }
            }
        });
        Self {
            given,
            steered,
            _alive: alive,
        }
    }

    /// Somebody in another process could answer an alarm.
    pub fn is_steered(&self) -> bool {
        self.steered.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Principle;

    #[test]
    fn what_differs_is_said_in_a_few_words() {
        let entry = |name: &str, on, text: &str| Principle {
            name: name.into(),
            text: text.into(),
            on,
            tags: vec![],
        };
        let set = |entries: Vec<Principle>| Principles {
            entries,
            ..Principles::default()
        };
        let old = set(vec![
            entry("kind", true, "a"),
            entry("honest", true, "b"),
            entry("brief", false, "c"),
        ]);
        let new = set(vec![
            entry("kind", true, "A"),
            entry("brief", true, "c"),
            entry("new", true, "d"),
        ]);
        assert_eq!(
            difference(&old, &new),
            "text of kind; brief on; with new; without honest"
        );
        let mut turned = old.clone();
        turned.entries.reverse();
        assert_eq!(difference(&old, &turned), "their order");
        assert_eq!(difference(&old, &old), "");
    }

    #[test]
    fn numbers_have_the_digits_that_say_something() {
        let said = [
            0.2 * 0.9 * 0.9 * 0.9,
            0.1 + 0.2,
            1e-5,
            0.0005,
            -1.25,
            0.0,
            1520.0,
            f64::NAN,
        ];
        let said: Vec<String> = said.into_iter().map(plain).collect();
        assert_eq!(said, ["0.1458", "0.3", "1e-5", "0.0005", "-1.25", "0", "1520", "NaN"]);
    }

    #[test]
    fn a_user_without_a_name_is_a_number() {
        let none = |_: &str| None;
        let named = |wanted: &'static str| move |name: &str| (name == wanted).then(|| "ana".to_string());
        let lists = |option: &str| (option == "-un").then(|| "bo\n".to_string());
        let counts = |option: &str| (option == "-u").then(|| "1000\n".to_string());
        assert_eq!(user_of(&named("USER"), &lists), "ana");
        assert_eq!(user_of(&named("LOGNAME"), &lists), "ana");
        assert_eq!(user_of(&none, &lists), "bo");
        assert_eq!(user_of(&|_| Some(" ".into()), &counts), "uid 1000");
        assert_eq!(user_of(&none, &none), "unknown");
    }

    #[test]
    fn a_line_of_the_log_says_when_and_what() {
        let mut entry = LogEntry::now(3, &Actor::here(Via::Cli), "tau");
        entry.at = 1_778_752_987_000;
        (entry.old, entry.new) = (Some("0.2".into()), Some("0.1".into()));
        assert_eq!(
            (entry.time(), entry.what()),
            ("2026-05-14 10:03:07".into(), "tau 0.2 -> 0.1".into())
        );
        entry.refused = Some("it is too long".into());
        assert_eq!(entry.what(), "tau 0.2 -> 0.1 (not done: it is too long)");
        entry.old = Some((0.2f64 * 0.9 * 0.9 * 0.9).to_string());
        assert_eq!(entry.what(), "tau 0.1458 -> 0.1 (not done: it is too long)");
        let json = serde_json::to_string(&entry).unwrap();
        assert!(json.contains("\"via\":\"cli\"") && json.contains("\"pid\":"), "{json}");
        assert_eq!(serde_json::from_str::<LogEntry>(&json).unwrap(), entry);
    }
}
