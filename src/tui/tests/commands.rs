//! What keys ask of training, and what they must not.

use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};

use super::fixtures::*;
use crate::train::*;
use crate::tui::action::{Action, Effect, Number, Screen};
use crate::tui::bindings;
use crate::tui::input::input;
use crate::tui::popup::{Popup, Prompt};
use crate::tui::state::State;
use crate::tui::update::update;

fn press(state: &mut State, code: KeyCode) -> Vec<Effect> {
    input(state, Input::Key(KeyEvent::new(code, KeyModifiers::NONE))).unwrap_or_default()
}

fn press_all(state: &mut State, keys: &str) -> Vec<Effect> {
    keys.chars().flat_map(|c| press(state, KeyCode::Char(c))).collect()
}

#[test]
fn keys_become_commands() {
    let mut state = running(3);
    assert_eq!(press_all(&mut state, " "), [Effect::Send(Command::Pause)]);
    tell(&mut state, Event::Paused { step: 3, paused: true });
    assert_eq!(press_all(&mut state, " "), [Effect::Send(Command::Continue)]);
    assert_eq!(
        press_all(&mut state, "nc"),
        [Effect::Send(Command::StepOnce), Effect::Send(Command::Checkpoint)]
    );
    assert!(press_all(&mut state, "S").is_empty());
    assert_eq!(press_all(&mut state, "y"), [Effect::Send(Command::Stop)]);
}

#[test]
fn a_typed_number_is_checked_and_sent() {
    let mut state = running(3);
    assert!(press_all(&mut state, "d1.5").is_empty());
    assert!(press(&mut state, KeyCode::Enter).is_empty());
    assert!(matches!(&state.popup, Some(Popup::Number(Prompt { error: Some(e), .. })) if e.contains("out of range")));
    (0..3).for_each(|_| drop(press(&mut state, KeyCode::Backspace)));
    press_all(&mut state, "0.8");
    assert_eq!(
        press(&mut state, KeyCode::Enter),
        [Effect::Send(Command::SetDecay(0.8))]
    );
    assert_eq!(state.popup, None);
    for (number, text, good) in [
        (Number::Tau, "-0.1", true),
        (Number::Tau, "nan", false),
        (Number::Tau, "inf", false),
        (Number::Decay, "0", false),
        (Number::Decay, "1", true),
        (Number::LearningRate, "1e-4", true),
        (Number::LearningRate, "-1", false),
        (Number::LearningRate, "", false),
    ] {
        let prompt = Prompt {
            text: text.into(),
            ..Prompt::new(number)
        };
        assert_eq!(prompt.value().is_ok(), good, "{number:?} {text}");
    }
}

#[test]
fn a_run_that_is_only_shown_takes_no_command() {
    for (read_only, failed) in [(true, false), (false, true)] {
        let mut state = running(3);
        state.run.live = !read_only;
        state.run.failed = failed.then(|| "out of memory".to_string());
        for key in [' ', 'n', 't', 'd', 'r', 'c', 'S'] {
            assert!(press_all(&mut state, &key.to_string()).is_empty(), "{key}");
            assert!(state.notice.as_ref().is_some_and(|n| n.refused), "{key} says why");
            assert_eq!(state.popup, None);
        }
        assert_eq!(press_all(&mut state, "q"), [Effect::Quit]);
    }
}

#[test]
fn leaving_with_unsaved_steps_asks() {
    let mut state = running(14);
    assert!(press_all(&mut state, "q").is_empty());
    assert_eq!(state.popup, Some(Popup::Quit));
    assert!(press(&mut state, KeyCode::Esc).is_empty());
    assert_eq!(state.popup, None);
    press_all(&mut state, "q");
    assert_eq!(press_all(&mut state, "s"), [Effect::Send(Command::Stop)]);
    tell(
        &mut state,
        Event::Checkpoint {
            step: 14,
            path: "runs/hh/14".into(),
        },
    );
    let done = Done {
        run: "hh".into(),
        path: "p".into(),
        steps: 14,
        reason: "stopped".into(),
        seconds: 1.0,
    };
    assert_eq!(
        update(&mut state, Action::Event(Box::new(Event::Done(done)))),
        [Effect::Quit]
    );

    let mut state = running(14);
    assert_eq!(
        press_all(&mut state, "qq"),
        [Effect::Send(Command::Abandon), Effect::Quit]
    );
    let mut state = running(10);
    assert_eq!(
        press_all(&mut state, "q"),
        [Effect::Send(Command::Stop), Effect::Quit],
        "step 10 is saved, and what is under way will be"
    );
}

