//! A principles file that changed on disk: it is offered, never taken unasked.

use std::path::PathBuf;

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::{Frame, text::Line};

use super::action::{Action, Effect, Screen};
use super::popup::Popup;
use super::popup_view::{answers, boxed};
use super::screens::principles;
use super::state::State;
use super::theme::Theme;
use super::update::update;
use super::widgets::wrap::{clip, wrap_text};
use crate::config::Principles;

/// The file, and what it holds or what is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    pub path: PathBuf,
    pub outcome: Result<Principles, String>,
    /// The draft has changes of its own, which loading would replace.
    pub over_draft: bool,
}

/// Takes in the news. Where the user is writing or answering something it waits: see [`offer`].
pub fn notice(state: &mut State, path: PathBuf, outcome: Result<Principles, String>) {
    // Nobody here could use it, or it holds what is here already.
    let known = |principles: &Principles| state.principles.current() == Some(principles);
    if !state.run.live || state.run.ended() || outcome.as_ref().is_ok_and(known) {
        state.changed = None;
        return;
    }
    state.changed = Some(Changed {
        path,
        outcome,
        over_draft: state.principles.has_draft(),
    });
    offer(state);
}

/// Shows what waits, when nothing else wants the keys.
pub fn offer(state: &mut State) {
    if state.popup.is_none()
        && !state.wants_text()
        && let Some(changed) = state.changed.take()
    {
        state.popup = Some(Popup::Changed(changed));
    }
}

/// A key while it is offered.
pub fn key(state: &mut State, event: KeyEvent) -> Vec<Effect> {
    let Some(Popup::Changed(changed)) = state.popup.clone() else {
        return vec![];
    };
    let Ok(principles) = changed.outcome else {
        return match event.code {
            KeyCode::Char('n') | KeyCode::Enter => update(state, Action::Dismiss),
            _ => vec![],
        };
    };
    let apply = match event.code {
        KeyCode::Char('y') => false,
        KeyCode::Char('a') => true,
        KeyCode::Char('n') => {
            state.popup = None;
            state.say(format!("kept; :load {} reads it later", changed.path.display()));
            return vec![];
        }
        _ => return vec![],
    };
    state.popup = None;
    let mut effects = update(state, Action::Show(Screen::Principles));
    state.principles.load(&changed.path, principles);
    if apply {
        effects.extend(update(state, Action::Principles(principles::Action::Apply)));
    }
    effects
}

/// Draws the offer.
pub fn view(changed: &Changed, theme: &Theme, frame: &mut Frame) {
    let room = usize::from(frame.area().width.saturating_sub(8)).max(10);
    let file = changed.path.display();
    let mut lines = vec![Line::from(clip(&format!("{file} changed on disk."), room))];
    match &changed.outcome {
        Ok(principles) => {
            let (n, on) = (
                principles.entries.len(),
                principles.entries.iter().filter(|e| e.on).count(),
            );
            lines.push(Line::styled(
                format!("It has {n} principles now, {on} of them on."),
                theme.dim,
            ));
            if changed.over_draft {
                lines.push(Line::from(
                    theme
                        .legend
                        .write("The draft has changes of its own; ⟨principles-undo⟩ brings them back.")
                        .into_owned(),
                ));
            }
            lines.push(Line::default());
            lines.push(answers(theme, &[("y", "load it as the draft".into())]));
            lines.push(answers(
                theme,
                &[("a", "load it and apply it from the next step on".into())],
            ));
            lines.push(answers(theme, &[("n", "keep what is here".into())]));
            boxed("Principles file", lines, None, theme, frame);
        }
        Err(why) => {
            lines.push(Line::from("It cannot be used as it is:"));
            lines.push(Line::default());
            for line in why.lines().take(4) {
                lines.extend(wrap_text(line, theme.bad, room).into_iter().take(3));
            }
            lines.push(Line::default());
            lines.push(Line::from("Mend it and save it: it is looked at again."));
            lines.push(answers(theme, &[("n", "keep what is here".into())]));
            boxed("Principles file", lines, None, theme, frame);
        }
    }
}
