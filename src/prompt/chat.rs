//! Prompts by a model's own chat template.

use super::pieces::{PieceRole, Written};
use super::turns::turns;
use crate::grammar::{self, Task};
use crate::model::{ChatError, ChatTemplate, Message, Role, Text};

/// A chat template and what was found out about it.
#[derive(Clone, Debug)]
pub(super) struct Chat {
    template: ChatTemplate,
    /// It takes a system turn.
    system: bool,
    /// It takes more than one question.
    dialogue: bool,
    /// White space that it writes between its own words and the assistant's.
    pub lead: String,
    /// The token that it writes after the assistant's words.
    pub end: Option<u32>,
    pub note: Option<String>,
}

/// Stand before and after words that are not the template's while it is looked for where they came to lie. No font has
/// these characters, and a text that has them is only looked at less exactly.
const PRINCIPLES: char = '\u{F0000}';
const QUERY: char = '\u{F0001}';
const END: char = '\u{F0002}';
/// Stands for words that are put in afterwards.
const BLANK: &str = "\u{F0003}";

/// Words of one turn, and whose they are.
type Part = (PieceRole, String);
type Turn = (Role, Vec<Part>);

impl Chat {
    /// Tries a template out. The error is for people.
    pub fn new(template: &ChatTemplate, text: &Text) -> Result<Self, String> {
        let ask = Message::new(Role::User, "Why?");
        let question = template.render(std::slice::from_ref(&ask), true).and_then(|written| {
            let silent = || ChatError::Refused("it leaves out what the user says".into());
            written.contains("Why?").then_some(written).ok_or_else(silent)
        });
        let question = question.map_err(|e| {
            format!("the model's chat template does not write a single question: {e}; \"plain\" goes without it")
        })?;
        let system = template.render(&[Message::new(Role::System, "Be kind."), ask.clone()], true);
        let note = match &system {
            Ok(written) if written.contains("Be kind.") => None,
            Ok(_) => Some("leaves a system turn out"),
            Err(_) => Some("takes no system turn"),
        };
        let answer = Message::new(Role::Assistant, "Because.");
        let dialogue = template.render(&[ask.clone(), answer.clone(), ask.clone()], true);
        let mut chat = Self {
            template: template.clone(),
            system: note.is_none(),
            dialogue: dialogue
                .is_ok_and(|written| written.matches("Why?").count() == 2 && written.contains("Because.")),
            lead: String::new(),
            end: text.special().end,
            note: note.map(|what| {
                format!("the model's chat template {what}: the principles stand in front of the first question")
            }),
        };
        if let Ok(written) = template.render(&[ask, answer], false)
            && let Some(at) = written.rfind("Because.")
        {
            let lead = written
                .strip_prefix(&question)
                .and_then(|rest| rest.split_once("Because."));
            if let Some((lead, _)) = lead.filter(|(lead, _)| lead.trim().is_empty()) {
                chat.lead = lead.to_string();
            }
            let after = at + "Because.".len();
            let tokens = text.template_tokens(&written);
            let end = tokens.iter().find(|t| t.control && t.at.0 >= after);
            if let Some(end) = end.filter(|t| written[after..t.at.0].trim().is_empty()) {
                chat.end = Some(end.id);
            }
        }
        Ok(chat)
    }

    /// The principles and a query, up to where the assistant's words begin.
    pub fn question(&self, task: Task, query: &str, principles: Option<&str>) -> Written {
        let principles = principles.map(str::trim).filter(|p| !p.is_empty());
        let turns = self.turns(task, query, principles);
        if let Ok(written) = self.write(&turns, true) {
            return written;
        }
        // The template minds these words, or so many turns. It wrote one question when it was tried out.
        let words = principles.map_or(query.to_string(), |principles| format!("{principles}\n\n{query}"));
        let blank = self.template.render(&[Message::new(Role::User, BLANK)], true);
        Written::filled(&blank.unwrap_or_else(|_| BLANK.into()), BLANK, &words)
    }

