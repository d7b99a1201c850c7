//! A step of PLE: Algorithm 1.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};

use super::super::replay::Member;
use super::super::shards::{ShardLoss, gradients};
use super::super::step::{self, Sampled};
use super::super::trainer::{TrainError, Trainer};
use super::super::{Event, PairRecord, StepRecord};
use super::{Row, borrowed};
use crate::config::{MethodSettings, Schedule};
use crate::method::logprob::{LogProbs, log_probs};
use crate::method::{ple, theory};
use crate::model::Model;
use crate::numbers::values;

/// Rows of one forward pass without gradients.
const ROWS: usize = 32;

/// What an update learns from: a pair, and a row of the data beside it where there is such an anchor.
struct Item<'a> {
    /// Place among the step's members.
    place: usize,
    member: &'a Member,
    row: Option<&'a Row>,
}

/// log pi of y and y' given x alone, whole responses, and their tokens.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Likelihoods {
    pub sums: (f64, f64),
    pub tokens: (f64, f64),
}

impl Trainer {
    /// Sample y and y', score both against x, add the pairs to D_train, update on its members, let tau fall. False if the
    /// rewards could not be had: then nothing has changed, and the same step is to be done again.
    pub(super) fn ple_step(&mut self) -> Result<bool, TrainError> {
        let start = Instant::now();
        let t = self.step;
        let kept = self.take_unscored();
        let drawn = kept.unwrap_or_else(|| step::draw(self, t));
        let Sampled {
            mut record,
            mut pairs,
            members,
        } = match step::score(self, &drawn) {
            Ok(sampled) => sampled,
            Err(error) => {
                self.keep_unscored(drawn);
                self.without_rewards(&format!("step {t}"), error)?;
                return Ok(false);
            }
        };
        let broken = pairs.len() - members.len();
        self.replay.add(t, members);
        self.learn_known()?;
        let updated = self.update(&mut record, &mut pairs);
        record.seconds = start.elapsed().as_secs_f64();
        self.store.record_step(&record, &pairs)?;
        self.control.send(Event::Step(record.clone()));
        self.control.send(Event::Pairs { step: t, pairs });
        let boundary = record.metrics.get(theory::BOUNDARY).copied();
        self.tau = match self.setup.experiment.method.schedule {
            Schedule::Decay => ple::next_tau(self.tau, self.decay),
            Schedule::Pure => theory::next_tau(self.tau, self.decay, boundary),
        };
        self.step += 1;
        self.watch_step(&record)?;
        if broken > 0 {
            let message = format!("step {t}: {broken} rewards are not numbers; their pairs were left out");
            self.alarm(
                &message,
                "look at the reward model; continue to go on without these pairs",
                true,
            )?;
        }
        if !updated {
            let message = format!("step {t}: the gradient is not a number; the policy was not updated");
            self.alarm(&message, "lower the learning rate, or go back to a checkpoint", true)?;
        }
        Ok(true)
    }

    /// What the variants have to know of members, of those of which it is not known: the new ones, and those of a run that
    /// went without the variant when they were new.
    fn learn_known(&mut self) -> Result<(), TrainError> {
        let stabilise = self.setup.experiment.method.stabilise;
        if stabilise.needs_ratio() {
            let policy = &self.setup.policy;
            let without: Vec<&mut Member> = self.replay.members_mut().filter(|m| m.then.is_none()).collect();
            look_at(policy, without, |member, found| member.then = Some(found));
        }
        if stabilise.kl.is_some() {
            let reference = self.reference()?.clone();
            let without: Vec<&mut Member> = self.replay.members_mut().filter(|m| m.reference.is_none()).collect();
            look_at(&reference, without, |member, found| member.reference = Some(found));
        }
        Ok(())
    }

