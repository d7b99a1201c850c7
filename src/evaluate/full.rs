//! A whole evaluation: reward, truth, lengths, perplexity and BLEU of a policy on held-out queries, without principles.

use std::time::Instant;

use rayon::join;

use super::bleu::{Bleu, Counts};
use super::perplexity::{Likelihood, likelihoods, of_rows, of_tokens};
use super::{Bootstrap, Evaluator, Scored};
use crate::data::{Example, Query};
use crate::model::Model;
use crate::random::{Purpose, stream};
use crate::reward::RewardError;
use crate::sample::{Completion, sample};
use crate::train::{EvaluatedRow, FullEvaluation, ReferenceRecord};

/// Queries sampled in one batch. Part of what makes a measurement repeatable: a batch's padding touches its last bits.
const BATCH: usize = 16;

/// What is evaluated, and on what.
pub struct FullPlan<'a> {
    /// For people.
    pub policy: String,
    /// Steps and supervised updates done by the policy.
    pub step: u32,
    pub sft_done: u32,
    /// Held-out queries, with references where there are any.
    pub queries: &'a [Query],
    /// What the references are, for people.
    pub references: &'static str,
    /// Longer references are cut.
    pub max_response_tokens: usize,
}

/// Prompt and reference of a query.
type Ids = (Vec<u32>, Vec<u32>);

/// The two texts that BLEU compares, of a response, its reference and its prompt.
type Texts<'a> = &'a dyn Fn(&(&str, &str, String)) -> (String, String);

