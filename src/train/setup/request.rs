//! An experiment as the user named it: found, read, and checked as far as that needs no model.

use std::path::Path;

use super::paths::{principles_source, settle};
use super::{Prepared, Setup, SetupError, prepare};
use crate::assets;
use crate::config::{
    ConfigError, Experiment, Plan, Principles, Source, check_schedule_names, find_file, load_plan, near_name,
    parse_principles, unusual,
};
use crate::device::DeviceChoice;
use crate::model::HubName;
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
            _ => Source::read(path).map_err(|error| match Self::offer(path) {
                Some(offer) => error.with_hint(&offer),
                None => error,
            })?,
        };
        Ok(Self { source, sets, device })
    }

    /// What may have been meant by a bare name of no file: experiments lie in a folder of their own.
    fn offer(path: &Path) -> Option<String> {
        if path.exists() || path.parent().is_some_and(|folder| !folder.as_os_str().is_empty()) {
            return None;
        }
        let names = assets::EXPERIMENTS.iter().map(|(name, _)| *name);
        let last = |name: &'static str| name.rsplit('/').next().unwrap_or(name);
        let near = near_name(&path.display().to_string(), names.clone().map(last));
        Some(
            match near.and_then(|near| names.clone().find(|name| last(name) == near)) {
                Some(meant) => format!("did you mean '{meant}'?"),
                None => {
                    let first: Vec<&str> = names.take(3).collect();
                    format!("there are {} and others in experiments", first.join(", "))
                }
            },
        )
    }

    /// What is unusual about the settings, with the line or the `--set` of each. None where they cannot be read.
    pub fn warnings(&self) -> Vec<String> {
        let Ok(plan) = load_plan(&self.source, &self.sets) else {
            return Vec::new();
        };
        let told = unusual(&plan).into_iter();
        told.map(|(key, message)| ConfigError::about_key(&self.source, &self.sets, key, &message).to_string())
            .collect()
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
        settle(&mut experiment, self.source.path.as_deref()).map_err(|e| self.located(e.into()))?;
        Ok((experiment, principles))
    }

    pub(in crate::train) fn principles_of(&self, experiment: &Experiment) -> Result<Principles, ConfigError> {
        let source = principles_source(&experiment.principles.file, self.source.path.as_deref())
            .map_err(|e| e.at_key(&self.source, &self.sets, "principles.file"))?;
        parse_principles(&source)
    }

    /// Preparing it may fetch a model from the hub, which is told on standard error. Whether a name is one of the hub's or of
    /// a folder beside the experiment is not looked into: in doubt it may.
    pub fn may_fetch(&self) -> Result<bool, ConfigError> {
        let of_hub = |name: &str| HubName::parse(name).is_some() && !Path::new(name).exists();
        Ok(match load_plan(&self.source, &self.sets)? {
            Plan::Align(e) => of_hub(&e.policy.model) || e.reward.model.as_deref().is_some_and(of_hub),
            Plan::Fit(_) => true,
        })
    }

    /// Loads and checks everything.
    pub fn prepare(&self) -> Result<Prepared, SetupError> {
        match load_plan(&self.source, &self.sets)? {
            Plan::Align(_) => Ok(Prepared::Align(Box::new(self.prepare_policy()?))),
            Plan::Fit(experiment) => {
                let setup = fit::prepare(*experiment, self.source.path.as_deref(), self.device, None)
                    .map_err(|error| self.located(error))?;
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
        let prepared = prepare(experiment, principles, near, self.device).and_then(|mut setup| {
            setup.schedule_principles(scheduled)?;
            Ok(setup)
        });
        prepared.map_err(|error| self.located(error))
    }

    /// What shows only after the file was read, seen from the line of the key that it is about.
    fn located(&self, error: SetupError) -> SetupError {
        match ConfigError::located(&self.source, &self.sets, &error.to_string()) {
            Some(found) => SetupError::Config(found),
            None => error,
        }
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
