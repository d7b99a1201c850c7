//! What lines mean, what is offered for them, and what it looks like.

use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::config::{Principle, Principles};
use crate::train::{Command, Done, Event, PrinciplesVersion};
use crate::tui::action::{Number, Screen};
use crate::tui::input::input;
use crate::tui::screens::{effect, responses};
use crate::tui::tests::fixtures::{picture, running, tell};

fn press(state: &mut State, code: KeyCode) -> Vec<Effect> {
    input(state, Input::Key(KeyEvent::new(code, KeyModifiers::NONE))).unwrap_or_default()
}

fn write(state: &mut State, text: &str) {
    text.chars().for_each(|c| drop(press(state, KeyCode::Char(c))));
}

/// Opens the palette, types a line and does it; without the effect that keeps the line.
fn say(state: &mut State, line: &str) -> Vec<Effect> {
    write(state, ":");
    write(state, line);
    let mut effects = press(state, KeyCode::Enter);
    effects.retain(|e| !matches!(e, Effect::Remember(_)));
    effects
}

fn palette(state: &State) -> &Palette {
    match &state.popup {
        Some(Popup::Palette(palette)) => palette,
        other => panic!("no palette but {other:?}"),
    }
}

/// What the line says in place; closes it.
fn error(state: &mut State) -> String {
    let error = palette(state).error.clone().unwrap_or_default();
    press(state, KeyCode::Esc);
    error
}

fn principles(state: &mut State) {
    let entry = |name: &str, on| Principle {
        name: name.into(),
        text: format!("Be {name}."),
        on,
        tags: vec![],
    };
    let version = PrinciplesVersion {
        version: 1,
        from_step: 0,
        principles: Principles {
            entries: vec![entry("kind", true), entry("concise", false)],
            ..Principles::default()
        },
    };
    tell(state, Event::Principles(version));
}

#[test]
fn lines_become_the_actions_of_the_keys() {
    let mut state = running(30);
    principles(&mut state);
    assert_eq!(say(&mut state, "tau 0.15"), [Effect::Send(Command::SetTau(0.15))]);
    assert_eq!(say(&mut state, "decay 0.95"), [Effect::Send(Command::SetDecay(0.95))]);
    let rate = [Effect::Send(Command::SetLearningRate(1e-4))];
    assert_eq!(say(&mut state, "  :learning-rate  1e-4 "), rate);
    assert_eq!(say(&mut state, "pause"), [Effect::Send(Command::Pause)]);
    assert_eq!(say(&mut state, "checkpoint"), [Effect::Send(Command::Checkpoint)]);
    let switched = say(&mut state, "principle on concise");
    let [Effect::Send(Command::SetPrinciples(set))] = switched.as_slice() else {
        panic!("{switched:?}");
    };
    assert!(set.entries.iter().all(|e| e.on));
    assert!(say(&mut state, "screen responses").is_empty());
    assert_eq!(state.screen, Screen::Responses);
    let asked = say(&mut state, "filter ranked");
    assert!(
        matches!(&asked[..], [Effect::QueryPairs(f)] if f.branch.is_some()),
        "{asked:?}"
    );
    say(&mut state, "goto 12");
    assert_eq!((state.screen, state.run.at()), (Screen::Responses, Some(12)));
    say(&mut state, "7");
    assert_eq!(state.run.at(), Some(7));
    // A row of another screen takes the user there.
    say(&mut state, "dashboard-log");
    say(&mut state, "principles-numbering");
    assert_eq!((state.screen, state.dashboard.log), (Screen::Principles, true));
    assert_eq!(say(&mut state, "mouse"), [Effect::Mouse(false)]);
    say(&mut state, "quit");
    assert!(matches!(state.popup, None | Some(Popup::Quit)));
}

#[test]
fn mistakes_are_said_in_place_with_what_would_do() {
    let mut state = running(30);
    principles(&mut state);
    for (line, said) in [
        ("tau", "tau wants X"),
        ("tau much", "\"much\" is not a number; for example 0.1"),
        ("decay 2", "out of range: above 0"),
        ("tua 0.1", "no command \"tua\""),
        ("chekpoint", "did you mean checkpoint?"),
        ("pause now", "pause takes no argument; leave \"now\" out"),
        ("principle concise", "principle wants on or off"),
        ("principle on", "kind, concise"),
        (
            "principle off kin",
            "no principle is named \"kin\"; there are kind, concise",
        ),
        ("principle off concise", "concise is off already"),
        ("goto 99", "the last one is 29"),
        ("screen moon", "dashboard, responses"),
        ("order up", "newest, oldest"),
        ("measure 0", "1 to 1024"),
    ] {
        assert!(say(&mut state, line).is_empty(), "{line}");
        assert!(palette(&state).line.text().contains(line), "the line stays");
        let error = error(&mut state);
        assert!(error.contains(said), "{line}: {error}");
    }
}

