use ratatui::layout::Rect;

use super::state::Comparison;
use super::{Action, State, bindings, view};
use crate::train::Event;
use crate::tui::action::Action as Top;
use crate::tui::run_view::RunView;
use crate::tui::screens::fixtures::*;
use crate::tui::time;

fn seen(run: &RunView) -> State {
    let mut state = State::default();
    state.on_event(run);
    state
}

fn text(state: &State, run: &RunView, width: u16, height: u16) -> String {
    dump(width, height, |theme, frame, area| view(state, run, theme, frame, area))
}

fn shoot(name: &str, state: &State, run: &RunView) {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), text(state, run, width, height));
    }
}

#[test]
fn empty() {
    let run = started();
    shoot("empty", &seen(&run), &run);
}

#[test]
fn populated_newest() {
    let run = populated();
    shoot("newest", &seen(&run), &run);
}

/// Does what the workbench would: some actions move the cursor over the steps.
fn act(state: &mut State, action: Action, run: &mut RunView) {
    match state.goes_to(&action, run) {
        Some(time::Action::To(step)) => run.look_at(Some(step)),
        Some(_) => run.look_at(None),
        None => drop(state.update(action, run)),
    }
    state.travelled(run);
}

#[test]
fn scrubbed_back_and_compared_with_before() {
    let mut run = populated();
    let mut state = seen(&run);
    act(&mut state, Action::Earlier, &mut run);
    act(&mut state, Action::Earlier, &mut run);
    state.update(Action::NextComparison, &run);
    assert_eq!(state.comparison, Comparison::Before);
    shoot("before", &state, &run);
}

#[test]
fn a_long_run_of_evaluations() {
    let mut run = started();
    for step in 0..200 {
        run.apply(Event::Evaluation(evaluation(step)));
    }
    let mut state = seen(&run);
    for _ in 0..60 {
        act(&mut state, Action::Earlier, &mut run);
    }
    insta::assert_snapshot!("long_80x24", text(&state, &run, 80, 24));
}

/// An evaluation with the full set of the hh task, as runs on data files have it.
fn full(step: u32) -> RunView {
    let mut run = started();
    let mut record = evaluation(step);
    let case = record.cases[0].clone();
    record.cases = crate::assets::builtin_cases(crate::grammar::Task::Hh, true)
        .into_iter()
        .map(|c| crate::train::CaseRecord {
            label: c.label,
            query: c.query,
            ..case.clone()
        })
        .collect();
    run.apply(Event::Evaluation(record));
    run
}

#[test]
fn the_full_set_scrolls_and_can_be_narrowed_to_a_kind() {
    let run = full(0);
    let mut state = seen(&run);
    for _ in 0..20 {
        state.update(Action::Down, &run);
    }
    insta::assert_snapshot!("full_80x24", text(&state, &run, 80, 24));
    let mut kinds = Vec::new();
    let mut shown = String::new();
    for _ in 0..4 {
        state.update(Action::NextLabel, &run);
        kinds.push((state.label.clone().unwrap_or_default(), state.cases(&run).len()));
        match kinds.len() {
            2 => insta::assert_snapshot!("kind_80x24", text(&state, &run, 80, 24)),
            3 => {
                state.update(Action::Down, &run);
                shown = state.case(&run).unwrap().query.clone();
            }
            _ => {}
        }
    }
    assert_eq!(
        state.case(&run).unwrap().query,
        shown,
        "what is shown stays where it can"
    );
    let kinds: Vec<(&str, usize)> = kinds.iter().map(|(k, n)| (k.as_str(), *n)).collect();
    assert_eq!(
        kinds,
        [("provocative", 12), ("borderline", 12), ("everyday", 12), ("", 36)]
    );
}

#[test]
fn follows_until_scrubbed_back() {
    let mut run = populated();
    let mut state = seen(&run);
    run.apply(Event::Evaluation(evaluation(20)));
    state.on_event(&run);
    assert_eq!(state.evaluation(&run), 5);
    act(&mut state, Action::Earlier, &mut run);
    run.apply(Event::Evaluation(evaluation(24)));
    state.on_event(&run);
    assert_eq!(state.evaluation(&run), 4);
    act(&mut state, Action::Newest, &mut run);
    assert!(run.past.is_none() && state.evaluation(&run) == 6);
    act(&mut state, Action::Earliest, &mut run);
    assert_eq!((state.evaluation(&run), run.at()), (0, Some(0)));
    for _ in 0..10 {
        act(&mut state, Action::Later, &mut run);
    }
    assert!(run.past.is_none(), "walking to the newest follows again");
}

#[test]
fn the_cursor_over_the_steps_shows_the_last_evaluation_by_then() {
    let mut run = populated();
    let mut state = seen(&run);
    for (step, evaluation) in [(0, 0), (3, 0), (4, 1), (15, 3), (16, 4)] {
        run.look_at(Some(step));
        state.travelled(&run);
        assert_eq!(state.evaluation(&run), evaluation, "step {step}");
    }
}

#[test]
fn any_size_and_any_keys() {
    let runs = [RunView::default(), started(), populated(), strange()];
    let actions: Vec<Action> = bindings()
        .into_iter()
        .filter_map(|b| match b.action {
            Top::Cases(a) => Some(a),
            _ => None,
        })
        .collect();
    let mut dice = Dice(9);
    for mut run in runs {
        let mut state = seen(&run);
        for width in 0..30 {
            for height in 0..30 {
                text(&state, &run, width, height);
            }
        }
        for turn in 0..2_500 {
            let (width, height) = (dice.roll(140) as u16, dice.roll(50) as u16);
            match dice.roll(6) {
                0 => state.mouse(dice.mouse(width, height), Rect::new(0, 0, width, height), &run),
                1 => state.update(Action::Select(dice.roll(10)), &run),
                2 if turn % 100 == 0 => {
                    run.apply(Event::Evaluation(evaluation(turn)));
                    state.on_event(&run)
                }
                _ => state.update(actions[dice.roll(actions.len())].clone(), &run),
            };
            if turn % 10 == 0 {
                text(&state, &run, width, height);
            }
        }
    }
}
