//! The run from its first to its last step: the supervised stage, then Algorithm 1.

use std::time::Instant;

use crossbeam_channel::{Receiver, Sender};

use super::diagnose::Watch;
use super::replay::ReplayBuffer;
use super::schedule::Schedule;
use super::session::{Control, Flow};
use super::setup::Setup;
use super::step::{self, Drawn};
use super::{Command, Done, Event, LogEntry, Mark, PrinciplesVersion, SftRecord, Started, Via, optimizer::Optimizer};
use crate::config::{MethodName, Principles};
use crate::evaluate::Evaluator;
use crate::method::{logprob::log_probs, sft};
use crate::model::Model;
use crate::reward::GiveUp;
use crate::run::{Store, StoreError};

/// A run in progress. All of it is written down in a [`crate::run::Checkpoint`], so that another process can go on with it.
pub struct Trainer {
    pub(super) setup: Setup,
    pub(super) store: Store,
    pub(super) control: Control,
    pub(super) optimizer: Optimizer,
    pub(super) replay: ReplayBuffer,
    pub(super) held_out: Vec<String>,
    /// Supervised updates and steps done.
    pub(super) sft_done: u32,
    pub(super) step: u32,
    /// What the next step uses.
    pub(super) tau: f64,
    pub(super) decay: f64,
    pub(super) learning_rate: f64,
    pub(super) principles: PrinciplesVersion,
    /// Changes made by hand before an interruption, to be made again at the same steps.
    pub(super) pending: Vec<Mark>,
    /// What the experiment has done at certain steps.
    pub(super) schedule: Schedule,
    pub(super) resumed: bool,
    /// The policy as the method began with it, after the supervised stage. It shares its weights with the policy: with an
    /// adapter only the adapter's own are held twice. `None` before the method begins, and where it cannot be had again.
    pub(super) reference: Option<Model>,
    /// beta of PPO, as the next step uses it.
    pub(super) kl_coef: f64,
    pub(super) watch: Watch,
    /// What the next step has sampled already and could not have scored.
    unscored: Option<Drawn>,
    /// Checkpoints that could not be used; told once the run has begun.
    warnings: Vec<String>,
    started: Instant,
}

/// Why a run stopped before its end.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Stopped(String),
}

impl Trainer {
    /// A trainer of a fresh run, or of one to go on with if the store has a checkpoint.
    pub fn new(
        setup: Setup,
        store: Store,
        commands: Receiver<Command>,
        events: Sender<Event>,
        interactive: bool,
    ) -> Result<Self, TrainError> {
        let method = setup.experiment.method.clone();
        let principles = PrinciplesVersion {
            version: 1,
            from_step: 0,
            principles: setup.principles.clone(),
        };
        let held_out = setup.pool.held_out(setup.experiment.eval.queries);
        let (checkpoint, warnings) = store.latest_checkpoint()?;
        let mut trainer = Self {
            optimizer: stage_optimizer(&setup, 0),
            replay: ReplayBuffer::new(method.replay),
            held_out,
            sft_done: 0,
            step: 0,
            tau: method.tau0,
            decay: method.decay,
            learning_rate: method.learning_rate,
            principles,
            pending: Vec::new(),
            schedule: Schedule::of(&setup),
            resumed: false,
            reference: None,
            kl_coef: method.ppo().kl_coef,
            watch: Watch::default(),
            unscored: None,
            warnings,
            started: Instant::now(),
            control: Control::new(commands, events, interactive, store.dir()),
            setup,
            store,
        };
        if trainer.setup.experiment.sft.steps == 0 {
            trainer.keep_reference();
        }
        if let Some(checkpoint) = checkpoint {
            trainer.take_up(checkpoint)?;
        } else {
            trainer.store.rewind(0, 0)?;
        }
        trainer.keep_schedule()?;
        trainer.pending = trainer.store.pending_marks(trainer.step)?;
        // What the schedule did follows from the experiment.
        trainer.pending.retain(|mark| mark.by != Via::Schedule);
        Ok(trainer)
    }

    /// What this run is, for the first event.
    fn started_event(&mut self) -> Started {
        let (trained, all) = self.setup.trained.count(&mut self.setup.policy);
        Started {
            parameters: all,
            trained_parameters: trained,
            resumed_from: self.step,
            device: self.setup.device_name.clone(),
            ..self.store.started().clone()
        }
    }

