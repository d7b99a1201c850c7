//! A decoder of any architecture: embeddings, layers, final norm, and a head of tokens or of scores.
//!
//! Plain structs of tensors. Every parameter has its Hugging Face name, by which it is loaded, trained and saved.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData, module::embedding, module::linear};

use super::checkpointing::Tape;
use super::config::{Architecture, ModelConfig};
use super::layer::Layer;
use super::linear::{Linear, full, product};
use super::parts::{Rope, Turn, attend, causal_mask, layer_norm, rms_norm};
use super::{KvCache, gemma};

/// Gives a parameter by its name and shape, in this program's layout: linear weights `[in, out]`, vectors `[1, n]`.
pub type Get<'a, E> = dyn FnMut(&str, [usize; 2]) -> Result<Tensor<2>, E> + 'a;

/// Sees every parameter with its name.
pub type Params<'a> = dyn FnMut(&str, &mut Tensor<2>) + 'a;

/// Adapters are folded into the weights for sampling where these have at most so many numbers in all; above, the copy costs
/// more memory than the side branches cost time.
pub const MOST_MERGED: usize = 16 << 20;

/// A language model, or a reward model.
#[derive(Clone, Debug)]
pub struct Model {
    pub config: ModelConfig,
    /// Embeddings `[vocab, hidden]`; `None` where they are tied, and the head's.
    pub(super) table: Option<Tensor<2>>,
    /// Output head `[hidden, vocab]`; `None` in a reward model. Tied embeddings are kept once, as the head reads them:
    /// contiguous for the dearest product of a token step.
    pub(super) head: Option<Tensor<2>>,
    /// Learnt positions `[positions, hidden]` (GPT-2).
    places: Option<Tensor<2>>,
    pub layers: Vec<Layer>,
    /// Final norm `[1, hidden]`, and its bias (GPT-2).
    norm: Tensor<2>,
    norm_bias: Option<Tensor<2>>,
    /// Score head `[hidden, labels]` of a reward model.
    pub score: Option<Tensor<2>>,
    rope: Option<Rope>,
    /// Where a pass that is to be computed again while going back writes what it needs for that.
    pub(super) tape: Option<Tape>,
}

/// Names of the parameters outside of the layers.
struct Names {
    embeddings: &'static str,
    layers: &'static str,
    norm: &'static str,
}

fn names(architecture: Architecture) -> Names {
    match architecture {
        Architecture::Gpt2 => Names {
            embeddings: "transformer.wte.weight",
            layers: "transformer.h",
            norm: "transformer.ln_f",
        },
        _ => Names {
            embeddings: "model.embed_tokens.weight",
            layers: "model.layers",
            norm: "model.norm",
        },
    }
}

const PLACES: &str = "transformer.wpe.weight";
const HEAD: &str = "lm_head.weight";
pub(super) const SCORE: &str = "score.weight";

/// How a parameter lies in a Hugging Face file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// `[n]`; here `[1, n]`.
    Vector,
    /// As here.
    Same,
    /// The transpose of what it is here.
    Transposed,
}

impl Stored {
    /// How the parameter of this name lies in the files of this model.
    pub fn of(config: &ModelConfig, name: &str) -> Self {
        let names = names(config.architecture);
        let tied = config.tie_word_embeddings && !config.is_reward_model();
        if name == names.embeddings {
            return if tied { Stored::Transposed } else { Stored::Same };
        }
        if name == HEAD || name == SCORE {
            return Stored::Transposed;
        }
        if name == PLACES {
            return Stored::Same;
        }
        let of_a_linear = name.contains(".attn.") || name.contains(".mlp.") || name.contains("_attn.");
        match (name.ends_with(".weight") && of_a_linear, config.architecture) {
            (false, _) => Stored::Vector,
            // Conv1D is [in, out].
            (true, Architecture::Gpt2) => Stored::Same,
            (true, _) => Stored::Transposed,
        }
    }
}

/// What the layers of one pass are told.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    turn: Turn,
    /// Where tokens must not look, for layers without a window.
    mask: Option<Tensor<4, Bool>>,
    /// By window, for the layers that have one.
    windowed: Vec<(usize, Tensor<4, Bool>)>,
    causal: bool,
}

impl Pass {
    fn mask(&self, window: Option<usize>) -> Option<&Tensor<4, Bool>> {
        let windowed = self.windowed.iter().find(|(w, _)| Some(*w) == window);
        windowed.map(|(_, mask)| mask).or(self.mask.as_ref())
    }
}

