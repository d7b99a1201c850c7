//! Everything a run needs, loaded and checked before anything is started or written.

use std::path::{Path, PathBuf};

use burn::tensor::Tensor;

use super::fit::{self, FitSetup};
use super::memory::{self, Demand};
use crate::assets;
use crate::config::{
    Case, ConfigError, Experiment, Lora, LoraAdapter, MethodName, Plan, Principles, Source, check_schedule_names,
    find_file, load_plan, parse_principles,
};
use crate::data::{DataError, Needs, Pairs, Pool, PoolError};
use crate::device::{self, DeviceChoice, DeviceError};
use crate::grammar::Scene;
use crate::model::{
    self, Hub, HubError, HubName, Model, ModelError, ModelFiles, PeftAdapter, Precision, Text, Trained,
};
use crate::prompt::{PromptError, Prompter};
use crate::reward::{RewardError, RewardModel, RewardServer, RewardSource, Row, Rules};

/// A run that is ready to start.
pub struct Setup {
    pub experiment: Experiment,
    pub principles: Principles,
    /// Those that the schedule names by their files, one an entry.
    pub scheduled: Vec<Option<Principles>>,
    /// With its adapter, if it has one.
    pub policy: Model,
    pub trained: Trained,
    pub text: Text,
    /// Writes what the policy is given.
    pub prompter: Prompter,
    pub reward: Box<dyn RewardSource>,
    pub pool: Pool,
    /// What DPO learns from.
    pub pairs: Option<Pairs>,
    /// The case study, as many of its queries as are not too long.
    pub cases: Vec<Case>,
    /// Cases left out as too long.
    pub cases_left_out: usize,
    pub device: burn::tensor::Device,
    pub device_name: String,
    /// How much memory it will need, in words, and whether that is more than there is.
    pub memory: (String, bool),
}

/// A run of either kind that is ready to start.
pub enum Prepared {
    Align(Box<Setup>),
    Fit(Box<FitSetup>),
}

