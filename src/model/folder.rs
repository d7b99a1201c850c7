//! A model folder in Hugging Face's format: `config.json`, weights, tokenizer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use half::{bf16, f16};
use safetensors::tensor::Dtype;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::decoder::Stored;
use super::weights::{Weights, Written, transposed};
use super::{Model, ModelConfig, Text, TextError};

/// Why a model could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error(
        "{path}: {what}; a model folder holds config.json, model.safetensors (or its index and shards) and a tokenizer"
    )]
    File { path: PathBuf, what: String },
    #[error("{path}: {what}")]
    Unsupported { path: PathBuf, what: String },
    #[error("{path}: parameter '{name}' {what}; the file does not fit its config.json, or is damaged")]
    Parameter { path: PathBuf, name: String, what: String },
}

impl ModelError {
    pub(super) fn file(path: &Path, what: String) -> Self {
        let path = path.to_path_buf();
        ModelError::File { path, what }
    }

    pub(super) fn parameter(path: &Path, name: &str, what: String) -> Self {
        ModelError::Parameter {
            path: path.to_path_buf(),
            name: name.into(),
            what,
        }
    }
}

/// What weights are kept as. Everything is computed in f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    #[default]
    F32,
    F16,
    BF16,
    /// As they are stored.
    Auto,
}

/// Where the files of a model are.
#[derive(Clone, Debug)]
pub enum ModelFiles {
    /// In a folder.
    Folder(PathBuf),
    /// In this program.
    Embedded {
        /// For messages.
        origin: PathBuf,
        config: Cow<'static, [u8]>,
        weights: &'static [u8],
        tokenizer: Cow<'static, [u8]>,
    },
}

impl ModelFiles {
    fn config(&self) -> Result<(ModelConfig, Cow<'static, [u8]>), ModelError> {
        let (path, bytes) = match self {
            ModelFiles::Embedded { origin, config, .. } => (origin.join("config.json"), config.clone()),
            ModelFiles::Folder(folder) => {
                let path = folder.join("config.json");
                let bytes = std::fs::read(&path).map_err(|e| ModelError::file(&path, e.to_string()))?;
                (path, Cow::Owned(bytes))
            }
        };
        match ModelConfig::from_json(&bytes) {
            Ok(config) => Ok((config, bytes)),
            Err(what) => Err(ModelError::Unsupported { path, what }),
        }
    }

    /// The tokenizer alone.
    pub fn text(&self) -> Result<Text, ModelError> {
        let (config, json) = self.config()?;
        let (folder, text) = match self {
            ModelFiles::Folder(folder) => (folder, Text::read(folder, &json)?),
            ModelFiles::Embedded { origin, tokenizer, .. } => {
                let text = Text::bundled(tokenizer, &json);
                let path = origin.join("tokenizer.json");
                (origin, text.map_err(|what| ModelError::file(&path, what))?)
            }
        };
        text.check_vocabulary(config.vocab_size, folder)?;
        Ok(text)
    }
}

impl From<TextError> for ModelError {
    fn from(TextError { path, what }: TextError) -> Self {
        ModelError::File { path, what }
    }
}

/// Loads a model and its tokenizer onto a device, its weights kept as `precision` says.
pub fn load(files: &ModelFiles, precision: Precision, device: &Device) -> Result<(Model, Text), ModelError> {
    // What is cheap to find wrong comes first.
    let text = files.text()?;
    let (config, _) = files.config()?;
    let weights = match files {
        ModelFiles::Folder(folder) => Weights::open(folder)?,
        ModelFiles::Embedded { origin, weights, .. } => Weights::embedded(weights, origin)?,
    };
    let shape = config.clone();
    let model = Model::build(config, device, &mut |name, wanted| {
        weights.read(name, wanted, &shape, precision, device)
    })?;
    Ok((model, text))
}

/// Writes a folder that `transformers` loads, with weights as f16, bf16 or f32. Adapters must have been merged.
pub fn save(folder: &Path, model: &Model, text: &Text, precision: Precision) -> Result<(), ModelError> {
    let fail = |path: &Path, what: String| ModelError::file(path, what);
    std::fs::create_dir_all(folder).map_err(|e| fail(folder, e.to_string()))?;
    let mut tensors = BTreeMap::new();
    let config = model.config.clone();
    model.clone().for_each_mut(&mut |name, p| {
        let [rows, columns] = p.dims();
        let values = crate::numbers::values(super::linear::full(p.clone()));
        let (values, shape) = match Stored::of(&config, name) {
            Stored::Vector => (values, vec![columns]),
            Stored::Same => (values, vec![rows, columns]),
            Stored::Transposed => (transposed(values, Some((rows, columns))), vec![columns, rows]),
        };
        let (dtype, bytes) = bytes(&values, precision);
        tensors.insert(name.to_string(), Written { dtype, shape, bytes });
    });
    let path = folder.join("model.safetensors");
    let metadata = Some([("format".to_string(), "pt".to_string())].into());
    safetensors::serialize_to_file(tensors, metadata, &path).map_err(|e| fail(&path, e.to_string()))?;
    let path = folder.join("config.json");
    let mut source = config.source.clone();
    source.insert("torch_dtype".into(), json!(torch_name(precision)));
    let json = serde_json::to_string_pretty(&source).map_err(|e| fail(&path, e.to_string()))?;
    std::fs::write(&path, json + "\n").map_err(|e| fail(&path, e.to_string()))?;
    Ok(text.write(folder)?)
}

fn torch_name(precision: Precision) -> &'static str {
    match precision {
        Precision::F32 | Precision::Auto => "float32",
        Precision::F16 => "float16",
        Precision::BF16 => "bfloat16",
    }
}

fn bytes(values: &[f32], precision: Precision) -> (Dtype, Vec<u8>) {
    match precision {
        Precision::F32 | Precision::Auto => (Dtype::F32, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        Precision::F16 => {
            let halves = values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes());
            (Dtype::F16, halves.collect())
        }
        Precision::BF16 => {
            let halves = values.iter().flat_map(|v| bf16::from_f32(*v).to_le_bytes());
            (Dtype::BF16, halves.collect())
        }
    }
}
