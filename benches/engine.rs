//! The engine alone, on the bundled weights: sampling, scoring, one update and the whole step of Algorithm 1.
//!
//!     cargo bench --bench engine -- [--rounds N] [--work FILE] [--profile NAME]
//!
//! `--work` writes down what is computed (token ids, lengths, settings), so that `torch_peer.py` does the same work.
//! `benches/peer.sh` runs both in turn. Prints one line a measurement: name, median milliseconds, smallest, mean
//! milliseconds of CPU time, a check value that the peer must find too. `--profile NAME` repeats one measurement for ten seconds, for `perf`.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use burn::tensor::{Tensor, TensorData};
use ple::assets::builtin_model;
use ple::config::{GenerationSettings, MethodSettings};
use ple::device::DeviceChoice;
use ple::method::{logprob::log_probs, ple as method};
use ple::model::{EOS, Model, PAD, Precision, load};
use ple::numbers;
use ple::random::{Purpose, stream};
use ple::reward::scores;
use ple::sample::{Completion, sample};
use ple::train::optimizer::Optimizer;
use ple::train::shards::{ShardLoss, gradients};
use ple::train::{Prepared, Request, Setup};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NEW_TOKENS: usize = 40;
const TAU: f64 = 0.2;

/// A pair to train on: prompt, y, y', s, s'.
type Pair = (Vec<u32>, Vec<u32>, Vec<u32>, f64, f64);

struct Bench {
    setup: Setup,
    reward: Model,
    settings: MethodSettings,
    generation: GenerationSettings,
    /// Prompts of the queries without and with the principles.
    prompts: [Vec<Vec<u32>>; 2],
    pairs: Vec<Pair>,
    optimizer: Optimizer,
}

fn main() {
    // As src/main.rs: freed memory stays with the process.
    // SAFETY: sets a number in the allocator's table of options, before any other thread runs.
    unsafe { libmimalloc_sys::mi_option_set(15, -1) };
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        args.iter()
            .position(|a| a == name)
            .and_then(|i| args.get(i + 1).cloned())
    };
    let rounds = value("--rounds").map_or(15, |n| n.parse().expect("--rounds takes a number"));
    let mut bench = Bench::new();
    if let Some(path) = value("--work") {
        std::fs::write(path, bench.work().to_string()).expect("the work file can be written");
    }
    type Measured = (&'static str, fn(&mut Bench) -> f64);
    let all: [Measured; 5] = [
        ("sample", |b| {
            b.sample().iter().flatten().map(|c| c.ids.len()).sum::<usize>() as f64
        }),
        ("score", |b| b.score().iter().sum()),
        ("update", |b| b.update(true)),
        ("step", Bench::step),
        ("gradients", |b| b.update(false)),
    ];
    if let Some(name) = value("--profile") {
        let (_, run) = all
            .iter()
            .find(|(n, _)| *n == name)
            .expect("--profile takes the name of a measurement");
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            black_box(run(&mut bench));
        }
        return;
    }
    // In turn, so that a burst of load from outside hits every measurement alike.
    let mut times = vec![Vec::new(); all.len()];
    let mut checks = vec![f64::NAN; all.len()];
    let mut used = vec![0.0; all.len()];
    for round in 0..rounds + 2 {
        for (i, (name, run)) in all.iter().enumerate() {
            if *name == "update" {
                bench.fresh();
            }
            let (start, before) = (Instant::now(), cpu());
            let check = black_box(run(&mut bench));
            if round == 0 {
                checks[i] = check;
            }
            if round >= 2 {
                times[i].push(start.elapsed().as_secs_f64() * 1e3);
                used[i] += (cpu() - before) / rounds as f64;
            }
        }
    }
    for (i, (name, _)) in all.iter().enumerate() {
        let times = &mut times[i];
        times.sort_by(f64::total_cmp);
        println!(
            "{name}\t{:.2}\t{:.2}\t{:.1}\t{:.7}",
            times[times.len() / 2],
            times[0],
            used[i],
            checks[i]
        );
    }
}

impl Bench {
    fn new() -> Self {
        let request = Request::at(Path::new("experiments/imdb.toml"), vec![], DeviceChoice::Cpu);
        let prepared = request
            .expect("the bundled experiment")
            .prepare()
            .expect("the bundled experiment is good");
        let Prepared::Align(mut setup) = prepared else {
            panic!("the bundled experiment aligns a policy")
        };
        // Every response shall have the same length, as the peer's have.
        forbid_end(&mut setup);
        let settings = setup.experiment.method.clone();
        let generation = GenerationSettings {
            max_new_tokens: NEW_TOKENS,
            temperature: 1.0,
            ..setup.experiment.generation.clone()
        };
        let queries: Vec<String> = (0..settings.queries_per_step as u64)
            .map(|i| setup.pool.query(i))
            .collect();
        let principles = setup.principles.render();
        let prompts = [None, principles.as_deref()]
            .map(|p| -> Vec<Vec<u32>> { queries.iter().map(|q| setup.prompter.prompt(q, p)).collect() });
        let name = setup.experiment.reward.model.as_deref().unwrap_or_default();
        let files = builtin_model(name.trim_start_matches("builtin:")).expect("a bundled reward model");
        let (reward, _) = load(&files, Precision::F32, &setup.device).expect("the bundled reward model is good");
        let optimizer = Optimizer::new(0.999, settings.weight_decay, settings.max_grad_norm);
        let mut bench = Self {
            setup: *setup,
            reward,
            settings,
            generation,
            prompts,
            pairs: Vec::new(),
            optimizer,
        };
        bench.pairs = bench.sampled_pairs();
        let made: usize = bench.pairs.iter().map(|p| p.1.len() + p.2.len()).sum();
        assert_eq!(
            made,
            2 * bench.pairs.len() * NEW_TOKENS,
            "every response has the same length"
        );
        bench
    }

