//! The settings of a run that is there already: all of them by key, what differs between runs, and changing some.

use serde::{Deserialize, Serialize};

use super::error::ConfigError;
use super::fit::Plan;
use super::load::{Source, load_plan};
use super::overrides::spelt_out;
use super::schema;
use super::tree::{self, Node, Value};
use super::write::plan_to_toml;

/// A setting that was changed. Values are as the experiment file writes them, without quotes; empty where there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Dotted, as for `--set`.
    pub key: String,
    pub from: String,
    pub to: String,
}

impl Change {
    /// For charts: "tau0 0.2 -> 0.1".
    pub fn label(&self) -> String {
        let name = self.key.strip_prefix("method.").unwrap_or(&self.key);
        match (&*self.from, &*self.to) {
            ("", to) => format!("{name} {to}"),
            (from, "") => format!("no {name} (was {from})"),
            (from, to) => format!("{name} {from} -> {to}"),
        }
    }
}

/// Settings that differ between runs: a key, and its value in each run, `None` where that run has no such setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub key: String,
    pub values: Vec<Option<String>>,
}

/// A plan after some settings were changed.
#[derive(Clone, Debug)]
pub struct Altered {
    pub plan: Plan,
    /// The keys that were named, in full, in the order in which they were.
    pub named: Vec<String>,
    /// What came of it, in the order of the file: a key that was named and had the value already is not here, and one that
    /// went or came with another method is.
    pub changes: Vec<Change>,
}

/// Every setting that means something in a plan, in the order of the file.
pub fn settings(plan: &Plan) -> Vec<(String, String)> {
    let mut found = Vec::new();
    // What was written by this program is TOML.
    if let Ok(root) = tree::parse(&plan_to_toml(plan)) {
        flatten("", &root, &mut found);
    }
    found
}

/// The settings in which plans differ, in the order of the file.
pub fn differences(plans: &[&Plan]) -> Vec<Difference> {
    let all: Vec<Vec<(String, String)>> = plans.iter().map(|plan| settings(plan)).collect();
    let mut keys: Vec<&String> = Vec::new();
    for (key, _) in all.iter().flatten() {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    // A key that only some have stands beside its neighbours of the same table.
    keys.sort_by_key(|key| place(key));
    let value = |of: &[(String, String)], key: &str| of.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    keys.into_iter()
        .map(|key| Difference {
            key: key.clone(),
            values: all.iter().map(|of| value(of, key)).collect(),
        })
        .filter(|row| row.values.iter().any(|v| *v != row.values[0]))
        .collect()
}

/// Changes settings of a run that is called `name` in messages; the whole is checked as an experiment file is.
pub fn alter(plan: &Plan, name: &str, sets: &[String]) -> Result<Altered, ConfigError> {
    let sets: Vec<String> = sets.iter().map(|set| spelt_out(set)).collect();
    same_kind(plan, &sets)?;
    let source = Source {
        path: None,
        name: format!("the settings of {name}"),
        text: plan_to_toml(plan),
    };
    let altered = load_plan(&source, &sets)?;
    let changes = differences(&[plan, &altered])
        .into_iter()
        .map(|row| Change {
            key: row.key,
            from: row.values[0].clone().unwrap_or_default(),
            to: row.values[1].clone().unwrap_or_default(),
        })
        .collect();
    let named = sets
        .iter()
        .filter_map(|set| Some(set.split_once('=')?.0.trim().to_string()));
    Ok(Altered {
        plan: altered,
        named: named.collect(),
        changes,
    })
}

/// A run of one kind has none of the settings of the other.
fn same_kind(plan: &Plan, sets: &[String]) -> Result<(), ConfigError> {
    let name = |set: &String| Some(set.split_once('=')?.1.trim().trim_matches('"').to_string());
    let Some(set) = sets.iter().rfind(|set| set.trim_start().starts_with("method.name")) else {
        return Ok(());
    };
    let trains_model = name(set).is_some_and(|name| schema::FIT_METHODS.contains(&name.as_str()));
    let message = match (plan, trains_model) {
        (Plan::Align(_), true) => "trains a model on rows; this run aligns a policy: by ple, sft, dpo, ppo or raft",
        (Plan::Fit(_), false) => "aligns a policy; this run trains a model on rows, which has one method",
        _ => return Ok(()),
    };
    Err(ConfigError::one(None, format!("--set {set}"), message))
}

/// Tables in the order of the file: the number of the section, then the key as it came.
fn place(key: &str) -> usize {
    const SECTIONS: [&str; 10] = [
        "policy",
        "reward",
        "model",
        "data",
        "principles",
        "sft",
        "method",
        "generation",
        "eval",
        "checkpoint",
    ];
    match key.split_once('.') {
        None => 0,
        Some((section, _)) => {
            SECTIONS
                .iter()
                .position(|s| *s == section)
                .map_or(SECTIONS.len(), |i| i)
                + 1
        }
    }
}

fn flatten(above: &str, node: &Node, found: &mut Vec<(String, String)>) {
    for (name, node) in node.entries() {
        let key = if above.is_empty() {
            name.clone()
        } else {
            format!("{above}.{name}")
        };
        match &node.value {
            Value::Table(_) => flatten(&key, node, found),
            value => found.push((key, show(value))),
        }
    }
}

/// A value as people read it: text without quotes.
fn show(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Whole(n) => n.to_string(),
        Value::Number(x) if x.abs() < 1e-3 && *x != 0.0 => format!("{x:e}"),
        Value::Number(x) => x.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Date => String::new(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| show(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(k, v)| format!("{k} = {}", show(&v.value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}
