//! Who wins over whom in a suite: the answers of whole evaluations, put beside each other query by query.

use std::path::PathBuf;
use std::rc::Rc;

use super::found::Found;
use super::plan::SuitePlan;
use crate::config::{BASE, SuiteJudge, SuiteJudgeBy};
use crate::grammar::Task;
use crate::judge::{Contest, Contestant, EPSILON, JudgeKind, Judged, Pair, Verdict, by_score};
use crate::train::EvaluatedRow;

/// Two contenders of one task with one seed, whom a judge of the suite is to compare.
pub struct Match {
    /// Place of the judge in the suite.
    pub judge: usize,
    pub task: Task,
    pub seed: u64,
    /// The judge's contender.
    pub left: Side,
    pub right: Side,
    /// The first so many queries are judged.
    queries: usize,
}

/// One of the two.
#[derive(Clone)]
pub struct Side {
    /// What the suite calls it.
    pub name: String,
    pub contestant: Contestant,
    /// Of a run; the policy before training has none.
    pub folder: Option<PathBuf>,
    /// Where its rewards come from.
    reward: String,
    rows: Rc<[EvaluatedRow]>,
}

/// What became of a match.
pub struct Met {
    pub judge: usize,
    pub task: Task,
    pub seed: u64,
    /// The right side, as the suite calls it.
    pub against: String,
    pub contest: Contest,
}

/// The matches of all judges between runs that were evaluated.
pub fn matches(plan: &SuitePlan, found: &[Found<'_>]) -> Vec<Match> {
    let settings = &plan.suite.settings;
    let side = |found: &Found<'_>| {
        let evaluation = found.run.evaluation.as_ref()?;
        // Before training a task's contenders are one, and the first of them was asked.
        let first = plan
            .jobs
            .iter()
            .find(|job| (job.task, job.seed) == (found.task, found.seed));
        Some(Side {
            name: found.run.label.clone().unwrap_or_else(|| BASE.into()),
            contestant: Contestant {
                run: found.run.name.clone(),
                method: found.run.method.clone(),
                step: evaluation.step,
                sft_done: evaluation.sft_done,
            },
            folder: found.job.map(|job| plan.run_of(job)),
            reward: found.job.or(first)?.experiment.reward.source(),
            rows: evaluation.rows.clone().into(),
        })
    };
    let sides: Vec<(Task, u64, Side)> = found.iter().filter_map(|f| Some((f.task, f.seed, side(f)?))).collect();
    let named = |task: Task, seed: u64, name: &str| {
        let mut of = sides
            .iter()
            .filter(|(t, s, side)| (*t, *s) == (task, seed) && side.name == name);
        of.next().map(|(.., side)| side.clone())
    };
    let mut matches = Vec::new();
    for (place, judge) in settings.judges.iter().enumerate() {
        for (task, seed) in all(plan) {
            let Some(left) = named(task, seed, &judge.contender) else {
                continue;
            };
            let others = plan.suite.against(judge).into_iter();
            matches.extend(others.filter_map(|other| named(task, seed, other)).map(|right| Match {
                judge: place,
                task,
                seed,
                left: left.clone(),
                right,
                queries: judge.queries.unwrap_or(settings.queries),
            }));
        }
    }
    matches
}

/// Every task with every seed.
fn all(plan: &SuitePlan) -> impl Iterator<Item = (Task, u64)> {
    let settings = &plan.suite.settings;
    let tasks = settings.tasks.iter().copied();
    tasks.flat_map(move |task| settings.seeds.iter().map(move |seed| (task, *seed)))
}

/// Who is not judged, for people: "SFT (seeds 1, 2)". The runs may be missing yet, or have nothing in common to judge by.
pub fn missing(plan: &SuitePlan, judge: usize, task: Task, met: &[Met]) -> Vec<String> {
    let settings = &plan.suite.settings;
    let is_there = |name: &str, seed: u64| {
        met.iter()
            .any(|m| (m.judge, m.task, m.seed) == (judge, task, seed) && m.against == name)
    };
    let others = plan.suite.against(&settings.judges[judge]).into_iter();
    others
        .filter_map(|name| {
            let seeds = settings.seeds.iter().filter(|seed| !is_there(name, **seed));
            let seeds: Vec<String> = seeds.map(u64::to_string).collect();
            let word = if seeds.len() == 1 { "seed" } else { "seeds" };
            (!seeds.is_empty()).then(|| format!("{name} ({word} {})", seeds.join(", ")))
        })
        .collect()
}

impl Match {
    /// Rows of the queries that both answered, at most as many as are judged.
    fn rows(&self) -> impl Iterator<Item = (&EvaluatedRow, &EvaluatedRow)> {
        let both = self.left.rows.iter().zip(self.right.rows.iter());
        both.take(self.queries)
            .filter(|(left, right)| left.query == right.query)
    }

    /// The queries with both answers.
    pub fn pairs(&self) -> Vec<Pair> {
        let pair = |(left, right): (&EvaluatedRow, &EvaluatedRow)| Pair {
            query: left.query.clone(),
            left: left.response.clone(),
            right: right.response.clone(),
        };
        self.rows().map(pair).collect()
    }

    /// Judged by the scores that the evaluations have already. `None` where there is nothing to compare: rewards of two
    /// sources, queries whose truth nobody knows, or no query in common.
    pub fn scored(&self, judge: &SuiteJudge) -> Option<Met> {
        let (kind, name, epsilon) = match judge.by {
            SuiteJudgeBy::Http => return None,
            SuiteJudgeBy::Reward if self.left.reward != self.right.reward => return None,
            SuiteJudgeBy::Reward => (JudgeKind::Reward, self.left.reward.clone(), EPSILON),
            SuiteJudgeBy::Truth => (JudgeKind::Truth, "the grammar's checker".to_string(), 0.0),
        };
        let score = |row: &EvaluatedRow| match kind {
            JudgeKind::Truth => row.truth,
            // JSON has no word for a number that is none.
            _ => Some(row.reward).filter(|reward| reward.is_finite()),
        };
        let row = |(left, right): (&EvaluatedRow, &EvaluatedRow)| {
            let scores = [score(left), score(right)];
            let verdict: Option<Verdict> = scores[0].zip(scores[1]).and_then(|(a, b)| by_score(a, b, epsilon));
            Judged {
                query: left.query.clone(),
                left: left.response.clone(),
                right: right.response.clone(),
                verdict,
                scores: Some(scores),
                rounds: None,
            }
        };
        let rows: Vec<Judged> = self.rows().map(row).collect();
        if rows.iter().all(|row| row.verdict.is_none()) {
            return None;
        }
        Some(self.met(Contest {
            task: self.task.to_string(),
            left: self.left.contestant.clone(),
            right: self.right.contestant.clone(),
            kind,
            judge: name,
            about: Vec::new(),
            seed: self.seed,
            rows,
        }))
    }

    /// What became of it.
    pub fn met(&self, contest: Contest) -> Met {
        Met {
            judge: self.judge,
            task: self.task,
            seed: self.seed,
            against: self.right.name.clone(),
            contest,
        }
    }
}
