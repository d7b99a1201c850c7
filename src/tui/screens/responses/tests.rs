use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;

use super::{Action, State, bindings, view};
use crate::run::{PairFilter, PairOrder, PairPage};
use crate::train::{Branch, Command, Event};
use crate::tui::action::{Action as Top, Effect};
use crate::tui::run_view::RunView;
use crate::tui::screens::fixtures::*;

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

/// Answers a question as a store of `steps` steps of 24 pairs would.
fn answer_of_store(filter: &PairFilter, steps: u32) -> PairPage {
    let mut all: Vec<_> = (0..steps).flat_map(|s| (0..24).map(move |i| pair(s, i))).collect();
    all.retain(|p| filter.branch.is_none_or(|b| b == p.branch) && filter.step.is_none_or(|s| s == p.step));
    all.retain(|p| p.query.contains(&filter.search) || p.original.contains(&filter.search));
    match filter.order {
        PairOrder::Newest => all.sort_by_key(|p| (u32::MAX - p.step, p.index)),
        PairOrder::Oldest => {}
        PairOrder::LargestMargin => all.sort_by(|a, b| b.margin().total_cmp(&a.margin())),
        PairOrder::SmallestMargin => all.sort_by(|a, b| a.margin().total_cmp(&b.margin())),
    }
    let total = all.len() as u64;
    let pairs = all
        .into_iter()
        .skip(filter.offset as usize)
        .take(filter.limit as usize)
        .collect();
    PairPage {
        filter: filter.clone(),
        total,
        pairs,
    }
}

fn question(effects: &[Effect]) -> Option<PairFilter> {
    match effects {
        [] => None,
        [Effect::QueryPairs(filter)] => Some(filter.clone()),
        other => panic!("{other:?}"),
    }
}

fn serve(state: &mut State, effects: &[Effect]) {
    if let Some(filter) = question(effects) {
        state.page(answer_of_store(&filter, 18));
    }
}

#[test]
fn empty() {
    let run = started();
    shoot("empty", &seen(&run), &run);
}

#[test]
fn populated_and_following() {
    let run = populated();
    shoot("following", &seen(&run), &run);
}

#[test]
fn held_on_a_pair_that_today_would_be_ranked() {
    let run = populated();
    let mut state = seen(&run);
    for action in [Action::NextOrder, Action::Down] {
        let effects = state.update(action, &run);
        serve(&mut state, &effects);
    }
    shoot("held", &state, &run);
}

#[test]
fn asking_and_answered() {
    let mut run = populated();
    let mut state = seen(&run);
    state.update(Action::OpenAsk, &run);
    assert!(state.wants_text());
    shoot("asking", &state, &run);
    let effects = write("how do i say sorry?", press(KeyCode::Enter), |k| {
        state.text_key(k, &run)
    });
    assert_eq!(
        effects,
        [Effect::Send(Command::Ask {
            id: 1,
            query: "how do i say sorry?".into()
        })]
    );
    shoot("waiting", &state, &run);
    run.apply(answer(1, "how do i say sorry?"));
    state.on_event(&run);
    shoot("answered", &state, &run);
    state.update(Action::Back, &run);
    assert!(text(&state, &run, 120, 40).contains("Pairs"));
}

#[test]
fn read_only() {
    let mut run = populated();
    run.live = false;
    let mut state = seen(&run);
    assert!(state.update(Action::OpenAsk, &run).is_empty());
    assert!(!state.wants_text());
    shoot("read_only", &state, &run);
}

#[test]
fn following_asks_the_store_nothing() {
    let mut run = populated();
    let mut state = seen(&run);
    for step in 18..30 {
        take_step(&mut run, step, 24);
        assert!(state.on_event(&run).is_empty());
        assert_eq!(state.browser.selected().map(|p| p.step), Some(step));
    }
}

#[test]
fn moving_holds_the_list_and_reads_on_smoothly() {
    let run = populated();
    let mut state = seen(&run);
    let mut questions = 0;
    for row in 1..18 * 24 {
        let effects = state.update(Action::Down, &run);
        questions += effects.len();
        serve(&mut state, &effects);
        let pair = state.browser.selected().map(|p| (p.step, p.index));
        assert_eq!(pair, Some((17 - row / 24, row % 24)), "row {row}");
    }
    assert!(questions < 12, "{questions} questions for 432 pairs");
    assert!(!state.browser.follow);
}

