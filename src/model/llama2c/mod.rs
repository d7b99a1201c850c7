//! llama2.c's files become a folder in Hugging Face's format.
//!
//! A checkpoint of its first format: seven numbers of four bytes, then all weights as f32, kind by kind over the layers.
//! A tokenizer: the length of its longest token, then a score, a length and the bytes of each token in turn.

mod tokenizer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::json;

/// What is wrong with one of the two files, or why the folder could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {what}")]
pub struct ConvertError {
    pub path: PathBuf,
    pub what: String,
}

/// What was converted, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    pub parameters: usize,
    pub layers: usize,
    pub width: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub vocabulary: usize,
    pub positions: usize,
}

/// The seven numbers at the beginning.
#[derive(Clone, Copy, Debug)]
struct Header {
    dim: usize,
    hidden: usize,
    layers: usize,
    heads: usize,
    kv_heads: usize,
    vocabulary: usize,
    positions: usize,
    /// Input and output embedding are one.
    tied: bool,
}

/// "ak42", which newer formats begin with.
const NEWER: u32 = 0x616b_3432;
const HEADER_BYTES: usize = 28;
/// More than any of the numbers can sensibly be; it keeps their products far from overflowing.
const MOST: i32 = 1 << 24;

type Weights = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Converts a checkpoint and its tokenizer; both are read and checked before `folder` is made, which must not be there
/// or must be empty.
pub fn convert(checkpoint: &Path, tokenizer: &Path, folder: &Path) -> Result<Converted, ConvertError> {
    let read = |path: &Path| std::fs::read(path).map_err(|e| wrong(path, e));
    let bytes = read(checkpoint)?;
    let header = Header::read(&bytes).map_err(|what| wrong(checkpoint, what))?;
    let weights = header.weights(&bytes).map_err(|what| wrong(checkpoint, what))?;
    let tokens =
        tokenizer::Tokens::read(&read(tokenizer)?, header.vocabulary).map_err(|what| wrong(tokenizer, what))?;
    if std::fs::read_dir(folder).is_ok_and(|mut inside| inside.next().is_some()) {
        return Err(wrong(folder, "is there and not empty; name a new folder"));
    }
    std::fs::create_dir_all(folder).map_err(|e| wrong(folder, e))?;
    let texts = [
        ("config.json", header.config()),
        (
            "generation_config.json",
            // Its stories are told apart by the beginning of the next.
            json!({"bos_token_id": tokenizer::BOS, "eos_token_id": [tokenizer::EOS, tokenizer::BOS]}),
        ),
        ("tokenizer.json", tokens.json()),
        ("tokenizer_config.json", tokenizer::config()),
    ];
    for (name, value) in texts {
        let text = serde_json::to_string_pretty(&value).map_err(|e| wrong(&folder.join(name), e))?;
        std::fs::write(folder.join(name), text + "\n").map_err(|e| wrong(&folder.join(name), e))?;
    }
    let path = folder.join("model.safetensors");
    write_weights(&weights, &path).map_err(|what| wrong(&path, what))?;
    Ok(Converted {
        parameters: weights.values().map(|(_, values)| values.len()).sum(),
        layers: header.layers,
        width: header.dim,
        heads: header.heads,
        kv_heads: header.kv_heads,
        vocabulary: header.vocabulary,
        positions: header.positions,
    })
}

fn wrong(path: &Path, what: impl ToString) -> ConvertError {
    ConvertError {
        path: path.to_path_buf(),
        what: what.to_string(),
    }
}

