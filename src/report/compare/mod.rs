//! Runs beside each other: the paper's Tables 1 to 5, from what is stored.

mod contender;
mod groups;
mod published;
mod seeds;
#[cfg(test)]
mod tests;
mod wins;

pub use contender::{Contender, settings_of};
pub use groups::{Group, groups};
pub use published::{put as put_published, row_names};
pub use seeds::mean_and_deviation;
pub use wins::rates as rates_table;

use std::collections::BTreeMap;

use super::full::of_estimate;
use super::table::{Better, Cell, Column, Number, Table};
use crate::config::Published;
use crate::judge::Contest;
use crate::train::{Estimate, FullEvaluation};

/// What the marks of every table mean.
const LEGEND: [&str; 3] = [
    "One run: [95% interval], percentile bootstrap over its queries. Several seeds: mean ± standard deviation over runs.",
    "* best of its column; only where its 95% interval (of several seeds: Student's t over runs) overlaps no other's.",
    "PPL: perplexity of references by token. RM: mean reward. BLEU: of responses; BLEU+x: with the prompt before both.",
];

/// One table a task, in the order of the paper; beside figures that somebody else has published, where there are some.
pub fn tables(contenders: &[Contender], published: Option<&Published>) -> Vec<Table> {
    let mut tasks: Vec<&str> = contenders.iter().map(|c| &c.task[..]).collect();
    tasks.sort_unstable();
    tasks.dedup();
    let of = |task: &str| contenders.iter().filter(|c| c.task == task).collect::<Vec<_>>();
    let beside = |task: &str| {
        let mut table = table(task, &of(task));
        if let (Some(published), Ok(task)) = (published, task.parse()) {
            put_published(&mut table, task, &of(&task.to_string()), published);
        }
        table
    };
    tasks
        .into_iter()
        .flat_map(|task| [Some(beside(task)), wins_table(task, &of(task))])
        .flatten()
        .collect()
}

/// Every contest between two of these runs, for a picture of them, with what each run is called.
pub fn contests(contenders: &[Contender]) -> (Vec<Contest>, BTreeMap<String, String>) {
    let all: Vec<&Contender> = contenders.iter().collect();
    let mut names = BTreeMap::new();
    for group in groups(&all) {
        for member in &group.members {
            let name = match group.members.len() {
                1 => group.name.clone(),
                _ => format!("{} s{}", group.name, member.seed),
            };
            names.insert(member.name.clone(), name);
        }
    }
    (wins::contests(&all), names)
}

/// Where any of these runs of one task were judged beside each other, how often which of them won.
pub fn wins_table(title: &str, of_task: &[&Contender]) -> Option<Table> {
    wins::table(title, &groups(of_task), &wins::contests(of_task))
}

/// One table of runs of one task.
pub fn table(title: &str, of_task: &[&Contender]) -> Table {
    let groups = groups(of_task);
    let columns = [
        Column::new("method", "method"),
        Column::new("runs", "runs"),
        Column::ranked("PPL ↓", "perplexity", Better::Lower),
        Column::ranked("RM ↑", "reward", Better::Higher),
        Column::ranked("BLEU ↑", "bleu", Better::Higher),
        Column::ranked("BLEU+x ↑", "bleu_with_prompt", Better::Higher),
        Column::ranked("truth ↑", "truth", Better::Higher),
        Column::new("tokens", "tokens"),
    ];
    let mut table = Table {
        title: title.to_string(),
        columns: columns.into(),
        legend: LEGEND.map(String::from).into(),
        ..Table::default()
    };
    let queries = queries_of(of_task);
    let several = queries.as_ref().is_some_and(|q| q.contains(" or "));
    for group in &groups {
        let row = row(group, several, &mut table.notes);
        table.rows.push(row);
    }
    for won in wins::columns(&groups, &wins::contests(of_task), &mut |note| {
        place(&mut table.notes, note)
    }) {
        table.columns.push(won.column);
        table.legend.push(won.legend);
        table
            .rows
            .iter_mut()
            .zip(won.cells)
            .for_each(|(row, cell)| row.push(cell));
    }
    let truth = table.columns.iter().position(|c| c.key == "truth");
    let known = |at: usize| table.rows.iter().any(|row| matches!(row[at], Cell::Number(_)));
    if let Some(at) = truth.filter(|at| !known(*at)) {
        table.columns.remove(at);
        table.rows.iter_mut().for_each(|row| {
            row.remove(at);
        });
    }
    let mut signatures: Vec<&str> = of_task
        .iter()
        .filter_map(|c| Some(&c.evaluation.as_ref()?.references.as_ref()?.signature[..]))
        .collect();
    signatures.sort_unstable();
    signatures.dedup();
    table.legend.extend(queries.filter(|_| !several));
    if !signatures.is_empty() {
        table.legend.push(format!("BLEU: {}", signatures.join("; ")));
    }
    table.mark_best();
    table
}

