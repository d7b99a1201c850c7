//! A step of SFT: Eq. 1 on the next rows of the data.

use std::time::Instant;

use super::super::shards::ShardLoss;
use super::super::trainer::{TrainError, Trainer};
use super::super::{Branch, PairRecord, step};
use super::{Row, borrowed};
use crate::evaluate::mean_truth;
use crate::method::{logprob::token_probs, sft};

impl Trainer {
    /// Rows that no supervised update before had; some of their queries are answered, to be watched.
    pub(super) fn sft_step(&mut self) -> Result<bool, TrainError> {
        let start = Instant::now();
        let experiment = &self.setup.experiment;
        let n = experiment.method.queries_per_step;
        let before = u64::from(experiment.sft.steps) * experiment.sft.batch as u64;
        let first = before + u64::from(self.step) * n as u64;
        let examples = step::examples(&self.setup, first, n);
        let queries = examples.iter().map(|e| e.query.clone()).collect();
        let Some(answers) = self.probe(queries)? else {
            return Ok(false);
        };
        let probed = self.rows_of(&answers);
        let mut record = self.record_of(&answers.scored);
        self.diagnose(&mut record.metrics, &borrowed(&probed), &answers.scored, None);
        let rows: Vec<Row> = step::supervised_rows(&self.setup, first, n);

        let updates = self.updates(&rows, 1, |policy, batch, shard| {
            let tokens: usize = batch.iter().map(|(_, y)| y.len()).sum();
            let found = token_probs(policy, &borrowed(shard), 1.0);
            let mean = |x: burn::tensor::Tensor<1>| x.sum().div_scalar(tokens as f64);
            ShardLoss {
                loss: sft::token_loss(found.log_pi, tokens),
                parts: vec![mean(found.entropy), mean(found.is_top)],
            }
        });

        let tokens: usize = rows.iter().map(|(_, y)| y.len()).sum();
        let metrics = [
            ("entropy", updates.part(0)),
            ("mean_token_accuracy", updates.part(1)),
            ("num_tokens", tokens as f64),
        ];
        record.metrics.extend(metrics.map(|(name, x)| (name.to_string(), x)));
        let control = &self.control;
        let give_up = || control.end_is_wanted();
        let learnt = rows
            .iter()
            .take(answers.queries.len())
            .map(|(_, y)| crate::sample::Completion {
                ids: y.clone(),
                ended: true,
            });
        // What is learnt has a reward of its own; a run goes on without it.
        let learnt: Vec<_> = learnt.collect();
        let evaluator = self.evaluator(&give_up);
        let learnt = evaluator
            .score(&answers.queries, &learnt)
            .unwrap_or_else(|_| evaluator.unscored(&answers.queries, &learnt));
        record.truth_guided = mean_truth(&learnt).filter(|_| !learnt.is_empty());
        if !learnt.is_empty() {
            (record.reward_guided, record.reward_guided_std) = step::spread(learnt.iter().map(|s| s.reward));
            record.length_guided = step::spread(learnt.iter().map(|s| s.completion.ids.len() as f64)).0;
        }
        let pairs = answers
            .scored
            .iter()
            .zip(&learnt)
            .enumerate()
            .map(|(i, (own, reference))| PairRecord {
                index: i as u32,
                query: answers.queries[i].clone(),
                original: own.response.clone(),
                guided: reference.response.clone(),
                reward_original: own.reward,
                reward_guided: reference.reward,
                truth_original: own.truth,
                truth_guided: reference.truth,
                prompt_ids: rows[i].0.clone(),
                original_ids: own.completion.ids.clone(),
                guided_ids: rows[i].1.clone(),
                ..self.blank_pair(Branch::Learnt)
            })
            .collect();
        self.end_step(record, pairs, &updates, start)
    }
}
