//! What is looked at beside the reward, for every method: how far the policy has gone from where it began, how sure it is
//! of itself, and whether its text decays. And the alarms that follow.

use std::collections::HashSet;

use super::{Metrics, StepRecord};
use crate::method::logprob::token_probs;
use crate::model::Model;
use crate::numbers::values;
use crate::sample::Completion;

/// Rows of one forward pass without gradients, and the logits that it may make.
const ROWS: usize = 32;
const LOGITS: usize = 1 << 24;

/// How many responses of so many tokens one thread looks at together: the logits of all their places are held at once.
pub(super) fn rows_at_once(vocabulary: usize, tokens: usize) -> usize {
    (LOGITS / (vocabulary * tokens).max(1)).clamp(1, ROWS)
}

/// A policy's numbers of the tokens of one response.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowNumbers {
    pub log_pi: Vec<f64>,
    pub entropy: Vec<f64>,
    /// Of the value head, where there is one.
    pub values: Vec<f64>,
}

/// What a policy says of responses, without gradients, one half of the rows on each of two threads.
pub fn look(policy: &Model, rows: &[(&[u32], &[u32])], temperature: f64) -> Vec<RowNumbers> {
    let longest = rows.iter().map(|(_, y)| y.len()).max().unwrap_or(1);
    let at_once = rows_at_once(policy.config.vocab_size, longest);
    let half = |rows: &[(&[u32], &[u32])]| -> Vec<RowNumbers> {
        rows.chunks(at_once)
            .flat_map(|rows| {
                let found = token_probs(policy, rows, temperature);
                let (log_pi, entropy) = (values(found.log_pi), values(found.entropy));
                let v = found.values.map(values).unwrap_or_default();
                let mut at = 0;
                let cut = |x: &[f32], at: usize, n: usize| -> Vec<f64> {
                    x.get(at..at + n)
                        .unwrap_or_default()
                        .iter()
                        .map(|x| f64::from(*x))
                        .collect()
                };
                rows.iter()
                    .map(|(_, y)| {
                        let (from, n) = (at, y.len());
                        at += n;
                        RowNumbers {
                            log_pi: cut(&log_pi, from, n),
                            entropy: cut(&entropy, from, n),
                            values: cut(&v, from, n),
                        }
                    })
                    .collect::<Vec<_>>()
            })
            .collect()
    };
    let (first, second) = rows.split_at(rows.len().div_ceil(2));
    let (mut first, second) = rayon::join(|| half(first), || half(second));
    first.extend(second);
    first
}

/// The divergence of a policy from its reference and its entropy, by its own responses.
///
/// `diagnostics/kl` is the mean over responses of the sum of log pi - log pi_ref, `diagnostics/kl_token` the mean over
/// tokens; `diagnostics/surprise` is the mean -log pi of a sampled token, `diagnostics/entropy` that of the whole softmax.
pub fn divergence(metrics: &mut Metrics, policy: &[RowNumbers], reference: Option<&[RowNumbers]>) {
    let tokens = policy.iter().map(|r| r.log_pi.len()).sum::<usize>().max(1) as f64;
    let sum = |f: &dyn Fn(&RowNumbers) -> f64| policy.iter().map(f).sum::<f64>();
    let mut say = |name: &str, x: f64| metrics.insert(format!("diagnostics/{name}"), x);
    say("surprise", -sum(&|r| r.log_pi.iter().sum()) / tokens);
    say("entropy", sum(&|r| r.entropy.iter().sum()) / tokens);
    if let Some(reference) = reference {
        let kl: f64 = policy
            .iter()
            .zip(reference)
            .map(|(p, r)| p.log_pi.iter().zip(&r.log_pi).map(|(p, r)| p - r).sum::<f64>())
            .sum();
        say("kl", kl / policy.len().max(1) as f64);
        say("kl_token", kl / tokens);
    }
}

/// What the text itself tells: its length, whether it ends, whether it says the same again and again.
///
/// `diagnostics/repetition` is the mean share of a response's 4-grams that it has said before, `diagnostics/distinct_1`
/// and `_2` the share of different tokens, and pairs of tokens, among all of the batch (Li et al. 2016).
pub fn text(metrics: &mut Metrics, responses: &[Completion], truth: Option<f64>) {
    let n = responses.len().max(1) as f64;
    let mean = |f: &dyn Fn(&Completion) -> f64| responses.iter().map(f).sum::<f64>() / n;
    let mut say = |name: &str, x: f64| metrics.insert(format!("diagnostics/{name}"), x);
    say("length", mean(&|c| c.ids.len() as f64));
    say("ended", mean(&|c| f64::from(u8::from(c.ended))));
    say("repetition", mean(&|c| 1.0 - distinct([&c.ids], 4)));
    say("distinct_1", distinct(responses.iter().map(|c| &c.ids), 1));
    say("distinct_2", distinct(responses.iter().map(|c| &c.ids), 2));
    if let Some(truth) = truth {
        say("truth", truth);
    }
}

