//! What a suite comes to: its runs, in the order in which they are done.

use std::path::{Path, PathBuf};

use crate::assets;
use crate::config::{
    ConfigError, Experiment, Principles, Published, Responses, Source, Suite, find_file, load_published, load_suite,
    slug,
};
use crate::device::DeviceChoice;
use crate::grammar::Task;
use crate::train::{Request, SetupError};

/// A suite with its runs.
#[derive(Clone, Debug)]
pub struct SuitePlan {
    pub suite: Suite,
    /// What somebody else has published.
    pub published: Option<Published>,
    /// The folder of its runs.
    pub folder: PathBuf,
    /// Seed after seed, so that whoever ends it early has whole tables of the first seeds.
    pub jobs: Vec<Job>,
}

/// One run of a suite.
#[derive(Clone, Debug)]
pub struct Job {
    /// Place of the contender in the suite.
    pub contender: usize,
    /// The contender's name.
    pub label: String,
    pub task: Task,
    pub seed: u64,
    /// The run's name.
    pub run: String,
    pub request: Request,
    /// As it would be stored, and the principles it begins with.
    pub experiment: Experiment,
    pub principles: Principles,
    /// What it learns from in all.
    pub responses: Responses,
}

impl Job {
    /// "hh, PPO, seed 1"
    pub fn title(&self) -> String {
        format!("{}, {}, seed {}", self.task, self.label, self.seed)
    }

    /// Steps of the whole run.
    pub fn steps(&self) -> u32 {
        self.experiment.method.steps
    }
}

impl SuitePlan {
    /// Reads and checks the suite at a path, and everything that it names but the models. A bundled one is found by its path in
    /// the repository from anywhere. `name` is that of its folder in `runs`; without it, the file's.
    pub fn at(path: &Path, runs: &Path, name: Option<&str>, device: DeviceChoice) -> Result<Self, SetupError> {
        let bundled = assets::SUITES.iter().find(|(name, _)| Path::new(name) == path);
        let source = match bundled {
            Some((name, text)) if !path.exists() => Source {
                path: None,
                name: (*name).into(),
                text: (*text).into(),
            },
            _ => Source::read(path)?,
        };
        let suite = load_suite(&source)?;
        let published = suite.settings.published.as_deref();
        let published = published.map(|name| published_figures(&suite, name)).transpose()?;
        let name = match name {
            Some(name) => checked_name(name)?,
            None => slug(&path.file_stem().unwrap_or_default().to_string_lossy()),
        };
        let mut jobs = Vec::new();
        for seed in &suite.settings.seeds {
            for task in &suite.settings.tasks {
                for contender in 0..suite.settings.contenders.len() {
                    jobs.push(job(&suite, contender, *task, *seed, device)?);
                }
            }
        }
        Ok(Self {
            folder: runs.join(name),
            suite,
            published,
            jobs,
        })
    }

    /// The folder of a job's run.
    pub fn run_of(&self, job: &Job) -> PathBuf {
        self.folder.join(&job.run)
    }

    /// Where the evaluation of the policy before training is kept.
    pub fn base_of(&self, task: Task, seed: u64) -> PathBuf {
        self.folder.join("base").join(format!("{task}-{seed}.json"))
    }
}

/// The file of published figures that a suite names, looked for from the suite's folder upwards, and among the bundled ones.
fn published_figures(suite: &Suite, name: &str) -> Result<Published, ConfigError> {
    let bundled = assets::PUBLISHED.iter().find(|(path, _)| *path == name);
    let source = match (find_file(name, suite.source.path.as_deref()), bundled) {
        (Ok(path), _) => Source::read(&path)?,
        (Err(_), Some((path, text))) => Source {
            path: None,
            name: (*path).into(),
            text: (*text).into(),
        },
        (Err(error), None) => return Err(suite.wrong_at_top("published", error.to_string())),
    };
    let found = load_published(&source)?;
    let rows: Vec<&str> = suite.settings.contenders.iter().map(|c| &c.name[..]).collect();
    found.check_methods(&rows)?;
    Ok(found)
}

fn checked_name(name: &str) -> Result<String, SetupError> {
    let bad = |c: char| c == '/' || c == '\\' || c.is_control();
    if name.is_empty() || name.starts_with(['.', '-']) || name.contains(bad) {
        return Err(SetupError::Other(format!(
            "--name {name:?}: wants the name of a folder, without '/' or '\\', that does not start with '.' or '-'"
        )));
    }
    Ok(name.to_string())
}

fn job(suite: &Suite, contender: usize, task: Task, seed: u64, device: DeviceChoice) -> Result<Job, SetupError> {
    let of = &suite.settings.contenders[contender];
    let name = of.experiment.replace("{task}", task.name());
    let near = suite.source.path.as_deref();
    let wrong = |error: ConfigError| suite.wrong(contender, "experiment", error.to_string());
    let mut request = Request::near(&name, near, device).map_err(wrong)?;
    let found = suite.experiment(contender, task, &request.source)?;
    request.sets = found.sets;
    request.sets.push(format!("seed={seed}"));
    let (experiment, principles) = request.settled().map_err(|error| match error {
        SetupError::Config(error) => SetupError::Config(suite.seen_from(contender, error)),
        other => other,
    })?;
    let steps = u64::from(experiment.method.steps);
    let a_step = found.responses_per_step;
    Ok(Job {
        contender,
        label: of.name.clone(),
        task,
        seed,
        run: format!("{task}-{}-{seed}", slug(&of.name)),
        request,
        responses: Responses {
            sampled: a_step.sampled * steps,
            given: a_step.given * steps,
        },
        experiment,
        principles,
    })
}
