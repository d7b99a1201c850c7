//! The training of a model from its first to its last update.

use std::collections::BTreeMap;
use std::time::Instant;

use burn::tensor::Tensor;
use crossbeam_channel::{Receiver, Sender};

use super::MODEL_FOLDER;
use super::measure::{Measure, length_rule};
use super::objective::{embedding_mask, shard_loss, size};
use super::reading::{Reading, Tokens};
use super::rows::{FitRow, Order};
use super::setup::FitSetup;
use crate::config::KeepWeights;
use crate::evaluate::quality::LengthRule;
use crate::model::{self, Model, Precision};
use crate::random::{Purpose, stream};
use crate::run::{Reader, Store};
use crate::train::optimizer::{Optimizer, cosine};
use crate::train::session::{Control, Flow};
use crate::train::shards::gradients;
use crate::train::{
    Alarm, Command, Done, Event, FitRecord, FitSplit, Given, LogEntry, Mark, Started, TrainError, Via, action,
};

/// A model's training in progress.
pub struct FitTrainer {
    pub(super) setup: FitSetup,
    pub(super) store: Store,
    pub(super) control: Control,
    pub(super) optimizer: Optimizer,
    /// The moving average of the weights, by name; empty where none is kept.
    pub(super) average: BTreeMap<String, Tensor<2>>,
    /// The weights that did best on the validation rows.
    pub(super) best: Option<Best>,
    rule: Option<LengthRule>,
    validation: Vec<FitRow>,
    order: Order,
    pub(super) step: u32,
    /// The peak of the schedule, as it is now.
    pub(super) learning_rate: f64,
    pending: Vec<Mark>,
    pub(super) resumed: bool,
    warnings: Vec<String>,
    started: Instant,
}

/// Weights that are kept for the end.
pub(super) struct Best {
    pub(super) loss: f64,
    pub(super) step: u32,
    pub(super) weights: BTreeMap<String, Tensor<2>>,
}

/// Why a command does nothing to a model that is trained on rows.
fn of_policies(command: &Command) -> Option<&'static str> {
    match command {
        Command::SetTau(_) | Command::SetDecay(_) => {
            Some("only PLE has tau and its decay; this run trains a model on rows")
        }
        Command::SetPrinciples(_) | Command::MeasureEffect { .. } => {
            Some("only a policy is guided by principles; this run trains a model on rows")
        }
        _ => None,
    }
}

impl FitTrainer {
    /// A trainer of a fresh run, or of one to go on with if the store has a checkpoint.
    pub fn new(
        setup: FitSetup,
        store: Store,
        commands: Receiver<Command>,
        events: Sender<Event>,
        interactive: bool,
    ) -> Result<Self, TrainError> {
        let e = &setup.experiment;
        let (method, eval) = (&e.method, &e.eval);
        let reading = Reading::new(e, &setup.prompter, setup.principles.as_deref());
        let rule = method
            .name
            .is_reward()
            .then(|| length_rule(&reading, &setup.rows.some_training(2000)));
        let validation = setup.rows.validation(eval.rows);
        let (checkpoint, warnings) = store.latest_checkpoint()?;
        let mut trainer = Self {
            optimizer: Optimizer::new(method.beta2 as f32, method.weight_decay, method.max_grad_norm),
            average: BTreeMap::new(),
            best: None,
            rule,
            validation,
            order: Order::default(),
            step: 0,
            learning_rate: method.learning_rate,
            pending: Vec::new(),
            resumed: false,
            warnings,
            started: Instant::now(),
            control: Control::new(commands, events, interactive, store.dir()),
            setup,
            store,
        };
        if trainer.setup.experiment.method.average > 0.0 {
            trainer.average = trainer.weights();
        }
        match checkpoint {
            Some(checkpoint) => trainer.take_up(checkpoint)?,
            None => {
                trainer.store.rewind(0, 0)?;
                trainer.save_inputs()?;
            }
        }
        trainer.pending = trainer.store.pending_marks(trainer.step)?;
        Ok(trainer)
    }

