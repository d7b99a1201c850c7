//! Sampling, scoring, updates and a whole step of Algorithm 1 on a model folder: this program's side of `benches/real.sh`.
//!
//!     cargo bench --bench real -- WORK [--reps N] [--warm N]
//!
//! WORK is written by `real_peer.py prepare`: folders, token ids, lengths and settings, so that the peer does the same
//! work. Prints JSON: for each measurement the milliseconds of every repetition, those of CPU time, the tokens made, and a
//! check value that the peer must find too.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ple::config::{GenerationSettings, MethodSettings};
use ple::device::{DeviceChoice, choose};
use ple::method::{logprob::log_probs, ple as method};
use ple::model::{Model, ModelFiles, Precision, Trained, add_adapter, load};
use ple::random::{Purpose, stream};
use ple::reward::scores;
use ple::sample::{Completion, sample};
use ple::train::optimizer::Optimizer;
use ple::train::shards::{ShardLoss, gradients};
use serde::Deserialize;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Deserialize)]
struct Work {
    policy: PathBuf,
    reward: PathBuf,
    new_tokens: usize,
    rank: usize,
    alpha: f64,
    tau: f64,
    learning_rate: f64,
    max_grad_norm: f64,
    minibatch: usize,
    seed: u64,
    /// Prompts of the queries without and with the principles.
    prompts: [Vec<Vec<u32>>; 2],
    pairs: Vec<Pair>,
}

/// A pair to score and to train on.
#[derive(Clone, Deserialize)]
struct Pair {
    x: Vec<u32>,
    y: Vec<u32>,
    guided: Vec<u32>,
    s: f64,
    s_guided: f64,
}

/// What one repetition came to: tokens made, and the number that the peer must find too.
type Outcome = (usize, f64);

struct Bench {
    work: Work,
    policy: Model,
    reward: Model,
    trained: Trained,
    optimizer: Optimizer,
    settings: MethodSettings,
    generation: GenerationSettings,
    /// Counts repetitions, so that each samples anew.
    repetition: u64,
}