#[test]
fn no_key_means_two_things_on_a_screen() {
    let table = bindings::table();
    for screen in Screen::ALL {
        let rows: Vec<_> = table.iter().filter(|r| r.screen.is_none_or(|s| s == screen)).collect();
        for (i, a) in rows.iter().enumerate() {
            assert!(!a.help.is_empty() && !a.keys.is_empty());
            for b in &rows[i + 1..] {
                for key in a.keys {
                    assert!(
                        !b.keys.contains(key),
                        "{screen:?}: {} is both {:?} and {:?}",
                        key.label(),
                        a.help,
                        b.help
                    );
                }
            }
        }
    }
}

#[test]
fn names_of_the_table_are_unique_and_kebab_case() {
    let table = bindings::table();
    let mut seen = std::collections::HashSet::new();
    for row in &table {
        let word = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        assert!(row.name.split('-').all(word), "{:?} is not kebab-case", row.name);
        assert!(seen.insert(row.name), "{:?} names two rows", row.name);
        if let Some(screen) = row.screen {
            let prefix = format!("{}-", bindings::slug(screen));
            assert!(
                row.name.starts_with(&prefix),
                "{:?} does not begin with {prefix}",
                row.name
            );
        }
    }
    for screen in Screen::ALL {
        let opens = |row: &&bindings::Binding| row.action == Action::Show(screen);
        assert_eq!(table.iter().find(opens).map(|r| r.name), Some(bindings::slug(screen)));
    }
}

#[test]
fn help_and_footer_come_from_the_table() {
    let mut state = running(3);
    let foot = picture(&mut state, 200, 40)
        .lines()
        .last()
        .map(str::to_string)
        .unwrap_or_default();
    for row in state
        .table
        .iter()
        .filter(|r| r.screen.is_none() || r.screen == Some(Screen::Dashboard))
    {
        if let Some(word) = row.footer {
            assert!(foot.contains(word), "{word} in {foot}");
        }
    }
    press_all(&mut state, "?");
    let help = picture(&mut state, 200, 200);
    let here = Screen::of(&state.run);
    for row in state
        .table
        .iter()
        .filter(|r| r.screen.is_none_or(|s| here.contains(&s)))
    {
        assert!(help.contains(row.help), "{}", row.help);
    }
    state.popup = None;
    state.run.live = false;
    let foot = picture(&mut state, 80, 24)
        .lines()
        .last()
        .map(str::to_string)
        .unwrap_or_default();
    assert!(
        foot.contains("? help") && foot.contains("q quit") && !foot.contains("checkpoint"),
        "{foot}"
    );
}

#[test]
fn every_action_of_a_screen_is_refused_a_trainer_that_is_not_there() {
    let mut state = running(3);
    state.run.live = false;
    for row in state.table.clone() {
        let effects = update(&mut state, row.action.clone());
        assert!(
            !effects.iter().any(|e| matches!(e, Effect::Send(_))),
            "{:?}",
            row.action
        );
        state.popup = None;
    }
}

#[test]
fn questions_are_answered_after_the_end_and_nothing_else_is_heard() {
    let mut state = running(40);
    state.screen = Screen::Responses;
    let done = Done {
        run: "r".into(),
        path: "p".into(),
        steps: 40,
        reason: "finished".into(),
        seconds: 1.0,
    };
    tell(&mut state, Event::Done(done));
    press_all(&mut state, "iwhy?");
    let asked = press(&mut state, KeyCode::Enter);
    assert!(
        matches!(asked.as_slice(), [Effect::Send(Command::Ask { query, .. })] if query == "why?"),
        "{asked:?}"
    );
    assert!(press_all(&mut state, "t").is_empty() && state.popup.is_none());
    tell(&mut state, Event::Failed { message: "m".into() });
    press_all(&mut state, "iwhy?");
    assert!(press(&mut state, KeyCode::Enter).is_empty());
}

#[test]
fn pasted_lines_stay_lines_where_there_are_many() {
    let mut state = running(3);
    state.screen = Screen::Responses;
    press_all(&mut state, "i");
    input(&mut state, Input::Paste("one\r\ntwo".into()));
    let asked = press(&mut state, KeyCode::Enter);
    assert!(
        matches!(asked.as_slice(), [Effect::Send(Command::Ask { query, .. })] if query == "one two"),
        "{asked:?}"
    );
    state.screen = Screen::Dashboard;
    assert_eq!(input(&mut state, Input::Paste("q".into())), None, "no field, no text");
    press_all(&mut state, "d");
    input(&mut state, Input::Paste("0.7\n".into()));
    assert_eq!(
        press(&mut state, KeyCode::Enter),
        [Effect::Send(Command::SetDecay(0.7))]
    );
}

#[test]
fn what_the_run_says_by_itself_goes_by_itself() {
    let mut state = running(3);
    tell(
        &mut state,
        Event::Checkpoint {
            step: 3,
            path: "p".into(),
        },
    );
    assert!(state.notice.is_some());
    (3..6).for_each(|i| tell(&mut state, Event::Step(step(i))));
    assert_eq!(state.notice, None);
}