    /// y and y' on two threads, as a step of training samples them.
    fn sample(&self) -> [Vec<Completion>; 2] {
        let policy = self.setup.policy.merged();
        let side = |i: usize, purpose| {
            let rngs = (0..self.prompts[i].len() as u64)
                .map(|row| stream(0, purpose, 0, row))
                .collect();
            sample(
                &policy,
                &self.prompts[i],
                &self.generation,
                &[EOS],
                rngs,
                &mut |_, _| {},
            )
        };
        let (y, guided) = rayon::join(|| side(0, Purpose::SampleOriginal), || side(1, Purpose::SampleGuided));
        [y, guided]
    }

    /// Samples and scores: what a step adds to D_train.
    fn sampled_pairs(&self) -> Vec<Pair> {
        let [y, guided] = self.sample();
        let pair = |((x, y), g): ((&Vec<u32>, Completion), Completion)| (x.clone(), y.ids, g.ids, 0.0, 0.0);
        let mut pairs: Vec<Pair> = self.prompts[0].iter().zip(y).zip(guided).map(pair).collect();
        let rewards = score(&self.reward, &pairs);
        for (i, pair) in pairs.iter_mut().enumerate() {
            (pair.3, pair.4) = (rewards[2 * i], rewards[2 * i + 1]);
        }
        pairs
    }

    fn score(&self) -> Vec<f64> {
        score(&self.reward, &self.pairs)
    }

    /// Forward and backward of all pairs and, if `apply`, clipping and AdamW. Returns the loss.
    fn update(&mut self, apply: bool) -> f64 {
        let (n, settings) = (self.pairs.len(), &self.settings);
        let computed = gradients(&self.setup.policy, &self.setup.trained, &self.pairs, |policy, shard| {
            let original = shard.iter().map(|p| (&p.0[..], &p.1[..]));
            let guided = shard.iter().map(|p| (&p.0[..], &p.2[..]));
            let rows: Vec<(&[u32], &[u32])> = original.chain(guided).collect();
            let all = log_probs(policy, &rows);
            let rewards: Vec<(f64, f64)> = shard.iter().map(|p| (p.3, p.4)).collect();
            let (y, guided) = (all.rows(0, shard.len()), all.rows(shard.len(), shard.len()));
            let losses = method::losses(&y, &guided, &rewards, TAU, n, settings, &method::Known::default());
            ShardLoss {
                loss: losses.total,
                parts: vec![losses.rank, losses.wsft],
            }
        });
        if apply {
            self.optimizer.step(&mut self.setup.policy, computed.gradients, 1e-3);
        }
        computed.loss
    }

    /// Everything of a step of Algorithm 1 but the screen and the disk.
    fn step(&mut self) -> f64 {
        let kept = std::mem::take(&mut self.pairs);
        self.pairs = self.sampled_pairs();
        let loss = self.update(true);
        self.pairs = kept;
        loss
    }

    /// Back to the untrained adapter, so that every update does the same.
    fn fresh(&mut self) {
        let (rank, alpha) = (8, 16.0);
        ple::model::add_adapter(&mut self.setup.policy, rank, alpha, self.setup.experiment.seed);
        let s = &self.settings;
        self.optimizer = Optimizer::new(0.999, s.weight_decay, s.max_grad_norm);
    }

    fn work(&self) -> serde_json::Value {
        let pairs: Vec<_> = self
            .pairs
            .iter()
            .map(
                |(x, y, g, s, s_guided)| serde_json::json!({"x": x, "y": y, "guided": g, "s": s, "s_guided": s_guided}),
            )
            .collect();
        serde_json::json!({
            "new_tokens": NEW_TOKENS, "tau": TAU, "learning_rate": 1e-3, "max_norm": self.settings.max_grad_norm,
            "rank": 8, "alpha": 16, "eos": EOS, "prompts": self.prompts, "pairs": pairs,
        })
    }
}

/// s and s' of every pair, in turn.
fn score(reward: &Model, pairs: &[Pair]) -> Vec<f64> {
    let rows: Vec<(&[u32], &[u32])> = pairs
        .iter()
        .flat_map(|p| [(&p.0[..], &p.1[..]), (&p.0[..], &p.2[..])])
        .collect();
    scores(reward, &rows)
}

/// Gives the end of sequence the embedding of padding, which is also its row of the head: never a target while the
/// policy was made, padding is nowhere probable.
fn forbid_end(setup: &mut Setup) {
    let name = setup.policy.embeddings_name();
    setup.policy.for_each_mut(&mut |parameter, p| {
        if parameter == name {
            // Tied embeddings lie as the head reads them, [hidden, vocab].
            let [d, v] = p.dims();
            let mut values = numbers::values(p.clone());
            for row in values.chunks_exact_mut(v) {
                row[EOS as usize] = row[PAD as usize];
            }
            *p = Tensor::from_data(TensorData::new(values, [d, v]), &p.device());
        }
    });
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