    /// The run's store, to record how it failed.
    pub fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Trains to the end, or until told to stop; then measures the kept weights on the held-out rows and saves them.
    pub fn run(&mut self) -> Result<Done, TrainError> {
        let (trained_parameters, parameters) = self.setup.trained.count(&mut self.setup.model);
        let started = Started {
            parameters,
            trained_parameters,
            resumed_from: self.step,
            device: self.setup.device_name.clone(),
            ..self.store.started().clone()
        };
        self.control.send(Event::Started(started));
        if self.resumed && self.control.interactive() {
            for event in Reader::open(self.store.dir())?.poll()? {
                if !matches!(event, Event::Started(_)) {
                    self.control.send(event);
                }
            }
        }
        let begun = if self.resumed { "resume" } else { "start" };
        let by = self.control.here().clone();
        self.emit(Event::Log(LogEntry::now(self.step, &by, begun)))?;
        for warning in std::mem::take(&mut self.warnings) {
            self.alarm(&warning, "the checkpoint before it is used instead", false)?;
        }
        let flow = self.updates()?;
        if flow != Flow::Abandon {
            self.checkpoint()?;
            self.finish()?;
        }
        let done = flow.done(&self.store, self.step, self.started);
        self.emit(Event::Done(done.clone()))?;
        Ok(done)
    }

    fn updates(&mut self) -> Result<Flow, TrainError> {
        let (steps, every) = (self.setup.experiment.method.steps, self.setup.experiment.eval.every);
        let save_every = self.setup.experiment.checkpoint.every;
        let name = crate::run::word(&self.setup.experiment.method.name);
        self.emit(Event::Stage { name, steps })?;
        if !self.resumed {
            self.validate()?;
        }
        while self.step < steps {
            self.redo()?;
            let flow = self.obey()?;
            if flow != Flow::GoOn {
                return Ok(flow);
            }
            self.one_update()?;
            // Without validation rows the end is measured by `finish` alone.
            let over = self.step == steps;
            if over && !self.validation.is_empty() || !over && self.step.is_multiple_of(every) {
                self.validate()?;
            }
            if save_every > 0 && self.step.is_multiple_of(save_every) && self.step < steps {
                self.checkpoint()?;
            }
            self.control.after_step();
        }
        Ok(Flow::GoOn)
    }

    fn one_update(&mut self) -> Result<(), TrainError> {
        let start = Instant::now();
        let FitSetup {
            experiment,
            model,
            trained,
            prompter,
            rows,
            principles,
            ..
        } = &mut self.setup;
        let method = &experiment.method;
        let first = u64::from(self.step) * method.batch as u64;
        let reading = Reading::new(experiment, prompter, principles.as_deref());
        let mut batch: Vec<Tokens> = (first..first + method.batch as u64)
            .map(|i| {
                let row = rows.training(i, &mut self.order);
                reading.training(&row, &mut stream(experiment.seed, Purpose::FitRow, 1, i))
            })
            .collect();
        // Long rows with long ones, so that the two threads pad little.
        batch.sort_by_key(|t| t.prompt.len() + t.response.len());
        let n = size(method, &batch);
        let rng = &mut stream(experiment.seed, Purpose::FitRow, 2, u64::from(self.step));
        let mask = embedding_mask(model, method.embedding_dropout, rng);
        let computed = gradients(model, trained, &batch, |model, rows| match &mask {
            None => shard_loss(model, rows, n, method),
            Some(mask) => shard_loss(&model.with_masked_embeddings(mask), rows, n, method),
        });
        let steps = method.steps as usize;
        let learning_rate = cosine(
            self.step as usize,
            steps,
            self.learning_rate,
            method.warm_up.max(1) as usize,
        );
        let grad_norm = self.optimizer.step(model, computed.gradients, learning_rate);
        let record = FitRecord {
            step: self.step,
            loss: computed.loss,
            accuracy: computed.parts.first().map(|right| right / batch.len() as f64),
            learning_rate,
            grad_norm,
            epoch: rows
                .in_a_pass()
                .map(|n| (first + method.batch as u64) as f64 / n.max(1) as f64),
            seconds: start.elapsed().as_secs_f64(),
        };
        self.step += 1;
        self.follow_average();
        self.emit(Event::Fit(record))?;
        if !grad_norm.is_finite() {
            let message = format!(
                "update {}: the gradient is not a number; nothing was updated",
                self.step - 1
            );
            self.alarm(&message, "lower the learning rate, or go back to a checkpoint", true)?;
        }
        Ok(())
    }

