//! The newest step in plain words: what the method did with its pairs.

use super::{method_facts, variants};
use crate::config::MethodName;
use crate::tui::run_view::RunView;
use crate::tui::widgets::scale::{duration, short, thousands};

/// Rows that all facts take, but for the one of an experiment that shapes its rewards.
pub const ROWS: u16 = 14;

/// How a fact is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Bad,
    /// A change made by hand.
    Mark,
}

/// A fact with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    pub name: &'static str,
    pub text: String,
    pub tone: Tone,
}

/// What the schedule does next, and how much is to come after that.
pub fn upcoming(run: &RunView) -> Option<String> {
    let done = run.steps_done();
    let schedule = &run.experiment()?.schedule;
    let to_come: Vec<_> = schedule.iter().filter(|e| e.step >= done).collect();
    let next = to_come.iter().min_by_key(|e| e.step)?;
    let now: Vec<String> = to_come
        .iter()
        .filter(|e| e.step == next.step)
        .map(|e| e.words())
        .collect();
    let more = match to_come.len() - now.len() {
        0 => String::new(),
        n => format!("; {n} more"),
    };
    Some(format!("step {}: {}{more}", next.step, now.join(", ")))
}

/// How far the gap between the guided and the original reward has closed since it was `start`.
fn closed(start: f64, now: f64) -> String {
    match now {
        _ if start <= 0.0 => String::new(),
        // The policy answers better without the principles than with them.
        now if now < 0.0 => ": closed, and past it".to_string(),
        now if now > start => ": wider than at first".to_string(),
        now => format!(": {:.0} % closed", 100.0 * (1.0 - now / start)),
    }
}

/// All facts, the most telling first.
pub fn facts(run: &RunView) -> Vec<Fact> {
    if run.method() != MethodName::Ple {
        return method_facts::facts(run);
    }
    let Some(step) = run.shown() else { return vec![] };
    let mut out = Vec::new();
    let mut say = |name, tone, text: String| out.push(Fact { name, text, tone });
    if let Some((start, now)) = run.shown_index().and_then(|at| run.history.gaps(at)) {
        let closed = closed(start.into(), now.into());
        let tone = if start > 0.0 && now < start * 0.5 {
            Tone::Good
        } else {
            Tone::Plain
        };
        say(
            "gap s′−s",
            tone,
            format!("{}, was {}{closed}", short(now.into()), short(start.into())),
        );
    }
    if let Some(mark) = run.marks.iter().rfind(|m| run.is_known(m.step)) {
        say("by hand", Tone::Mark, format!("{} from step {}", mark.label, mark.step));
    }
    if let Some(text) = upcoming(run) {
        say("scheduled", Tone::Mark, text);
    }
    say("threshold τ", Tone::Plain, variants::threshold(run, step));
    for (name, text) in variants::order(step).into_iter().chain(variants::stabilised(run, step)) {
        say(name, Tone::Plain, text);
    }
    if let Some(shaping) = run.experiment().and_then(|e| e.reward.shaping()) {
        say("shaped s", Tone::Mark, format!("{shaping} (Eqs. 3-5)"));
    }
    say(
        "ranked",
        Tone::Plain,
        format!("{} > τ: y′ up, y down (Eq. 3)", count(step.ranked)),
    );
    say(
        "weighted",
        Tone::Plain,
        format!("{} ≤ τ: y × w, y′ × −w (Eq. 4)", count(step.weighted)),
    );
    say(
        "D_train",
        Tone::Plain,
        format!(
            "learnt from {} of {} held",
            count(step.ranked + step.weighted),
            count(step.replay)
        ),
    );
    let pairs = step.margins.len();
    let worse = step.margins.iter().filter(|m| **m < 0.0).count();
    let equal = step.margins.iter().filter(|m| **m == 0.0).count();
    if pairs > 0 {
        // Once the gap has closed about half are worse by chance; far more than that is not chance.
        let tone = if worse * 4 > pairs * 3 { Tone::Bad } else { Tone::Plain };
        let none = if equal > 0 {
            format!("; {equal} have s = s′")
        } else {
            String::new()
        };
        say(
            "made worse",
            tone,
            format!("{worse} of {pairs} ({} %): y pulled up{none}", 100 * worse / pairs),
        );
    }
    if let Some(e) = run.evaluation_shown().and_then(|i| run.evaluations.get(i)) {
        let text = format!(
            "s {}, s′ {} after {} steps",
            short(e.reward_original),
            short(e.reward_guided),
            e.step
        );
        say("held out", Tone::Plain, text);
    }
    let tone = if step.ended < 0.5 { Tone::Bad } else { Tone::Plain };
    let lengths = format!("y {}, y′ {}", short(step.length_original), short(step.length_guided));
    say("tokens", tone, format!("{lengths}; {:.0} % ended", 100.0 * step.ended));
    if let Some(token) = step.metrics.get("diagnostics/kl_token") {
        let kl = step.metrics.get("diagnostics/kl").copied().unwrap_or(f64::NAN);
        say(
            "KL",
            Tone::Plain,
            format!("{} a response, {} a token from the start", short(kl), short(*token)),
        );
    }
    let clip = run.experiment().map_or(0.0, |e| e.method.max_grad_norm);
    let clipped = if clip > 0.0 && step.grad_norm > clip {
        format!(" (clipped to {clip})")
    } else {
        String::new()
    };
    say(
        "gradient",
        Tone::Plain,
        format!("{}{clipped}, rate {}", short(step.grad_norm), short(step.learning_rate)),
    );
    say("pace", Tone::Plain, pace(run));
    if run.past.is_none() {
        say("saved", Tone::Plain, saved(run));
    }
    out
}