/// Why a run cannot start. All of these are the user's to mend: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error("{key}: {source}")]
    Model { key: &'static str, source: ModelError },
    #[error("{key} = \"{found}\": no such bundled model; there are {known}")]
    NoBuiltin {
        key: &'static str,
        found: String,
        known: String,
    },
    #[error("{key}: {source}")]
    Hub { key: &'static str, source: HubError },
    #[error(transparent)]
    Data(#[from] PoolError),
    #[error("data.rows: {0}")]
    Rows(#[from] DataError),
    #[error("reward.url: {0}; start the server or correct the address, then try again")]
    Reward(#[from] RewardError),
    #[error("{key} = {source}")]
    Prompt { key: &'static str, source: PromptError },
    #[error("{0}")]
    Other(String),
}

/// An experiment as the user named it.
#[derive(Clone, Debug)]
pub struct Request {
    pub source: Source,
    pub sets: Vec<String>,
    pub device: DeviceChoice,
}

impl Request {
    /// The experiment at a path. A bundled one is found by its path in the repository from anywhere.
    pub fn at(path: &Path, sets: Vec<String>, device: DeviceChoice) -> Result<Self, ConfigError> {
        let bundled = assets::EXPERIMENTS.iter().find(|(name, _)| Path::new(name) == path);
        let source = match bundled {
            Some((name, text)) if !path.exists() => Source {
                path: None,
                name: (*name).into(),
                text: (*text).into(),
            },
            _ => Source::read(path)?,
        };
        Ok(Self { source, sets, device })
    }

    /// The same by a name that stands in a file: looked for from that file's folder upwards, and among the bundled ones.
    pub fn near(name: &str, near: Option<&Path>, device: DeviceChoice) -> Result<Self, ConfigError> {
        match find_file(name, near) {
            Ok(path) => Self::at(&path, Vec::new(), device),
            Err(error) => {
                let bundled = assets::EXPERIMENTS.iter().any(|(path, _)| *path == name);
                let found = bundled.then(|| Self::at(Path::new(name), Vec::new(), device));
                found.unwrap_or(Err(error))
            }
        }
    }

    /// The experiment and its principles as a run of it would be stored, without loading a model. What an adapter's own file
    /// says of `policy.lora` is not looked at.
    pub fn settled(&self) -> Result<(Experiment, Principles), SetupError> {
        let mut experiment = self.experiment()?;
        let principles = self.principles_of(&experiment)?;
        settle(&mut experiment, self.source.path.as_deref())?;
        Ok((experiment, principles))
    }

    pub(super) fn principles_of(&self, experiment: &Experiment) -> Result<Principles, ConfigError> {
        let source = principles_source(&experiment.principles.file, self.source.path.as_deref())
            .map_err(|e| e.at_key(&self.source, &self.sets, "principles.file"))?;
        parse_principles(&source)
    }

    /// Loads and checks everything.
    pub fn prepare(&self) -> Result<Prepared, SetupError> {
        match load_plan(&self.source, &self.sets)? {
            Plan::Align(_) => Ok(Prepared::Align(Box::new(self.prepare_policy()?))),
            Plan::Fit(experiment) => {
                let setup = fit::prepare(*experiment, self.source.path.as_deref(), self.device, None)?;
                Ok(Prepared::Fit(Box::new(setup)))
            }
        }
    }

    /// Loads and checks everything of a run that aligns a policy.
    pub fn prepare_policy(&self) -> Result<Setup, SetupError> {
        let experiment = self.experiment()?;
        let near = self.source.path.as_deref();
        let principles = self.principles_of(&experiment)?;
        let scheduled = self.scheduled(&experiment, &principles)?;
        let mut setup = prepare(experiment, principles, near, self.device)?;
        setup.schedule_principles(scheduled)?;
        Ok(setup)
    }

    /// The principles that the schedule names by their files, one an entry; checks the names that it switches too.
    pub(super) fn scheduled(
        &self,
        experiment: &Experiment,
        principles: &Principles,
    ) -> Result<Vec<Option<Principles>>, ConfigError> {
        let near = self.source.path.as_deref();
        let mut files = Vec::new();
        for entry in &experiment.schedule {
            files.push(match &entry.principles {
                None => None,
                Some(name) => {
                    let found = principles_source(name, near).and_then(|source| parse_principles(&source));
                    Some(found.map_err(|e| e.at_key(&self.source, &self.sets, "schedule"))?)
                }
            });
        }
        check_schedule_names(&self.source, &self.sets, experiment, principles, &files)?;
        Ok(files)
    }

    /// The experiment with its settings, nothing loaded.
    pub(super) fn experiment(&self) -> Result<Experiment, ConfigError> {
        match load_plan(&self.source, &self.sets)? {
            Plan::Align(experiment) => Ok(*experiment),
            Plan::Fit(_) => Err(ConfigError::about_key(
                &self.source,
                &self.sets,
                "method.name",
                "trains a model on rows; only a policy is guided by principles",
            )),
        }
    }
}

/// Goes on with a stored run: loads what it was started with. `run` is its folder.
pub fn prepare_again(
    plan: Plan,
    principles: Option<Principles>,
    run: &Path,
    choice: DeviceChoice,
) -> Result<Prepared, SetupError> {
    // Files are looked for from the working directory, as they were when the run began.
    match (plan, principles) {
        (Plan::Align(experiment), Some(principles)) => {
            let mut setup = prepare(*experiment, principles, None, choice)?;
            // A run keeps its own copies; this is for one that has none, such as a fork.
            let read = |name: &String| parse_principles(&principles_source(name, None).ok()?).ok();
            let schedule = &setup.experiment.schedule;
            let scheduled = schedule.iter().map(|e| e.principles.as_ref().and_then(read)).collect();
            setup.schedule_principles(scheduled)?;
            Ok(Prepared::Align(Box::new(setup)))
        }
        (Plan::Fit(experiment), _) => {
            let setup = fit::prepare(*experiment, None, choice, Some(run))?;
            Ok(Prepared::Fit(Box::new(setup)))
        }
        (Plan::Align(_), None) => Err(SetupError::Other(format!(
            "{}: the run never began; start it again",
            run.display()
        ))),
    }
}

/// The text of a principles file, or of the one bundled under its name.
pub(super) fn principles_source(name: &str, near: Option<&Path>) -> Result<Source, ConfigError> {
    let bundled = assets::PRINCIPLES.iter().find(|(path, _)| *path == name);
    match (find_file(name, near), bundled) {
        (Ok(path), _) => Source::read(&path),
        (Err(_), Some((path, text))) => Ok(Source {
            path: None,
            name: (*path).into(),
            text: (*text).into(),
        }),
        (Err(error), None) => Err(error),
    }
}

/// Makes the paths that an experiment names whole.
fn settle(experiment: &mut Experiment, near: Option<&Path>) -> Result<(), ConfigError> {
    let data = &mut experiment.data;
    let pairs = experiment.method.dpo.as_mut().and_then(|dpo| dpo.pairs.as_mut());
    let adapter = experiment.policy.adapter.as_mut();
    for name in [Some(&mut data.queries), data.test.as_mut(), pairs, adapter]
        .into_iter()
        .flatten()
    {
        *name = whole_path(name, near)?;
    }
    for name in [Some(&mut experiment.policy.model), experiment.reward.model.as_mut()]
        .into_iter()
        .flatten()
    {
        *name = model_path(name, near)?;
    }
    for name in experiment.schedule.iter_mut().filter_map(|e| e.principles.as_mut()) {
        // A bundled one has no path.
        if let Ok(path) = whole_path(name, near) {
            *name = path;
        }
    }
    Ok(())
}

/// Loads what an experiment names. `near` is the experiment's own path, from which files are looked for.
pub fn prepare(
    mut experiment: Experiment,
    principles: Principles,
    near: Option<&Path>,
    choice: DeviceChoice,
) -> Result<Setup, SetupError> {
    let chosen = device::choose(choice)?;
    settle(&mut experiment, near)?;
    let (policy, text, trained) = load_policy(&mut experiment, &chosen.device)?;
    let prompter = prompter(&text, &experiment)?;
    let pool = queries(&experiment, &text)?;
    let pairs = preference_pairs(&experiment, &text, &pool)?;
    let (cases, cases_left_out) = super::cases::cases(&mut experiment, near, &text)?;
    if pool.example(0).is_none() {
        let rows = &experiment.data.queries;
        if experiment.method.name == MethodName::Sft {
            return Err(SetupError::Other(format!(
                "method.name = \"sft\": no row of {rows} has a response to learn from; take rows that have one, or another \
                 method"
            )));
        }
        if experiment.method.stabilise.sft.is_some() {
            return Err(SetupError::Other(format!(
                "method.stabilise.sft: no row of {rows} has a response to anchor to; take rows that have one, or leave it out"
            )));
        }
        if experiment.sft.steps > 0 {
            return Err(SetupError::Other(format!(
                "sft.steps = {}: no row of {rows} has a response to learn from; set sft.steps = 0",
                experiment.sft.steps
            )));
        }
    }
    let room = policy.config.max_position_embeddings;
    if let Some(message) = without_room(&experiment, &prompter, room, &principles) {
        return Err(SetupError::Other(message));
    }
    let reward = reward_source(&experiment, &prompter, &pool, &chosen.device)?;
    let tokens = super::lengths::lengths(&experiment, Some(&principles), Some(&prompter), Some(&pool));
    let scorer = experiment.reward.model.as_ref();
    let scorer = scorer.and_then(|name| model_files("reward.model", name).ok()?.config().ok());
    // Of dtype "auto" only the policy's is known here; nobody stores a large reward model in f32.
    let of_scorer = scorer.as_ref().map(|(config, _)| (config, 2.0));
    let demand = Demand::of(&experiment, (&policy.config, policy.weight_bytes()), of_scorer, tokens);
    let memory = memory::sentence(&demand, chosen.available);
    Ok(Setup {
        scheduled: vec![None; experiment.schedule.len()],
        experiment,
        principles,
        policy,
        trained,
        text,
        prompter,
        reward,
        pool,
        pairs,
        cases,
        cases_left_out,
        device: chosen.device,
        device_name: chosen.name,
        memory,
    })
}

/// The policy that an experiment begins with, its tokenizer, and what of it is trained. Paths are whole already.
pub(super) fn load_policy(
    experiment: &mut Experiment,
    device: &burn::tensor::Device,
) -> Result<(Model, Text, Trained), SetupError> {
    let (mut policy, text) = load_model(
        "policy.model",
        &experiment.policy.model,
        experiment.policy.dtype,
        device,
    )?;
    if policy.score.is_some() {
        return Err(SetupError::Other(format!(
            "policy.model = \"{}\": this is a reward model; a policy is a causal language model, such as \
             LlamaForCausalLM",
            experiment.policy.model
        )));
    }
    let mut trained = put_adapter(experiment, &mut policy)?;
    if experiment.method.name == MethodName::Ppo {
        // The value head V begins as 0 everywhere.
        policy.score = Some(Tensor::zeros([policy.config.hidden_size, 1], device));
        trained.add("score.weight");
    }
    Ok((policy, text, trained))
}

/// Gives the policy the adapter that the experiment names, and says what is trained and how.
fn put_adapter(experiment: &mut Experiment, policy: &mut Model) -> Result<Trained, SetupError> {
    let mut dropout = 0.0;
    if let Lora::Adapter(settings) = &mut experiment.policy.lora {
        if let Some(folder) = &experiment.policy.adapter {
            let key = "policy.adapter";
            let wrong = |source| SetupError::Model { key, source };
            let saved = PeftAdapter::read(Path::new(folder)).map_err(wrong)?;
            let found = saved.put(policy).map_err(wrong)?;
            // How much is left out while training is not the adapter's to say.
            let same = |dropout| LoraAdapter {
                dropout,
                ..found.clone()
            };
            if *settings == LoraAdapter::default() {
                *settings = found;
            } else if *settings != same(settings.dropout) {
                return Err(SetupError::Other(format!(
                    "policy.lora: the adapter {folder} has rank {}, alpha {} and targets {}; leave policy.lora out, or say \
                     the same",
                    found.rank,
                    found.alpha,
                    serde_json::to_string(&found.targets).unwrap_or_default()
                )));
            }
        } else {
            let wrong = |what| SetupError::Other(format!("policy.lora.targets: {what}"));
            model::adapt(policy, settings, experiment.seed).map_err(wrong)?;
        }
        dropout = settings.dropout;
    }
    let mut trained = Trained::of(policy);
    trained.checkpointing = experiment.policy.checkpointing;
    trained.micro_batch = experiment.method.micro_batch;
    trained.dropout = (dropout > 0.0).then_some((dropout, experiment.seed));
    Ok(trained)
}

/// Why the longest query, these principles and a whole response are together more than a policy reads, if they are.
fn without_room(experiment: &Experiment, prompter: &Prompter, room: usize, principles: &Principles) -> Option<String> {
    let around = prompter.prompt("", principles.render().as_deref()).len();
    let (query, response) = (experiment.data.max_query_tokens, experiment.generation.max_new_tokens);
    let all = query + around + response;
    (all > room).then(|| {
        format!(
            "data.max_query_tokens = {query}, {around} tokens of template and principles and \
             generation.max_new_tokens = {response} are {all}; the policy reads {room}: lower one of them, or shorten \
             the principles"
        )
    })
}

impl Setup {
    /// Takes in the principles that the schedule names by their files, one an entry.
    fn schedule_principles(&mut self, files: Vec<Option<Principles>>) -> Result<(), SetupError> {
        for (entry, file) in self.experiment.schedule.iter().zip(&files) {
            if let Some(message) = file.as_ref().and_then(|file| self.too_long(file)) {
                let step = entry.step;
                return Err(SetupError::Other(format!("schedule, step {step}: {message}")));
            }
        }
        self.scheduled = files;
        Ok(())
    }

    /// Why the policy cannot read a query behind these principles, if it cannot.
    pub(super) fn too_long(&self, principles: &Principles) -> Option<String> {
        let room = self.policy.config.max_position_embeddings;
        without_room(&self.experiment, &self.prompter, room, principles)
    }
}

/// The path of a file or folder from the root, so that the run can be resumed from any folder; a bundled name stays.
pub(super) fn whole_path(name: &str, near: Option<&Path>) -> Result<String, ConfigError> {
    if name.starts_with("builtin:") {
        return Ok(name.to_string());
    }
    let found = find_file(name, near)?;
    Ok(std::path::absolute(&found).unwrap_or(found).display().to_string())
}

/// The same for a model; a name of the hub stays where there is no such folder.
pub(super) fn model_path(name: &str, near: Option<&Path>) -> Result<String, ConfigError> {
    match whole_path(name, near) {
        Err(_) if HubName::parse(name).is_some() => Ok(name.to_string()),
        found => found,
    }
}

/// The folder of a model that is not bundled, fetched if it is one of the hub's that is not here.
fn model_folder(key: &'static str, name: &str) -> Result<PathBuf, SetupError> {
    match HubName::parse(name) {
        Some(hub_name) if !Path::new(name).exists() => {
            let folder = Hub::from_environment().and_then(|hub| hub.folder(&hub_name));
            folder.map_err(|source| SetupError::Hub { key, source })
        }
        _ => Ok(name.into()),
    }
}

/// Where the files of a model are that an experiment names under `key`.
pub(super) fn model_files(key: &'static str, name: &str) -> Result<ModelFiles, SetupError> {
    match name.strip_prefix("builtin:") {
        Some(builtin) => assets::builtin_model(builtin).ok_or_else(|| SetupError::NoBuiltin {
            key,
            found: name.to_string(),
            known: assets::builtin_names()
                .iter()
                .map(|n| format!("builtin:{n}"))
                .collect::<Vec<_>>()
                .join(", "),
        }),
        None => Ok(ModelFiles::Folder(model_folder(key, name)?)),
    }
}

pub(super) fn load_model(
    key: &'static str,
    name: &str,
    precision: Precision,
    device: &burn::tensor::Device,
) -> Result<(Model, Text), SetupError> {
    let files = model_files(key, name)?;
    model::load(&files, precision, device).map_err(|source| SetupError::Model { key, source })
}

/// How the policy of an experiment is prompted, without its weights.
pub fn policy_prompter(experiment: &Experiment) -> Result<Prompter, SetupError> {
    let key = "policy.model";
    let files = model_files(key, &experiment.policy.model)?;
    let text = files.text().map_err(|source| SetupError::Model { key, source })?;
    prompter(&text, experiment)
}

fn prompter(text: &Text, experiment: &Experiment) -> Result<Prompter, SetupError> {
    Prompter::new(text, experiment.task, experiment.policy.template).map_err(|source| {
        let key = "policy.template";
        SetupError::Prompt { key, source }
    })
}

/// What scores responses, tried out on one.
fn reward_source(
    experiment: &Experiment,
    prompter: &Prompter,
    pool: &Pool,
    device: &burn::tensor::Device,
) -> Result<Box<dyn RewardSource>, SetupError> {
    let settings = &experiment.reward;
    if let Some(name) = &settings.model {
        let (model, text) = load_model("reward.model", name, settings.dtype, device)?;
        if model.score.is_none() {
            return Err(SetupError::Other(format!(
                "reward.model = \"{name}\": this model has no score head; a reward model is a \
                 sequence classifier, such as LlamaForSequenceClassification"
            )));
        }
        if let Some(labels) = model.config.num_labels.filter(|n| *n != 1) {
            return Err(SetupError::Other(format!(
                "reward.model = \"{name}\": its score head has {labels} outputs; a reward is one number (num_labels = 1)"
            )));
        }
        let prompter = Prompter::new(&text, experiment.task, settings.template).map_err(|source| {
            let key = "reward.template";
            SetupError::Prompt { key, source }
        })?;
        let batch = settings.batch;
        return Ok(Box::new(RewardModel { model, prompter, batch }));
    }
    let query = pool.query(0);
    if let Some(url) = &settings.url {
        let server = RewardServer::new(url, settings);
        let prompt = prompter.shown(&query, None);
        let row = Row {
            query: &query,
            prompt: &prompt,
            response: "ok",
            tokens: 1,
            ended: true,
        };
        server.probe(row)?;
        return Ok(Box::new(server));
    }
    let rules = Rules::new(experiment.task, &settings.rules)
        .map_err(|error| SetupError::Other(format!("reward.rules: {error}")))?;
    let mut used = std::iter::once(query).chain(pool.held_out(experiment.eval.queries));
    if rules.needs_truth()
        && let Some(unknown) = used.find(|query| Scene::parse(experiment.task, query).is_none())
    {
        let start: String = unknown.chars().take(60).collect();
        return Err(SetupError::Other(format!(
            "reward.rules: a rule by truth needs queries of the {task} grammar, and {start:?} is none; take data.queries = \
             \"builtin:{task}\" or another rule",
            task = experiment.task
        )));
    }
    Ok(Box::new(rules))
}

fn queries(experiment: &Experiment, text: &Text) -> Result<Pool, SetupError> {
    let name = &experiment.data.queries;
    if let Some(builtin) = name.strip_prefix("builtin:") {
        if builtin != experiment.task.name() {
            return Err(SetupError::Other(format!(
                "data.queries = \"{name}\": the task is {task}, so its bundled queries are \"builtin:{task}\"",
                task = experiment.task
            )));
        }
        return Ok(Pool::grammar(experiment.task, experiment.seed));
    }
    let needs = Needs {
        held_out: match experiment.eval.every {
            0 => 0,
            _ => experiment.eval.queries,
        },
        responses: experiment.sft.steps > 0
            || experiment.method.name == MethodName::Sft
            || experiment.method.stabilise.sft.is_some(),
    };
    Ok(Pool::read(
        &experiment.data,
        experiment.task,
        text,
        needs,
        experiment.seed,
    )?)
}

/// The pairs of DPO, from their own files, from those of the queries, or from the grammar.
fn preference_pairs(experiment: &Experiment, text: &Text, pool: &Pool) -> Result<Option<Pairs>, SetupError> {
    if experiment.method.name != MethodName::Dpo {
        return Ok(None);
    }
    let (data, own) = (&experiment.data, experiment.method.dpo().pairs);
    let (key, path) = match &own {
        Some(path) => ("method.dpo.pairs", path),
        None => ("data.queries", &data.queries),
    };
    if let Some(builtin) = path.strip_prefix("builtin:") {
        if builtin != experiment.task.name() {
            return Err(SetupError::Other(format!(
                "{key} = \"{path}\": the task is {task}, so its bundled pairs are \"builtin:{task}\"",
                task = experiment.task
            )));
        }
        return Ok(Some(Pairs::Grammar {
            task: experiment.task,
            seed: experiment.seed,
        }));
    }
    let held_out = pool.held_out(experiment.eval.queries);
    let found = Pairs::read(key, path, data, experiment.task, text, &held_out, experiment.seed)?;
    Ok(Some(found))
}
