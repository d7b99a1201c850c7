//! The first half of a step of Algorithm 1: sample both responses, score them, split the pairs.

use crossbeam_channel::Sender;
use rayon::join;

use super::replay::Member;
use super::setup::Setup;
use super::trainer::Trainer;
use super::{Branch, Event, PairRecord, Shaped, StepRecord, Writing};
use crate::evaluate::{Scored, mean_truth};
use crate::method::ple;
use crate::random::{Purpose, stream};
use crate::reward::{RewardError, shape};
use crate::sample::{Completion, sample};

/// The responses of a step before they are scored. They are kept while the source of rewards does not answer.
pub struct Drawn {
    step: u32,
    /// Version of the principles y' was sampled with.
    principles: u32,
    queries: Vec<String>,
    original: Vec<Completion>,
    guided: Vec<Completion>,
}

impl Drawn {
    /// These are the responses that sampling again would come to.
    pub fn is_of(&self, step: u32, principles: u32) -> bool {
        (self.step, self.principles) == (step, principles)
    }
}

/// A scored batch: its numbers, its pairs, and those that D_train takes in.
pub struct Sampled {
    pub record: StepRecord,
    pub pairs: Vec<PairRecord>,
    pub members: Vec<Member>,
}

/// y ~ pi(.|x) and y' ~ pi(.|[p, x]) for the next queries.
pub fn draw(trainer: &Trainer, t: u32) -> Drawn {
    let Setup {
        experiment,
        policy,
        prompter,
        pool,
        ..
    } = &trainer.setup;
    let (method, seed) = (&experiment.method, experiment.seed);
    let first = u64::from(t) * method.queries_per_step as u64;
    let queries: Vec<String> = (first..first + method.queries_per_step as u64)
        .map(|i| pool.query(i))
        .collect();
    let principles = trainer.principles.principles.render();
    let policy = policy.merged();
    let events = trainer.control.events();
    let side = |principles: Option<&str>, purpose: Purpose| {
        let prompts: Vec<Vec<u32>> = queries.iter().map(|q| prompter.prompt(q, principles)).collect();
        let rngs = (0..queries.len() as u64)
            .map(|row| stream(seed, purpose, u64::from(t), row))
            .collect();
        let mut watch = Watcher {
            events: events.clone(),
            step: t,
            query: &queries[0],
            guided: purpose == Purpose::SampleGuided,
            limit: experiment.generation.max_new_tokens,
            stops: prompter.stops(),
        };
        let stops = prompter.stops();
        sample(
            &policy,
            &prompts,
            &experiment.generation,
            stops,
            rngs,
            &mut |row, ids| {
                if row == 0 {
                    watch.report(ids, &|ids| prompter.decode(ids));
                }
            },
        )
    };
    let (original, guided) = join(
        || side(None, Purpose::SampleOriginal),
        || side(principles.as_deref(), Purpose::SampleGuided),
    );
    Drawn {
        step: t,
        principles: trainer.principles.version,
        queries,
        original,
        guided,
    }
}