impl Model {
    /// Builds the model from its parameters.
    pub fn build<E>(config: ModelConfig, device: &Device, get: &mut Get<'_, E>) -> Result<Self, E> {
        let (d, vocab) = (config.hidden_size, config.vocab_size);
        let names = names(config.architecture);
        let gpt2 = config.architecture == Architecture::Gpt2;
        let (table, head) = match (config.is_reward_model(), config.tie_word_embeddings) {
            (true, _) => (Some(get(names.embeddings, [vocab, d])?), None),
            (false, true) => (None, Some(get(names.embeddings, [d, vocab])?)),
            (false, false) => (Some(get(names.embeddings, [vocab, d])?), Some(get(HEAD, [d, vocab])?)),
        };
        let places = match gpt2 {
            true => Some(get(PLACES, [config.max_position_embeddings, d])?),
            false => None,
        };
        let mut layers = Vec::with_capacity(config.num_hidden_layers);
        for i in 0..config.num_hidden_layers {
            let mut part = |name: &str, shape| get(&format!("{}.{i}.{name}", names.layers), shape);
            layers.push(Layer::build(&config, &mut part)?);
        }
        let norm = get(&format!("{}.weight", names.norm), [1, d])?;
        let norm_bias = match gpt2 {
            true => Some(get(&format!("{}.bias", names.norm), [1, d])?),
            false => None,
        };
        let score = match config.num_labels {
            Some(labels) => Some(get(SCORE, [d, labels])?),
            None => None,
        };
        let rope = (!gpt2).then(|| Rope::new(&config, device));
        Ok(Self {
            config,
            table,
            head,
            places,
            layers,
            norm,
            norm_bias,
            score,
            rope,
            tape: None,
        })
    }

    /// Calls `f` with every parameter and its Hugging Face name. Adapters are named as in PEFT.
    pub fn for_each_mut(&mut self, f: &mut Params<'_>) {
        let names = names(self.config.architecture);
        match &mut self.table {
            Some(table) => {
                f(names.embeddings, table);
                if let Some(head) = &mut self.head {
                    f(HEAD, head);
                }
            }
            None => {
                if let Some(head) = &mut self.head {
                    f(names.embeddings, head);
                }
            }
        }
        if let Some(places) = &mut self.places {
            f(PLACES, places);
        }
        for (i, layer) in self.layers.iter_mut().enumerate() {
            let name = |part: &str| format!("{}.{i}.{part}", names.layers);
            layer.norms_mut(&mut |part, p| f(&name(part), p));
            for (part, linear) in layer.linears_mut() {
                f(&name(&format!("{part}.weight")), &mut linear.weight);
                if let Some(bias) = &mut linear.bias {
                    f(&name(&format!("{part}.bias")), bias);
                }
                if let Some(adapter) = &mut linear.adapter {
                    f(&name(&format!("{part}.lora_A.weight")), &mut adapter.a);
                    f(&name(&format!("{part}.lora_B.weight")), &mut adapter.b);
                }
            }
        }
        f(&format!("{}.weight", names.norm), &mut self.norm);
        if let Some(bias) = &mut self.norm_bias {
            f(&format!("{}.bias", names.norm), bias);
        }
        if let Some(score) = &mut self.score {
            f(SCORE, score);
        }
    }

    /// Calls `f` with every linear layer that can carry an adapter: its layer, its place there, and its module path in
    /// Hugging Face's names (`model.layers.0.self_attn.q_proj`).
    pub fn for_each_linear_mut(&mut self, f: &mut dyn FnMut(usize, usize, &str, &mut Linear)) {
        let names = names(self.config.architecture);
        for (i, layer) in self.layers.iter_mut().enumerate() {
            for (j, (part, linear)) in layer.linears_mut().into_iter().enumerate() {
                f(i, j, &format!("{}.{i}.{part}", names.layers), linear);
            }
        }
    }

    /// The device it is on, without autodiff.
    pub fn device(&self) -> Device {
        self.norm.device().inner()
    }

    /// Bytes of a number of its linear layers' weights.
    pub fn weight_bytes(&self) -> f64 {
        let first = self.layers.first().map(Layer::linears).unwrap_or_default();
        first.first().map_or(4.0, |linear| linear.weight.dtype().size() as f64)
    }

