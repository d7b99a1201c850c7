//! Time travel: one cursor over the steps, on every screen.

use std::time::Duration;

use ratatui::crossterm::event::{
    Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::fixtures::*;
use crate::run::{Asker, PairPage};
use crate::train::*;
use crate::tui::action::{Action, Effect, Screen};
use crate::tui::input::input;
use crate::tui::screens::charts::Window;
use crate::tui::screens::dashboard::Panel;
use crate::tui::screens::fixtures;
use crate::tui::state::State;
use crate::tui::time;
use crate::tui::update::update;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// Presses keys; the store answers at once.
fn press(state: &mut State, keys: &str) {
    for c in keys.chars() {
        let effects = input(state, Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
        answer(state, effects.unwrap_or_default());
    }
}

fn answer(state: &mut State, effects: Vec<Effect>) {
    for effect in effects {
        let Effect::QueryPairs(filter) = effect else { continue };
        assert_eq!(filter.asker, Asker::Cursor);
        let step = filter.step.expect("a step");
        let pairs: Vec<PairRecord> = (0..24).map(|i| fixtures::pair(step, i)).collect();
        let page = PairPage {
            total: 24,
            filter,
            pairs,
        };
        let effects = update(state, Action::Pairs(page));
        assert!(effects.is_empty(), "{effects:?}");
    }
}

/// Thirty steps with two versions of the principles, evaluations, a change by hand and an alarm.
fn eventful() -> State {
    let mut state = running(0);
    let version = |version, from_step, on| {
        let mut principles = fixtures::principles();
        principles.entries[2].on = on;
        Event::Principles(PrinciplesVersion {
            version,
            from_step,
            principles,
        })
    };
    tell(&mut state, version(1, 0, false));
    for i in 0..30 {
        if i % 10 == 0 {
            tell(&mut state, Event::Evaluation(fixtures::evaluation(i)));
        }
        tell(&mut state, Event::Step(step(i)));
        let pairs = (0..24).map(|k| fixtures::pair(i, k)).collect();
        tell(&mut state, Event::Pairs { step: i, pairs });
    }
    tell(&mut state, version(2, 15, true));
    tell(&mut state, mark(8, "tau 0.086 -> 0.05"));
    tell(&mut state, mark(15, "principles v2"));
    tell(
        &mut state,
        Event::Alarm(Alarm {
            step: 22,
            message: "half of the responses no longer end by themselves".into(),
            suggestion: "lower the learning rate".into(),
            paused: false,
        }),
    );
    press(&mut state, "!");
    state.notice = None;
    state
}

#[test]
fn every_screen_shows_the_step_under_the_cursor() {
    let mut state = eventful();
    // From the thirtieth step to the ninth: the change of tau.
    press(&mut state, "(({");
    assert_eq!(state.run.at(), Some(8));
    for (screen, name) in [
        (Screen::Dashboard, "dashboard"),
        (Screen::Responses, "responses"),
        (Screen::Principles, "principles"),
        (Screen::Cases, "cases"),
    ] {
        update(&mut state, Action::Show(screen));
        for (width, height) in SIZES {
            let picture = picture(&mut state, width, height);
            assert!(picture.contains("step 8, live is 29 · $ returns"), "{picture}");
            insta::assert_snapshot!(format!("past_{name}_{width}x{height}"), picture);
        }
    }
    update(&mut state, Action::Show(Screen::Dashboard));
    press(&mut state, "z");
    for (width, height) in SIZES {
        insta::assert_snapshot!(
            format!("past_zoomed_{width}x{height}"),
            picture(&mut state, width, height)
        );
    }
    state.dashboard.focus = Panel::Spread;
    insta::assert_snapshot!("past_margins_100x30", picture(&mut state, 100, 30));
    state.dashboard.focus = Panel::Losses;
    press(&mut state, "y");
    insta::assert_snapshot!("past_log_100x30", picture(&mut state, 100, 30));
}

#[test]
fn what_was_in_force_then_is_shown_and_cannot_be_edited() {
    let mut state = eventful();
    press(&mut state, "3((");
    assert_eq!(state.run.version_shown(), Some(0));
    let shown = picture(&mut state, 120, 40);
    assert!(shown.contains("At step 9 v1 was in force; the last is v2"), "{shown}");
    assert!(shown.contains("[ ] friendly"), "{shown}");
    press(&mut state, "x");
    let shown = picture(&mut state, 120, 40);
    assert!(
        shown.contains("[ ] friendly") && shown.contains("$ goes back to the newest step"),
        "{shown}"
    );
    press(&mut state, "$");
    assert!(picture(&mut state, 120, 40).contains("[x] friendly"));
}

#[test]
fn news_do_not_move_the_view() {
    let mut state = eventful();
    state.run.look_at(Some(12));
    for (screen, height) in [
        (Screen::Dashboard, 40),
        (Screen::Responses, 40),
        (Screen::Principles, 24),
        (Screen::Cases, 24),
    ] {
        update(&mut state, Action::Show(screen));
        press(&mut state, "{}");
        let frame = |state: &mut State| -> Vec<String> {
            let all = picture(state, 120, height);
            // Without the state of the run and the line that says where it is.
            all.lines().skip(3).map(str::to_string).collect()
        };
        let before = frame(&mut state);
        for _ in 0..12 {
            let next = state.run.steps_done();
            let mut record = step(next);
            // Large enough to squeeze any axis it is drawn on.
            record.loss = 1000.0;
            record.reward_original = -1000.0;
            tell(&mut state, Event::Step(record));
            let pairs = (0..24).map(|k| fixtures::pair(next, k)).collect();
            tell(&mut state, Event::Pairs { step: next, pairs });
            tell(&mut state, Event::Evaluation(fixtures::evaluation(next)));
        }
        state.notice = None;
        assert_eq!(before, frame(&mut state), "{screen:?}");
    }
    press(&mut state, "$");
    assert_eq!(state.run.at(), None);
}

#[test]
fn keys_walk_over_the_steps_and_fall_off_the_end_into_the_present() {
    let mut state = eventful();
    let mut at = |keys: &str| {
        press(&mut state, keys);
        state.run.at()
    };
    assert_eq!(at("}"), None, "the newest is the newest");
    assert_eq!(at("{"), Some(28));
    assert_eq!(at("}"), Some(29));
    assert_eq!(at("}"), None);
    assert_eq!(at("(("), Some(9));
    assert_eq!(at("((("), Some(0));
    assert_eq!(at(")"), Some(10));
    assert_eq!(at("^"), Some(0));
    assert_eq!(at("$"), None);
    // Before the first step there is none.
    let mut empty = running(0);
    press(&mut empty, "{P(^$");
    assert_eq!(empty.run.at(), None);
    assert!(empty.notice.as_ref().is_some_and(|n| n.refused));
}

#[test]
fn the_film_runs_to_the_live_edge_and_stops() {
    let mut state = eventful();
    let tick = |state: &mut State, millis: u64| {
        let effects = update(state, Action::Time(time::Action::Tick(Duration::from_millis(millis))));
        answer(state, effects);
    };
    press(&mut state, ">");
    assert!(!state.film.playing, "a speed alone plays nothing");
    press(&mut state, "P");
    assert_eq!(
        (state.film.playing, state.run.at()),
        (true, Some(0)),
        "from the beginning"
    );
    let speed = state.film.speed(30);
    tick(&mut state, 1000);
    assert_eq!(state.run.at(), Some(speed as u32));
    assert_eq!(state.run.past.as_ref().and_then(|p| p.pairs_of), Some(speed as u32));
    insta::assert_snapshot!("film_80x24", picture(&mut state, 80, 24));
    press(&mut state, "P");
    tick(&mut state, 5000);
    assert_eq!(state.run.at(), Some(speed as u32), "held");
    press(&mut state, "P>");
    assert!(state.film.playing && state.film.speed(30) > speed);
    // A step by hand holds it too.
    press(&mut state, "}");
    assert!(!state.film.playing);
    press(&mut state, "P");
    for _ in 0..100 {
        tick(&mut state, 200);
    }
    assert_eq!((state.film.playing, state.run.at()), (false, None));
    // Many steps a second leave some out, and end at the same place.
    (0..20).for_each(|_| press(&mut state, ">"));
    press(&mut state, "P");
    tick(&mut state, 40);
    assert_eq!(state.run.at(), None);
}

#[test]
fn a_list_that_is_held_stays_while_the_film_goes_on_and_follows_a_step_by_hand() {
    let mut state = eventful();
    press(&mut state, "2((");
    let shown = picture(&mut state, 120, 40);
    assert!(
        shown.contains("step 9, as it was") && shown.contains(" 9.0 "),
        "{shown}"
    );
    // Within the pairs of a step nothing is asked of the store.
    press(&mut state, "jj");
    assert!(picture(&mut state, 120, 40).contains("▸ 9.2"));
    press(&mut state, "}");
    assert!(picture(&mut state, 120, 40).contains("▸ 10.2"));
    press(&mut state, "$");
    assert!(picture(&mut state, 120, 40).contains("following: step 29"));
}

fn mouse(state: &mut State, kind: MouseEventKind, column: u16, row: u16) {
    let event = MouseEvent {
        kind,
        column,
        row,
        modifiers: KeyModifiers::NONE,
    };
    let effects = input(state, Input::Mouse(event)).unwrap_or_default();
    answer(state, effects);
}

#[test]
fn the_mouse_sets_the_cursor_zooms_at_the_pointer_pans_and_selects() {
    use MouseEventKind::{Down, Drag, ScrollUp, Up};
    let mut state = eventful();
    press(&mut state, "z");
    picture(&mut state, 100, 30);
    mouse(&mut state, Down(MouseButton::Left), 50, 15);
    let clicked = state.run.at().expect("a step");
    assert!((16..=22).contains(&clicked), "{clicked}");
    mouse(&mut state, Drag(MouseButton::Left), 30, 15);
    let dragged = state.run.at().expect("a step");
    assert!(dragged < clicked);
    mouse(&mut state, Up(MouseButton::Left), 30, 15);
    // The wheel: what is under the pointer stays there.
    let under = |state: &State| {
        let (from, to) = state.dashboard.span(&state.run);
        from + (to - from) * 60 / 100
    };
    let before = under(&state);
    for _ in 0..3 {
        mouse(&mut state, ScrollUp, 60, 15);
    }
    let (from, to) = state.dashboard.span(&state.run);
    assert!(to - from < 25 && under(&state).abs_diff(before) <= 2, "{from} {to}");
    assert_eq!(state.run.at(), Some(dragged), "the wheel moves no cursor");
    // The axis is pulled to the right: earlier steps come.
    mouse(&mut state, Down(MouseButton::Left), 50, 28);
    mouse(&mut state, Drag(MouseButton::Left), 70, 28);
    mouse(&mut state, Up(MouseButton::Left), 70, 28);
    assert!(state.dashboard.span(&state.run).0 < from);
    // The right button selects what is shown then; a click of it shows all.
    state.dashboard.window = Window::Whole;
    mouse(&mut state, Down(MouseButton::Right), 20, 15);
    mouse(&mut state, Drag(MouseButton::Right), 50, 15);
    assert_eq!(state.dashboard.window, Window::Whole);
    mouse(&mut state, Up(MouseButton::Right), 50, 15);
    let (from, to) = state.dashboard.span(&state.run);
    assert!((4..10).contains(&from) && (16..23).contains(&to), "{from} {to}");
    mouse(&mut state, Down(MouseButton::Right), 40, 15);
    mouse(&mut state, Up(MouseButton::Right), 40, 15);
    assert_eq!(state.dashboard.window, Window::Whole);
    // The line of the way gone is a slider, on every screen.
    press(&mut state, "2");
    mouse(&mut state, Down(MouseButton::Left), 0, 2);
    assert_eq!(state.run.at(), Some(0));
    mouse(&mut state, Drag(MouseButton::Left), 25, 2);
    assert!(
        state.run.at().is_some_and(|at| (8..=11).contains(&at)),
        "{:?}",
        state.run.at()
    );
}
