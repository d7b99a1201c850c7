//! What the screen knows of a run: built from events alone, whether they come from a trainer or from the store. The one
//! exception is the step that is looked at (`past.rs`), which every screen follows.

use std::collections::VecDeque;

use crate::config::{Experiment, FitExperiment, MethodName, Plan};
use crate::train::{
    Alarm, Answer, Done, EffectRecord, EvaluationRecord, Event, LogEntry, Mark, Measuring, PairRecord,
    PrinciplesVersion, SftRecord, Started, StepRecord, Writing,
};

use super::fit_view::FitView;
use super::history::{History, Table};
use super::past::Past;
use super::steering::Steering;

/// Pairs of the newest steps, kept so that the newest batch needs no question to the store.
const RECENT_PAIRS: usize = 512;

/// The state of the run, as far as events told.
#[derive(Clone, Debug, Default)]
pub struct RunView {
    /// Commands reach a trainer (false: a stored run, or one that another process trains).
    pub live: bool,
    /// Another process trains it: leaving ends nothing, and nothing is lost by it.
    pub remote: bool,
    /// Who steers it, where several may.
    pub steering: Option<Steering>,
    pub started: Option<Started>,
    /// Name of the stage and its number of steps.
    pub stage: Option<(String, u32)>,
    pub sft: Vec<SftRecord>,
    /// A model's own training.
    pub fit: FitView,
    /// The loss of each update of the supervised stage.
    pub sft_loss: Table<1>,
    pub history: History,
    /// The newest step, whole.
    pub latest: Option<StepRecord>,
    /// Oldest first.
    pub recent: VecDeque<PairRecord>,
    /// Steps whose pairs were seen.
    pub pairs_seen: u64,
    /// The newest pair being written: original, guided.
    pub writing: [Option<Writing>; 2],
    pub evaluations: Vec<EvaluationRecord>,
    pub principles: Vec<PrinciplesVersion>,
    pub marks: Vec<Mark>,
    /// Everything that was done to the training.
    pub log: Vec<LogEntry>,
    pub answers: Vec<Answer>,
    /// Measurements of the principles, and how far the one that goes on is.
    pub effects: Vec<EffectRecord>,
    pub measuring: Option<Measuring>,
    /// Measurements asked for here that ended, done or not.
    pub measurements_over: usize,
    pub alarms: Vec<Alarm>,
    pub last_checkpoint: Option<u32>,
    pub paused: bool,
    /// One step was asked for, after which a run that another process trains waits again.
    pub one_step: Option<u32>,
    pub done: Option<Done>,
    pub failed: Option<String>,
    /// The step looked at; `None` is the newest, as it comes.
    pub past: Option<Past>,
}

impl RunView {
    /// Takes in one event.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Started(s) => {
                // A run that was resumed elsewhere is told again from its start.
                let (live, remote, steering) = (self.live, self.remote, self.steering.take());
                *self = Self {
                    live,
                    remote,
                    steering,
                    ..Self::default()
                };
                self.last_checkpoint = (s.resumed_from > 0).then_some(s.resumed_from);
                self.started = Some(s);
            }
            Event::Stage { name, steps } => self.stage = Some((name, steps)),
            Event::Fit(r) => {
                self.paused = false;
                self.fit.push(r);
            }
            Event::FitEvaluation(e) => self.fit.evaluated(e),
            Event::Sft(r) => {
                self.paused = false;
                self.sft_loss.push(r.step, [r.loss]);
                self.sft.push(r);
            }
            Event::Writing(w) => {
                let side = usize::from(w.guided);
                self.writing[side] = Some(w);
            }
            Event::Step(r) => {
                // A past alarm that is told again has been answered; the newest rings after its step.
                self.paused = self.one_step.take_if(|step| *step <= r.step).is_some();
                self.history.push(&r);
                self.latest = Some(r);
            }
            Event::Pairs { pairs, .. } => {
                self.pairs_seen += 1;
                self.recent.extend(pairs);
                while self.recent.len() > RECENT_PAIRS {
                    self.recent.pop_front();
                }
            }
            Event::Evaluation(r) => self.evaluations.push(r),
            Event::Principles(v) => self.principles.push(v),
            Event::Mark(m) => self.marks.push(m),
            Event::Log(entry) => self.logged(entry),
            Event::Checkpoint { step, .. } => self.last_checkpoint = Some(step),
            Event::Answer(a) => self.answers.push(a),
            // Of one pair that somebody looks at: the popup keeps it.
            Event::Inside(_) => {}
            Event::Measuring(m) => {
                self.measurements_over += usize::from(m.over);
                self.measuring = (!m.over).then_some(m);
            }
            Event::Effect(e) => {
                self.measurements_over += 1;
                self.measuring = None;
                self.effects.push(e);
            }
            Event::Alarm(a) => {
                self.paused |= a.paused;
                self.alarms.push(a);
            }
            Event::Paused { paused, .. } => self.paused = paused,
            Event::Done(d) => self.done = Some(d),
            Event::Failed { message } => {
                self.measuring = None;
                self.failed = Some(message);
            }
        }
    }

    /// Of a run that another process trains only the log says whether it waits.
    fn logged(&mut self, entry: LogEntry) {
        if self.remote {
            match entry.action.as_str() {
                "pause" => self.paused = true,
                "continue" | "start" | "resume" => (self.paused, self.one_step) = (false, None),
                // The step may have come before its line of the log.
                "step" if self.steps_done() > entry.step => self.paused = true,
                "step" => (self.paused, self.one_step) = (false, Some(entry.step)),
                _ => {}
            }
        }
        self.log.push(entry);
    }

    /// The experiment, if a policy is aligned.
    pub fn experiment(&self) -> Option<&Experiment> {
        self.started.as_ref()?.experiment.align()
    }

    /// The method that aligns the policy; PLE before anything is known.
    pub fn method(&self) -> MethodName {
        self.experiment().map_or(MethodName::Ple, |e| e.method.name)
    }

    /// The experiment, if a model is trained on rows.
    pub fn fit_experiment(&self) -> Option<&FitExperiment> {
        self.started.as_ref()?.experiment.fit()
    }

    /// Steps of the method, or updates, that were asked for.
    pub fn steps_planned(&self) -> u32 {
        match self.started.as_ref().map(|s| &s.experiment) {
            Some(Plan::Align(e)) => e.method.steps,
            Some(Plan::Fit(e)) => e.method.steps,
            None => 0,
        }
    }

    /// Steps, or updates of a model's own training, done so far.
    pub fn steps_done(&self) -> u32 {
        let fit = self.fit.latest.as_ref().map(|r| r.step);
        self.latest.as_ref().map(|s| s.step).or(fit).map_or(0, |step| step + 1)
    }

    /// The run takes no more steps.
    pub fn ended(&self) -> bool {
        self.done.is_some() || self.failed.is_some()
    }

    /// Steps that would be lost by leaving now.
    pub fn unsaved_steps(&self) -> u32 {
        if !self.live || self.remote || self.ended() {
            return 0;
        }
        self.steps_done() - self.last_checkpoint.unwrap_or(0).min(self.steps_done())
    }
}