/// The share of different n-grams among all; 1 where there is none.
fn distinct<'a>(texts: impl IntoIterator<Item = &'a Vec<u32>>, n: usize) -> f64 {
    let (mut seen, mut all) = (HashSet::new(), 0u32);
    for gram in texts.into_iter().flat_map(|ids| ids.windows(n)) {
        seen.insert(gram);
        all += 1;
    }
    if all == 0 {
        1.0
    } else {
        seen.len() as f64 / f64::from(all)
    }
}

/// Something that people should look at, and what would help.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    pub message: String,
    pub suggestion: String,
}

/// What the watch keeps of a step.
#[derive(Clone, Copy, Debug)]
struct Seen {
    reward: f64,
    truth: f64,
    kl_token: f64,
    length: f64,
    ended: f64,
}

/// Follows the steps of a run and says when something goes wrong that the reward alone does not show. It knows nothing but
/// the steps' records, so that a run that is resumed rings where an uninterrupted one would have.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    seen: Vec<Seen>,
    /// The step at which each alarm rang last.
    rung: [Option<usize>; 4],
}

/// Steps that are put together, so that one odd batch rings nothing.
const WINDOW: usize = 5;
/// Steps that are compared with as many before them.
const TREND: usize = 10;
/// Steps for which an alarm that rang is silent.
const SILENCE: usize = 20;
/// Nats a token: every response is then far out of what the reference would say.
const FAR: f64 = 1.0;

impl Watch {
    /// Takes in a step. `help` is what this method offers against a divergence.
    pub fn step(&mut self, record: &StepRecord, help: &str) -> Vec<Trouble> {
        let metric = |name: &str| record.metrics.get(name).copied().unwrap_or(f64::NAN);
        self.seen.push(Seen {
            reward: record.reward_original,
            truth: record.truth_original.unwrap_or(f64::NAN),
            kl_token: metric("diagnostics/kl_token"),
            length: record.length_original,
            ended: record.ended,
        });
        let found = [self.far(help), self.negative(), self.collapse(), self.fooled(help)];
        let now = self.seen.len();
        let mut troubles = Vec::new();
        for (rung, trouble) in self.rung.iter_mut().zip(found) {
            let Some(trouble) = trouble else { continue };
            if rung.is_none_or(|at| now - at >= SILENCE) {
                *rung = Some(now);
                troubles.push(trouble);
            }
        }
        troubles
    }

    /// The mean of a number over the newest `n` steps but `skip`; `None` where too few have it.
    fn mean(&self, f: impl Fn(&Seen) -> f64, n: usize, skip: usize) -> Option<f64> {
        let end = self.seen.len().checked_sub(skip)?;
        let found: Vec<f64> = self.seen[end.checked_sub(n)?..end]
            .iter()
            .map(f)
            .filter(|x| x.is_finite())
            .collect();
        (found.len() * 2 > n).then(|| found.iter().sum::<f64>() / found.len() as f64)
    }

    /// The mean over the first steps of the run.
    fn beginning(&self, f: impl Fn(&Seen) -> f64) -> Option<f64> {
        self.mean(f, WINDOW, self.seen.len().checked_sub(WINDOW)?)
    }

    fn far(&self, help: &str) -> Option<Trouble> {
        let kl = self.mean(|s| s.kl_token, WINDOW, 0).filter(|kl| *kl > FAR)?;
        Some(Trouble {
            message: format!(
                "the policy is {kl:.1} nats a token from its reference: its responses are no longer like any of it"
            ),
            suggestion: format!("look at the responses; {help}, or go back to a checkpoint"),
        })
    }

    fn negative(&self) -> Option<Trouble> {
        let kl = self.mean(|s| s.kl_token, WINDOW, 0).filter(|kl| *kl < -0.02)?;
        Some(Trouble {
            message: format!("the divergence from the reference is negative: {kl:.2} nats a token over {WINDOW} steps"),
            suggestion:
                "responses are not sampled as they are scored: set generation.top_p = 1 and a temperature near 1".into(),
        })
    }

    fn collapse(&self) -> Option<Trouble> {
        let (now, before) = (self.mean(|s| s.length, WINDOW, 0)?, self.beginning(|s| s.length)?);
        if self.seen.len() >= 2 * WINDOW && now < 0.35 * before {
            return Some(Trouble {
                message: format!("responses have shrunk from {before:.0} to {now:.0} tokens"),
                suggestion:
                    "see whether the reward pays for saying little; add a rule on length, or lower the learning rate"
                        .into(),
            });
        }
        let (now, before) = (self.mean(|s| s.ended, WINDOW, 0)?, self.beginning(|s| s.ended)?);
        (self.seen.len() >= 2 * WINDOW && before > 0.5 && now < 0.4 * before).then(|| Trouble {
            message: format!(
                "{:.0} % of the responses end by themselves, {:.0} % did at first",
                100.0 * now,
                100.0 * before
            ),
            suggestion: "see whether they repeat themselves; lower the learning rate, or go back to a checkpoint"
                .into(),
        })
    }

