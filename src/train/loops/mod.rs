//! The steps of the methods, one a file: sample, score, update.
//!
//! A step that could not have its rewards has changed nothing and is done again, as in Algorithm 1.

mod dpo;
pub(super) mod ple;
mod ppo;
mod raft;
mod sft;

use std::time::Instant;

use super::diagnose::{self, RowNumbers};
use super::shards::{Computed, ShardLoss, gradients};
use super::step::{self, Drawn};
use super::trainer::{TrainError, Trainer};
use super::{Branch, Event, Metrics, PairRecord, StepRecord};
use crate::config::MethodName;
use crate::evaluate::{Scored, mean_truth};
use crate::grammar::shuffle;
use crate::model::Model;
use crate::random::{Purpose, stream};
use crate::reward::{RewardError, shape};
use crate::sample::Completion;

/// Queries that an offline method answers at a step, to be watched.
const PROBED: usize = 8;

/// Responses whose tokens are looked at where the method itself does not: two passes over all of a step's would take a
/// quarter of the time of a step, and the mean over some steps says as much.
pub(super) const WATCHED: usize = 6;

/// Token ids of a query and of the response to it.
pub(super) type Row = (Vec<u32>, Vec<u32>);

/// The rows as [`crate::method::logprob`] takes them.
pub(super) fn borrowed(rows: &[Row]) -> Vec<(&[u32], &[u32])> {
    rows.iter().map(|(x, y)| (&x[..], &y[..])).collect()
}

/// Responses of the policy to a step's queries, one of it a row.
pub(super) struct Answers {
    pub queries: Vec<String>,
    pub scored: Vec<Scored>,
    /// The rewards that the method sees, where the experiment shapes them.
    pub shaped: Option<Vec<f64>>,
}

impl Answers {
    /// The reward of a response as the method sees it.
    pub fn reward(&self, i: usize) -> f64 {
        self.shaped.as_ref().map_or(self.scored[i].reward, |shaped| shaped[i])
    }
}

/// The averages of a step's updates.
#[derive(Default)]
pub(super) struct Updates {
    pub losses: Vec<f64>,
    /// Of each update.
    pub parts: Vec<Vec<f64>>,
    norms: Vec<f64>,
}

impl Updates {
    /// The mean over the updates of part `i`.
    pub fn part(&self, i: usize) -> f64 {
        mean(self.parts.iter().map(|parts| parts[i]))
    }

    /// A gradient was not finite, so that an update did nothing.
    pub fn is_broken(&self) -> bool {
        self.norms.iter().any(|norm| !norm.is_finite())
    }

    pub fn fill(&self, record: &mut StepRecord) {
        record.loss = mean(self.losses.iter().copied());
        record.grad_norm = mean(self.norms.iter().copied());
        record.updates = self.losses.len();
    }
}

pub(super) fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

impl Trainer {
    /// One step of the experiment's method. False if the rewards could not be had.
    pub(super) fn one_step(&mut self) -> Result<bool, TrainError> {
        match self.setup.experiment.method.name {
            MethodName::Ple => self.ple_step(),
            MethodName::Sft => self.sft_step(),
            MethodName::Dpo => self.dpo_step(),
            MethodName::Ppo => self.ppo_step(),
            MethodName::Raft => self.raft_step(),
        }
    }

    /// `samples` responses of the policy to each of the step's queries, scored. `None` if the rewards could not be had: the
    /// responses are kept.
    fn answers(&mut self, samples: usize) -> Result<Option<Answers>, TrainError> {
        let t = self.step;
        let n = self.setup.experiment.method.queries_per_step as u64;
        let first = u64::from(t) * n;
        let queries = (first..first + n).map(|i| self.setup.pool.query(i));
        let queries = queries.flat_map(|q| vec![q; samples]).collect();
        self.answers_to(queries, Purpose::SampleOriginal)
    }

    fn answers_to(&mut self, queries: Vec<String>, purpose: Purpose) -> Result<Option<Answers>, TrainError> {
        let t = self.step;
        let kept = self.take_unscored();
        let drawn = kept.unwrap_or_else(|| step::draw_single(self, t, queries, purpose));
        match self.score_single(&drawn) {
            Ok(answers) => Ok(Some(answers)),
            Err(error) => {
                self.keep_unscored(drawn);
                self.without_rewards(&format!("step {t}"), error)?;
                Ok(None)
            }
        }
    }

