//! Whose words each token of a prompt is.

use std::ops::Range;

use crate::grammar::{self, Task};
use crate::model::{Text, Token};

/// Whose words a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceRole {
    /// The template's, be it the task's or the model's.
    Template,
    Principles,
    /// The query's, with what an assistant said before in it.
    Query,
}

/// One token of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub id: u32,
    /// Its text, with marks for white space.
    pub shown: String,
    pub role: PieceRole,
}

/// A text and where it has whose words; the rest is the template's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub text: String,
    pub spans: Vec<(PieceRole, Range<usize>)>,
}

impl Written {
    /// A text with words in the place of a blank.
    pub fn filled(text: &str, blank: &str, words: &str) -> Self {
        let at = text.find(blank).unwrap_or(text.len());
        Self {
            text: text.replacen(blank, words, 1),
            spans: vec![(PieceRole::Query, at..at + words.len())],
        }
    }

    /// Its token ids: special tokens are read as such where the template wrote them, and only there.
    pub fn ids(&self, text: &Text) -> Vec<u32> {
        if self.is_plain(text) {
            return text.encode_template(&self.text);
        }
        self.careful(text).into_iter().map(|t| t.id).collect()
    }

    /// The same, token by token.
    pub fn pieces(&self, text: &Text) -> Vec<Piece> {
        let tokens = match self.is_plain(text) {
            true => text.template_tokens(&self.text),
            false => self.careful(text),
        };
        tokens.iter().map(|token| piece(text, token, &self.spans)).collect()
    }

    /// Nobody but the template wrote a special token.
    fn is_plain(&self, text: &Text) -> bool {
        !self
            .spans
            .iter()
            .any(|(_, span)| text.names_special(&self.text[span.clone()]))
    }

    /// The template's special tokens, and everything between them as text.
    fn careful(&self, text: &Text) -> Vec<Token> {
        let inside = |at: usize| self.spans.iter().any(|(_, span)| span.contains(&at));
        let all = text.template_tokens(&self.text);
        let control = all
            .into_iter()
            .filter(|t| t.control && !inside(t.at.0) && !inside(t.at.1.saturating_sub(1)));
        let (mut tokens, mut from) = (Vec::new(), 0);
        let between = |from: usize, to: usize, tokens: &mut Vec<Token>| {
            let moved = |t: Token| Token {
                at: (t.at.0 + from, t.at.1 + from),
                ..t
            };
            if from < to {
                tokens.extend(text.tokens(&self.text[from..to]).into_iter().map(moved));
            }
        };
        for token in control {
            between(from, token.at.0, &mut tokens);
            from = token.at.1;
            tokens.push(token);
        }
        between(from, self.text.len(), &mut tokens);
        tokens
    }
}

/// The pieces of a base model's prompt.
pub(super) fn plain(text: &Text, task: Task, query: &str, principles: Option<&str>) -> Vec<Piece> {
    const BLANK: &str = "\u{F0003}";
    let around = grammar::prompt(task, BLANK, principles);
    let mut written = Written::filled(&around, BLANK, query);
    if let Some(principles) = principles.map(str::trim).filter(|p| !p.is_empty()) {
        written.spans.insert(0, (PieceRole::Principles, 0..principles.len()));
    }
    let special = text.special();
    let bos = special.bos.filter(|_| special.begins).map(|id| Piece {
        id,
        shown: text.token(id),
        role: PieceRole::Template,
    });
    let tokens = text.tokens(&written.text);
    let pieces = tokens.iter().map(|token| piece(text, token, &written.spans));
    bos.into_iter().chain(pieces).collect()
}

fn piece(text: &Text, token: &Token, spans: &[(PieceRole, Range<usize>)]) -> Piece {
    // By its last byte: a token in front of a word often has the space of what comes before.
    let last = token.at.1.checked_sub(1).filter(|last| *last >= token.at.0);
    let span = spans
        .iter()
        .find(|(_, span)| last.is_some_and(|last| span.contains(&last)));
    Piece {
        id: token.id,
        shown: visible(&text.token(token.id)),
        role: span.map_or(PieceRole::Template, |(role, _)| *role),
    }
}

/// White space as characters that can be seen.
pub(super) fn visible(text: &str) -> String {
    let seen = |c: char| match c {
        ' ' => '\u{B7}',
        '\n' => '\u{21B5}',
        '\r' => '\u{240D}',
        '\t' => '\u{21E5}',
        c if c.is_control() => '\u{FFFD}',
        c => c,
    };
    text.chars().map(seen).collect()
}
