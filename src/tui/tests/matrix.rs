//! Every screen of a run, whole, with what stands around it: before anything, running, failed and finished.

use super::fixtures::*;
use crate::config::FitName;
use crate::train::*;
use crate::tui::action::{Action, Screen};
use crate::tui::bindings::slug;
use crate::tui::popup::Popup;
use crate::tui::screens::fit::tests::{populated, started as begun};
use crate::tui::screens::fixtures::{evaluation, pair, principles};
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::update::update;

fn at_step(steps: u32) -> State {
    let mut state = State::new(true, Theme::color());
    tell(&mut state, started(40));
    sft(&mut state, 12);
    let version = PrinciplesVersion {
        version: 1,
        from_step: 0,
        principles: principles(),
    };
    tell(&mut state, Event::Principles(version));
    let name = "ple".into();
    tell(&mut state, Event::Stage { name, steps: 40 });
    for i in 0..steps {
        if i % 10 == 0 {
            tell(&mut state, Event::Evaluation(evaluation(i)));
        }
        tell(&mut state, Event::Step(step(i)));
        let pairs = (0..8).map(|index| pair(i, index)).collect();
        tell(&mut state, Event::Pairs { step: i, pairs });
    }
    state.notice = None;
    state
}

/// A run that takes no more steps.
fn ended(mut state: State, steps: Option<u32>) -> State {
    let event = match steps {
        None => Event::Failed {
            message: "the loss is not a number at step 12".into(),
        },
        Some(steps) => Event::Done(Done {
            run: "hh".into(),
            path: "runs/hh".into(),
            steps,
            reason: "finished".into(),
            seconds: 25.0,
        }),
    };
    tell(&mut state, event);
    state
}

/// Before anything, running, failed and finished.
fn states() -> [(&'static str, State); 4] {
    [
        ("empty", State::new(true, Theme::color())),
        ("running", at_step(23)),
        ("failed", ended(at_step(12), None)),
        ("finished", ended(at_step(40), Some(40))),
    ]
}

/// The same of a run that trains a reward model.
fn fit_states() -> [(&'static str, State); 4] {
    let of = |run| {
        let mut state = State::new(true, Theme::color());
        state.run = run;
        state
    };
    let running = || of(populated(FitName::Classifier));
    [
        ("empty", of(begun(FitName::Classifier))),
        ("running", running()),
        ("failed", ended(running(), None)),
        ("finished", ended(running(), Some(120))),
    ]
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// One picture of all sizes.
fn snap(name: String, state: &mut State) {
    let all: Vec<String> = SIZES
        .iter()
        .map(|&(width, height)| format!("{width}x{height}\n{}", picture(state, width, height)))
        .collect();
    insta::assert_snapshot!(name, all.join("\n"));
}

#[test]
fn every_screen_in_every_state() {
    // The dashboard has snapshots of its own.
    for screen in Screen::ALL.into_iter().filter(|s| *s != Screen::Dashboard) {
        for (name, mut state) in states() {
            update(&mut state, Action::Show(screen));
            snap(format!("{}_{name}", slug(screen)), &mut state);
        }
    }
}

#[test]
fn both_screens_of_a_model_in_every_state() {
    for screen in [Screen::Training, Screen::Rows] {
        for (name, mut state) in fit_states() {
            update(&mut state, Action::Show(screen));
            snap(format!("{}_{name}", slug(screen)), &mut state);
        }
    }
}

#[test]
fn what_lies_over_a_screen_in_every_state() {
    let over = [
        ("help", Action::ToggleHelp),
        ("palette", Action::OpenPalette),
        ("tour", Action::Tour),
        ("log", Action::ShowLog),
        ("write", Action::OpenWrite),
    ];
    for (what, action) in over {
        for (name, mut state) in states() {
            update(&mut state, action.clone());
            snap(format!("{what}_{name}"), &mut state);
        }
    }
}

#[test]
fn inside_a_response_in_every_state() {
    for (name, mut state) in states() {
        update(&mut state, Action::Show(Screen::Responses));
        update(&mut state, Action::ShowInside);
        if let Some(Popup::Inside(inside)) = &state.popup {
            let (pair, steps) = (inside.pair.clone(), state.run.steps_done());
            let token = |(i, shown): (usize, &str)| InsideToken {
                id: 300 + i as u32,
                shown: shown.replace(' ', "\u{B7}"),
                policy: -0.05 - 0.9 * (i % 7) as f64,
                reference: Some(-0.3 - 0.7 * (i % 5) as f64),
            };
            let side = |text: &str| text.split_inclusive(' ').enumerate().map(token).collect();
            let answer = Inside {
                step: pair.step,
                index: pair.index,
                policy_steps: steps,
                found: Ok([side(&pair.original), side(&pair.guided)]),
            };
            update(&mut state, Action::Inside(Box::new(answer)));
        }
        snap(format!("inside_{name}"), &mut state);
    }
}
