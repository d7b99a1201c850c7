//! Which queries the case study of a run asks.

use std::path::Path;

use super::setup::{Setup, SetupError};
use crate::assets::builtin_cases;
use crate::config::{Case, Experiment, Source, find_file, parse_cases};
use crate::grammar::Task;
use crate::model::Text;

/// The cases that `[eval] cases` names and the number of those left out as longer than `data.max_query_tokens`.
///
/// A path becomes one from the root, so that the run can be resumed from any folder. What was left open is the bundled
/// dozen for bundled queries and the full set for queries from a file.
pub(super) fn cases(
    experiment: &mut Experiment,
    near: Option<&Path>,
    text: &Text,
) -> Result<(Vec<Case>, usize), SetupError> {
    let task = experiment.task;
    let name = experiment.eval.cases.clone().unwrap_or_else(|| usual(experiment));
    let all = match name.strip_prefix("builtin:") {
        Some(builtin) => builtin_cases(task, is_full(task, builtin, &name)?),
        None => {
            let about = |error: crate::config::ConfigError| SetupError::Other(format!("eval.cases: {error}"));
            let path = find_file(&name, near).map_err(about)?;
            let path = std::path::absolute(&path).unwrap_or(path);
            experiment.eval.cases = Some(path.display().to_string());
            parse_cases(&Source::read(&path).map_err(about)?).map_err(about)?
        }
    };
    let (limit, count) = (experiment.data.max_query_tokens, all.len());
    let fits = |case: &Case| text.encode(&case.query).len() <= limit;
    let cases: Vec<Case> = all.into_iter().filter(fits).collect();
    if cases.is_empty() {
        return Err(SetupError::Other(format!(
            "eval.cases = \"{name}\": each of its {count} queries has more than {limit} tokens; raise \
             data.max_query_tokens, or choose shorter queries"
        )));
    }
    let left_out = count - cases.len();
    Ok((cases, left_out))
}

fn usual(experiment: &Experiment) -> String {
    let full = if experiment.data.queries.starts_with("builtin:") {
        ""
    } else {
        "-full"
    };
    format!("builtin:{}{full}", experiment.task)
}

fn is_full(task: Task, builtin: &str, name: &str) -> Result<bool, SetupError> {
    match builtin.strip_prefix(task.name()) {
        Some("") => Ok(false),
        Some("-full") => Ok(true),
        _ => Err(SetupError::Other(format!(
            "eval.cases = \"{name}\": no such set for this task; there are \"builtin:{task}\" and \"builtin:{task}-full\", \
             or the path of a TOML or JSON lines file"
        ))),
    }
}

impl Setup {
    /// Where the queries came from and what was left out, for people.
    pub fn data_summary(&self) -> String {
        let mut summary = self.pool.summary();
        if let Some(note) = self.prompter.note() {
            summary += &format!("; {note}");
        }
        if self.cases_left_out > 0 {
            let limit = self.experiment.data.max_query_tokens;
            summary += &format!(
                "; case study of {} queries, {} left out: more than {limit} tokens",
                self.cases.len(),
                self.cases_left_out
            );
        }
        summary
    }
}
