//! A model folder with trained weights put into it, straight from file to file: nothing is loaded but one parameter at a time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::View;
use safetensors::tensor::Dtype;
use serde_json::{Value, json};

use super::decoder::Stored;
use super::peft::AdapterTensors;
use super::weights::{Weights, transposed};
use super::{Architecture, ModelConfig, ModelError, ModelFiles};
use crate::config::Precision;

/// Files of at most so many bytes, as `transformers` writes them.
pub const SHARD: usize = 5_000_000_000;

/// What beside weights and `config.json` belongs to a model: copied as it is found.
const BESIDE: [&str; 11] = [
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "generation_config.json",
    "chat_template.jinja",
    "chat_template.json",
];

/// What training changed.
pub struct Changes<'a> {
    /// A `[in, rank]` and B `[rank, out]` of adapters, or whole parameters, by their names here and in their layout here.
    pub tensors: &'a AdapterTensors,
    /// What adapters are multiplied with.
    pub scale: f64,
}

/// Writes a folder that `transformers` loads: the weights of `files` with the changes in them, of the dtype they are stored
/// in or of `dtype`, in files of at most `shard` bytes; `config.json` with all its keys, the tokenizer's files as they were
/// found.
pub fn write_merged(
    files: &ModelFiles,
    changes: &Changes<'_>,
    dtype: Option<Precision>,
    folder: &Path,
    shard: usize,
) -> Result<(), ModelError> {
    let config = files.config()?.0;
    let weights = files.weights()?;
    let dtype = dtype.and_then(stored_as);
    let mut used = 0;
    let mut tensors: Vec<(String, Merged<'_>)> = Vec::new();
    for (name, found) in weights.all() {
        if name == "lm_head.weight" && config.tie_word_embeddings && !config.is_reward_model() {
            // It is the embeddings again, and would be stale.
            continue;
        }
        let tensor = Merged::of(&config, changes, name, found, dtype);
        used += tensor.changes();
        tensors.push((name.to_string(), tensor));
    }
    if used != changes.tensors.len() {
        let missing = changes.tensors.keys().find(|name| {
            let module = name.split(".lora_").next().unwrap_or(name);
            !tensors.iter().any(|(n, _)| canonical(&config, n).starts_with(module))
        });
        return Err(ModelError::Unsupported {
            path: files.origin().to_path_buf(),
            what: format!(
                "has no parameter for what was trained as {}; it is not the model the run began with",
                missing.map_or("another model", |n| n)
            ),
        });
    }
    write_shards(folder, tensors, shard)?;
    write_config(files, dtype, folder)?;
    write_beside(files, &config, folder)
}

/// The name by which this program knows a parameter of a file.
fn canonical(config: &ModelConfig, name: &str) -> String {
    let body = match config.architecture {
        Architecture::Gpt2 => "transformer.",
        _ => "model.",
    };
    match name.starts_with(body) || name == "lm_head.weight" || name == "score.weight" {
        true => name.to_string(),
        false => format!("{body}{name}"),
    }
}

fn stored_as(precision: Precision) -> Option<Dtype> {
    match precision {
        Precision::F32 => Some(Dtype::F32),
        Precision::F16 => Some(Dtype::F16),
        Precision::BF16 => Some(Dtype::BF16),
        Precision::Auto => None,
    }
}

/// A parameter as it is to be written; its bytes are made when they are.
struct Merged<'a> {
    shape: Vec<usize>,
    from: Dtype,
    to: Dtype,
    bytes: &'a [u8],
    change: Change<'a>,
}

/// Shape and numbers, in this program's layout.
type Numbers<'a> = &'a (Vec<usize>, Vec<f32>);

enum Change<'a> {
    None,
    Whole {
        numbers: Numbers<'a>,
        turned: bool,
    },
    Adapter {
        a: Numbers<'a>,
        b: Numbers<'a>,
        scale: f64,
        turned: bool,
    },
}

