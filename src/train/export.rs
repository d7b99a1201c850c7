//! What other programs load of a run: its adapter as PEFT keeps it, or a whole model with it merged in.

use std::path::{Path, PathBuf};

use super::setup::model_files;
use crate::config::{Experiment, Lora, Precision};
use crate::model::{AdapterTensors, Changes, ModelError, SHARD, write_merged, write_peft};
use crate::run::{Reader, StoreError};

/// What is written of a run's model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelFormat {
    /// `adapter_config.json` and `adapter_model.safetensors`.
    Peft,
    /// A folder that `transformers` loads.
    Merged {
        /// Of the weights; as the base is stored without it.
        dtype: Option<Precision>,
    },
}

/// Why nothing was written. All of these are the user's to mend.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("{path}: {what}")]
    Refused { path: PathBuf, what: String },
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    pub folder: PathBuf,
    /// Steps done by the policy.
    pub step: u32,
    /// What the user should know about it.
    pub notes: Vec<String>,
}

/// A run's policy at a checkpoint.
struct Policy {
    experiment: Experiment,
    tensors: AdapterTensors,
    step: u32,
    warnings: Vec<String>,
}

/// Writes the policy of a run's last checkpoint, or of the one after `step` steps, to the folder `to`, by default
/// `RUN/adapter` or `RUN/merged`. A folder that is there already is left alone without `overwrite`.
pub fn export_model(
    run: &Path,
    format: ModelFormat,
    step: Option<u32>,
    to: Option<&Path>,
    overwrite: bool,
) -> Result<Exported, ExportError> {
    let policy = Policy::read(run, step)?;
    let to = match to {
        Some(to) => to.to_path_buf(),
        None => run.join(match format {
            ModelFormat::Peft => "adapter",
            ModelFormat::Merged { .. } => "merged",
        }),
    };
    let refused = |path: &Path, what: String| ExportError::Refused {
        path: path.to_path_buf(),
        what,
    };
    let is_empty = std::fs::read_dir(&to).is_ok_and(|mut entries| entries.next().is_none());
    if to.exists() && !is_empty && !overwrite {
        let what = "is there already; name another place with -o, or replace it with --force";
        return Err(refused(&to, what.into()));
    }
    if to.is_file() {
        return Err(refused(&to, "is a file; a model is written to a folder".into()));
    }
    let mut notes = policy.warnings.clone();
    // Beside its place, so that there is never half a model under the name.
    let name = to
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let part = to.with_file_name(format!(".{name}.part"));
    let made = std::fs::remove_dir_all(&part)
        .or(Ok(()))
        .and_then(|()| std::fs::create_dir_all(&part));
    made.map_err(|e: std::io::Error| refused(&part, e.to_string()))?;
    let written = match format {
        ModelFormat::Peft => policy.peft(run, &part, &mut notes),
        ModelFormat::Merged { dtype } => policy.merged(dtype, &part),
    };
    let moved = written.and_then(|()| take_place(&part, &to).map_err(|e| refused(&to, e.to_string())));
    let _ = std::fs::remove_dir_all(&part);
    moved?;
    Ok(Exported {
        folder: to,
        step: policy.step,
        notes,
    })
}

impl Policy {
    fn read(run: &Path, step: Option<u32>) -> Result<Self, ExportError> {
        let refused = |what: String| ExportError::Refused {
            path: run.to_path_buf(),
            what,
        };
        let reader = Reader::open(run)?;
        let started = reader.started()?;
        let Some(experiment) = started.experiment.align() else {
            return Err(refused(format!(
                "this run trains a model on rows, and its model is in {}/{} already",
                run.display(),
                super::MODEL_FOLDER
            )));
        };
        let (checkpoint, warnings) = match step {
            None => reader.latest_checkpoint()?,
            Some(step) => (reader.checkpoint_at(step)?, Vec::new()),
        };
        let Some(checkpoint) = checkpoint else {
            let steps: Vec<String> = reader.checkpoint_steps()?.iter().map(u32::to_string).collect();
            return Err(refused(match (steps.is_empty(), step) {
                (false, Some(step)) => format!("has no checkpoint after step {step}; there are {}", steps.join(", ")),
                _ => "has no checkpoint yet, so there is nothing of it to write".to_string(),
            }));
        };
        let moment = |name: &str| name.ends_with(".moment_1") || name.ends_with(".moment_2");
        let is_adapter = matches!(experiment.policy.lora, Lora::Adapter(_));
        // Whatever else a method keeps, such as a value head, is no part of the policy.
        let of_policy = |name: &str| !is_adapter || name.contains(".lora_");
        let tensors = checkpoint.tensors.into_iter();
        Ok(Self {
            experiment: experiment.clone(),
            tensors: tensors.filter(|(name, _)| !moment(name) && of_policy(name)).collect(),
            step: checkpoint.step,
            warnings,
        })
    }

    fn peft(&self, run: &Path, to: &Path, notes: &mut Vec<String>) -> Result<(), ExportError> {
        let Lora::Adapter(settings) = &self.experiment.policy.lora else {
            return Err(ExportError::Refused {
                path: run.to_path_buf(),
                what: "trains every weight, so there is no adapter to write; use --format merged".into(),
            });
        };
        let base = &self.experiment.policy.model;
        if let Some(name) = base.strip_prefix("builtin:") {
            notes.push(format!(
                "the base is bundled with ple: PEFT finds it in assets/{name} of the repository, or use --format merged"
            ));
        }
        let (config, _) = self.files()?.config()?;
        write_peft(to, config.architecture, &self.tensors, settings, base)?;
        Ok(())
    }

    fn merged(&self, dtype: Option<Precision>, to: &Path) -> Result<(), ExportError> {
        let scale = match &self.experiment.policy.lora {
            Lora::Adapter(settings) => settings.scale(),
            Lora::Off(_) => 1.0,
        };
        let changes = Changes {
            tensors: &self.tensors,
            scale,
        };
        write_merged(&self.files()?, &changes, dtype, to, SHARD)?;
        Ok(())
    }

    fn files(&self) -> Result<crate::model::ModelFiles, ExportError> {
        let base = &self.experiment.policy.model;
        model_files("policy.model", base).map_err(|e| ExportError::Refused {
            path: base.into(),
            what: e.to_string(),
        })
    }
}

/// Moves what was written to where it belongs, over what was there.
fn take_place(part: &Path, to: &Path) -> std::io::Result<()> {
    if !to.exists() {
        return std::fs::rename(part, to);
    }
    // Of another model there may be more files than of this one.
    for entry in std::fs::read_dir(to)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let stale = ["model", "adapter_"].iter().any(|start| name.starts_with(start));
        if stale && (name.ends_with(".safetensors") || name.ends_with(".json")) {
            std::fs::remove_file(path)?;
        }
    }
    for entry in std::fs::read_dir(part)? {
        let from = entry?.path();
        std::fs::rename(&from, to.join(from.file_name().unwrap_or_default()))?;
    }
    Ok(())
}
