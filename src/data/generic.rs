//! Rows that any task may have: TRL's schemas, plain and conversational, and plain lists of questions.

use serde_json::Value;

use super::dialogue::{NO_ASSISTANT_TURN, Role, Turn, flatten, take_reply, turns};
use super::row::{Fields, NOT_SHARED, NOT_TEXT, Parsed, Understood, field, label, text};

/// `None`: the row has none of these fields.
pub(super) fn read(fields: &Fields) -> Option<Understood> {
    if let Some(list) = list(fields, &["messages", "conversations"]) {
        return Some(read_messages(fields, list));
    }
    if let Some(list) = list(fields, &["prompt"]) {
        return Some(turns(list).and_then(|prompt| read_conversation(fields, prompt)));
    }
    if let Some(query) = field(fields, &["query", "prompt"]) {
        return Some(read_prompt(fields, query));
    }
    if list(fields, &["chosen"]).is_some() {
        return Some(read_conversation(fields, Vec::new()));
    }
    if let Some(chosen) = field(fields, &["chosen"]) {
        return Some(read_implicit(chosen, fields));
    }
    read_question(fields)
}

fn list<'a>(fields: &'a Fields, names: &[&str]) -> Option<&'a [Value]> {
    field(fields, names).and_then(Value::as_array).map(Vec::as_slice)
}

/// `messages`: the last answer is the response, all before it the query.
fn read_messages(fields: &Fields, list: &[Value]) -> Understood {
    let mut dialogue = turns(list)?;
    let completion = take_reply(&mut dialogue);
    let parsed = Parsed {
        format: "conversations (messages)",
        query: single(&dialogue)?,
        completion,
        label: label(fields),
        ..Parsed::default()
    };
    parsed.checked()
}

/// `prompt` as turns, and the responses as turns too or as text. Without a prompt, what both responses share is one.
fn read_conversation(fields: &Fields, prompt: Vec<Turn>) -> Understood {
    let asked = prompt.iter().find(|turn| turn.role == Role::Human);
    let mut shared: Option<Vec<Turn>> = None;
    let mut response = |value: &Value| -> Result<String, &'static str> {
        let (before, reply) = match value.as_array() {
            None => (prompt.clone(), text(value)?.trim().to_string()),
            Some(list) => {
                let mut whole = turns(list)?;
                let reply = take_reply(&mut whole).ok_or(NO_ASSISTANT_TURN)?;
                // Many sets repeat the prompt in front of each response.
                let repeats = asked.is_some_and(|turn| whole.contains(turn));
                (
                    if repeats {
                        whole
                    } else {
                        [prompt.clone(), whole].concat()
                    },
                    reply,
                )
            }
        };
        match &shared {
            Some(known) if *known != before => Err(NOT_SHARED),
            _ => {
                shared = Some(before);
                Ok(reply)
            }
        }
    };
    let completion = field(fields, &["chosen", "completion", "response"]);
    let completion = completion.map(&mut response).transpose()?;
    let rejected = field(fields, &["rejected"]).map(&mut response).transpose()?;
    let parsed = Parsed {
        format: match (&rejected, &completion) {
            (Some(_), _) => "conversational preferences (chosen, rejected)",
            (None, Some(_)) => "conversations (prompt, completion)",
            (None, None) => "conversational prompts (prompt)",
        },
        query: single(&shared.unwrap_or(prompt))?,
        completion,
        rejected,
        label: label(fields),
        ..Parsed::default()
    };
    parsed.checked()
}

/// A single turn keeps its lines; a dialogue goes on one.
fn single(dialogue: &[Turn]) -> Result<String, &'static str> {
    match dialogue {
        [only] if only.role == Role::Human => Ok(only.text.clone()),
        _ => flatten(dialogue),
    }
}

/// A query by its name, with none, one or two responses.
fn read_prompt(fields: &Fields, query: &Value) -> Understood {
    // Some sets have the prompt as text and the responses as whole conversations.
    if list(fields, &["chosen", "completion"]).is_some() {
        let text = text(query)?.trim().to_string();
        let role = Role::Human;
        return read_conversation(fields, vec![Turn { role, text }]);
    }
    let response = |names: &[&str]| -> Result<Option<String>, &'static str> {
        let found = field(fields, names).map(text).transpose()?;
        Ok(found.map(|y| y.trim().to_string()))
    };
    let parsed = Parsed {
        format: "queries (query or prompt)",
        query: text(query)?.trim().to_string(),
        completion: response(&["response", "completion", "chosen"])?,
        rejected: response(&["rejected"])?,
        label: label(fields),
        ..Parsed::default()
    };
    parsed.checked()
}

/// Two plain texts: the prompt is what both begin with, up to the last whole word, as TRL takes it.
fn read_implicit(chosen: &Value, fields: &Fields) -> Understood {
    let chosen = text(chosen)?;
    let rejected = text(field(fields, &["rejected"]).ok_or("no prompt")?)?;
    let shared: usize = chosen
        .chars()
        .zip(rejected.chars())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum();
    let at = if shared == chosen.len() && shared == rejected.len() {
        None
    } else {
        chosen[..shared].rfind(char::is_whitespace)
    };
    let at = at.ok_or(NOT_SHARED)?;
    let parsed = Parsed {
        format: "preferences without a prompt (chosen, rejected)",
        query: chosen[..at].trim().to_string(),
        completion: Some(chosen[at..].trim().to_string()),
        rejected: Some(rejected[at..].trim().to_string()),
        ..Parsed::default()
    };
    parsed.checked()
}

/// Lists of questions and instructions. The `target` beside a `goal` is how an attack wants the answer to begin, and no
/// answer to learn from.
fn read_question(fields: &Fields) -> Option<Understood> {
    let is_question = fields.contains_key("question_id") || fields.contains_key("category");
    let (format, query) = if let Some(turns) = fields.get("turns") {
        ("questions (turns)", turns.get(0).unwrap_or(turns))
    } else if let Some(text) = field(fields, &["text"]).filter(|_| is_question) {
        ("questions (text)", text)
    } else if let Some(goal) = field(fields, &["goal"]) {
        ("goals (goal, target)", goal)
    } else if let Some(question) = field(fields, &["question"]) {
        ("questions (question)", question)
    } else {
        ("instructions (instruction, output)", field(fields, &["instruction"])?)
    };
    let given = |name| field(fields, &[name]).map(|v| v.as_str().ok_or(NOT_TEXT)).transpose();
    Some((|| {
        let mut query = text(query)?.trim().to_string();
        if let Some(input) = given("input")?.filter(|input| !input.trim().is_empty()) {
            query = format!("{query}\n\n{}", input.trim());
        }
        let parsed = Parsed {
            format,
            query,
            completion: given("output")?.map(|y| y.trim().to_string()),
            ..Parsed::default()
        };
        parsed.checked()
    })())
}
