//! Eqs. 3 to 6 and their gradients against PyTorch: `tests/golden/make_ple_losses.py` says how the numbers were made.

use burn::tensor::{Device, IndexingUpdateOp, Int, Tensor, TensorData};
use serde::Deserialize;

use super::logprob::{LogProbs, log_softmax_at};
use super::ple;
use crate::config::{Eq4, MethodSettings, Reduction};
use crate::numbers::{value, values};

#[derive(Deserialize)]
struct Golden {
    tau: f64,
    vocabulary: usize,
    pairs: Vec<Pair>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Pair {
    rewards: (f64, f64),
    original: Side,
    guided: Side,
}

#[derive(Deserialize)]
struct Side {
    logits: Vec<Vec<f32>>,
    targets: Vec<i32>,
}

#[derive(Deserialize)]
struct Case {
    eq4: Eq4,
    reduction: Reduction,
    rank: f64,
    wsft: f64,
    total: f64,
    gradients: Vec<[Vec<Vec<f64>>; 2]>,
}

/// All rows of one side of all pairs, and their log-probabilities as a function of them.
struct Leaf {
    logits: Tensor<2>,
    log_pi: LogProbs,
}

fn leaf(sides: &[&Side], vocabulary: usize) -> Leaf {
    let device = Device::flex();
    let rows: Vec<f32> = sides.iter().flat_map(|s| s.logits.iter().flatten().copied()).collect();
    let n = rows.len() / vocabulary;
    let logits = Tensor::<2>::from_data(TensorData::new(rows, [n, vocabulary]), &device)
        .autodiff()
        .require_grad();
    let int = |v: Vec<i32>| Tensor::<1, Int>::from_data(TensorData::new(v, [n]), &device);
    let targets = int(sides.iter().flat_map(|s| s.targets.iter().copied()).collect());
    let owners = int(sides
        .iter()
        .enumerate()
        .flat_map(|(i, s)| vec![i as i32; s.targets.len()])
        .collect());
    let lengths: Vec<f32> = sides.iter().map(|s| s.targets.len() as f32).collect();
    let k = sides.len();
    let log_pi = LogProbs {
        sum: Tensor::zeros([k], &device).select_assign(
            0,
            owners,
            log_softmax_at(logits.clone(), targets),
            IndexingUpdateOp::Add,
        ),
        lengths: Tensor::from_data(TensorData::new(lengths, [k]), &device),
    };
    Leaf { logits, log_pi }
}

fn assert_close(found: f64, wanted: f64, what: &str) {
    let error = (found - wanted).abs() / wanted.abs().max(1e-2);
    assert!(error < 1e-5, "{what}: found {found}, PyTorch says {wanted}");
}

#[test]
fn losses_and_gradients_equal_pytorchs() {
    let golden: Golden =
        serde_json::from_str(include_str!("../../tests/golden/ple_losses.json")).expect("the golden file is JSON");
    let rewards: Vec<(f64, f64)> = golden.pairs.iter().map(|p| p.rewards).collect();
    assert_eq!(golden.cases.len(), 4);
    for case in &golden.cases {
        let originals: Vec<&Side> = golden.pairs.iter().map(|p| &p.original).collect();
        let guided: Vec<&Side> = golden.pairs.iter().map(|p| &p.guided).collect();
        let (y, y_guided) = (leaf(&originals, golden.vocabulary), leaf(&guided, golden.vocabulary));
        let settings = MethodSettings {
            eq4: case.eq4,
            reduction: case.reduction,
            ..settings()
        };
        let losses = ple::losses(
            &y.log_pi,
            &y_guided.log_pi,
            &rewards,
            golden.tau,
            rewards.len(),
            &settings,
            &ple::Known::default(),
        );
        let gradients = losses.total.backward();
        assert_close(value(losses.rank.inner()), case.rank, "Eq. 3");
        assert_close(value(losses.wsft.inner()), case.wsft, "Eq. 4");
        assert_close(value(losses.total.inner()), case.total, "Eq. 6");
        for (side, leaf) in [y, y_guided].into_iter().enumerate() {
            let found = values(leaf.logits.grad(&gradients).expect("the logits take part"));
            let wanted: Vec<f64> = case
                .gradients
                .iter()
                .flat_map(|g| g[side].iter().flatten().copied())
                .collect();
            assert_eq!(found.len(), wanted.len());
            for (f, w) in found.iter().zip(wanted) {
                assert_close(f64::from(*f), w, "gradient");
            }
        }
    }
}

#[test]
fn switches_take_their_loss_away() {
    let golden: Golden =
        serde_json::from_str(include_str!("../../tests/golden/ple_losses.json")).expect("the golden file is JSON");
    let rewards: Vec<(f64, f64)> = golden.pairs.iter().map(|p| p.rewards).collect();
    let total = |rank, weighted_sft| {
        let originals: Vec<&Side> = golden.pairs.iter().map(|p| &p.original).collect();
        let guided: Vec<&Side> = golden.pairs.iter().map(|p| &p.guided).collect();
        let (y, y_guided) = (leaf(&originals, golden.vocabulary), leaf(&guided, golden.vocabulary));
        let settings = MethodSettings {
            rank,
            weighted_sft,
            ..settings()
        };
        let l = ple::losses(
            &y.log_pi,
            &y_guided.log_pi,
            &rewards,
            golden.tau,
            rewards.len(),
            &settings,
            &ple::Known::default(),
        );
        (value(l.rank.inner()), value(l.wsft.inner()), value(l.total.inner()))
    };
    let (rank, _, only_rank) = total(true, false);
    assert_eq!(only_rank, rank);
    // Without a ranking branch every pair is weighted, so Eq. 4 has more terms than it had beside Eq. 3.
    let (no_rank, wsft, only_wsft) = total(false, true);
    assert_eq!((no_rank, only_wsft), (0.0, wsft));
    assert_ne!(wsft, total(true, true).1);
}

fn settings() -> MethodSettings {
    let text = "name = 'ple'\nsteps = 1\nqueries_per_step = 1\nlearning_rate = 1.0";
    toml::from_str(text).expect("valid settings")
}
