//! `method.preset`: the settings that other tools and the paper start from, put under those of the file.
//!
//! A preset only fills in keys that the file leaves out, so the file's own keys win and a stored experiment, which spells
//! everything out, is not changed by it. `docs/methods.md` says where each number comes from.

use super::error::ConfigError;
use super::load::Source;
use super::tree::{self, Node, Value};

/// Keys that a preset sets, as they would be written in the file.
type Keys = &'static [(&'static str, &'static str)];

/// The names, in the order in which messages list them.
pub(super) const PRESETS: &[&str] = &["trl-0.9", "trl-0.11", "trl-2026", "lmflow-raft", "paper"];

/// Keys by preset and method, in one row or several.
const KEYS: &[(&str, &str, Keys)] = &[
    ("trl-0.9", "sft", &[("method.learning_rate", "5e-5")]),
    ("trl-0.11", "sft", &[("method.learning_rate", "5e-5")]),
    ("trl-2026", "sft", &[("method.learning_rate", "2e-5")]),
    (
        "trl-0.9",
        "dpo",
        &[("method.learning_rate", "5e-5"), ("method.dpo.beta", "0.1")],
    ),
    (
        "trl-0.11",
        "dpo",
        &[
            ("method.learning_rate", "5e-5"),
            ("method.dpo.beta", "0.1"),
            ("data.max_query_tokens", "128"),
            ("data.max_response_tokens", "384"),
        ],
    ),
    (
        "trl-2026",
        "dpo",
        &[("method.learning_rate", "1e-6"), ("method.dpo.beta", "0.1")],
    ),
    (
        "trl-0.9",
        "ppo",
        &[
            ("method.learning_rate", "1.41e-5"),
            ("method.queries_per_step", "128"),
            ("method.minibatch", "128"),
            ("method.ppo.epochs", "4"),
            ("method.ppo.kl_coef", "0.2"),
            ("method.ppo.adaptive_kl", "{ target = 6.0, horizon = 10000.0 }"),
        ],
    ),
    ("trl-0.11", "ppo", &[("method.learning_rate", "5e-5")]),
    ("trl-0.11", "ppo", PPO_V2),
    ("trl-2026", "ppo", &[("method.learning_rate", "3e-6")]),
    ("trl-2026", "ppo", PPO_V2),
    (
        "lmflow-raft",
        "raft",
        &[
            ("method.steps", "20"),
            ("method.queries_per_step", "1024"),
            ("method.learning_rate", "2e-5"),
            ("method.raft.keep", "\"top\""),
            ("method.raft.samples", "1"),
            ("method.raft.share", "0.2"),
            ("method.raft.epochs", "4"),
            ("generation.max_new_tokens", "128"),
            ("generation.temperature", "0.85"),
            ("generation.top_p", "1.0"),
        ],
    ),
    (
        "paper",
        "ple",
        &[
            ("method.tau0", "0.2"),
            ("method.decay", "0.9"),
            ("method.replay", "\"all\""),
            ("method.eq4", "\"sum\""),
            ("method.reduction", "\"sum\""),
            ("method.rank", "true"),
            ("method.weighted_sft", "true"),
            ("method.max_grad_norm", "0.0"),
        ],
    ),
    ("paper", "dpo", &[("method.dpo.beta", "0.1")]),
    (
        "paper",
        "raft",
        &[("method.raft.keep", "\"local\""), ("method.raft.samples", "4")],
    ),
];

/// PPOv2's, but for the learning rate.
const PPO_V2: Keys = &[
    ("method.ppo.epochs", "4"),
    ("method.ppo.kl_coef", "0.05"),
    ("method.ppo.clip", "0.2"),
    ("method.ppo.value_clip", "0.2"),
    ("method.ppo.value_coef", "0.1"),
    ("method.ppo.gamma", "1.0"),
    ("method.ppo.lambda", "0.95"),
    ("method.ppo.whiten_rewards", "false"),
    ("generation.temperature", "0.7"),
    ("generation.max_new_tokens", "53"),
];

/// The keys of a preset for a method; none where it has no settings for it.
fn keys_of(preset: &str, method: &str) -> Vec<(&'static str, &'static str)> {
    let rows = KEYS.iter().filter(|(name, of, _)| *name == preset && *of == method);
    rows.flat_map(|(_, _, keys)| keys.iter().copied()).collect()
}

/// A key that a preset has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresetKey {
    pub key: &'static str,
    /// The preset's value, as it would be written in the file.
    pub value: &'static str,
    /// The file or `--set` has a value of its own, which is used instead.
    pub overridden: bool,
}

/// The preset that an experiment asks for, with all of its keys. `None` without one, or where the file cannot be read.
pub fn preset_of(source: &Source, sets: &[String]) -> Option<(String, Vec<PresetKey>)> {
    let mut root = super::load::parse(source).ok()?;
    super::overrides::apply(&mut root, sets).ok()?;
    let text = |key: &str| match root.find(key).map(|node| &node.value) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let (preset, method) = (text("method.preset")?, text("method.name")?);
    let keys = keys_of(&preset, &method).into_iter().map(|(key, value)| PresetKey {
        key,
        value,
        overridden: root.find(key).is_some(),
    });
    let keys: Vec<PresetKey> = keys.collect();
    (!keys.is_empty()).then_some((preset, keys))
}

/// Puts the keys of `method.preset` into the tree where it has none. A name that is not known is left to the check of the
/// whole.
pub(super) fn apply(source: &Source, root: &mut Node) -> Result<(), ConfigError> {
    let text = |root: &Node, key: &str| match root.find(key).map(|node| &node.value) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let (Some(preset), Some(method)) = (text(root, "method.preset"), text(root, "method.name")) else {
        return Ok(());
    };
    let keys = keys_of(&preset, &method);
    if keys.is_empty() {
        let of_preset = KEYS.iter().filter(|(name, _, _)| *name == preset);
        let mut methods: Vec<String> = of_preset.map(|(_, method, _)| format!("\"{method}\"")).collect();
        methods.dedup();
        if methods.is_empty() {
            return Ok(());
        }
        let message = format!(
            "has no settings for method.name = \"{method}\", only for {}; leave it out",
            methods.join(", ")
        );
        return super::load::wrong_key(source, root, "method.preset", message);
    }
    let Some(place) = root.find("method.preset").map(|node| node.place.clone()) else {
        return Ok(());
    };
    for (key, value) in keys {
        if let Some(value) = tree::parse_value(value, &place).filter(|_| root.find(key).is_none()) {
            root.fill_in(key, value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_has_settings_and_every_setting_is_a_key() {
        for preset in PRESETS {
            assert!(KEYS.iter().any(|(name, _, _)| name == preset), "{preset}");
        }
        for (preset, method, keys) in KEYS {
            assert!(PRESETS.contains(preset) && !keys.is_empty());
            for (key, value) in *keys {
                assert!(super::super::schema::lookup(key).is_some(), "{preset} {method}: {key}");
                let place = tree::Place::Line(1);
                assert!(tree::parse_value(value, &place).is_some(), "{preset} {method}: {value}");
            }
        }
    }
}