    /// The reward rises while truth falls: the policy learns what the reward model gets wrong.
    fn fooled(&self, help: &str) -> Option<Trouble> {
        let (reward, sure) = self.change(|s| s.reward)?;
        let (truth, surely) = self.change(|s| s.truth)?;
        (reward > sure && truth < -0.25 && -truth > 3.0 * surely).then(|| Trouble {
            message: format!(
                "in {TREND} steps the reward rose by {reward:.2} while truth fell by {:.2}",
                -truth
            ),
            suggestion: format!(
                "the policy learns what the reward model gets wrong: stop here; {help}, or use another reward model"
            ),
        })
    }

    /// By how much a number changed from the steps before to the newest, and the standard error of that, by the scatter of
    /// the steps.
    fn change(&self, f: impl Fn(&Seen) -> f64) -> Option<(f64, f64)> {
        let part = |skip: usize| {
            let mean = self.mean(&f, TREND, skip)?;
            let square = self.mean(|s| (f(s) - mean).powi(2), TREND, skip)?;
            Some((mean, square / (TREND as f64 - 1.0)))
        };
        let ((now, scatter), (before, earlier)) = (part(0)?, part(TREND)?);
        Some((now - before, (scatter + earlier).sqrt()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completion(ids: &[u32]) -> Completion {
        Completion {
            ids: ids.to_vec(),
            ended: true,
        }
    }

    #[test]
    fn text_is_counted_by_hand() {
        let mut metrics = Metrics::new();
        // 4-grams of the first: 3, of which 1234 comes twice; of the second: none.
        text(
            &mut metrics,
            &[completion(&[1, 2, 3, 4, 1, 2, 3, 4]), completion(&[5])],
            Some(0.5),
        );
        let of = |name: &str| metrics[&format!("diagnostics/{name}")];
        assert_eq!((of("length"), of("ended"), of("truth")), (4.5, 1.0, 0.5));
        assert!((of("repetition") - 0.5 * 0.2).abs() < 1e-12, "one of five");
        assert!((of("distinct_1") - 5.0 / 9.0).abs() < 1e-12);
        assert!((of("distinct_2") - 4.0 / 7.0).abs() < 1e-12);
    }

    #[test]
    fn divergence_is_counted_by_hand() {
        let row = |log_pi: &[f64]| RowNumbers {
            log_pi: log_pi.to_vec(),
            entropy: vec![2.0; log_pi.len()],
            values: vec![],
        };
        let (policy, reference) = ([row(&[-1.0, -2.0]), row(&[-3.0])], [row(&[-2.0, -2.5]), row(&[-2.0])]);
        let mut metrics = Metrics::new();
        divergence(&mut metrics, &policy, Some(&reference));
        let of = |name: &str| metrics[&format!("diagnostics/{name}")];
        assert_eq!((of("kl"), of("surprise"), of("entropy")), (0.25, 2.0, 2.0));
        assert!((of("kl_token") - 0.5 / 3.0).abs() < 1e-12);
    }

    /// Feeds steps to a watch and gives the steps at which it rang with the first words.
    fn rings(steps: usize, record: impl Fn(f64) -> StepRecord) -> Vec<(usize, String)> {
        let mut watch = Watch::default();
        (0..steps)
            .flat_map(|t| {
                let troubles = watch.step(&record(t as f64), "help");
                troubles
                    .into_iter()
                    .map(move |trouble| (t, trouble.message))
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    fn calm(kl: f64) -> StepRecord {
        StepRecord {
            truth_original: Some(1.0),
            length_original: 40.0,
            ended: 1.0,
            metrics: [("diagnostics/kl_token".to_string(), kl)].into(),
            ..StepRecord::default()
        }
    }

    #[test]
    fn a_run_that_does_well_rings_nothing() {
        let good = |t: f64| StepRecord {
            reward_original: 0.05 * t,
            truth_original: Some(0.02 * t),
            ..calm(0.005 * t)
        };
        assert_eq!(rings(80, good), []);
        assert_eq!(rings(80, |_| StepRecord::default()), []);
    }

    #[test]
    fn each_trouble_rings_and_is_silent_for_a_while() {
        let far = rings(50, |t| calm(0.1 * t));
        assert_eq!(far.iter().map(|r| r.0).collect::<Vec<_>>(), [13, 33], "{far:?}");
        let negative = rings(9, |_| calm(-0.1));
        assert!(negative[0].0 == 4 && negative[0].1.contains("negative"), "{negative:?}");
        let short = |t: f64| StepRecord {
            length_original: 40.0 - 2.0 * t,
            ..calm(0.1)
        };
        assert!(
            rings(20, short)[0].1.contains("shrunk from 36 to"),
            "{:?}",
            rings(20, short)
        );
        let endless = |t: f64| StepRecord {
            ended: (1.0 - 0.1 * t).max(0.0),
            ..calm(0.1)
        };
        assert!(rings(20, endless)[0].1.contains("end by themselves"));
        let fooled = |t: f64| StepRecord {
            reward_original: 0.05 * t,
            truth_original: Some(1.0 - 0.05 * t),
            ..calm(0.1)
        };
        assert_eq!(rings(20, fooled)[0].0, 19);
        assert!(
            rings(20, fooled)[0].1.contains("while truth fell by 0.50"),
            "{:?}",
            rings(20, fooled)
        );
    }
}
