//! Which of the runs of a list are wanted, and how they descend from each other.

use super::list::RunSummary;

/// A row of a list that shows descent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Place in the list that was given.
    pub run: usize,
    /// What stands before the name: "├─ ", "│  └─ ", ...
    pub stem: String,
}

impl RunSummary {
    /// Whether a run passes a filter: every word of it is in the run's name, title, task, method, state, tags or note, in
    /// either case. `#word` is a tag; `state:`, `method:`, `task:`, `tag:`, `name:` and `parent:` look in one place; a `-` in
    /// front turns a word round.
    pub fn passes(&self, filter: &str) -> bool {
        filter.split_whitespace().all(|word| match word.strip_prefix('-') {
            Some(word) if !word.is_empty() => !self.has(word),
            _ => self.has(word),
        })
    }

    fn has(&self, word: &str) -> bool {
        let word = word.to_lowercase();
        let holds = |text: &str, part: &str| text.to_lowercase().contains(part);
        let tagged = |part: &str| self.tags.iter().any(|tag| tag.to_lowercase().starts_with(part));
        if let Some(tag) = word.strip_prefix('#') {
            return tagged(tag);
        }
        match word.split_once(':') {
            Some(("state", part)) => holds(&self.state, part),
            Some(("method", part)) => holds(&self.method, part),
            Some(("task", part)) => holds(&self.task, part),
            Some(("name", part)) => holds(&self.name, part),
            Some(("tag", part)) => tagged(part),
            Some(("parent", part)) => self.origin.as_ref().is_some_and(|o| holds(&o.run, part)),
            _ => [
                &self.name,
                &self.title,
                &self.task,
                &self.method,
                &self.state,
                &self.note,
            ]
            .into_iter()
            .chain(&self.tags)
            .any(|text| holds(text, &word)),
        }
    }
}

/// The rows of a list as a tree: forks below their parents in the order of the steps at which they begin. The order of
/// those without a parent in the list is kept.
pub fn lineage(runs: &[RunSummary]) -> Vec<Branch> {
    let whole = |run: &RunSummary| std::path::absolute(&run.path).unwrap_or_else(|_| run.path.clone());
    let paths: Vec<std::path::PathBuf> = runs.iter().map(whole).collect();
    // By path first: a name may have been given to another run since.
    let parent = |i: usize| -> Option<usize> {
        let origin = runs[i].origin.as_ref()?;
        let by_path = |j: &usize| paths[*j] == std::path::Path::new(&origin.path);
        let others = || (0..runs.len()).filter(|j| *j != i);
        others()
            .find(by_path)
            .or_else(|| others().find(|j| runs[*j].name == origin.run))
    };
    let parents: Vec<Option<usize>> = (0..runs.len()).map(parent).collect();
    // A name that was given twice could make a ring; whoever is in one is a root.
    let is_root = |i: usize| {
        let mut at = parents[i];
        for _ in 0..runs.len() {
            match at {
                None => return parents[i].is_none(),
                Some(j) => at = parents[j],
            }
        }
        true
    };
    let roots: Vec<usize> = (0..runs.len()).filter(|i| is_root(*i)).collect();
    let mut rows = Vec::with_capacity(runs.len());
    for &root in &roots {
        grow(runs, &parents, &roots, root, "", None, &mut rows);
    }
    rows
}

fn grow(
    runs: &[RunSummary],
    parents: &[Option<usize>],
    roots: &[usize],
    run: usize,
    above: &str,
    last: Option<bool>,
    rows: &mut Vec<Branch>,
) {
    let (stem, below) = match last {
        None => (String::new(), String::new()),
        Some(false) => (format!("{above}├─ "), format!("{above}│  ")),
        Some(true) => (format!("{above}└─ "), format!("{above}   ")),
    };
    rows.push(Branch { run, stem });
    let mut forks: Vec<usize> = (0..runs.len())
        .filter(|i| parents[*i] == Some(run) && !roots.contains(i))
        .collect();
    forks.sort_by_key(|i| runs[*i].origin.as_ref().map(|o| o.step));
    for (place, fork) in forks.iter().enumerate() {
        grow(
            runs,
            parents,
            roots,
            *fork,
            &below,
            Some(place + 1 == forks.len()),
            rows,
        );
    }
}
