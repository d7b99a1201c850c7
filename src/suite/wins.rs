//! Who won over whom in a suite, as tables and as the bars of Fig. 2.

use std::collections::BTreeMap;

use super::judging::{Met, missing};
use super::plan::SuitePlan;
use crate::config::SuiteJudgeBy;
use crate::judge::{Contest, Contestant};
use crate::report::{Table, WinRates, rates_table, win_rates};

/// The contests of a `[[judge]]` on a task.
pub struct WinsOf {
    /// The name of its picture, without its ending.
    pub name: String,
    pub table: Table,
    pub figure: WinRates,
}

/// Of every judge and every task of which anything was judged.
pub fn of(plan: &SuitePlan, met: &[Met]) -> Vec<WinsOf> {
    let settings = &plan.suite.settings;
    let mut all = Vec::new();
    for (place, judge) in settings.judges.iter().enumerate() {
        for task in settings.tasks.iter().copied() {
            let of: Vec<&Met> = met.iter().filter(|m| (m.judge, m.task) == (place, task)).collect();
            let others = plan.suite.against(judge).into_iter();
            let rows: Vec<(&str, Vec<&Contest>)> = others
                .map(|name| {
                    (
                        name,
                        of.iter().filter(|m| m.against == name).map(|m| &m.contest).collect(),
                    )
                })
                .filter(|(_, contests): &(&str, Vec<&Contest>)| !contests.is_empty())
                .collect();
            if rows.is_empty() {
                continue;
            }
            let (by, words) = match judge.by {
                SuiteJudgeBy::Reward => ("reward", "reward, which most of the methods learn from"),
                SuiteJudgeBy::Truth => ("truth", "truth, which no method sees"),
                SuiteJudgeBy::Http => ("model", "a judge model"),
            };
            let title = format!("{task}: {} against each, judged by {words}", judge.contender);
            let mut table = rates_table(&title, &rows);
            let missing = missing(plan, place, task, met);
            if !missing.is_empty() {
                table
                    .legend
                    .push(format!("not judged, or not yet: {}", missing.join(", ")));
            }
            all.push(WinsOf {
                name: format!("wins-{task}-{by}{}", number(plan, place)),
                table,
                figure: bars(
                    &format!("{task}: {} against each", judge.contender),
                    &judge.contender,
                    &rows,
                ),
            });
        }
    }
    all
}

/// "-2" for the second judge of a kind.
fn number(plan: &SuitePlan, place: usize) -> String {
    let judges = &plan.suite.settings.judges;
    match judges[..place]
        .iter()
        .filter(|other| other.by == judges[place].by)
        .count()
    {
        0 => String::new(),
        earlier => format!("-{}", earlier + 1),
    }
}

/// A bar for each other contender, the queries of all seeds together.
fn bars(title: &str, contender: &str, rows: &[(&str, Vec<&Contest>)]) -> WinRates {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut pooled = Vec::new();
    let mut seeds = 1;
    for (name, contests) in rows {
        seeds = seeds.max(contests.len());
        let Some(contest) = Contest::pooled(contests) else {
            continue;
        };
        names.insert(contest.left.run.clone(), contender.to_string());
        names.insert(contest.right.run.clone(), name.to_string());
        pooled.push(contest);
    }
    let title = match seeds {
        1 => title.to_string(),
        n => format!("{title}, {n} seeds together"),
    };
    let name = |side: &Contestant| names.get(&side.run).cloned().unwrap_or_else(|| side.run.clone());
    win_rates(&title, &pooled, &name)
}
