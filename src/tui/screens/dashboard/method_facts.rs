//! The newest step in plain words, for the methods beside PLE.

use super::facts::{Fact, Tone, fitting, pace, saved, upcoming};
use crate::config::MethodName;
use crate::train::StepRecord;
use crate::tui::run_view::RunView;
use crate::tui::widgets::scale::{short, thousands};

/// All facts, the most telling first.
pub fn facts(run: &RunView) -> Vec<Fact> {
    let Some(step) = run.shown() else { return vec![] };
    let mut out = Vec::new();
    let mut say = |name, tone, text: String| out.push(Fact { name, text, tone });
    say("reward", Tone::Plain, rewards(run, step));
    if let Some(mark) = run.marks.iter().rfind(|m| run.is_known(m.step)) {
        say("by hand", Tone::Mark, format!("{} from step {}", mark.label, mark.step));
    }
    if let Some(text) = upcoming(run) {
        say("scheduled", Tone::Mark, text);
    }
    if let Some(shaping) = run.experiment().and_then(|e| e.reward.shaping()) {
        say("shaped s", Tone::Mark, shaping);
    }
    for (name, text) in of_method(run.method(), step) {
        say(name, Tone::Plain, text);
    }
    if let Some((kl, token)) = metric(step, "diagnostics/kl").zip(metric(step, "diagnostics/kl_token")) {
        let tone = if !(-0.02..=1.0).contains(&token) {
            Tone::Bad
        } else {
            Tone::Plain
        };
        say(
            "KL",
            tone,
            format!("{} a response, {} a token", short(kl), short(token)),
        );
    }
    if let Some((entropy, surprise)) = metric(step, "diagnostics/entropy").zip(metric(step, "diagnostics/surprise")) {
        say(
            "entropy",
            Tone::Plain,
            format!("{} nats; a token costs {}", short(entropy), short(surprise)),
        );
    }
    if let Some(repeated) = metric(step, "diagnostics/repetition") {
        let distinct = |n| metric(step, n).map_or("–".to_string(), short);
        let tone = if repeated > 0.3 { Tone::Bad } else { Tone::Plain };
        let (one, two) = (distinct("diagnostics/distinct_1"), distinct("diagnostics/distinct_2"));
        say(
            "text",
            tone,
            format!("{:.0} % repeated, distinct {one} / {two}", 100.0 * repeated),
        );
    }
    if let Some(e) = run.evaluation_shown().and_then(|i| run.evaluations.get(i)) {
        let truth = e
            .truth_original
            .map_or(String::new(), |t| format!(", truth {}", short(t)));
        say(
            "held out",
            Tone::Plain,
            format!("s {}{truth} after {} steps", short(e.reward_original), e.step),
        );
    }
    let tone = if step.ended < 0.5 { Tone::Bad } else { Tone::Plain };
    if step.length_original.is_finite() {
        let text = format!(
            "{} a response; {:.0} % ended",
            short(step.length_original),
            100.0 * step.ended
        );
        say("tokens", tone, text);
    }
    let updates = if step.updates == 1 { "update" } else { "updates" };
    let rate = format!(
        "{}, rate {}; {} {updates}",
        short(step.grad_norm),
        short(step.learning_rate),
        step.updates
    );
    say("gradient", Tone::Plain, rate);
    say("pace", Tone::Plain, pace(run));
    if run.past.is_none() {
        say("saved", Tone::Plain, saved(run));
    }
    out
}

/// The same in two lines, for small screens: what is needed least goes first where there is no room.
pub fn lines(run: &RunView, width: usize) -> [String; 2] {
    let Some(step) = run.shown() else {
        return Default::default();
    };
    let mut first = vec![(0, format!("reward {}", rewards(run, step)))];
    if let Some(kl) = metric(step, "diagnostics/kl") {
        first.push((0, format!("KL {}", short(kl))));
    }
    let own = of_method(run.method(), step).into_iter().zip(1..);
    first.extend(own.map(|((name, text), rare)| (rare, format!("{name} {text}"))));
    let mut second = Vec::new();
    if step.length_original.is_finite() {
        second.push((1, format!("tokens {}", short(step.length_original))));
        second.push((2, format!("{:.0} % ended", 100.0 * step.ended)));
    }
    second.push((3, format!("grad {}", short(step.grad_norm))));
    second.push((4, format!("lr {}", short(step.learning_rate))));
    second.push((0, pace(run)));
    [fitting(first, width), fitting(second, width)]
}

fn metric(step: &StepRecord, name: &str) -> Option<f64> {
    step.metrics.get(name).copied().filter(|x| x.is_finite())
}

fn rewards(run: &RunView, step: &StepRecord) -> String {
    let (s, other) = (step.reward_original, step.reward_guided);
    let number = |x: f64| if x.is_finite() { short(x) } else { "–".to_string() };
    match run.method() {
        MethodName::Raft => format!("{} of all, {} of those kept", number(s), number(other)),
        MethodName::Sft => format!("{} own answers, {} what is learnt", number(s), number(other)),
        MethodName::Dpo => format!("{} own answers", number(s)),
        _ => format!("{} ± {}", number(s), number(step.reward_original_std)),
    }
}

/// What only this method has to say.
fn of_method(method: MethodName, step: &StepRecord) -> Vec<(&'static str, String)> {
    let m = |name| metric(step, name).map_or("–".to_string(), short);
    let percent = |name| metric(step, name).map_or("–".to_string(), |x| format!("{:.0} %", 100.0 * x));
    match method {
        MethodName::Ple => vec![],
        MethodName::Sft => vec![
            ("loss", format!("{} a token", short(step.loss))),
            (
                "guessed",
                format!("{} of {} tokens", percent("mean_token_accuracy"), tokens(step)),
            ),
        ],
        MethodName::Dpo => vec![
            ("right", format!("{} of the pairs", percent("rewards/accuracies"))),
            (
                "margin",
                format!(
                    "{} = {} − {}",
                    m("rewards/margins"),
                    m("rewards/chosen"),
                    m("rewards/rejected")
                ),
            ),
        ],
        MethodName::Ppo => vec![
            (
                "with KL",
                format!("{} (β {})", m("objective/rlhf_reward"), m("objective/kl_coef")),
            ),
            (
                "clipped",
                format!(
                    "{} of ratios, {} of values",
                    percent("policy/clipfrac_avg"),
                    percent("val/clipfrac_avg")
                ),
            ),
            ("value loss", m("loss/value_avg")),
        ],
        MethodName::Raft => {
            let kept = metric(step, "raft/kept").unwrap_or(0.0);
            vec![("kept", format!("{kept:.0}, {} above the mean", m("raft/gain")))]
        }
    }
}

fn tokens(step: &StepRecord) -> String {
    thousands(metric(step, "num_tokens").unwrap_or(0.0) as i64)
}
