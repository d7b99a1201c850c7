//! The settings in which runs differ, and how long ago something was.

use std::path::Path;

use super::table::{Cell, Column, Table};
use crate::config::{Plan, Principles, SettingDifference, differences};
use crate::run::{Reader, StoreError};

/// What a run was set up with.
#[derive(Clone, Debug)]
pub struct RunSettings {
    pub name: String,
    pub plan: Plan,
    /// In force last.
    pub principles: Option<Principles>,
}

impl RunSettings {
    /// Reads the run in a folder.
    pub fn of(folder: &Path) -> Result<Self, StoreError> {
        let reader = Reader::open(folder)?;
        let started = reader.started()?;
        Ok(Self {
            name: started.run,
            plan: started.experiment,
            principles: reader.principles()?.pop().map(|version| version.principles),
        })
    }
}

/// The settings in which runs differ, in the order of the experiment file, then the principles in force last.
pub fn setting_differences(runs: &[(&Plan, Option<&Principles>)]) -> Vec<SettingDifference> {
    let plans: Vec<&Plan> = runs.iter().map(|run| run.0).collect();
    let mut rows = differences(&plans);
    let mut names: Vec<&str> = Vec::new();
    for principle in runs.iter().filter_map(|run| run.1).flat_map(|set| &set.entries) {
        if !names.contains(&&*principle.name) {
            names.push(&principle.name);
        }
    }
    let of_each = |value: &dyn Fn(&Principles) -> Option<String>| -> Vec<Option<String>> {
        runs.iter().map(|run| run.1.and_then(value)).collect()
    };
    let preamble = (
        "principles: preamble".to_string(),
        of_each(&|set| Some(set.preamble.trim().to_string())),
    );
    let entries = names.iter().map(|name| {
        let value = |set: &Principles| {
            let entry = set.entries.iter().find(|e| e.name == *name)?;
            let off = if entry.on { "" } else { "(off) " };
            Some(format!("{off}{}", entry.text.trim()))
        };
        (format!("principle: {name}"), of_each(&value))
    });
    let of_principles = std::iter::once(preamble).chain(entries);
    rows.extend(
        of_principles
            .filter(|(_, values)| values.iter().any(|v| *v != values[0]))
            .map(|(key, values)| SettingDifference { key, values }),
    );
    rows
}

/// The differences as a table: a row a setting, a column a run.
pub fn settings_table(runs: &[RunSettings]) -> Table {
    let sides: Vec<(&Plan, Option<&Principles>)> = runs.iter().map(|r| (&r.plan, r.principles.as_ref())).collect();
    let rows = setting_differences(&sides);
    let cell = |value: Option<String>| match value {
        Some(text) => Cell::Text(text),
        None => Cell::Missing { note: None },
    };
    let legend = match rows.is_empty() {
        true => "No setting differs.".to_string(),
        false => "Only settings that differ. Principles are those in force last.".to_string(),
    };
    Table {
        title: "settings".to_string(),
        columns: std::iter::once(Column::new("setting", "setting"))
            .chain(runs.iter().map(|run| Column::new(&run.name, run.name.clone())))
            .collect(),
        rows: rows
            .into_iter()
            .map(|row| {
                std::iter::once(Cell::Text(row.key))
                    .chain(row.values.into_iter().map(cell))
                    .collect()
            })
            .collect(),
        legend: vec![legend],
        ..Table::default()
    }
}

/// "now", "5 min", "3 h", "12 d": the time between two moments in seconds.
pub fn ago(then: u64, now: u64) -> String {
    match now.saturating_sub(then) {
        0..60 => "now".to_string(),
        s @ 60..3600 => format!("{} min", s / 60),
        s @ 3600..172_800 => format!("{} h", s / 3600),
        s @ 172_800..31_536_000 => format!("{} d", s / 86_400),
        s => format!("{} y", s / 31_536_000),
    }
}