    /// The name of the embeddings: a model all of whose weights are trained trains these.
    pub fn embeddings_name(&self) -> &'static str {
        names(self.config.architecture).embeddings
    }

    /// Adapters folded into the weights, where that copy is small: for sampling.
    pub fn merged(&self) -> Self {
        let mut model = self.clone();
        let linears = || self.layers.iter().flat_map(Layer::linears);
        let numbers: usize = linears().map(|l| l.weight.dims().iter().product::<usize>()).sum();
        if numbers <= MOST_MERGED {
            model.merge();
        }
        model
    }

    /// Folds the adapters into the weights.
    pub fn merge(&mut self) {
        for layer in &mut self.layers {
            for (_, linear) in layer.linears_mut() {
                *linear = linear.merged();
            }
        }
    }

    /// The same weights with the adapters off: the reference policy.
    pub fn without_adapters(&self) -> Self {
        let mut model = self.clone();
        for layer in &mut model.layers {
            for (_, linear) in layer.linears_mut() {
                linear.adapter = None;
            }
        }
        model
    }

    /// The same with the embeddings multiplied by `mask` `[vocab, hidden]`, the head's too where it is tied.
    pub fn with_masked_embeddings(&self, mask: &Tensor<2>) -> Self {
        let mut model = self.clone();
        match (&mut model.table, &mut model.head) {
            (Some(table), _) => *table = table.clone() * mask.clone(),
            (None, Some(head)) => *head = head.clone() * mask.clone().transpose(),
            (None, None) => {}
        }
        model
    }

    /// Hidden states after the final norm, `[batch, seq, hidden]`, of right-padded `ids` `[batch, seq]`.
    ///
    /// Causal attention makes padding on the right invisible to the tokens before it.
    pub fn hidden(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        let x = match &self.tape {
            Some(tape) => tape.record(self, ids),
            None => {
                let pass = self.uncached_pass(ids.dims()[1]);
                let mut x = self.embedded(ids);
                for i in 0..self.layers.len() {
                    x = self.layer(i, x, &pass);
                }
                x
            }
        };
        self.final_norm(x)
    }

    /// The hidden state after the final norm at one place of each row, `[batch, hidden]`: that of the token at `last[i]`
    /// of row i of right-padded `ids` `[batch, seq]`. The last layer is computed there alone.
    pub fn hidden_at(&self, ids: Tensor<2, Int>, last: &[usize]) -> Tensor<2> {
        let [b, t] = ids.dims();
        let device = ids.device();
        let int = |v: Vec<i32>| Tensor::<1, Int>::from_data(TensorData::new(v, [b]), &device);
        let places = int(last.iter().enumerate().map(|(i, l)| (i * t + l) as i32).collect());
        let at = |z: Tensor<3>| {
            let d = z.dims()[2];
            z.reshape([b * t, d]).select(0, places.clone()).reshape([b, 1, d])
        };
        let whole = |x: Tensor<3>| {
            let d = x.dims()[2];
            x.reshape([b, d])
        };
        if self.tape.is_some() {
            return whole(at(self.hidden(ids)));
        }
        let Some((top, below)) = self.layers.split_last() else {
            return whole(at(self.hidden(ids)));
        };
        let window = self.config.windows.last().copied().flatten();
        let unseen = |j: usize, l: usize| j > l || window.is_some_and(|w| j + w <= l);
        let unseen: Vec<bool> = last.iter().flat_map(|&l| (0..t).map(move |j| unseen(j, l))).collect();
        let mask = Tensor::<4, Bool>::from_data(TensorData::new(unseen, [b, 1, 1, t]), &device);
        let pass = self.uncached_pass(t);
        let mut x = self.embedded(ids);
        for i in 0..below.len() {
            x = self.layer(i, x, &pass);
        }
        let y = top.normed(x.clone());
        let (k, v) = top.keys_and_values(y.clone(), &pass.turn);
        let positions = int(last.iter().map(|l| *l as i32).collect());
        let q = top.queries(at(y), &self.turn_at(&positions, [b, 1], t));
        let x = top.finish(at(x), attend(q, k, v, Some(&mask), false));
        whole(self.final_norm(x))
    }

    /// Hidden states of the new tokens `[batch, new, hidden]` after those in the cache, which grows by them.
    pub fn hidden_cached(&self, ids: Tensor<2, Int>, cache: &mut KvCache) -> Tensor<3> {
        let [b, new] = ids.dims();
        let device = ids.device();
        let places = cache.positions(new, &device);
        let windows = self.config.windows.iter().flatten();
        let pass = Pass {
            turn: self.turn_at(&places, [b, new], cache.seen() + new),
            mask: cache.mask(new, None, &device),
            windowed: distinct(windows)
                .filter_map(|w| Some((w, cache.mask(new, Some(w), &device)?)))
                .collect(),
            causal: false,
        };
        let mut x = self.embedded_at(ids, Some(places));
        for (i, layer) in self.layers.iter().enumerate() {
            let (q, k, v) = layer.queries_keys_values(layer.normed(x.clone()), &pass.turn);
            let (k, v) = cache.push(i, k, v);
            x = layer.finish(x, attend(q, k, v, pass.mask(self.config.windows[i]), false));
        }
        cache.grow(new);
        self.final_norm(x)
    }

    /// Next-token logits `[.., vocab]` of hidden states `[.., hidden]`.
    pub fn logits<const D: usize>(&self, hidden: Tensor<D>) -> Tensor<D> {
        match (&self.head, &self.table) {
            (Some(head), _) => product(hidden, head, None),
            // Never asked of a reward model; its embeddings are the nearest thing to a head.
            (None, Some(table)) => linear(hidden, full(table.clone()).transpose(), None),
            (None, None) => hidden,
        }
    }

    /// One layer of a pass without a cache.
    pub(super) fn layer(&self, i: usize, x: Tensor<3>, pass: &Pass) -> Tensor<3> {
        let layer = &self.layers[i];
        let (q, k, v) = layer.queries_keys_values(layer.normed(x.clone()), &pass.turn);
        let mask = pass.mask(self.config.windows[i]);
        layer.finish(x, attend(q, k, v, mask, pass.causal))
    }

    /// What the layers of a pass over `t` tokens a row are told.
    pub(super) fn uncached_pass(&self, t: usize) -> Pass {
        let device = self.device();
        let windows = self.config.windows.iter().flatten().filter(|w| **w < t);
        Pass {
            turn: self.rope.as_ref().map(|rope| rope.first(t)).unwrap_or_default(),
            mask: None,
            windowed: distinct(windows)
                .map(|w| (w, causal_mask(t, t, Some(w), &device)))
                .collect(),
            causal: true,
        }
    }

    fn turn_at(&self, positions: &Tensor<1, Int>, shape: [usize; 2], end: usize) -> Turn {
        self.rope
            .as_ref()
            .map(|rope| rope.at(positions, shape, end))
            .unwrap_or_default()
    }

    /// What goes into the first layer, `[batch, seq, hidden]`, of rows that begin at place 0.
    pub(super) fn embedded(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        self.embedded_at(ids, None)
    }

    fn embedded_at(&self, ids: Tensor<2, Int>, positions: Option<Tensor<1, Int>>) -> Tensor<3> {
        let [b, t] = ids.dims();
        let d = self.config.hidden_size;
        let x = match (&self.table, &self.head) {
            (Some(table), _) => full(embedding(table.clone(), ids)),
            (None, Some(head)) => full(head.clone().select(1, ids.reshape([b * t])))
                .transpose()
                .reshape([b, t, d]),
            (None, None) => Tensor::zeros([b, t, d], &self.device()),
        };
        match (self.config.architecture, &self.places) {
            (Architecture::Gemma, _) => x.mul_scalar(gemma::embedding_scale(&self.config)),
            (_, None) => x,
            (_, Some(places)) => {
                let places = full(places.clone());
                x + match positions {
                    None => places.narrow(0, 0, t).unsqueeze::<3>(),
                    Some(positions) => places.select(0, positions).reshape([b, t, d]),
                }
            }
        }
    }

    fn final_norm(&self, x: Tensor<3>) -> Tensor<3> {
        let eps = self.config.norm_eps;
        match (&self.norm_bias, self.config.architecture) {
            (Some(bias), _) => layer_norm(x, &self.norm, bias, eps),
            (None, Architecture::Gemma) => gemma::norm(x, &self.norm, eps),
            (None, _) => rms_norm(x, &self.norm, eps),
        }
    }
}

fn distinct<'a>(windows: impl Iterator<Item = &'a usize>) -> impl Iterator<Item = usize> {
    windows.copied().collect::<std::collections::BTreeSet<_>>().into_iter()
}
