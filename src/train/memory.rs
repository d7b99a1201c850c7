//! How much memory a run will need, before it starts.
//!
//! Counted, not measured: the weights, what the optimizer keeps, and the largest of what an update, the sampling and the
//! scoring of a step hold at once. An update holds what the automatic differentiation keeps of every layer for the way back;
//! which tensors these are is written at each count, after the operations of `model/` and their rules in burn-autodiff.

use serde::Serialize;

use crate::config::{Experiment, Lora, LoraTargets, MethodName, Precision};
use crate::model::{Activation, Architecture, ModelConfig};

const F32: f64 = 4.0;
/// A run of next to nothing: the program, its threads and their heaps, its store.
const PROGRAM: f64 = 80e6;
/// Bytes of a token in a tokenizer's tables.
const TOKEN: f64 = 350.0;
/// An allocator that keeps freed memory for the next step has some of it in pieces of the wrong size.
const PIECES: f64 = 1.05;
/// Two threads take half of a batch each.
const THREADS: f64 = 2.0;

/// What of a run decides how much memory it needs.
#[derive(Clone, Debug)]
pub struct Demand {
    pub policy: ModelConfig,
    /// Bytes of a frozen weight.
    pub policy_bytes: f64,
    /// A reward model, and bytes of one of its weights.
    pub reward: Option<(ModelConfig, f64)>,
    /// Rows that one thread scores at once.
    pub reward_batch: usize,
    /// Numbers of the adapters; `None` trains every weight.
    pub adapters: Option<usize>,
    pub dropout: bool,
    pub checkpointing: bool,
    /// Pairs of an update, and how many of them a thread goes through at once.
    pub minibatch: usize,
    pub micro_batch: Option<usize>,
    /// Rows of a supervised update; 0 without that stage.
    pub sft_batch: usize,
    /// There are updates on pairs.
    pub pairs: bool,
    /// Beside every pair of an update there is a row of the data.
    pub anchored: bool,
    /// Queries that are answered at once, by each of two threads.
    pub queries: usize,
    pub tokens: Lengths,
}

/// The longest of each, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    pub prompt: usize,
    pub guided_prompt: usize,
    /// Of what is sampled.
    pub response: usize,
    /// Of what is learnt from in the supervised stage.
    pub example: usize,
}

/// Bytes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The most that is held at any time.
    pub peak: u64,
    /// Weights of the policy, its adapter, and the reward model; their tokenizers.
    pub weights: u64,
    /// Moments of the optimizer and gradients.
    pub optimizer: u64,
    /// What an update keeps for the way back.
    pub update: u64,
    /// Keys and values, and what a token step holds.
    pub sampling: u64,
    pub scoring: u64,
}

impl Demand {
    /// What an experiment asks for. `policy_bytes` and the reward model's are those of a stored weight, for dtype "auto".
    pub fn of(
        experiment: &Experiment,
        (policy, stored): (&ModelConfig, f64),
        reward: Option<(&ModelConfig, f64)>,
        tokens: Lengths,
    ) -> Self {
        let (adapters, dropout) = match &experiment.policy.lora {
            Lora::Adapter(lora) => {
                let adapted = |module: &str| match &lora.targets {
                    LoraTargets::Kind(_) => true,
                    // Of a whole path only what is within the layer can be compared here.
                    LoraTargets::Names(names) => names
                        .iter()
                        .any(|name| module.ends_with(&name[..]) || name.ends_with(module)),
                };
                (Some(policy.size().adapters(lora.rank, &adapted)), lora.dropout > 0.0)
            }
            Lora::Off(_) => (None, false),
        };
        let method = &experiment.method;
        Self {
            policy: policy.clone(),
            policy_bytes: bytes(experiment.policy.dtype, stored),
            reward: reward.map(|(config, stored)| (config.clone(), bytes(experiment.reward.dtype, stored))),
            reward_batch: experiment.reward.batch,
            adapters,
            dropout,
            checkpointing: experiment.policy.checkpointing,
            minibatch: method.minibatch,
            micro_batch: method.micro_batch,
            sft_batch: if experiment.sft.steps > 0 {
                experiment.sft.batch
            } else {
                0
            },
            pairs: method.name != MethodName::Sft,
            anchored: method.stabilise.sft.is_some(),
            queries: match method.name {
                MethodName::Sft => 0,
                _ => method.queries_per_step.max(if experiment.eval.every > 0 {
                    experiment.eval.queries
                } else {
                    0
                }),
            },
            tokens,
        }
    }

