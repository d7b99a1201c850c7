//! What every state looks like.

use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};

use super::fixtures::*;
use crate::train::*;
use crate::tui::action::Action;
use crate::tui::input::input;
use crate::tui::popup::Popup;
use crate::tui::screens::dashboard::Panel;
use crate::tui::state::State;
use crate::tui::theme::{Markers, Theme};
use crate::tui::update::update;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn snap(name: &str, mut state: State) {
    for (width, height) in SIZES {
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture(&mut state, width, height));
    }
}

fn press(state: &mut State, keys: &str) {
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            c => KeyCode::Char(c),
        };
        input(state, Input::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }
}

#[test]
fn before_anything() {
    snap("dashboard_empty", State::new(true, Theme::color()));
}

#[test]
fn during_sft() {
    let mut state = State::new(true, Theme::color());
    tell(&mut state, started(40));
    sft(&mut state, 7);
    snap("dashboard_sft", state);
}

#[test]
fn running_at_step_23() {
    let mut state = running(23);
    let evaluation = EvaluationRecord {
        step: 20,
        queries: 64,
        reward_original: 0.93,
        reward_guided: 1.04,
        truth_original: Some(0.7),
        truth_guided: Some(0.75),
        cases: vec![],
    };
    tell(&mut state, Event::Evaluation(evaluation));
    snap("dashboard_running", state);
}

#[test]
fn one_step() {
    let mut state = running(1);
    insta::assert_snapshot!(picture(&mut state, 80, 24));
}

#[test]
fn paused_with_marks_and_an_alarm() {
    let mut state = running(23);
    tell(&mut state, mark(8, "tau 0.086 -> 0.05"));
    tell(&mut state, mark(15, "principles v2"));
    tell(
        &mut state,
        Event::Alarm(Alarm {
            step: 22,
            message: "half of the responses no longer end by themselves".into(),
            suggestion: "lower the learning rate (r), or go back to the checkpoint after step 20".into(),
            paused: true,
        }),
    );
    state.notice = None;
    snap("dashboard_paused", state);
}

#[test]
fn failed() {
    let mut state = running(12);
    tell(
        &mut state,
        Event::Failed {
            message: "the loss is not a number at step 12".into(),
        },
    );
    snap("dashboard_failed", state);
}

#[test]
fn finished() {
    let mut state = running(40);
    let done = Done {
        run: "hh".into(),
        path: "runs/hh".into(),
        steps: 40,
        reason: "finished".into(),
        seconds: 25.0,
    };
    tell(&mut state, Event::Done(done));
    snap("dashboard_finished", state);
}

#[test]
fn a_stored_run_says_that_it_cannot_be_changed() {
    let mut state = running(40);
    state.run.live = false;
    press(&mut state, "t");
    insta::assert_snapshot!(picture(&mut state, 120, 40));
}

#[test]
fn one_chart_alone_with_the_cursor() {
    let mut state = running(23);
    press(&mut state, "zhhhh");
    insta::assert_snapshot!(picture(&mut state, 100, 30));
}

#[test]
fn a_long_run_with_a_spike_and_a_gap() {
    let mut state = running(0);
    tell(&mut state, started(100_000));
    for i in 0..60_000 {
        let mut record = step(i);
        if (20_000..30_000).contains(&i) {
            record.loss = f64::NAN;
        }
        if i == 45_678 {
            record.loss = 9.0;
        }
        state.run.history.push(&record);
        state.run.latest = Some(record);
    }
    state.dashboard.focus = Panel::Losses;
    state.dashboard.zoomed = true;
    insta::assert_snapshot!(picture(&mut state, 100, 30));
}

#[test]
fn without_braille() {
    let mut state = running(23);
    state.theme.markers = Markers::Ascii;
    insta::assert_snapshot!(picture(&mut state, 80, 24));
}

#[test]
fn help_and_questions() {
    let mut state = running(24);
    for (name, keys) in [
        ("help", "?"),
        ("help_scrolled", "?jjjjjjjj"),
        ("tau", "t0.x1\n"),
        ("rate", "r"),
        ("quit", "q"),
        ("stop", "S"),
    ] {
        press(&mut state, keys);
        insta::assert_snapshot!(format!("popup_{name}"), picture(&mut state, 80, 24));
        state.popup = None;
    }
    insta::assert_snapshot!("too_small", picture(&mut state, 40, 10));
}

