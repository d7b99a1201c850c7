//! An experiment as the user named it: found, read, and checked as far as that needs no model.

use std::path::Path;

use super::paths::{principles_source, settle};
use super::{Prepared, Setup, SetupError, prepare};
use crate::assets;
use crate::config::{
    ConfigError, Experiment, Plan, Principles, Source, check_schedule_names, find_file, load_plan, parse_principles,
};
use crate::device::DeviceChoice;
use crate::train::fit;

/// An experiment as the user named it.
#[derive(Clone, Debug)]
pub struct Request {
    pub source: Source,
    pub sets: Vec<String>,
    pub device: DeviceChoice,
}

impl Request {
    /// The experiment at a path. A bundled one is found by its path in the repository from anywhere.
    pub fn at(path: &Path, sets: Vec<String>, device: DeviceChoice) -> Result<Self, ConfigError> {
        let bundled = assets::EXPERIMENTS.iter().find(|(name, _)| Path::new(name) == path);
        let source = match bundled {
            Some((name, text)) if !path.exists() => Source {
                path: None,
                name: (*name).into(),
                text: (*text).into(),
            },
            _ => Source::read(path)?,
        };
        Ok(Self { source, sets, device })
    }

    /// The same by a name that stands in a file: looked for from that file's folder upwards, and among the bundled ones.
    pub fn near(name: &str, near: Option<&Path>, device: DeviceChoice) -> Result<Self, ConfigError> {
        match find_file(name, near) {
            Ok(path) => Self::at(&path, Vec::new(), device),
            Err(error) => {
                let bundled = assets::EXPERIMENTS.iter().any(|(path, _)| *path == name);
                let found = bundled.then(|| Self::at(Path::new(name), Vec::new(), device));
                found.unwrap_or(Err(error))
            }
        }
    }

    /// The experiment and its principles as a run of it would be stored, without loading a model. What an adapter's own file
    /// says of `policy.lora` is not looked at.
    pub fn settled(&self) -> Result<(Experiment, Principles), SetupError> {
        let mut experiment = self.experiment()?;
        let principles = self.principles_of(&experiment)?;
        settle(&mut experiment, self.source.path.as_deref())?;
        Ok((experiment, principles))
    }

    pub(in crate::train) fn principles_of(&self, experiment: &Experiment) -> Result<Principles, ConfigError> {
        let source = principles_source(&experiment.principles.file, self.source.path.as_deref())
            .map_err(|e| e.at_key(&self.source, &self.sets, "principles.file"))?;
        parse_principles(&source)
    }

    /// Loads and checks everything.
    pub fn prepare(&self) -> Result<Prepared, SetupError> {
        match load_plan(&self.source, &self.sets)? {
            Plan::Align(_) => Ok(Prepared::Align(Box::new(self.prepare_policy()?))),
            Plan::Fit(experiment) => {
                let setup = fit::prepare(*experiment, self.source.path.as_deref(), self.device, None)?;
                Ok(Prepared::Fit(Box::new(setup)))
            }
        }
    }

    /// Loads and checks everything of a run that aligns a policy.
    pub fn prepare_policy(&self) -> Result<Setup, SetupError> {
        let experiment = self.experiment()?;
        let near = self.source.path.as_deref();
        let principles = self.principles_of(&experiment)?;
        let scheduled = self.scheduled(&experiment, &principles)?;
        let mut setup = prepare(experiment, principles, near, self.device)?;
        setup.schedule_principles(scheduled)?;
        Ok(setup)
    }

    /// The principles that the schedule names by their files, one an entry; checks the names that it switches too.
    pub(in crate::train) fn scheduled(
        &self,
        experiment: &Experiment,
        principles: &Principles,
    ) -> Result<Vec<Option<Principles>>, ConfigError> {
        let near = self.source.path.as_deref();
        let mut files = Vec::new();
        for entry in &experiment.schedule {
            files.push(match &entry.principles {
                None => None,
                Some(name) => {
                    let found = principles_source(name, near).and_then(|source| parse_principles(&source));
                    Some(found.map_err(|e| e.at_key(&self.source, &self.sets, "schedule"))?)
                }
            });
        }
        check_schedule_names(&self.source, &self.sets, experiment, principles, &files)?;
        Ok(files)
    }

    /// The experiment with its settings, nothing loaded.
    pub(in crate::train) fn experiment(&self) -> Result<Experiment, ConfigError> {
        match load_plan(&self.source, &self.sets)? {
            Plan::Align(experiment) => Ok(*experiment),
            Plan::Fit(_) => Err(ConfigError::about_key(
                &self.source,
                &self.sets,
                "method.name",
                "trains a model on rows; only a policy is guided by principles",
            )),
        }
    }
}