impl<'a> Merged<'a> {
    fn of(
        config: &ModelConfig,
        changes: &Changes<'a>,
        name: &str,
        (from, shape, bytes): (Dtype, &[usize], &'a [u8]),
        to: Option<Dtype>,
    ) -> Self {
        let name = canonical(config, name);
        let turned = Stored::of(config, &name) == Stored::Transposed;
        let side = |side: &str| {
            let module = name.strip_suffix(".weight")?;
            changes.tensors.get(&format!("{module}.{side}.weight"))
        };
        let change = match (changes.tensors.get(&name), side("lora_A"), side("lora_B")) {
            (Some(numbers), _, _) => Change::Whole { numbers, turned },
            (None, Some(a), Some(b)) => Change::Adapter {
                a,
                b,
                scale: changes.scale,
                turned,
            },
            _ => Change::None,
        };
        // Other kinds, such as masks of old GPT-2 files, stay what they are.
        let is_float = matches!(from, Dtype::F32 | Dtype::F16 | Dtype::BF16);
        Self {
            shape: shape.to_vec(),
            from,
            to: to.filter(|_| is_float).unwrap_or(from),
            bytes,
            change,
        }
    }

    /// How many of the changes it takes in.
    fn changes(&self) -> usize {
        match self.change {
            Change::None => 0,
            Change::Whole { .. } => 1,
            Change::Adapter { .. } => 2,
        }
    }
}

impl View for Merged<'_> {
    fn dtype(&self) -> Dtype {
        self.to
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let numbers = match &self.change {
            Change::None if self.from == self.to => return Cow::Borrowed(self.bytes),
            Change::None => numbers(self.from, self.bytes),
            Change::Whole { numbers, turned } => {
                let (shape, values) = numbers;
                transposed(values.clone(), turned.then(|| (shape[0], shape[1])))
            }
            Change::Adapter { a, b, scale, turned } => {
                let mut numbers = numbers(self.from, self.bytes);
                add(&mut numbers, a, b, *scale, *turned);
                numbers
            }
        };
        Cow::Owned(bytes(&numbers, self.to))
    }

    fn data_len(&self) -> usize {
        let size = match self.to {
            Dtype::F32 => 4,
            Dtype::F16 | Dtype::BF16 => 2,
            _ => return self.bytes.len(),
        };
        self.shape.iter().product::<usize>() * size
    }
}

/// Adds scale A B to a weight `[in, out]`, or to its transpose where the file has it `turned`.
fn add(weight: &mut [f32], a: Numbers<'_>, b: Numbers<'_>, scale: f64, turned: bool) {
    let (inputs, rank, outputs) = (a.0[0], a.0[1], b.0[1]);
    // The rows of what is stored, each a sum over the rank of a number times a row of the other side.
    let (rows, columns) = if turned { (outputs, inputs) } else { (inputs, outputs) };
    let across = match turned {
        true => transposed(a.1.clone(), Some((inputs, rank))),
        false => b.1.clone(),
    };
    let mut change = vec![0f64; columns];
    for (i, row) in weight.chunks_exact_mut(columns).take(rows).enumerate() {
        change.fill(0.0);
        for r in 0..rank {
            let factor = f64::from(if turned {
                b.1[r * outputs + i]
            } else {
                a.1[i * rank + r]
            });
            let line = &across[r * columns..(r + 1) * columns];
            change
                .iter_mut()
                .zip(line)
                .for_each(|(c, x)| *c += factor * f64::from(*x));
        }
        row.iter_mut()
            .zip(&change)
            .for_each(|(w, c)| *w = (f64::from(*w) + scale * c) as f32);
    }
}

fn numbers(dtype: Dtype, bytes: &[u8]) -> Vec<f32> {
    let halves = || bytes.as_chunks::<2>().0.iter();
    match dtype {
        Dtype::F16 => halves().map(|c| f16::from_le_bytes(*c).to_f32()).collect(),
        Dtype::BF16 => halves().map(|c| bf16::from_le_bytes(*c).to_f32()).collect(),
        _ => bytes.as_chunks().0.iter().map(|c| f32::from_le_bytes(*c)).collect(),
    }
}

fn bytes(numbers: &[f32], dtype: Dtype) -> Vec<u8> {
    match dtype {
        Dtype::F16 => numbers.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect(),
        Dtype::BF16 => numbers.iter().flat_map(|x| bf16::from_f32(*x).to_le_bytes()).collect(),
        _ => numbers.iter().flat_map(|x| x.to_le_bytes()).collect(),
    }
}

fn unwritten(path: &Path, what: impl ToString) -> ModelError {
    ModelError::Unsupported {
        path: path.to_path_buf(),
        what: format!("cannot be written: {}", what.to_string()),
    }
}

