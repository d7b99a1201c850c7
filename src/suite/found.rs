//! Which runs of a suite can be compared already.

use super::plan::{Job, SuitePlan};
use super::standing::Standing;
use crate::config::BASE;
use crate::grammar::Task;
use crate::report::Contender;

/// A row of the results: a run that was evaluated where it ended.
pub struct Found<'a> {
    /// `None`: the policy before training.
    pub job: Option<&'a Job>,
    pub task: Task,
    pub seed: u64,
    pub run: Contender,
}

/// All runs of the plan that were evaluated, whichever of them were chosen this time.
pub fn found(plan: &SuitePlan) -> Result<Vec<Found<'_>>, String> {
    let settings = &plan.suite.settings;
    let mut found = Vec::new();
    for task in settings.tasks.iter().copied() {
        for seed in settings.seeds.iter().copied().filter(|_| settings.base) {
            let path = plan.base_of(task, seed);
            if path.is_file() {
                let mut run = Contender::of_file(&path)?;
                run.label = Some(BASE.into());
                let job = None;
                found.push(Found { job, task, seed, run });
            }
        }
    }
    for job in &plan.jobs {
        let folder = plan.run_of(job);
        let standing = Standing::of(job, &folder, settings.queries)?;
        let evaluated = |run: &Contender| {
            let evaluation = run.evaluation.as_ref();
            evaluation.is_some_and(|e| e.step == run.steps_done && run.steps_done > 0)
        };
        let run = match standing {
            // A run that failed is evaluated where it ended.
            Standing::Done | Standing::Begun { .. } => Some(Contender::of_run(&folder)?).filter(evaluated),
            _ => None,
        };
        if let Some(mut run) = run {
            run.label = Some(job.label.clone());
            let (task, seed) = (job.task, job.seed);
            let job = Some(job);
            found.push(Found { job, task, seed, run });
        }
    }
    Ok(found)
}