#[test]
fn what_cannot_be_done_is_shown_with_the_reason() {
    let mut state = running(3);
    let done = Done {
        run: "hh".into(),
        path: "p".into(),
        steps: 3,
        reason: "finished".into(),
        seconds: 1.0,
    };
    tell(&mut state, Event::Done(done));
    write(&mut state, ":checkpoint");
    let offers = palette(&state).offers(&state);
    let first = &offers[0];
    assert_eq!((first.line.as_str(), first.keys.as_str()), ("checkpoint", "c"));
    assert!(
        first
            .disabled
            .as_ref()
            .is_some_and(|why| why.contains("training is over"))
    );
    assert!(press(&mut state, KeyCode::Enter).is_empty());
    assert!(error(&mut state).contains("training is over"));
    // A trainer that has done its steps still answers.
    write(&mut state, ":ask");
    assert_eq!(palette(&state).offers(&state)[0].disabled, None);
}

#[test]
fn tab_completes_names_and_arguments() {
    let mut state = running(30);
    principles(&mut state);
    write(&mut state, ":princ");
    press(&mut state, KeyCode::Tab);
    assert_eq!(palette(&state).line.text(), "principle ");
    press(&mut state, KeyCode::Tab);
    let second = palette(&state).line.text().to_string();
    assert_ne!(second, "principle ");
    press(&mut state, KeyCode::BackTab);
    assert_eq!(palette(&state).line.text(), "principle ");
    write(&mut state, "con");
    press(&mut state, KeyCode::Tab);
    assert_eq!(palette(&state).line.text(), "principle on concise");
    let sent = press(&mut state, KeyCode::Enter);
    assert!(
        sent.iter()
            .any(|e| matches!(e, Effect::Send(Command::SetPrinciples(_))))
    );
    write(&mut state, ":goto ");
    assert!(palette(&state).offers(&state).is_empty());
    press(&mut state, KeyCode::Tab);
    assert_eq!(palette(&state).line.text(), "goto ");
}

#[test]
fn earlier_lines_come_back_and_are_kept() {
    let mut state = running(30);
    state.history = History::new(vec!["tau 0.3".into(), " ".into(), "goto 3".into()]);
    write(&mut state, ":tau 0.1");
    assert!(press(&mut state, KeyCode::Enter).contains(&Effect::Remember("tau 0.1".into())));
    write(&mut state, ":");
    for line in ["tau 0.1", "goto 3", "tau 0.3", "tau 0.3"] {
        press(&mut state, KeyCode::Up);
        assert_eq!(palette(&state).line.text(), line);
    }
    for line in ["goto 3", "tau 0.1", "", ""] {
        press(&mut state, KeyCode::Down);
        assert_eq!(palette(&state).line.text(), line);
    }
    // Only those that begin as what was typed.
    write(&mut state, "tau");
    press(&mut state, KeyCode::Up);
    press(&mut state, KeyCode::Up);
    assert_eq!(palette(&state).line.text(), "tau 0.3");
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.popup, None);
    write(&mut state, ":");
    press(&mut state, KeyCode::Backspace);
    assert_eq!(state.popup, None, "as in an editor");
}

#[test]
fn every_row_of_the_table_is_offered_and_no_name_means_two_things() {
    let state = running(3);
    let offers = Palette::default().offers(&state);
    for row in commands::rows(&state) {
        let offer = offers.iter().find(|o| o.line == row.name);
        assert!(
            offer.is_some_and(|o| o.help == row.help && !o.keys.is_empty()),
            "{}",
            row.name
        );
        assert!(COMMANDS.iter().all(|c| c.name != row.name), "{}", row.name);
    }
    for command in COMMANDS {
        assert!(offers.iter().any(|o| o.line == command.name));
        if let Some(name) = command.row {
            assert!(state.table.iter().any(|row| row.name == name), "{name}");
        }
    }
    let mut state = state;
    let asked = update(&mut state, Action::Effect(effect::Action::MeasureOn(0)));
    assert!(asked.is_empty());
    update(&mut state, Action::Responses(responses::Action::Ask(" ".into())));
    assert_eq!(
        super::commands::parse(&state, "help").map(|m| m.action),
        Ok(Action::ToggleHelp)
    );
    assert_eq!(
        super::commands::parse(&state, "tau 1").map(|m| m.action),
        Ok(Action::Set(Number::Tau, 1.0))
    );
}

#[test]
fn pictures() {
    for (width, height) in [(60, 16), (80, 24), (120, 40)] {
        let mut state = running(23);
        principles(&mut state);
        state.size = (width, height);
        write(&mut state, ":");
        insta::assert_snapshot!(
            format!("palette_empty_{width}x{height}"),
            picture(&mut state, width, height)
        );
        write(&mut state, "ta");
        insta::assert_snapshot!(
            format!("palette_ta_{width}x{height}"),
            picture(&mut state, width, height)
        );
        write(&mut state, "u much");
        press(&mut state, KeyCode::Enter);
        insta::assert_snapshot!(
            format!("palette_error_{width}x{height}"),
            picture(&mut state, width, height)
        );
        press(&mut state, KeyCode::Esc);
        state.run.live = false;
        write(&mut state, ":principle ");
        insta::assert_snapshot!(
            format!("palette_shown_only_{width}x{height}"),
            picture(&mut state, width, height)
        );
    }
}