    /// How much is needed.
    pub fn estimate(&self) -> Estimate {
        let size = self.policy.size();
        let linears = (size.layers * size.linears_of_a_layer()) as f64;
        let tables = size.tables as f64;
        let vectors = size.vectors as f64;
        let adapters = self.adapters.unwrap_or(0) as f64;
        let trained = self.adapters.map_or(size.all() as f64, |n| n as f64);
        let tokenizer = self.policy.vocab_size as f64 * TOKEN;
        let mut weights = (linears + tables) * self.policy_bytes + (vectors + adapters) * F32 + tokenizer;
        if let Some((config, bytes)) = &self.reward {
            let size = config.size();
            weights += size.all() as f64 * bytes + config.vocab_size as f64 * TOKEN;
        }
        // Two moments of every trained number, after the first update.
        let moments = 2.0 * trained * F32;
        let update = self.update(trained);
        let sampling = self.sampling();
        let scoring = self.scoring();
        let held = update.max(sampling).max(scoring);
        let gradients = THREADS * trained * F32;
        Estimate {
            peak: (PROGRAM + PIECES * (weights + moments + held)) as u64,
            weights: weights as u64,
            optimizer: (moments + gradients) as u64,
            update: update as u64,
            sampling: sampling as u64,
            scoring: scoring as u64,
        }
    }

    /// Numbers that one token leaves behind in one layer for the way back, but for the squares of the attention.
    fn kept_per_token(&self) -> f64 {
        let c = &self.policy;
        let (d, f) = (c.hidden_size as f64, c.intermediate_size as f64);
        let (q, k) = c.widths();
        let (q, k) = (q as f64, k as f64);
        // A non-linearity x -> y keeps what it is made of: x and sigmoid(x), or four terms of the tanh form.
        let activation = f * match c.activation {
            Activation::Silu => 2.0,
            Activation::GeluTanh => 4.0,
            Activation::Gelu | Activation::Relu => 1.0,
        };
        // What goes into the norm (centred, in LayerNorm) and what comes out of it, which the next layers read; twice.
        let norms = 4.0 * d;
        // Queries, keys, values, and what attention gives to the output projection.
        let attention = 2.0 * (q + k);
        let feed_forward = match c.architecture {
            // What goes into the second layer.
            Architecture::Gpt2 => activation + f,
            // Activated gate, up, and their product.
            _ => activation + 3.0 * f,
        };
        // A norm's weight that is trained needs what it is multiplied with.
        let whole = if self.adapters.is_none() { 2.0 * d } else { 0.0 };
        // A mask and what is left, of everything that goes into an adapter.
        let read: usize = c.size().linears.iter().map(|(_, [inputs, _])| inputs).sum();
        let dropout = if self.dropout { 2.0 * read as f64 } else { 0.0 };
        norms + attention + feed_forward + whole + dropout
    }

    /// Numbers of the attention's squares that one row of `t` tokens leaves behind in one layer: the shifted scores, their
    /// exponentials, the softmax.
    fn squares(&self, t: f64) -> f64 {
        3.0 * self.policy.num_attention_heads as f64 * t * t
    }

    /// The most that one thread holds of a piece of `rows` rows of `t` tokens, of which `places` in all are predicted.
    fn piece(&self, rows: f64, t: f64, places: f64) -> f64 {
        let c = &self.policy;
        let size = c.size();
        let (d, f, vocab) = (c.hidden_size as f64, c.intermediate_size as f64, c.vocab_size as f64);
        let layers = size.layers as f64;
        let layer = rows * t * self.kept_per_token() + rows * self.squares(t);
        let kept = match self.checkpointing {
            false => layers * layer,
            // What goes into each, and one whole.
            true => layers * rows * t * d + layer,
        };
        // Weights that are kept in halves are computed with in f32, and the graph holds what it was computed with.
        let cast = match self.policy_bytes < F32 {
            true if self.checkpointing => size.linears_of_a_layer() as f64,
            true => layers * size.linears_of_a_layer() as f64,
            false => 0.0,
        };
        let head = if self.policy_bytes < F32 {
            size.table as f64
        } else {
            0.0
        };
        // Shifted logits; on the way back their exponentials, that times its gradient, and the gradient by the target. The
        // hidden states they are of, and the gradient of all hidden states.
        let logits = 4.0 * places * vocab + 2.0 * places * d + rows * t * d;
        // On the way back through one layer: gradients of the widest part, and of the squares.
        let through = rows * t * (3.0 * f + 2.0 * d) + rows * self.squares(t) * 2.0 / 3.0;
        let first = match self.checkpointing {
            // No layer is computed while there are logits.
            true => (kept - layer + logits).max(kept + through),
            false => kept + logits.max(through),
        };
        first + cast + head
    }

