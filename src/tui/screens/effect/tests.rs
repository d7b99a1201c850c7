use ratatui::layout::Rect;

use super::state::Score;
use super::{Action, State, bindings, view};
use crate::train::*;
use crate::tui::action::{Action as Top, Effect};
use crate::tui::run_view::RunView;
use crate::tui::screens::fixtures::*;
use crate::tui::theme::{Markers, Theme};

fn at(mean: f64, low: f64, high: f64) -> Estimate {
    Estimate { mean, low, high }
}

fn arm(reward: f64, length: f64, prompt_tokens: usize) -> ArmRecord {
    ArmRecord {
        reward: at(reward, reward - 0.15, reward + 0.14),
        truth: Some(at(reward * 0.8, reward * 0.8 - 0.1, reward * 0.8 + 0.1)),
        length,
        prompt_tokens,
    }
}

fn principle(
    name: &str,
    on: bool,
    tokens: usize,
    adds: Estimate,
    alone: Estimate,
    verdict: Verdict,
) -> PrincipleEffect {
    let difference = |reward: Estimate| Difference {
        reward,
        truth: Some(at(reward.mean / 2.0, reward.low / 2.0, reward.high / 2.0)),
        length: 1.5,
    };
    let sign = if on { -1.0 } else { 1.0 };
    PrincipleEffect {
        name: name.into(),
        text: format!(
            "be {name}: whatever the question is, keep this in mind and let the answer show it to the reader."
        ),
        on,
        tokens,
        other: arm(0.82 + sign * adds.mean, 33.0, 40),
        alone: arm(-0.31 + alone.mean, 30.0, tokens + 6),
        adds: difference(adds),
        adds_alone: difference(alone),
        verdict,
    }
}

fn record(step: u32, version: u32) -> EffectRecord {
    EffectRecord {
        step,
        version,
        queries: 64,
        seed: 0,
        none: arm(-0.31, 28.2, 0),
        all: arm(0.82, 34.0, 51),
        principles: vec![
            principle(
                "ethical",
                true,
                21,
                at(0.44, 0.31, 0.58),
                at(0.6, 0.41, 0.77),
                Verdict::Earns,
            ),
            principle(
                "informative",
                true,
                18,
                at(0.03, -0.08, 0.13),
                at(0.3, 0.12, 0.47),
                Verdict::NoClearEffect,
            ),
            principle(
                "helpful",
                true,
                12,
                at(-0.12, -0.22, -0.02),
                at(-0.01, -0.2, 0.19),
                Verdict::Hurts,
            ),
            principle(
                "short",
                false,
                9,
                at(0.06, -0.04, 0.16),
                at(0.0, -0.1, 0.1),
                Verdict::NoClearEffect,
            ),
        ],
        seconds: 5.0,
    }
}

fn measured() -> RunView {
    let mut run = populated();
    run.apply(Event::Effect(record(0, 1)));
    run.apply(Event::Effect(record(18, 2)));
    run
}

fn measuring(mut run: RunView) -> RunView {
    run.apply(Event::Measuring(Measuring {
        step: 18,
        done: 256,
        total: 640,
        over: false,
    }));
    run
}

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

fn said(state: &State) -> &str {
    state.message.as_ref().map_or("", |m| m.text.as_str())
}

#[test]
fn empty() {
    let run = populated();
    shoot("empty", &seen(&run), &run);
}

#[test]
fn being_measured_for_the_first_time() {
    let run = measuring(populated());
    shoot("measuring", &seen(&run), &run);
}

#[test]
fn measured_twice() {
    let run = measured();
    let mut state = seen(&run);
    shoot("measured", &state, &run);
    state.update(Action::Down, &run);
    state.update(Action::Down, &run);
    state.update(Action::NextScore, &run);
    shoot("truth", &state, &run);
}

#[test]
fn measured_again_while_the_last_one_is_shown() {
    let run = measuring(measured());
    shoot("again", &seen(&run), &run);
}

#[test]
fn without_braille_and_small() {
    let run = measured();
    let state = seen(&run);
    let ascii = |theme: &Theme| Theme {
        markers: Markers::Ascii,
        legend: theme.legend,
        ..Theme::plain()
    };
    insta::assert_snapshot!(
        "ascii_80x20",
        dump(80, 20, |theme, frame, area| view(
            &state,
            &run,
            &ascii(theme),
            frame,
            area
        ))
    );
    insta::assert_snapshot!("small_60x13", text(&state, &run, 60, 13));
}

