//! `--set key=value`: settings from the command line, put over those of the file before anything is checked.

use super::check::subject;
use super::error::ConfigError;
use super::key::Kind;
use super::load::Source;
use super::method::MethodSettings;
use super::reward_check::SOURCES;
use super::schema;
use super::tree::{self, Node, Place, Value};

/// Puts every `--set` over the tree, the later over the earlier. Whether the keys exist and the values do is left to
/// the check of the whole, so that both ways of setting a key answer to the same rules.
pub(super) fn apply(root: &mut Node, sets: &[String]) -> Result<(), ConfigError> {
    for set in sets {
        let Some((key, value)) = set.split_once('=') else {
            return Err(unreadable(set));
        };
        let (key, value) = (key.trim(), value.trim());
        if key.is_empty() || key.split('.').any(|name| name.trim() != name || name.is_empty()) {
            return Err(unreadable(set));
        }
        let place = Place::Set(set.clone());
        insert(root, "", key, read_value(key, value, &place), &place)?;
        drop_other_sources(root, key);
        drop_other_methods(root, key);
    }
    Ok(())
}

/// Another method takes the place of the file's, with the settings that only that one has.
fn drop_other_methods(root: &mut Node, key: &str) {
    let name = match root.find("method.name").map(|node| &node.value) {
        Some(Value::Text(name)) if key == "method.name" => name.clone(),
        _ => return,
    };
    if let Value::Table(entries) = &mut root.value
        && let Some((_, method)) = entries.iter_mut().find(|(n, _)| n == "method")
        && let Value::Table(entries) = &mut method.value
    {
        let of_another = |key: &str| match key {
            "dpo" | "ppo" | "raft" => key != name,
            key => name != "ple" && MethodSettings::PLE_KEYS.contains(&key),
        };
        entries.retain(|(key, node)| !(of_another(key) && matches!(node.place, Place::Line(_))));
    }
}

/// A run has one source of rewards: one that is set takes the place of the file's.
fn drop_other_sources(root: &mut Node, key: &str) {
    let Some(name) = key.strip_prefix("reward.").filter(|name| SOURCES.contains(name)) else {
        return;
    };
    if let Value::Table(entries) = &mut root.value
        && let Some((_, reward)) = entries.iter_mut().find(|(n, _)| n == "reward")
        && let Value::Table(entries) = &mut reward.value
    {
        let goes = |other: &str, node: &Node| {
            other != name && SOURCES.contains(&other) && matches!(node.place, Place::Line(_))
        };
        entries.retain(|(other, node)| !goes(other, node));
    }
}

fn unreadable(set: &str) -> ConfigError {
    ConfigError::one(
        None,
        format!("--set {set}"),
        "wants key=value (for example method.steps=40)",
    )
}

/// A TOML value, or else the text itself: nobody wants to write `--set policy.model='"builtin:tiny"'`.
fn read_value(key: &str, text: &str, place: &Place) -> Node {
    let bare = || Node {
        value: Value::Text(text.to_string()),
        place: place.clone(),
        raw: tree::shorten(text),
    };
    let wants_text = matches!(
        schema::lookup(key).map(|k| &k.kind),
        Some(Kind::Text | Kind::AnyText | Kind::Choice(_))
    );
    match tree::parse_value(text, place) {
        Some(node) if wants_text && !matches!(node.value, Value::Text(_)) => bare(),
        Some(node) => node,
        None => bare(),
    }
}

fn insert(table: &mut Node, above: &str, key: &str, value: Node, place: &Place) -> Result<(), ConfigError> {
    let (name, rest) = key
        .split_once('.')
        .map_or((key, None), |(name, rest)| (name, Some(rest)));
    let path = if above.is_empty() {
        name.to_string()
    } else {
        format!("{above}.{name}")
    };
    let Value::Table(entries) = &mut table.value else {
        let (line, subject) = subject("", above, None, place);
        let message = format!("is {}, not a table, so it has no key '{name}'", table.value.kind());
        return Err(ConfigError::one(line, subject, message));
    };
    let at = match entries.iter().position(|(n, _)| n == name) {
        Some(at) => at,
        None => {
            entries.push((name.to_string(), empty(place)));
            entries.len() - 1
        }
    };
    let slot = &mut entries[at].1;
    let Some(rest) = rest else {
        *slot = value;
        return Ok(());
    };
    if let Some(Kind::WordOrTable { .. }) = schema::lookup(&path).map(|k| &k.kind) {
        start_table(slot, &path, place);
    }
    insert(slot, &path, rest, value, place)
}

/// A key of an adapter or a window turns the word that stood there ("none", "all") into a table. An adapter starts from
/// the one that a file without `lora` has.
fn start_table(slot: &mut Node, path: &str, place: &Place) {
    let is_new = !matches!(&slot.value, Value::Table(entries) if !entries.is_empty());
    if is_new {
        let usual = if path == "policy.lora" {
            "{ rank = 8, alpha = 16 }"
        } else {
            "{}"
        };
        *slot = tree::parse_value(usual, place).unwrap_or_else(|| empty(place));
    }
}

fn empty(place: &Place) -> Node {
    Node {
        value: Value::Table(Vec::new()),
        place: place.clone(),
        raw: String::new(),
    }
}

/// Where the value of a key came from, as the subject of a message. A key that stands nowhere has its default: then the
/// file alone is named.
pub(super) fn where_is(source: &Source, sets: &[String], key: &str) -> (Option<usize>, String) {
    let root = tree::parse(&source.text)
        .ok()
        .and_then(|mut root| apply(&mut root, sets).is_ok().then_some(root));
    match root.as_ref().and_then(|root| root.find(key)) {
        Some(node) => subject(&source.name, key, Some(node), &node.place),
        None => (None, format!("{}: {key}", source.name)),
    }
}
