//! Progress of a run without a screen: a bar on a terminal, plain lines elsewhere.

use std::io::Write;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::config::{Experiment, Plan, experiment_to_toml};
use crate::train::{Event, FitEvaluation, FitSplit, StepRecord};

/// Prints events for people.
pub struct Progress {
    /// `None`: plain lines to standard output.
    bar: Option<ProgressBar>,
    stage: String,
    steps: u32,
    /// Folder of the run.
    run: String,
}

impl Progress {
    /// On a terminal with a bar, else in lines.
    pub fn new(terminal: bool) -> Self {
        let bar = terminal.then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{prefix:>4} {bar:24} {pos}/{len} {msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self {
            bar,
            stage: String::new(),
            steps: 0,
            run: String::new(),
        }
    }

    /// Prints one event.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Started(s) => {
                self.run = s.path.clone();
                self.say(&format!("{} ({})", s.experiment.title(), s.path));
                let read = match s.experiment {
                    Plan::Align(_) => "queries",
                    Plan::Fit(_) => "rows",
                };
                self.say(&format!(
                    "{}; {} parameters, {} trained; {read}: {}",
                    s.device, s.parameters, s.trained_parameters, s.data
                ));
                if let Some(e) = s.experiment.align().filter(|e| e.method.preset.is_some()) {
                    self.say(&settings(e));
                }
                if s.resumed_from > 0 {
                    self.say(&format!("goes on after step {}", s.resumed_from));
                }
            }
            Event::Stage { name, steps } => {
                (self.stage, self.steps) = (name.clone(), *steps);
                if let Some(bar) = &self.bar {
                    bar.set_prefix(name.clone());
                    bar.set_length(u64::from(*steps));
                }
            }
            Event::Sft(r) => self.at(r.step + 1, &format!("loss {:.3}", r.loss)),
            Event::Step(r) => self.at(r.step + 1, &step_line(r)),
            Event::Fit(r) => {
                let right = r.accuracy.map_or(String::new(), |a| format!(", {a:.2} right"));
                // An update takes a fraction of a second: lines for all of them would say less.
                if self.bar.is_some() || (r.step + 1).is_multiple_of(10) {
                    self.at(r.step + 1, &format!("loss {:.3}{right}", r.loss));
                }
            }
            Event::FitEvaluation(e) => self.say(&fit_line(e)),
            Event::Evaluation(r) => {
                let truth = match (r.truth_original, r.truth_guided) {
                    (Some(o), Some(g)) => format!(", truth {o:.2} / {g:.2}"),
                    _ => String::new(),
                };
                self.say(&format!(
                    "held out after {} steps: reward {:.2}, guided {:.2}{truth}",
                    r.step, r.reward_original, r.reward_guided
                ));
            }
            Event::Mark(m) => self.say(&format!("from step {}: {}", m.step, m.label)),
            // Changes are told by their marks.
            Event::Log(entry) if matches!(entry.action.as_str(), "pause" | "continue" | "checkpoint" | "stop") => {
                self.say(&format!("{} by {}", entry.what(), entry.by.words()));
            }
            Event::Paused { step, paused: true } => {
                let run = &self.run;
                self.say(&format!("paused before step {step}: ple steer {run} continue goes on"));
            }
            Event::Alarm(a) => self.say(&format!("ALARM: {}; {}", a.message, a.suggestion)),
            Event::Done(d) => {
                self.end();
                self.say(&format!(
                    "{} after {} steps, {:.0} s: {}",
                    d.reason, d.steps, d.seconds, d.path
                ));
            }
            _ => {}
        }
    }

    /// A line that stays.
    pub fn say(&self, message: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{message}")),
            None => {
                // A reader that went away does not end the run.
                let _ = writeln!(std::io::stdout(), "{message}");
            }
        }
    }

    /// Takes the bar away.
    pub fn end(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn at(&self, done: u32, message: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(u64::from(done));
                bar.set_message(message.to_string());
            }
            None => self.say(&format!("{} {done}/{}: {message}", self.stage, self.steps)),
        }
    }
}

/// What a preset came to together with the file.
fn settings(e: &Experiment) -> String {
    let text = experiment_to_toml(e);
    let of_method = text
        .split("\n[")
        .filter(|part| part.starts_with("method") || part.starts_with("generation"));
    let lines = of_method.flat_map(str::lines).map(|line| match line.strip_suffix(']') {
        Some(title) => format!("  [{title}]"),
        None => format!("  {line}"),
    });
    format!("settings as used:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

fn fit_line(e: &FitEvaluation) -> String {
    let rows = match e.split {
        FitSplit::Validation => "validation",
        FitSplit::HeldOut => "held out",
    };
    let kept = match (e.split, e.best) {
        (FitSplit::Validation, true) => ", the best so far",
        _ => "",
    };
    let found = match &e.quality {
        Some(q) => format!(
            "{:.3} right ({:.3} to {:.3}; length alone {:.3}), margin {:+.2}, calibration error {:.3}, correlation with length {:+.2}",
            q.accuracy, q.low, q.high, q.baseline, q.margin, q.calibration_error, q.length_correlation
        ),
        None => format!("perplexity {:.1}", e.loss.exp()),
    };
    format!(
        "{rows} ({} rows) after {} updates: loss {:.3}, {found}{kept}",
        e.rows, e.step, e.loss
    )
}

fn step_line(r: &StepRecord) -> String {
    // Only PLE has tau.
    if r.tau.is_nan() {
        let kl = r
            .metrics
            .get("diagnostics/kl")
            .map_or(String::new(), |kl| format!("  KL {kl:+.2}"));
        let kept = match r.reward_guided.is_finite() && r.metrics.contains_key("raft/kept") {
            true => format!(" kept {:+.2}", r.reward_guided),
            false => String::new(),
        };
        let reward = match r.reward_original.is_finite() {
            true => format!("reward {:+.2}{kept}{kl}  ", r.reward_original),
            false => String::new(),
        };
        return format!("{reward}L {:+.3}", r.loss);
    }
    format!(
        "reward {:+.2} guided {:+.2} gap {:+.2}  tau {:.3}  ranked {} weighted {}  L {:+.3}",
        r.reward_original,
        r.reward_guided,
        r.reward_guided - r.reward_original,
        r.tau,
        r.ranked,
        r.weighted,
        r.loss
    )
}
