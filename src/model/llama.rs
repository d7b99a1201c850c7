//! The Llama architecture: RMSNorm, rotary positions, SwiGLU, no biases (Touvron et al. 2023).
//!
//! Plain structs of tensors. Every parameter has its Hugging Face name, by which it is loaded, trained and saved.

use burn::tensor::{
    Bool, Device, Int, Tensor, TensorData, activation::silu, module::attention, module::embedding,
    ops::AttentionModuleOptions,
};

use super::{Linear, ModelConfig};

/// A Llama body with, for reward models, a score head.
#[derive(Clone, Debug)]
pub struct Model {
    pub config: ModelConfig,
    /// Token embeddings `[vocab, hidden]`; also the output head, which is tied.
    pub embed: Tensor<2>,
    pub layers: Vec<Layer>,
    /// Final norm `[1, hidden]`.
    pub norm: Tensor<2>,
    /// Score head `[hidden, 1]` of a reward model.
    pub score: Option<Tensor<2>>,
    /// `embed` transposed and contiguous, kept while the embeddings are frozen: reading a transposed
    /// view makes decoding nearly twice as slow.
    head: Option<Tensor<2>>,
    rope: Rope,
}

/// One transformer block.
#[derive(Clone, Debug)]
pub struct Layer {
    /// `[1, hidden]`.
    pub input_norm: Tensor<2>,
    pub q: Linear,
    pub k: Linear,
    pub v: Linear,
    pub o: Linear,
    /// `[1, hidden]`.
    pub post_norm: Tensor<2>,
    pub gate: Linear,
    pub up: Linear,
    pub down: Linear,
}

/// Cosines and sines of the rotary positions, `[max_positions, head_dim / 2]`.
#[derive(Clone, Debug)]
struct Rope {
    cos: Tensor<2>,
    sin: Tensor<2>,
}

/// Keys and values of the tokens seen so far, one pair `[batch, heads, seq, head_dim]` a layer.
#[derive(Clone, Debug, Default)]
pub struct KvCache {
    layers: Vec<(Tensor<4>, Tensor<4>)>,
}

impl KvCache {
    /// Keeps only these rows of the batch.
    pub fn select(&mut self, rows: &Tensor<1, Int>) {
        for (k, v) in &mut self.layers {
            *k = k.clone().select(0, rows.clone());
            *v = v.clone().select(0, rows.clone());
        }
    }
}

impl Model {
    /// Builds the model from parameters by name; `get(name, shape)` returns them in this program's layout
    /// (linear weights `[in, out]`, norms `[1, hidden]`).
    pub fn build<E>(
        config: ModelConfig,
        device: &Device,
        mut get: impl FnMut(&str, [usize; 2]) -> Result<Tensor<2>, E>,
    ) -> Result<Self, E> {
        let (d, f) = (config.hidden_size, config.intermediate_size);
        let embed = get("model.embed_tokens.weight", [config.vocab_size, d])?;
        let mut layers = Vec::with_capacity(config.num_hidden_layers);
        for i in 0..config.num_hidden_layers {
            let mut part = |name: &str, shape| get(&format!("model.layers.{i}.{name}.weight"), shape);
            layers.push(Layer {
                input_norm: part("input_layernorm", [1, d])?,
                q: Linear::new(part("self_attn.q_proj", [d, d])?),
                k: Linear::new(part("self_attn.k_proj", [d, d])?),
                v: Linear::new(part("self_attn.v_proj", [d, d])?),
                o: Linear::new(part("self_attn.o_proj", [d, d])?),
                post_norm: part("post_attention_layernorm", [1, d])?,
                gate: Linear::new(part("mlp.gate_proj", [d, f])?),
                up: Linear::new(part("mlp.up_proj", [d, f])?),
                down: Linear::new(part("mlp.down_proj", [f, d])?),
            });
        }
        let norm = get("model.norm.weight", [1, d])?;
        let score = if config.is_reward_model() {
            Some(get("score.weight", [d, 1])?)
        } else {
            None
        };
        let rope = Rope::new(&config, device);
        Ok(Self {
            config,
            embed,
            layers,
            norm,
            score,
            head: None,
            rope,
        })
    }