/// One file, or several and an index, in the order the parameters have.
fn write_shards(folder: &Path, tensors: Vec<(String, Merged<'_>)>, most: usize) -> Result<(), ModelError> {
    let mut shards: Vec<Vec<(String, Merged<'_>)>> = vec![Vec::new()];
    let (mut size, mut total) = (0, 0);
    for (name, tensor) in tensors {
        let bytes = tensor.data_len();
        if size > 0 && size + bytes > most {
            shards.push(Vec::new());
            size = 0;
        }
        size += bytes;
        total += bytes;
        if let Some(shard) = shards.last_mut() {
            shard.push((name, tensor));
        }
    }
    let metadata = || Some([("format".to_string(), "pt".to_string())].into());
    let n = shards.len();
    let mut places = BTreeMap::new();
    for (i, shard) in shards.into_iter().enumerate() {
        let file = match n {
            1 => "model.safetensors".to_string(),
            n => format!("model-{:05}-of-{n:05}.safetensors", i + 1),
        };
        places.extend(shard.iter().map(|(name, _)| (name.clone(), file.clone())));
        let path = folder.join(file);
        safetensors::serialize_to_file(shard, metadata(), &path).map_err(|e| unwritten(&path, e))?;
    }
    if n == 1 {
        return Ok(());
    }
    let index = json!({ "metadata": { "total_size": total }, "weight_map": places });
    write_json(&folder.join("model.safetensors.index.json"), &index)
}

fn write_config(files: &ModelFiles, dtype: Option<Dtype>, folder: &Path) -> Result<(), ModelError> {
    let path = folder.join("config.json");
    let found = files.config()?.1;
    let Some(dtype) = dtype else {
        return std::fs::write(&path, found).map_err(|e| unwritten(&path, e));
    };
    let mut config: Value = serde_json::from_slice(&found).map_err(|e| unwritten(&path, e))?;
    let word = match dtype {
        Dtype::F16 => "float16",
        Dtype::BF16 => "bfloat16",
        _ => "float32",
    };
    // transformers 5 calls it dtype, those before it torch_dtype.
    let key = if config.get("dtype").is_some() {
        "dtype"
    } else {
        "torch_dtype"
    };
    config[key] = json!(word);
    write_json(&path, &config)
}

fn write_json(path: &Path, json: &Value) -> Result<(), ModelError> {
    let text = serde_json::to_string_pretty(json).map_err(|e| unwritten(path, e))?;
    std::fs::write(path, text + "\n").map_err(|e| unwritten(path, e))
}

fn write_beside(files: &ModelFiles, config: &ModelConfig, folder: &Path) -> Result<(), ModelError> {
    match files {
        ModelFiles::Folder(from) => {
            for name in BESIDE {
                let (from, to) = (from.join(name), folder.join(name));
                if from.is_file() {
                    std::fs::copy(&from, &to).map_err(|e| unwritten(&to, e))?;
                }
            }
            Ok(())
        }
        ModelFiles::Embedded { tokenizer, .. } => {
            let path = folder.join("tokenizer.json");
            std::fs::write(&path, tokenizer).map_err(|e| unwritten(&path, e))?;
            let tokens = json!({
                "tokenizer_class": "PreTrainedTokenizerFast",
                "bos_token": "<bos>",
                "eos_token": "<eos>",
                "pad_token": "<pad>",
                "model_max_length": config.max_position_embeddings,
                "clean_up_tokenization_spaces": false,
            });
            write_json(&folder.join("tokenizer_config.json"), &tokens)
        }
    }
}

impl ModelFiles {
    /// For messages: the folder, or the bundled name.
    pub fn origin(&self) -> &PathBuf {
        match self {
            ModelFiles::Folder(folder) => folder,
            ModelFiles::Embedded { origin, .. } => origin,
        }
    }

    /// Its weights are there.
    pub fn has_weights(&self) -> bool {
        match self {
            ModelFiles::Folder(folder) => Weights::are_in(folder),
            ModelFiles::Embedded { .. } => true,
        }
    }

    pub(super) fn weights(&self) -> Result<Weights, ModelError> {
        match self {
            ModelFiles::Folder(folder) => Weights::open(folder),
            ModelFiles::Embedded { origin, weights, .. } => Weights::embedded(weights, origin),
        }
    }
}
