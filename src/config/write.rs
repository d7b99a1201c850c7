//! Writing the two files: laid out as a person would, and read back equal.

use serde_json::Value as Json;
use toml_edit::Value;

use super::experiment::Experiment;
use super::fit::Plan;
use super::key::{Key, Kind};
use super::method::MethodSettings;
use super::methods::{MethodName, RaftKeep};
use super::numbering::Numbering;
use super::principles::Principles;
use super::schema;

/// The experiment as a file, with every setting spelt out: what a run stores.
pub fn experiment_to_toml(experiment: &Experiment) -> String {
    let mut out = String::new();
    // Serialising plain data to JSON values does not fail; an empty table would then fail to load, and say so.
    let mut json = serde_json::to_value(experiment).unwrap_or_default();
    if let Some(method) = json.get_mut("method").and_then(Json::as_object_mut) {
        // What a method has no use for would be refused when the file is read again.
        method.retain(|key, _| {
            experiment.method.name == MethodName::Ple || !MethodSettings::PLE_KEYS.contains(&key.as_str())
        });
        if experiment.method.raft().keep == RaftKeep::Local
            && let Some(raft) = method.get_mut("raft").and_then(Json::as_object_mut)
        {
            raft.remove("share");
        }
    }
    write_table(&mut out, "", schema::EXPERIMENT, &json);
    out
}

/// Either kind of experiment as a file, with every setting spelt out.
pub fn plan_to_toml(plan: &Plan) -> String {
    match plan {
        Plan::Align(experiment) => experiment_to_toml(experiment),
        Plan::Fit(experiment) => {
            let mut out = String::new();
            // As above: plain data does not fail to serialise.
            write_table(
                &mut out,
                "",
                schema::FIT,
                &serde_json::to_value(experiment).unwrap_or_default(),
            );
            out
        }
    }
}

/// The table of a dotted path, and those below it, which a file has after its own keys.
fn write_table(out: &mut String, path: &str, keys: &[Key], json: &Json) {
    let is_section = |key: &&Key| matches!(key.kind, Kind::Section(_) | Kind::Sections(_));
    for key in keys
        .iter()
        .filter(|k| !is_section(k))
        .chain(keys.iter().filter(is_section))
    {
        let Some(value) = json.get(key.name) else { continue };
        match &key.kind {
            Kind::Section(keys) => {
                let path = match path {
                    "" => key.name.to_string(),
                    above => format!("{above}.{}", key.name),
                };
                out.push_str(&format!("\n[{path}]\n"));
                write_table(out, &path, keys, value);
            }
            Kind::Sections(keys) => {
                for item in value.as_array().into_iter().flatten() {
                    out.push_str(&format!("\n[[{}]]\n", key.name));
                    write_table(out, key.name, keys, item);
                }
            }
            Kind::WordOrTable { keys, .. } if value.is_object() => {
                out.push_str(&format!("{} = {}\n", key.name, inline(keys, value)));
            }
            Kind::Sorts(sorts) => {
                out.push_str(&format!("{} = [\n", key.name));
                for item in value.as_array().into_iter().flatten() {
                    let is_of = |sort: &&&[Key]| sort.first().is_some_and(|k| item.get(k.name).is_some());
                    let keys = sorts.iter().find(is_of).copied().unwrap_or_default();
                    out.push_str(&format!("    {},\n", inline(keys, item)));
                }
                out.push_str("]\n");
            }
            _ => out.push_str(&format!("{} = {}\n", key.name, scalar(value))),
        }
    }
}

/// `{ rank = 8, alpha = 16.0 }`
fn inline(keys: &[Key], table: &Json) -> String {
    let inner: Vec<String> = keys
        .iter()
        .filter_map(|k| table.get(k.name).map(|v| format!("{} = {}", k.name, scalar(v))))
        .collect();
    format!("{{ {} }}", inner.join(", "))
}

/// One value as TOML. Whole numbers are written as JSON has them, since `toml_edit` stops at the half of `u64`.
fn scalar(json: &Json) -> String {
    match json {
        Json::String(text) => quote(text),
        Json::Number(n) => match (n.as_u64(), n.as_f64()) {
            (None, Some(x)) if n.is_f64() => Value::from(x).to_string(),
            _ => n.to_string(),
        },
        other => other.to_string(),
    }
}

fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

/// The principles as a file: what the editor saves.
pub fn principles_to_toml(principles: &Principles) -> String {
    let mut out = String::new();
    if !principles.preamble.is_empty() {
        out.push_str(&format!("preamble = {}\n", quote(&principles.preamble)));
    }
    match principles.numbered {
        Numbering::Off => {}
        Numbering::Plain => out.push_str("numbered = true\n"),
        style => out.push_str(&format!("numbered = {}\n", quote(style.word()))),
    }
    for entry in &principles.entries {
        let gap = if out.is_empty() { "" } else { "\n" };
        out.push_str(&format!(
            "{gap}[[principle]]\nname = {}\ntext = {}\n",
            quote(&entry.name),
            quote(&entry.text)
        ));
        out.push_str(&format!("on = {}\n", entry.on));
        if !entry.tags.is_empty() {
            let tags: Vec<String> = entry.tags.iter().map(|tag| quote(tag)).collect();
            out.push_str(&format!("tags = [{}]\n", tags.join(", ")));
        }
    }
    out
}