    /// Trains to the end, or until told to stop.
    pub fn run(&mut self) -> Result<Done, TrainError> {
        let started = self.started_event();
        self.control.send(Event::Started(started));
        if self.resumed && self.control.interactive() {
            self.tell_the_past()?;
        } else {
            self.emit(Event::Principles(self.principles.clone()))?;
        }
        let begun = if self.resumed { "resume" } else { "start" };
        let by = self.control.here().clone();
        self.emit(Event::Log(LogEntry::now(self.step, &by, begun)))?;
        for warning in std::mem::take(&mut self.warnings) {
            self.alarm(&warning, "the checkpoint before it is used instead", false)?;
        }
        let mut flow = self.supervised_stage()?;
        if flow == Flow::GoOn {
            flow = self.steps()?;
        }
        if flow != Flow::Abandon {
            self.checkpoint()?;
        }
        let done = flow.done(&self.store, self.step, self.started);
        self.emit(Event::Done(done.clone()))?;
        if flow == Flow::GoOn {
            self.store.let_go();
            self.answer_questions()?;
        }
        Ok(done)
    }

    /// Eq. 1 on responses of mixed quality, as the first line of Algorithm 1 asks for.
    fn supervised_stage(&mut self) -> Result<Flow, TrainError> {
        let settings = self.setup.experiment.sft.clone();
        if self.sft_done >= settings.steps {
            return Ok(Flow::GoOn);
        }
        self.emit(Event::Stage {
            name: "sft".into(),
            steps: settings.steps,
        })?;
        for i in self.sft_done..settings.steps {
            let flow = self.obey()?;
            if flow != Flow::GoOn {
                return Ok(flow);
            }
            let first = u64::from(i) * settings.batch as u64;
            let rows = step::supervised_rows(&self.setup, first, settings.batch);
            let tokens: usize = rows.iter().map(|(_, y)| y.len()).sum();
            let policy = &self.setup.policy;
            let trained = self.setup.trained.at(0, i);
            let computed = super::shards::gradients(policy, &trained, &rows, |policy, rows| {
                let rows: Vec<(&[u32], &[u32])> = rows.iter().map(|(x, y)| (&x[..], &y[..])).collect();
                super::shards::ShardLoss {
                    loss: sft::loss(&log_probs(policy, &rows), tokens),
                    parts: vec![],
                }
            });
            // A short warm-up: the first updates of Adam are as large as any.
            let learning_rate = settings.learning_rate * (f64::from(i + 1) / 10.0).min(1.0);
            let grad_norm = self
                .optimizer
                .step(&mut self.setup.policy, computed.gradients, learning_rate);
            self.emit(Event::Sft(SftRecord {
                step: i,
                loss: computed.loss,
                learning_rate,
                grad_norm,
            }))?;
            self.sft_done = i + 1;
        }
        self.optimizer = stage_optimizer(&self.setup, self.sft_done);
        self.checkpoint()?;
        Ok(Flow::GoOn)
    }

    /// The method from the present step to the last. Of PLE this is Algorithm 1.
    fn steps(&mut self) -> Result<Flow, TrainError> {
        let steps = self.setup.experiment.method.steps;
        let every = self.setup.experiment.eval.every;
        let save_every = self.setup.experiment.checkpoint.every;
        if self.reference.is_none() && self.step == 0 {
            self.keep_reference();
        }
        self.emit(Event::Stage {
            // "sft" is the supervised stage before a method.
            name: match self.setup.experiment.method.name {
                MethodName::Sft => "fine-tuning".into(),
                name => name.word().into(),
            },
            steps,
        })?;
        // A run that ended where it was to be evaluated, and could not, makes up for it.
        if every > 0 && (!self.resumed || self.evaluation_is_due() && !self.store.has_evaluation(self.step)?) {
            let flow = self.evaluate()?;
            if flow != Flow::GoOn {
                return Ok(flow);
            }
        }
        while self.step < steps {
            self.follow_schedule()?;
            self.redo()?;
            let flow = self.obey()?;
            if flow != Flow::GoOn {
                return Ok(flow);
            }
            crate::crash::rehearse("trainer", self.step);
            if !self.one_step()? {
                continue;
            }
            if self.evaluation_is_due() {
                let flow = self.evaluate()?;
                if flow != Flow::GoOn {
                    return Ok(flow);
                }
            }
            if save_every > 0 && self.step.is_multiple_of(save_every) && self.step < steps {
                self.checkpoint()?;
            }
            self.control.after_step();
        }
        Ok(Flow::GoOn)
    }