/// s = R(x, y) and s' = R(x, y'), shaped as the experiment says, and the branch of each pair.
pub fn score(trainer: &Trainer, drawn: &Drawn) -> Result<Sampled, RewardError> {
    let Setup {
        experiment, prompter, ..
    } = &trainer.setup;
    let (t, method) = (drawn.step, &experiment.method);
    let control = &trainer.control;
    let give_up = || control.end_is_wanted();
    let evaluator = trainer.evaluator(&give_up);
    let original = evaluator.score(&drawn.queries, &drawn.original)?;
    let guided = evaluator.score(&drawn.queries, &drawn.guided)?;
    let raw: Vec<(f64, f64)> = original
        .iter()
        .zip(&guided)
        .map(|(y, g)| (y.reward, g.reward))
        .collect();
    let shaped = shape(&experiment.reward, &raw);
    let pairs: Vec<PairRecord> = drawn
        .queries
        .iter()
        .zip(original.iter().zip(&guided))
        .enumerate()
        .map(|(index, (query, (y, y_guided)))| {
            let (s, s_guided) = shaped.as_ref().map_or(raw[index], |shaped| shaped[index]);
            let (w, w_guided) = ple::weights(s, s_guided);
            let ranked = ple::is_ranked(s, s_guided, trainer.tau, method);
            PairRecord {
                step: t,
                index: index as u32,
                query: query.clone(),
                original: y.response.clone(),
                guided: y_guided.response.clone(),
                reward_original: y.reward,
                reward_guided: y_guided.reward,
                shaped: shaped.as_ref().map(|_| Shaped {
                    original: s,
                    guided: s_guided,
                }),
                truth_original: y.truth,
                truth_guided: y_guided.truth,
                tau: trainer.tau,
                branch: if ranked { Branch::Ranked } else { Branch::Weighted },
                weight_original: w,
                weight_guided: w_guided,
                principles: trainer.principles.version,
                prompt_ids: prompter.prompt(query, None),
                original_ids: y.completion.ids.clone(),
                guided_ids: y_guided.completion.ids.clone(),
            }
        })
        .collect();
    let members = pairs.iter().filter_map(Member::of).collect();
    Ok(Sampled {
        record: record(trainer, t, &pairs, &original, &guided),
        pairs,
        members,
    })
}

/// The numbers of a sampled batch; what the updates add to them comes later.
fn record(trainer: &Trainer, t: u32, pairs: &[PairRecord], original: &[Scored], guided: &[Scored]) -> StepRecord {
    let rewards = |x: &[Scored]| spread(x.iter().map(|s| s.reward));
    let length = |x: &[Scored]| spread(x.iter().map(|s| s.completion.ids.len() as f64)).0;
    let ended = |c: &Completion| f64::from(u8::from(c.ended));
    let (reward_original, reward_original_std) = rewards(original);
    let (reward_guided, reward_guided_std) = rewards(guided);
    StepRecord {
        step: t,
        tau: trainer.tau,
        decay: trainer.decay,
        learning_rate: trainer.learning_rate,
        reward_original,
        reward_original_std,
        reward_guided,
        reward_guided_std,
        truth_original: mean_truth(original),
        truth_guided: mean_truth(guided),
        length_original: length(original),
        length_guided: length(guided),
        ended: spread(original.iter().chain(guided).map(|s| ended(&s.completion))).0,
        principles: trainer.principles.version,
        margins: pairs.iter().map(|p| p.margin() as f32).collect(),
        ..StepRecord::default()
    }
}

/// Mean and standard deviation.
fn spread(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / n;
    let variance = values.map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

/// Prompt and response ids of the rows of a supervised update.
pub fn supervised_rows(setup: &Setup, first: u64, n: usize) -> Vec<(Vec<u32>, Vec<u32>)> {
    (first..first + n as u64)
        .filter_map(|i| setup.pool.example(i))
        .map(|e| {
            let e = e.within(&setup.text, setup.experiment.data.max_response_tokens);
            (
                setup.prompter.prompt(&e.query, None),
                setup.prompter.response(&e.response),
            )
        })
        .collect()
}

/// Reports the newest pair while it is written. The channel is unbounded, so sampling never waits for the screen.
struct Watcher<'a> {
    events: Sender<Event>,
    step: u32,
    query: &'a str,
    guided: bool,
    limit: usize,
    stops: &'a [u32],
}

impl Watcher<'_> {
    fn report(&mut self, ids: &[u32], decode: &dyn Fn(&[u32]) -> String) {
        let finished = ids.last().is_some_and(|id| self.stops.contains(id)) || ids.len() >= self.limit;
        let _ = self.events.send(Event::Writing(Writing {
            step: self.step,
            query: self.query.to_string(),
            guided: self.guided,
            text: decode(ids),
            finished,
        }));
    }
}
