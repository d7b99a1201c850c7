//! A step of DPO: Eq. 7 on the next pairs of the data.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use burn::tensor::{Tensor, TensorData};

use super::super::diagnose::look;
use super::super::shards::ShardLoss;
use super::super::trainer::{TrainError, Trainer};
use super::super::{Branch, PairRecord};
use super::borrowed;
use crate::data::Preference;
use crate::grammar::truth;
use crate::method::{dpo, logprob::log_probs};
use crate::numbers::values;

/// A pair with what the reference says of it.
#[derive(Clone)]
struct Pair {
    index: usize,
    x: Vec<u32>,
    chosen: Vec<u32>,
    rejected: Vec<u32>,
    reference: (f64, f64),
}

impl Trainer {
    /// The queries of some of the pairs are answered, to be watched.
    pub(super) fn dpo_step(&mut self) -> Result<bool, TrainError> {
        let start = Instant::now();
        let (task, beta) = (self.setup.experiment.task, self.setup.experiment.method.dpo().beta);
        let preferences = self.next_preferences();
        let Some(answers) = self.probe(preferences.iter().map(|p| p.query.clone()).collect())? else {
            return Ok(false);
        };
        let probed = self.rows_of(&answers);
        let mut record = self.record_of(&answers.scored);
        self.diagnose(&mut record.metrics, &borrowed(&probed), &answers.scored, None);
        let pairs = self.with_reference(&preferences)?;

        // What each pair's update saw, by its place in the step.
        let seen = Mutex::new(vec![(f64::NAN, f64::NAN); pairs.len()]);
        let device = self.setup.device.clone();
        let updates = self.updates(&pairs, 1, |policy, batch, shard| {
            let chosen = shard.iter().map(|p| (&p.x[..], &p.chosen[..]));
            let rejected = shard.iter().map(|p| (&p.x[..], &p.rejected[..]));
            let rows: Vec<_> = chosen.chain(rejected).collect();
            let (log_pi, k) = (log_probs(policy, &rows).sum, shard.len());
            let (chosen, rejected) = (log_pi.clone().narrow(0, 0, k), log_pi.narrow(0, k, k));
            let column = |f: &dyn Fn(&Pair) -> f64| {
                let x: Vec<f32> = shard.iter().map(|p| f(p) as f32).collect();
                Tensor::<1>::from_data(TensorData::new(x, [k]), &device)
            };
            let reference = (column(&|p| p.reference.0), column(&|p| p.reference.1));
            let losses = dpo::losses((chosen.clone(), rejected.clone()), reference, beta);
            let (r_w, r_l) = (losses.chosen.inner(), losses.rejected.inner());
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            for (pair, (w, l)) in shard
                .iter()
                .zip(values(r_w.clone()).into_iter().zip(values(r_l.clone())))
            {
                seen[pair.index] = (f64::from(w), f64::from(l));
            }
            let mean = |x: Tensor<1>| x.sum().div_scalar(batch.len() as f64);
            ShardLoss {
                loss: mean(losses.loss),
                parts: vec![
                    mean(r_w.clone()),
                    mean(r_l.clone()),
                    mean(r_w.clone().greater(r_l.clone()).float()),
                    mean(r_w - r_l),
                    mean(chosen.inner()),
                    mean(rejected.inner()),
                ],
            }
        });

        let names = [
            "rewards/chosen",
            "rewards/rejected",
            "rewards/accuracies",
            "rewards/margins",
            "logps/chosen",
            "logps/rejected",
        ];
        for (i, name) in names.into_iter().enumerate() {
            record.metrics.insert(name.into(), updates.part(i));
        }
        let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        record.margins = seen.iter().map(|(w, l)| (w - l) as f32).collect();
        let text = &self.setup.text;
        let stored = pairs
            .iter()
            .zip(&preferences)
            .zip(seen)
            .map(|((pair, p), (chosen, rejected))| {
                let (y_w, y_l) = (text.decode(&pair.chosen), text.decode(&pair.rejected));
                PairRecord {
                    index: pair.index as u32,
                    query: p.query.clone(),
                    reward_original: rejected,
                    reward_guided: chosen,
                    truth_original: truth(task, &p.query, &y_l).map(|t| t.value),
                    truth_guided: truth(task, &p.query, &y_w).map(|t| t.value),
                    original: y_l,
                    guided: y_w,
                    prompt_ids: pair.x.clone(),
                    original_ids: pair.rejected.clone(),
                    guided_ids: pair.chosen.clone(),
                    ..self.blank_pair(Branch::Learnt)
                }
            })
            .collect();
        self.end_step(record, stored, &updates, start)
    }

    fn next_preferences(&self) -> Vec<Preference> {
        let experiment = &self.setup.experiment;
        let n = experiment.method.queries_per_step as u64;
        let first = u64::from(self.step) * n;
        let most = experiment.data.max_response_tokens;
        (first..first + n)
            .filter_map(|i| Some(self.setup.pairs.as_ref()?.pair(i).within(&self.setup.text, most)))
            .collect()
    }

    /// The pairs as tokens, with log pi_ref of both responses.
    fn with_reference(&self, preferences: &[Preference]) -> Result<Vec<Pair>, TrainError> {
        let setup = &self.setup;
        let mut pairs: Vec<Pair> = preferences
            .iter()
            .enumerate()
            .map(|(index, p)| Pair {
                index,
                x: setup.prompter.prompt(&p.query, None),
                chosen: setup.prompter.response(&p.chosen),
                rejected: setup.prompter.response(&p.rejected),
                reference: (0.0, 0.0),
            })
            .collect();
        let rows: Vec<(&[u32], &[u32])> = pairs
            .iter()
            .flat_map(|p| [(&p.x[..], &p.chosen[..]), (&p.x[..], &p.rejected[..])])
            .collect();
        let found = look(self.reference()?, &rows, 1.0);
        let sums: Vec<f64> = found.iter().map(|row| row.log_pi.iter().sum()).collect();
        for (pair, sums) in pairs.iter_mut().zip(sums.chunks(2)) {
            pair.reference = (sums[0], sums[1]);
        }
        Ok(pairs)
    }
}
