//! From stored steps to curves.

use crate::report::compare::{Contender, groups};
use crate::train::StepRecord;

/// Reward curves of one or more methods on one task.
#[derive(Clone, Debug, PartialEq)]
pub struct RewardFigure {
    pub title: String,
    pub lines: Vec<RewardLine>,
}

/// The curves of runs that differ only in their seed.
#[derive(Clone, Debug, PartialEq)]
pub struct RewardLine {
    pub name: String,
    pub runs: usize,
    /// Steps over which rewards are averaged, so that the dice of single batches do not hide the curve.
    pub window: usize,
    /// Rewards of responses without the principles.
    pub original: Vec<Band>,
    /// Those of the other responses of a step, where a method has such, and what they are.
    pub guided: Vec<Band>,
    pub guided_is: &'static str,
    /// (step, tau) of the first run.
    pub tau: Vec<(f64, f64)>,
}

/// A point of a curve: of several runs the mean, and the mean with a standard deviation either way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    pub step: f64,
    pub mean: f64,
    pub low: f64,
    pub high: f64,
}

impl RewardFigure {
    /// The curves of runs of one task. An error says why there is nothing to draw.
    pub fn of(contenders: &[Contender]) -> Result<Self, String> {
        let with_steps: Vec<&Contender> = contenders.iter().filter(|c| !c.steps.is_empty()).collect();
        let Some(first) = with_steps.first() else {
            let names: Vec<&str> = contenders.iter().map(|c| &c.name[..]).collect();
            return Err(format!("{}: no step with rewards to draw", names.join(", ")));
        };
        let title = match with_steps.iter().all(|c| c.title == first.title) {
            true => first.title.clone(),
            false => first.task.clone(),
        };
        let lines = groups(&with_steps).into_iter().map(|group| {
            let steps = group.members.iter().map(|c| c.steps.len()).min().unwrap_or(0);
            let window = steps.div_ceil(25).max(1);
            let curve = |get: fn(&StepRecord) -> f64| {
                let runs: Vec<Vec<f64>> = group
                    .members
                    .iter()
                    .map(|c| smoothed(&c.steps.iter().take(steps).map(get).collect::<Vec<_>>(), window))
                    .collect();
                bands(&runs)
            };
            RewardLine {
                name: group.name.clone(),
                runs: group.members.len(),
                window,
                original: curve(|s| s.reward_original),
                guided: curve(|s| s.reward_guided),
                guided_is: match &group.members[0].method[..] {
                    "raft" => "those kept",
                    "sft" => "the rows",
                    _ => "with principles",
                },
                tau: group.members[0]
                    .steps
                    .iter()
                    .map(|s| (f64::from(s.step), s.tau))
                    .collect(),
            }
        });
        Ok(Self {
            title,
            lines: lines.collect(),
        })
    }
}

/// Means of the finite values in a window around each; fewer at both ends.
fn smoothed(values: &[f64], window: usize) -> Vec<f64> {
    let (before, after) = ((window - 1) / 2, window / 2);
    (0..values.len())
        .map(|i| {
            let near = &values[i.saturating_sub(before)..(i + after + 1).min(values.len())];
            let (sum, n) = near
                .iter()
                .filter(|v| v.is_finite())
                .fold((0.0, 0), |(s, n), v| (s + v, n + 1));
            sum / f64::from(n)
        })
        .collect()
}

/// Points where at least one run has a number.
fn bands(runs: &[Vec<f64>]) -> Vec<Band> {
    let steps = runs.iter().map(Vec::len).min().unwrap_or(0);
    (0..steps)
        .filter_map(|step| {
            let values: Vec<f64> = runs.iter().map(|run| run[step]).filter(|v| v.is_finite()).collect();
            let (mean, deviation) = crate::report::compare::mean_and_deviation(&values)?;
            Some(Band {
                step: step as f64,
                mean,
                low: mean - deviation,
                high: mean + deviation,
            })
        })
        .collect()
}
