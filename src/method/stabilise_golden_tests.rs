//! The variants of Eqs. 3 and 4, their anchors and their gradients against PyTorch: `tests/golden/make_stabilise.py` says how
//! the numbers were made.

use burn::tensor::{Device, Tensor, TensorData};
use serde::Deserialize;

use super::logprob::LogProbs;
use super::ple::{self, Known};
use crate::config::{Eq4, MethodSettings, Reduction, StabiliseSettings};
use crate::numbers::{value, values};

#[derive(Deserialize)]
struct Golden {
    tau: f64,
    rewards: Vec<(f64, f64)>,
    lengths: [Vec<f32>; 2],
    now: [Vec<f32>; 2],
    then: [Vec<f32>; 2],
    reference: [Vec<f32>; 2],
    /// log pi of the responses of rows of the data, and their tokens.
    rows: Vec<f32>,
    row_lengths: Vec<f32>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    variant: StabiliseSettings,
    eq4: Eq4,
    reduction: Reduction,
    rank: f64,
    wsft: f64,
    total: f64,
    weight: f64,
    limited: f64,
    divergence: f64,
    gradients: [Vec<f64>; 2],
    /// Eq. 1 summed over the rows, and the gradients of the total for them.
    supervised: f64,
    row_gradients: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../tests/golden/stabilise.json")).expect("the golden file is JSON")
}

fn constant(x: &[f32]) -> Tensor<1> {
    Tensor::from_data(TensorData::new(x.to_vec(), [x.len()]), &Device::flex())
}

fn settings(stabilise: StabiliseSettings, eq4: Eq4, reduction: Reduction) -> MethodSettings {
    let text = "name = 'ple'\nsteps = 1\nqueries_per_step = 1\nlearning_rate = 1.0";
    MethodSettings {
        stabilise,
        eq4,
        reduction,
        ..toml::from_str(text).expect("valid settings")
    }
}

/// The losses of the golden pairs, with the leaves they are functions of.
fn losses(golden: &Golden, settings: &MethodSettings, known: &Known) -> (ple::Losses, [Tensor<1>; 2]) {
    let leaves = [0, 1].map(|i| constant(&golden.now[i]).autodiff().require_grad());
    let [y, guided] = [0, 1].map(|i| LogProbs {
        sum: leaves[i].clone(),
        lengths: constant(&golden.lengths[i]),
    });
    let n = golden.rewards.len();
    let losses = ple::losses(&y, &guided, &golden.rewards, golden.tau, n, settings, known);
    (losses, leaves)
}

#[track_caller]
fn close(found: f64, wanted: f64, what: &str) {
    let error = (found - wanted).abs() / wanted.abs().max(1e-2);
    assert!(error < 5e-5, "{what}: found {found}, PyTorch says {wanted}");
}

#[test]
fn variants_and_their_gradients_equal_pytorchs() {
    let golden = golden();
    let known = Known {
        then: Some([0, 1].map(|i| constant(&golden.then[i]))),
        reference: Some([0, 1].map(|i| constant(&golden.reference[i]))),
    };
    assert_eq!(golden.cases.len(), 56);
    let (mut limited, mut anchored) = (0, 0);
    for case in &golden.cases {
        let what = format!("{:?} {:?} {:?}", case.variant.on(), case.eq4, case.reduction);
        let settings = settings(case.variant, case.eq4, case.reduction);
        let (mut losses, leaves) = losses(&golden, &settings, &known);
        let rows = constant(&golden.rows).autodiff().require_grad();
        if settings.stabilise.sft.is_some() {
            let of_rows = LogProbs {
                sum: rows.clone(),
                lengths: constant(&golden.row_lengths),
            };
            let (with, supervised) = losses.anchored(&of_rows, golden.rewards.len(), &settings);
            losses = with;
            close(value(supervised), case.supervised, &format!("{what}, Eq. 1"));
            anchored += 1;
        }
        let gradients = losses.total.backward();
        if let Some(found) = rows.grad(&gradients) {
            for (f, w) in values(found).iter().zip(&case.row_gradients) {
                close(f64::from(*f), *w, &format!("{what}, gradient of a row"));
            }
        }
        for (found, wanted, name) in [
            (losses.rank.inner(), case.rank, "Eq. 3"),
            (losses.wsft.inner(), case.wsft, "Eq. 4"),
            (losses.total.inner(), case.total, "Eq. 6"),
            (losses.watched.weight, case.weight, "weight"),
            (losses.watched.limited, case.limited, "limited"),
            (losses.watched.divergence, case.divergence, "divergence"),
        ] {
            close(value(found), wanted, &format!("{what}, {name}"));
        }
        for (leaf, wanted) in leaves.into_iter().zip(&case.gradients) {
            let found = values(leaf.grad(&gradients).expect("it takes part"));
            assert_eq!(found.len(), wanted.len());
            for (f, w) in found.iter().zip(wanted) {
                close(f64::from(*f), *w, &format!("{what}, gradient"));
            }
        }
        limited += u32::from(case.limited > 0.0);
    }
    assert!(limited > 20, "the variants have something to limit");
    assert_eq!(anchored, 12, "the supervised anchor, alone and beside others");
}

/// A pair that is new, or of which nothing is known, has the ratio 1: then both ratio forms push as the printed losses do.
#[test]
fn new_pairs_are_pushed_as_printed() {
    let golden = golden();
    for eq4 in [Eq4::Sum, Eq4::Mean] {
        let gradients = |stabilise, known: &Known| {
            let (losses, leaves) = losses(&golden, &settings(stabilise, eq4, Reduction::Sum), known);
            let gradients = losses.total.backward();
            leaves.map(|leaf| values(leaf.grad(&gradients).expect("it takes part")))
        };
        let unknown = [f32::NAN; 8];
        let printed = gradients(StabiliseSettings::default(), &Known::default());
        let new = Known {
            then: Some([0, 1].map(|i| constant(&golden.now[i]))),
            reference: None,
        };
        let nothing = Known {
            then: Some([0, 1].map(|_| constant(&unknown))),
            reference: None,
        };
        for known in [&new, &nothing] {
            for stabilise in [
                StabiliseSettings {
                    importance: Some(2.0),
                    ..StabiliseSettings::default()
                },
                StabiliseSettings {
                    clip: Some(0.2),
                    ..StabiliseSettings::default()
                },
            ] {
                for (found, printed) in gradients(stabilise, known).iter().zip(&printed) {
                    for (f, p) in found.iter().zip(printed) {
                        assert!((f - p).abs() < 1e-5, "{stabilise:?}: {f}, printed {p}");
                    }
                }
            }
        }
    }
}