    /// w_average <- d w_average + (1 - d) w, with a smaller d at the start so that the first weights are forgotten.
    fn follow_average(&mut self) {
        let decay = self.setup.experiment.method.average;
        if decay == 0.0 {
            return;
        }
        let t = f64::from(self.step);
        let d = decay.min((1.0 + t) / (10.0 + t));
        let average = &mut self.average;
        self.setup.model.for_each_mut(&mut |name, p| {
            if let Some(mean) = average.get_mut(name) {
                *mean = mean.clone().mul_scalar(d) + p.clone().mul_scalar(1.0 - d);
            }
        });
    }

    /// All weights by name.
    pub(super) fn weights(&mut self) -> BTreeMap<String, Tensor<2>> {
        let mut weights = BTreeMap::new();
        self.setup.model.for_each_mut(&mut |name, p| {
            weights.insert(name.to_string(), p.clone());
        });
        weights
    }

    /// The weights that are evaluated: the average where one is kept.
    fn present(&mut self) -> BTreeMap<String, Tensor<2>> {
        if self.average.is_empty() {
            self.weights()
        } else {
            self.average.clone()
        }
    }

    fn with(&self, weights: &BTreeMap<String, Tensor<2>>) -> Model {
        let mut model = self.setup.model.clone();
        model.for_each_mut(&mut |name, p| {
            if let Some(w) = weights.get(name) {
                *p = w.clone();
            }
        });
        model
    }

