//! Held-out queries and the case study: how the policy does on what it was not trained on.

pub mod bleu;
mod bootstrap;
mod effect;
mod full;
pub mod perplexity;
pub mod quality;

use rayon::join;

use crate::config::{Case, GenerationSettings};
use crate::grammar::{Task, truth};
use crate::model::Model;
use crate::prompt::Prompter;
use crate::random::{Purpose, stream};
use crate::reward::{GiveUp, RewardError, RewardSource, Row};
use crate::sample::{Completion, sample};
use crate::train::{CaseRecord, EvaluationRecord};

pub use bootstrap::{Bootstrap, CONFIDENCE};
pub use effect::{EffectPlan, FEWEST};
pub use full::FullPlan;

/// What an evaluation looks at; it never changes during a run.
pub struct Evaluator<'a> {
    pub task: Task,
    pub seed: u64,
    pub prompter: &'a Prompter,
    pub reward: &'a dyn RewardSource,
    /// Asked while the source of rewards takes its time.
    pub give_up: GiveUp<'a>,
    pub generation: &'a GenerationSettings,
    pub held_out: &'a [String],
    pub cases: &'a [Case],
}

/// Responses to queries without and with the principles, scored against the query alone.
pub struct Answered {
    pub original: Vec<Scored>,
    pub guided: Vec<Scored>,
}

/// A response as text, with its reward and, where the grammar knows the query, its truth.
#[derive(Clone, Debug)]
pub struct Scored {
    pub response: String,
    pub completion: Completion,
    pub reward: f64,
    pub truth: Option<f64>,
}

impl Evaluator<'_> {
    /// Evaluates a policy after `step` steps; `policy` has its adapters merged.
    pub fn evaluate(
        &self,
        policy: &Model,
        principles: Option<&str>,
        step: u32,
    ) -> Result<EvaluationRecord, RewardError> {
        let held_out = self.answer(policy, self.held_out, principles, self.generation, (0, 0))?;
        // Greedily, so that what changes from one evaluation to the next is the policy and not the dice.
        let greedy = GenerationSettings {
            temperature: 0.0,
            ..self.generation.clone()
        };
        let queries: Vec<String> = self.cases.iter().map(|c| c.query.to_string()).collect();
        let cases = self.answer(policy, &queries, principles, &greedy, (1, 0))?;
        let mean = |x: &[Scored]| x.iter().map(|s| s.reward).sum::<f64>() / x.len() as f64;
        Ok(EvaluationRecord {
            step,
            queries: self.held_out.len(),
            reward_original: mean(&held_out.original),
            reward_guided: mean(&held_out.guided),
            truth_original: mean_truth(&held_out.original),
            truth_guided: mean_truth(&held_out.guided),
            cases: self
                .cases
                .iter()
                .zip(cases.original.into_iter().zip(cases.guided))
                .map(|(case, (y, y_guided))| CaseRecord {
                    label: case.label.to_string(),
                    query: case.query.to_string(),
                    original: y.response,
                    guided: y_guided.response,
                    reward_original: y.reward,
                    reward_guided: y_guided.reward,
                    truth_original: y.truth,
                    truth_guided: y_guided.truth,
                })
                .collect(),
        })
    }

    /// Answers queries without and with principles, the two sides on two threads. `place` names the random streams.
    pub fn answer(
        &self,
        policy: &Model,
        queries: &[String],
        principles: Option<&str>,
        generation: &GenerationSettings,
        place: (u64, u64),
    ) -> Result<Answered, RewardError> {
        let (original, guided) = self.sample(policy, queries, principles, generation, place);
        Ok(Answered {
            original: self.score(queries, &original)?,
            guided: self.score(queries, &guided)?,
        })
    }

    /// The responses of [`Evaluator::answer`] before they are scored: original, guided.
    pub fn sample(
        &self,
        policy: &Model,
        queries: &[String],
        principles: Option<&str>,
        generation: &GenerationSettings,
        place: (u64, u64),
    ) -> (Vec<Completion>, Vec<Completion>) {
        let side = |principles: Option<&str>, purpose: Purpose| {
            let prompts: Vec<Vec<u32>> = queries.iter().map(|q| self.prompter.prompt(q, principles)).collect();
            let rngs = (0..queries.len() as u64)
                .map(|i| stream(self.seed ^ (place.0 << 32), purpose, place.1, i))
                .collect();
            sample(
                policy,
                &prompts,
                generation,
                self.prompter.stops(),
                rngs,
                &mut |_, _| {},
            )
        };
        join(
            || side(None, Purpose::EvaluateOriginal),
            || side(principles, Purpose::EvaluateGuided),
        )
    }

    /// R(x, y) and the truth of responses; the source of rewards never sees the principles.
    pub fn score(&self, queries: &[String], completions: &[Completion]) -> Result<Vec<Scored>, RewardError> {
        let responses: Vec<String> = completions.iter().map(|c| self.prompter.decode(&c.ids)).collect();
        let prompts: Vec<String> = queries.iter().map(|query| self.prompter.shown(query, None)).collect();
        let rows: Vec<Row<'_>> = queries
            .iter()
            .zip(&prompts)
            .zip(responses.iter().zip(completions))
            .map(|((query, prompt), (response, completion))| Row {
                query,
                prompt,
                response,
                tokens: completion.ids.len(),
                ended: completion.ended,
            })
            .collect();
        let rewards = self.reward.score(&rows, self.give_up)?;
        Ok(self.scored(queries, completions, responses, &rewards))
    }

    /// Responses whose source of rewards did not answer: their rewards are NaN.
    pub fn unscored(&self, queries: &[String], completions: &[Completion]) -> Vec<Scored> {
        let responses = completions.iter().map(|c| self.prompter.decode(&c.ids)).collect();
        self.scored(queries, completions, responses, &vec![f64::NAN; completions.len()])
    }

    fn scored(
        &self,
        queries: &[String],
        completions: &[Completion],
        responses: Vec<String>,
        rewards: &[f64],
    ) -> Vec<Scored> {
        queries
            .iter()
            .zip(responses)
            .zip(completions.iter().zip(rewards))
            .map(|((query, response), (completion, &reward))| {
                let truth = truth(self.task, query, &response).map(|t| t.value);
                Scored {
                    response,
                    completion: completion.clone(),
                    reward,
                    truth,
                }
            })
            .collect()
    }
}

/// Mean truth, if every response has one.
pub fn mean_truth(scored: &[Scored]) -> Option<f64> {
    let sum: Option<f64> = scored.iter().map(|s| s.truth).sum();
    sum.map(|s| s / scored.len() as f64)
}
