//! A run to look at: numbers of the shape that the bundled experiment has.

use ratatui::{Terminal, backend::TestBackend};

use super::keys;
use crate::method::theory;
use crate::train::*;
use crate::tui::action::Action;
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::update::update;
use crate::tui::view::view;

/// A repeatable noise in -1..1.
pub fn noise(seed: u64) -> f64 {
    let mut x = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

pub fn started(steps: u32) -> Event {
    let experiment = serde_json::json!({
        "title": "Helpful and harmless, one principle", "task": "hh",
        "about": "A model of a million parameters learns to answer as it does under one principle.\nExpect the gap to close within 30 steps.",
        "policy": { "model": "builtin:tiny" }, "reward": { "model": "builtin:hh-reward" },
        "data": { "queries": "builtin:hh" }, "principles": { "file": "principles/hh.toml" },
        "sft": { "steps": 12, "learning_rate": 0.001 },
        "method": { "name": "ple", "steps": steps, "queries_per_step": 24, "learning_rate": 0.001, "replay": "latest",
                    "eq4": "mean", "reduction": "mean", "max_grad_norm": 1.0 },
        "generation": { "max_new_tokens": 72 }, "eval": { "every": 10, "queries": 64 }
    });
    Event::Started(Started {
        run: "hh-2026-05-14-brave-otter".into(),
        path: "runs/hh".into(),
        experiment: serde_json::from_value(experiment).expect("the fixture is an experiment"),
        device: "cpu (burn-flex, f32)".into(),
        parameters: 1_052_416,
        trained_parameters: 65_536,
        data: "builtin:hh: 4,000 queries, 12 left out as too long".into(),
        memory: String::new(),
        resumed_from: 0,
        origin: None,
    })
}

pub fn step(i: u32) -> StepRecord {
    let (t, seed) = (f64::from(i), u64::from(i) * 97);
    let s = 1.15 - 1.1 * (-t / 11.0).exp() + 0.05 * noise(seed);
    let g = 1.22 - 0.55 * (-t / 16.0).exp() + 0.05 * noise(seed + 1);
    let tau = 0.2 * 0.9f64.powf(t);
    let margins: Vec<f32> = (0..24)
        .map(|k| ((g - s) + 0.5 * (noise(seed + 10 + k) + noise(seed + 40 + k))) as f32)
        .collect();
    let ranked = margins.iter().filter(|m| f64::from(**m) > tau).count();
    let ordered: Vec<theory::Ordered> = margins
        .iter()
        .zip(0u64..)
        .map(|(m, k)| theory::Ordered {
            margin: f64::from(*m),
            lead: f64::from(*m) * t / 20.0 + noise(seed + 80 + k) - 0.5,
        })
        .collect();
    StepRecord {
        step: i,
        tau,
        decay: 0.9,
        learning_rate: 1e-3,
        reward_original: s,
        reward_original_std: 0.32 + 0.03 * noise(seed + 2),
        reward_guided: g,
        reward_guided_std: 0.28 + 0.03 * noise(seed + 3),
        truth_original: Some(0.8 * s - 0.1),
        truth_guided: Some(0.8 * g - 0.08),
        ranked,
        weighted: 24 - ranked,
        loss_rank: -0.2 - 0.3 * noise(seed + 4) - 0.01 * t.min(40.0),
        loss_wsft: 0.05 + 0.1 * noise(seed + 5),
        loss: -0.15 - 0.3 * noise(seed + 4) + 0.1 * noise(seed + 5) - 0.01 * t.min(40.0),
        grad_norm: 0.8 + 0.4 * noise(seed + 6),
        updates: 1,
        length_original: 24.0 + 2.0 * noise(seed + 7),
        length_guided: 31.0 + 2.0 * noise(seed + 8),
        ended: 0.96,
        replay: 24 * (i as usize + 1),
        principles: 1,
        margins,
        metrics: theory::report(&ordered, &ordered, tau, 1.0).into_iter().collect(),
        seconds: 0.6,
    }
}

/// A live run that got as far as its first `n` steps of 40.
pub fn running(n: u32) -> State {
    let mut state = State::new(true, Theme::color());
    tell(&mut state, started(40));
    sft(&mut state, 12);
    tell(
        &mut state,
        Event::Stage {
            name: "ple".into(),
            steps: 40,
        },
    );
    for i in 0..n {
        tell(&mut state, Event::Step(step(i)));
        if i % 10 == 9 {
            tell(
                &mut state,
                Event::Checkpoint {
                    step: i + 1,
                    path: "runs/hh/10".into(),
                },
            );
        }
    }
    state.notice = None;
    state
}

pub fn sft(state: &mut State, n: u32) {
    tell(
        state,
        Event::Stage {
            name: "sft".into(),
            steps: 12,
        },
    );
    for step in 0..n {
        let loss = 1.4 + 1.6 * (-f64::from(step) / 3.0).exp() + 0.05 * noise(step.into());
        tell(
            state,
            Event::Sft(SftRecord {
                step,
                loss,
                learning_rate: 1e-3,
                grad_norm: 1.0,
            }),
        );
    }
}

pub fn mark(step: u32, label: &str) -> Event {
    Event::Mark(Mark {
        step,
        label: label.into(),
        command: Command::SetTau(0.05),
        by: Default::default(),
    })
}

pub fn tell(state: &mut State, event: Event) {
    update(state, Action::Event(Box::new(event)));
}

/// The screen as text. Looked at once with other keys, too: no text may name a key that is not bound.
pub fn picture(state: &mut State, width: u16, height: u16) -> String {
    state.size = (width, height);
    let (table, legend, notice) = (state.table.clone(), state.theme.legend, state.notice.clone());
    keys::rebind_all(state);
    let other = drawn(state, width, height);
    (state.table, state.theme.legend, state.notice) = (table, legend, notice);
    // Where there is no room words are cut, and what is left of them may look like anything.
    let roomy = width >= 60 && height >= 12;
    let named = if roomy { keys::mentions(&other) } else { vec![] };
    assert!(named.is_empty(), "names keys that are not bound: {named:?} in\n{other}");
    drawn(state, width, height)
}

fn drawn(state: &State, width: u16, height: u16) -> String {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let Ok(_) = terminal.draw(|frame| view(state, frame));
    let buffer = terminal.backend().buffer();
    let mut out = String::new();
    for y in 0..height {
        let mut skip = 0;
        let mut line = String::new();
        for x in 0..width {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                line.push_str(symbol);
                skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            } else {
                skip -= 1;
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
