//! A principles file that changes while the workbench is open.

use std::path::PathBuf;

use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};

use super::fixtures::*;
use crate::config::{Principle, Principles};
use crate::train::*;
use crate::tui::action::{Action, Effect, Screen};
use crate::tui::input::input;
use crate::tui::popup::Popup;
use crate::tui::state::State;
use crate::tui::update::update;

fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    let key = |c| match c {
        '\n' => KeyCode::Enter,
        '\x1b' => KeyCode::Esc,
        c => KeyCode::Char(c),
    };
    keys.chars()
        .flat_map(|c| input(state, Input::Key(KeyEvent::new(key(c), KeyModifiers::NONE))).unwrap_or_default())
        .collect()
}

fn set(names: &[&str]) -> Principles {
    Principles {
        entries: names
            .iter()
            .map(|name| Principle {
                name: (*name).into(),
                text: format!("Be {name}."),
                on: true,
                tags: vec![],
            })
            .collect(),
        ..Principles::default()
    }
}

fn changed(state: &mut State, outcome: Result<Principles, String>) {
    update(state, Action::FileChanged(PathBuf::from("principles/hh.toml"), outcome));
}

fn with_principles() -> State {
    let mut state = running(5);
    let version = PrinciplesVersion {
        version: 1,
        from_step: 0,
        principles: set(&["kind"]),
    };
    tell(&mut state, Event::Principles(version));
    state
}

#[test]
fn it_is_offered_and_taken_only_when_asked_for() {
    let mut state = with_principles();
    changed(&mut state, Ok(set(&["kind"])));
    assert_eq!(state.popup, None, "it holds what is in force");
    changed(&mut state, Ok(set(&["kind", "concise"])));
    insta::assert_snapshot!("file_changed_80x24", picture(&mut state, 80, 24));
    press(&mut state, "x");
    assert!(
        matches!(state.popup, Some(Popup::Changed(_))),
        "another key does not answer"
    );
    assert!(press(&mut state, "n").is_empty());
    assert!(!state.principles.has_draft());
    assert!(
        state
            .notice
            .as_ref()
            .is_some_and(|n| n.text.contains(":load principles/hh.toml"))
    );

    changed(&mut state, Ok(set(&["kind", "concise"])));
    assert!(press(&mut state, "y").is_empty());
    assert_eq!((state.screen, state.principles.has_draft()), (Screen::Principles, true));
    press(&mut state, "u");
    assert!(!state.principles.has_draft(), "loading can be undone");

    changed(&mut state, Ok(set(&["kind", "concise"])));
    let sent = press(&mut state, "a");
    assert_eq!(sent, [Effect::Send(Command::SetPrinciples(set(&["kind", "concise"])))]);
}

#[test]
fn it_waits_while_the_user_writes_and_says_what_is_wrong() {
    let mut state = with_principles();
    press(&mut state, "t");
    changed(&mut state, Ok(set(&["new"])));
    assert!(matches!(state.popup, Some(Popup::Number(_))));
    press(&mut state, "\x1b");
    assert!(matches!(state.popup, Some(Popup::Changed(_))));
    press(&mut state, "n");

    changed(
        &mut state,
        Err("principles/hh.toml:3: principle.text: missing; add it".into()),
    );
    insta::assert_snapshot!("file_broken_60x16", picture(&mut state, 60, 16));
    assert!(press(&mut state, "ya").is_empty());
    press(&mut state, "n");
    assert_eq!(state.popup, None);
    // Nobody could use it in a run that is only shown.
    state.run.live = false;
    changed(&mut state, Ok(set(&["new"])));
    assert_eq!(state.popup, None);
}
