//! Dialogues of several turns, and how they become a query: all of them on one line, with the speakers' names.

use serde_json::Value;

use super::row::EMPTY_QUERY;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    System,
    Human,
    Assistant,
}

/// What one side said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub role: Role,
    pub text: String,
}

pub(super) const NO_HUMAN_TURN: &str = "no human turn";
pub(super) const NO_ASSISTANT_TURN: &str = "no assistant turn";
pub(super) const TWICE: &str = "two assistant turns in a row";
const NO_TURN: &str = "a turn is not {role, content}";
const NO_ROLE: &str = "a turn of neither user nor assistant";

/// Turns in the form of TRL (`role`, `content`) or of ShareGPT (`from`, `value`).
pub(super) fn turns(list: &[Value]) -> Result<Vec<Turn>, &'static str> {
    let turn = |value: &Value| {
        let named = |names: [&str; 2]| names.iter().find_map(|name| value.get(name)?.as_str());
        let role = match named(["role", "from"]).ok_or(NO_TURN)? {
            "system" | "developer" => Role::System,
            "user" | "human" | "prompter" => Role::Human,
            "assistant" | "gpt" | "model" | "bot" => Role::Assistant,
            _ => return Err(NO_ROLE),
        };
        let text = named(["content", "value"]).ok_or(NO_TURN)?.trim().to_string();
        Ok(Turn { role, text })
    };
    list.iter().map(turn).collect()
}

/// Takes the last turn off, which must be the assistant's.
pub(super) fn take_reply(turns: &mut Vec<Turn>) -> Option<String> {
    turns.pop_if(|turn| turn.role == Role::Assistant).map(|turn| turn.text)
}

/// The dialogue on one line, "a assistant: b human: c", to be answered by the assistant. The first "human:" is left out,
/// as the prompt template puts it there, so that a single turn is the human's words alone. What the system says leads.
pub(super) fn flatten(turns: &[Turn]) -> Result<String, &'static str> {
    if !turns.iter().any(|turn| turn.role == Role::Human) {
        return Err(NO_HUMAN_TURN);
    }
    let mut line = String::new();
    let mut add = |text: &str| {
        for word in text.split_whitespace() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    };
    for turn in turns.iter().filter(|turn| turn.role == Role::System) {
        add(&turn.text);
    }
    let mut spoken = turns.iter().filter(|turn| turn.role != Role::System).peekable();
    let mut first = true;
    while let Some(turn) = spoken.next() {
        let next = spoken.peek().map(|turn| turn.role);
        match turn.role {
            // The answer follows, and an assistant turn in front of it is one too many.
            Role::Assistant if next != Some(Role::Human) => return Err(TWICE),
            Role::Assistant => add("assistant:"),
            _ if turn.text.trim().is_empty() && next != Some(Role::Assistant) => return Err(EMPTY_QUERY),
            _ if first => {}
            _ => add("human:"),
        }
        add(&turn.text);
        first = false;
    }
    Ok(line)
}
