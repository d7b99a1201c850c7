//! Inside a response: policy and reference asked about each token of a pair, while training runs or of a stored run.

use std::path::{Path, PathBuf};

use super::diagnose::look;
use super::effect::put_checkpoint;
use super::setup::{load_policy, model_path, policy_prompter, whole_path};
use super::trainer::Trainer;
use super::{Event, Inside, InsideToken, PairRecord};
use crate::config::Experiment;
use crate::device::{DeviceChoice, choose};
use crate::model::Model;
use crate::prompt::Prompter;
use crate::run::{Checkpoint, Reader};

/// What both models say of a pair's y and y' given x.
fn tokens(pair: &PairRecord, policy: &Model, reference: Option<&Model>, prompter: &Prompter) -> [Vec<InsideToken>; 2] {
    let sides = [&pair.original_ids, &pair.guided_ids];
    let rows: Vec<(&[u32], &[u32])> = sides
        .iter()
        .filter(|y| !y.is_empty())
        .map(|y| (&pair.prompt_ids[..], &y[..]))
        .collect();
    let of_policy = look(policy, &rows, 1.0);
    let of_reference = reference.map(|reference| look(reference, &rows, 1.0));
    let mut row = 0;
    sides.map(|y| {
        if y.is_empty() {
            return Vec::new();
        }
        let i = row;
        row += 1;
        let token = |(j, id): (usize, &u32)| InsideToken {
            id: *id,
            shown: prompter.token(*id),
            policy: of_policy[i].log_pi[j],
            reference: of_reference.as_ref().map(|rows| rows[i].log_pi[j]),
        };
        y.iter().enumerate().map(token).collect()
    })
}

/// The pair of a step's pairs, with its token ids.
fn find(pairs: Vec<PairRecord>, step: u32, index: u32) -> Result<PairRecord, String> {
    let found = pairs.into_iter().find(|pair| pair.index == index);
    let pair = found.ok_or_else(|| format!("step {step} has no pair {index} any more"))?;
    match pair.prompt_ids.is_empty() || pair.original_ids.is_empty() {
        true => Err("the store has no token ids of this pair".into()),
        false => Ok(pair),
    }
}

impl Trainer {
    /// Answers [`super::Command::LookInside`] with the policy as it is now. Nothing random, nothing changed.
    pub(super) fn look_inside(&mut self, step: u32, index: u32) {
        let pair = self.store.pairs_between(step, step + 1).map_err(|e| e.to_string());
        let found = pair.and_then(|pairs| find(pairs, step, index)).map(|pair| {
            let setup = &self.setup;
            tokens(&pair, &setup.policy, self.reference.as_ref(), &setup.prompter)
        });
        self.control.send(Event::Inside(Inside {
            step,
            index,
            policy_steps: self.next_step(),
            found,
        }));
    }
}

/// Looks inside the responses of a stored run, by the policy of its newest checkpoint. The models are read at the first
/// question, and the newest checkpoint again whenever there is a newer one.
pub struct Insider {
    folder: PathBuf,
    device: DeviceChoice,
    models: Option<Models>,
}

struct Models {
    /// As the experiment begins with it.
    start: Model,
    reference: Option<Model>,
    prompter: Prompter,
    policy: Model,
    /// Steps done by the policy.
    steps: u32,
}

impl Insider {
    /// Of the run in a folder; nothing is read yet.
    pub fn new(folder: &Path, device: DeviceChoice) -> Self {
        Self {
            folder: folder.to_path_buf(),
            device,
            models: None,
        }
    }

    /// What policy and reference think of a pair.
    pub fn look(&mut self, step: u32, index: u32) -> Inside {
        let mut policy_steps = 0;
        let found = self.tokens(step, index, &mut policy_steps);
        Inside {
            step,
            index,
            policy_steps,
            found,
        }
    }

    fn tokens(&mut self, step: u32, index: u32, steps: &mut u32) -> Result<[Vec<InsideToken>; 2], String> {
        let said = |e: crate::run::StoreError| e.to_string();
        let reader = Reader::open(&self.folder).map_err(said)?;
        let pair = find(reader.pairs_between(step, step + 1).map_err(said)?, step, index)?;
        if self.models.is_none() {
            self.models = Some(Models::read(&reader, self.device)?);
        }
        let Some(models) = &mut self.models else {
            return Err("the models could not be kept".into());
        };
        let newest = reader.checkpoint_steps().map_err(said)?.into_iter().max();
        if newest != Some(models.steps) {
            models.take_newest(&reader)?;
        }
        *steps = models.steps;
        Ok(tokens(
            &pair,
            &models.policy,
            models.reference.as_ref(),
            &models.prompter,
        ))
    }
}

impl Models {
    fn read(reader: &Reader, device: DeviceChoice) -> Result<Self, String> {
        let started = reader.started().map_err(|e| e.to_string())?;
        let Some(experiment) = started.experiment.align() else {
            return Err("this run trains a model on rows; it samples nothing".into());
        };
        let mut experiment: Experiment = experiment.clone();
        let policy = &mut experiment.policy;
        policy.model = model_path(&policy.model, None).map_err(|e| e.to_string())?;
        if let Some(adapter) = &mut policy.adapter {
            *adapter = whole_path(adapter, None).map_err(|e| e.to_string())?;
        }
        let device = choose(device).map_err(|e| e.to_string())?.device;
        let (mut start, ..) = load_policy(&mut experiment, &device).map_err(|e| e.to_string())?;
        // Whatever else a method keeps is no part of what the policy says.
        start.score = None;
        let mut models = Self {
            policy: start.clone(),
            reference: None,
            prompter: policy_prompter(&experiment).map_err(|e| e.to_string())?,
            start,
            steps: 0,
        };
        // Without a supervised stage the method begins with the policy as it was loaded.
        models.reference = match reader.checkpoint_at(0) {
            Ok(Some(first)) => Some(models.at(&first)),
            _ if experiment.sft.steps == 0 => Some(models.start.clone()),
            _ => None,
        };
        models.take_newest(reader)?;
        Ok(models)
    }

    fn at(&self, checkpoint: &Checkpoint) -> Model {
        let mut policy = self.start.clone();
        put_checkpoint(&mut policy, checkpoint);
        policy
    }

    fn take_newest(&mut self, reader: &Reader) -> Result<(), String> {
        let (checkpoint, _) = reader.latest_checkpoint().map_err(|e| e.to_string())?;
        let checkpoint = checkpoint.ok_or("the run has no checkpoint yet, so there is no policy of it to ask")?;
        self.policy = self.at(&checkpoint);
        self.steps = checkpoint.step;
        Ok(())
    }
}
