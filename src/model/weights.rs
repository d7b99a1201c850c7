//! Weights in safetensors files: one, or several with an index; memory-mapped, and let go of as they are read.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use burn::tensor::{DType, Device, Tensor, TensorData};
use half::{bf16, f16};
use memmap2::{Mmap, UncheckedAdvice};
use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorInfo};
use serde_json::Value;

use super::decoder::{SCORE, Stored};
use super::{ModelConfig, ModelError, Precision};

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// The weights of a model by name.
#[derive(Debug)]
pub struct Weights {
    files: Vec<Shard>,
    /// In which file each parameter is.
    places: BTreeMap<String, usize>,
}

/// One file.
#[derive(Debug)]
struct Shard {
    path: PathBuf,
    bytes: Bytes,
    /// Where the tensors' own bytes begin.
    start: usize,
    metadata: Metadata,
}

#[derive(Debug)]
enum Bytes {
    /// Within this program.
    Static(&'static [u8]),
    Mapped(Mmap),
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Static(bytes) => bytes,
            Bytes::Mapped(map) => map,
        }
    }
}

impl Weights {
    /// Weights that are part of this program.
    pub fn embedded(bytes: &'static [u8], origin: &Path) -> Result<Self, ModelError> {
        Self::of(vec![Shard::new(origin.join(SINGLE), Bytes::Static(bytes))?])
    }

    /// A folder has weights.
    pub fn are_in(folder: &Path) -> bool {
        [SINGLE, INDEX].iter().any(|name| folder.join(name).exists())
    }

    /// Opens the weights of a folder: `model.safetensors`, or the files that `model.safetensors.index.json` names.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        let (single, index) = (folder.join(SINGLE), folder.join(INDEX));
        if single.exists() || !index.exists() {
            return Self::of(vec![Shard::open(single)?]);
        }
        let names = shards_of(&index)?;
        let mut files = Vec::with_capacity(names.len());
        for name in names {
            let path = folder.join(&name);
            if !path.exists() {
                return Err(ModelError::file(
                    &index,
                    format!("names {name}, which is not in the folder; fetch it, or make the index again"),
                ));
            }
            files.push(Shard::open(path)?);
        }
        Self::of(files)
    }

    fn of(files: Vec<Shard>) -> Result<Self, ModelError> {
        let mut places = BTreeMap::new();
        for (i, file) in files.iter().enumerate() {
            for name in file.metadata.tensors().into_keys() {
                places.insert(name, i);
            }
        }
        Ok(Self { files, places })
    }

    /// Every parameter as it is stored, by name: kind of number, shape, bytes.
    pub fn all(&self) -> impl Iterator<Item = (&str, (Dtype, &[usize], &[u8]))> {
        self.places.iter().filter_map(|(name, &file)| {
            let file = &self.files[file];
            let info = file.metadata.info(name)?;
            let (from, to) = (file.start + info.data_offsets.0, file.start + info.data_offsets.1);
            Some((&name[..], (info.dtype, &info.shape[..], file.bytes.get(from..to)?)))
        })
    }

    /// Where a parameter is whose shape here is `shape`: its file, its name there, and what the file says of it.
    fn find(
        &self,
        name: &str,
        shape: [usize; 2],
        config: &ModelConfig,
    ) -> Result<(&Shard, String, &TensorInfo), ModelError> {
        let bare = ["transformer.", "model."].iter().find_map(|p| name.strip_prefix(p));
        let found = [Some(name), bare]
            .into_iter()
            .flatten()
            .find_map(|name| Some((name, *self.places.get(name)?)));
        let Some((stored_name, file)) = found else {
            let path = self.files.first().map(|f| f.path.clone()).unwrap_or_default();
            return Err(ModelError::parameter(&path, name, "is missing".into()));
        };
        let file = &self.files[file];
        let error = |what: String| ModelError::parameter(&file.path, stored_name, what);
        let Some(info) = file.metadata.info(stored_name) else {
            return Err(error("is missing".into()));
        };
        let stored = Stored::of(config, name);
        let wanted = match stored {
            Stored::Vector => vec![shape[1]],
            Stored::Same => shape.to_vec(),
            Stored::Transposed => vec![shape[1], shape[0]],
        };
        if info.shape != wanted {
            return Err(error(format!(
                "has shape {:?}, config.json wants {wanted:?}",
                info.shape
            )));
        }
        Ok((file, stored_name.to_string(), info))
    }

    /// A parameter is there and of this shape; returns its bytes.
    pub fn fits(&self, name: &str, shape: [usize; 2], config: &ModelConfig) -> Result<usize, ModelError> {
        let (file, stored_name, info) = self.find(name, shape, config)?;
        if !matches!(info.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16) {
            let what = format!("has dtype {:?}; f32, f16 and bf16 are read", info.dtype);
            return Err(ModelError::parameter(&file.path, &stored_name, what));
        }
        Ok(info.data_offsets.1 - info.data_offsets.0)
    }

    /// Reads a parameter: `shape` is the one it has here.
    ///
    /// A folder may leave out the name of the model around the body ("h.0..." for "transformer.h.0...").
    pub fn read(
        &self,
        name: &str,
        shape: [usize; 2],
        config: &ModelConfig,
        precision: Precision,
        device: &Device,
    ) -> Result<Tensor<2>, ModelError> {
        let (file, stored_name, info) = self.find(name, shape, config)?;
        let stored = Stored::of(config, name);
        let error = |what: String| ModelError::parameter(&file.path, &stored_name, what);
        let (from, to) = (file.start + info.data_offsets.0, file.start + info.data_offsets.1);
        let bytes = file
            .bytes
            .get(from..to)
            .ok_or_else(|| error("lies outside of the file".into()))?;
        let turned = (stored == Stored::Transposed).then_some((shape[1], shape[0]));
        // Vectors and the score head are few, and everything is computed in f32.
        let kept = if stored == Stored::Vector || name == SCORE {
            Precision::F32
        } else {
            precision
        };
        let tensor = tensor(info.dtype, bytes, shape, turned, kept, device).map_err(error)?;
        file.let_go(from, to);
        Ok(tensor)
    }
}

