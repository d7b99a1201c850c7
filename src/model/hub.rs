//! Models of the Hugging Face hub by their names there, kept in the cache that its other tools use.

use std::fmt;
use std::path::{Path, PathBuf};

use hf_hub::api::Progress;
use hf_hub::api::sync::{Api, ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};
use indicatif::{ProgressBar, ProgressStyle};

/// What a model is read from, where its folder has it; weights come on top.
const FILES: [&str; 9] = [
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "generation_config.json",
    "chat_template.jinja",
];
const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
const ENDPOINT: &str = "https://huggingface.co";
/// How often a download that breaks off is taken up again.
const RETRIES: usize = 3;

/// `org/name` or `org/name@revision`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubName {
    /// `org/name`.
    pub id: String,
    /// A branch, a tag or a commit.
    pub revision: String,
}

impl HubName {
    /// The name, if it looks like one of the hub's.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, revision) = text.split_once('@').unwrap_or((text, "main"));
        let (org, name) = id.split_once('/')?;
        let word = |part: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            !part.is_empty() && part.chars().all(plain) && !part.starts_with(['.', '-']) && !part.contains("..")
        };
        let found = word(org) && word(name) && revision.split('/').all(word);
        found.then(|| Self {
            id: id.to_string(),
            revision: revision.to_string(),
        })
    }

    /// The command that puts the model into the cache.
    pub fn command(&self) -> String {
        match self.revision.as_str() {
            "main" => format!("hf download {}", self.id),
            revision => format!("hf download {} --revision {revision}", self.id),
        }
    }
}

impl fmt::Display for HubName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.revision.as_str() {
            "main" => f.write_str(&self.id),
            revision => write!(f, "{}@{revision}", self.id),
        }
    }
}

/// Why a model could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HubError(String);

/// Where models come from and where they are kept.
#[derive(Clone, Debug)]
pub struct Hub {
    /// The folder of `models--ORG--NAME` folders.
    pub cache: PathBuf,
    /// The address without a slash at its end.
    pub endpoint: String,
    /// For models that not everybody may read.
    pub token: Option<String>,
    /// Only the cache is looked at.
    pub offline: bool,
}

impl Hub {
    /// As the Python library reads its environment: `HF_HUB_CACHE`, `HF_HOME`, `HF_ENDPOINT`, `HF_TOKEN`,
    /// `HF_HUB_OFFLINE`.
    pub fn from_environment() -> Result<Self, HubError> {
        Self::from_variables(&|name| std::env::var(name).ok())
    }

    fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, HubError> {
        let set = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| variable(name).filter(|value| !value.trim().is_empty()))
        };
        let home = set(&["HOME", "USERPROFILE"]).map(PathBuf::from);
        let path = |text: String| match (text.strip_prefix("~/"), &home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(text),
        };
        let cache = set(&["XDG_CACHE_HOME"])
            .map(&path)
            .or_else(|| Some(home.as_ref()?.join(".cache")));
        let folder = set(&["HF_HOME"])
            .map(&path)
            .or_else(|| Some(cache?.join("huggingface")));
        let none = || HubError("there is no home folder to keep models in; set HF_HOME".into());
        let cache = set(&["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"]).map(&path);
        let cache = cache.or_else(|| Some(folder.as_ref()?.join("hub"))).ok_or_else(none)?;
        let token_file = set(&["HF_TOKEN_PATH"])
            .map(&path)
            .or_else(|| Some(folder?.join("token")));
        let kept = || std::fs::read_to_string(token_file?).ok();
        let token = set(&["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]).or_else(kept);
        let endpoint = set(&["HF_ENDPOINT"]).unwrap_or_else(|| ENDPOINT.into());
        let on = |value: String| ["1", "ON", "YES", "TRUE"].contains(&value.trim().to_uppercase().as_str());
        Ok(Self {
            cache: std::path::absolute(&cache).unwrap_or(cache),
            endpoint: endpoint.trim_end_matches('/').to_string(),
            token: token.map(|t| t.trim().to_string()).filter(|t| !t.is_empty()),
            offline: set(&["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]).is_some_and(on),
        })
    }

    /// The folder of a model: from the cache if it is there whole, otherwise fetched into it. Progress goes to standard
    /// error.
    pub fn folder(&self, name: &HubName) -> Result<PathBuf, HubError> {
        if let Some(folder) = self.kept(name) {
            return Ok(folder);
        }
        let wrong = |what: String| {
            HubError(format!(
                "{name} is neither a folder here nor whole in the cache {}; {what}. `{}` fetches it where there is a \
                 network; with --local-dir FOLDER it lies in a folder that can be named instead",
                self.cache.display(),
                name.command()
            ))
        };
        if self.offline {
            return Err(wrong("HF_HUB_OFFLINE is set, so nothing was fetched".into()));
        }
        self.fetch(name)
            .map_err(|what| wrong(format!("{}: {what}", self.endpoint)))
    }

    /// The snapshot of a model in the cache, if nothing of it is missing.
    pub fn kept(&self, name: &HubName) -> Option<PathBuf> {
        let root = self.cache.join(repo(name).folder_name());
        let commit = std::fs::read_to_string(root.join("refs").join(&name.revision)).ok();
        let commit = commit.map_or_else(|| name.revision.clone(), |c| c.trim().to_string());
        let folder = root.join("snapshots").join(commit);
        let has = |file: &str| folder.join(file).is_file();
        let weights = has(WEIGHTS) || shards(&folder.join(INDEX)).is_ok_and(|shards| shards.iter().all(|s| has(s)));
        let tokenizer = has("tokenizer.json") || (has("vocab.json") && has("merges.txt"));
        (has("config.json") && weights && tokenizer).then_some(folder)
    }

    fn fetch(&self, name: &HubName) -> Result<PathBuf, String> {
        let told = |error: ApiError| explained(&error, self.token.is_some());
        let builder = ApiBuilder::from_cache(Cache::new(self.cache.clone()))
            .with_endpoint(self.endpoint.clone())
            .with_token(self.token.clone())
            .with_retries(RETRIES);
        let api: Api = builder.build().map_err(told)?;
        let api = api.repo(repo(name));
        let info = api.info().map_err(told)?;
        let there: Vec<String> = info.siblings.into_iter().map(|s| s.rfilename).collect();
        let has = |file: &str| there.iter().any(|name| name == file);
        if !has("config.json") {
            return Err("has no config.json, so it is no model for transformers".into());
        }
        let kept = Cache::new(self.cache.clone()).repo(repo(name));
        let folder = kept.pointer_path(&info.sha);
        let get = |file: &str| match folder.join(file) {
            // Of a download that was broken off.
            path if path.is_file() => Ok(path),
            _ => get(&api, file).map_err(|e| format!("{file}: {}", told(e))),
        };
        let mut weights = vec![WEIGHTS.to_string()];
        if !has(WEIGHTS) {
            if !has(INDEX) {
                return Err(format!(
                    "has neither {WEIGHTS} nor {INDEX}; other formats of weights are not read"
                ));
            }
            weights = shards(&get(INDEX)?)?;
            if let Some(absent) = weights.iter().find(|shard| !has(shard)) {
                return Err(format!("{INDEX} names {absent}, which is not there"));
            }
        }
        for file in FILES
            .iter()
            .copied()
            .filter(|file| has(file))
            .chain(weights.iter().map(String::as_str))
        {
            get(file)?;
        }
        kept.create_ref(&info.sha)
            .map_err(|e| format!("{}: {e}", self.cache.display()))?;
        self.kept(name)
            .ok_or_else(|| "what was fetched is not whole: no tokenizer, or it changed meanwhile".into())
    }
}

fn repo(name: &HubName) -> Repo {
    Repo::with_revision(name.id.clone(), RepoType::Model, name.revision.clone())
}

/// Fetches a file into the cache.
fn get(api: &ApiRepo, file: &str) -> Result<PathBuf, ApiError> {
    api.download_with_progress(file, Bar::default())
}

/// The files that an index of weights names, each once.
fn shards(index: &Path) -> Result<Vec<String>, String> {
    let read = || -> Option<Vec<String>> {
        let json: serde_json::Value = serde_json::from_slice(&std::fs::read(index).ok()?).ok()?;
        let files = json.get("weight_map")?.as_object()?.values();
        let mut files: Vec<String> = files.map(|f| f.as_str().map(String::from)).collect::<Option<_>>()?;
        files.sort();
        files.dedup();
        // A name is a file of the same folder and nothing else.
        let plain = |file: &String| Path::new(file).file_name().is_some_and(|name| name == file.as_str());
        (!files.is_empty() && files.iter().all(plain)).then_some(files)
    };
    read().ok_or_else(|| format!("{INDEX} has no weight_map that names files"))
}

/// What a failure means for somebody who wants a model.
fn explained(error: &ApiError, token: bool) -> String {
    let status = match error {
        ApiError::RequestError(e) => match **e {
            ureq::Error::StatusCode(status) => Some(status),
            _ => None,
        },
        ApiError::TooManyRetries(e) => return explained(e, token),
        _ => None,
    };
    match (status, token) {
        (Some(401 | 403), false) => "not for everybody; if you may read it, set HF_TOKEN".into(),
        (Some(401 | 403), true) => {
            "not for the token that is set; its terms may have to be accepted on its page".into()
        }
        (Some(404), _) => "no such model or revision".into(),
        _ => error.to_string(),
    }
}

/// A bar on a terminal; a line a file elsewhere.
#[derive(Default)]
struct Bar(Option<ProgressBar>);

impl Progress for Bar {
    fn init(&mut self, size: usize, name: &str) {
        if let Some(bar) = &self.0 {
            // Taken up again: what is there already is counted next.
            bar.set_position(0);
            return;
        }
        let bar = ProgressBar::new(size as u64);
        if bar.is_hidden() {
            eprintln!("fetching {name}, {:.1} MB", size as f64 / 1e6);
        }
        if let Ok(style) = ProgressStyle::with_template("fetching {msg} {wide_bar} {bytes}/{total_bytes} {eta}") {
            bar.set_style(style);
        }
        bar.set_message(name.to_string());
        self.0 = Some(bar);
    }

    fn update(&mut self, size: usize) {
        if let Some(bar) = &self.0 {
            bar.inc(size as u64);
        }
    }

    fn finish(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish();
        }
    }
}

#[cfg(test)]
#[path = "hub_tests.rs"]
mod tests;
