//! Checkpoints: one safetensors file each, that holds all of it and is either whole or refused.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};
use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, View, serialize_to_file};
use serde::{Deserialize, Serialize};

use super::error::{At, Result, StoreError};
use super::schema::DATABASE_FILE;

/// What lets a run go on bit-identically.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Steps done.
    pub step: u32,
    /// Supervised updates done.
    pub sft_done: u32,
    /// tau of the next step.
    pub tau: f64,
    pub decay: f64,
    pub learning_rate: f64,
    /// Version of the principles in force.
    pub principles: u32,
    /// Position in the queries.
    pub query_position: u64,
    /// State of the random number generators, in the trainer's own words.
    pub random_state: String,
    pub optimizer_step: u64,
    /// Shape and values of the adapter and the optimizer's moments, by name.
    pub tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

/// The entry of the file's metadata that holds a [`Header`] as JSON: one entry, so that equal checkpoints are equal
/// files (the order of several would be random).
const HEADER: &str = "ple.checkpoint";

/// Everything of a checkpoint but its tensors. Numbers are text because JSON has no NaN and Rust reads back exactly
/// what it printed.
#[derive(Serialize, Deserialize)]
struct Header {
    step: u32,
    sft_done: u32,
    tau: String,
    decay: String,
    learning_rate: String,
    principles: u32,
    query_position: u64,
    random_state: String,
    optimizer_step: u64,
    /// Of everything else in the file, in hexadecimal.
    #[serde(default)]
    digest: String,
}

/// The folder of a run's checkpoints.
pub(super) fn folder_of(dir: &Path) -> PathBuf {
    dir.join("checkpoints")
}

/// The path of a checkpoint's file from what [`write`] returned.
pub(super) fn file_of(dir: &Path, file: &str) -> PathBuf {
    dir.join(file)
}

/// Writes a checkpoint's file; returns its path inside the run's folder. There is never half a file of that name.
pub(super) fn write(dir: &Path, c: &Checkpoint) -> Result<String> {
    let name = format!("step-{:06}.safetensors", c.step);
    let folder = folder_of(dir);
    let (path, temporary) = (folder.join(&name), folder.join(format!(".{name}.tmp")));
    let refused = |found: String| StoreError::Refused {
        path: path.clone(),
        found,
    };
    for (tensor, (shape, values)) in &c.tensors {
        if shape.iter().product::<usize>() != values.len() {
            return Err(refused(format!(
                "tensor {tensor} has shape {shape:?} and {} values",
                values.len()
            )));
        }
    }
    let mut header = Header {
        step: c.step,
        sft_done: c.sft_done,
        tau: format!("{:?}", c.tau),
        decay: format!("{:?}", c.decay),
        learning_rate: format!("{:?}", c.learning_rate),
        principles: c.principles,
        query_position: c.query_position,
        random_state: c.random_state.clone(),
        optimizer_step: c.optimizer_step,
        digest: String::new(),
    };
    header.digest = digest(&header, &c.tensors).map_err(|e| refused(e.to_string()))?;
    let header = serde_json::to_string(&header).map_err(|e| refused(e.to_string()))?;
    fs::create_dir_all(&folder).at(&folder, "create the folder of checkpoints")?;
    let tensors = c
        .tensors
        .iter()
        .map(|(name, (shape, values))| (name, Floats { shape, values }));
    let written = serialize_to_file(tensors, Some(HashMap::from([(HEADER.to_string(), header)])), &temporary)
        .map_err(|e| match e {
            SafeTensorError::IoError(source) => StoreError::Io {
                path: temporary.clone(),
                doing: "write a checkpoint",
                source,
            },
            other => refused(other.to_string()),
        })
        .and_then(|()| {
            File::open(&temporary)
                .and_then(|f| f.sync_all())
                .at(&temporary, "write a checkpoint")
        })
        .and_then(|()| fs::rename(&temporary, &path).at(&path, "write a checkpoint"))
        .and_then(|()| sync_folder(&folder));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    written.map(|()| format!("checkpoints/{name}"))
}

/// Makes new names in a folder outlive a power cut.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    // Elsewhere a folder cannot be opened as a file, and renames need no such help.
    if cfg!(unix) {
        File::open(folder)
            .and_then(|f| f.sync_all())
            .at(folder, "write the folder")?;
    }
    Ok(())
}

