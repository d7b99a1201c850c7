//! burn's own terminal renderer with as many steps behind it as asked for, for benches/rivals/measure.py.
//!
//!     burn-tui STEPS [--live RATE]
//!
//! It is burn-train's `TuiMetricsRendererWrapper`, told what burn's learner tells it: eight numeric metrics, one value of
//! each a step. Without `--live` the training is over then and the renderer stays open (`persistent`); with it, RATE
//! steps a second follow until the process is ended.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use burn_train::Interrupter;
use burn_train::logger::TrainingProgressLogger;
use burn_train::metric::{
    MetricAttributes, MetricDefinition, MetricEntry, MetricId, NumericAttributes, NumericEntry, SerializedEntry,
};
use burn_train::renderer::tui::TuiMetricsRendererWrapper;
use burn_train::renderer::{MetricState, MetricsRenderer, MetricsRendererTraining};

/// The same eight as benches/rivals/data.py writes.
const NAMES: [&str; 8] = [
    "reward_original",
    "reward_guided",
    "truth_original",
    "truth_guided",
    "loss",
    "loss_rank",
    "grad_norm",
    "tau",
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| args.get(at).and_then(|n| n.parse::<usize>().ok());
    let (steps, live) = match (number(0), args.get(1).map(String::as_str), number(2)) {
        (Some(steps), None, _) => (steps, None),
        (Some(steps), Some("--live"), Some(rate @ 1..)) => (steps, Some(rate)),
        _ => {
            eprintln!("usage: burn-tui STEPS [--live RATE]");
            std::process::exit(2);
        }
    };
    let mut renderer = TuiMetricsRendererWrapper::new(Interrupter::new(), None).persistent();
    for name in NAMES {
        renderer.register_metric(MetricDefinition {
            metric_id: MetricId::new(Arc::new(name.into())),
            name: Arc::new(name.into()),
            description: None,
            attributes: MetricAttributes::Numeric(NumericAttributes::default()),
        });
    }
    let total = if live.is_some() { steps + 1_000_000 } else { steps };
    renderer.start(1, 1, Some(total), None);
    renderer.start_split("train", total);
    for step in 0..steps {
        tell(&mut renderer, step);
        // As fast as it takes them in; what waits in its channel would be counted as its memory.
        if step % 500 == 499 {
            thread::sleep(Duration::from_millis(10));
        }
    }
    let Some(rate) = live else {
        renderer.end_split();
        // Dropped, it shows the finished training until `q`.
        return;
    };
    let start = Instant::now();
    for i in 0.. {
        let due = Duration::from_secs_f64(i as f64 / rate as f64);
        thread::sleep(due.saturating_sub(start.elapsed()));
        tell(&mut renderer, steps + i);
    }
}

/// One step: a value of each metric, and how far it is.
fn tell(renderer: &mut TuiMetricsRendererWrapper, step: usize) {
    for (k, name) in NAMES.into_iter().enumerate() {
        let value = value(step, k);
        let entry = SerializedEntry::new(format!("{value:.4}"), value.to_string());
        let entry = MetricEntry::new(MetricId::new(Arc::new(name.into())), entry);
        renderer.update_train(MetricState::Numeric(entry, Some(NumericEntry::Value(value))));
    }
    renderer.update_split(step + 1);
}

/// Series `k` at a step: a slow approach with a wave on it, as in benches/rivals/data.py.
fn value(step: usize, k: usize) -> f64 {
    let (x, k) = (step as f64, k as f64);
    1.0 - (-x / (2_000.0 * (k + 1.0))).exp() + 0.2 * (x * (0.37 + 0.11 * k)).sin()
}