fn write_weights(weights: &Weights, path: &Path) -> Result<(), String> {
    let little = |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    let bytes: Vec<(&String, &Vec<usize>, Vec<u8>)> = weights
        .iter()
        .map(|(name, (shape, values))| (name, shape, little(values)))
        .collect();
    let views = bytes.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.to_vec(), bytes);
        view.map(|view| (name.as_str(), view)).map_err(|e| e.to_string())
    });
    let views = views.collect::<Result<Vec<_>, String>>()?;
    let metadata = Some([("format".to_string(), "pt".to_string())].into());
    safetensors::serialize_to_file(views, metadata, path).map_err(|e| e.to_string())
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() < HEADER_BYTES {
            return Err(format!("{} bytes; the header alone has {HEADER_BYTES}", bytes.len()));
        }
        let number =
            |i: usize| i32::from_le_bytes([bytes[4 * i], bytes[4 * i + 1], bytes[4 * i + 2], bytes[4 * i + 3]]);
        if number(0) as u32 == NEWER {
            return Err(format!(
                "a checkpoint of version {}; only llama2.c's first format, without a version, is read",
                number(1)
            ));
        }
        let named = [
            "dim",
            "hidden_dim",
            "n_layers",
            "n_heads",
            "n_kv_heads",
            "vocab_size",
            "seq_len",
        ];
        let mut found = [0; 7];
        for (i, name) in named.into_iter().enumerate() {
            // A negative size of the vocabulary says that the output embedding comes last in the file.
            let value = if name == "vocab_size" {
                number(i).saturating_abs()
            } else {
                number(i)
            };
            if !(1..=MOST).contains(&value) {
                return Err(format!("{name} = {}; not a checkpoint of llama2.c", number(i)));
            }
            found[i] = value as usize;
        }
        let [dim, hidden, layers, heads, kv_heads, vocabulary, positions] = found;
        if !dim.is_multiple_of(2 * heads) {
            return Err(format!(
                "dim = {dim} over n_heads = {heads}; each head needs an even width"
            ));
        }
        if !heads.is_multiple_of(kv_heads) {
            return Err(format!("n_heads = {heads} is no multiple of n_kv_heads = {kv_heads}"));
        }
        Ok(Self {
            dim,
            hidden,
            layers,
            heads,
            kv_heads,
            vocabulary,
            positions,
            tied: number(5) > 0,
        })
    }

    fn config(&self) -> serde_json::Value {
        json!({
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "vocab_size": self.vocabulary,
            "hidden_size": self.dim,
            "intermediate_size": self.hidden,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads,
            "max_position_embeddings": self.positions,
            "rms_norm_eps": 1e-5,
            "rope_theta": 10000.0,
            "hidden_act": "silu",
            "tie_word_embeddings": self.tied,
            "attention_bias": false,
            "mlp_bias": false,
            "bos_token_id": tokenizer::BOS,
            "eos_token_id": tokenizer::EOS,
            "pad_token_id": null,
            "torch_dtype": "float32",
        })
    }

    /// All weights by their names in `transformers`, `[out, in]`.
    fn weights(&self, bytes: &[u8]) -> Result<Weights, String> {
        let (d, h, l, v) = (self.dim, self.hidden, self.layers, self.vocabulary);
        let kv = d / self.heads * self.kv_heads;
        // Name, shape in one layer, heads whose rows change places.
        let kinds: [(&str, Vec<usize>, Option<usize>); 9] = [
            ("input_layernorm", vec![d], None),
            ("self_attn.q_proj", vec![d, d], Some(self.heads)),
            ("self_attn.k_proj", vec![kv, d], Some(self.kv_heads)),
            ("self_attn.v_proj", vec![kv, d], None),
            ("self_attn.o_proj", vec![d, d], None),
            ("post_attention_layernorm", vec![d], None),
            ("mlp.gate_proj", vec![h, d], None),
            ("mlp.down_proj", vec![d, h], None),
            ("mlp.up_proj", vec![h, d], None),
        ];
        let size = |shape: &[usize]| shape.iter().map(|n| *n as u128).product::<u128>();
        let layer: u128 = kinds.iter().map(|(_, shape, _)| size(shape)).sum();
        // Cosines and sines, which nobody reads any more.
        let waves = size(&[self.positions, d / self.heads]);
        let head = if self.tied { 0 } else { size(&[v, d]) };
        let wanted = 4 * (size(&[v, d]) + l as u128 * layer + d as u128 + waves + head) + HEADER_BYTES as u128;
        let found = bytes.len() as u128;
        if found != wanted {
            let what = if found < wanted { "cut off" } else { "of another format" };
            return Err(format!(
                "{found} bytes, and its header (dim {d}, hidden_dim {h}, n_layers {l}, n_heads {}, n_kv_heads {}, vocab_size \
                 {v}, seq_len {}) asks for {wanted}; the file is {what}",
                self.heads, self.kv_heads, self.positions
            ));
        }
        let mut rest = bytes[HEADER_BYTES..].chunks_exact(4);
        let mut take = |name: &str, shape: &[usize]| -> Result<Vec<f32>, String> {
            let n = shape.iter().product();
            let values: Vec<f32> = rest
                .by_ref()
                .take(n)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect();
            match values.iter().filter(|v| !v.is_finite()).count() {
                0 => Ok(values),
                bad => Err(format!("{name}: {bad} of {n} values are no numbers (NaN or infinite)")),
            }
        };
        let mut weights = Weights::new();
        let shape = vec![v, d];
        let name = "model.embed_tokens.weight";
        weights.insert(name.into(), (shape.clone(), take(name, &shape)?));
        for (kind, shape, heads) in kinds {
            for layer in 0..l {
                let name = format!("model.layers.{layer}.{kind}.weight");
                let values = take(&name, &shape)?;
                let values = match heads {
                    Some(heads) => halves(&values, heads, d),
                    None => values,
                };
                weights.insert(name, (shape.clone(), values));
            }
        }
        weights.insert("model.norm.weight".into(), (vec![d], take("model.norm.weight", &[d])?));
        take("freq_cis", &[self.positions, d / self.heads])?;
        if !self.tied {
            weights.insert("lm_head.weight".into(), (vec![v, d], take("lm_head.weight", &[v, d])?));
        }
        Ok(weights)
    }
}

/// llama2.c turns neighbouring rows of a head by one angle, `transformers` rows half a head apart: the even rows of each
/// head come first and its odd rows after them. `values` is `[heads * width, columns]`.
fn halves(values: &[f32], heads: usize, columns: usize) -> Vec<f32> {
    let width = values.len() / columns / heads;
    let row = |i: usize| {
        let (head, place) = (i / width, i % width);
        let from = if place < width / 2 {
            2 * place
        } else {
            2 * (place - width / 2) + 1
        };
        let start = (head * width + from) * columns;
        &values[start..start + columns]
    };
    (0..heads * width).flat_map(|i| row(i).iter().copied()).collect()
}

#[cfg(test)]
mod tests;
