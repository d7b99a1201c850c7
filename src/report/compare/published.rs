//! Figures that somebody else has published, in columns of their own beside those that were measured here.

use super::groups::{Group, groups};
use super::{Contender, place};
use crate::config::{Published, PublishedFigure, slug};
use crate::grammar::Task;
use crate::report::table::{Cell, Column, Number, Table};

/// The columns that can have figures, by their keys, and those of the figures.
const COLUMNS: [(&str, &str); 4] = [
    ("perplexity", "perplexity_published"),
    ("reward", "reward_published"),
    ("bleu", "bleu_published"),
    ("bleu_with_prompt", "bleu_with_prompt_published"),
];

/// Puts the figures of a task into the table of these runs: a column behind each of ours that has any, in whatever task, so that
/// all tables have the same. They take no part in what is marked as best, which was marked before.
pub fn put(table: &mut Table, task: Task, of_task: &[&Contender], published: &Published) {
    let groups = groups(of_task);
    let rows: Vec<Option<usize>> = published.figures.iter().map(|figure| row_of(figure, &groups)).collect();
    let mut used = false;
    for (key, own_key) in COLUMNS {
        let of_column = || published.figures.iter().zip(&rows).filter(|(f, _)| f.column == key);
        let Some(at) = table.columns.iter().position(|column| column.key == key) else {
            continue;
        };
        if !of_column().any(|(figure, _)| figure.method.is_some()) {
            continue;
        }
        used = true;
        let name = table.columns[at].name.trim_end_matches([' ', '↑', '↓']).to_string();
        let column = Column::new(&format!("{name}, {}", published.label), own_key);
        table.columns.insert(at + 1, column);
        for (group, row) in table.rows.iter_mut().enumerate() {
            let mut here = of_column().filter(|(figure, row)| figure.task == task && **row == Some(group));
            let cell = match here.next() {
                Some((figure, _)) => cell(figure, &mut table.notes),
                None => Cell::Missing { note: None },
            };
            row.insert(at + 1, cell);
        }
    }
    let mut whole = Vec::new();
    let mut without: Vec<&str> = Vec::new();
    for (figure, row) in published.figures.iter().zip(&rows).filter(|(f, _)| f.task == task) {
        let Some(method) = &figure.method else {
            let name = table.columns.iter().find(|column| column.key == figure.column);
            let name = name.map_or(&figure.column[..], |column| {
                column.name.trim_end_matches([' ', '↑', '↓'])
            });
            whole.push(format!("{name}, {}: {}", published.label, range(figure)));
            continue;
        };
        if row.is_none() && !without.contains(&&method[..]) {
            without.push(method);
        }
    }
    if used || !whole.is_empty() {
        let source = published.source.as_deref().unwrap_or("as each of them says");
        table.legend.push(format!(
            "{}: as published ({source}); not measured here, and no part of what is marked",
            published.label
        ));
    }
    table.legend.extend(whole);
    if !without.is_empty() {
        table.legend.push(format!(
            "{}: figures of {} have no row of their own here",
            published.label,
            without.join(", ")
        ));
    }
}

/// The row of a figure: the one that is called so, or the only one of the method of that name.
fn row_of(figure: &PublishedFigure, groups: &[Group<'_>]) -> Option<usize> {
    let method = slug(figure.method.as_deref()?);
    let named = groups.iter().position(|group| slug(&group.name) == method);
    named.or_else(|| {
        let mut of: Vec<usize> = (0..groups.len())
            .filter(|group| groups[*group].members[0].method == method)
            .collect();
        (of.len() == 1).then(|| of.remove(0))
    })
}

fn cell(figure: &PublishedFigure, notes: &mut Vec<String>) -> Cell {
    let parts: Vec<&str> = [&figure.note, &figure.source]
        .into_iter()
        .flatten()
        .map(|s| &s[..])
        .collect();
    let note = (!parts.is_empty()).then(|| place(notes, parts.join("; ")));
    match figure.value {
        Some(value) => Cell::Number(Number {
            value,
            digits: digits(value),
            low: figure.low,
            high: figure.high,
            note,
            ..Number::default()
        }),
        None => Cell::Missing { note },
    }
}

/// Digits after the point as the file has them, but for zeros at the end.
fn digits(value: f64) -> usize {
    value.to_string().split_once('.').map_or(0, |(_, digits)| digits.len())
}

/// "82 to 88 (where it is from)"
fn range(figure: &PublishedFigure) -> String {
    let number = |x: Option<f64>| x.map_or(String::new(), |x| x.to_string());
    let range = match (figure.value, figure.low, figure.high) {
        (Some(value), None, None) => value.to_string(),
        (Some(value), low, high) => format!("{value} [{}, {}]", number(low), number(high)),
        (None, low, high) => format!("{} to {}", number(low), number(high)),
    };
    let about: Vec<&str> = [&figure.note, &figure.source]
        .into_iter()
        .flatten()
        .map(|s| &s[..])
        .collect();
    match about[..] {
        [] => range,
        _ => format!("{range} ({})", about.join("; ")),
    }
}

/// What the rows of a comparison of these runs are called.
pub fn row_names(contenders: &[Contender]) -> Vec<String> {
    let mut tasks: Vec<&str> = contenders.iter().map(|c| &c.task[..]).collect();
    tasks.sort_unstable();
    tasks.dedup();
    let of = |task: &str| contenders.iter().filter(|c| c.task == task).collect::<Vec<_>>();
    let mut names: Vec<String> = tasks
        .into_iter()
        .flat_map(|task| {
            groups(&of(task))
                .into_iter()
                .map(|group| group.name)
                .collect::<Vec<_>>()
        })
        .collect();
    names.sort();
    names.dedup();
    names
}