    /// The most that an update holds beside weights and moments.
    fn update(&self, trained: f64) -> f64 {
        let size = self.policy.size();
        let mut most = 0.0f64;
        let batches = [
            (
                self.pairs,
                self.minibatch,
                2.0 + f64::from(u8::from(self.anchored)),
                self.tokens.response,
            ),
            (self.sft_batch > 0, self.sft_batch, 1.0, self.tokens.example),
        ];
        for (_, items, rows_an_item, response) in batches.into_iter().filter(|(used, ..)| *used) {
            let half = items.div_ceil(2).max(1);
            let at_once = self.micro_batch.unwrap_or(half).clamp(1, half);
            let threads = if items > 1 { THREADS } else { 1.0 };
            let rows = rows_an_item * at_once as f64;
            let t = (self.tokens.prompt + response).saturating_sub(1).max(1) as f64;
            let piece = self.piece(rows, t, rows * response as f64);
            // The way back frees activations as it makes gradients; those of the head are there from its beginning.
            let gradients = if self.adapters.is_none() {
                size.table as f64
            } else {
                0.0
            };
            let sums = if at_once < half { trained } else { 0.0 };
            let back = (piece + gradients).max(trained + gradients);
            most = most.max(threads * (back + sums));
        }
        // Both threads' gradients are added, and the largest parameter's update is computed in a few copies.
        let widest = if self.adapters.is_none() {
            size.table as f64
        } else {
            0.0
        };
        most.max(THREADS * trained + 4.0 * widest) * F32
    }

    /// The most that the sampling of both responses holds.
    fn sampling(&self) -> f64 {
        if self.queries == 0 {
            return 0.0;
        }
        let c = &self.policy;
        let size = c.size();
        let rows = self.queries as f64;
        let (d, f, vocab) = (c.hidden_size as f64, c.intermediate_size as f64, c.vocab_size as f64);
        let (_, k) = c.widths();
        let side = |prompt: usize| {
            let t = (prompt + self.tokens.response) as f64;
            // Keys and values; while a token is added, one layer's are there twice.
            let cache = rows * t * 2.0 * k as f64 * (size.layers as f64 + 1.0);
            // The prompt at once: the widest part of a layer.
            let prompt = rows * prompt as f64 * (3.0 * f + 2.0 * d);
            let logits = 2.0 * rows * vocab;
            let cast = if self.policy_bytes < F32 {
                size.table as f64
            } else {
                0.0
            };
            cache.max(prompt + cache / 2.0) + logits + cast
        };
        let linears = size.layers * size.linears_of_a_layer();
        // Adapters are merged into a copy where that is small.
        let merged = match self.adapters {
            Some(_) if linears <= crate::model::MOST_MERGED => linears as f64,
            _ => 0.0,
        };
        (side(self.tokens.prompt) + side(self.tokens.guided_prompt) + merged) * F32
    }

    /// The most that scoring holds.
    fn scoring(&self) -> f64 {
        let Some((c, bytes)) = &self.reward else { return 0.0 };
        let rows = self.reward_batch.min(self.queries.div_ceil(2)).max(1) as f64;
        let t = (self.tokens.prompt + self.tokens.response) as f64;
        let (d, f) = (c.hidden_size as f64, c.intermediate_size as f64);
        let cast = match *bytes < F32 {
            true => c.size().linears_of_a_layer() as f64,
            false => 0.0,
        };
        THREADS * (rows * t * (3.0 * f + 4.0 * d) + cast) * F32
    }

    /// Settings that would need less, each with what it needs, and the first that fits `available` bytes if one does.
    pub fn alternative(&self, available: Option<u64>) -> Option<(String, Estimate)> {
        let mut last = None;
        let half = self.minibatch.max(self.sft_batch).div_ceil(2);
        let at_once = self.micro_batch.unwrap_or(half).min(half);
        let mut sizes: Vec<usize> = [32, 16, 8, 4, 2, 1].into_iter().filter(|n| *n < at_once).collect();
        if sizes.is_empty() && !self.checkpointing {
            sizes.push(at_once);
        }
        for checkpointing in [self.checkpointing, true] {
            for &n in &sizes {
                let less = Self {
                    checkpointing,
                    micro_batch: Some(n),
                    ..self.clone()
                };
                let mut words = Vec::new();
                if n < at_once {
                    words.push(format!("method.micro_batch = {n}"));
                }
                if checkpointing && !self.checkpointing {
                    words.push("policy.checkpointing = true".into());
                }
                if words.is_empty() {
                    continue;
                }
                let estimate = less.estimate();
                let fits = available.is_some_and(|room| estimate.peak <= room);
                last = Some((words.join(" with "), estimate));
                if fits {
                    return last;
                }
            }
        }
        last
    }
}

/// Bytes of a weight that is kept as `precision`, if a stored one has `stored`.
fn bytes(precision: Precision, stored: f64) -> f64 {
    match precision {
        Precision::F32 => F32,
        Precision::F16 | Precision::BF16 => 2.0,
        Precision::Auto => stored,
    }
}

