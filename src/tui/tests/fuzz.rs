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
            for key in [None, Some('?'), Some('t'), Some('q'), Some('T')] {
                if key == Some('T') {
                    update(&mut state, Action::Tour);
                } else if let Some(c) = key {
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

/// 100,000 keys, or as many as `PLE_FUZZ_KEYS` says; one of fifty is drawn.
#[test]
fn a_hundred_thousand_keys_do_no_harm() {
    let wanted = std::env::var("PLE_FUZZ_KEYS").ok().and_then(|n| n.parse().ok());
    let keys: u64 = wanted.unwrap_or(100_000);
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
    for i in 0..keys {
        if i % 4000 == 0 {
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
            1 => match random(seed + 1, 3) {
                0 => Input::Paste("be ethical: 倫理的\nand kind 🙂".into()),
                1 => Input::Paste("אל תפגע \u{202e}\u{1b}[2J 👩\u{200d}👧".into()),
                _ => Input::FocusLost,
            },
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
            let pairs = vec![crate::tui::screens::fixtures::pair(next, 0), nasty_pair(next)];
            tell(&mut state, Event::Pairs { step: next, pairs });
        }
        if random(seed + 5, 500) == 0 {
            state.size = (random(seed + 6, 130) as u16, random(seed + 7, 50) as u16);
        }
        if i % 50 == 0 {
            let (width, height) = state.size;
            picture(&mut state, width, height);
            drawn += 1;
        }
    }
    assert_eq!(drawn, keys.div_ceil(50));
}

/// What a model may say that a terminal must not take for its own.
const NASTY: [&str; 9] = [
    "שלום עולם (טוב) 12 ok",
    "مرحبا بالعالم، كيف الحال؟ \u{200f}\u{202e}abc\u{202c}",
    "👩\u{200d}👩\u{200d}👧\u{200d}👦 🇸🇪 ❤\u{fe0f} 👋🏽 1\u{fe0f}\u{20e3}",
    "漢字仮名交じり文とｆｕｌｌ ｗｉｄｔｈ",
    "e\u{301}\u{302}\u{303}\u{304}\u{305} z\u{335}a\u{336}l\u{337}g\u{338}o",
    "tab\there\tand\u{b}there\r\nnew\rline",
    "\u{1b}[2J\u{1b}[H\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}5A",
    "\u{0}\u{8}\u{7f}\u{85}\u{2028}\u{2029}\u{feff}\u{ad}",
    "กำลัง नमस्ते 한국어 ǅ ﷽",
];

fn nasty_pair(step: u32) -> PairRecord {
    let at = |i: usize| NASTY[(step as usize + i) % NASTY.len()].to_string();
    PairRecord {
        query: at(0),
        original: at(1),
        guided: at(2),
        ..crate::tui::screens::fixtures::pair(step, 1)
    }
}

/// Nothing in a response moves the cursor, and what stands right of it stays where it was.
#[test]
fn no_text_breaks_the_layout() {
    use crate::tui::screens::fixtures::pair;
    use ratatui::{Terminal, backend::TestBackend};
    use unicode_width::UnicodeWidthStr;
    let plain = |text: &str| PairRecord {
        query: text.into(),
        original: text.into(),
        guided: text.into(),
        ..pair(3, 0)
    };
    let drawn = |record: PairRecord, width: u16, height: u16| {
        let mut state = running(4);
        tell(
            &mut state,
            Event::Pairs {
                step: 3,
                pairs: vec![record],
            },
        );
        update(&mut state, Action::Show(Screen::Responses));
        state.size = (width, height);
        let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
        let Ok(_) = terminal.draw(|frame| crate::tui::view::view(&state, frame));
        terminal.backend().buffer().clone()
    };
    for (width, height) in [(60, 16), (80, 24), (120, 40)] {
        // The rules of the panels, drawn around text that harms nobody.
        let usual = drawn(plain("the usual words"), width, height);
        for text in NASTY {
            let buffer = drawn(plain(text), width, height);
            for y in 0..height {
                let mut x = 0;
                while x < width {
                    let symbol = buffer[(x, y)].symbol();
                    assert!(!symbol.chars().any(char::is_control), "{text:?} at {x},{y}: {symbol:?}");
                    assert!(
                        !symbol.contains(['\u{200d}', '\u{202e}', '\u{202c}', '\u{200f}', '\u{fe0f}']),
                        "{text:?} at {x},{y}: {symbol:?}"
                    );
                    x += (symbol.width() as u16).max(1);
                }
                assert_eq!(x, width, "{text:?} runs over the edge in row {y}");
                let rule = |b: &ratatui::buffer::Buffer| (0..width).all(|x| "─━ ".contains(b[(x, y)].symbol()));
                if rule(&usual) && usual[(0, y)].symbol() != " " {
                    assert!(rule(&buffer), "{text:?}: row {y} is no rule any more");
                }
            }
        }
    }
}
