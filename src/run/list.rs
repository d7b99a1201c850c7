//! The runs of a folder, and finding one by its name.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::{At, Result, StoreError};
use super::schema::{self, DATABASE_FILE};
use super::{lock, rows};
use crate::config::{MethodName, Plan};
use crate::train::Event;

/// One run of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunSummary {
    pub name: String,
    pub path: PathBuf,
    pub title: String,
    /// "hh", "imdb" or "tldr".
    pub task: String,
    /// "ple", "sft", ...
    pub method: String,
    pub steps_done: u32,
    pub steps_planned: u32,
    /// "running", "finished", "stopped" (by a person), "interrupted" (it ended without a word) or "failed".
    pub state: String,
    /// Mean rewards of the newest evaluation; of the newest step where nothing was evaluated.
    pub reward_original: Option<f64>,
    pub reward_guided: Option<f64>,
    /// Of a reward model: the newest accuracy, on held-out rows once there is one.
    pub accuracy: Option<f64>,
}

/// The runs in a folder, by name. What is no run, or cannot be read, is left out; without the folder there are none.
pub fn list_runs(runs: &Path) -> Result<Vec<RunSummary>> {
    let entries = match fs::read_dir(runs) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.at(runs, "list the runs")?,
    };
    let mut found: Vec<RunSummary> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|p| is_run(p))
        .filter_map(|p| summary(&p).ok())
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// The folder of a run: `run` is a path to it, or its name inside `runs`.
pub fn resolve(run: &str, runs: &Path) -> Result<PathBuf> {
    let by_path = PathBuf::from(run);
    if is_run(&by_path) {
        return Ok(by_path);
    }
    let by_name = runs.join(run);
    if !run.is_empty() && is_run(&by_name) {
        return Ok(by_name);
    }
    let names: Vec<String> = list_runs(runs)
        .unwrap_or_default()
        .into_iter()
        .map(|r| r.name)
        .collect();
    let help = match names.len() {
        0 => format!(
            "there are no runs in {} yet: start one with ple train, or name a folder",
            runs.display()
        ),
        1..=8 => format!("the runs in {} are {}", runs.display(), names.join(", ")),
        n => format!("{} has {n} runs: ple runs lists them", runs.display()),
    };
    let found = match [&by_path, &by_name].into_iter().find(|p| p.exists()) {
        Some(there) => format!("{} has no {DATABASE_FILE}", there.display()),
        None => format!("there is neither {} nor {}", by_path.display(), by_name.display()),
    };
    Err(StoreError::NotARun {
        path: by_path,
        found,
        help,
    })
}

fn is_run(dir: &Path) -> bool {
    dir.join(DATABASE_FILE).is_file()
}

/// The run in a folder, as a list of runs has it.
pub fn summary(dir: &Path) -> Result<RunSummary> {
    let path = dir.join(DATABASE_FILE);
    let conn = schema::open_reader(dir)?;
    let started = schema::read_started(&conn, dir)?;
    let count = |sql| {
        conn.query_row(sql, [], |row| row.get::<_, u32>(0))
            .at(&path, "read the run")
    };
    let one = |sql| Ok(rows::read_events(&conn, &path, sql, [])?.pop());
    let (method, steps_done, steps_planned) = match &started.experiment {
        Plan::Align(e) => {
            let done = count("SELECT coalesce(max(step) + 1, 0) FROM steps")?;
            let supervised = count("SELECT count(*) FROM events WHERE kind = 'sft'")?;
            // The method SFT was the supervised stage alone, before it had steps of its own.
            match e.method.name {
                MethodName::Sft if done == 0 && supervised > 0 => ("sft".into(), supervised, e.sft.steps),
                name => (word(&name), done, e.method.steps),
            }
        }
        Plan::Fit(e) => {
            let done = count("SELECT count(*) FROM events WHERE kind = 'fit'")?;
            (word(&e.method.name), done, e.method.steps)
        }
    };
    let end = one("SELECT record, exact FROM events WHERE kind IN ('done', 'failed') ORDER BY seq DESC LIMIT 1")?;
    let state = match end {
        _ if lock::is_held(dir) => "running",
        Some(Event::Done(done)) if done.reason == "finished" => "finished",
        Some(Event::Done(_)) => "stopped",
        Some(_) => "failed",
        None => "interrupted",
    };
    let evaluation =
        one("SELECT record, exact FROM events WHERE kind = 'evaluation' ORDER BY step DESC, seq DESC LIMIT 1")?;
    let fitted = one("SELECT record, exact FROM events WHERE kind = 'fit_evaluation' ORDER BY seq DESC LIMIT 1")?;
    let rewards = match evaluation {
        Some(Event::Evaluation(e)) => Some((e.reward_original, e.reward_guided)),
        _ => rows::read_steps(&conn, &path, "DESC LIMIT 1")?
            .pop()
            .map(|s| (s.reward_original, s.reward_guided)),
    };
    Ok(RunSummary {
        task: started.experiment.task().name().to_string(),
        method,
        name: started.run,
        path: dir.to_path_buf(),
        title: started.experiment.title().to_string(),
        steps_done,
        steps_planned,
        state: state.to_string(),
        reward_original: rewards.map(|r| r.0),
        reward_guided: rewards.map(|r| r.1),
        accuracy: match fitted {
            Some(Event::FitEvaluation(e)) => e.quality.map(|q| q.accuracy),
            _ => None,
        },
    })
}

/// The word an experiment file has for a value.
pub(crate) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
