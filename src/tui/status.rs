//! How the run is doing, in words for the chrome: state, progress, variant of the method, alarms.

use ratatui::style::Style;

use crate::config::{AdaptiveKl, Eq4, MethodName, MethodSettings, RaftKeep, Reduction, Replay, Schedule};

use super::run_view::RunView;
use super::state::{Leaving, State};
use super::widgets::scale::thousands;

/// The state of the run in a few words.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    pub sign: &'static str,
    pub text: String,
    /// What stays of the text where the names of the screens need the room.
    pub brief: String,
    pub style: Style,
}

/// The present state.
pub fn status(state: &State) -> Status {
    let (run, theme) = (&state.run, &state.theme);
    let done = run.steps_done();
    let planned = run.steps_planned();
    let of = format!("{}/{}", thousands(done.into()), thousands(planned.into()));
    let say = |sign, text: String, style| {
        // Counts stand at the end of the text.
        let brief = match text.rsplit(' ').next() {
            Some(last) if text.contains(&of) => last.to_string(),
            _ => text.clone(),
        };
        Status {
            sign,
            text,
            brief,
            style,
        }
    };
    if run.failed.is_some() {
        return say("✗", format!("failed at {of}"), theme.bad);
    }
    if let Some(d) = &run.done {
        let sign = if d.reason == "finished" { "✓" } else { "■" };
        return say(
            sign,
            format!(
                "{} {}/{}",
                // The same word as in the list of runs.
                if d.reason == "abandoned" { "stopped" } else { &d.reason },
                thousands(d.steps.into()),
                thousands(planned.into())
            ),
            theme.good,
        );
    }
    if state.leaving == Leaving::AfterSave {
        return say("…", format!("saving at {of}"), theme.title);
    }
    if !run.live {
        return say("◌", format!("read-only {of}"), theme.title);
    }
    if let Some(m) = &run.measuring {
        let percent = m.done * 100 / m.total.max(1);
        return say("◔", format!("effect {percent}%"), theme.mark);
    }
    if run.paused {
        return say("‖", format!("paused at {of}"), theme.mark);
    }
    match &run.stage {
        None => say("…", "starting".into(), theme.dim),
        Some((name, _)) if name == "sft" => {
            let at = run.sft.last().map_or(0, |r| r.step + 1);
            let of = run.experiment().map_or(0, |e| e.sft.steps);
            say("▶", format!("SFT {at}/{of}"), theme.good)
        }
        Some((name, _)) if name == "loading" => say("…", name.clone(), theme.dim),
        Some(_) if done == 0 => say("▶", format!("first step, {of}"), theme.good),
        Some(_) => say("▶", format!("step {of}"), theme.good),
    }
}

/// The share of the way gone, supervised stage and steps together.
pub fn progress(run: &RunView) -> f64 {
    if run.done.as_ref().is_some_and(|d| d.reason == "finished") {
        return 1.0;
    }
    let sft = run.experiment().map_or(0, |e| e.sft.steps);
    if run.history.is_empty() && sft > 0 {
        return f64::from(run.sft.len() as u32) / f64::from(sft);
    }
    let planned = run.steps_planned();
    (f64::from(run.steps_done()) / f64::from(planned.max(1))).min(1.0)
}

/// How the method is run, beside how it is printed in the paper.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// What stands before the settings.
    pub label: &'static str,
    pub as_printed: bool,
    pub badges: Vec<Badge>,
}

/// One setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Badge {
    pub text: String,
    pub differs: bool,
}

/// The settings that make a variant.
pub fn variant(m: &MethodSettings) -> Variant {
    let badge = |text: String, differs| Badge { text, differs };
    let plain = |texts: Vec<String>| Variant {
        label: "",
        as_printed: true,
        badges: m
            .preset
            .iter()
            .map(|preset| format!("preset {preset}"))
            .chain(texts)
            .map(|text| badge(text, false))
            .collect(),
    };
    match m.name {
        MethodName::Ple => {}
        MethodName::Sft => return plain(vec![format!("{} rows a step", m.queries_per_step)]),
        MethodName::Dpo => return plain(vec![format!("beta {:?}", m.dpo().beta)]),
        MethodName::Ppo => {
            let p = m.ppo();
            let kl = match p.adaptive_kl {
                AdaptiveKl::To(to) => format!("KL to {:?}", to.target),
                AdaptiveKl::Off(_) => format!("KL × {:?}", p.kl_coef),
            };
            return plain(vec![kl, format!("clip {:?}", p.clip), format!("{} epochs", p.epochs)]);
        }
        MethodName::Raft => {
            let r = m.raft();
            return plain(vec![match r.keep {
                RaftKeep::Local => format!("best of {}", r.samples),
                RaftKeep::Top => format!("best {:.0} %", 100.0 * r.share),
            }]);
        }
    }
    let replay = match m.replay {
        Replay::All => badge("replay all".into(), false),
        Replay::Latest => badge("replay latest".into(), true),
        Replay::Window(n) => badge(format!("replay {n} steps"), true),
    };
    let eq4 = match m.eq4 {
        Eq4::Sum => badge("eq4 sum".into(), false),
        Eq4::Mean => badge("eq4 mean".into(), true),
    };
    let batch = match m.reduction {
        Reduction::Sum => badge("batch sum".into(), false),
        Reduction::Mean => badge("batch mean".into(), true),
    };
    let mut badges = vec![replay, eq4, batch];
    if m.max_grad_norm > 0.0 {
        badges.push(badge(format!("clip {:?}", m.max_grad_norm), true));
    }
    for (name, strength) in m.stabilise.on() {
        // "clip" alone is the gradient's.
        let name = if name == "clip" { "ratio clip" } else { name };
        badges.push(badge(format!("{name} {strength:?}"), true));
    }
    if m.schedule == Schedule::Pure {
        badges.push(badge("τ by e*".into(), true));
    }
    if !m.rank {
        badges.push(badge("no L_rank".into(), true));
    }
    if !m.weighted_sft {
        badges.push(badge("no L_wsft".into(), true));
    }
    let as_printed = !badges.iter().any(|b| b.differs);
    Variant {
        label: if as_printed { "as printed: " } else { "variant: " },
        as_printed,
        badges,
    }
}

/// What the bar above the footer says.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmText {
    pub sign: &'static str,
    pub message: String,
    pub suggestion: String,
    /// It cannot be taken away.
    pub lasting: bool,
}

/// The failure of the run, or the newest alarm that was not taken away.
pub fn alarm(state: &State) -> Option<AlarmText> {
    let run = &state.run;
    if let Some(message) = &run.failed {
        let suggestion = match run.last_checkpoint {
            Some(step) => format!("the checkpoint after {step} steps is safe: ple resume goes on from there"),
            None => "no checkpoint was written; everything shown here is in the run's folder".into(),
        };
        return Some(AlarmText {
            sign: "✗",
            message: format!("failed: {message}"),
            suggestion,
            lasting: true,
        });
    }
    let alarm = run.alarms.get(state.alarms_seen..)?.last()?;
    let paused = if alarm.paused { " (paused)" } else { "" };
    Some(AlarmText {
        sign: "!",
        message: format!("step {}: {}{paused}", alarm.step, alarm.message),
        suggestion: alarm.suggestion.clone(),
        lasting: false,
    })
}
