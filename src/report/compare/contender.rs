//! What a stored run, or the file of an evaluation, brings to a comparison.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::config::{Experiment, MethodName, Plan, Principles};
use crate::run::{Reader, StoreError, word};
use crate::train::{EvaluationRecord, Event, FullEvaluation, StepRecord};

/// One run, or one evaluation of a model.
#[derive(Clone, Debug)]
pub struct Contender {
    /// The run's name, or the file's.
    pub name: String,
    /// What its row is called, where somebody has said so.
    pub label: Option<String>,
    pub title: String,
    /// "hh", "imdb" or "tldr".
    pub task: String,
    /// "ple", "sft", ...; "base" before any training.
    pub method: String,
    pub seed: u64,
    /// Every setting that makes it another experiment, by its key.
    pub settings: BTreeMap<String, String>,
    /// Steps, or supervised updates of a run that has only those.
    pub steps_done: u32,
    pub steps_planned: u32,
    /// Changes made by hand.
    pub marks: usize,
    /// The newest whole evaluation.
    pub evaluation: Option<FullEvaluation>,
    /// The last evaluation during training.
    pub last: Option<EvaluationRecord>,
    pub steps: Vec<StepRecord>,
}

/// What `ple eval --json` writes.
#[derive(Deserialize)]
struct Told {
    title: String,
    task: String,
    method: String,
    evaluation: FullEvaluation,
}

impl Contender {
    /// A stored run; an error names what is wrong with it. A run that trains a reward model or a language model has
    /// nothing to compare.
    pub fn of_run(folder: &Path) -> Result<Self, String> {
        let store = |e: StoreError| e.to_string();
        let mut reader = Reader::open(folder).map_err(store)?;
        let started = reader.started().map_err(store)?;
        let Plan::Align(experiment) = &started.experiment else {
            return Err(format!(
                "{}: this run trains a model on rows; only runs that align a policy can be compared",
                folder.display()
            ));
        };
        let principles = reader.principles().map_err(store)?;
        let evaluation = reader.evaluations().map_err(store)?.pop();
        let (mut last, mut marks, mut sft) = (None, 0, 0);
        let mut steps = Vec::new();
        for event in reader.poll().map_err(store)? {
            match event {
                Event::Evaluation(e) => last = Some(e),
                Event::Mark(_) => marks += 1,
                Event::Sft(r) => sft = r.step + 1,
                Event::Step(s) => steps.push(s),
                _ => {}
            }
        }
        let settings = settings_of(experiment, principles.first().map(|first| &first.principles));
        // The method SFT was the supervised stage alone, before it had steps of its own.
        let only_sft = experiment.method.name == MethodName::Sft && steps.is_empty() && sft > 0;
        Ok(Self {
            name: started.run.clone(),
            label: None,
            title: experiment.title.clone(),
            task: experiment.task.to_string(),
            method: word(&experiment.method.name),
            seed: experiment.seed,
            settings,
            steps_done: if only_sft {
                sft
            } else {
                steps.last().map_or(0, |s| s.step + 1)
            },
            steps_planned: if only_sft {
                experiment.sft.steps
            } else {
                experiment.method.steps
            },
            marks,
            evaluation: evaluation.map(|e| FullEvaluation {
                // Of such a run the updates are the steps.
                step: if only_sft { e.sft_done } else { e.step },
                ..e
            }),
            last,
            steps,
        })
    }

    /// A file that `ple eval --json` wrote.
    pub fn of_file(path: &Path) -> Result<Self, String> {
        let wrong = |what: String| format!("{}: {what}; wants a file that `ple eval --json` wrote", path.display());
        let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
        let told: Told = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        let evaluation = told.evaluation;
        let untrained = evaluation.step == 0 && evaluation.sft_done == 0;
        Ok(Self {
            label: None,
            name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            title: told.title,
            task: told.task,
            method: if untrained { "base".into() } else { told.method },
            seed: evaluation.seed,
            settings: BTreeMap::from([("policy".into(), evaluation.policy.clone())]),
            steps_done: evaluation.step,
            steps_planned: evaluation.step,
            marks: 0,
            evaluation: Some(evaluation),
            last: None,
            steps: Vec::new(),
        })
    }
}

/// The settings by their keys, `method.tau0` for example, without those that leave the policy as it is and without the seed.
/// Of the principles the words count, wherever they stand.
pub fn settings_of(experiment: &Experiment, principles: Option<&Principles>) -> BTreeMap<String, String> {
    const OTHERS: [&str; 5] = ["title", "about", "seed", "eval", "checkpoint"];
    let mut found = BTreeMap::new();
    // Plain data always becomes JSON.
    if let Value::Object(mut all) = serde_json::to_value(experiment).unwrap_or_default() {
        all.retain(|key, _| !OTHERS.contains(&&key[..]));
        flatten("", &Value::Object(all), &mut found);
    }
    if let Some(principles) = principles {
        found.remove("principles.file");
        found.insert("principles".into(), principles.render().unwrap_or_default());
    }
    found
}

fn flatten(key: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let key = if key.is_empty() {
                    name.clone()
                } else {
                    format!("{key}.{name}")
                };
                flatten(&key, value, into);
            }
        }
        Value::String(text) => {
            into.insert(key.into(), text.clone());
        }
        value => {
            into.insert(key.into(), value.to_string());
        }
    }
}
