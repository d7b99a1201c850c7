//! What is taken out of the workbench.

use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};

use super::fixtures::*;
use crate::config::Palette;
use crate::report::{Format, NotWritten, View};
use crate::tui::action::{Action, Effect, Screen};
use crate::tui::input::input;
use crate::tui::popup::Popup;
use crate::tui::screens::dashboard::Panel;
use crate::tui::state::State;
use crate::tui::take::{Ground, screen};
use crate::tui::theme::{Background, Theme};
use crate::tui::update::update;

fn press(state: &mut State, code: KeyCode) -> Vec<Effect> {
    input(state, Input::Key(KeyEvent::new(code, KeyModifiers::NONE))).unwrap_or_default()
}

fn press_all(state: &mut State, keys: &str) -> Vec<Effect> {
    keys.chars().flat_map(|c| press(state, KeyCode::Char(c))).collect()
}

fn copied(state: &mut State) -> String {
    match &press_all(state, "Y")[..] {
        [Effect::Copy(text)] => text.clone(),
        other => panic!("{other:?}"),
    }
}

fn said(state: &State) -> &str {
    state.notice.as_ref().map_or("", |n| n.text.as_str())
}

#[test]
fn the_focused_chart_is_copied_as_a_table_and_other_screens_as_words() {
    let mut state = running(23);
    picture(&mut state, 120, 40);
    let table = copied(&mut state);
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows.len(), 24, "{table}");
    assert_eq!(
        rows[0],
        "step\ts original\ts′ guided\ts original, low\ts original, high\ts′ guided, low\ts′ guided, high"
    );
    let first: Vec<&str> = rows[1].split('\t').collect();
    assert_eq!(
        (first[0], first[1].parse::<f32>().ok()),
        ("0", Some(step(0).reward_original as f32))
    );
    assert!(said(&state).starts_with("copied Reward: 23 rows ("), "{}", said(&state));
    // Where there are no lines, the words.
    state.dashboard.focus = Panel::Facts;
    let words = copied(&mut state);
    assert!(words.contains("threshold τ") && !words.contains("Margins"), "{words}");
    press_all(&mut state, "3");
    copied(&mut state);
    assert!(
        said(&state).starts_with("copied the screen Principles ("),
        "{}",
        said(&state)
    );
}

#[test]
fn a_long_run_is_copied_as_means() {
    let mut state = running(0);
    for i in 0..5000 {
        state.run.history.push(&step(i));
    }
    let table = copied(&mut state);
    assert_eq!(table.lines().count(), 201);
    assert!(
        said(&state).contains("200 rows of 5,000 steps, means of 25 steps"),
        "{}",
        said(&state)
    );
}

fn write(state: &mut State) -> (String, View, Format, bool) {
    match press(state, KeyCode::Enter).pop() {
        Some(Effect::WriteView {
            path,
            view,
            format,
            replace,
        }) => (path.display().to_string(), *view, format, replace),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_written_and_where_to_is_asked() {
    let mut state = running(23);
    picture(&mut state, 120, 40);
    press_all(&mut state, "O");
    insta::assert_snapshot!("write_chart", picture(&mut state, 80, 24));
    let (path, view, format, replace) = write(&mut state);
    assert_eq!(path, "hh-2026-05-14-brave-otter-reward.svg");
    assert!(matches!(&view, View::Chart(f) if f.title == "Reward" && f.lines.len() == 2 && f.bands.len() == 2));
    assert_eq!((format, replace), (Format::Svg, false));
    press(&mut state, KeyCode::Left);
    let (path, view, ..) = write(&mut state);
    assert!(path.ends_with("-reward.csv"), "{path}");
    assert!(matches!(&view, View::Numbers(n) if n.steps.len() == 23 && n.columns.len() == 6));
    // The screen has no numbers of its own.
    press(&mut state, KeyCode::Tab);
    let (path, view, ..) = write(&mut state);
    assert!(path.ends_with("-dashboard.svg"), "{path}");
    assert!(matches!(&view, View::Screen(f) if f.columns == 80 && f.cells.len() == 80 * 24));
    press(&mut state, KeyCode::Right);
    insta::assert_snapshot!("write_screen", picture(&mut state, 80, 24));
    assert_eq!(write(&mut state).2, Format::Png);
    // A name that was typed stays.
    press_all(&mut state, "x");
    press(&mut state, KeyCode::Right);
    assert!(write(&mut state).0.ends_with(".pngx"));
}

#[test]
fn a_file_that_exists_is_replaced_only_after_another_enter() {
    let mut state = running(23);
    picture(&mut state, 120, 40);
    press_all(&mut state, "O");
    assert!(!write(&mut state).3);
    update(&mut state, Action::Written(Err(NotWritten::Exists)));
    insta::assert_snapshot!("write_exists", picture(&mut state, 80, 24));
    assert!(write(&mut state).3);
    // Another name is another file.
    press(&mut state, KeyCode::Backspace);
    assert!(!write(&mut state).3);
    update(
        &mut state,
        Action::Written(Err(NotWritten::Failed("x: permission denied".into()))),
    );
    assert!(picture(&mut state, 80, 24).contains("Not written: x: permission denied"));
    update(&mut state, Action::Written(Ok(("/home/me/x.svg".into(), 12_345))));
    assert_eq!(state.popup, None);
    assert_eq!(said(&state), "wrote /home/me/x.svg (12.3 kB)");
    press_all(&mut state, "O");
    (0..80).for_each(|_| drop(press(&mut state, KeyCode::Backspace)));
    assert!(press(&mut state, KeyCode::Enter).is_empty(), "no name, no file");
    assert!(matches!(&state.popup, Some(Popup::Write(form)) if form.error.is_some()));
}

/// How far apart two colours are (WCAG 2), 1 to 21.
fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let luminance = |c: [u8; 3]| {
        let [r, g, b] = c.map(|v| {
            let v = f64::from(v) / 255.0;
            if v <= 0.04045 {
                v / 12.92
            } else {
                ((v + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn curves_marks_and_words_stand_out_on_dark_and_on_light_ground() {
    for (background, ground) in [
        (Background::Unknown, Ground::Dark),
        (Background::Unknown, Ground::Light),
        (Background::Dark, Ground::Dark),
        (Background::Light, Ground::Light),
    ] {
        let mut state = running(23);
        state.theme = Theme::of(Palette::Default, background);
        tell(&mut state, mark(8, "tau 0.086 -> 0.05"));
        press_all(&mut state, "((");
        state.size = (120, 40);
        for screen_of in [Screen::Dashboard, Screen::Responses, Screen::Cases] {
            update(&mut state, Action::Show(screen_of));
            let figure = screen(&state, ground);
            let seen = figure.cells.iter().filter(|c| !c.symbol.trim().is_empty());
            for cell in seen {
                let under = cell.look.ground.unwrap_or(figure.ground);
                let got = contrast(cell.look.ink, under);
                assert!(got > 1.6, "{ground:?} {cell:?}: {got:.2}");
                let faint = cell.look.ink != [0xd4; 3] && cell.look.ink != [0x24; 3] && cell.look.ground.is_none();
                assert!(faint || got > 4.0, "{ground:?} {cell:?}: {got:.2}");
            }
        }
    }
}
