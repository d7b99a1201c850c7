//! The experiment's schedule: what is done between two steps as if by hand, at the steps the file names.

use super::Command;
use super::setup::Setup;
use super::steering::{Actor, Via};
use super::trainer::{TrainError, Trainer};
use crate::config::{Principles, ScheduleEntry};

/// The entries, and how far they are done.
#[derive(Debug, Default)]
pub struct Schedule {
    entries: Vec<ScheduleEntry>,
    /// The principles that entries name by their file, one an entry.
    files: Vec<Option<Principles>>,
    /// The first step whose entries are not done yet.
    next: u32,
}

impl Schedule {
    /// That of an experiment.
    pub fn of(setup: &Setup) -> Self {
        Self {
            entries: setup.experiment.schedule.clone(),
            files: setup.scheduled.clone(),
            next: 0,
        }
    }
}

impl Trainer {
    /// Keeps the principles that the schedule will switch to with the run, since their files may change before a resume; a
    /// run that has them already goes on with those.
    pub(super) fn keep_schedule(&mut self) -> Result<(), TrainError> {
        if self.schedule.files.iter().all(Option::is_none) && !self.resumed {
            return Ok(());
        }
        match self.store.scheduled_principles()? {
            Some(kept) if kept.len() == self.schedule.entries.len() => self.schedule.files = kept,
            _ => self.store.keep_scheduled_principles(&self.schedule.files)?,
        }
        Ok(())
    }

    /// After a checkpoint was taken up: what it has of the schedule is done already.
    pub(super) fn take_up_schedule(&mut self) -> Result<(), TrainError> {
        let has = self.store.marks_within(self.step)?;
        let begun = has.iter().any(|mark| mark.by == Via::Schedule);
        self.schedule.next = self.step + u32::from(begun);
        Ok(())
    }

    /// Does what the schedule has for the step that comes next, once. All changes come before a checkpoint, and that before
    /// a pause, so that each finds the others done.
    pub(super) fn follow_schedule(&mut self) -> Result<(), TrainError> {
        let step = self.next_step();
        if self.schedule.next > step {
            return Ok(());
        }
        self.schedule.next = step + 1;
        let due = self.schedule.entries.iter().zip(&self.schedule.files);
        let due: Vec<(ScheduleEntry, Option<Principles>)> = due
            .filter(|(entry, _)| entry.step == step)
            .map(|(entry, file)| (entry.clone(), file.clone()))
            .collect();
        let by = Actor::here(Via::Schedule);
        for (entry, file) in &due {
            if let Some(principles) = self.scheduled_principles(entry, file.as_ref())? {
                self.change(Command::SetPrinciples(principles), &by)?;
            }
            let numbers = [
                entry.tau.map(Command::SetTau),
                entry.decay.map(Command::SetDecay),
                entry.learning_rate.map(Command::SetLearningRate),
            ];
            for command in numbers.into_iter().flatten() {
                self.change(command, &by)?;
            }
        }
        let (save, pause) = (due.iter().any(|d| d.0.checkpoint), due.iter().any(|d| d.0.pause));
        for command in [save.then_some(Command::Checkpoint), pause.then_some(Command::Pause)]
            .into_iter()
            .flatten()
        {
            // The mark is what a resumed run knows it by, so it comes before the checkpoint.
            self.log(&by, &command)?;
            self.change_now(command, Via::Schedule)?;
        }
        if save {
            self.checkpoint()?;
        }
        if pause {
            self.control.pause();
        }
        Ok(())
    }

    /// The principles an entry asks for, if any; where there is none of that name any more, an alarm says so.
    fn scheduled_principles(
        &mut self,
        entry: &ScheduleEntry,
        file: Option<&Principles>,
    ) -> Result<Option<Principles>, TrainError> {
        if entry.principles.is_none() && entry.switch_on.is_none() && entry.switch_off.is_none() {
            return Ok(None);
        }
        let mut set = match (&entry.principles, file) {
            (Some(name), None) => {
                let message = format!("schedule, step {}: {name} was not kept with the run", entry.step);
                self.alarm(&message, "the principles before it stay in force", false)?;
                return Ok(None);
            }
            (_, Some(file)) => file.clone(),
            (None, None) => self.principles.principles.clone(),
        };
        for (name, on) in [(&entry.switch_on, true), (&entry.switch_off, false)] {
            let Some(name) = name else { continue };
            match set.entries.iter_mut().find(|e| e.name == *name) {
                Some(found) => found.on = on,
                None => {
                    let message = format!(
                        "schedule, step {}: no principle is named \"{name}\" any more",
                        entry.step
                    );
                    self.alarm(&message, "it was renamed or deleted; nothing was switched", false)?;
                }
            }
        }
        Ok((set != self.principles.principles).then_some(set))
    }
}
