//! Models against `transformers`, PyTorch and PEFT. `tests/golden/make_models.py`, `make_gpt2_124m.py` and `make_peft.py`
//! say how the numbers were made.

mod architectures;
mod full_gpt2;
mod lora;
mod precision;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Int, Tensor, TensorData};
use half::bf16;
use safetensors::tensor::{Dtype, SafeTensors};
use serde::de::DeserializeOwned;

use super::{Adapter, Model, ModelFiles, Precision, load};
use crate::numbers::values;

/// What two f32 computations of the same logits may differ by.
pub const LIMIT: f64 = 1e-4;

/// A folder of `tests/golden`.
pub fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// A JSON file of such a folder.
pub fn json<T: DeserializeOwned>(path: PathBuf) -> T {
    let text = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Tensors of a safetensors file: shape and values, row by row.
pub fn tensors(path: PathBuf) -> BTreeMap<String, (Vec<usize>, Vec<f64>)> {
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let numbers = |dtype, data: &[u8]| -> Vec<f64> {
        match dtype {
            Dtype::F64 => (data.as_chunks().0.iter().map(|c| f64::from_le_bytes(*c))).collect(),
            Dtype::F32 => (data.as_chunks().0.iter().map(|c| f32::from_le_bytes(*c).into())).collect(),
            Dtype::BF16 => (data.as_chunks().0.iter().map(|c| bf16::from_le_bytes(*c).into())).collect(),
            other => panic!("{other:?} is in no golden file"),
        }
    };
    let views = file.tensors();
    let read = |(name, view): (String, safetensors::tensor::TensorView<'_>)| {
        (name, (view.shape().to_vec(), numbers(view.dtype(), view.data())))
    };
    views.into_iter().map(read).collect()
}

/// One of the tiny checkpoints, on the CPU.
pub fn checkpoint(name: &str, precision: Precision) -> Model {
    let files = ModelFiles::Folder(golden("models").join(name));
    let loaded = load(&files, precision, &Device::flex());
    loaded.unwrap_or_else(|e| panic!("{name}: {e}")).0
}

/// The base of an adapter that PEFT saved, with that adapter.
pub fn adapted(name: &str) -> Model {
    #[derive(serde::Deserialize)]
    struct Golden {
        base: String,
    }
    let folder = golden("peft").join(name);
    let base: Golden = json(folder.join("golden.json"));
    let mut model = checkpoint(&base.base, Precision::F32);
    put_adapter(&mut model, &folder);
    model
}

/// Reads an adapter by PEFT's documented names alone, without the code that does so for users.
fn put_adapter(model: &mut Model, folder: &Path) {
    #[derive(serde::Deserialize)]
    struct Config {
        r: usize,
        lora_alpha: f64,
    }
    let config: Config = json(folder.join("adapter_config.json"));
    let mut saved = tensors(folder.join("adapter_model.safetensors"));
    let body = match model.embeddings_name() {
        "transformer.wte.weight" => "transformer.h",
        _ => "model.layers",
    };
    for (i, layer) in model.layers.iter_mut().enumerate() {
        for (name, linear) in layer.linears_mut() {
            let mut part = |side: &str| saved.remove(&format!("base_model.model.{body}.{i}.{name}.{side}.weight"));
            if let (Some(a), Some(b)) = (part("lora_A"), part("lora_B")) {
                linear.adapter = Some(Adapter {
                    a: turned(&a),
                    b: turned(&b),
                    scale: config.lora_alpha / config.r as f64,
                });
            }
        }
    }
    assert!(saved.is_empty(), "no layer has {:?}", saved.keys());
}

/// PyTorch's `[out, in]` as a tensor `[in, out]`.
pub fn turned((shape, numbers): &(Vec<usize>, Vec<f64>)) -> Tensor<2> {
    let numbers: Vec<f32> = numbers.iter().map(|&v| v as f32).collect();
    let data = TensorData::new(numbers, [shape[0], shape[1]]);
    let lying = Tensor::<2>::from_data(data, &Device::flex()).transpose();
    // Through the data, because a transposed view stays a view.
    Tensor::from_data(lying.into_data(), &Device::flex())
}

/// Rows of ids as a tensor, padded with `pad` on the right.
pub fn right_padded(rows: &[Vec<u32>], pad: u32) -> Tensor<2, Int> {
    let width = rows.iter().map(Vec::len).max().expect("a row");
    let padded = |row: &Vec<u32>| {
        let ids = row.iter().copied().chain(std::iter::repeat(pad));
        ids.take(width).map(|id| id as i32).collect::<Vec<_>>()
    };
    let ids: Vec<i32> = rows.iter().flat_map(padded).collect();
    Tensor::from_data(TensorData::new(ids, [rows.len(), width]), &Device::flex())
}

/// The logits of one row alone, token by token.
pub fn logits(model: &Model, row: &[u32]) -> Vec<f32> {
    values(model.logits(model.hidden(right_padded(&[row.to_vec()], 0))))
}

/// The greatest difference of two lists of numbers.
pub fn far(found: &[f32], wanted: &[f64]) -> f64 {
    assert_eq!(found.len(), wanted.len());
    let differences = found.iter().zip(wanted).map(|(f, w)| (f64::from(*f) - w).abs());
    // NaN must not pass as near.
    differences.fold(0.0, |most, d| if d.is_nan() { f64::INFINITY } else { most.max(d) })
}

/// The norm of the difference over the norm of what is wanted.
pub fn relative(found: &[f32], wanted: &[f64]) -> f64 {
    assert_eq!(found.len(), wanted.len());
    let squares = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|v| v * v).sum::<f64>();
    let difference = squares(&mut found.iter().zip(wanted).map(|(f, w)| f64::from(*f) - w));
    (difference / squares(&mut wanted.iter().copied())).sqrt()
}
