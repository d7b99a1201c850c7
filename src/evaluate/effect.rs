//! Principle effect: what each principle does to the guided response, by leaving it out and by using it alone.

use std::time::Instant;

use rayon::join;

use super::bootstrap::Bootstrap;
use super::{Evaluator, Scored};
use crate::config::Principles;
use crate::model::Model;
use crate::random::{Purpose, stream};
use crate::reward::RewardError;
use crate::sample::{Completion, sample};
use crate::train::{ArmRecord, Difference, EffectRecord, Estimate, PrincipleEffect, PrinciplesVersion, Verdict};

/// With fewer queries an interval says too little for a verdict.
pub const FEWEST: usize = 8;
/// Queries sampled in one batch. Part of what makes a measurement repeatable: a batch's padding touches its last bits.
const BATCH: usize = 16;

/// What is measured: queries, and the seed of their random streams.
pub struct EffectPlan<'a> {
    pub queries: &'a [String],
    /// The same query draws from the same stream under every prompt and at every step, so that differences come from the
    /// principles (or the policy) and not from the dice.
    pub seed: u64,
}

/// What one prompt gives on every query.
type Answers = Vec<Scored>;

impl Evaluator<'_> {
    /// Measures every principle of a set with a policy after `step` steps; `policy` has its adapters merged.
    ///
    /// `go_on(done, total)` is asked between batches of responses; `None` if it says no, or if there is no query. An error
    /// is that of the source of rewards.
    /// A principle that is on is compared with the set without it, one that is off with the set without it too, which
    /// is the set as it is.
    pub fn principle_effect(
        &self,
        policy: &Model,
        version: &PrinciplesVersion,
        step: u32,
        plan: &EffectPlan<'_>,
        go_on: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<Option<EffectRecord>, RewardError> {
        let start = Instant::now();
        let Some(first) = plan.queries.first() else {
            return Ok(None);
        };
        let set = &version.principles;
        let arms = Arms::of(set);
        let Some(answers) = self.answer_arms(policy, &arms.prompts, plan, go_on)? else {
            return Ok(None);
        };
        let bootstrap = Bootstrap {
            seed: plan.seed,
            purpose: Purpose::Effect,
        };
        let tokens = |i: usize| self.prompter.prompt(first, arms.prompts[i].as_deref()).len();
        let nothing = tokens(arms.none);
        let record = |i: usize| ArmRecord {
            reward: bootstrap.estimate(answers[i].iter().map(|s| s.reward)),
            truth: truths(&answers[i]).map(|t| bootstrap.estimate(t)),
            length: mean_length(&answers[i]),
            prompt_tokens: tokens(i).saturating_sub(nothing),
        };
        let principles = set.entries.iter().zip(&arms.entries).map(|(entry, &(other, alone))| {
            let (with, without) = if entry.on { (arms.all, other) } else { (other, arms.all) };
            let adds = bootstrap.difference(&answers[with], &answers[without]);
            PrincipleEffect {
                name: entry.name.clone(),
                text: entry.text.clone(),
                on: entry.on,
                tokens: tokens(with).saturating_sub(tokens(without)),
                other: record(other),
                alone: record(alone),
                verdict: verdict(&adds.reward, plan.queries.len()),
                adds,
                adds_alone: bootstrap.difference(&answers[alone], &answers[arms.none]),
            }
        });
        Ok(Some(EffectRecord {
            step,
            version: version.version,
            queries: plan.queries.len(),
            seed: plan.seed,
            principles: principles.collect(),
            none: record(arms.none),
            all: record(arms.all),
            seconds: start.elapsed().as_secs_f64(),
        }))
    }

    /// Answers every query under every prompt, two prompts at a time.
    fn answer_arms(
        &self,
        policy: &Model,
        prompts: &[Option<String>],
        plan: &EffectPlan<'_>,
        go_on: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<Option<Vec<Answers>>, RewardError> {
        let mut answers: Vec<Answers> = prompts.iter().map(|_| Vec::with_capacity(plan.queries.len())).collect();
        let total = prompts.len() * plan.queries.len();
        let mut done = 0;
        for (batch, queries) in plan.queries.chunks(BATCH).enumerate() {
            let one = |principles: Option<&str>| -> Vec<Completion> {
                let prompts: Vec<Vec<u32>> = queries.iter().map(|q| self.prompter.prompt(q, principles)).collect();
                let first = batch * BATCH;
                let rngs = (first..first + queries.len())
                    .map(|i| stream(plan.seed, Purpose::Effect, 0, i as u64))
                    .collect();
                sample(
                    policy,
                    &prompts,
                    self.generation,
                    self.prompter.stops(),
                    rngs,
                    &mut |_, _| {},
                )
            };
            for pair in (0..prompts.len()).collect::<Vec<_>>().chunks(2) {
                if !go_on(done, total) {
                    return Ok(None);
                }
                match *pair {
                    [a, b] => {
                        let (x, y) = join(|| one(prompts[a].as_deref()), || one(prompts[b].as_deref()));
                        answers[a].extend(self.score(queries, &x)?);
                        answers[b].extend(self.score(queries, &y)?);
                    }
                    [a] => {
                        let x = one(prompts[a].as_deref());
                        answers[a].extend(self.score(queries, &x)?);
                    }
                    _ => {}
                }
                done += pair.len() * queries.len();
            }
        }
        Ok(go_on(total, total).then_some(answers))
    }
}

/// The prompts to compare, each once however many comparisons need it.
struct Arms {
    prompts: Vec<Option<String>>,
    none: usize,
    all: usize,
    /// For each entry: the set with this one switched the other way, and the entry alone.
    entries: Vec<(usize, usize)>,
}

impl Arms {
    fn of(set: &Principles) -> Self {
        let mut prompts = Vec::new();
        let mut place = |set: Principles| {
            let prompt = set.render();
            prompts.iter().position(|p| *p == prompt).unwrap_or_else(|| {
                prompts.push(prompt);
                prompts.len() - 1
            })
        };
        let none = place(set.switched(|_, _| false));
        let all = place(set.clone());
        let entries = (0..set.entries.len())
            .map(|i| {
                let other = place(set.switched(|k, entry| entry.on != (k == i)));
                (other, place(set.switched(|k, _| k == i)))
            })
            .collect();
        Self {
            prompts,
            none,
            all,
            entries,
        }
    }
}

fn truths(answers: &Answers) -> Option<impl Iterator<Item = f64>> {
    let known: Option<Vec<f64>> = answers.iter().map(|s| s.truth).collect();
    known.map(Vec::into_iter)
}

fn mean_length(answers: &Answers) -> f64 {
    answers.iter().map(|s| s.completion.ids.len() as f64).sum::<f64>() / answers.len() as f64
}

/// Where the interval lies, in a word.
fn verdict(reward: &Estimate, queries: usize) -> Verdict {
    match () {
        () if queries < FEWEST => Verdict::TooFew,
        () if reward.low > 0.0 => Verdict::Earns,
        () if reward.high < 0.0 => Verdict::Hurts,
        () => Verdict::NoClearEffect,
    }
}

impl Bootstrap {
    /// `with` minus `without`, query by query.
    fn difference(&self, with: &Answers, without: &Answers) -> Difference {
        let pairs = |of: fn(&Scored) -> f64| with.iter().zip(without).map(move |(a, b)| of(a) - of(b));
        let truth: Option<Vec<f64>> = with
            .iter()
            .zip(without)
            .map(|(a, b)| Some(a.truth? - b.truth?))
            .collect();
        Difference {
            reward: self.estimate(pairs(|s| s.reward)),
            truth: truth.map(|t| self.estimate(t)),
            length: mean_length(with) - mean_length(without),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Numbering, Principle};

    fn set(on: &[bool]) -> Principles {
        let entry = |(i, on): (usize, &bool)| Principle {
            name: format!("p{i}"),
            text: format!("rule {i}."),
            on: *on,
            tags: vec![],
        };
        Principles {
            preamble: "Rules:".into(),
            numbered: Numbering::Plain,
            entries: on.iter().enumerate().map(entry).collect(),
        }
    }

    #[test]
    fn every_prompt_is_sampled_once() {
        let arms = Arms::of(&set(&[true, true, true]));
        assert_eq!(arms.prompts.len(), 8);
        assert_eq!(arms.prompts[arms.none], None);
        assert_eq!(
            arms.prompts[arms.all].as_deref(),
            Some("Rules: 1 rule 0. 2 rule 1. 3 rule 2.")
        );
        let (without, alone) = arms.entries[1];
        assert_eq!(arms.prompts[without].as_deref(), Some("Rules: 1 rule 0. 2 rule 2."));
        assert_eq!(arms.prompts[alone].as_deref(), Some("Rules: 1 rule 1."));
        // With two, leaving one out is the other alone; with one, it is nothing.
        assert_eq!(Arms::of(&set(&[true, true])).prompts.len(), 4);
        assert_eq!(Arms::of(&set(&[true])).prompts.len(), 2);
    }

    #[test]
    fn a_principle_that_is_off_is_added() {
        let arms = Arms::of(&set(&[true, false, true]));
        let (with, alone) = arms.entries[1];
        assert_eq!(
            arms.prompts[with].as_deref(),
            Some("Rules: 1 rule 0. 2 rule 1. 3 rule 2.")
        );
        assert_eq!(arms.prompts[alone].as_deref(), Some("Rules: 1 rule 1."));
        let off = Arms::of(&set(&[false]));
        assert_eq!((off.all, off.entries[0].0), (off.none, off.entries[0].1));
    }

    #[test]
    fn a_verdict_needs_an_interval_on_one_side_of_zero_and_enough_queries() {
        let at = |low, high| Estimate { mean: 0.0, low, high };
        assert_eq!(verdict(&at(0.1, 0.2), 64), Verdict::Earns);
        assert_eq!(verdict(&at(-0.2, -0.1), 64), Verdict::Hurts);
        assert_eq!(verdict(&at(-0.1, 0.1), 64), Verdict::NoClearEffect);
        assert_eq!(verdict(&at(f64::NAN, f64::NAN), 64), Verdict::NoClearEffect);
        assert_eq!(verdict(&at(0.1, 0.2), FEWEST - 1), Verdict::TooFew);
    }
}
