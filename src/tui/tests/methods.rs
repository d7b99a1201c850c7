//! What the runs of the methods beside PLE look like.

use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};

use super::fixtures::*;
use crate::train::*;
use crate::tui::input::input;
use crate::tui::state::State;
use crate::tui::theme::Theme;

/// A run of this method, 23 steps done.
fn running(method: &str) -> State {
    let mut state = State::new(true, Theme::color());
    let Event::Started(mut run) = started(40) else {
        panic!("a run starts")
    };
    let e = run.experiment.align_mut().expect("a policy is aligned");
    let mut settings = serde_json::to_value(&e.method).expect("settings");
    settings["name"] = method.into();
    e.method = serde_json::from_value(settings).expect("settings");
    e.method.queries_per_step = 12;
    tell(&mut state, Event::Started(run));
    let name = if method == "sft" { "fine-tuning" } else { method };
    tell(
        &mut state,
        Event::Stage {
            name: name.into(),
            steps: 40,
        },
    );
    for i in 0..23 {
        tell(&mut state, Event::Step(record(method, i)));
        let pairs = (0..12).map(|k| pair(method, i, k)).collect();
        tell(&mut state, Event::Pairs { step: i, pairs });
    }
    state.notice = None;
    state
}

/// A step of such a run, with the numbers that its loop reports.
fn record(method: &str, i: u32) -> StepRecord {
    let (t, seed) = (f64::from(i), u64::from(i) * 31);
    let mut r = step(i);
    let grow = 1.0 - (-t / 15.0).exp();
    let nan = f64::NAN;
    let other = matches!(method, "raft" | "sft");
    if !other {
        (r.reward_guided, r.reward_guided_std, r.truth_guided, r.length_guided) = (nan, nan, None, nan);
    }
    (r.tau, r.decay, r.loss_rank, r.loss_wsft, r.ranked, r.weighted, r.replay) = (nan, nan, nan, nan, 0, 0, 0);
    r.loss = 1.1 - 0.5 * grow + 0.05 * noise(seed);
    let shared = [
        ("diagnostics/kl", 7.0 * grow + 0.4 * noise(seed + 1)),
        ("diagnostics/kl_token", 0.25 * grow),
        ("diagnostics/entropy", 0.52 - 0.1 * grow),
        ("diagnostics/surprise", 0.5 - 0.1 * grow),
        ("diagnostics/repetition", 0.01 + 0.02 * grow),
        ("diagnostics/distinct_1", 0.3 - 0.05 * grow),
        ("diagnostics/distinct_2", 0.55 - 0.1 * grow),
    ];
    let own: &[(&str, f64)] = match method {
        "sft" => &[
            ("mean_token_accuracy", 0.85 + 0.02 * noise(seed + 2)),
            ("num_tokens", 1151.0),
        ],
        "dpo" => &[
            ("rewards/chosen", -0.2 - 0.5 * grow),
            ("rewards/rejected", -0.3 - 1.2 * grow),
            ("rewards/margins", 0.1 + 0.7 * grow),
            ("rewards/accuracies", 0.55 + 0.2 * grow),
        ],
        "ppo" => &[
            ("objective/rlhf_reward", r.reward_original - 0.35 * grow),
            ("objective/kl_coef", 0.05),
            ("loss/policy_avg", -0.01 + 0.004 * noise(seed + 3)),
            ("loss/value_avg", 0.6 - 0.4 * grow),
            ("policy/clipfrac_avg", 0.03 + 0.02 * noise(seed + 4)),
            ("val/clipfrac_avg", 0.01),
        ],
        _ => &[("raft/kept", 12.0), ("raft/gain", 0.7 - 0.3 * grow)],
    };
    r.metrics
        .extend(shared.iter().chain(own).map(|(name, x)| (name.to_string(), *x)));
    r
}

fn pair(method: &str, step: u32, k: u32) -> PairRecord {
    let mut p = crate::tui::screens::fixtures::pair(step, k);
    (p.tau, p.weight_original, p.weight_guided) = (f64::NAN, f64::NAN, f64::NAN);
    p.branch = match method {
        "raft" if k.is_multiple_of(4) => Branch::Kept,
        "raft" => Branch::Dropped,
        _ => Branch::Learnt,
    };
    if matches!(method, "ppo" | "raft") {
        (p.guided, p.reward_guided, p.truth_guided) = (String::new(), f64::NAN, None);
    }
    if method == "ppo" {
        p.metrics = [("kl", 3.25), ("score", -0.42), ("value", 0.11)]
            .map(|(n, x)| (n.to_string(), x))
            .into();
    }
    p
}

fn snap(method: &str) {
    let mut state = running(method);
    for (screen, key) in [("dashboard", '1'), ("responses", '2')] {
        input(
            &mut state,
            Input::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE)),
        );
        for (width, height) in [(80, 24), (120, 40), (200, 60)] {
            insta::assert_snapshot!(
                format!("{method}_{screen}_{width}x{height}"),
                picture(&mut state, width, height)
            );
        }
    }
}

#[test]
fn sft() {
    snap("sft");
}

#[test]
fn dpo() {
    snap("dpo");
}

#[test]
fn ppo() {
    snap("ppo");
}

#[test]
fn raft() {
    snap("raft");
}

#[test]
fn only_ple_has_tau() {
    let mut state = running("ppo");
    for key in ['t', 'd'] {
        input(
            &mut state,
            Input::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE)),
        );
        assert!(state.popup.is_none());
        let notice = state.notice.take().expect("it says why not");
        assert_eq!(notice.text, "only PLE has tau and its decay; this run is PPO");
    }
    input(
        &mut state,
        Input::Key(KeyEvent::new(KeyCode::Char('r'), KeyModifiers::NONE)),
    );
    assert!(state.popup.is_some(), "every method has a learning rate");
}
