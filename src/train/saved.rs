//! Checkpoints: what of a trainer is written down, and how another one takes it up.

use super::optimizer::values;
use super::replay::Member;
use super::trainer::{TrainError, Trainer, stage_optimizer};
use super::{Branch, Event, Mark, Origin};
use crate::run::{Checkpoint, Reader, StoreError};

impl Trainer {
    /// Writes a checkpoint.
    pub(super) fn checkpoint(&mut self) -> Result<(), TrainError> {
        let (mut tensors, optimizer_step) = self.optimizer.save();
        let trained = self.setup.trained.clone();
        self.setup.policy.for_each_mut(&mut |name, p| {
            if trained.contains(name) {
                tensors.insert(name.to_string(), values(p));
            }
        });
        let checkpoint = Checkpoint {
            step: self.step,
            sft_done: self.sft_done,
            tau: self.tau,
            decay: self.decay,
            learning_rate: self.learning_rate,
            principles: self.principles.version,
            query_position: u64::from(self.step) * self.setup.experiment.method.queries_per_step as u64,
            random_state: format!("seed {}, streams by purpose and step", self.setup.experiment.seed),
            optimizer_step,
            tensors,
        };
        let path = self.store.save_checkpoint(&checkpoint)?;
        self.control.send(Event::Checkpoint {
            step: self.step,
            path: path.display().to_string(),
        });
        Ok(())
    }

    /// Goes on from a checkpoint: everything after it is forgotten, but for the changes made by hand.
    pub(super) fn take_up(&mut self, checkpoint: Checkpoint) -> Result<(), TrainError> {
        self.store.rewind(checkpoint.step, checkpoint.sft_done)?;
        let device = self.setup.device.clone();
        self.take_up_reference(&checkpoint)?;
        super::effect::checkpoint_policy(&mut self.setup, &checkpoint);
        self.optimizer = stage_optimizer(&self.setup, checkpoint.sft_done);
        self.optimizer
            .restore(&checkpoint.tensors, checkpoint.optimizer_step, &device);
        (self.step, self.sft_done) = (checkpoint.step, checkpoint.sft_done);
        (self.tau, self.decay, self.learning_rate) = (checkpoint.tau, checkpoint.decay, checkpoint.learning_rate);
        if let Some(version) = self
            .store
            .principles()?
            .into_iter()
            .find(|v| v.version == checkpoint.principles)
        {
            self.principles = version;
        }
        for step in self.replay.first_needed(self.step)..self.step {
            let pairs = self.store.pairs_between(step, step + 1)?;
            self.replay.add(step, pairs.iter().filter_map(Member::of).collect());
        }
        let steps = Reader::open(self.store.dir())?.steps()?;
        for record in &steps {
            // What rang then is in the store.
            self.watch.step(record, "");
        }
        // A fork that was given another coefficient begins with it.
        let anew = |origin: &Origin| {
            let coefficient = ["method.ppo.kl_coef", "method.ppo.adaptive_kl"];
            coefficient.iter().any(|key| origin.changed(key)) && self.step <= origin.step
        };
        let carries_on = !self.store.started().origin.as_ref().is_some_and(anew);
        let last = steps.last().filter(|_| carries_on);
        let number = |name: &str| last.and_then(|s| s.metrics.get(name)).copied();
        if let Some((coef, kl)) = number("objective/kl_coef").zip(number("objective/kl")) {
            self.kl_coef = coef;
            let used = self.store.pairs_between(self.step.saturating_sub(1), self.step)?;
            self.next_kl_coef(kl, used.iter().filter(|p| p.branch == Branch::Learnt).count());
        }
        self.take_up_schedule()?;
        // A checkpoint at step 0 is older than the first evaluation.
        self.resumed = self.step > 0;
        Ok(())
    }

    /// The reference is what the supervised stage left, whose checkpoint is the one after step 0; without such a stage it is
    /// what the run was set up with. To take the policy as it is now would anchor the run anew.
    fn take_up_reference(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        if checkpoint.step == 0 || self.reference.is_some() {
            return Ok(());
        }
        match self.store.checkpoint_at(0) {
            Ok(Some(first)) => {
                super::effect::checkpoint_policy(&mut self.setup, &first);
                self.keep_reference();
            }
            Ok(None) | Err(StoreError::Checkpoint { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Reports what the store knows of the steps before a resume, for a screen that has seen none of it.
    pub(super) fn tell_the_past(&mut self) -> Result<(), TrainError> {
        for event in Reader::open(self.store.dir())?.poll()? {
            if !matches!(event, Event::Started(_)) {
                self.control.send(event);
            }
        }
        Ok(())
    }

    /// Makes the changes again that were made by hand at this step before an interruption.
    pub(super) fn redo(&mut self) -> Result<(), TrainError> {
        let step = self.step;
        let (now, later): (Vec<Mark>, Vec<Mark>) = self.pending.drain(..).partition(|mark| mark.step <= step);
        self.pending = later;
        for mark in now {
            // It is in the log from the first time.
            self.change_now(mark.command, mark.by)?;
        }
        Ok(())
    }
}
