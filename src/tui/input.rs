//! From the terminal's events to actions: what lies on top gets the key first.

use ratatui::crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::action::{Action, Effect, Screen};
use super::popup::Popup;
use super::state::State;
use super::update::{admit, go, update};
use super::{bindings, palette, popup};

/// Applies an event of the terminal. `None`: nothing changed, there is nothing to draw.
pub fn input(state: &mut State, event: Event) -> Option<Vec<Effect>> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => {
            let effects = on_key(state, key);
            super::changed::offer(state);
            effects
        }
        Event::Mouse(mouse) => on_mouse(state, mouse),
        Event::Paste(text) => on_paste(state, &text),
        Event::FocusGained | Event::FocusLost => {
            state.focused = matches!(event, Event::FocusGained);
            None
        }
        Event::Resize(width, height) => {
            state.size = (width, height);
            Some(vec![])
        }
        _ => None,
    }
}

fn on_key(state: &mut State, event: KeyEvent) -> Option<Vec<Effect>> {
    let said = state.notice.take().is_some();
    if state.popup.is_some() {
        return Some(popup::key(state, event));
    }
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    let always = control && matches!(event.code, KeyCode::Char('c' | 'z'));
    if state.wants_text() && !always {
        return Some(text_key(state, event));
    }
    match bindings::find(&state.table, state.screen, &event) {
        Some(action) => Some(update(state, action)),
        None => said.then(Vec::new),
    }
}

fn text_key(state: &mut State, event: KeyEvent) -> Vec<Effect> {
    let effects = match state.screen {
        Screen::Dashboard | Screen::Training | Screen::Rows => vec![],
        Screen::Responses => state.responses.text_key(event, &state.run),
        Screen::Principles => state.principles.text_key(event, &state.run),
        Screen::Cases => state.cases.text_key(event, &state.run),
        Screen::Effect => state.effect.text_key(event, &state.run),
        Screen::Runs => state.runs.text_key(event, &state.run),
    };
    admit(state, effects)
}

/// Pasted text is put into the field that is open. Prompts have no field: there it is typed.
fn on_paste(state: &mut State, text: &str) -> Option<Vec<Effect>> {
    if matches!(state.popup, Some(Popup::Number(_) | Popup::Write(_))) {
        let keys = text.trim().chars().filter(|c| !c.is_control());
        let type_it = |c| popup::key(state, KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        return Some(keys.flat_map(type_it).collect());
    }
    if matches!(state.popup, Some(Popup::Palette(_))) {
        palette::paste(state, text);
        return Some(vec![]);
    }
    if state.popup.is_some() || !state.wants_text() {
        return None;
    }
    let effects = match state.screen {
        Screen::Responses => state.responses.paste(text, &state.run),
        Screen::Principles => state.principles.paste(text, &state.run),
        Screen::Runs => state.runs.paste(text, &state.run),
        Screen::Dashboard | Screen::Cases | Screen::Effect | Screen::Training | Screen::Rows => vec![],
    };
    Some(admit(state, effects))
}

fn on_mouse(state: &mut State, event: MouseEvent) -> Option<Vec<Effect>> {
    let live = state.run.past.is_none();
    let effects = mouse(state, event);
    // A click may have been meant for nothing at all.
    if let Some(step) = state.run.at().filter(|_| live && !state.film.playing) {
        state.say(format!(
            "every screen shows step {step} now; ⟨live⟩ goes back to the newest"
        ));
    }
    effects
}

fn mouse(state: &mut State, event: MouseEvent) -> Option<Vec<Effect>> {
    if matches!(event.kind, MouseEventKind::Moved) || state.popup.is_some() {
        return None;
    }
    if event.row == 0 {
        let clicked = matches!(event.kind, MouseEventKind::Down(MouseButton::Left));
        let screen = super::view::tab_at(state, event.column).filter(|_| clicked)?;
        return Some(update(state, Action::Show(screen)));
    }
    if let Some(step) = super::view::step_at(state, event) {
        return Some(go(state, Some(super::time::Action::To(step))));
    }
    let area = state.body();
    let effects = match state.screen {
        Screen::Dashboard => {
            let to = state.dashboard.mouse(event, area, &state.run);
            go(state, to)
        }
        Screen::Responses => state.responses.mouse(event, area, &state.run),
        Screen::Principles => state.principles.mouse(event, area, &state.run),
        Screen::Cases => match state.cases.wheel(event, area, &state.run) {
            Some(to) => go(state, Some(to)),
            None => state.cases.mouse(event, area, &state.run),
        },
        Screen::Effect => state.effect.mouse(event, area, &state.run),
        Screen::Runs => match state.runs.point(event, area) {
            Some(to) => go(state, to),
            None => state.runs.mouse(event, area, &state.run),
        },
        Screen::Training => {
            let to = state.fit.point(event, area, &state.run);
            go(state, to)
        }
        Screen::Rows => {
            state.fit.mouse(event, &state.run);
            vec![]
        }
    };
    Some(admit(state, effects))
}
