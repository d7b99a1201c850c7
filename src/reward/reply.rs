//! What a reward server's reply says, and everything that may be wrong with it.

use serde_json::Value;

use super::http::excerpt;

/// Farther from zero than any reward model goes, and still a number of 32 bits.
const LARGEST: f64 = 1e30;

/// The rewards of a reply to `expected` rows, or what is wrong with it.
pub fn rewards(text: &str, expected: usize) -> Result<Vec<f64>, String> {
    let reply = parse(text)?;
    let Some(fields) = reply.as_object() else {
        return Err(format!(
            "found {}, wants an object {{\"rewards\": [...]}}",
            called(&reply)
        ));
    };
    let Some(rewards) = fields.get("rewards") else {
        let keys: Vec<&str> = fields.keys().map(String::as_str).collect();
        let keys = if keys.is_empty() {
            "nothing".into()
        } else {
            keys.join(", ")
        };
        return Err(format!("no \"rewards\" in it; it holds {}", excerpt(&keys)));
    };
    let rewards = match rewards {
        Value::Array(rewards) => rewards.as_slice(),
        // A server that scores one text at a time may leave the list out.
        one @ Value::Number(_) => std::slice::from_ref(one),
        other => return Err(format!("\"rewards\" is {}, wants a list of numbers", called(other))),
    };
    if rewards.len() != expected {
        let s = if rewards.len() == 1 { "" } else { "s" };
        let t = if expected == 1 { "" } else { "s" };
        return Err(format!("{} reward{s} for {expected} response{t}", rewards.len()));
    }
    rewards
        .iter()
        .enumerate()
        .map(|(i, reward)| number(i, reward))
        .collect()
}

/// A number, alone or in a list of its own, as a tensor of one column becomes.
fn number(index: usize, reward: &Value) -> Result<f64, String> {
    let inner = match reward {
        Value::Array(one) if one.len() == 1 => &one[0],
        other => other,
    };
    match inner.as_f64() {
        Some(x) if x.abs() <= LARGEST => Ok(x),
        Some(x) => Err(format!("reward {index} is {x:e}, too large for a reward")),
        None => Err(format!("reward {index} is {}, not a number", called(inner))),
    }
}

fn parse(text: &str) -> Result<Value, String> {
    if text.trim().is_empty() {
        return Err("it is empty".into());
    }
    serde_json::from_str(text).map_err(|error| {
        // Python writes what JSON has no word for.
        let mended = text.replace("-Infinity", "null").replace("Infinity", "null");
        if serde_json::from_str::<Value>(&mended.replace("NaN", "null")).is_ok() {
            let found = if text.contains("NaN") { "NaN" } else { "infinite" };
            return format!("it holds a number that is {found}");
        }
        format!("not JSON ({error}): {}", excerpt(text))
    })
}

fn called(value: &Value) -> String {
    match value {
        Value::Null => "null (NaN in some servers)".into(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(n) => n.to_string(),
        Value::String(text) => format!("the text {:?}", excerpt(text)),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::rewards;

    #[test]
    fn what_servers_send_is_understood() {
        assert_eq!(
            rewards(r#"{"rewards": [0.5, -1], "scores": [9, 9]}"#, 2),
            Ok(vec![0.5, -1.0])
        );
        assert_eq!(
            rewards(r#"{"rewards": [[0.5], [2.0]], "extra_logs": {}}"#, 2),
            Ok(vec![0.5, 2.0])
        );
        assert_eq!(rewards(r#"{"rewards": 0.25}"#, 1), Ok(vec![0.25]));
        assert_eq!(rewards(r#"{"rewards": []}"#, 0), Ok(vec![]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let said = |text: &str| rewards(text, 2).expect_err(text);
        assert_eq!(said(r#"{"rewards": [1]}"#), "1 reward for 2 responses");
        assert_eq!(said(r#"{"rewards": [1, 2, 3]}"#), "3 rewards for 2 responses");
        assert_eq!(said(r#"{"rewards": 1}"#), "1 reward for 2 responses");
        assert_eq!(said(r#"{"rewards": [[1, 2]]}"#), "1 reward for 2 responses");
        assert_eq!(
            said(r#"{"rewards": ["good", 2]}"#),
            "reward 0 is the text \"good\", not a number"
        );
        assert_eq!(
            said(r#"{"rewards": [1, null]}"#),
            "reward 1 is null (NaN in some servers), not a number"
        );
        assert_eq!(
            said(r#"{"rewards": [1, [2, 3]]}"#),
            "reward 1 is a list of 2, not a number"
        );
        assert_eq!(said(r#"{"rewards": [1, NaN]}"#), "it holds a number that is NaN");
        assert_eq!(
            said(r#"{"rewards": [-Infinity, 1]}"#),
            "it holds a number that is infinite"
        );
        assert_eq!(
            said(r#"{"rewards": [1, 1e200]}"#),
            "reward 1 is 1e200, too large for a reward"
        );
        assert_eq!(
            said(r#"{"rewards": "1, 2"}"#),
            "\"rewards\" is the text \"1, 2\", wants a list of numbers"
        );
        assert_eq!(
            said("[1, 2]"),
            "found a list of 2, wants an object {\"rewards\": [...]}"
        );
        assert_eq!(said(r#"{"scores": [1, 2]}"#), "no \"rewards\" in it; it holds scores");
        assert_eq!(said("{}"), "no \"rewards\" in it; it holds nothing");
        assert_eq!(said(" \n"), "it is empty");
        let html = said("<html>Bad\n gateway</html>");
        assert!(
            html.starts_with("not JSON (") && html.ends_with(": <html>Bad gateway</html>"),
            "{html}"
        );
        assert!(said(r#"{"rewards": [1, 1e999]}"#).starts_with("not JSON (number out of range"));
    }
}
