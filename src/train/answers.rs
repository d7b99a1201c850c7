//! What a policy answers to given queries, to be judged beside another's answers.

use super::effect::Measurable;
use crate::config::GenerationSettings;
use crate::evaluate::Evaluator;
use crate::grammar::truth;
use crate::reward::{RewardError, Row};

/// A response of a policy to a query, without principles.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub text: String,
    /// By the policy's own tokenizer, end of sequence included.
    pub tokens: usize,
    /// It ended by itself.
    pub ended: bool,
}

impl Measurable {
    /// At most so many held-out queries of the experiment: those of [`Measurable::evaluate`].
    pub fn held_out(&self, most: usize) -> Vec<String> {
        self.setup.pool.held_out(most)
    }

    /// The first so many queries that the experiment trains on, each once; fewer where there are no more.
    pub fn training_queries(&self, most: usize) -> Vec<String> {
        let mut seen = std::collections::HashSet::new();
        // A pool goes round: what has not come by within some rounds is not there.
        let places = 0..(20 * most as u64).max(1000);
        let all = places.map(|i| self.setup.pool.query(i));
        all.filter(|query| seen.insert(query.clone())).take(most).collect()
    }

    /// Which of these queries the policy was trained on.
    pub fn trained_on(&self, queries: &[String]) -> Vec<bool> {
        self.setup.pool.trains_on(queries)
    }

    /// The seed of the experiment.
    pub fn seed(&self) -> u64 {
        self.setup.experiment.seed
    }

    /// How the policy samples.
    pub fn generation(&self) -> &GenerationSettings {
        &self.setup.experiment.generation
    }

    /// Where the experiment's rewards come from, for people.
    pub fn reward_source(&self) -> String {
        self.setup.experiment.reward.source()
    }

    /// The policy's answers. Query i draws from the stream that `seed` and i name, as in [`Measurable::evaluate`] of an
    /// experiment with that seed. `go_on(done, total)` is asked between batches; `None` if it says no.
    pub fn answers(
        &self,
        queries: &[String],
        seed: u64,
        go_on: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Option<Vec<Reply>> {
        let evaluator = Evaluator {
            seed,
            ..self.evaluator_of_answers()
        };
        let policy = self.setup.policy.merged();
        let found = evaluator.responses(&policy, queries, &mut |done| go_on(done, queries.len()))?;
        let reply = |c: &crate::sample::Completion| Reply {
            text: self.setup.prompter.decode(&c.ids),
            tokens: c.ids.len(),
            ended: c.ended,
        };
        go_on(queries.len(), queries.len()).then(|| found.iter().map(reply).collect())
    }

    /// R(x, y) by the experiment's source of rewards, for anybody's answers.
    pub fn rewards(&self, queries: &[String], replies: &[Reply]) -> Result<Vec<f64>, RewardError> {
        let prompter = &self.setup.prompter;
        let prompts: Vec<String> = queries.iter().map(|query| prompter.shown(query, None)).collect();
        let rows: Vec<Row<'_>> = queries
            .iter()
            .zip(&prompts)
            .zip(replies)
            .map(|((query, prompt), reply)| Row {
                query,
                prompt,
                response: &reply.text,
                tokens: reply.tokens,
                ended: reply.ended,
            })
            .collect();
        self.setup.reward.score(&rows, &|| false)
    }

    /// What the grammar's checker says of answers; `None` where it does not know the query.
    pub fn truths(&self, queries: &[String], replies: &[Reply]) -> Vec<Option<f64>> {
        let task = self.setup.experiment.task;
        queries
            .iter()
            .zip(replies)
            .map(|(query, reply)| truth(task, query, &reply.text).map(|t| t.value))
            .collect()
    }

    fn evaluator_of_answers(&self) -> Evaluator<'_> {
        let experiment = &self.setup.experiment;
        Evaluator {
            task: experiment.task,
            seed: experiment.seed,
            prompter: &self.setup.prompter,
            reward: self.setup.reward.as_ref(),
            give_up: &|| false,
            generation: &experiment.generation,
            held_out: &[],
            cases: &[],
        }
    }
}
