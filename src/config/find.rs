//! Finding files by the names that people give, and names near to those that they mistyped.

use std::path::{Path, PathBuf};

use super::error::ConfigError;

/// Where a file named inside an experiment is: looked for in the working directory, then in the experiment's folder and
/// the folders above it, so that an experiment runs from anywhere. A folder does, and so does a `*` in the last part of
/// the name when a file matches.
pub fn find_file(name: &str, experiment: Option<&Path>) -> Result<PathBuf, ConfigError> {
    let given = Path::new(name);
    let mut places = vec![given.to_path_buf()];
    if given.is_relative() {
        let working = std::env::current_dir().unwrap_or_default();
        if let Some(experiment) = experiment {
            let experiment = std::path::absolute(experiment).unwrap_or_else(|_| experiment.to_path_buf());
            let above = experiment.ancestors().skip(1).filter(|folder| *folder != working);
            places.extend(above.map(|folder| folder.join(given)));
        }
    }
    if let Some(found) = places.iter().find(|place| is_there(place)) {
        return Ok(found.clone());
    }
    let looked: Vec<String> = places.iter().map(|p| p.display().to_string()).collect();
    let near = places.iter().find_map(|place| {
        let (folder, last) = (place.parent()?, place.file_name()?.to_string_lossy());
        near_name(&last, list_names(folder).iter().map(String::as_str)).map(|n| folder.join(n).display().to_string())
    });
    let near = near.map_or(".".to_string(), |near| format!("; did you mean '{near}'?"));
    Err(ConfigError::one(
        None,
        name,
        format!("no such file{near} Looked for: {}", looked.join(", ")),
    ))
}

fn is_there(path: &Path) -> bool {
    let pattern = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
    path.exists()
        || pattern.contains('*')
            && path
                .parent()
                .is_some_and(|folder| list_names(folder).iter().any(|n| matches_pattern(&pattern, n)))
}

/// The names in a folder, sorted; none when it cannot be read.
pub(crate) fn list_names(folder: &Path) -> Vec<String> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .map(|entries| {
            entries
                .flatten()
                .map(|e| e.file_name().to_string_lossy().into_owned())
                .collect()
        })
        .unwrap_or_default();
    names.sort();
    names
}

/// Whether a name matches a pattern in which `*` stands for any run of characters.
pub(crate) fn matches_pattern(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The candidate that was probably meant: a slip of a letter or two, or a name cut short.
pub(crate) fn near_name<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    candidates
        .map(|candidate| {
            let other = candidate.to_lowercase();
            let cut_short = length >= 3 && (other.starts_with(&word) || word.starts_with(&other) && other.len() >= 3);
            let distance = edits(&word, &other);
            (if cut_short { distance.min(1) } else { distance }, candidate)
        })
        .filter(|(distance, _)| *distance <= (length / 3).clamp(1, 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Letters to add, drop, change or swap with a neighbour to get from one word to the other.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        rows[i][0] = i;
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}
