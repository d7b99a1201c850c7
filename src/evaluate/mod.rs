//! Held-out queries and the case study: how the policy does on what it was not trained on.

mod effect;

use rayon::join;

use crate::config::{Case, GenerationSettings};
use crate::grammar::{Task, prompt, truth};
use crate::model::{Llama, Text};
use crate::random::{Purpose, stream};
use crate::reward::scores;
use crate::sample::{Completion, sample};
use crate::train::{CaseRecord, EvaluationRecord};

pub use effect::{CONFIDENCE, EffectPlan, FEWEST};

/// What an evaluation looks at; it never changes during a run.
pub struct Evaluator<'a> {
    pub task: Task,
    pub seed: u64,
    pub text: &'a Text,
    pub reward: &'a Llama,
    pub reward_text: &'a Text,
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
    pub fn evaluate(&self, policy: &Llama, principles: Option<&str>, step: u32) -> EvaluationRecord {
        let held_out = self.answer(policy, self.held_out, principles, self.generation, (0, 0));
        // Greedily, so that what changes from one evaluation to the next is the policy and not the dice.
        let greedy = GenerationSettings {
            temperature: 0.0,
            ..self.generation.clone()
        };
        let queries: Vec<String> = self.cases.iter().map(|c| c.query.to_string()).collect();
        let cases = self.answer(policy, &queries, principles, &greedy, (1, 0));
        let mean = |x: &[Scored]| x.iter().map(|s| s.reward).sum::<f64>() / x.len() as f64;
        EvaluationRecord {
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
        }
    }

    /// Answers queries without and with principles, the two sides on two threads. `place` names the random streams.
    pub fn answer(
        &self,
        policy: &Llama,
        queries: &[String],
        principles: Option<&str>,
        generation: &GenerationSettings,
        place: (u64, u64),
    ) -> Answered {
        let side = |principles: Option<&str>, purpose: Purpose| {
            let prompts: Vec<Vec<u32>> = queries
                .iter()
                .map(|q| self.text.prompt(&prompt(self.task, q, principles)))
                .collect();
            let rngs = (0..queries.len() as u64)
                .map(|i| stream(self.seed ^ (place.0 << 32), purpose, place.1, i))
                .collect();
            sample(policy, &prompts, generation, rngs, &mut |_, _| {})
        };
        let (original, guided) = join(
            || side(None, Purpose::EvaluateOriginal),
            || side(principles, Purpose::EvaluateGuided),
        );
        Answered {
            original: self.score(queries, original),
            guided: self.score(queries, guided),
        }
    }

    /// R(x, y) and the truth of responses; the reward model never sees the principles.
    pub fn score(&self, queries: &[String], completions: Vec<Completion>) -> Vec<Scored> {
        let responses: Vec<String> = completions.iter().map(|c| self.text.decode(&c.ids)).collect();
        let rows: Vec<(Vec<u32>, Vec<u32>)> = queries
            .iter()
            .zip(responses.iter().zip(&completions))
            .map(|(query, (response, completion))| {
                let x = self.reward_text.prompt(&prompt(self.task, query, None));
                let mut y = self.reward_text.response(response);
                if !completion.ended {
                    // A response that was cut off is scored as it is, without an end.
                    y.pop();
                }
                (x, y)
            })
            .collect();
        let rows: Vec<(&[u32], &[u32])> = rows.iter().map(|(x, y)| (&x[..], &y[..])).collect();
        let rewards = scores(self.reward, &rows);
        queries
            .iter()
            .zip(responses)
            .zip(completions.into_iter().zip(rewards))
            .map(|((query, response), (completion, reward))| {
                let truth = truth(self.task, query, &response).map(|t| t.value);
                Scored {
                    response,
                    completion,
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