    /// Updates the policy on the members of D_train that the replay setting names. False if a gradient was not finite.
    fn update(&mut self, record: &mut StepRecord, pairs: &mut [PairRecord]) -> bool {
        let settings = self.setup.experiment.method.clone();
        let (t, tau) = (self.step, self.tau);
        let members = self.replay.shuffled(self.setup.experiment.seed, t);
        record.replay = members.len();
        record.ranked = members
            .iter()
            .filter(|m| ple::is_ranked(m.s, m.s_guided, tau, &settings))
            .count();
        record.weighted = members.len() - record.ranked;
        let rows = self.anchor_rows(members.len());
        let items: Vec<Item> = members
            .iter()
            .enumerate()
            .map(|(place, member)| Item {
                place,
                member,
                row: rows.get(place),
            })
            .collect();
        // What each member's update saw.
        let seen = Mutex::new(vec![Likelihoods::default(); members.len()]);
        let mut finite = true;
        let mut watched = [0.0; 4];
        for (i, batch) in items.chunks(settings.minibatch).enumerate() {
            let n = batch.len();
            let trained = self.setup.trained.at(1 + t, i as u32);
            let computed = gradients(&self.setup.policy, &trained, batch, |policy, shard| {
                let members: Vec<&Member> = shard.iter().map(|item| item.member).collect();
                let (losses, found) = member_losses(policy, &members, tau, n, &settings);
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                for (item, found) in shard.iter().zip(found) {
                    seen[item.place] = found;
                }
                drop(seen);
                let rows: Vec<Row> = shard.iter().filter_map(|item| item.row.cloned()).collect();
                let device = losses.total.device().inner();
                let (losses, anchor) = match rows.is_empty() {
                    false => losses.anchored(&log_probs(policy, &borrowed(&rows)), n, &settings),
                    true => (losses, Tensor::zeros([1], &device)),
                };
                let watched = losses.watched;
                ShardLoss {
                    loss: losses.total,
                    parts: vec![
                        losses.rank,
                        losses.wsft,
                        watched.weight,
                        watched.limited,
                        watched.divergence,
                        anchor,
                    ],
                }
            });
            let norm = self
                .optimizer
                .step(&mut self.setup.policy, computed.gradients, self.learning_rate);
            finite &= norm.is_finite();
            record.loss_rank += computed.parts[0];
            record.loss_wsft += computed.parts[1];
            record.loss += computed.loss;
            record.grad_norm += norm;
            record.updates += 1;
            for (sum, part) in watched.iter_mut().zip(&computed.parts[2..]) {
                *sum += part;
            }
        }
        let updates = record.updates.max(1) as f64;
        for sum in [
            &mut record.loss_rank,
            &mut record.loss_wsft,
            &mut record.loss,
            &mut record.grad_norm,
        ] {
            *sum /= updates;
        }
        tell_variants(record, &settings, watched, rows.len());
        let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        tell_theory(record, &members, &seen, &settings);
        for (member, found) in members.into_iter().zip(seen) {
            if member.step != t {
                continue;
            }
            if let Some(pair) = pairs.get_mut(member.index as usize) {
                let then = member.then.or(Some(found.sums));
                Member { then, ..member }.tell(pair);
            }
        }
        finite
    }

    /// Rows of the data for an anchor of Eq. 1, one beside every pair, after those of the supervised stage. A step begins
    /// where its number says, so that a resumed run has the same.
    fn anchor_rows(&self, n: usize) -> Vec<Row> {
        let experiment = &self.setup.experiment;
        if experiment.method.stabilise.sft.is_none() {
            return vec![];
        }
        let before = u64::from(experiment.sft.steps) * experiment.sft.batch as u64;
        let first = before + u64::from(self.step) * experiment.method.queries_per_step as u64;
        step::supervised_rows(&self.setup, first, n)
    }
}

/// Reads log-probabilities of both responses of members, without gradients, one half of them on each of two threads.
fn look_at(policy: &Model, members: Vec<&mut Member>, mut take: impl FnMut(&mut Member, (f64, f64))) {
    let rows: Vec<(&[u32], &[u32])> = members
        .iter()
        .flat_map(|m| [(&m.x[..], &m.y[..]), (&m.x[..], &m.y_guided[..])])
        .collect();
    let half = |rows: &[(&[u32], &[u32])]| -> Vec<f32> {
        let pieces = rows.chunks(ROWS);
        pieces.flat_map(|rows| values(log_probs(policy, rows).sum)).collect()
    };
    let (first, second) = rows.split_at(rows.len().div_ceil(2));
    let (mut found, second) = rayon::join(|| half(first), || half(second));
    found.extend(second);
    drop(rows);
    for (member, both) in members.into_iter().zip(found.chunks(2)) {
        take(member, (f64::from(both[0]), f64::from(both[1])));
    }
}

