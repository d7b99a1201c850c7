//! What the architectures are put together from.

use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::{
    Bool, Device, Int, Tensor, TensorData,
    activation::{gelu, relu, sigmoid, silu},
    module::{attention, layer_norm as fused_layer_norm},
    ops::AttentionModuleOptions,
};

use super::config::{Activation, ModelConfig, RopeScaling};

/// x / rms(x) * weight over the last dimension (Zhang and Sennrich 2019); x `[batch, seq, hidden]`, weight `[1, hidden]`.
pub fn rms_norm(x: Tensor<3>, weight: &Tensor<2>, eps: f64) -> Tensor<3> {
    let rms = x.clone().square().mean_dim(2).add_scalar(eps).sqrt();
    x.div(rms) * weight.clone().unsqueeze::<3>()
}

/// (x - mean) / deviation * weight + bias over the last dimension (Ba et al. 2016).
pub fn layer_norm(x: Tensor<3>, weight: &Tensor<2>, bias: &Tensor<2>, eps: f64) -> Tensor<3> {
    let vector = |t: &Tensor<2>| {
        let n = t.dims()[1];
        t.clone().reshape([n])
    };
    fused_layer_norm(x, vector(weight), Some(vector(bias)), eps)
}

/// The non-linearity of a feed-forward layer.
pub fn activate(x: Tensor<3>, activation: Activation) -> Tensor<3> {
    match activation {
        Activation::Silu => silu(x),
        Activation::Gelu => gelu(x),
        Activation::Relu => relu(x),
        Activation::GeluTanh => {
            // x / 2 (1 + tanh u) = x sigmoid(2 u), with u = sqrt(2 / pi) (x + 0.044715 x^3).
            let c = 2.0 * (2.0 / std::f64::consts::PI).sqrt();
            let twice_u = x.clone() * x.clone().square().mul_scalar(0.044_715 * c).add_scalar(c);
            x * sigmoid(twice_u)
        }
    }
}

/// `[batch, seq, heads * head_dim]` to `[batch, seq, heads, head_dim]`.
pub fn split_heads(z: Tensor<3>, head_dim: usize) -> Tensor<4> {
    let [b, t, width] = z.dims();
    z.reshape([b, t, width / head_dim, head_dim])
}

/// `[batch, heads, seq, head_dim]` to `[batch, seq, heads * head_dim]`.
pub fn join_heads(z: Tensor<4>) -> Tensor<3> {
    let [b, h, t, d] = z.dims();
    z.swap_dims(1, 2).reshape([b, t, h * d])
}

/// Softmax attention of queries `[batch, heads, new, head_dim]` over keys and values `[batch, kv_heads, seen, head_dim]`.
///
/// Query heads come in groups that share a head of keys. `mask` `[batch or 1, 1, new, seen]` is true where a token must not
/// look; without one, all may look at all, or with `causal` at themselves and what came before.
pub fn attend(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>, mask: Option<&Tensor<4, Bool>>, causal: bool) -> Tensor<4> {
    let [b, heads, t, d] = q.dims();
    let (kv_heads, seen) = (k.dims()[1], k.dims()[2]);
    let options = AttentionModuleOptions {
        is_causal: causal && mask.is_none(),
        ..Default::default()
    };
    if kv_heads == heads {
        return attention(q, k, v, mask.cloned(), None, options);
    }
    // The queries of a group one after another against their keys: nothing is repeated but the mask.
    let group = heads / kv_heads;
    let mask = match mask {
        None if causal && t > 1 => Some(causal_mask(t, seen, None, &q.device())),
        other => other.cloned(),
    };
    let mask = mask.map(|m| m.repeat_dim(2, group));
    let q = q.reshape([b, kv_heads, group * t, d]);
    attention(q, k, v, mask, None, Default::default()).reshape([b, heads, t, d])
}

/// True where a token must not look, `[1, 1, new, seen]`: the future, and what lies further back than the window.
pub fn causal_mask(new: usize, seen: usize, window: Option<usize>, device: &Device) -> Tensor<4, Bool> {
    let mut hidden = Vec::with_capacity(new * seen);
    for place in seen - new..seen {
        hidden.extend((0..seen).map(|key| key > place || window.is_some_and(|w| key + w <= place)));
    }
    Tensor::from_data(TensorData::new(hidden, [1, 1, new, seen]), device)
}

/// Rotary positions in Hugging Face's half-split form; x is `[batch, seq, heads, head_dim]`.
pub fn rotate(x: Tensor<4>, turn: &Turn) -> Tensor<4> {
    let Turn(Some((cos, sin))) = turn else { return x };
    let half = x.dims()[3] / 2;
    let first = x.clone().narrow(3, 0, half);
    let second = x.narrow(3, half, half);
    let turned_first = first.clone() * cos.clone() - second.clone() * sin.clone();
    let turned_second = second * cos.clone() + first * sin.clone();
    Tensor::cat(vec![turned_first, turned_second], 3)
}

/// Cosines and sines of the positions of a batch, `[1 or batch, seq, 1, head_dim / 2]`; nothing where positions are learnt.
#[derive(Clone, Debug, Default)]
pub struct Turn(Option<(Tensor<4>, Tensor<4>)>);