    fn score_single(&self, drawn: &Drawn) -> Result<Answers, RewardError> {
        let control = &self.control;
        let give_up = || control.end_is_wanted();
        let (queries, completions) = drawn.single();
        let scored = self.evaluator(&give_up).score(queries, completions)?;
        // Twice the same has the same mean and deviation.
        let raw: Vec<(f64, f64)> = scored.iter().map(|s| (s.reward, s.reward)).collect();
        let shaped = shape(&self.setup.experiment.reward, &raw);
        Ok(Answers {
            queries: queries.to_vec(),
            scored,
            shaped: shaped.map(|pairs| pairs.into_iter().map(|(s, _)| s).collect()),
        })
    }

    /// Prompt and response ids of answers.
    fn rows_of(&self, answers: &Answers) -> Vec<Row> {
        let prompts = answers.queries.iter().map(|q| self.setup.prompter.prompt(q, None));
        prompts
            .zip(answers.scored.iter().map(|s| s.completion.ids.clone()))
            .collect()
    }

    /// A step's record with what the responses tell; the rest is NaN, or the method's to fill in.
    fn record_of(&self, scored: &[Scored]) -> StepRecord {
        let rewards = step::spread(scored.iter().map(|s| s.reward));
        let share = |f: &dyn Fn(&Completion) -> f64| mean(scored.iter().map(|s| f(&s.completion)));
        let nan = f64::NAN;
        StepRecord {
            step: self.step,
            tau: nan,
            decay: nan,
            learning_rate: self.learning_rate,
            reward_original: if scored.is_empty() { nan } else { rewards.0 },
            reward_original_std: if scored.is_empty() { nan } else { rewards.1 },
            reward_guided: nan,
            reward_guided_std: nan,
            truth_original: mean_truth(scored).filter(|_| !scored.is_empty()),
            loss_rank: nan,
            loss_wsft: nan,
            length_original: share(&|c| c.ids.len() as f64),
            length_guided: nan,
            ended: share(&|c| f64::from(u8::from(c.ended))),
            principles: self.principles.version,
            ..StepRecord::default()
        }
    }

    /// A single response as the store keeps it.
    fn single(&self, answers: &Answers, row: &Row, i: usize, branch: Branch, metrics: Metrics) -> PairRecord {
        let s = &answers.scored[i];
        PairRecord {
            index: i as u32,
            query: answers.queries[i].clone(),
            original: s.response.clone(),
            reward_original: s.reward,
            shaped: None,
            truth_original: s.truth,
            prompt_ids: row.0.clone(),
            original_ids: row.1.clone(),
            metrics,
            ..self.blank_pair(branch)
        }
    }

    /// A pair without anything in it.
    fn blank_pair(&self, branch: Branch) -> PairRecord {
        let nan = f64::NAN;
        PairRecord {
            step: self.step,
            index: 0,
            query: String::new(),
            original: String::new(),
            guided: String::new(),
            reward_original: nan,
            reward_guided: nan,
            shaped: None,
            truth_original: None,
            truth_guided: None,
            tau: nan,
            branch,
            weight_original: nan,
            weight_guided: nan,
            principles: self.principles.version,
            metrics: Metrics::new(),
            prompt_ids: Vec::new(),
            original_ids: Vec::new(),
            guided_ids: Vec::new(),
        }
    }

    /// Whether this step is looked at closely.
    pub(super) fn diagnostics_are_due(&self) -> bool {
        let every = self.setup.experiment.method.diagnostics;
        every > 0 && self.step.is_multiple_of(every)
    }

    /// Divergence, entropy and the state of the text of the policy's own responses, as they are before the step's updates.
    /// `known` are the policy's and the reference's numbers of these rows, where the method needed them itself.
    pub(super) fn diagnose(
        &self,
        metrics: &mut Metrics,
        rows: &[(&[u32], &[u32])],
        scored: &[Scored],
        known: Option<(&[RowNumbers], &[RowNumbers])>,
    ) {
        if !self.diagnostics_are_due() || rows.is_empty() {
            return;
        }
        let completions: Vec<Completion> = scored.iter().map(|s| s.completion.clone()).collect();
        diagnose::text(metrics, &completions, mean_truth(scored));
        match known {
            Some((policy, reference)) => diagnose::divergence(metrics, policy, Some(reference)),
            None => {
                let temperature = self.temperature();
                let rows = &rows[..rows.len().min(WATCHED)];
                let policy = diagnose::look(&self.setup.policy, rows, temperature);
                let reference = self.reference.as_ref().map(|r| diagnose::look(r, rows, temperature));
                diagnose::divergence(metrics, &policy, reference.as_deref());
            }
        }
    }

