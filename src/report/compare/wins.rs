//! Win rates between the rows of a comparison.

use super::groups::Group;
use super::{Contender, seeds};
use crate::judge::{Contest, Contestant, JudgeKind};
use crate::report::table::{Cell, Column, Number, Table};
use crate::report::wins::{judged_by, percent};
use crate::train::Estimate;

/// A column of the table: how often each row won over one of them.
pub struct Wins {
    pub column: Column,
    /// What it means.
    pub legend: String,
    /// A cell a row.
    pub cells: Vec<Cell>,
}

/// Every contest between two of these runs, once, whichever of them it is stored in. Of two policies of the same runs by the
/// same judge the newest; of people what they say together, where there are several.
pub fn contests(contenders: &[&Contender]) -> Vec<Contest> {
    let known = |side: &Contestant| contenders.iter().any(|c| c.name == side.run);
    let all = contenders.iter().flat_map(|c| &c.contests);
    let mut found: Vec<Contest> = Vec::new();
    for contest in all.filter(|c| c.left.run != c.right.run && known(&c.left) && known(&c.right)) {
        let same = |other: &&mut Contest| {
            let runs = |c: &Contest| [c.left.run.clone(), c.right.run.clone()];
            let [a, b] = runs(contest);
            let judges =
                contest.kind == other.kind && (contest.kind == JudgeKind::People || contest.judge == other.judge);
            judges && (runs(other) == [a.clone(), b.clone()] || runs(other) == [b, a])
        };
        match found.iter_mut().find(same) {
            // Of people the contest stored last is that of all together.
            Some(other) => *other = contest.clone(),
            None => found.push(contest.clone()),
        }
    }
    found
}

