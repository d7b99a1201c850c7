//! The two ways of asking a judge model by HTTP: OpenAI's `POST /v1/chat/completions` and Anthropic's `POST /v1/messages`.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Message;
use crate::reward::http::{Client, excerpt};

/// The version of Anthropic's interface that is spoken here.
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// A way of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// OpenAI's chat completions, which most servers speak
    #[value(name = "openai")]
    OpenAi,
    /// Anthropic's messages
    Anthropic,
}

/// How a model is to answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Manner {
    pub api: Api,
    pub model: String,
    /// `None`: not said, for models that take none.
    pub temperature: Option<f64>,
    /// The longest reply, in tokens.
    pub max_tokens: u32,
}

/// What a model answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub text: String,
    /// As the server counted them, where it did: read and written.
    pub tokens: Option<(u64, u64)>,
}

impl Api {
    /// By the address: what ends in `/messages` is Anthropic's.
    pub fn of(url: &str) -> Self {
        let path = url.trim_end_matches('/');
        if path.ends_with("/messages") || path.contains("//api.anthropic.") {
            Api::Anthropic
        } else {
            Api::OpenAi
        }
    }

    /// The address to post to: of a whole one itself, of a server or of its `/v1` the place under it.
    pub fn endpoint(self, url: &str) -> String {
        let url = url.trim_end_matches('/');
        let place = match self {
            Api::OpenAi => "/chat/completions",
            Api::Anthropic => "/messages",
        };
        if url.ends_with(place) {
            return url.to_string();
        }
        let versioned = url.rsplit('/').next().is_some_and(|last| {
            let digits = last.strip_prefix('v').unwrap_or_default();
            !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
        });
        format!("{url}{}{place}", if versioned { "" } else { "/v1" })
    }

    /// The environment variable that usually holds the key.
    pub fn key_variable(self) -> &'static str {
        match self {
            Api::OpenAi => "OPENAI_API_KEY",
            Api::Anthropic => "ANTHROPIC_API_KEY",
        }
    }

    /// A client that says who asks.
    pub fn authorised(self, client: Client, key: Option<&str>) -> Client {
        match (self, key) {
            (Api::OpenAi, None) => client,
            (Api::OpenAi, Some(key)) => client.with_header("authorization", format!("Bearer {key}")),
            (Api::Anthropic, key) => {
                let client = client.with_header("anthropic-version", ANTHROPIC_VERSION.into());
                match key {
                    Some(key) => client.with_header("x-api-key", key.into()),
                    None => client,
                }
            }
        }
    }
}

impl Manner {
    /// The body of a request. `new_limit`: the limit has the name that OpenAI's newer models want.
    pub fn body(&self, message: &Message, new_limit: bool) -> String {
        let mut messages = Vec::new();
        if self.api == Api::OpenAi && !message.system.is_empty() {
            messages.push(json!({"role": "system", "content": message.system}));
        }
        messages.push(json!({"role": "user", "content": message.user}));
        let limit = if new_limit {
            "max_completion_tokens"
        } else {
            "max_tokens"
        };
        let mut body = json!({"model": self.model, "messages": messages, limit: self.max_tokens});
        if let Some(temperature) = self.temperature {
            body["temperature"] = json!(temperature);
        }
        if self.api == Api::Anthropic && !message.system.is_empty() {
            body["system"] = json!(message.system);
        }
        body.to_string()
    }

    /// What a reply says, or what is wrong with it.
    pub fn said(&self, reply: &str) -> Result<Said, String> {
        if reply.trim().is_empty() {
            return Err("an empty reply".into());
        }
        let reply: Value =
            serde_json::from_str(reply).map_err(|_| format!("a reply that is not JSON: {}", excerpt(reply)))?;
        // Servers in between say their errors with a status of success.
        if let Some(error) = reply.get("error").filter(|e| !e.is_null()) {
            let message = error.get("message").and_then(Value::as_str);
            let message = message.map_or_else(|| error.to_string(), str::to_string);
            return Err(format!("an error in place of a reply: {}", excerpt(&message)));
        }
        let content = match self.api {
            Api::OpenAi => {
                let choice = &reply["choices"][0];
                let message = choice.get("message").map(|m| &m["content"]);
                message.or_else(|| choice.get("text"))
            }
            Api::Anthropic => reply.get("content"),
        };
        let text = content.and_then(written).ok_or_else(|| {
            let wanted = match self.api {
                Api::OpenAi => "choices[0].message.content",
                Api::Anthropic => "content[].text",
            };
            format!("a reply without {wanted}: {}", excerpt(&reply.to_string()))
        })?;
        let usage = &reply["usage"];
        let count = |names: [&str; 2]| names.iter().find_map(|name| usage[name].as_u64());
        Ok(Said {
            text,
            tokens: count(["prompt_tokens", "input_tokens"]).zip(count(["completion_tokens", "output_tokens"])),
        })
    }
}

