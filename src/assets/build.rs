//! `ple assets build`: makes every bundled model again from the grammars.

use std::path::Path;
use std::time::Instant;

use burn::tensor::Device;
use serde::Serialize;

use super::probe::{PrincipleEffect, principle_effects};
use super::reward_models::{self, RewardScores};
use super::{corpus, pretrain};
use crate::grammar::Task;
use crate::model::{ModelError, ModelFiles, Precision, load, save};

/// How much is spent on the build.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Effort {
    pub seed: u64,
    pub vocabulary: usize,
    pub pretraining_steps: usize,
    pub reward_rows: usize,
    pub probe_queries: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            seed: 1,
            vocabulary: 2048,
            pretraining_steps: 3000,
            reward_rows: 8000,
            probe_queries: 200,
        }
    }
}

/// What the build reached; written to `assets/report.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub effort: Effort,
    pub parameters: usize,
    /// Mean negative log-likelihood of a response token at the end of pretraining.
    pub pretraining_loss: f64,
    pub reward_models: Vec<RewardScores>,
    pub principles: Vec<PrincipleEffect>,
    pub seconds_pretraining: f64,
    pub seconds_total: f64,
}

/// Why a build failed.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("the tokenizer could not be learnt: {0}")]
    Tokenizer(String),
    #[error("{0}: {1}")]
    Write(std::path::PathBuf, std::io::Error),
}

/// The folder of a task's reward model, and its name after `builtin:`.
pub fn reward_model_name(task: Task) -> &'static str {
    match task {
        Task::Hh => "hh-preference",
        Task::Imdb => "imdb-sentiment",
        Task::Tldr => "tldr-preference",
    }
}

/// Builds into `folder`. An existing policy is kept and only its reward models are made again if `keep_policy`.
pub fn build(
    folder: &Path,
    effort: Effort,
    keep_policy: bool,
    device: &Device,
    say: &mut dyn FnMut(String),
) -> Result<Report, BuildError> {
    let start = Instant::now();
    let tiny = folder.join("tiny");
    let mut pretraining_loss = f64::NAN;
    if !keep_policy {
        say("learning the tokenizer".into());
        let text = corpus::tokenizer(effort.seed, 12_000, effort.vocabulary).map_err(BuildError::Tokenizer)?;
        let (policy, loss) = pretrain::pretrain(&text, effort.seed, effort.pretraining_steps, device, say);
        pretraining_loss = loss;
        save(&tiny, &policy, &text, Precision::F16)?;
    }
    let seconds_pretraining = start.elapsed().as_secs_f64();
    // From the files, so that what is measured is what was rounded to f16 and shipped.
    let (mut policy, text) = load(&ModelFiles::Folder(tiny.clone()), Precision::F32, device)?;
    let mut parameters = 0;
    policy.for_each_mut(&mut |_, p| parameters += p.dims()[0] * p.dims()[1]);
    let (mut reward_scores, mut effects) = (Vec::new(), Vec::new());
    for task in Task::ALL {
        for effect in principle_effects(&policy, &text, task, effort.probe_queries, effort.seed) {
            say(format!(
                "{task} {}: none {:.2}, all {:.2}, all but it {:.2}, alone {:.2}, held-out wording {:.2}, opposite {:.2}, paper {:.2}",
                effect.principle,
                effect.none,
                effect.all,
                effect.all_but,
                effect.alone,
                effect.alone_held_out,
                effect.opposite,
                effect.paper
            ));
            effects.push(effect);
        }
    }
    for task in Task::ALL {
        let (model, scores) = reward_models::train(&policy, &text, task, effort.reward_rows, effort.seed, say);
        say(format!(
            "reward model {task}: accuracy {:.3}, on corrupted text {:.3}, correlation with truth {:.3}",
            scores.accuracy, scores.accuracy_corrupted, scores.pearson
        ));
        save(&folder.join(reward_model_name(task)), &model, &text, Precision::F16)?;
        // All models share the policy's tokenizer, which is embedded once.
        let _ = std::fs::remove_file(folder.join(reward_model_name(task)).join("tokenizer.json"));
        reward_scores.push(scores);
    }
    let report = Report {
        effort,
        parameters,
        pretraining_loss,
        reward_models: reward_scores,
        principles: effects,
        seconds_pretraining,
        seconds_total: start.elapsed().as_secs_f64(),
    };
    let path = folder.join("report.json");
    let json = serde_json::to_string_pretty(&report).map_err(|e| BuildError::Write(path.clone(), e.into()))?;
    std::fs::write(&path, json + "\n").map_err(|e| BuildError::Write(path, e))?;
    Ok(report)
}