fn row(group: &Group<'_>, several: bool, notes: &mut Vec<String>) -> Vec<Cell> {
    let runs = Number {
        value: group.members.len() as f64,
        n: group.members.len(),
        ..Number::default()
    };
    let mut cells = vec![Cell::Text(group.name.clone()), Cell::Number(runs)];
    let why = why_missing(group).map(|why| place(notes, why));
    let about = about(group, several).map(|about| place(notes, about));
    type Get = fn(&FullEvaluation) -> Option<Estimate>;
    let columns: [(Get, usize); 6] = [
        (|e| Some(e.references.as_ref()?.perplexity), 2),
        (|e| Some(e.reward), 3),
        (|e| Some(e.references.as_ref()?.bleu_response), 1),
        (|e| Some(e.references.as_ref()?.bleu_with_prompt), 1),
        (|e| e.truth, 2),
        (|e| Some(e.length), 1),
    ];
    for (at, (get, digits)) in columns.into_iter().enumerate() {
        let found: Vec<Estimate> = group
            .members
            .iter()
            .filter_map(|c| get(c.evaluation.as_ref()?))
            .collect();
        let mut number = match found[..] {
            [] => None,
            [one] => Some(of_estimate(one, digits)),
            _ => Some(seeds::number(&found, digits)),
        };
        // The length is there to be looked at, not to be compared.
        if let (Some(number), 5) = (&mut number, at) {
            (number.low, number.high) = (None, None);
        }
        let cell = match number {
            Some(mut number) => {
                number.note = if at == 1 { about } else { None };
                Cell::Number(number)
            }
            // During training the reward and the truth are measured, too, on fewer queries and without intervals.
            None => match (at, during_training(group, at == 4)) {
                (1 | 4, Some(mut number)) => {
                    number.digits = digits;
                    number.note = why;
                    Cell::Number(number)
                }
                _ => Cell::Missing { note: why },
            },
        };
        cells.push(cell);
    }
    cells
}

/// The place of a note, which is written once.
fn place(notes: &mut Vec<String>, note: String) -> usize {
    notes.iter().position(|n| *n == note).unwrap_or_else(|| {
        notes.push(note);
        notes.len() - 1
    })
}

fn why_missing(group: &Group<'_>) -> Option<String> {
    let without: Vec<&str> = group
        .members
        .iter()
        .filter(|c| c.evaluation.is_none())
        .map(|c| &c.name[..])
        .collect();
    if without.is_empty() {
        let bare = group
            .members
            .iter()
            .all(|c| c.evaluation.as_ref().is_some_and(|e| e.references.is_none()));
        return bare.then(|| "no query has a reference".to_string());
    }
    let commands: Vec<String> = without.iter().map(|name| format!("`ple eval {name}`")).collect();
    Some(format!(
        "not evaluated as a whole: {} would fill it; rewards without an interval are of the last evaluation during training",
        commands.join(", ")
    ))
}

/// What to know of a group's evaluations. `queries`: say on how many queries they were made.
fn about(group: &Group<'_>, queries: bool) -> Option<String> {
    let evaluations = || group.members.iter().filter_map(|c| Some((c, c.evaluation.as_ref()?)));
    let mut parts = Vec::new();
    let (n, all) = (evaluations().count(), group.members.len());
    if (1..all).contains(&n) {
        parts.push(format!("{n} of {all} runs evaluated"));
    }
    for (run, e) in evaluations() {
        if e.step < run.steps_done {
            parts.push(format!(
                "{} was evaluated after {} of {} steps",
                run.name, e.step, run.steps_done
            ));
        }
        if run.steps_done < run.steps_planned {
            parts.push(format!(
                "{} has done {} of {} steps",
                run.name, run.steps_done, run.steps_planned
            ));
        }
        if run.marks > 0 {
            parts.push(format!("{} was changed by hand while it ran", run.name));
        }
    }
    if queries {
        parts.extend(queries_of(&group.members));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// "64 or 256 queries a run", if any was evaluated.
fn queries_of(contenders: &[&Contender]) -> Option<String> {
    let mut found: Vec<usize> = contenders
        .iter()
        .filter_map(|c| Some(c.evaluation.as_ref()?.queries))
        .collect();
    found.sort_unstable();
    found.dedup();
    let words: Vec<String> = found.iter().map(usize::to_string).collect();
    (!words.is_empty()).then(|| format!("{} queries a run", words.join(" or ")))
}

fn during_training(group: &Group<'_>, truth: bool) -> Option<Number> {
    let get = |c: &&Contender| {
        let last = c.last.as_ref()?;
        if truth {
            last.truth_original
        } else {
            Some(last.reward_original)
        }
    };
    let found: Vec<f64> = group.members.iter().filter_map(get).collect();
    let (mean, deviation) = seeds::mean_and_deviation(&found)?;
    Some(Number {
        value: mean,
        deviation: (found.len() > 1).then_some(deviation),
        n: found.len(),
        ..Number::default()
    })
}