/// "18.2 GB", "870 MB".
pub fn readable(bytes: u64) -> String {
    match bytes as f64 {
        b if b >= 100e9 => format!("{:.0} GB", b / 1e9),
        b if b >= 1e9 => format!("{:.1} GB", b / 1e9),
        b => format!("{:.0} MB", b / 1e6),
    }
}

/// "needs about 18.2 GB of 24.0 GB; 'method.micro_batch = 2' needs 9.1 GB", and whether that is more than there is.
///
/// The alternative is named where less than a third of the memory would be left.
pub fn sentence(demand: &Demand, available: Option<u64>) -> (String, bool) {
    let peak = demand.estimate().peak;
    let Some(room) = available else {
        return (format!("needs about {}", readable(peak)), false);
    };
    let mut said = format!("needs about {} of {}", readable(peak), readable(room));
    if peak as f64 > 0.67 * room as f64
        && let Some((settings, less)) = demand.alternative(available)
        && less.peak < peak
    {
        said += &format!("; '{settings}' needs {}", readable(less.peak));
    }
    (said, peak > room)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Plan, Source, load_plan};

    fn experiment(sets: &[&str]) -> Experiment {
        let (name, text) = crate::assets::EXPERIMENTS[0];
        let source = Source {
            path: None,
            name: name.into(),
            text: text.into(),
        };
        let sets: Vec<String> = sets.iter().map(|s| s.to_string()).collect();
        match load_plan(&source, &sets).expect("a good experiment") {
            Plan::Align(experiment) => *experiment,
            Plan::Fit(_) => panic!("imdb aligns a policy"),
        }
    }

    /// Llama 3 8B, as its `config.json` has it.
    fn llama() -> ModelConfig {
        let json = r#"{ "architectures": ["LlamaForCausalLM"], "vocab_size": 128256, "hidden_size": 4096,
            "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
            "max_position_embeddings": 8192, "rms_norm_eps": 1e-5, "rope_theta": 500000.0 }"#;
        ModelConfig::from_json(json.as_bytes()).expect("read")
    }

    fn needs(sets: &[&str]) -> Estimate {
        demand(sets).estimate()
    }

    fn demand(sets: &[&str]) -> Demand {
        let tokens = Lengths {
            prompt: 300,
            guided_prompt: 360,
            response: 128,
            example: 128,
        };
        Demand::of(&experiment(sets), (&llama(), 2.0), None, tokens)
    }

    #[test]
    fn an_eight_billion_model_is_as_large_as_it_is() {
        let size = llama().size();
        assert_eq!(size.all(), 8_030_261_248);
        // PEFT counts 20,971,520 trained parameters of rank 8 on all linear layers.
        assert_eq!(size.adapters(8, &|_| true), 20_971_520);
        assert!((needs(&[]).weights as f64 / 32.2e9 - 1.0).abs() < 0.01);
        assert!((needs(&["policy.dtype=bf16"]).weights as f64 / 16.2e9 - 1.0).abs() < 0.01);
    }

    #[test]
    fn what_is_to_save_memory_saves_it() {
        let plain = needs(&[]);
        let pieces = needs(&["method.micro_batch=1"]);
        let again = needs(&["policy.checkpointing=true"]);
        let both = needs(&["method.micro_batch=1", "policy.checkpointing=true"]);
        assert!(pieces.update < plain.update / 4 && again.update < plain.update / 4);
        assert!(both.update < pieces.update && both.update < again.update);
        // All weights in f32, two moments of each, and gradients.
        assert!(needs(&["policy.lora=none"]).peak > 4 * 4 * 8_030_261_248);
        // Halves alone are computed with in f32 and held so.
        let halves = needs(&["policy.dtype=bf16", "method.micro_batch=1"]);
        assert!(halves.weights < plain.weights && halves.update > pieces.update);
        assert!(needs(&["policy.lora.dropout=0.1"]).update > plain.update);
    }

    #[test]
    fn a_shortage_is_said_with_what_would_do() {
        let (said, short) = sentence(&demand(&["policy.dtype=bf16"]), Some(80_000_000_000));
        assert!(short, "{said}");
        assert!(said.contains(" of 80.0 GB; '"), "{said}");
        let alternative = demand(&["policy.dtype=bf16"]).alternative(Some(80_000_000_000));
        let (settings, less) = alternative.expect("there is one");
        assert!(less.peak < 80_000_000_000, "{settings}: {}", readable(less.peak));
        assert!(settings.contains("policy.checkpointing = true"), "{settings}");
        let (said, short) = sentence(&demand(&[]), None);
        assert!(!short && !said.contains(" of "), "{said}");
        let (said, short) = sentence(&demand(&["method.micro_batch=1"]), Some(1 << 50));
        assert!(!short && !said.contains(';'), "{said}");
    }
}
