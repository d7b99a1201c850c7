//! What a model was given for a query, token by token, without and with the principles.

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use super::action::Effect;
use super::screens::responses;
use super::state::State;
use crate::config::MethodName;
use crate::prompt::{Piece, PieceRole};

/// What is asked of the thread that has the tokenizer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub query: String,
    /// As they were in the prompt; `None` where all were off.
    pub principles: Option<String>,
}

/// Its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// x, and [p, x].
    pub sides: [Vec<Piece>; 2],
    /// By the model's own chat template.
    pub chat: bool,
    /// Where the principles went, if it is not where they usually go.
    pub note: Option<String>,
}

/// The popup.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    pub question: Question,
    /// Version of the principles.
    pub version: u32,
    /// `None` until the answer is there.
    pub given: Option<Result<Given, String>>,
    /// 0: without principles, 1: with them.
    pub side: usize,
    /// Show the ids of the tokens too.
    pub ids: bool,
    pub scroll: u16,
}

impl Sent {
    /// The tokens of the side that is shown.
    pub fn pieces(&self) -> &[Piece] {
        match &self.given {
            Some(Ok(given)) => &given.sides[self.side],
            _ => &[],
        }
    }

    /// How many of them are the template's, the principles', the query's.
    pub fn counts(&self) -> [usize; 3] {
        let count = |role| self.pieces().iter().filter(|p| p.role == role).count();
        [
            count(PieceRole::Template),
            count(PieceRole::Principles),
            count(PieceRole::Query),
        ]
    }

    /// A key while it is open; false if it closes it.
    pub fn key(&mut self, event: KeyEvent, page: u16) -> bool {
        match event.code {
            KeyCode::Char('j') | KeyCode::Down => self.scroll = self.scroll.saturating_add(1),
            KeyCode::Char('k') | KeyCode::Up => self.scroll = self.scroll.saturating_sub(1),
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll = self.scroll.saturating_add(page),
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(page),
            KeyCode::Home | KeyCode::Char('g') => self.scroll = 0,
            KeyCode::End | KeyCode::Char('G') => self.scroll = u16::MAX,
            KeyCode::Tab | KeyCode::Left | KeyCode::Right => (self.side, self.scroll) = (1 - self.side, 0),
            KeyCode::Char('i') => self.ids = !self.ids,
            KeyCode::Char('q') | KeyCode::Enter => return false,
            _ => {}
        }
        true
    }
}

/// Opens it for what the cursor of the responses is on.
pub fn open(state: &mut State) -> Vec<Effect> {
    let Some(responses::Selected { query, version }) = state.responses.selected() else {
        state.refuse("no pair is under the cursor");
        return vec![];
    };
    let versions = &state.run.principles;
    let version = version.or(versions.last().map(|v| v.version)).unwrap_or(0);
    let used = versions.iter().find(|v| v.version == version);
    let question = Question {
        query,
        principles: used.and_then(|v| v.principles.render()),
    };
    state.popup = Some(super::popup::Popup::Sent(Sent {
        question: question.clone(),
        version,
        given: None,
        // Other methods never have the principles in the prompt.
        side: usize::from(state.run.experiment().is_none_or(|e| e.method.name == MethodName::Ple)),
        ids: false,
        scroll: 0,
    }));
    vec![Effect::ReadSent(question)]
}
