//! What lies over a screen: the help, a prompt for a number, and the questions before leaving or stopping.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, Effect, Number};
use super::changed::Changed;
use super::inside::Inside;
use super::palette::{self, Palette};
use super::run_view::RunView;
use super::sent::Sent;
use super::state::State;
use super::update::{set_number, update};
use super::widgets::scale::short;
use super::write_form::{self, WriteForm};

/// At most one lies over the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Popup {
    Help {
        scroll: u16,
    },
    Number(Prompt),
    /// Leave although steps are not saved?
    Quit,
    /// Stop training for good?
    Stop,
    /// What the model was given for a pair.
    Sent(Sent),
    /// Commands by name.
    Palette(Palette),
    /// A principles file changed on disk.
    Changed(Changed),
    /// What was done to the training, scrolled up so many lines from its end.
    Log(usize),
    /// A card of the tour, from 0.
    Tour(usize),
    /// What of the view is to be written, and where to.
    Write(WriteForm),
    /// The tokens of a pair, by their probabilities.
    Inside(Box<Inside>),
}

/// The prompt that asks for a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    pub number: Number,
    pub text: String,
    pub error: Option<String>,
}

impl Prompt {
    /// An empty prompt.
    pub fn new(number: Number) -> Self {
        Self {
            number,
            text: String::new(),
            error: None,
        }
    }

    /// What is asked for.
    pub fn title(&self) -> &'static str {
        match self.number {
            Number::Tau => "tau: pairs with s′ − s above it are ranked",
            Number::Decay => "decay of tau, from one step to the next",
            Number::LearningRate => "learning rate",
        }
    }

    /// The value in use and, where it changes by itself, the next one.
    pub fn present(&self, run: &RunView) -> String {
        let settings = run.experiment().map(|e| &e.method);
        let step = run.latest.as_ref();
        let now = match self.number {
            Number::Tau => step.map(|s| s.tau).or(settings.map(|m| m.tau0)),
            Number::Decay => step.map(|s| s.decay).or(settings.map(|m| m.decay)),
            Number::LearningRate => {
                let fit = run.fit.latest.as_ref().map(|r| r.learning_rate);
                let planned = run.fit_experiment().map(|e| e.method.learning_rate);
                step.map(|s| s.learning_rate)
                    .or(settings.map(|m| m.learning_rate))
                    .or(fit)
                    .or(planned)
            }
        };
        match (now, self.number, step) {
            (None, ..) => "not known yet".into(),
            (Some(v), Number::LearningRate, _) if run.fit_experiment().is_some() => {
                format!("{} now; what is set is the peak of the schedule", short(v))
            }
            (Some(v), Number::Tau, Some(s)) => format!("{} now, {} at the next step", short(v), short(v * s.decay)),
            (Some(v), ..) => format!("{} now", short(v)),
        }
    }

    /// The number, if it can be used.
    pub fn value(&self) -> Result<f64, String> {
        let text = self.text.trim();
        let value: f64 = text
            .parse()
            .map_err(|_| format!("\"{text}\" is not a number; for example {}", self.example()))?;
        let fits = match self.number {
            Number::Tau => value.is_finite(),
            Number::Decay => value > 0.0 && value <= 1.0,
            Number::LearningRate => (0.0..=1.0).contains(&value),
        };
        if fits {
            Ok(value)
        } else {
            Err(format!("{text} is out of range: {}", self.range()))
        }
    }

    /// What can be typed.
    pub fn range(&self) -> &'static str {
        match self.number {
            Number::Tau => "any number; 0.2 at the paper's start",
            Number::Decay => "above 0, at most 1; 0.9 in the paper",
            Number::LearningRate => "from 0 to 1; for example 1e-4",
        }
    }

    fn example(&self) -> &'static str {
        match self.number {
            Number::Tau => "0.1",
            Number::Decay => "0.9",
            Number::LearningRate => "1e-4",
        }
    }
}