impl Evaluator<'_> {
    /// Evaluates a policy that has its adapters merged.
    ///
    /// Query i draws from the same stream in every evaluation with the same seed, whatever the policy. `go_on(done, total)`
    /// is asked between batches; `None` if it says no. An error is that of the source of rewards.
    pub fn full(
        &self,
        policy: &Model,
        plan: &FullPlan<'_>,
        go_on: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<Option<FullEvaluation>, RewardError> {
        let start = Instant::now();
        let (rows, cut) = self.reference_rows(policy, plan);
        let total = plan.queries.len() + rows.len();
        let Some(scored) = self.answer_all(policy, plan.queries, &mut |done| go_on(done, total))? else {
            return Ok(None);
        };
        let done = plan.queries.len();
        let Some(likely) = likelihoods(policy, &rows, &mut |more| go_on(done + more, total)) else {
            return Ok(None);
        };
        let bootstrap = Bootstrap {
            seed: self.seed,
            purpose: Purpose::FullEvaluation,
        };
        let truths: Option<Vec<f64>> = scored.iter().map(|s| s.truth).collect();
        let found = FullEvaluation {
            policy: plan.policy.clone(),
            step: plan.step,
            sft_done: plan.sft_done,
            queries: scored.len(),
            seed: self.seed,
            generation: self.generation.clone(),
            reward: bootstrap.estimate(scored.iter().map(|s| s.reward)),
            truth: truths.map(|truths| bootstrap.estimate(truths)),
            length: bootstrap.estimate(scored.iter().map(|s| s.completion.ids.len() as f64)),
            ended: bootstrap.estimate(scored.iter().map(|s| f64::from(u8::from(s.completion.ended)))),
            references: self.beside_references(plan, &scored, &likely, cut, bootstrap),
            rows: told(plan.queries, &scored, &likely),
            seconds: start.elapsed().as_secs_f64(),
        };
        Ok(go_on(total, total).then_some(found))
    }

    /// Prompt and reference as ids, of the queries that have one, and how many references were cut.
    fn reference_rows(&self, policy: &Model, plan: &FullPlan<'_>) -> (Vec<Ids>, usize) {
        let room = policy.config.max_position_embeddings;
        let mut cut = 0;
        let rows = plan.queries.iter().filter_map(|query| {
            let whole = Example {
                query: query.text.clone(),
                response: query.response.clone()?,
            };
            let x = self.prompter.prompt(&whole.query, None);
            let kept = whole.clone().within(self.prompter.text(), plan.max_response_tokens);
            let mut y = self.prompter.response(&kept.response);
            let fits = room.saturating_sub(x.len()).max(1);
            cut += usize::from(kept.response != whole.response || y.len() > fits);
            y.truncate(fits);
            Some((x, y))
        });
        (rows.collect(), cut)
    }

    fn answer_all(
        &self,
        policy: &Model,
        queries: &[Query],
        go_on: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Option<Vec<Scored>>, RewardError> {
        let texts: Vec<String> = queries.iter().map(|q| q.text.clone()).collect();
        let mut scored = Vec::with_capacity(queries.len());
        for two in texts.chunks(2 * BATCH) {
            let first = scored.len();
            if !go_on(first) {
                return Ok(None);
            }
            let completions = self.two_batches(policy, first, two);
            scored.extend(self.score(two, &completions)?);
        }
        Ok(Some(scored))
    }

    /// The responses of a whole evaluation, not scored: query i draws from the same stream as there, so that these are the
    /// responses that [`Evaluator::full`] has. `go_on(done)` is asked between batches; `None` if it says no.
    pub fn responses(
        &self,
        policy: &Model,
        queries: &[String],
        go_on: &mut dyn FnMut(usize) -> bool,
    ) -> Option<Vec<Completion>> {
        let mut found = Vec::with_capacity(queries.len());
        for two in queries.chunks(2 * BATCH) {
            if !go_on(found.len()) {
                return None;
            }
            found.extend(self.two_batches(policy, found.len(), two));
        }
        Some(found)
    }

    /// At most two batches of queries, the first of which has this place, on two threads.
    fn two_batches(&self, policy: &Model, first: usize, queries: &[String]) -> Vec<Completion> {
        let one = |first: usize, queries: &[String]| -> Vec<Completion> {
            let prompts: Vec<Vec<u32>> = queries.iter().map(|q| self.prompter.prompt(q, None)).collect();
            let rngs = (first..first + queries.len())
                .map(|i| stream(self.seed, Purpose::FullEvaluation, 0, i as u64))
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
        let (a, b) = queries.split_at(queries.len().min(BATCH));
        let (mut completions, more) = join(|| one(first, a), || one(first + a.len(), b));
        completions.extend(more);
        completions
    }

    fn beside_references(
        &self,
        plan: &FullPlan<'_>,
        scored: &[Scored],
        likely: &[Likelihood],
        cut: usize,
        bootstrap: Bootstrap,
    ) -> Option<ReferenceRecord> {
        if likely.is_empty() {
            return None;
        }
        let bleu = Bleu::default();
        let pairs = plan.queries.iter().zip(scored);
        let pairs: Vec<(&str, &str, String)> = pairs
            .filter_map(|(q, s)| {
                Some((
                    &s.response[..],
                    q.response.as_deref()?.trim(),
                    self.prompter.shown(&q.text, None),
                ))
            })
            .collect();
        let segments = |texts: Texts<'_>| -> (Vec<Counts>, String) {
            let both: Vec<(String, String)> = pairs.iter().map(texts).collect();
            let hypotheses: Vec<&str> = both.iter().map(|(response, _)| &response[..]).collect();
            let references = [both.iter().map(|(_, reference)| Some(&reference[..])).collect()];
            (
                bleu.counts(&hypotheses, &references),
                bleu.signature(&references, false),
            )
        };
        let corpus = |counts: &[Counts]| {
            bootstrap.of(counts.len(), |drawn| {
                let mut sum = Counts::new(bleu.max_order);
                drawn.iter().for_each(|&i| sum.add(&counts[i]));
                bleu.score(&sum, false).bleu
            })
        };
        let (alone, signature) = segments(&|(response, reference, _)| (response.to_string(), reference.to_string()));
        let (with_prompt, _) = segments(&|(response, reference, prompt)| {
            (format!("{prompt} {response}"), format!("{prompt} {reference}"))
        });
        let n = likely.len();
        Some(ReferenceRecord {
            about: plan.references.to_string(),
            queries: n,
            cut,
            perplexity: bootstrap.of(n, |drawn| of_tokens(drawn.iter().map(|&i| &likely[i]))),
            perplexity_of_rows: bootstrap.of(n, |drawn| of_rows(drawn.iter().map(|&i| &likely[i]))),
            bleu_response: corpus(&alone),
            bleu_with_prompt: corpus(&with_prompt),
            signature,
        })
    }
}

fn told(queries: &[Query], scored: &[Scored], likely: &[Likelihood]) -> Vec<EvaluatedRow> {
    let mut likely = likely.iter();
    let row = |(query, scored): (&Query, &Scored)| {
        let reference = query.response.as_ref().and_then(|_| likely.next());
        EvaluatedRow {
            query: query.text.clone(),
            response: scored.response.clone(),
            reference: query.response.clone(),
            reward: scored.reward,
            truth: scored.truth,
            tokens: scored.completion.ids.len(),
            ended: scored.completion.ended,
            reference_nll: reference.map(|l| l.nll),
            reference_tokens: reference.map_or(0, |l| l.tokens),
        }
    };
    queries.iter().zip(scored).map(row).collect()
}