#[test]
fn a_stored_run_says_what_measures_it() {
    let mut run = populated();
    run.live = false;
    let mut state = seen(&run);
    assert!(state.update(Action::Measure, &run).is_empty());
    assert!(
        said(&state).ends_with("ple principles effect hh-1 does it."),
        "{}",
        said(&state)
    );
}

#[test]
fn measuring_from_the_key_to_the_answer() {
    let mut run = populated();
    let mut state = seen(&run);
    state.update(Action::FewerQueries, &run);
    assert_eq!(
        state.update(Action::Measure, &run),
        [Effect::Send(Command::MeasureEffect { queries: 32 })]
    );
    assert!(state.asked && state.update(Action::Measure, &run).is_empty());
    run = measuring(run);
    state.on_event(&run);
    assert!(!state.asked);
    assert!(state.update(Action::Measure, &run).is_empty());
    assert_eq!(
        state.update(Action::Cancel, &run),
        [Effect::Send(Command::CancelEffect)]
    );
    run.apply(Event::Measuring(Measuring {
        step: 18,
        done: 0,
        total: 0,
        over: true,
    }));
    state.on_event(&run);
    assert_eq!(said(&state), "Ended before it was done; nothing was kept.");
    assert!(state.update(Action::Cancel, &run).is_empty());
    // Ended before its first report, as where no query is held out.
    assert_eq!(state.update(Action::Measure, &run).len(), 1);
    run.apply(Event::Measuring(Measuring {
        step: 18,
        done: 0,
        total: 0,
        over: true,
    }));
    state.on_event(&run);
    assert!(!state.asked);
    run.apply(Event::Effect(record(19, 2)));
    state.on_event(&run);
    assert!(run.measuring.is_none() && state.shown(&run).is_some_and(|r| r.step == 19));
}

#[test]
fn rows_are_by_effect_or_as_written_and_the_older_measurement_stays_reachable() {
    let run = measured();
    let mut state = seen(&run);
    let names = |state: &State| state.rows(&run).iter().map(|p| p.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&state), ["ethical", "short", "informative", "helpful"]);
    state.update(Action::NextOrder, &run);
    assert_eq!(names(&state), ["ethical", "informative", "helpful", "short"]);
    state.update(Action::Earlier, &run);
    assert_eq!(state.shown(&run).map(|r| r.step), Some(0));
    state.update(Action::Later, &run);
    assert_eq!(state.shown(&run).map(|r| r.step), Some(18));
    let mut unknown = populated();
    let mut without = record(3, 1);
    without.none.truth = None;
    unknown.apply(Event::Effect(without));
    let mut state = seen(&unknown);
    state.update(Action::NextScore, &unknown);
    assert_eq!(state.score, Score::Reward);
    assert!(said(&state).starts_with("Truth is known only"));
}

#[test]
fn any_size_and_any_keys() {
    let mut odd = measured();
    let nothing = at(f64::NAN, f64::NAN, f64::INFINITY);
    let mut broken = record(20, 3);
    broken.principles[0].adds.reward = nothing;
    broken.principles[1].name = "長いラベル".repeat(10);
    broken.principles[2].text = String::new();
    odd.apply(Event::Effect(broken));
    let mut none = record(21, 3);
    none.principles.clear();
    odd.apply(Event::Effect(none));
    let runs = [RunView::default(), started(), measured(), measuring(measured()), odd];
    let actions: Vec<Action> = bindings()
        .into_iter()
        .filter_map(|b| match b.action {
            Top::Effect(a) => Some(a),
            _ => None,
        })
        .collect();
    let mut dice = Dice(11);
    for run in runs {
        let mut state = seen(&run);
        for width in 0..30 {
            for height in 0..30 {
                text(&state, &run, width, height);
            }
        }
        for turn in 0..1_500 {
            let (width, height) = (dice.roll(140) as u16, dice.roll(50) as u16);
            match dice.roll(6) {
                0 => state.mouse(dice.mouse(width, height), Rect::new(0, 0, width, height), &run),
                1 => state.update(Action::Select(dice.roll(10)), &run),
                _ => state.update(actions[dice.roll(actions.len())].clone(), &run),
            };
            if turn % 10 == 0 {
                text(&state, &run, width, height);
            }
        }
    }
}