    /// What logits are divided by where tokens were sampled; 1 where the most probable one was taken.
    pub(super) fn temperature(&self) -> f64 {
        match self.setup.experiment.generation.temperature {
            0.0 => 1.0,
            temperature => temperature,
        }
    }

    /// Answers to some of an offline method's own queries, only to be watched. `Ok(None)`: the rewards could not be had.
    fn probe(&mut self, queries: Vec<String>) -> Result<Option<Answers>, TrainError> {
        if !self.diagnostics_are_due() {
            return Ok(Some(Answers {
                queries: vec![],
                scored: vec![],
                shaped: None,
            }));
        }
        self.answers_to(queries.into_iter().take(PROBED).collect(), Purpose::Probe)
    }

    /// Updates the policy on shuffled minibatches of `items`, so many passes over all of them.
    fn updates<T: Sync + Clone>(
        &mut self,
        items: &[T],
        epochs: u32,
        loss: impl Fn(&Model, &[T], &[T]) -> ShardLoss + Sync,
    ) -> Updates {
        let (seed, size) = (self.setup.experiment.seed, self.setup.experiment.method.minibatch);
        let mut done = Updates::default();
        for epoch in 0..u64::from(epochs) {
            let mut order: Vec<T> = items.to_vec();
            let place = u64::from(self.step);
            shuffle(&mut stream(seed, Purpose::ShuffleUpdates, place, epoch), &mut order);
            for batch in order.chunks(size) {
                // What dropout leaves out follows from the step and the update within it.
                let trained = self.setup.trained.at(1 + self.step, done.losses.len() as u32);
                let Computed { gradients, loss, parts } =
                    gradients(&self.setup.policy, &trained, batch, |policy, shard| {
                        loss(policy, batch, shard)
                    });
                let norm = self
                    .optimizer
                    .step(&mut self.setup.policy, gradients, self.learning_rate);
                done.losses.push(loss);
                done.parts.push(parts);
                done.norms.push(norm);
            }
        }
        done
    }

    /// Stores and reports a step that is done, and rings what has to be rung.
    fn end_step(
        &mut self,
        mut record: StepRecord,
        pairs: Vec<PairRecord>,
        updates: &Updates,
        start: Instant,
    ) -> Result<bool, TrainError> {
        updates.fill(&mut record);
        record.metrics.insert("lr".into(), record.learning_rate);
        record.seconds = start.elapsed().as_secs_f64();
        self.store.record_step(&record, &pairs)?;
        self.control.send(Event::Step(record.clone()));
        let t = self.step;
        self.control.send(Event::Pairs { step: t, pairs });
        self.step += 1;
        self.watch_step(&record)?;
        if updates.is_broken() {
            let message = format!("step {t}: the gradient is not a number; the policy was not updated");
            self.alarm(&message, "lower the learning rate, or go back to a checkpoint", true)?;
        }
        Ok(true)
    }

    /// Says that rewards were no numbers.
    fn tell_broken_rewards(&mut self, broken: usize) -> Result<(), TrainError> {
        if broken == 0 {
            return Ok(());
        }
        let t = self.step.saturating_sub(1);
        let message = format!("step {t}: {broken} rewards are not numbers; their responses were left out");
        self.alarm(
            &message,
            "look at the reward model; continue to go on without these responses",
            true,
        )
    }

    /// Rings the alarms that the steps so far give reason for. None of them pauses: what they see may be wanted.
    pub(super) fn watch_step(&mut self, record: &StepRecord) -> Result<(), TrainError> {
        for trouble in self.watch.step(record, self.help()) {
            self.alarm(&trouble.message, &trouble.suggestion, false)?;
        }
        Ok(())
    }

    /// What helps against a divergence from the reference.
    pub(super) fn help(&self) -> &'static str {
        match self.setup.experiment.method.name {
            MethodName::Ppo => "raise method.ppo.kl_coef or lower the learning rate",
            MethodName::Dpo => "raise method.dpo.beta or lower the learning rate",
            MethodName::Ple if self.setup.experiment.method.stabilise.kl.is_some() => {
                "raise method.stabilise.kl or lower the learning rate"
            }
            _ => "lower the learning rate",
        }
    }
}
