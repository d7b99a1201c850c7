//! The facts of a model's own training, in words.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::train::{FitEvaluation, FitSplit, MODEL_FOLDER, RewardQuality};
use crate::tui::run_view::RunView;
use crate::tui::theme::Theme;
use crate::tui::widgets::scale::{duration, short, thousands};
use crate::tui::widgets::wrap::{clip, wrap_text};

/// One line each; a warning and the rows take as many as they need.
pub fn lines(run: &RunView, theme: &Theme, width: usize) -> Vec<Line<'static>> {
    let mut out = Vec::new();
    let room = width.saturating_sub(13);
    let mut say = |name: &str, text: String, style: Style| {
        out.push(Line::from(vec![
            Span::styled(format!(" {name:<11} "), theme.dim),
            Span::styled(clip(&text, room), style),
        ]));
    };
    let plain = Style::new();
    if let Some(e) = &run.fit.held_out {
        for (name, text) in evaluation(e) {
            say(name, text, theme.good);
        }
    } else if let Some(e) = run.fit.best() {
        for (name, text) in evaluation(e) {
            say(name, text, plain);
        }
    }
    let shown = run.fit.held_out.as_ref().or(run.fit.best());
    let quality = shown.and_then(|e| e.quality.as_ref());
    if let Some(q) = quality {
        for (name, text) in beside_length(q) {
            say(name, text, plain);
        }
    }
    if let Some(r) = &run.fit.latest {
        let pass = r
            .epoch
            .map_or(String::new(), |e| format!(", pass {e:.1} through the rows"));
        let left = run.steps_planned().saturating_sub(r.step + 1);
        let left = match (run.ended(), run.fit.seconds_of_update()) {
            (false, Some(s)) if left > 0 => format!(", {} left", duration(s * f64::from(left))),
            _ => String::new(),
        };
        say(
            "updates",
            format!("{}{pass}{left}", thousands(i64::from(r.step) + 1)),
            plain,
        );
        let text = format!("{}, gradient {}", short(r.learning_rate), short(r.grad_norm));
        say("rate", text, plain);
    }
    if let Some(s) = &run.started {
        let text = format!("{} parameters, {}", thousands(s.parameters as i64), s.device);
        say("model", text, plain);
        if run.fit.held_out.is_some() {
            say("saved in", format!("{}/{MODEL_FOLDER}", s.path), plain);
        }
    }
    if let Some(warning) = quality.and_then(|q| q.warning.as_ref()) {
        out.extend(indented(warning, theme.bad, width));
    }
    if let Some(s) = &run.started {
        out.extend(indented(&s.data, theme.dim, width));
    }
    out
}

fn indented(text: &str, style: Style, width: usize) -> Vec<Line<'static>> {
    wrap_text(text, style, width.saturating_sub(2))
        .into_iter()
        .map(|line| {
            let mut spans = vec![Span::raw(" ")];
            spans.extend(line.spans);
            Line::from(spans)
        })
        .collect()
}

fn evaluation(e: &FitEvaluation) -> Vec<(&'static str, String)> {
    let name = match (e.split, e.best) {
        (FitSplit::HeldOut, _) => "held out",
        (_, true) => "best so far",
        (_, false) => "validation",
    };
    let after = format!(
        "after {} updates, {} rows",
        thousands(e.step.into()),
        thousands(e.rows as i64)
    );
    match &e.quality {
        Some(q) => vec![
            (name, format!("{:.3} right ({:.3} to {:.3})", q.accuracy, q.low, q.high)),
            ("", after),
            (
                "margin",
                format!("{} on average, loss {}", short(q.margin), short(e.loss)),
            ),
        ],
        None => vec![
            (
                name,
                format!("loss {} a token, perplexity {}", short(e.loss), short(e.loss.exp())),
            ),
            ("", after),
        ],
    }
}

fn beside_length(q: &RewardQuality) -> Vec<(&'static str, String)> {
    let mut out = vec![
        (
            "length",
            format!("alone {:.3} right (\"{}\")", q.baseline, q.baseline_rule),
        ),
        ("", format!("correlation with the score {:+.2}", q.length_correlation)),
    ];
    if q.against_length > 0 {
        let text = format!(
            "{:.3} right on the {} rows where length is wrong",
            q.accuracy_against_length,
            thousands(q.against_length as i64)
        );
        out.push(("", text));
    }
    out
}