/// A key while a popup is open.
pub fn key(state: &mut State, event: KeyEvent) -> Vec<Effect> {
    if event.modifiers.contains(KeyModifiers::CONTROL) && event.code == KeyCode::Char('c') {
        return match state.popup {
            Some(Popup::Quit) => update(state, Action::QuitNow),
            _ => {
                state.popup = None;
                update(state, Action::Quit)
            }
        };
    }
    if let Some(Popup::Tour(card)) = state.popup {
        return super::tour::key(state, card, event);
    }
    if event.code == KeyCode::Esc || opens_it(state, &event) {
        return update(state, Action::Dismiss);
    }
    match &mut state.popup {
        Some(Popup::Help { scroll }) => {
            let page = state.size.1.saturating_sub(6).max(1);
            let to = match event.code {
                KeyCode::Char('j') | KeyCode::Down => scroll.saturating_add(1),
                KeyCode::Char('k') | KeyCode::Up => scroll.saturating_sub(1),
                KeyCode::PageDown | KeyCode::Char(' ') => scroll.saturating_add(page),
                KeyCode::PageUp => scroll.saturating_sub(page),
                KeyCode::Home | KeyCode::Char('g') => 0,
                KeyCode::End | KeyCode::Char('G') => u16::MAX,
                KeyCode::Char('w') => super::popup_view::help_words(state),
                KeyCode::Char('q') | KeyCode::Enter => return update(state, Action::Dismiss),
                KeyCode::Char('t') => return update(state, Action::Tour),
                _ => *scroll,
            };
            let scroll = to.min(super::popup_view::help_overflow(state));
            state.popup = Some(Popup::Help { scroll });
            vec![]
        }
        Some(Popup::Number(_)) => number_key(state, event),
        Some(Popup::Write(_)) => write_form::key(state, event),
        Some(Popup::Palette(_)) => palette::key(state, event),
        Some(Popup::Log(up)) => {
            let up = *up;
            match super::log::key(state, up, event) {
                Some(up) => state.popup = Some(Popup::Log(up)),
                None => return update(state, Action::Dismiss),
            }
            vec![]
        }
        Some(Popup::Changed(_)) => super::changed::key(state, event),
        Some(Popup::Sent(sent)) => {
            if !sent.key(event, state.size.1.saturating_sub(8).max(1)) {
                return update(state, Action::Dismiss);
            }
            let last = super::sent_view::overflow(sent, state.size);
            sent.scroll = sent.scroll.min(last);
            vec![]
        }
        Some(Popup::Inside(inside)) => {
            let (width, rows) = super::inside_view::room(state.size);
            if !inside.key(event, width, rows) {
                return update(state, Action::Dismiss);
            }
            vec![]
        }
        Some(Popup::Quit) => match event.code {
            KeyCode::Char('s') => update(state, Action::SaveAndQuit),
            KeyCode::Char('q') => update(state, Action::QuitNow),
            _ => vec![],
        },
        Some(Popup::Stop) => match event.code {
            KeyCode::Char('y') => {
                state.popup = None;
                state.say("stopping after this step, with a checkpoint");
                vec![Effect::Send(crate::train::Command::Stop)]
            }
            KeyCode::Char('n') => update(state, Action::Dismiss),
            _ => vec![],
        },
        Some(Popup::Tour(_)) | None => vec![],
    }
}

/// The key that opened what lies over the screen closes it, too.
fn opens_it(state: &State, event: &KeyEvent) -> bool {
    let action = match state.popup {
        Some(Popup::Help { .. }) => Action::ToggleHelp,
        Some(Popup::Log(_)) => Action::ShowLog,
        Some(Popup::Sent(_)) => Action::ShowSent,
        Some(Popup::Inside(_)) => Action::ShowInside,
        _ => return false,
    };
    super::bindings::find(&state.table, state.screen, event) == Some(action)
}

fn number_key(state: &mut State, event: KeyEvent) -> Vec<Effect> {
    let Some(Popup::Number(prompt)) = &mut state.popup else {
        return vec![];
    };
    prompt.error = None;
    match event.code {
        KeyCode::Char('u') if event.modifiers.contains(KeyModifiers::CONTROL) => prompt.text.clear(),
        KeyCode::Char(c) if !event.modifiers.contains(KeyModifiers::CONTROL) && prompt.text.len() < 24 => {
            prompt.text.push(c);
        }
        KeyCode::Backspace => {
            prompt.text.pop();
        }
        KeyCode::Enter if prompt.text.trim().is_empty() => return update(state, Action::Dismiss),
        KeyCode::Enter => match prompt.value() {
            Ok(value) => {
                let number = prompt.number;
                return set_number(state, number, value);
            }
            Err(error) => prompt.error = Some(error),
        },
        _ => {}
    }
    vec![]
}
