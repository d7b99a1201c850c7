//! What the keys of `[reward]` rule out together, and what of them only shows when it is tried.

use super::check::subject;
use super::error::ConfigError;
use super::load::Source;
use super::reward::{Bounds, Clip, RewardSettings};
use super::tree::{Node, Place, Value};

/// The keys of which one says where rewards come from.
pub(super) const SOURCES: [&str; 3] = ["model", "url", "rules"];

/// Exactly one source, whose address or expressions can be used.
pub(super) fn check_reward(source: &Source, root: &Node, reward: &RewardSettings) -> Result<(), ConfigError> {
    let wrong = |key: &str, node: Option<&Node>, message: String| {
        let place = node.map_or(Place::Line(1), |node| node.place.clone());
        let (line, subject) = subject(&source.name, key, node, &place);
        Err(ConfigError::one(line, subject, message))
    };
    let given: Vec<&str> = SOURCES
        .into_iter()
        .filter(|name| root.find(&format!("reward.{name}")).is_some())
        .collect();
    match given[..] {
        [_] => {}
        [] => {
            let message = "wants one of model, url and rules; add, for example: model = \"builtin:imdb-sentiment\"";
            return wrong("[reward]", root.find("reward"), message.into());
        }
        [first, second, ..] => {
            let key = format!("reward.{second}");
            let message = format!("reward.{first} is there too, and a run has one source of rewards; take one away");
            return wrong(&key, root.find(&key), message);
        }
    }
    if let Some(url) = &reward.url
        && let Some(problem) = unusable(url)
    {
        let message = format!("{problem} (for example \"http://127.0.0.1:5000/get_reward\")");
        return wrong("reward.url", root.find("reward.url"), message);
    }
    let rules = match root.find("reward.rules").map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    for node in rules.iter().filter_map(|rule| rule.get("regex")) {
        if let Value::Text(text) = &node.value
            && let Err(error) = regex::Regex::new(text)
        {
            // The crate draws an arrow below the text; its last line says what is wrong.
            let error = error.to_string();
            let last = error.lines().last().unwrap_or_default().trim();
            let message = format!(
                "not a regular expression: {}",
                last.strip_prefix("error: ").unwrap_or(last)
            );
            return wrong("reward.rules.regex", Some(node), message);
        }
    }
    if let Clip::To(Bounds { low, high }) = reward.clip
        && low >= high
    {
        let message = format!("low must be less than high, found {low} and {high}");
        return wrong("reward.clip", root.find("reward.clip"), message);
    }
    Ok(())
}

/// Why an address cannot be asked.
pub(crate) fn unusable(url: &str) -> Option<String> {
    if !["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Some("must begin with http:// or https://".into());
    }
    match url.parse::<ureq::http::Uri>() {
        Ok(uri) if uri.host().is_some_and(|host| !host.is_empty()) => None,
        Ok(_) => Some("names no host".into()),
        Err(error) => Some(format!("not an address: {error}")),
    }
}
