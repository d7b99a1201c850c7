//! From a query and principles to what a model is given, token by token.

mod chat;
mod pieces;
#[cfg(test)]
mod tests;
mod turns;

use crate::config::Template;
use crate::grammar::{self, Task};
use crate::model::Text;
use chat::Chat;

pub use pieces::{Piece, PieceRole};

/// Why a model cannot be prompted as an experiment wants it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PromptError(String);

/// Writes prompts and responses as one model expects them. Copies share the model's tables.
///
/// A base model gets the task's template: the principles, then the query between the task's marks. A chat model gets a
/// conversation by its own template: the principles as its system turn, the query as what the user says.
#[derive(Clone, Debug)]
pub struct Prompter {
    task: Task,
    text: Text,
    chat: Option<Chat>,
    stops: Vec<u32>,
}

impl Prompter {
    /// Prompts of a task for the model that `text` belongs to.
    ///
    /// An error where a chat template is wanted and there is none, or where it cannot write a single question.
    pub fn new(text: &Text, task: Task, template: Template) -> Result<Self, PromptError> {
        let chat = match (template, text.chat()) {
            (Template::Plain, _) | (Template::Auto, None) => None,
            (Template::Chat, None) => {
                let what = "\"chat\": the model has no chat template; use \"plain\", or lay a chat_template.jinja beside \
                            its tokenizer";
                return Err(PromptError(what.into()));
            }
            (_, Some(template)) => Some(Chat::new(template, text).map_err(PromptError)?),
        };
        Ok(Self::of(text, task, chat))
    }

    /// Prompts without a chat template, which every model has.
    pub fn plain(text: &Text, task: Task) -> Self {
        Self::of(text, task, None)
    }

    fn of(text: &Text, task: Task, chat: Option<Chat>) -> Self {
        let mut stops = text.special().stops.clone();
        let end = chat
            .as_ref()
            .and_then(|chat| chat.end)
            .filter(|end| !stops.contains(end));
        stops.extend(end);
        Self {
            task,
            text: text.clone(),
            chat,
            stops,
        }
    }

    /// The tokenizer.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// Whether prompts are conversations by the model's own template.
    pub fn is_chat(&self) -> bool {
        self.chat.is_some()
    }

    /// What a user should know about where the principles go, if it is not where they usually go.
    pub fn note(&self) -> Option<&str> {
        self.chat.as_ref()?.note.as_deref()
    }

    /// Ids at which sampling stops.
    pub fn stops(&self) -> &[u32] {
        &self.stops
    }

    /// What a model is given, as text: without the beginning of sequence that the tokenizer puts in front of a base
    /// model's.
    pub fn shown(&self, query: &str, principles: Option<&str>) -> String {
        match &self.chat {
            Some(chat) => chat.question(self.task, query, principles).text,
            None => grammar::prompt(self.task, query, principles),
        }
    }

    /// Token ids of x, or of [p, x].
    pub fn prompt(&self, query: &str, principles: Option<&str>) -> Vec<u32> {
        match &self.chat {
            Some(chat) => chat.question(self.task, query, principles).ids(&self.text),
            None => self.text.prompt(&grammar::prompt(self.task, query, principles)),
        }
    }

    /// Token ids of a response as the model would have written it, with the token that ends it.
    pub fn response(&self, response: &str) -> Vec<u32> {
        match &self.chat {
            Some(chat) => {
                let mut ids = self.text.encode_on(&format!("{}{}", chat.lead, response.trim()));
                ids.extend(chat.end);
                ids
            }
            None => self.text.response(response),
        }
    }

    /// Token ids of x and y as a reward model reads them: y is all that x does not share with the prompt alone.
    ///
    /// A response that was cut off (`ended` is false) stays open.
    pub fn conversation(&self, query: &str, response: &str, ended: bool) -> (Vec<u32>, Vec<u32>) {
        let mut x = self.prompt(query, None);
        let Some(chat) = &self.chat else {
            let mut y = self.text.response(response);
            if !ended && self.text.special().end.is_some() {
                y.pop();
            }
            return (x, y);
        };
        let Some(written) = chat.exchange(self.task, query, response, ended) else {
            let mut y = self.response(response);
            if !ended && chat.end.is_some() {
                y.pop();
            }
            return (x, y);
        };
        let mut y = written.ids(&self.text);
        let shared = x.iter().zip(&y).take_while(|(a, b)| a == b).count();
        x.truncate(shared);
        y.drain(..shared);
        (x, y)
    }

    /// Text of a response's ids.
    pub fn decode(&self, ids: &[u32]) -> String {
        self.text.decode(ids)
    }

    /// A token as people read it, with marks for white space.
    pub fn token(&self, id: u32) -> String {
        pieces::visible(&self.text.token(id))
    }

    /// Everything that [`Prompter::prompt`] gives to the model, token by token, and whose words each of them is.
    pub fn pieces(&self, query: &str, principles: Option<&str>) -> Vec<Piece> {
        match &self.chat {
            Some(chat) => chat.question(self.task, query, principles).pieces(&self.text),
            None => pieces::plain(&self.text, self.task, query, principles),
        }
    }
}
