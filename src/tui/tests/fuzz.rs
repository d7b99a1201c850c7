//! No size and no key may end the workbench by accident.

use ratatui::crossterm::event::{
    Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::fixtures::*;
use crate::train::*;
use crate::tui::action::{Action, Screen};
use crate::tui::input::input;
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::update::update;

fn random(seed: u64, below: usize) -> usize {
    ((noise(seed) + 1.0) / 2.0 * below as f64) as usize % below.max(1)
}

fn states() -> Vec<State> {
    let mut failed = running(1);
    tell(
        &mut failed,
        Event::Failed {
            message: "out of memory".into(),
        },
    );
    vec![
        State::new(true, Theme::color()),
        State::new(false, Theme::plain()),
        running(1),
        running(30),
        failed,
    ]
}

#[test]
fn every_size_is_drawn() {
    for mut state in states() {
        for screen in Screen::ALL {
            update(&mut state, Action::Show(screen));
            for key in [None, Some('?'), Some('t'), Some('q')] {
                if let Some(c) = key {
                    input(
                        &mut state,
                        Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)),
                    );
                }
                for (width, height) in (0..30).flat_map(|w| (0..30).map(move |h| (w, h))) {
                    picture(&mut state, width, height);
                }
                state.popup = None;
            }
            // Just above the smallest size, and lopsided.
            for (width, height) in [(60, 16), (61, 17), (60, 200), (300, 16), (99, 27), (100, 28), (119, 31)] {
                picture(&mut state, width, height);
            }
        }
    }
}

#[test]
fn dashboards_of_every_area_are_drawn() {
    use crate::tui::screens::dashboard;
    use ratatui::{Terminal, backend::TestBackend, layout::Rect};
    let mut state = running(30);
    tell(&mut state, mark(8, "tau 0.086 -> 0.05"));
    state.run.look_at(Some(4));
    for zoomed in [false, true] {
        state.dashboard.zoomed = zoomed;
        let Ok(mut terminal) = Terminal::new(TestBackend::new(130, 40));
        for (width, height) in (0..130).flat_map(|w| (0..40).map(move |h| (w, h))) {
            let area = Rect::new(0, 0, width, height);
            let Ok(_) = terminal.draw(|f| dashboard::view(&state.dashboard, &state.run, &state.theme, f, area));
        }
    }
}

#[test]
fn ten_thousand_keys_do_no_harm() {
    const KEYS: [KeyCode; 14] = [
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
    ];
    let mut state = State::new(true, Theme::color());
    let mut drawn = 0;
    for i in 0..10_000u64 {
        if i % 400 == 0 {
            state = states().swap_remove(random(i, 5));
            state.size = (60 + random(i + 1, 100) as u16, 16 + random(i + 2, 40) as u16);
        }
        let seed = i * 7 + 1_000_000;
        let event = match random(seed, 20) {
            0 => Input::Mouse(MouseEvent {
                kind: [
                    MouseEventKind::Down(MouseButton::Left),
                    MouseEventKind::ScrollDown,
                    MouseEventKind::ScrollUp,
                ][random(seed + 1, 3)],
                column: random(seed + 2, 170) as u16,
                row: random(seed + 3, 60) as u16,
                modifiers: KeyModifiers::NONE,
            }),
            1 => Input::Paste("be ethical: 倫理的\nand kind 🙂".into()),
            2..=8 => Input::Key(KeyEvent::new(KEYS[random(seed + 1, KEYS.len())], KeyModifiers::NONE)),
            9 => Input::Key(KeyEvent::new(KeyCode::Char('a'), KeyModifiers::CONTROL)),
            _ => {
                let c = char::from(32 + random(seed + 1, 95) as u8);
                Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))
            }
        };
        input(&mut state, event);
        if random(seed + 4, 50) == 0 {
            let next = state.run.steps_done();
            tell(&mut state, Event::Step(step(next)));
        }
        if i % 5 == 0 {
            let (width, height) = state.size;
            picture(&mut state, width, height);
            drawn += 1;
        }
    }
    assert_eq!(drawn, 2000);
}
