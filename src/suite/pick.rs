//! Which runs of a suite are to be done: `--only` and `--seeds`.

use super::plan::{Job, SuitePlan};
use crate::config::slug;

/// A choice among the runs of a suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pick {
    /// Names of contenders (in any spelling) and tasks. Of either kind none means all.
    pub only: Vec<String>,
    /// Empty: all.
    pub seeds: Vec<u64>,
}

impl Pick {
    /// The places of the chosen jobs, in their order. An error names what the suite does not have.
    pub fn of(&self, plan: &SuitePlan) -> Result<Vec<usize>, String> {
        let settings = &plan.suite.settings;
        let (mut tasks, mut contenders) = (Vec::new(), Vec::new());
        for name in &self.only {
            let task = settings.tasks.iter().find(|task| task.name() == name.to_lowercase());
            let contender = settings.contenders.iter().position(|c| slug(&c.name) == slug(name));
            match (task, contender) {
                (Some(task), _) => tasks.push(*task),
                (None, Some(contender)) => contenders.push(contender),
                (None, None) => {
                    let tasks: Vec<&str> = settings.tasks.iter().map(|task| task.name()).collect();
                    let names: Vec<&str> = settings.contenders.iter().map(|c| &c.name[..]).collect();
                    return Err(format!(
                        "--only {name}: neither a task nor a contender of {}; the tasks are {}, the contenders {}",
                        plan.suite.source.name,
                        tasks.join(", "),
                        names.join(", ")
                    ));
                }
            }
        }
        if let Some(seed) = self.seeds.iter().find(|seed| !settings.seeds.contains(seed)) {
            let seeds: Vec<String> = settings.seeds.iter().map(u64::to_string).collect();
            return Err(format!(
                "--seeds {seed}: not a seed of {}; its seeds are {}",
                plan.suite.source.name,
                seeds.join(", ")
            ));
        }
        let wanted = |job: &Job| {
            (tasks.is_empty() || tasks.contains(&job.task))
                && (contenders.is_empty() || contenders.contains(&job.contender))
                && (self.seeds.is_empty() || self.seeds.contains(&job.seed))
        };
        let chosen = plan.jobs.iter().enumerate().filter(|(_, job)| wanted(job));
        Ok(chosen.map(|(place, _)| place).collect())
    }
}