/// A text, or the texts of a list of parts. A model that has written nothing says null.
fn written(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Null => Some(String::new()),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part["text"].as_str());
            Some(texts.collect::<Vec<_>>().concat())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manner(api: Api) -> Manner {
        Manner {
            api,
            model: "m".into(),
            temperature: Some(0.0),
            max_tokens: 16,
        }
    }

    fn message() -> Message {
        Message {
            system: "be fair".into(),
            user: "A or B?".into(),
        }
    }

    #[test]
    fn addresses_are_completed() {
        let open = |url: &str| Api::of(url).endpoint(url);
        assert_eq!(open("http://h:1"), "http://h:1/v1/chat/completions");
        assert_eq!(open("http://h:1/v1/"), "http://h:1/v1/chat/completions");
        assert_eq!(open("http://h/api/v4"), "http://h/api/v4/chat/completions");
        assert_eq!(open("http://h/x/chat/completions"), "http://h/x/chat/completions");
        assert_eq!(
            open("https://api.anthropic.com"),
            "https://api.anthropic.com/v1/messages"
        );
        assert_eq!(open("http://h/v1/messages"), "http://h/v1/messages");
        assert_eq!(Api::Anthropic.endpoint("http://h/v1"), "http://h/v1/messages");
        assert_eq!(open("http://vision"), "http://vision/v1/chat/completions");
    }

    #[test]
    fn both_kinds_are_asked_in_their_words() {
        let body = |api| -> Value { serde_json::from_str(&manner(api).body(&message(), false)).expect("JSON") };
        assert_eq!(
            body(Api::OpenAi),
            json!({"model": "m", "temperature": 0.0, "max_tokens": 16, "messages": [
                {"role": "system", "content": "be fair"}, {"role": "user", "content": "A or B?"}]})
        );
        assert_eq!(
            body(Api::Anthropic),
            json!({"model": "m", "temperature": 0.0, "max_tokens": 16, "system": "be fair",
                "messages": [{"role": "user", "content": "A or B?"}]})
        );
        let bare = Manner {
            temperature: None,
            ..manner(Api::OpenAi)
        };
        let body: Value = serde_json::from_str(&bare.body(&message(), true)).expect("JSON");
        assert_eq!(
            (&body["max_completion_tokens"], &body["temperature"]),
            (&json!(16), &Value::Null)
        );
        assert_eq!(body.get("max_tokens"), None);
    }

    #[test]
    fn replies_are_read_and_what_is_wrong_is_named() {
        let said = |api, reply: Value| manner(api).said(&reply.to_string());
        let text = |text: &str, tokens| {
            Ok(Said {
                text: text.into(),
                tokens,
            })
        };
        let usual = json!({"choices": [{"message": {"content": "[[A]]"}}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 3}});
        assert_eq!(said(Api::OpenAi, usual), text("[[A]]", Some((9, 3))));
        let parts = json!({"choices": [{"message": {"content": [{"type": "text", "text": "[["}, {"text": "B]]"}]}}]});
        assert_eq!(said(Api::OpenAi, parts), text("[[B]]", None));
        let silent = json!({"choices": [{"message": {"content": null}}]});
        assert_eq!(said(Api::OpenAi, silent), text("", None));
        let other = json!({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "[[C]]"}],
            "usage": {"input_tokens": 5, "output_tokens": 2}});
        assert_eq!(said(Api::Anthropic, other), text("[[C]]", Some((5, 2))));

        let wrong = |reply: &str| manner(Api::OpenAi).said(reply).expect_err(reply);
        assert_eq!(wrong(" "), "an empty reply");
        assert!(wrong("<html>").starts_with("a reply that is not JSON: <html>"));
        assert_eq!(
            wrong("{\"error\": {\"message\": \"overloaded\"}}"),
            "an error in place of a reply: overloaded"
        );
        assert!(wrong("{\"choices\": []}").starts_with("a reply without choices[0].message.content"));
        assert!(wrong("[1]").starts_with("a reply without"));
    }
}