#[test]
fn the_held_pair_stays_under_the_cursor_as_steps_arrive() {
    let mut run = populated();
    let mut state = seen(&run);
    let effects = state.update(Action::Down, &run);
    serve(&mut state, &effects);
    for step in 18..22 {
        take_step(&mut run, step, 24);
        let effects = state.on_event(&run);
        assert_eq!(state.browser.selected().map(|p| (p.step, p.index)), Some((17, 1)));
        if let Some(filter) = question(&effects) {
            state.page(answer_of_store(&filter, step + 1));
        }
        assert_eq!(state.browser.selected().map(|p| (p.step, p.index)), Some((17, 1)));
    }
    assert_eq!(state.browser.total(), 22 * 24);
}

#[test]
fn pairs_the_store_told_before_their_event_count_once() {
    let mut run = populated();
    let mut state = seen(&run);
    let asked = question(&state.update(Action::Down, &run)).unwrap();
    state.page(answer_of_store(&asked, 19));
    take_step(&mut run, 18, 24);
    state.on_event(&run);
    assert_eq!(state.browser.selected().map(|p| (p.step, p.index)), Some((17, 1)));
    assert_eq!((state.browser.cursor(), state.browser.total()), (25, 19 * 24));
}

#[test]
fn outdated_pages_are_ignored() {
    let run = populated();
    let mut state = seen(&run);
    let first = question(&state.update(Action::NextOrder, &run)).unwrap();
    let second = question(&state.update(Action::NextOrder, &run)).unwrap();
    assert!(first.id != second.id && second.order == PairOrder::LargestMargin);
    state.page(answer_of_store(&first, 18));
    assert!(state.browser.is_waiting());
    state.page(answer_of_store(&second, 18));
    assert!(!state.browser.is_waiting());
    assert_eq!(state.browser.selected().map(|p| (p.step, p.index % 4)), Some((17, 0)));
    state.page(PairPage {
        filter: second,
        total: 0,
        pairs: Vec::new(),
    });
    assert!(state.browser.selected().is_some(), "an answer counts once");
    state.update(Action::Follow, &run);
    assert_eq!(state.browser.total(), 24);
}

#[test]
fn the_branch_filters_the_newest_batch_and_the_store() {
    let run = populated();
    let mut state = seen(&run);
    assert!(state.update(Action::NextBranch, &run).is_empty());
    assert!(state.browser.follow && state.browser.total() < 24);
    let held = state.update(Action::Down, &run);
    assert_eq!(question(&held).unwrap().branch, Some(Branch::Ranked));
    let asked = question(&state.update(Action::NextBranch, &run)).unwrap();
    assert_eq!(asked.branch, Some(Branch::Weighted));
}

#[test]
fn a_step_and_a_search_are_asked_for_and_cleared() {
    let run = populated();
    let mut state = seen(&run);
    state.update(Action::OpenJump, &run);
    assert!(write("99", press(KeyCode::Enter), |k| state.text_key(k, &run)).is_empty());
    assert!(state.wants_text() && state.message.as_deref().is_some_and(|m| m.contains("last one is 17")));
    state.text_key(press(KeyCode::Backspace), &run);
    let asked = question(&state.text_key(press(KeyCode::Enter), &run)).unwrap();
    assert_eq!((asked.step, asked.offset), (Some(9), 0));
    state.page(answer_of_store(&asked, 18));
    assert_eq!(state.browser.total(), 24);
    state.update(Action::OpenSearch, &run);
    let asked = question(&write("soup", press(KeyCode::Enter), |k| state.text_key(k, &run))).unwrap();
    assert_eq!((asked.search.as_str(), asked.step), ("soup", Some(9)));
    let cleared = question(&state.update(Action::Back, &run)).unwrap();
    assert_eq!((cleared.search.as_str(), cleared.step), ("", None));
}

#[test]
fn a_stored_run_without_recent_pairs_asks_once() {
    let mut run = populated();
    run.live = false;
    run.recent.clear();
    let mut state = State::default();
    let asked = question(&state.on_event(&run)).unwrap();
    assert!(state.on_event(&run).is_empty());
    state.page(answer_of_store(&asked, 18));
    assert_eq!(state.browser.selected().map(|p| p.step), Some(17));
}