    /// Calls `f` with every parameter and its Hugging Face name. Adapters are named as in PEFT.
    pub fn for_each_mut(&mut self, f: &mut dyn FnMut(&str, &mut Tensor<2>)) {
        f("model.embed_tokens.weight", &mut self.embed);
        for (i, l) in self.layers.iter_mut().enumerate() {
            let name = |part: &str| format!("model.layers.{i}.{part}.weight");
            f(&name("input_layernorm"), &mut l.input_norm);
            f(&name("post_attention_layernorm"), &mut l.post_norm);
            for (part, linear) in l.linears_mut() {
                f(&name(part), &mut linear.weight);
                if let Some(adapter) = &mut linear.adapter {
                    f(&name(&format!("{part}.lora_A")), &mut adapter.a);
                    f(&name(&format!("{part}.lora_B")), &mut adapter.b);
                }
            }
        }
        f("model.norm.weight", &mut self.norm);
        if let Some(score) = &mut self.score {
            f("score.weight", score);
        }
    }

    /// Prepares for many forward passes with frozen embeddings.
    pub fn freeze_head(&mut self) {
        let device = self.embed.device();
        // Through the data, because a transposed view stays a view.
        let data = self.embed.clone().transpose().into_data();
        self.head = Some(Tensor::from_data(data, &device));
    }

    /// The embeddings changed, or will be trained: read the head from them again.
    pub fn thaw_head(&mut self) {
        self.head = None;
    }

    /// Adapters folded into the weights, and the head taken from the embeddings as they are now: for sampling.
    pub fn merged(&self) -> Self {
        let mut model = self.clone();
        model.freeze_head();
        for layer in &mut model.layers {
            for (_, linear) in layer.linears_mut() {
                *linear = linear.merged();
            }
        }
        model
    }

    /// Hidden states after the final norm, `[batch, seq, hidden]`, of right-padded `ids` `[batch, seq]`.
    ///
    /// Causal attention makes padding on the right invisible to the tokens before it.
    pub fn hidden(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        let [_, t] = ids.dims();
        let (cos, sin) = self.rope.first(t);
        let mut x = embedding(self.embed.clone(), ids);
        for layer in &self.layers {
            let (q, k, v) = layer.qkv(&x, &self.config, &cos, &sin);
            let options = AttentionModuleOptions {
                is_causal: true,
                ..Default::default()
            };
            x = layer.finish(x, attention(q, k, v, None, None, options), &self.config);
        }
        rms_norm(x, &self.norm, self.config.rms_norm_eps)
    }

    /// The hidden state after the final norm at one place of each row, `[batch, hidden]`: that of the token at `last[i]`
    /// of row i of right-padded `ids` `[batch, seq]`. The last layer is computed there alone.
    pub fn hidden_at(&self, ids: Tensor<2, Int>, last: &[usize]) -> Tensor<2> {
        let [b, t] = ids.dims();
        let device = ids.device();
        let int = |v: Vec<i32>| Tensor::<1, Int>::from_data(TensorData::new(v, [b]), &device);
        let places = int(last.iter().enumerate().map(|(i, l)| (i * t + l) as i32).collect());
        let positions = int(last.iter().map(|l| *l as i32).collect());
        let later: Vec<bool> = last.iter().flat_map(|&l| (0..t).map(move |j| j > l)).collect();
        let mask = Tensor::<4, Bool>::from_data(TensorData::new(later, [b, 1, 1, t]), &device);
        let (cos, sin) = self.rope.first(t);
        let mut x = embedding(self.embed.clone(), ids);
        for (i, layer) in self.layers.iter().enumerate() {
            if i + 1 < self.layers.len() {
                let (q, k, v) = layer.qkv(&x, &self.config, &cos, &sin);
                let options = AttentionModuleOptions {
                    is_causal: true,
                    ..Default::default()
                };
                x = layer.finish(x, attention(q, k, v, None, None, options), &self.config);
                continue;
            }
            let y = rms_norm(x.clone(), &layer.input_norm, self.config.rms_norm_eps);
            let (k, v) = layer.kv(y.clone(), &self.config, &cos, &sin);
            let at = |z: Tensor<3>| {
                let d = z.dims()[2];
                z.reshape([b * t, d]).select(0, places.clone()).reshape([b, 1, d])
            };
            let (cos, sin) = self.rope.at(positions.clone(), b, 1);
            let q = layer.queries(at(y), &self.config, &cos, &sin);
            let attended = attention(q, k, v, Some(mask.clone()), None, Default::default());
            x = layer.finish(at(x), attended, &self.config);
        }
        let x = rms_norm(x, &self.norm, self.config.rms_norm_eps);
        let d = x.dims()[2];
        x.reshape([b, d])
    }

