//! How far a run of a suite has come.

use std::path::Path;

use super::plan::Job;
use crate::config::Plan;
use crate::report::settings_of;
use crate::run::{Reader, run_summary};

/// How far a run has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Nothing of it is there.
    New,
    /// It was created and never got as far as its principles: there is nothing to go on from.
    Empty,
    /// It goes on after so many steps.
    Begun { steps_done: u32 },
    /// All steps are done.
    Trained,
    /// And evaluated on as many queries as the suite wants.
    Done,
    /// Another process writes it.
    Busy,
}

impl Standing {
    /// For people.
    pub fn words(&self, steps: u32) -> String {
        match self {
            Standing::New => "to do".into(),
            Standing::Empty => "to do again: it never began".into(),
            Standing::Begun { steps_done } => format!("{steps_done} of {steps} steps done"),
            Standing::Trained => "to be evaluated".into(),
            Standing::Done => "done".into(),
            Standing::Busy => "written by another process".into(),
        }
    }

    /// Looks at the run of a job in its folder. A run of other settings, or something that is no run, is an error that says what
    /// would do.
    pub fn of(job: &Job, folder: &Path, queries: usize) -> Result<Self, String> {
        if !folder.exists() {
            return Ok(Standing::New);
        }
        let store = |error: crate::run::StoreError| error.to_string();
        let reader = Reader::open(folder).map_err(store)?;
        let started = reader.started().map_err(store)?;
        let first = reader.principles().map_err(store)?.into_iter().next();
        let Plan::Align(experiment) = &started.experiment else {
            return Err(format!(
                "{}: trains a model on rows; move it away, or give the suite another folder with --name",
                folder.display()
            ));
        };
        let mut stored = settings_of(experiment, first.as_ref().map(|v| &v.principles));
        let mut wanted = settings_of(&job.experiment, first.as_ref().map(|_| &job.principles));
        stored.insert("seed".into(), experiment.seed.to_string());
        wanted.insert("seed".into(), job.experiment.seed.to_string());
        if job.experiment.policy.adapter.is_some() {
            // The adapter's own file says what it is.
            for settings in [&mut stored, &mut wanted] {
                settings.retain(|key, _| !key.starts_with("policy.lora"));
            }
        }
        if stored != wanted {
            let keys = stored.keys().chain(wanted.keys());
            let mut differing: Vec<&String> = keys.filter(|key| stored.get(*key) != wanted.get(*key)).collect();
            differing.sort();
            differing.dedup();
            let value = |of: Option<&String>| match of {
                Some(text) if text.chars().count() <= 40 => text.clone(),
                Some(text) => text.chars().take(39).chain(['…']).collect(),
                None => "none".to_string(),
            };
            let each: Vec<String> = differing
                .iter()
                .take(4)
                .map(|key| format!("{key} is {}, here {}", value(stored.get(*key)), value(wanted.get(*key))))
                .collect();
            let more = match differing.len().saturating_sub(4) {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            return Err(format!(
                "{}: a run with other settings is there: {}{more}; move it away or delete it, or give the suite another folder \
                 with --name",
                folder.display(),
                each.join(", ")
            ));
        }
        if reader.is_being_written() {
            return Ok(Standing::Busy);
        }
        if first.is_none() {
            return Ok(Standing::Empty);
        }
        let steps_done = reader.steps().map_err(store)?.last().map_or(0, |s| s.step + 1);
        if steps_done < job.steps() || run_summary(folder).map_err(store)?.state != "finished" {
            return Ok(Standing::Begun { steps_done });
        }
        // A file of rows may hold out fewer.
        let enough = |n: usize| n == queries || n < queries && !experiment.data.queries.starts_with("builtin:");
        let evaluations = reader.evaluations().map_err(store)?;
        let evaluated = evaluations
            .last()
            .is_some_and(|e| e.step == steps_done && enough(e.queries));
        Ok(if evaluated { Standing::Done } else { Standing::Trained })
    }
}
