//! Every screen of a run, whole, with what stands around it: before anything, running, failed and finished.

use super::fixtures::*;
use crate::train::*;
use crate::tui::action::{Action, Screen};
use crate::tui::bindings::slug;
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

#[test]
fn every_screen_in_every_state() {
    let failed = || {
        let mut state = at_step(12);
        let message = "the loss is not a number at step 12".into();
        tell(&mut state, Event::Failed { message });
        state
    };
    let finished = || {
        let mut state = at_step(40);
        let done = Done {
            run: "hh".into(),
            path: "runs/hh".into(),
            steps: 40,
            reason: "finished".into(),
            seconds: 25.0,
        };
        tell(&mut state, Event::Done(done));
        state
    };
    let states: [(&str, &dyn Fn() -> State); 4] = [
        ("empty", &|| State::new(true, Theme::color())),
        ("running", &|| at_step(23)),
        ("failed", &failed),
        ("finished", &finished),
    ];
    // The dashboard has snapshots of its own.
    for screen in Screen::ALL.into_iter().filter(|s| *s != Screen::Dashboard) {
        for (name, state) in &states {
            let mut state = state();
            update(&mut state, Action::Show(screen));
            let sizes = [(80, 24), (120, 40), (200, 60)];
            let all: Vec<String> = sizes
                .iter()
                .map(|&(width, height)| format!("{width}x{height}\n{}", picture(&mut state, width, height)))
                .collect();
            insta::assert_snapshot!(format!("{}_{name}", slug(screen)), all.join("\n"));
        }
    }
}
