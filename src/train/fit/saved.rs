//! Checkpoints of a model's own training, and what its run keeps beside them.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::trainer::{Best, FitTrainer};
use super::{MODEL_FOLDER, PRINCIPLES_FILE};
use crate::run::{Checkpoint, Reader};
use crate::train::optimizer::{NamedTensors, tensor, values};
use crate::train::{Event, FitEvaluation, FitSplit, TrainError};

impl FitTrainer {
    /// What the model reached, beside it.
    pub(super) fn report(&self, folder: &std::path::Path, found: &FitEvaluation) -> Result<(), TrainError> {
        let path = folder.join("evaluation.json");
        let json = serde_json::to_string_pretty(found).unwrap_or_default();
        std::fs::write(&path, json + "\n").map_err(|e| TrainError::Stopped(format!("{}: {e}", path.display())))
    }

    /// The tokenizer is learnt once, and the principles are read once: a resumed run must have the same.
    pub(super) fn save_inputs(&self) -> Result<(), TrainError> {
        let write = |path: std::path::PathBuf, text: &str| {
            std::fs::write(&path, text).map_err(|e| TrainError::Stopped(format!("{}: {e}", path.display())))
        };
        let folder = self.store.dir().join(MODEL_FOLDER);
        std::fs::create_dir_all(&folder).map_err(|e| TrainError::Stopped(format!("{}: {e}", folder.display())))?;
        if let Some(principles) = &self.setup.principles {
            write(self.store.dir().join(PRINCIPLES_FILE), principles)?;
        }
        write(folder.join("tokenizer.json"), &self.setup.text.to_json())
    }

    pub(super) fn checkpoint(&mut self) -> Result<(), TrainError> {
        let (mut tensors, optimizer_step) = self.optimizer.save();
        let mut add = |suffix: &str, weights: &BTreeMap<String, Tensor<2>>| {
            for (name, w) in weights {
                tensors.insert(format!("{name}{suffix}"), values(w));
            }
        };
        add("", &self.weights());
        add(".average", &self.average);
        if let Some(best) = &self.best {
            add(".best", &best.weights);
        }
        let path = self.store.save_checkpoint(&Checkpoint {
            step: self.step,
            sft_done: 0,
            tau: 0.0,
            decay: 0.0,
            learning_rate: self.learning_rate,
            principles: 0,
            query_position: u64::from(self.step) * self.setup.experiment.method.batch as u64,
            random_state: format!("seed {}, streams by purpose and row", self.setup.experiment.seed),
            optimizer_step,
            tensors,
        })?;
        self.control.send(Event::Checkpoint {
            step: self.step,
            path: path.display().to_string(),
        });
        Ok(())
    }

    /// Goes on from a checkpoint: everything after it is forgotten, but for the changes made by hand.
    pub(super) fn take_up(&mut self, checkpoint: Checkpoint) -> Result<(), TrainError> {
        self.store.rewind(checkpoint.step, 0)?;
        let device = self.setup.device.clone();
        let named = |suffix: &str, tensors: &NamedTensors| -> BTreeMap<String, Tensor<2>> {
            let name = |key: &String| key.strip_suffix(suffix).map(str::to_string);
            tensors
                .iter()
                .filter_map(|(key, saved)| Some((name(key)?, tensor(saved, &device))))
                .collect()
        };
        let weights = named("", &checkpoint.tensors);
        self.setup.model.for_each_mut(&mut |name, p| {
            if let Some(saved) = weights.get(name) {
                *p = saved.clone();
            }
        });
        self.average = named(".average", &checkpoint.tensors);
        let best = named(".best", &checkpoint.tensors);
        if !best.is_empty() && checkpoint.step > 0 {
            self.best = self.last_best()?.map(|(step, loss)| Best {
                loss,
                step,
                weights: best,
            });
        }
        self.optimizer
            .restore(&checkpoint.tensors, checkpoint.optimizer_step, &device);
        (self.step, self.learning_rate) = (checkpoint.step, checkpoint.learning_rate);
        // A checkpoint at step 0 is older than the first evaluation.
        self.resumed = self.step > 0;
        Ok(())
    }

    /// The newest evaluation that was the best until then: its step and loss.
    fn last_best(&self) -> Result<Option<(u32, f64)>, TrainError> {
        let events = Reader::open(self.store.dir())?.poll()?;
        Ok(events
            .into_iter()
            .filter_map(|event| match event {
                Event::FitEvaluation(e) if e.best && e.split == FitSplit::Validation => Some((e.step, e.loss)),
                _ => None,
            })
            .next_back())
    }
}
