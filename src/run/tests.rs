//! What a run on disk promises, tried out on real folders. Here: the records the tests write.

mod evaluations;
mod folders;
mod following;
mod judgements;
mod labels;
mod records;
mod resume;
mod search;

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::config::{Numbering, Principle, Principles};
use crate::train::*;

const ODD: [f64; 6] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    -0.0,
    0.1 + 0.2,
    f64::MIN_POSITIVE / 3.0,
];

fn started() -> Started {
    let experiment = serde_json::from_value(serde_json::json!({
        "title": "Positive reviews", "task": "imdb", "seed": u64::MAX,
        "policy": {"model": "builtin:tiny", "lora": {"rank": 8, "alpha": 16.0}},
        "reward": {"model": "builtin:imdb-sentiment"},
        "data": {"queries": "builtin:imdb"},
        "principles": {"file": "principles/imdb.toml"},
        "sft": {"steps": 5, "learning_rate": 1e-3},
        "method": {"name": "ple", "steps": 200, "queries_per_step": 4, "learning_rate": 1e-3},
        "generation": {"max_new_tokens": 8},
        "eval": {"every": 10, "queries": 4},
    }));
    Started {
        run: String::new(),
        path: String::new(),
        experiment: experiment.expect("a valid experiment"),
        device: "cpu".into(),
        parameters: 10,
        trained_parameters: 2,
        data: "40 queries".into(),
        memory: String::new(),
        resumed_from: 0,
        origin: None,
    }
}

fn step(step: u32) -> StepRecord {
    StepRecord {
        step,
        tau: 0.2,
        reward_original: f64::from(step),
        reward_guided: 1.0,
        ..StepRecord::default()
    }
}

fn pair(step: u32, index: u32) -> PairRecord {
    PairRecord {
        step,
        index,
        query: format!("query {step}.{index}"),
        original: "an original".into(),
        guided: "a guided".into(),
        reward_original: 0.0,
        reward_guided: f64::from(step * 10 + index),
        shaped: None,
        truth_original: None,
        truth_guided: Some(1.0),
        tau: 0.2,
        branch: if index.is_multiple_of(2) {
            Branch::Ranked
        } else {
            Branch::Weighted
        },
        weight_original: 0.5,
        weight_guided: -0.5,
        principles: 1,
        metrics: Default::default(),
        prompt_ids: vec![0, 1, u32::MAX],
        original_ids: vec![step, index],
        guided_ids: vec![],
    }
}

fn checkpoint(step: u32) -> Checkpoint {
    Checkpoint {
        step,
        sft_done: 5,
        tau: 0.1 + 0.2,
        decay: 0.9,
        learning_rate: 1e-3,
        principles: 1,
        query_position: u64::MAX,
        random_state: "a \"state\"\n{}".into(),
        optimizer_step: 7,
        tensors: BTreeMap::from([
            (
                "layer.0.lora_A".into(),
                (vec![2, 3], vec![1.0, -0.0, f32::NAN, f32::INFINITY, 1e-40, 0.1]),
            ),
            ("scalar".into(), (vec![], vec![step as f32])),
            ("empty".into(), (vec![0, 4], vec![])),
        ]),
    }
}

fn mark(step: u32, tau: f64) -> Event {
    Event::Mark(Mark {
        step,
        label: "tau changed".into(),
        command: Command::SetTau(tau),
        by: Default::default(),
    })
}

fn version(version: u32, from_step: u32) -> Event {
    let entries = vec![Principle {
        name: "kind".into(),
        text: format!("be kind {version}"),
        on: true,
        tags: Vec::new(),
    }];
    let principles = Principles {
        preamble: "Rules:".into(),
        numbered: Numbering::Plain,
        entries,
    };
    Event::Principles(PrinciplesVersion {
        version,
        from_step,
        principles,
    })
}

fn done(reason: &str) -> Event {
    Event::Done(Done {
        run: "r".into(),
        path: "p".into(),
        steps: 3,
        reason: reason.into(),
        seconds: f64::NAN,
    })
}

/// Text that differs for every two different values: NaN equals NaN, and -0.0 is not 0.0.
fn text(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}")
}

fn create(runs: &Path, name: &str) -> Store {
    Store::create(runs, Some(name), &started()).expect("a new run")
}

fn steps_of(events: &[Event]) -> Vec<u32> {
    events
        .iter()
        .filter_map(|e| if let Event::Step(s) = e { Some(s.step) } else { None })
        .collect()
}