/// Reads a checkpoint's file, or says why it is not whole.
pub(super) fn read(path: &Path) -> Result<Checkpoint> {
    let broken = |found: String| StoreError::Checkpoint {
        path: path.to_path_buf(),
        found,
    };
    let bytes = fs::read(path).map_err(|e| broken(format!("it cannot be read: {e}")))?;
    let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| broken(e.to_string()))?;
    let header = metadata.metadata().as_ref().and_then(|m| m.get(HEADER));
    let header = header.ok_or_else(|| broken(format!("its metadata has no {HEADER:?}")))?;
    let header: Header = serde_json::from_str(header).map_err(|e| broken(format!("its {HEADER:?}: {e}")))?;
    let mut tensors = BTreeMap::new();
    for (name, view) in SafeTensors::deserialize(&bytes)
        .map_err(|e| broken(e.to_string()))?
        .tensors()
    {
        if view.dtype() != Dtype::F32 {
            return Err(broken(format!("tensor {name} holds {:?}, not F32", view.dtype())));
        }
        let values = view
            .data()
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b))
            .collect();
        tensors.insert(name, (view.shape().to_vec(), values));
    }
    let expected = digest(&header, &tensors).map_err(|e| broken(e.to_string()))?;
    if header.digest != expected {
        return Err(broken(format!(
            "its digest is {expected}, not {}: it was changed",
            header.digest
        )));
    }
    let number = |name: &str, text: &str| {
        text.parse::<f64>()
            .map_err(|_| broken(format!("its {name} is {text:?}, not a number")))
    };
    Ok(Checkpoint {
        step: header.step,
        sft_done: header.sft_done,
        tau: number("tau", &header.tau)?,
        decay: number("decay", &header.decay)?,
        learning_rate: number("learning_rate", &header.learning_rate)?,
        principles: header.principles,
        query_position: header.query_position,
        random_state: header.random_state,
        optimizer_step: header.optimizer_step,
        tensors,
    })
}

/// The newest checkpoint whose file is whole, and what is wrong with the newer ones.
pub(super) fn latest(conn: &Connection, dir: &Path) -> Result<(Option<Checkpoint>, Vec<String>)> {
    let path = dir.join(DATABASE_FILE);
    let files = conn
        .prepare_cached("SELECT file FROM checkpoints ORDER BY step DESC")
        .and_then(|mut s| {
            s.query_map([], |row| row.get::<_, String>(0))?
                .collect::<rusqlite::Result<Vec<_>>>()
        })
        .at(&path, "list the checkpoints")?;
    let mut warnings = Vec::new();
    for file in files {
        match read(&file_of(dir, &file)) {
            Ok(checkpoint) => return Ok((Some(checkpoint), warnings)),
            Err(StoreError::Checkpoint { path, found }) => warnings.push(format!(
                "{}: not a whole checkpoint: {found}; going back to the one before",
                path.display()
            )),
            Err(other) => return Err(other),
        }
    }
    Ok((None, warnings))
}

/// The checkpoint after `step` steps, if there is one.
pub(super) fn at(conn: &Connection, dir: &Path, step: u32) -> Result<Option<Checkpoint>> {
    let file: Option<String> = conn
        .query_row("SELECT file FROM checkpoints WHERE step = ?1", [step], |row| row.get(0))
        .optional()
        .at(&dir.join(DATABASE_FILE), "find a checkpoint")?;
    file.map(|file| read(&file_of(dir, &file))).transpose()
}

/// The steps after which there are checkpoints, oldest first.
pub(super) fn steps(conn: &Connection, dir: &Path) -> Result<Vec<u32>> {
    conn.prepare_cached("SELECT step FROM checkpoints ORDER BY step")
        .and_then(|mut s| s.query_map([], |row| row.get(0))?.collect())
        .at(&dir.join(DATABASE_FILE), "list the checkpoints")
}

/// A tensor whose bytes are made when they are written, one tensor at a time.
struct Floats<'a> {
    shape: &'a [usize],
    values: &'a [f32],
}

impl View for Floats<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.values.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    fn data_len(&self) -> usize {
        size_of_val(self.values)
    }
}

/// 64-bit FNV-1a, over words where there are many: it is there to notice a damaged file, not an enemy.
fn digest(header: &Header, tensors: &BTreeMap<String, (Vec<usize>, Vec<f32>)>) -> serde_json::Result<String> {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |word: u64| hash = (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
    let mut value = serde_json::to_value(header)?;
    if let Some(fields) = value.as_object_mut() {
        fields.remove("digest");
    }
    value.to_string().bytes().for_each(|b| add(u64::from(b)));
    for (name, (shape, values)) in tensors {
        name.bytes().for_each(|b| add(u64::from(b)));
        shape.iter().for_each(|n| add(*n as u64));
        values.iter().for_each(|x| add(u64::from(x.to_bits())));
    }
    Ok(format!("{hash:016x}"))
}