    /// Hidden states of the new tokens `[batch, new, hidden]`, given the cache, which grows by them.
    ///
    /// `positions` `[batch * new]` are the tokens' places in their own rows; `mask` `[batch, 1, new, seen + new]`
    /// is true where a token must not look (padding, and the future while several tokens are new).
    pub fn hidden_cached(
        &self,
        ids: Tensor<2, Int>,
        positions: Tensor<1, Int>,
        mask: Option<Tensor<4, Bool>>,
        cache: &mut KvCache,
    ) -> Tensor<3> {
        let [b, t] = ids.dims();
        let (cos, sin) = self.rope.at(positions, b, t);
        let mut x = embedding(self.embed.clone(), ids);
        for (i, layer) in self.layers.iter().enumerate() {
            let (q, k, v) = layer.qkv(&x, &self.config, &cos, &sin);
            let (k, v) = match cache.layers.get(i) {
                Some((past_k, past_v)) => (
                    Tensor::cat(vec![past_k.clone(), k], 2),
                    Tensor::cat(vec![past_v.clone(), v], 2),
                ),
                None => (k, v),
            };
            if i < cache.layers.len() {
                cache.layers[i] = (k.clone(), v.clone());
            } else {
                cache.layers.push((k.clone(), v.clone()));
            }
            x = layer.finish(
                x,
                attention(q, k, v, mask.clone(), None, Default::default()),
                &self.config,
            );
        }
        rms_norm(x, &self.norm, self.config.rms_norm_eps)
    }

    /// Next-token logits `[.., vocab]` of hidden states `[.., hidden]`.
    pub fn logits<const D: usize>(&self, hidden: Tensor<D>) -> Tensor<D> {
        let head = self.head.clone().unwrap_or_else(|| self.embed.clone().transpose());
        burn::tensor::module::linear(hidden, head, None)
    }
}