/// The same in one or two lines, for small screens.
pub fn lines(run: &RunView) -> [String; 2] {
    if run.method() != MethodName::Ple {
        return method_facts::lines(run);
    }
    let Some(step) = run.shown() else {
        return Default::default();
    };
    let gaps = run.shown_index().and_then(|at| run.history.gaps(at));
    let (start, now) = gaps.unwrap_or_default();
    let worse = step.margins.iter().filter(|m| **m < 0.0).count();
    let first = format!(
        "gap {} (was {}) · τ {} · ranked {} weighted {} of {} · worse {}/{}",
        short(now.into()),
        short(start.into()),
        short(step.tau),
        step.ranked,
        step.weighted,
        count(step.replay),
        worse,
        step.margins.len(),
    );
    let second = format!(
        "tokens {}/{} · {:.0} % ended · grad {} · lr {} · {}",
        short(step.length_original),
        short(step.length_guided),
        100.0 * step.ended,
        short(step.grad_norm),
        short(step.learning_rate),
        pace(run),
    );
    [first, second]
}

fn count(n: usize) -> String {
    thousands(i64::try_from(n).unwrap_or(i64::MAX))
}

/// How fast it goes; in the past how long the step took.
pub fn pace(run: &RunView) -> String {
    if let Some(step) = run.shown().filter(|_| run.past.is_some()) {
        return format!("this step took {}", duration(step.seconds));
    }
    let Some(seconds) = run.history.pace(10) else {
        return "not known yet".into();
    };
    let seconds = f64::from(seconds);
    let planned = run.steps_planned();
    let left = planned.saturating_sub(run.steps_done());
    if run.ended() || left == 0 {
        return format!("{} a step", duration(seconds));
    }
    format!(
        "{} a step, {} left",
        duration(seconds),
        duration(seconds * f64::from(left))
    )
}

pub fn saved(run: &RunView) -> String {
    match (
        run.last_checkpoint,
        run.steps_done().saturating_sub(run.last_checkpoint.unwrap_or(0)),
    ) {
        (None, _) => "no checkpoint yet".into(),
        (Some(at), 0) => format!("after step {at}"),
        (Some(at), n) => format!("after step {at}, {n} since"),
    }
}

#[cfg(test)]
mod tests {
    use super::{closed, facts};
    use crate::tui::screens::fixtures::{started, take_step};

    #[test]
    fn a_gap_that_has_turned_round_is_not_a_share_of_itself() {
        assert_eq!(closed(0.5, 0.125), ": 75 % closed");
        assert_eq!(closed(0.5, 0.0), ": 100 % closed");
        assert_eq!(closed(0.5, -0.04), ": closed, and past it");
        assert_eq!(closed(0.5, 0.6), ": wider than at first");
        assert_eq!(closed(-0.1, 0.6), "", "there was no gap to close");
    }

    #[test]
    fn shaping_is_a_fact_where_there_is_some() {
        let mut run = started();
        take_step(&mut run, 0, 4);
        let said = |run: &_| facts(run).into_iter().find(|f| f.name == "shaped s").map(|f| f.text);
        assert_eq!(said(&run), None);
        if let Some(started) = &mut run.started {
            started.experiment.align_mut().unwrap().reward.shape = crate::config::Shape::Standardise;
        }
        assert_eq!(said(&run).as_deref(), Some("standardised (Eqs. 3-5)"));
    }
}