#[test]
fn what_the_model_was_given() {
    use crate::prompt::{Piece, PieceRole};
    use crate::tui::sent::Given;
    let mut state = running(24);
    let pairs = vec![crate::tui::screens::fixtures::pair(24, 0)];
    tell(&mut state, Event::Pairs { step: 24, pairs });
    press(&mut state, "2x");
    let Some(Popup::Sent(sent)) = state.popup.clone() else {
        panic!("no popup");
    };
    insta::assert_snapshot!("popup_sent_waiting", picture(&mut state, 80, 24));
    let words = |role, text: &str| -> Vec<Piece> {
        let word = |(i, shown): (usize, &str)| Piece {
            id: 300 + i as u32,
            shown: shown.replace(' ', "\u{B7}").replace('\n', "\u{21B5}"),
            role,
        };
        text.split_inclusive(' ').enumerate().map(word).collect()
    };
    let x = [
        words(PieceRole::Template, "<bos>human:\n"),
        words(PieceRole::Query, &sent.question.query),
        words(PieceRole::Template, "\nassistant:"),
    ]
    .concat();
    let principles = "be honest: say only what you know to be true. ".repeat(40);
    let guided = [words(PieceRole::Principles, &principles), x.clone()].concat();
    let given = Given {
        sides: [x, guided],
        chat: false,
        note: None,
    };
    update(&mut state, Action::Sent(sent.question, Ok(given)));
    insta::assert_snapshot!("popup_sent", picture(&mut state, 80, 24));
    press(&mut state, "Gi");
    insta::assert_snapshot!("popup_sent_end_with_ids", picture(&mut state, 80, 24));
    press(&mut state, "\t");
    insta::assert_snapshot!("popup_sent_without_principles", picture(&mut state, 120, 40));
}

#[test]
fn the_tokens_of_a_response() {
    use crate::train::{Command, Inside, InsideToken};
    let mut state = running(24);
    let pairs = vec![crate::tui::screens::fixtures::pair(20, 0)];
    tell(&mut state, Event::Pairs { step: 20, pairs });
    press(&mut state, "2");
    let asked = update(&mut state, Action::ShowInside);
    let Some(Popup::Inside(inside)) = state.popup.clone() else {
        panic!("no popup");
    };
    let pair = inside.pair;
    let look = Command::LookInside { step: 20, index: 0 };
    assert_eq!(asked, [crate::tui::action::Effect::Send(look)]);
    insta::assert_snapshot!("popup_inside_waiting", picture(&mut state, 80, 24));
    let tokens = |text: &str, by: f64| -> Vec<InsideToken> {
        let token = |(i, shown): (usize, &str)| InsideToken {
            id: 300 + i as u32,
            shown: shown.replace(' ', "\u{B7}"),
            policy: -0.05 - 0.9 * (i % 7) as f64 + by,
            reference: Some(-0.05 - 0.9 * (i % 7) as f64 - by * (i % 3) as f64),
        };
        text.split_inclusive(' ').enumerate().map(token).collect()
    };
    let long = format!("{} {}", pair.guided, "and so on ".repeat(80));
    let answer = |found| {
        Box::new(Inside {
            step: 20,
            index: 0,
            policy_steps: 24,
            found,
        })
    };
    update(
        &mut state,
        Action::Event(Box::new(Event::Inside(*answer(Ok([
            tokens(&pair.original, -0.4),
            tokens(&long, 0.04),
        ]))))),
    );
    insta::assert_snapshot!("popup_inside", picture(&mut state, 80, 24));
    press(&mut state, "\tvjl");
    insta::assert_snapshot!("popup_inside_guided_policy", picture(&mut state, 120, 40));
    press(&mut state, "vvGn");
    insta::assert_snapshot!("popup_inside_end", picture(&mut state, 80, 24));
    state.theme.markers = Markers::Ascii;
    press(&mut state, "\tn");
    insta::assert_snapshot!("popup_inside_ascii", picture(&mut state, 60, 16));
    // Of another pair: not what was asked for.
    let other = Inside {
        index: 1,
        ..*answer(Err("no".into()))
    };
    update(&mut state, Action::Inside(Box::new(other)));
    let Some(Popup::Inside(inside)) = &state.popup else {
        panic!("no popup");
    };
    assert!(inside.answer.as_ref().is_some_and(|a| a.found.is_ok()));
    press(&mut state, "T");
    assert_eq!(state.popup, None);
}
