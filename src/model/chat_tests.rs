//! Templates against `transformers`: `tests/golden/make_chat_templates.py` says how the texts were made.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Golden {
    conversations: Vec<Conversation>,
    templates: Vec<Own>,
}

#[derive(Deserialize)]
struct Conversation {
    messages: Vec<BTreeMap<String, String>>,
    answer: bool,
}

#[derive(Deserialize)]
struct Own {
    name: String,
    template: String,
    written: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    text: Option<String>,
    error: Option<String>,
}

impl Conversation {
    fn messages(&self) -> Vec<Message> {
        let role = |name: &str| match name {
            "system" => Role::System,
            "user" => Role::User,
            _ => Role::Assistant,
        };
        let message = |m: &BTreeMap<String, String>| Message::new(role(&m["role"]), m["content"].clone());
        self.messages.iter().map(message).collect()
    }
}

fn special() -> BTreeMap<String, String> {
    [("bos_token", "<s>"), ("eos_token", "</s>")]
        .map(|(k, v)| (k.to_string(), v.to_string()))
        .into()
}

/// Saturday, as the script has it.
fn then() -> DateTime<Utc> {
    "2024-03-09T07:05:02Z".parse().expect("a time")
}

#[test]
fn templates_write_what_transformers_writes() {
    let golden: Golden = serde_json::from_str(include_str!("../../tests/golden/chat_templates.json")).expect("JSON");
    let mut compared = 0;
    for own in &golden.templates {
        let template =
            ChatTemplate::new(&own.template, special(), then()).unwrap_or_else(|e| panic!("{}: {e}", own.name));
        assert_eq!(own.written.len(), golden.conversations.len());
        for (i, (conversation, wanted)) in golden.conversations.iter().zip(&own.written).enumerate() {
            let found = template.render(&conversation.messages(), conversation.answer);
            match (&wanted.text, &wanted.error) {
                (Some(text), _) => assert_eq!(found.as_ref(), Ok(text), "{} on {i}", own.name),
                (None, Some(why)) => assert_eq!(found, Err(ChatError::Refused(why.clone())), "{} on {i}", own.name),
                (None, None) => panic!("{}: nothing to compare with", own.name),
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 140);
}

#[test]
fn broken_templates_say_where() {
    let new = |source: &str| ChatTemplate::new(source, special(), then());
    let error = new("{% for m in messages %}\n{{ m.content }\n{% endfor %}").unwrap_err();
    assert!(matches!(error, ChatError::Syntax { line: 2, .. }), "{error:?}");
    let error = new("ok\n{% if %}").unwrap_err().to_string();
    assert!(error.starts_with("line 2: "), "{error}");
    let hello = [Message::new(Role::User, "hello")];
    let error = new("\n{{ messages[0].content.no_such_method() }}")
        .unwrap()
        .render(&hello, true)
        .unwrap_err();
    assert!(error.to_string().starts_with("line 2 of the template: "), "{error}");
    let error = new("{{ raise_exception('not today') }}")
        .unwrap()
        .render(&hello, true)
        .unwrap_err();
    assert_eq!(error.to_string(), "the template refuses this conversation: not today");
    let error = new("{{ strftime_now('%Q') }}")
        .unwrap()
        .render(&hello, true)
        .unwrap_err()
        .to_string();
    assert!(error.contains("not a format of a date"), "{error}");
}