    /// What this step has sampled already.
    pub(super) fn take_unscored(&mut self) -> Option<Drawn> {
        let (t, version) = (self.step, self.principles.version);
        self.unscored.take().filter(|d| d.is_of(t, version))
    }

    /// Keeps responses until their rewards can be had.
    pub(super) fn keep_unscored(&mut self, drawn: Drawn) {
        self.unscored = Some(drawn);
    }

    /// The policy as it is now becomes the reference.
    pub(super) fn keep_reference(&mut self) {
        let method = &self.setup.experiment.method;
        let needed = matches!(method.name, MethodName::Dpo | MethodName::Ppo) || method.stabilise.kl.is_some();
        if method.diagnostics == 0 && !needed {
            // Nobody looks at it, and where all weights are trained it would be a second copy of them.
            return;
        }
        let mut reference = self.setup.policy.clone();
        reference.score = None;
        self.reference = Some(reference);
    }

    /// The reference, without which a method cannot go on.
    pub(super) fn reference(&self) -> Result<&Model, TrainError> {
        self.reference.as_ref().ok_or_else(|| {
            let run = self.store.dir().display();
            TrainError::Stopped(format!(
                "{run}: the policy that the method began with is needed as its reference, and its checkpoint after step 0 is \
                 gone; start a new run"
            ))
        })
    }

    /// The experiment has the policy evaluated after the steps done so far.
    fn evaluation_is_due(&self) -> bool {
        let (every, steps) = (self.setup.experiment.eval.every, self.setup.experiment.method.steps);
        every > 0 && (self.step.is_multiple_of(every) || self.step == steps)
    }

    /// Answers the held-out queries and the case study, as often as it takes to have the rewards.
    fn evaluate(&mut self) -> Result<Flow, TrainError> {
        let policy = self.setup.policy.merged();
        // What is changed by hand meanwhile acts from the next step on.
        let principles = self.principles.principles.render();
        loop {
            let control = &self.control;
            let give_up = || control.end_is_wanted();
            let evaluated = self
                .evaluator(&give_up)
                .evaluate(&policy, principles.as_deref(), self.step);
            match evaluated {
                Ok(record) => {
                    self.emit(Event::Evaluation(record))?;
                    return Ok(Flow::GoOn);
                }
                Err(error) => self.without_rewards(&format!("the evaluation after {} steps", self.step), error)?,
            }
            if self.step < self.setup.experiment.method.steps {
                // Before what is asked for meanwhile, as a resumed run will have it.
                self.follow_schedule()?;
            }
            let flow = self.obey()?;
            if flow != Flow::GoOn {
                return Ok(flow);
            }
        }
    }

    /// The fixed side of an evaluation.
    pub(super) fn evaluator<'a>(&'a self, give_up: GiveUp<'a>) -> Evaluator<'a> {
        Evaluator {
            task: self.setup.experiment.task,
            seed: self.setup.experiment.seed,
            prompter: &self.setup.prompter,
            reward: self.setup.reward.as_ref(),
            give_up,
            generation: &self.setup.experiment.generation,
            held_out: &self.held_out,
            cases: &self.setup.cases,
        }
    }

    /// Records an event and reports it.
    pub(super) fn emit(&mut self, event: Event) -> Result<(), TrainError> {
        match self.store.record(&event) {
            // After the end another process may have gone on with the run: what is still answered here is only shown.
            Err(StoreError::Locked { .. }) if self.store.is_let_go() => {}
            recorded => recorded?,
        }
        self.control.send(event);
        Ok(())
    }

    /// The step that comes next.
    pub(super) fn next_step(&self) -> u32 {
        self.step
    }

    /// Replaces the principles from the next step on.
    pub(super) fn set_principles(&mut self, principles: Principles) -> Result<(), TrainError> {
        let version = self.principles.version + 1;
        self.principles = PrinciplesVersion {
            version,
            from_step: self.step,
            principles,
        };
        self.emit(Event::Principles(self.principles.clone()))
    }
}

/// A fresh optimizer for the stage a run is in after `sft_done` supervised updates.
pub(super) fn stage_optimizer(setup: &Setup, sft_done: u32) -> Optimizer {
    if sft_done < setup.experiment.sft.steps {
        return Optimizer::new(0.999, 0.0, 1.0);
    }
    let method = &setup.experiment.method;
    Optimizer::new(0.999, method.weight_decay, method.max_grad_norm)
}
