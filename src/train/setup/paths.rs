//! Names in an experiment made into paths from the root, so that a run can be gone on with from any folder.

use std::path::Path;

use crate::assets;
use crate::config::{ConfigError, Experiment, Source, find_file};
use crate::model::HubName;

/// Makes the paths that an experiment names whole.
pub(super) fn settle(experiment: &mut Experiment, near: Option<&Path>) -> Result<(), ConfigError> {
    let data = &mut experiment.data;
    let pairs = experiment.method.dpo.as_mut().and_then(|dpo| dpo.pairs.as_mut());
    let adapter = experiment.policy.adapter.as_mut();
    for (key, name) in [
        ("data.queries", Some(&mut data.queries)),
        ("data.test", data.test.as_mut()),
        ("method.dpo.pairs", pairs),
        ("policy.adapter", adapter),
    ] {
        let Some(name) = name else { continue };
        *name = whole_path(name, near).map_err(|e| e.under(key, name))?;
    }
    for (key, name) in [
        ("policy.model", Some(&mut experiment.policy.model)),
        ("reward.model", experiment.reward.model.as_mut()),
    ] {
        let Some(name) = name else { continue };
        *name = model_path(name, near).map_err(|e| e.under(key, name))?;
    }
    for name in experiment.schedule.iter_mut().filter_map(|e| e.principles.as_mut()) {
        // A bundled one has no path.
        if let Ok(path) = whole_path(name, near) {
            *name = path;
        }
    }
    Ok(())
}

/// The path of a file or folder from the root, so that the run can be resumed from any folder; a bundled name stays.
pub(in crate::train) fn whole_path(name: &str, near: Option<&Path>) -> Result<String, ConfigError> {
    if name.starts_with("builtin:") {
        return Ok(name.to_string());
    }
    let found = find_file(name, near)?;
    Ok(std::path::absolute(&found).unwrap_or(found).display().to_string())
}

/// The same for a model; a name of the hub stays where there is no such folder.
pub(in crate::train) fn model_path(name: &str, near: Option<&Path>) -> Result<String, ConfigError> {
    match whole_path(name, near) {
        Err(_) if HubName::parse(name).is_some() => Ok(name.to_string()),
        found => found,
    }
}

/// The text of a principles file, or of the one bundled under its name.
pub(in crate::train) fn principles_source(name: &str, near: Option<&Path>) -> Result<Source, ConfigError> {
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