impl Shard {
    fn open(path: PathBuf) -> Result<Self, ModelError> {
        let file = File::open(&path).map_err(|e| ModelError::file(&path, e.to_string()))?;
        // SAFETY: as with every memory map, the file must not be changed by others while it is read.
        let map = unsafe { Mmap::map(&file) }.map_err(|e| ModelError::file(&path, e.to_string()))?;
        Self::new(path, Bytes::Mapped(map))
    }

    fn new(path: PathBuf, bytes: Bytes) -> Result<Self, ModelError> {
        let (header, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| {
            ModelError::file(
                &path,
                format!("{e}: it is cut short or no safetensors file; fetch it again"),
            )
        })?;
        Ok(Self {
            path,
            bytes,
            // Eight bytes say how long the header is.
            start: header + 8,
            metadata,
        })
    }

    /// The pages of a tensor that was read are not needed again: without this, the whole file would stay in memory beside
    /// the tensors.
    fn let_go(&self, from: usize, to: usize) {
        let Bytes::Mapped(map) = &self.bytes else { return };
        // SAFETY: the map is of a file and read only, so its pages are read again if they are ever wanted.
        let _ = unsafe { map.unchecked_advise_range(UncheckedAdvice::DontNeed, from, to - from) };
    }
}

/// The files that an index names, each once.
fn shards_of(index: &Path) -> Result<Vec<String>, ModelError> {
    let bytes = std::fs::read(index).map_err(|e| ModelError::file(index, e.to_string()))?;
    let json: Value = serde_json::from_slice(&bytes).map_err(|e| ModelError::file(index, e.to_string()))?;
    let Some(map) = json.get("weight_map").and_then(Value::as_object) else {
        return Err(ModelError::file(index, "has no weight_map".into()));
    };
    let names: std::collections::BTreeSet<&str> = map.values().filter_map(Value::as_str).collect();
    let odd = |name: &&&str| Path::new(name).components().count() != 1;
    if let Some(name) = names.iter().find(odd) {
        return Err(ModelError::file(
            index,
            format!("names {name}, which is not a file beside it"),
        ));
    }
    Ok(names.into_iter().map(str::to_string).collect())
}