/// Cosines and sines of rotary positions, as far as they were asked for. Copies share them.
///
/// A model may be able to read 131,072 tokens: its whole tables would be larger than many a model's weights, and no run comes
/// near their end.
#[derive(Clone, Debug)]
pub struct Rope {
    /// Positions to a radian, one for each pair of numbers of a head.
    periods: Arc<[f64]>,
    device: Device,
    /// None before the first token.
    table: Arc<Mutex<Option<Table>>>,
}

/// Of positions 0..n, `[n, head_dim / 2]`.
#[derive(Clone, Debug)]
struct Table {
    cos: Tensor<2>,
    sin: Tensor<2>,
}

/// Positions of the shortest table.
const SHORTEST: usize = 512;

impl Rope {
    /// The positions of a model.
    pub fn new(config: &ModelConfig, device: &Device) -> Self {
        let half = config.head_dim / 2;
        let periods: Arc<[f64]> = (0..half)
            .map(|j| scaled(config.rope_theta.powf(j as f64 / half as f64), config.rope_scaling))
            .collect();
        Self {
            periods,
            device: device.clone(),
            table: Arc::default(),
        }
    }

    /// A table of at least `n` positions. A position's numbers do not depend on how long the table is.
    fn reaching(&self, n: usize) -> Table {
        // Nothing is left half done by a thread that panicked here.
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        match &*table {
            Some(table) if table.cos.dims()[0] >= n => table.clone(),
            _ => {
                let long = n.next_power_of_two().max(SHORTEST);
                table.insert(Table::new(&self.periods, long, &self.device)).clone()
            }
        }
    }

    /// Positions 0..t of every row.
    pub fn first(&self, t: usize) -> Turn {
        let half = self.periods.len();
        let Table { cos, sin } = self.reaching(t);
        let f = |x: Tensor<2>| x.narrow(0, 0, t).reshape([1, t, 1, half]);
        Turn(Some((f(cos), f(sin))))
    }

    /// The given positions `[b * t]`, all of them below `end`.
    pub fn at(&self, positions: &Tensor<1, Int>, [b, t]: [usize; 2], end: usize) -> Turn {
        let half = self.periods.len();
        let Table { cos, sin } = self.reaching(end);
        let f = |x: Tensor<2>| x.select(0, positions.clone()).reshape([b, t, 1, half]);
        Turn(Some((f(cos), f(sin))))
    }
}

impl Table {
    fn new(periods: &[f64], positions: usize, device: &Device) -> Self {
        let half = periods.len();
        let table = |f: fn(f64) -> f64| {
            let values: Vec<f32> = (0..positions * half)
                .map(|i| f((i / half) as f64 / periods[i % half]) as f32)
                .collect();
            Tensor::from_data(TensorData::new(values, [positions, half]), device)
        };
        Self {
            cos: table(f64::cos),
            sin: table(f64::sin),
        }
    }
}

/// Positions to a radian, as the model's scaling changes them.
fn scaled(period: f64, scaling: RopeScaling) -> f64 {
    match scaling {
        RopeScaling::None => period,
        RopeScaling::Linear { factor } => period * factor,
        RopeScaling::Llama3 {
            factor,
            low_freq_factor,
            high_freq_factor,
            original,
        } => {
            let wavelength = std::f64::consts::TAU * period;
            if wavelength < original / high_freq_factor {
                period
            } else if wavelength > original / low_freq_factor {
                period * factor
            } else {
                let smooth = (original / wavelength - low_freq_factor) / (high_freq_factor - low_freq_factor);
                period / ((1.0 - smooth) / factor + smooth)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::values;

    /// Llama 3.1's positions.
    fn config() -> ModelConfig {
        let json = r#"{ "architectures": ["LlamaForCausalLM"], "vocab_size": 10, "hidden_size": 64, "intermediate_size": 8,
            "num_hidden_layers": 1, "num_attention_heads": 1, "max_position_embeddings": 131072, "rope_theta": 500000.0,
            "rope_scaling": { "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192 } }"#;
        ModelConfig::from_json(json.as_bytes()).expect("read")
    }

    fn numbers(Turn(turn): Turn) -> Vec<f32> {
        let (cos, sin) = turn.expect("rotary positions");
        [values(cos), values(sin)].concat()
    }

    #[test]
    fn tables_are_as_long_as_what_was_read_and_the_same_however_they_grew() {
        let device = Device::flex();
        let rope = Rope::new(&config(), &device);
        let rows = |rope: &Rope| rope.reaching(0).cos.dims()[0];
        assert_eq!(rows(&rope), 512);
        let copy = rope.clone();
        let place = |n: i32| Tensor::<1, Int>::from_data(TensorData::new(vec![n], [1]), &device);
        let early = numbers(rope.at(&place(300), [1, 1], 301));
        for end in [513, 1400, 9000] {
            rope.first(end);
        }
        // Copies of a model share what they have made.
        assert_eq!(rows(&copy), 16384);
        assert_eq!(numbers(rope.at(&place(300), [1, 1], 301)), early);
        let last = numbers(rope.at(&place(131_071), [1, 1], 131_072));
        let at_once = numbers(Rope::new(&config(), &device).at(&place(131_071), [1, 1], 131_072));
        assert_eq!(last, at_once);
        // The first pair of numbers turns by a radian a token.
        assert!((f64::from(last[0]) - 131_071f64.cos()).abs() < 1e-6);
        assert!((f64::from(last[32]) - 131_071f64.sin()).abs() < 1e-6);
    }
}
