//! A model folder in Hugging Face's format: `config.json`, `model.safetensors`, `tokenizer.json`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, View};

use super::{Model, ModelConfig, Text, TextError};

/// Why a model could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("{path}: {what}; a model folder holds config.json, model.safetensors and tokenizer.json")]
    File { path: PathBuf, what: String },
    #[error("{path}: {what}; this build reads Llama models with tied embeddings")]
    Unsupported { path: PathBuf, what: String },
    #[error("{path}: parameter '{name}': {what}; the file does not fit its config.json")]
    Parameter { path: PathBuf, name: String, what: String },
}

/// The three files of a model, in memory.
#[derive(Clone, Debug)]
pub struct ModelFiles {
    /// Where they come from, for messages.
    pub origin: PathBuf,
    pub config: Cow<'static, [u8]>,
    pub weights: Cow<'static, [u8]>,
    pub tokenizer: Cow<'static, [u8]>,
}

impl ModelFiles {
    /// Reads the files of a folder.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map(Cow::Owned).map_err(|e| ModelError::File {
                path,
                what: e.to_string(),
            })
        };
        Ok(Self {
            origin: folder.to_path_buf(),
            config: read("config.json")?,
            weights: read("model.safetensors")?,
            // Where there is none, [`Text::read`] looks for what else there is.
            tokenizer: read("tokenizer.json").unwrap_or_default(),
        })
    }
}

/// Loads a model and its tokenizer onto a device, as f32.
pub fn load(files: &ModelFiles, device: &Device) -> Result<(Model, Text), ModelError> {
    let at = |name: &str| files.origin.join(name);
    let config: ModelConfig = serde_json::from_slice(&files.config).map_err(|e| ModelError::File {
        path: at("config.json"),
        what: e.to_string(),
    })?;
    if let Some(what) = config.unsupported() {
        return Err(ModelError::Unsupported {
            path: at("config.json"),
            what,
        });
    }
    let tensors = SafeTensors::deserialize(&files.weights).map_err(|e| ModelError::File {
        path: at("model.safetensors"),
        what: e.to_string(),
    })?;
    let mut model = Model::build(config, device, |name, shape| {
        let error = |what: String| ModelError::Parameter {
            path: at("model.safetensors"),
            name: name.into(),
            what,
        };
        let view = tensors.tensor(name).map_err(|e| error(e.to_string()))?;
        let stored = if shape[0] == 1 && view.shape().len() == 1 {
            vec![shape[1]]
        } else if is_linear(name) {
            vec![shape[1], shape[0]]
        } else {
            shape.to_vec()
        };
        if view.shape() != stored {
            return Err(error(format!("found shape {:?}, wants {stored:?}", view.shape())));
        }
        let values = floats(view.dtype(), view.data()).map_err(error)?;
        let values = if is_linear(name) {
            transpose(&values, shape[1], shape[0])
        } else {
            values
        };
        Ok(Tensor::from_data(TensorData::new(values, shape), device))
    })?;
    model.freeze_head();
    let text = if files.origin.is_dir() {
        let text = Text::read(&files.origin, &files.config);
        text.map_err(|TextError { path, what }| ModelError::File { path, what })?
    } else {
        Text::bundled(&files.tokenizer, &files.config).map_err(|what| ModelError::File {
            path: at("tokenizer.json"),
            what,
        })?
    };
    text.check_vocabulary(model.config.vocab_size, &files.origin)
        .map_err(|TextError { path, what }| ModelError::File { path, what })?;
    Ok((model, text))
}

/// Writes a folder that `transformers` loads, with weights as f16. Adapters must have been merged.
pub fn save(folder: &Path, model: &Model, text: &Text) -> Result<(), ModelError> {
    let fail = |path: &Path, what: String| ModelError::File {
        path: path.to_path_buf(),
        what,
    };
    std::fs::create_dir_all(folder).map_err(|e| fail(folder, e.to_string()))?;
    let mut tensors = BTreeMap::new();
    model.clone().for_each_mut(&mut |name, p| {
        let shape = p.dims();
        let values = crate::numbers::values(p.clone());
        let (values, shape) = if is_linear(name) {
            (transpose(&values, shape[0], shape[1]), vec![shape[1], shape[0]])
        } else if shape[0] == 1 {
            (values, vec![shape[1]])
        } else {
            (values, shape.to_vec())
        };
        tensors.insert(
            name.to_string(),
            Half {
                shape,
                bytes: to_f16(&values),
            },
        );
    });
    let path = folder.join("model.safetensors");
    let metadata = Some([("format".to_string(), "pt".to_string())].into());
    safetensors::serialize_to_file(tensors, metadata, &path).map_err(|e| fail(&path, e.to_string()))?;
    let path = folder.join("config.json");
    let json = serde_json::to_string_pretty(&model.config).map_err(|e| fail(&path, e.to_string()))?;
    std::fs::write(&path, json + "\n").map_err(|e| fail(&path, e.to_string()))?;
    text.write(folder)
        .map_err(|TextError { path, what }| ModelError::File { path, what })
}

/// Hugging Face stores these `[out, in]`; here they are `[in, out]`.
fn is_linear(name: &str) -> bool {
    name.contains("_proj.") || name == "score.weight"
}

/// `[rows, columns]` to `[columns, rows]`.
fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..rows * columns)
        .map(|i| values[(i % rows) * columns + i / rows])
        .collect()
}

fn floats(dtype: Dtype, bytes: &[u8]) -> Result<Vec<f32>, String> {
    let pairs = || bytes.chunks_exact(2).map(|c| [c[0], c[1]]);
    match dtype {
        Dtype::F32 => Ok(bytes
            .chunks_exact(4)
            .map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]))
            .collect()),
        Dtype::F16 => Ok(pairs().map(|c| f16::from_le_bytes(c).to_f32()).collect()),
        Dtype::BF16 => Ok(pairs().map(|c| bf16::from_le_bytes(c).to_f32()).collect()),
        other => Err(format!("dtype {other:?}; f32, f16 and bf16 are read")),
    }
}

fn to_f16(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect()
}

struct Half {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Half {
    fn dtype(&self) -> Dtype {
        Dtype::F16
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_twice_changes_nothing() {
        let x: Vec<f32> = (0..6).map(|v| v as f32).collect();
        let once = transpose(&x, 2, 3);
        assert_eq!(once, [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(transpose(&once, 3, 2), x);
    }
}