#[test]
fn answers_of_earlier_asks_are_kept_and_ids_are_new() {
    let mut run = populated();
    run.apply(answer(7, "before"));
    let mut state = seen(&run);
    state.update(Action::OpenAsk, &run);
    let effects = write("x", press(KeyCode::Enter), |k| state.text_key(k, &run));
    assert_eq!(
        effects,
        [Effect::Send(Command::Ask {
            id: 8,
            query: "x".into()
        })]
    );
    run.apply(Event::Failed {
        message: "the disk is full".into(),
    });
    assert!(text(&state, &run, 120, 40).contains("never answered"));
}

#[test]
fn an_empty_query_is_refused() {
    let run = populated();
    let mut state = seen(&run);
    state.update(Action::OpenAsk, &run);
    assert!(write("  ", press(KeyCode::Enter), |k| state.text_key(k, &run)).is_empty());
    assert!(state.wants_text() && state.message.is_some());
}

#[test]
fn a_click_selects_the_row_under_it() {
    let run = populated();
    let mut state = seen(&run);
    let area = Rect::new(0, 0, 120, 40);
    let before = text(&state, &run, 120, 40);
    let row = before.lines().position(|l| l.contains("17.6 ")).unwrap() as u16;
    let mut dice = Dice(1);
    let mut click = dice.mouse(0, 0);
    click.kind = ratatui::crossterm::event::MouseEventKind::Down(ratatui::crossterm::event::MouseButton::Left);
    (click.column, click.row) = (5, row);
    state.mouse(click, area, &run);
    assert_eq!(state.browser.selected().map(|p| p.index), Some(6));
}

#[test]
fn any_size_and_any_keys() {
    let runs = [RunView::default(), started(), populated(), strange()];
    for run in &runs {
        for opens in [None, Some(Action::OpenAsk), Some(Action::OpenSearch)] {
            let mut state = seen(run);
            if let Some(action) = opens {
                state.update(action, run);
            }
            for width in 0..30 {
                for height in 0..30 {
                    text(&state, run, width, height);
                }
            }
        }
    }
    let actions: Vec<Action> = bindings()
        .into_iter()
        .filter_map(|b| match b.action {
            Top::Responses(a) => Some(a),
            _ => None,
        })
        .collect();
    let mut dice = Dice(3);
    for mut run in runs {
        let mut state = seen(&run);
        for turn in 0..2_500 {
            let (width, height) = (dice.roll(140) as u16, dice.roll(50) as u16);
            let effects = match dice.roll(6) {
                0 => state.mouse(dice.mouse(width, height), Rect::new(0, 0, width, height), &run),
                _ if state.wants_text() => state.text_key(dice.key(), &run),
                1 => state.update(Action::Select(dice.roll(600) as u64), &run),
                2 if turn % 50 == 0 => {
                    let next = run.steps_done();
                    take_step(&mut run, next, 24);
                    state.on_event(&run)
                }
                _ => state.update(actions[dice.roll(actions.len())].clone(), &run),
            };
            for effect in effects {
                if let Effect::QueryPairs(filter) = effect
                    && dice.roll(3) > 0
                {
                    state.page(answer_of_store(&filter, run.steps_done()));
                }
            }
            if turn % 10 == 0 {
                text(&state, &run, width, height);
            }
        }
    }
}

#[test]
fn a_shaped_pair_shows_what_came_and_what_the_equations_saw() {
    let mut run = started();
    let mut shaped = pair(0, 0);
    shaped.shaped = Some(crate::train::Shaped {
        original: -1.25,
        guided: 0.75,
    });
    if let Some(started) = &mut run.started {
        started.experiment.align_mut().unwrap().reward.shape = crate::config::Shape::Standardise;
    }
    take_step(&mut run, 0, 0);
    run.apply(Event::Pairs {
        step: 0,
        pairs: vec![shaped],
    });
    let screen = text(&seen(&run), &run, 120, 40);
    assert!(screen.contains("original  s -0.42"), "the raw score\n{screen}");
    assert!(screen.contains("ranked: s' - s = 2.00 > tau 0.20"), "{screen}");
    let seen = "Eqs. 3 to 5 see s = -1.25, s' = +0.75: standardised";
    assert!(screen.contains(seen), "{screen}");
}