/// Eqs. 3 to 6 for a shard of a minibatch of `n` members, and what the policy says of each.
pub(in super::super) fn member_losses(
    policy: &Model,
    shard: &[&Member],
    tau: f64,
    n: usize,
    settings: &MethodSettings,
) -> (ple::Losses, Vec<Likelihoods>) {
    let original = shard.iter().map(|m| (&m.x[..], &m.y[..]));
    let guided = shard.iter().map(|m| (&m.x[..], &m.y_guided[..]));
    let rows: Vec<(&[u32], &[u32])> = original.chain(guided).collect();
    let log_pi = log_probs(policy, &rows);
    let rewards: Vec<(f64, f64)> = shard.iter().map(|m| (m.s, m.s_guided)).collect();
    let k = shard.len();
    let device = log_pi.sum.device().inner();
    let known = ple::Known {
        then: columns(shard, &device, |m| m.then, settings.stabilise.needs_ratio()),
        reference: columns(shard, &device, |m| m.reference, settings.stabilise.kl.is_some()),
    };
    let seen = seen(&log_pi, k);
    let losses = ple::losses(
        &log_pi.rows(0, k),
        &log_pi.rows(k, k),
        &rewards,
        tau,
        n,
        settings,
        &known,
    );
    (losses, seen)
}

/// Numbers that members know, as two columns; NaN where they do not.
fn columns(
    shard: &[&Member],
    device: &Device,
    of: impl Fn(&Member) -> Option<(f64, f64)>,
    wanted: bool,
) -> Option<[Tensor<1>; 2]> {
    let known: Vec<(f64, f64)> = shard.iter().map(|m| of(m).unwrap_or((f64::NAN, f64::NAN))).collect();
    let column = |x: Vec<f32>| Tensor::from_data(TensorData::new(x, [shard.len()]), device);
    wanted.then(|| {
        [
            column(known.iter().map(|(y, _)| *y as f32).collect()),
            column(known.iter().map(|(_, guided)| *guided as f32).collect()),
        ]
    })
}

fn seen(log_pi: &LogProbs, k: usize) -> Vec<Likelihoods> {
    let sums = values(log_pi.sum.clone().inner());
    let tokens = values(log_pi.lengths.clone());
    let both = |x: &[f32], i: usize| (f64::from(x[i]), f64::from(x[k + i]));
    (0..k)
        .map(|i| Likelihoods {
            sums: both(&sums, i),
            tokens: both(&tokens, i),
        })
        .collect()
}

/// What the variants did in a step, as means over all responses that it updated on.
fn tell_variants(record: &mut StepRecord, settings: &MethodSettings, watched: [f64; 4], rows: usize) {
    let stabilise = &settings.stabilise;
    let responses = 2.0 * record.replay.max(1) as f64;
    let [weight, limited, divergence, anchor] = watched;
    let mut say = |name: &str, x: f64| record.metrics.insert(format!("stabilise/{name}"), x);
    if stabilise.needs_ratio() {
        say("ratio", weight / responses);
    }
    if stabilise.needs_ratio() || stabilise.hinge.is_some() || stabilise.sigmoid.is_some() {
        say("limited", limited / responses);
    }
    if stabilise.kl.is_some() {
        say("kl", divergence / responses);
    }
    if stabilise.sft.is_some() && rows > 0 {
        say("sft", anchor / rows as f64);
    }
}

/// How far the likelihoods of the step's pairs are in the order of their rewards, each read before its own update.
fn tell_theory(record: &mut StepRecord, members: &[Member], seen: &[Likelihoods], settings: &MethodSettings) {
    let ordered = |lead: fn(&Likelihoods) -> f64| -> Vec<theory::Ordered> {
        let both = members.iter().zip(seen);
        both.map(|(m, found)| theory::Ordered {
            margin: m.s_guided - m.s,
            lead: lead(found),
        })
        .collect()
    };
    let whole = ordered(|l| l.sums.1 - l.sums.0);
    let tokens = ordered(|l| l.sums.1 / l.tokens.1 - l.sums.0 / l.tokens.0);
    let tau = record.tau;
    for (name, x) in theory::report(&tokens, &whole, tau, settings.purity) {
        record.metrics.insert(name, x);
    }
}