impl Layer {
    /// The linear layers by their Hugging Face names: what `all-linear` adapts.
    pub fn linears_mut(&mut self) -> [(&'static str, &mut Linear); 7] {
        [
            ("self_attn.q_proj", &mut self.q),
            ("self_attn.k_proj", &mut self.k),
            ("self_attn.v_proj", &mut self.v),
            ("self_attn.o_proj", &mut self.o),
            ("mlp.gate_proj", &mut self.gate),
            ("mlp.up_proj", &mut self.up),
            ("mlp.down_proj", &mut self.down),
        ]
    }

    /// Rotated queries, rotated keys and values, each `[batch, heads, seq, head_dim]`.
    fn qkv(
        &self,
        x: &Tensor<3>,
        config: &ModelConfig,
        cos: &Tensor<4>,
        sin: &Tensor<4>,
    ) -> (Tensor<4>, Tensor<4>, Tensor<4>) {
        let y = rms_norm(x.clone(), &self.input_norm, config.rms_norm_eps);
        let q = self.queries(y.clone(), config, cos, sin);
        let (k, v) = self.kv(y, config, cos, sin);
        (q, k, v)
    }

    /// Rotated queries of the normed input `[batch, seq, hidden]`.
    fn queries(&self, y: Tensor<3>, config: &ModelConfig, cos: &Tensor<4>, sin: &Tensor<4>) -> Tensor<4> {
        rotate(heads(self.q.forward(y), config), cos, sin).swap_dims(1, 2)
    }

    /// Rotated keys and values of the normed input.
    fn kv(&self, y: Tensor<3>, config: &ModelConfig, cos: &Tensor<4>, sin: &Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let k = rotate(heads(self.k.forward(y.clone()), config), cos, sin).swap_dims(1, 2);
        let v = heads(self.v.forward(y), config).swap_dims(1, 2);
        (k, v)
    }

    /// What follows attention: output projection, then SwiGLU, each added to the residual stream.
    fn finish(&self, x: Tensor<3>, attended: Tensor<4>, config: &ModelConfig) -> Tensor<3> {
        let [b, t, d] = x.dims();
        let x = x + self.o.forward(attended.swap_dims(1, 2).reshape([b, t, d]));
        let y = rms_norm(x.clone(), &self.post_norm, config.rms_norm_eps);
        let gated = silu(self.gate.forward(y.clone())) * self.up.forward(y);
        x + self.down.forward(gated)
    }
}

/// `[batch, seq, hidden]` to `[batch, seq, heads, head_dim]`.
fn heads(z: Tensor<3>, config: &ModelConfig) -> Tensor<4> {
    let [b, t, _] = z.dims();
    z.reshape([b, t, config.num_attention_heads, config.head_dim()])
}

/// x / rms(x) * weight over the last dimension (Zhang and Sennrich 2019).
fn rms_norm(x: Tensor<3>, weight: &Tensor<2>, eps: f64) -> Tensor<3> {
    let rms = x.clone().square().mean_dim(2).add_scalar(eps).sqrt();
    x.div(rms) * weight.clone().unsqueeze::<3>()
}

/// Rotary positions in Hugging Face's half-split form; x is `[batch, seq, heads, head_dim]`.
fn rotate(x: Tensor<4>, cos: &Tensor<4>, sin: &Tensor<4>) -> Tensor<4> {
    let half = x.dims()[3] / 2;
    let first = x.clone().narrow(3, 0, half);
    let second = x.narrow(3, half, half);
    let turned_first = first.clone() * cos.clone() - second.clone() * sin.clone();
    let turned_second = second * cos.clone() + first * sin.clone();
    Tensor::cat(vec![turned_first, turned_second], 3)
}

impl Rope {
    fn new(config: &ModelConfig, device: &Device) -> Self {
        let half = config.head_dim() / 2;
        let positions = config.max_position_embeddings;
        let angle = |i: usize| {
            let (p, j) = (i / half, i % half);
            p as f64 / config.rope_theta.powf(j as f64 / half as f64)
        };
        let table = |f: fn(f64) -> f64| {
            let values: Vec<f32> = (0..positions * half).map(|i| f(angle(i)) as f32).collect();
            Tensor::from_data(TensorData::new(values, [positions, half]), device)
        };
        Self {
            cos: table(f64::cos),
            sin: table(f64::sin),
        }
    }

    /// Tables of positions 0..t as `[1, t, 1, half]`.
    fn first(&self, t: usize) -> (Tensor<4>, Tensor<4>) {
        let half = self.cos.dims()[1];
        let f = |x: &Tensor<2>| x.clone().narrow(0, 0, t).reshape([1, t, 1, half]);
        (f(&self.cos), f(&self.sin))
    }

    /// Tables of the given positions as `[b, t, 1, half]`.
    fn at(&self, positions: Tensor<1, Int>, b: usize, t: usize) -> (Tensor<4>, Tensor<4>) {
        let half = self.cos.dims()[1];
        let f = |x: &Tensor<2>| x.clone().select(0, positions.clone()).reshape([b, t, 1, half]);
        (f(&self.cos), f(&self.sin))
    }
}