fn main() {
    // As src/main.rs: freed memory stays with the process.
    // SAFETY: sets a number in the allocator's table of options, before any other thread runs.
    unsafe { libmimalloc_sys::mi_option_set(15, -1) };
    let args: Vec<String> = std::env::args().collect();
    let number = |name: &str, usual: usize| {
        let at = args.iter().position(|a| a == name);
        at.and_then(|i| args.get(i + 1)).map_or(usual, |n| {
            n.parse().unwrap_or_else(|_| panic!("{name} takes a number, not {n}"))
        })
    };
    let (reps, warm) = (number("--reps", 2), number("--warm", 1));
    // `cargo bench` without a work file, as with every other target, has nothing to do here.
    let Some(work) = args.iter().skip(1).find(|a| a.ends_with(".json")) else {
        println!("wants a work file of benches/real_peer.py: see benches/real.sh");
        return;
    };
    let mut bench = Bench::new(Path::new(work));
    type Measured = (&'static str, fn(&mut Bench) -> Outcome);
    let all: [Measured; 5] = [
        ("update", |b| {
            let pairs = b.work.pairs.clone();
            (0, b.update(&pairs))
        }),
        ("score", |b| (0, score(&b.reward, &b.work.pairs).iter().sum())),
        ("sample", |b| (count(&b.sample()), f64::NAN)),
        ("sample pair", |b| {
            (b.sample_pair().iter().map(|side| count(side)).sum(), f64::NAN)
        }),
        ("step", |b| (0, b.step())),
    ];
    let mut out = serde_json::Map::new();
    let mut measured: Vec<(Vec<f64>, Vec<f64>, usize, f64)> = vec![(vec![], vec![], 0, f64::NAN); all.len()];
    // In turn, so that a burst of load from outside hits every measurement alike.
    for rep in 0..warm + reps {
        for ((_, run), (ms, used, tokens, check)) in all.iter().zip(&mut measured) {
            let (start, before) = (Instant::now(), cpu());
            let (made, found) = black_box(run(&mut bench));
            if rep == 0 {
                *check = found;
            }
            if rep >= warm {
                ms.push(start.elapsed().as_secs_f64() * 1e3);
                used.push(cpu() - before);
                *tokens += made;
            }
        }
    }
    for ((name, _), (ms, used, tokens, check)) in all.iter().zip(measured) {
        let check = check.is_finite().then_some(check);
        let row = serde_json::json!({ "ms": ms, "cpu_ms": used, "tokens": tokens, "check": check });
        out.insert((*name).into(), row);
    }
    println!("{}", serde_json::Value::Object(out));
}

impl Bench {
    fn new(path: &Path) -> Self {
        let text = std::fs::read(path).expect("the work file can be read");
        let work: Work = serde_json::from_slice(&text).expect("the work file is JSON");
        let device = choose(DeviceChoice::Cpu).expect("there is a CPU").device;
        let model = |folder: &Path| {
            let files = ModelFiles::Folder(folder.to_path_buf());
            load(&files, Precision::F32, &device)
                .unwrap_or_else(|e| panic!("{e}"))
                .0
        };
        let (mut policy, reward) = (model(&work.policy), model(&work.reward));
        add_adapter(&mut policy, work.rank, work.alpha, work.seed);
        let settings: MethodSettings = toml::from_str(&format!(
            "name = 'ple'\nsteps = 1\nqueries_per_step = 1\nlearning_rate = 1.0\nreduction = 'mean'\nminibatch = {}",
            work.minibatch
        ))
        .expect("valid settings");
        let generation: GenerationSettings =
            toml::from_str(&format!("max_new_tokens = {}", work.new_tokens)).expect("valid settings");
        Self {
            trained: Trained::of(&mut policy),
            optimizer: Optimizer::new(0.999, 0.0, work.max_grad_norm),
            work,
            policy,
            reward,
            settings,
            generation,
            repetition: 0,
        }
    }

    /// One response to every prompt of a side.
    fn responses(&self, policy: &Model, side: usize, purpose: Purpose) -> Vec<Completion> {
        let prompts = &self.work.prompts[side];
        let rngs = (0..prompts.len() as u64)
            .map(|row| stream(self.work.seed, purpose, self.repetition, row))
            .collect();
        // Without a stop: the peer has none either, so that both make as many tokens.
        sample(policy, prompts, &self.generation, &[], rngs, &mut |_, _| {})
    }

    /// y alone, half of the rows on each of two threads: as RAFT, PPO and evaluations sample.
    fn sample(&mut self) -> Vec<Completion> {
        self.repetition += 1;
        let policy = self.policy.merged();
        let prompts = &self.work.prompts[0];
        let (first, second) = prompts.split_at(prompts.len().div_ceil(2));
        let half = |from: usize, prompts: &[Vec<u32>]| {
            let rows = from as u64..(from + prompts.len()) as u64;
            let rngs = rows.map(|row| stream(self.work.seed, Purpose::SampleOriginal, self.repetition, row));
            sample(&policy, prompts, &self.generation, &[], rngs.collect(), &mut |_, _| {})
        };
        let (mut all, more) = rayon::join(|| half(0, first), || half(first.len(), second));
        all.extend(more);
        all
    }

    /// y and y' on two threads, as a step of training samples them.
    fn sample_pair(&mut self) -> [Vec<Completion>; 2] {
        self.repetition += 1;
        let policy = self.policy.merged();
        let (y, guided) = rayon::join(
            || self.responses(&policy, 0, Purpose::SampleOriginal),
            || self.responses(&policy, 1, Purpose::SampleGuided),
        );
        [y, guided]
    }

    /// Every minibatch once; the loss of the first.
    fn update(&mut self, pairs: &[Pair]) -> f64 {
        let (settings, tau) = (&self.settings, self.work.tau);
        let mut first = f64::NAN;
        for batch in pairs.chunks(self.work.minibatch) {
            let n = batch.len();
            let computed = gradients(&self.policy, &self.trained, batch, |policy, shard| {
                let original = shard.iter().map(|p| (&p.x[..], &p.y[..]));
                let guided = shard.iter().map(|p| (&p.x[..], &p.guided[..]));
                let rows: Vec<(&[u32], &[u32])> = original.chain(guided).collect();
                let all = log_probs(policy, &rows);
                let rewards: Vec<(f64, f64)> = shard.iter().map(|p| (p.s, p.s_guided)).collect();
                let (y, guided) = (all.rows(0, shard.len()), all.rows(shard.len(), shard.len()));
                let losses = method::losses(&y, &guided, &rewards, tau, n, settings, &method::Known::default());
                ShardLoss {
                    loss: losses.total,
                    parts: vec![],
                }
            });
            self.optimizer
                .step(&mut self.policy, computed.gradients, self.work.learning_rate);
            first = if first.is_nan() { computed.loss } else { first };
        }
        first
    }

    /// Everything of a step of Algorithm 1 but the screen and the disk.
    fn step(&mut self) -> f64 {
        let [y, guided] = self.sample_pair();
        let prompts = &self.work.prompts[0];
        let mut pairs: Vec<Pair> = (prompts.iter().zip(y).zip(guided))
            .map(|((x, y), guided)| Pair {
                x: x.clone(),
                y: y.ids,
                guided: guided.ids,
                s: 0.0,
                s_guided: 0.0,
            })
            .collect();
        let rewards = score(&self.reward, &pairs);
        for (pair, s) in pairs.iter_mut().zip(rewards.chunks(2)) {
            (pair.s, pair.s_guided) = (s[0], s[1]);
        }
        self.update(&pairs)
    }
}

/// s and s' of every pair, in turn.
fn score(reward: &Model, pairs: &[Pair]) -> Vec<f64> {
    let rows: Vec<(&[u32], &[u32])> = pairs
        .iter()
        .flat_map(|p| [(&p.x[..], &p.y[..]), (&p.x[..], &p.guided[..])])
        .collect();
    scores(reward, &rows)
}

fn count(side: &[Completion]) -> usize {
    side.iter().map(|c| c.ids.len()).sum()
}

/// User and system time of all threads so far, in milliseconds; the kernel counts in steps of ten.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    fields
        .skip(11)
        .take(2)
        .filter_map(|n| n.parse::<f64>().ok())
        .sum::<f64>()
        * 10.0
}