    fn measure(&self) -> Measure<'_> {
        let e = &self.setup.experiment;
        Measure {
            reading: Reading::new(e, &self.setup.prompter, self.setup.principles.as_deref()),
            rule: self.rule.as_ref(),
            seed: e.seed,
        }
    }

    /// Measures the present weights on the validation rows, and keeps them if they are the best so far. Without such
    /// rows nothing is chosen, so the held-out rows may be looked at as often as one likes.
    fn validate(&mut self) -> Result<(), TrainError> {
        let weights = self.present();
        let model = self.with(&weights);
        if self.validation.is_empty() {
            let rows = self.setup.rows.held_out(self.setup.experiment.eval.rows);
            if rows.is_empty() {
                return Ok(());
            }
            let found = self.measure().evaluate(&model, &rows, self.step, FitSplit::HeldOut);
            return self.emit(Event::FitEvaluation(found));
        }
        let mut found = self
            .measure()
            .evaluate(&model, &self.validation, self.step, FitSplit::Validation);
        let last = self.setup.experiment.eval.keep == KeepWeights::Last;
        found.best = !last && self.best.as_ref().is_none_or(|best| found.loss < best.loss);
        if found.best {
            self.best = Some(Best {
                loss: found.loss,
                step: self.step,
                weights,
            });
        }
        self.emit(Event::FitEvaluation(found))
    }

    /// Measures the kept weights on rows by which nothing was chosen, and saves them as a model.
    fn finish(&mut self) -> Result<(), TrainError> {
        let best = match self.setup.experiment.eval.keep {
            KeepWeights::Best => self.best.take(),
            KeepWeights::Last => None,
        };
        let (weights, step) = match best {
            Some(best) => (best.weights, best.step),
            None => (self.present(), self.step),
        };
        let model = self.with(&weights);
        let held_out = self.setup.rows.held_out(self.setup.experiment.eval.rows);
        let folder = self.store.dir().join(MODEL_FOLDER);
        model::save(&folder, &model, &self.setup.text, Precision::F16)
            .map_err(|e| TrainError::Stopped(e.to_string()))?;
        if held_out.is_empty() {
            return Ok(());
        }
        let mut found = self.measure().evaluate(&model, &held_out, step, FitSplit::HeldOut);
        found.best = true;
        self.report(&folder, &found)?;
        let warning = found.quality.as_ref().and_then(|q| q.warning.clone());
        self.emit(Event::FitEvaluation(found))?;
        match warning {
            Some(warning) => self.alarm(
                &warning,
                "look at the mistakes, and at the rows it was trained on",
                false,
            ),
            None => Ok(()),
        }
    }

    /// Does what was asked since the last update; while paused, waits for more.
    fn obey(&mut self) -> Result<Flow, TrainError> {
        while let Some(Given { command, by }) = self.control.next(self.step) {
            if let Some(action) = action(&command).filter(|_| !matches!(command, Command::SetLearningRate(_))) {
                let mut entry = LogEntry::now(self.step, &by, action);
                entry.refused = of_policies(&command).map(String::from);
                let refused = entry.refused.clone();
                self.emit(Event::Log(entry))?;
                if let Some(message) = refused {
                    self.alarm(&message, "nothing was changed; the learning rate can be", false)?;
                }
            }
            match command {
                Command::Stop => return Ok(Flow::Stop),
                Command::Abandon => return Ok(Flow::Abandon),
                Command::Checkpoint => self.checkpoint()?,
                Command::SetLearningRate(rate) => {
                    let mut entry = LogEntry::now(self.step, &by, "learning-rate");
                    (entry.old, entry.new) = (Some(self.learning_rate.to_string()), Some(rate.to_string()));
                    self.emit(Event::Log(entry))?;
                    self.change(command, by.via)?;
                }
                Command::Changed(_) => self.change(command, by.via)?,
                // Nothing of a policy's run is there to be changed.
                _ => {}
            }
        }
        Ok(Flow::GoOn)
    }

    /// Changes the peak of the schedule from the next update on, and marks it on the charts.
    fn change(&mut self, command: Command, by: Via) -> Result<(), TrainError> {
        let label = match &command {
            Command::SetLearningRate(rate) => {
                let label = format!("rate {:.1e} -> {rate:.1e}", self.learning_rate);
                self.learning_rate = *rate;
                label
            }
            Command::Changed(labels) => labels.join(", "),
            _ => return Ok(()),
        };
        let step = self.step;
        self.emit(Event::Mark(Mark {
            step,
            label,
            command,
            by,
        }))
    }

    /// Makes the changes again that were made by hand at this update before an interruption.
    fn redo(&mut self) -> Result<(), TrainError> {
        let step = self.step;
        let (now, later): (Vec<Mark>, Vec<Mark>) = self.pending.drain(..).partition(|mark| mark.step <= step);
        self.pending = later;
        now.into_iter().try_for_each(|mark| self.change(mark.command, mark.by))
    }

    /// Rings an alarm. One that pauses ends a run that nobody watches.
    fn alarm(&mut self, message: &str, suggestion: &str, pause: bool) -> Result<(), TrainError> {
        self.emit(Event::Alarm(Alarm {
            step: self.step,
            message: message.into(),
            suggestion: suggestion.into(),
            paused: pause,
        }))?;
        if pause && !self.control.is_attended() {
            self.checkpoint()?;
            return Err(TrainError::Stopped(format!("{message}; {suggestion}")));
        }
        if pause {
            self.control.pause();
        }
        Ok(())
    }

    /// Records an event and reports it.
    fn emit(&mut self, event: Event) -> Result<(), TrainError> {
        self.store.record(&event)?;
        self.control.send(event);
        Ok(())
    }
}
