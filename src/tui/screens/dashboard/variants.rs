//! What the dashboard of PLE says of its variants, and of the theory behind tau.

use crate::config::Schedule;
use crate::method::theory;
use crate::train::StepRecord;
use crate::tui::run_view::RunView;
use crate::tui::widgets::scale::short;

/// "0.146, next 0.131 (× 0.9)", or what holds it.
pub fn threshold(run: &RunView, step: &StepRecord) -> String {
    let (tau, decay) = (step.tau, step.decay);
    let schedule = run.experiment().map(|e| e.method.schedule).unwrap_or_default();
    let boundary = step.metrics.get(theory::BOUNDARY).copied();
    let (next, why) = match schedule {
        Schedule::Decay => (tau * decay, format!("× {}", decay as f32)),
        Schedule::Pure => {
            let next = theory::next_tau(tau, decay, boundary);
            let why = match boundary {
                _ if next <= tau * decay => format!("e* allows × {}", decay as f32),
                Some(e) => format!("held by e* {}", short(e)),
                None => "no pair to tell".into(),
            };
            (next, why)
        }
    };
    format!("{}, next {} ({why})", short(tau), short(next))
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// How far the likelihoods agree with the rewards; `None` where the step does not know.
pub fn order(step: &StepRecord) -> Option<(&'static str, String)> {
    let all = step.metrics.get(&theory::share_name(0.0))?;
    let at_tau = step.metrics.get(theory::AT_TAU).map(|share| percent(*share) + " at τ");
    let pure = step
        .metrics
        .get(theory::BOUNDARY)
        .map(|e| format!("pure > {}", short(*e)));
    let parts = [Some(percent(*all) + " as s"), at_tau, pure];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    Some(("order of π", parts.join(", ")))
}

/// The variants that are on, and what they did; nothing of PLE as printed.
pub fn stabilised(run: &RunView, step: &StepRecord) -> Option<(&'static str, String)> {
    let on = run.experiment()?.method.stabilise.on();
    let number = |name: &str| step.metrics.get(&format!("stabilise/{name}")).copied();
    let limited = number("limited").map(|share| format!(" limits {}", percent(share)));
    let parts: Vec<String> = on
        .iter()
        .map(|(name, strength)| {
            let did = match *name {
                "kl" => number("kl").map(|kl| format!(" {} nats", short(kl))),
                "sft" => number("sft").map(|loss| format!(" L {}", short(loss))),
                _ => limited.clone(),
            };
            format!("{name} {strength}{}", did.unwrap_or_default())
        })
        .collect();
    (!parts.is_empty()).then(|| ("variant", parts.join(", ")))
}

/// "π agrees: ≥0 54 %  ≥0.25 58 %  ...": the share of consistent pairs above each margin, as many as there is room for.
pub fn curve(step: &StepRecord, width: usize) -> Option<String> {
    let mut text = String::from(" π agrees:");
    let mut any = false;
    for margin in theory::MARGINS {
        let Some(share) = step.metrics.get(&theory::share_name(margin)) else {
            continue;
        };
        let next = format!(" ≥{margin} {}", percent(*share));
        if text.chars().count() + next.chars().count() > width {
            break;
        }
        text += &next;
        any = true;
    }
    any.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StabiliseSettings;
    use crate::tui::screens::fixtures::started;

    fn step(metrics: &[(&str, f64)]) -> StepRecord {
        StepRecord {
            tau: 0.2,
            decay: 0.9,
            metrics: metrics.iter().map(|(name, x)| (name.to_string(), *x)).collect(),
            ..StepRecord::default()
        }
    }

    #[test]
    fn the_threshold_says_what_holds_it() {
        let mut run = started();
        assert_eq!(threshold(&run, &step(&[])), "0.20, next 0.18 (× 0.9)");
        run.started
            .as_mut()
            .unwrap()
            .experiment
            .align_mut()
            .unwrap()
            .method
            .schedule = Schedule::Pure;
        let held = |e| threshold(&run, &step(&[(theory::BOUNDARY, e)]));
        assert_eq!(held(1.5), "0.20, next 0.20 (held by e* 1.50)");
        assert_eq!(held(0.19), "0.20, next 0.19 (held by e* 0.19)");
        assert_eq!(held(0.0), "0.20, next 0.18 (e* allows × 0.9)");
        assert_eq!(threshold(&run, &step(&[])), "0.20, next 0.20 (no pair to tell)");
    }

    #[test]
    fn order_and_curve_say_what_was_measured() {
        assert_eq!((order(&step(&[])), curve(&step(&[]), 80)), (None, None));
        let known = step(&[
            ("theory/consistent_0", 0.5),
            ("theory/consistent_1", 0.75),
            (theory::AT_TAU, 0.625),
            (theory::BOUNDARY, 1.25),
        ]);
        let (_, text) = order(&known).unwrap();
        assert_eq!(text, "50 % as s, 62 % at τ, pure > 1.25");
        assert_eq!(curve(&known, 80).as_deref(), Some(" π agrees: ≥0 50 % ≥1 75 %"));
        assert_eq!(curve(&known, 20).as_deref(), Some(" π agrees: ≥0 50 %"));
        assert_eq!(curve(&known, 12), None);
    }

    #[test]
    fn a_variant_is_named_with_what_it_did() {
        let mut run = started();
        let known = step(&[("stabilise/limited", 0.125), ("stabilise/kl", 3.5)]);
        assert_eq!(stabilised(&run, &known), None);
        run.started
            .as_mut()
            .unwrap()
            .experiment
            .align_mut()
            .unwrap()
            .method
            .stabilise = StabiliseSettings {
            clip: Some(0.2),
            kl: Some(0.05),
            ..StabiliseSettings::default()
        };
        let (_, text) = stabilised(&run, &known).unwrap();
        assert_eq!(text, "clip 0.2 limits 12 %, kl 0.05 3.50 nats");
    }
}
