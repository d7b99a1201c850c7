//! What the tests of the real binary share: the binary itself, a folder that is thrown away, and what a run left in it.

// Every test file is a crate of its own and uses a part of this.
#![allow(dead_code)]

pub mod process;
#[cfg(unix)]
pub mod pty;
pub mod record;
pub mod refusal;
pub mod rewards;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use process::Ended;
use tempfile::TempDir;

/// Long enough for a machine that is busy with other things. Nothing here asserts how long anything took.
pub const PATIENCE: Duration = Duration::from_secs(90);

pub const IMDB: &str = "experiments/imdb.toml";

/// Makes any experiment a matter of a second.
pub const TINY: [&str; 9] = [
    "method.steps=3",
    "method.queries_per_step=4",
    "method.minibatch=4",
    "sft.steps=1",
    "sft.batch=4",
    "generation.max_new_tokens=12",
    "eval.queries=4",
    "eval.every=2",
    "checkpoint.every=2",
];

/// The repository, whose paths the bundled experiments are named by.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder of the test's own, with the runs in `runs/`, which does not exist before the first of them.
pub struct Lab {
    folder: TempDir,
}

impl Lab {
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a temporary folder"),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn runs(&self) -> PathBuf {
        self.path().join("runs")
    }

    pub fn run(&self, name: &str) -> PathBuf {
        self.runs().join(name)
    }

    /// Writes a file and returns its path.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> String {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, contents).expect("a file");
        path.to_str().expect("a path of letters").to_string()
    }

    /// `ple ARGS --runs RUNS` in the repository.
    pub fn ple<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ple"));
        command.args(args).arg("--runs").arg(self.runs());
        command.current_dir(repository());
        command.env_remove("RAYON_NUM_THREADS");
        for (name, value) in self.own_places() {
            command.env(name, value);
        }
        command
    }

    /// Settings and memory of the lab's own, whoever runs the tests.
    pub fn own_places(&self) -> [(&'static str, PathBuf); 3] {
        [
            ("HOME", self.path().join("home")),
            ("XDG_CONFIG_HOME", self.path().join("config")),
            ("XDG_STATE_HOME", self.path().join("state")),
        ]
    }

    /// Writes the settings file; returns its path.
    pub fn settings(&self, text: &str) -> String {
        self.write("config/ple/config.toml", text)
    }

    /// The reports of panics.
    pub fn reports(&self) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(self.path().join("state/ple/reports")) else {
            return Vec::new();
        };
        folder
            .map(|entry| std::fs::read_to_string(entry.expect("an entry").path()).expect("a report"))
            .collect()
    }

    /// `ple train EXPERIMENT`, tiny, with more settings. The last one wins.
    pub fn train(&self, experiment: &str, sets: &[&str]) -> Command {
        let mut command = self.ple(["train", experiment]);
        set(&mut command, &TINY);
        set(&mut command, sets);
        command
    }

    /// The list of runs, as `ple runs --json` has it.
    pub fn list(&self) -> Vec<serde_json::Value> {
        let listed = Ended::of(&mut self.ple(["runs", "--json"]));
        assert_eq!(listed.code, Some(0), "{listed:?}");
        listed.events()
    }

    /// The state of a run in that list.
    pub fn state(&self, name: &str) -> String {
        let run = self.list().into_iter().find(|r| r["name"] == name);
        run.unwrap_or_else(|| panic!("no run {name}"))["state"]
            .as_str()
            .expect("a state")
            .to_string()
    }

    /// A reward model whose every score is NaN: the bundled one with another head.
    pub fn broken_reward(&self) -> String {
        let assets = repository().join("assets");
        let read = |name: &str| std::fs::read(assets.join(name)).expect("a bundled model");
        self.write("nan/config.json", read("imdb-sentiment/config.json"));
        self.write("nan/tokenizer.json", read("tiny/tokenizer.json"));
        let weights = read("imdb-sentiment/model.safetensors");
        let tensors = safetensors::SafeTensors::deserialize(&weights).expect("tensors");
        let mut views = tensors.tensors();
        let (_, head) = views
            .iter_mut()
            .find(|(name, _)| name == "score.weight")
            .expect("a head");
        assert_eq!(head.dtype(), safetensors::Dtype::F16);
        // Weights that are not numbers are refused; such as overflow to both sides make scores that are none.
        let huge = f32::MAX.to_le_bytes().repeat(head.data().len() / 2);
        let dtype = safetensors::Dtype::F32;
        *head = safetensors::tensor::TensorView::new(dtype, head.shape().to_vec(), &huge).expect("a head");
        self.write(
            "nan/model.safetensors",
            safetensors::serialize(views, None).expect("tensors"),
        );
        self.path().join("nan").to_str().expect("a path of letters").to_string()
    }
}

/// Appends `--set` for each.
pub fn set(command: &mut Command, sets: &[&str]) {
    for value in sets {
        command.args(["--set", value]);
    }
}

/// Looks until something is there.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal by its name without SIG. The shell's own `kill` is on every Unix.
pub fn signal(pid: u32, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status();
    assert!(sent.expect("a shell").success(), "could not send {name}");
}