/// The tensor of these bytes. `turned` are the rows and columns of what is stored, if it is to be transposed.
///
/// Numbers go from the file to where they stay, without a copy in between: one embedding may be a third of a model.
fn tensor(
    dtype: Dtype,
    bytes: &[u8],
    shape: [usize; 2],
    turned: Option<(usize, usize)>,
    precision: Precision,
    device: &Device,
) -> Result<Tensor<2>, String> {
    let n = shape[0] * shape[1];
    let (halves, words) = (bytes.as_chunks::<2>().0, bytes.as_chunks::<4>().0);
    let stored = match dtype {
        Dtype::F32 => Precision::F32,
        Dtype::F16 => Precision::F16,
        Dtype::BF16 => Precision::BF16,
        other => return Err(format!("has dtype {other:?}; f32, f16 and bf16 are read")),
    };
    if bytes.len() != n * dtype.bitsize() / 8 {
        return Err(format!("has {} bytes for {n} numbers", bytes.len()));
    }
    let number = |i: usize| match stored {
        Precision::F16 => f16::from_le_bytes(halves[i]).to_f32(),
        Precision::BF16 => bf16::from_le_bytes(halves[i]).to_f32(),
        Precision::F32 | Precision::Auto => f32::from_le_bytes(words[i]),
    };
    let kept = if precision == Precision::Auto {
        stored
    } else {
        precision
    };
    match (stored, kept) {
        (_, Precision::F32 | Precision::Auto) => {
            let values = laid_out(n, turned, number);
            finite(values.iter().all(|v| v.is_finite()))?;
            Ok(made(values, shape, DType::F32, device))
        }
        (_, Precision::BF16) => {
            let values = match stored {
                Precision::BF16 => laid_out(n, turned, |i| bf16::from_le_bytes(halves[i])),
                _ => laid_out(n, turned, |i| bf16::from_f32(number(i))),
            };
            finite(values.iter().all(|v| v.is_finite()))?;
            Ok(made(values, shape, DType::BF16, device))
        }
        (Precision::F16, Precision::F16) => {
            let values = laid_out(n, turned, |i| f16::from_le_bytes(halves[i]));
            finite(values.iter().all(|v| v.is_finite()))?;
            Ok(made(values, shape, DType::F16, device))
        }
        (_, Precision::F16) => {
            finite((0..n).all(|i| number(i).is_finite()))?;
            let values = laid_out(n, turned, |i| f16::from_f32(number(i)));
            finite(values.iter().all(|v| v.is_finite()))
                .map_err(|_| "has numbers that are too large for f16; take bf16 or f32".to_string())?;
            Ok(made(values, shape, DType::F16, device))
        }
    }
}

fn finite(all: bool) -> Result<(), String> {
    match all {
        true => Ok(()),
        false => Err(
            "has values that are not numbers (NaN or infinite); the file is damaged or its training diverged".into(),
        ),
    }
}

fn made<T: burn::tensor::Element>(values: Vec<T>, shape: [usize; 2], dtype: DType, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, shape), (device, dtype))
}

/// `[rows, columns]` to `[columns, rows]`.
pub fn transposed<T: Copy + Default>(values: Vec<T>, turned: Option<(usize, usize)>) -> Vec<T> {
    match turned {
        None => values,
        Some(_) => laid_out(values.len(), turned, |i| values[i]),
    }
}

/// `n` numbers in their order, or transposed, in blocks that stay in the cache.
fn laid_out<T: Copy + Default>(n: usize, turned: Option<(usize, usize)>, number: impl Fn(usize) -> T) -> Vec<T> {
    const BLOCK: usize = 32;
    let Some((rows, columns)) = turned else {
        return (0..n).map(number).collect();
    };
    let mut out = vec![T::default(); n];
    for r in (0..rows).step_by(BLOCK) {
        for c in (0..columns).step_by(BLOCK) {
            for i in r..(r + BLOCK).min(rows) {
                for j in c..(c + BLOCK).min(columns) {
                    out[j * rows + i] = number(i * columns + j);
                }
            }
        }
    }
    out
}

/// A tensor to write, as bytes.
pub struct Written {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

impl safetensors::View for Written {
    fn dtype(&self) -> Dtype {
        self.dtype
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
        let once = transposed(x.clone(), Some((2, 3)));
        assert_eq!(once, [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(transposed(once, Some((3, 2))), x);
        let (rows, columns) = (70, 45);
        let x: Vec<usize> = (0..rows * columns).collect();
        let turned = transposed(x.clone(), Some((rows, columns)));
        assert_eq!(turned[3 * rows + 68], 68 * columns + 3);
        assert_eq!(transposed(turned, Some((columns, rows))), x);
    }
}