/// The place of the group that a side of a contest is in.
fn group_of(groups: &[Group<'_>], side: &Contestant) -> Option<usize> {
    groups
        .iter()
        .position(|group| group.members.iter().any(|c| c.name == side.run))
}

/// Columns of wins over the group that most contests are against, one a kind of judge; of equals the first, which is the
/// one before PLE in the order of the paper. `marks` gives the place of a note.
pub fn columns(groups: &[Group<'_>], contests: &[Contest], mark: &mut dyn FnMut(String) -> usize) -> Vec<Wins> {
    let places: Vec<(usize, usize, &Contest)> = contests
        .iter()
        .filter_map(|c| Some((group_of(groups, &c.left)?, group_of(groups, &c.right)?, c)))
        .filter(|(left, right, _)| left != right)
        .collect();
    let met = |group: usize| {
        let mut others: Vec<usize> = places
            .iter()
            .filter_map(|(l, r, _)| match group {
                g if g == *l => Some(*r),
                g if g == *r => Some(*l),
                _ => None,
            })
            .collect();
        others.sort_unstable();
        others.dedup();
        others.len()
    };
    let Some(most) = (0..groups.len()).rev().max_by_key(|g| met(*g)).filter(|g| met(*g) > 0) else {
        return Vec::new();
    };
    const KINDS: [(JudgeKind, &str, &str); 4] = [
        (JudgeKind::Reward, "reward", "wins_reward"),
        (JudgeKind::Truth, "truth", "wins_truth"),
        (JudgeKind::Model, "", "wins_model"),
        (JudgeKind::People, "people", "wins_people"),
    ];
    let column = |(kind, word, key): (JudgeKind, &str, &'static str)| {
        let of_kind: Vec<&(usize, usize, &Contest)> = places.iter().filter(|(.., c)| c.kind == kind).collect();
        // Of several models the one asked last.
        let judge = &of_kind.last()?.2.judge;
        let of_judge = || {
            of_kind
                .iter()
                .filter(|(.., c)| kind != JudgeKind::Model || c.judge == *judge)
        };
        let cells: Vec<Cell> = (0..groups.len())
            .map(|group| {
                let (mut shares, mut old): (Vec<Estimate>, Vec<String>) = (Vec::new(), Vec::new());
                for (left, right, contest) in of_judge() {
                    let outcome = contest.outcome();
                    let share = match (*left, *right) {
                        (l, r) if (l, r) == (group, most) => outcome.win,
                        (l, r) if (r, l) == (group, most) => outcome.lose,
                        _ => continue,
                    };
                    shares.push(share);
                    old.extend(before_the_end(groups, contest));
                }
                let note = (!old.is_empty()).then(|| mark(old.join("; ")));
                number(&shares).map_or(Cell::Missing { note: None }, |number| {
                    Cell::Number(Number { note, ..number })
                })
            })
            .collect();
        let some = cells.iter().any(|cell| matches!(cell, Cell::Number(_)));
        let word = if word.is_empty() { judge } else { word };
        some.then(|| Wins {
            column: Column::new(&format!("win % {word}"), key),
            legend: format!(
                "win % {word}: of the queries, how many are won against {}",
                groups[most].name
            ),
            cells,
        })
    };
    KINDS.into_iter().filter_map(column).collect()
}

fn number(shares: &[Estimate]) -> Option<Number> {
    match shares {
        [] => None,
        [one] => Some(percent(*one)),
        several => {
            let hundred = |e: &Estimate| Estimate {
                mean: 100.0 * e.mean,
                low: 100.0 * e.low,
                high: 100.0 * e.high,
            };
            let mut number = seeds::number(&several.iter().map(hundred).collect::<Vec<_>>(), 1);
            // Of few seeds Student's interval may reach beyond what a share can be.
            number.low = number.low.map(|low| low.max(0.0));
            number.high = number.high.map(|high| high.min(100.0));
            Some(number)
        }
    }
}

/// Which sides of a contest have gone on since they were judged.
fn before_the_end(groups: &[Group<'_>], contest: &Contest) -> Vec<String> {
    let mut found = Vec::new();
    for side in [&contest.left, &contest.right] {
        let member = groups.iter().flat_map(|g| &g.members).find(|c| c.name == side.run);
        let done = if side.step == 0 { side.sft_done } else { side.step };
        if let Some(run) = member.filter(|run| done < run.steps_done) {
            found.push(format!(
                "{} was judged after {done} of {} steps",
                side.run, run.steps_done
            ));
        }
    }
    found
}

/// One contender against others, a row each, whose contests differ in their seed alone: wins, ties and losses in percent.
pub fn rates(title: &str, rows: &[(&str, Vec<&Contest>)]) -> Table {
    let cells = |(name, contests): &(&str, Vec<&Contest>)| {
        let outcomes: Vec<_> = contests.iter().map(|contest| contest.outcome()).collect();
        let share = |get: fn(&crate::judge::Outcome) -> Estimate| {
            let shares: Vec<Estimate> = outcomes.iter().map(get).collect();
            number(&shares).map_or(Cell::Missing { note: None }, Cell::Number)
        };
        let count = |value: usize| {
            Cell::Number(Number {
                value: value as f64,
                n: contests.len(),
                ..Number::default()
            })
        };
        vec![
            Cell::Text(name.to_string()),
            count(contests.len()),
            share(|o| o.win),
            share(|o| o.tie),
            share(|o| o.lose),
            count(outcomes.iter().map(|o| o.n).sum()),
        ]
    };
    let mut legend = vec![
        "Percent of queries. One seed: [95% interval], percentile bootstrap over queries. Several: mean ± standard deviation over \
         seeds."
            .to_string(),
    ];
    let all = || rows.iter().flat_map(|(_, contests)| contests);
    let mut said: Vec<String> = all().map(|contest| judged_by(contest)).collect();
    said.dedup();
    legend.push(format!("judged by {}", said.join("; ")));
    for line in all().flat_map(|contest| &contest.about) {
        if !legend.contains(line) {
            legend.push(line.clone());
        }
    }
    let without: usize = all().map(|contest| contest.outcome().without).sum();
    if without > 0 {
        legend.push(format!("{without} queries are without a verdict and not counted"));
    }
    Table {
        title: title.to_string(),
        columns: vec![
            Column::new("against", "against"),
            Column::new("seeds", "seeds"),
            Column::new("win %", "win"),
            Column::new("tie %", "tie"),
            Column::new("lose %", "lose"),
            Column::new("queries", "n"),
        ],
        rows: rows.iter().map(cells).collect(),
        legend,
        notes: Vec::new(),
    }
}

/// Every contest as a row: wins, ties and losses. `None` without one.
pub fn table(task: &str, groups: &[Group<'_>], contests: &[Contest]) -> Option<Table> {
    let name = |side: &Contestant| {
        let Some(group) = group_of(groups, side) else {
            return side.run.clone();
        };
        match groups[group].members.len() {
            1 => groups[group].name.clone(),
            _ => format!("{} [{}]", groups[group].name, side.run),
        }
    };
    let row = |contest: &Contest| {
        let outcome = contest.outcome();
        let count = Number {
            value: outcome.n as f64,
            n: 1,
            ..Number::default()
        };
        vec![
            Cell::Text(format!(
                "{} against {}, {}",
                name(&contest.left),
                name(&contest.right),
                judged_by(contest)
            )),
            Cell::Number(percent(outcome.win)),
            Cell::Number(percent(outcome.tie)),
            Cell::Number(percent(outcome.lose)),
            Cell::Number(count),
        ]
    };
    let rows: Vec<Vec<Cell>> = contests.iter().map(row).collect();
    (!rows.is_empty()).then(|| Table {
        title: format!("{task}: win rates"),
        columns: vec![
            Column::new("contest", "contest"),
            Column::new("win %", "win"),
            Column::new("tie %", "tie"),
            Column::new("lose %", "lose"),
            Column::new("queries", "n"),
        ],
        rows,
        legend: vec!["[95% interval]: percentile bootstrap over queries. A judge model is asked in both orders: one wins where both \
                      rounds say so, everything else is a tie."
            .into()],
        notes: Vec::new(),
    })
}
