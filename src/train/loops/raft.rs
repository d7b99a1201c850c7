//! A step of RAFT: sample, keep the best, learn them as SFT would.

use std::time::Instant;

use super::super::shards::ShardLoss;
use super::super::trainer::{TrainError, Trainer};
use super::super::{Branch, Metrics, step};
use super::{Row, borrowed};
use crate::config::RaftKeep;
use crate::method::{logprob::log_probs, raft, sft};

impl Trainer {
    pub(super) fn raft_step(&mut self) -> Result<bool, TrainError> {
        let start = Instant::now();
        let settings = self.setup.experiment.method.raft();
        let Some(answers) = self.answers(settings.samples)? else {
            return Ok(false);
        };
        let rows = self.rows_of(&answers);
        let mut record = self.record_of(&answers.scored);
        // The first response to each query is one of any; all of them would cost much and say no more.
        let (watched, scored): (Vec<_>, Vec<_>) = borrowed(&rows)
            .into_iter()
            .zip(answers.scored.iter().cloned())
            .step_by(settings.samples)
            .unzip();
        self.diagnose(&mut record.metrics, &watched, &scored, None);

        let rewards: Vec<f64> = (0..rows.len()).map(|i| answers.reward(i)).collect();
        let kept = match settings.keep {
            RaftKeep::Local => raft::best_of_each(&rewards, settings.samples),
            RaftKeep::Top => raft::best_of_all(&rewards, settings.share),
        };
        let learnt: Vec<Row> = kept.iter().map(|i| rows[*i].clone()).collect();
        let updates = self.updates(&learnt, settings.epochs, |policy, batch, shard| {
            let tokens: usize = batch.iter().map(|(_, y)| y.len()).sum();
            ShardLoss {
                loss: sft::loss(&log_probs(policy, &borrowed(shard)), tokens),
                parts: vec![],
            }
        });

        let best: Vec<_> = kept.iter().map(|i| answers.scored[*i].clone()).collect();
        if !best.is_empty() {
            (record.reward_guided, record.reward_guided_std) = step::spread(best.iter().map(|s| s.reward));
            record.truth_guided = crate::evaluate::mean_truth(&best);
            record.length_guided = step::spread(best.iter().map(|s| s.completion.ids.len() as f64)).0;
        }
        let metrics = [
            ("raft/kept", kept.len() as f64),
            ("raft/reward_kept", record.reward_guided),
            ("raft/gain", record.reward_guided - record.reward_original),
        ];
        record.metrics.extend(metrics.map(|(name, x)| (name.to_string(), x)));
        let branch = |i: usize| {
            if kept.contains(&i) {
                Branch::Kept
            } else {
                Branch::Dropped
            }
        };
        let pairs = (0..rows.len())
            .map(|i| self.single(&answers, &rows[i], i, branch(i), Metrics::new()))
            .collect();
        let broken = rewards.iter().filter(|r| !r.is_finite()).count();
        self.end_step(record, pairs, &updates, start)?;
        self.tell_broken_rewards(broken)?;
        Ok(true)
    }
}