    /// A query without principles and its answer; `None` where the template writes no answers.
    pub fn exchange(&self, task: Task, query: &str, response: &str, ended: bool) -> Option<Written> {
        let mut turns = self.turns(task, query, None);
        let response = response.trim();
        turns.push((Role::Assistant, vec![(PieceRole::Query, response.to_string())]));
        let mut written = self.write(&turns, false).ok()?;
        if !ended {
            let open = written.spans.last().filter(|_| !response.is_empty())?.1.end;
            written.text.truncate(open);
        }
        Some(written)
    }

    fn turns(&self, task: Task, query: &str, principles: Option<&str>) -> Vec<Turn> {
        let said = match task {
            Task::Hh if self.dialogue => turns(query),
            _ => vec![(Role::User, query.to_string())],
        };
        let mut all: Vec<Turn> = said
            .into_iter()
            .map(|(role, words)| match task {
                Task::Hh => (role, vec![(PieceRole::Query, words)]),
                // Only the marks say what is to be done with the text.
                Task::Imdb | Task::Tldr => (role, marked(task, words)),
            })
            .collect();
        let Some(principles) = principles else { return all };
        let part = (PieceRole::Principles, principles.to_string());
        if self.system {
            all.insert(0, (Role::System, vec![part]));
        } else if let Some((_, parts)) = all.first_mut() {
            parts.splice(0..0, [part, (PieceRole::Template, "\n\n".to_string())]);
        }
        all
    }

    /// Writes turns and finds out where whose words came to lie.
    fn write(&self, turns: &[Turn], answer: bool) -> Result<Written, ChatError> {
        let messages = |word: &dyn Fn(&Part) -> String| -> Vec<Message> {
            let content = |parts: &[Part]| parts.iter().map(word).collect::<String>();
            turns
                .iter()
                .map(|(role, parts)| Message::new(*role, content(parts)))
                .collect()
        };
        let text = self.template.render(&messages(&|(_, words)| words.clone()), answer)?;
        let marked = self.template.render(&messages(&mark), answer);
        let marked = marked
            .ok()
            .and_then(|marked| unmarked(&marked))
            .filter(|(plain, _)| *plain == text);
        let spans = match marked {
            Some((_, spans)) => spans,
            None => searched(&text, turns),
        };
        Ok(Written { text, spans })
    }
}

/// A query between the marks of its task.
fn marked(task: Task, query: String) -> Vec<Part> {
    let around = grammar::prompt(task, BLANK, None);
    let (before, after) = around.split_once(BLANK).unwrap_or_default();
    vec![
        (PieceRole::Template, before.to_string()),
        (PieceRole::Query, query),
        (PieceRole::Template, after.to_string()),
    ]
}

/// The words between two marks; white space around them stays outside, where a template may trim it.
fn mark((role, words): &Part) -> String {
    let start = match role {
        PieceRole::Template => return words.clone(),
        PieceRole::Principles => PRINCIPLES,
        PieceRole::Query => QUERY,
    };
    let inner = words.trim();
    let at = words.len() - words.trim_start().len();
    format!("{}{start}{inner}{END}{}", &words[..at], &words[at + inner.len()..])
}

type Spans = Vec<(PieceRole, std::ops::Range<usize>)>;

/// A text without its marks, and what they stood around; `None` where they do not come in pairs.
fn unmarked(marked: &str) -> Option<(String, Spans)> {
    let (mut text, mut spans, mut open) = (String::new(), Vec::new(), None);
    for c in marked.chars() {
        match c {
            PRINCIPLES | QUERY if open.is_some() => return None,
            PRINCIPLES => open = Some((PieceRole::Principles, text.len())),
            QUERY => open = Some((PieceRole::Query, text.len())),
            END => {
                let (role, start) = open.take()?;
                spans.push((role, start..text.len()));
            }
            c => text.push(c),
        }
    }
    open.is_none().then_some((text, spans))
}

/// Where the words of the turns are found, one after the other.
fn searched(text: &str, turns: &[Turn]) -> Spans {
    let (mut from, mut spans) = (0, Vec::new());
    for (role, words) in turns.iter().flat_map(|(_, parts)| parts) {
        let words = words.trim();
        if let Some(at) = text[from..]
            .find(words)
            .filter(|_| *role != PieceRole::Template && !words.is_empty())
        {
            spans.push((*role, from + at..from + at + words.len()));
            from += at + words.len();
        }
    }
    spans
}
