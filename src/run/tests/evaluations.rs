//! Whole evaluations of a run's policy.

use super::*;
use crate::config::GenerationSettings;

fn evaluation(step: u32, sft_done: u32, queries: usize) -> FullEvaluation {
    let estimate = |i: usize| Estimate {
        mean: ODD[i % 6],
        low: ODD[(i + 1) % 6],
        high: ODD[(i + 2) % 6],
    };
    FullEvaluation {
        policy: format!("after {step} steps"),
        step,
        sft_done,
        queries,
        seed: u64::MAX,
        generation: GenerationSettings {
            max_new_tokens: 8,
            temperature: 0.1 + 0.2,
            top_p: 1.0,
            ..GenerationSettings::default()
        },
        reward: estimate(0),
        truth: Some(estimate(1)),
        length: estimate(2),
        ended: estimate(3),
        references: Some(ReferenceRecord {
            about: "responses of the rows".into(),
            queries: 1,
            cut: 0,
            perplexity: estimate(4),
            perplexity_of_rows: estimate(5),
            bleu_response: estimate(0),
            bleu_with_prompt: estimate(1),
            signature: "nrefs:1".into(),
        }),
        seconds: f64::INFINITY,
        rows: vec![EvaluatedRow {
            query: "q\u{0}".into(),
            response: "y".into(),
            reference: None,
            reward: f64::NAN,
            truth: None,
            tokens: 3,
            ended: true,
            reference_nll: Some(-0.0),
            reference_tokens: 2,
        }],
    }
}

#[test]
fn evaluations_come_back_bit_for_bit_the_newest_last() {
    let runs = tempfile::tempdir().unwrap();
    let mut store = create(runs.path(), "r");
    let (a, b) = (evaluation(4, 5, 64), evaluation(4, 5, 128));
    let again = FullEvaluation {
        references: None,
        truth: None,
        ..a.clone()
    };
    for e in [&a, &b, &again] {
        store.record_evaluation(e).unwrap();
    }
    let found = Reader::open(store.dir()).unwrap().evaluations().unwrap();
    assert_eq!(text(&found), text(&vec![b, again]));
}

#[test]
fn a_resumed_run_forgets_what_was_evaluated_later() {
    let runs = tempfile::tempdir().unwrap();
    let mut store = create(runs.path(), "r");
    for (step, sft_done) in [(0, 3), (0, 5), (4, 5), (6, 5)] {
        store.record_evaluation(&evaluation(step, sft_done, 8)).unwrap();
    }
    let left = |store: &Store| -> Vec<(u32, u32)> {
        let found = Reader::open(store.dir()).unwrap().evaluations().unwrap();
        found.iter().map(|e| (e.step, e.sft_done)).collect()
    };
    store.rewind(4, 5).unwrap();
    assert_eq!(left(&store), [(0, 3), (0, 5), (4, 5)]);
    store.rewind(0, 3).unwrap();
    assert_eq!(left(&store), [(0, 3)]);
}
