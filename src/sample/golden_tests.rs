//! The choice of a token against the logits processors of `transformers`: `tests/golden/make_choose.py` says how the numbers
//! were made.

use serde::Deserialize;

use super::{Chooser, Scratch};
use crate::config::GenerationSettings;

#[derive(Deserialize)]
struct Golden {
    vocabulary: usize,
    seen: Vec<u32>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    settings: serde_json::Map<String, serde_json::Value>,
    seed: f64,
    spread: f64,
    probabilities: Vec<f64>,
}

#[test]
fn probabilities_equal_transformers() {
    let golden: Golden = serde_json::from_str(include_str!("../../tests/golden/choose.json")).expect("it is JSON");
    let mut seen = golden.seen;
    seen.dedup();
    let mut scratch = Scratch::default();
    for case in golden.cases {
        let mut settings = case.settings.clone();
        settings.insert("max_new_tokens".into(), 1.into());
        let settings: GenerationSettings = serde_json::from_value(settings.into()).expect("settings");
        let mut logits: Vec<f32> = (0..golden.vocabulary)
            .map(|i| (case.spread * (1.0 + 2.3 * case.seed + 0.7 * i as f64 * (i as f64 + case.seed)).sin()) as f32)
            .collect();
        let found = Chooser::of(&settings).probabilities(&mut logits, &seen, &mut scratch);
        for (token, (found, wanted)) in found.iter().zip(&case.probabilities).enumerate() {
            let what = format!(
                "{:?}, seed {}, token {token}: {found}, not {wanted}",
                case.settings, case.seed
            );
            assert_eq!(*found == 0.0, *wanted == 0.0, "{what}");
            assert!((found - wanted).abs() < 1e-6, "{what}");
        }
    }
}
