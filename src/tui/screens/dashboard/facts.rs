//! The newest step in plain words: what the method did with its pairs.

use super::{method_facts, variants};
use unicode_width::UnicodeWidthStr;

use crate::config::MethodName;
use crate::tui::run_view::RunView;
use crate::tui::widgets::scale::{duration, short, steps, thousands};

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
        now if now < 0.0 => ": closed, past it".to_string(),
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
    let gaps = run.shown_index().and_then(|at| Some((at, run.history.gaps(at)?)));
    if let Some((at, (start, now))) = gaps {
        let (first, start, now) = (at == 0, f64::from(start), f64::from(now));
        let said = match first {
            true if start > 0.0 => ": the first step's, to be closed".to_string(),
            true => String::new(),
            false => format!(", was {}{}", short(start), closed(start, now)),
        };
        let tone = if !first && start > 0.0 && now < start * 0.5 {
            Tone::Good
        } else {
            Tone::Plain
        };
        say("gap s′−s", tone, format!("{}{said}", short(now)));
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
            "s {}, s′ {} after {}",
            short(e.reward_original),
            short(e.reward_guided),
            steps(e.step)
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

/// The same in one or two lines, for small screens: what is needed least goes first where there is no room.
pub fn lines(run: &RunView, width: usize) -> [String; 2] {
    if run.method() != MethodName::Ple {
        return method_facts::lines(run, width);
    }
    let Some(step) = run.shown() else {
        return Default::default();
    };
    let worse = step.margins.iter().filter(|m| **m < 0.0).count();
    let first = vec![
        (
            0,
            run.shown_index()
                .and_then(|at| gap(run, at))
                .unwrap_or_else(|| "gap –".into()),
        ),
        (0, format!("τ {}", short(step.tau))),
        (0, format!("ranked {} weighted {}", step.ranked, step.weighted)),
        (2, format!("of {} held", count(step.replay))),
        (1, format!("worse {worse}/{}", step.margins.len())),
    ];
    let second = vec![
        (
            1,
            format!("tokens {}/{}", short(step.length_original), short(step.length_guided)),
        ),
        (2, format!("{:.0} % ended", 100.0 * step.ended)),
        (3, format!("grad {}", short(step.grad_norm))),
        (4, format!("lr {}", short(step.learning_rate))),
        (0, pace(run)),
    ];
    [fitting(first, width), fitting(second, width)]
}

/// "gap 0.12 (was 0.46)": of the step at a place, and of the first; that has nothing before it.
fn gap(run: &RunView, at: usize) -> Option<String> {
    let (start, now) = run.history.gaps(at)?;
    Some(match at {
        0 => format!("gap {}", short(now.into())),
        _ => format!("gap {} (was {})", short(now.into()), short(start.into())),
    })
}

/// The parts in a line of so many columns; where that is too little those with the highest numbers go, but never one of
/// 0.
pub fn fitting(mut parts: Vec<(u8, String)>, width: usize) -> String {
    loop {
        let line = parts
            .iter()
            .map(|(_, text)| text.as_str())
            .collect::<Vec<_>>()
            .join(" · ");
        let rarest = parts.iter().map(|(rare, _)| *rare).max().filter(|rare| *rare > 0);
        match rarest {
            Some(rare) if line.width() > width => parts.retain(|(r, _)| *r != rare),
            _ => return line,
        }
    }
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
        (Some(at), 0) => format!("after {}", steps(at)),
        (Some(at), n) => format!("after {}, {n} since", steps(at)),
    }
}

#[cfg(test)]
mod tests {
    use super::{closed, facts, fitting, lines};
    use crate::tui::screens::fixtures::{started, take_step};

    #[test]
    fn a_gap_that_has_turned_round_is_not_a_share_of_itself() {
        assert_eq!(closed(0.5, 0.125), ": 75 % closed");
        assert_eq!(closed(0.5, 0.0), ": 100 % closed");
        assert_eq!(closed(0.5, -0.04), ": closed, past it");
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

    /// Time left is what somebody who waits wants to know: it stays whole in 80 columns, whatever else goes.
    #[test]
    fn the_time_left_is_never_what_is_cut() {
        let mut run = started();
        take_step(&mut run, 0, 4);
        let told = |width| lines(&run, width)[1].clone();
        assert!(
            told(200).contains("lr ") && told(200).ends_with(" left"),
            "{}",
            told(200)
        );
        for width in [50, 60, 79] {
            let line = told(width);
            assert!(line.ends_with(" left") && line.chars().count() <= width, "{line}");
        }
        let parts = || {
            vec![
                (1, "rare".to_string()),
                (0, "needed".to_string()),
                (2, "rarest".to_string()),
            ]
        };
        assert_eq!(fitting(parts(), 80), "rare · needed · rarest");
        assert_eq!(fitting(parts(), 15), "rare · needed");
        assert_eq!(fitting(parts(), 3), "needed");
    }

    /// What the gap was is what the first step measured, which itself has closed nothing.
    #[test]
    fn the_gap_is_held_against_that_of_the_first_step() {
        let mut run = started();
        let step = |step, guided| {
            crate::train::Event::Step(crate::train::StepRecord {
                step,
                reward_original: 0.5,
                reward_guided: guided,
                ..Default::default()
            })
        };
        let said = |run: &_| facts(run).into_iter().find(|f| f.name == "gap s′−s").map(|f| f.text);
        run.apply(step(0, 1.5));
        assert_eq!(said(&run).as_deref(), Some("1.00: the first step's, to be closed"));
        assert!(lines(&run, 80)[0].starts_with("gap 1.00 · "));
        run.apply(step(1, 0.75));
        assert_eq!(said(&run).as_deref(), Some("0.25, was 1.00: 75 % closed"));
        assert!(lines(&run, 80)[0].starts_with("gap 0.25 (was 1.00) · "));
        run.apply(step(2, 2.0));
        assert_eq!(said(&run).as_deref(), Some("1.50, was 1.00: wider than at first"));
    }
}
