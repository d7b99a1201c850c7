//! Draws the rows of the newest evaluation: the worst mistakes of a reward model, or what a language model writes.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::State;
use crate::train::{FitEvaluation, FitSample, FitSplit};
use crate::tui::run_view::RunView;
use crate::tui::screens::live::signed;
use crate::tui::theme::Theme;
use crate::tui::widgets::panel::panel;
use crate::tui::widgets::sides::{beside, empty, marker};
use crate::tui::widgets::wrap::{fit, wrap_text};

/// Draws the whole screen: the list above, the row under the cursor below.
pub fn view(state: &State, run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let reward = run.fit_experiment().is_some_and(|e| e.method.name.is_reward());
    let title = if reward { "Worst mistakes" } else { "What it writes" };
    let Some(evaluation) = run.fit.newest().filter(|e| !e.samples.is_empty()) else {
        let inner = panel(frame, area, theme, title, false, vec![]);
        let text = match (run.fit.newest(), reward) {
            (Some(_), true) => "It made no mistake on the rows it was measured on.",
            _ => "No evaluation yet.",
        };
        return empty(frame, inner, text, theme);
    };
    let rows = (evaluation.samples.len() as u16 + 1).min(area.height * 2 / 5);
    let [list, text] = Layout::vertical([Constraint::Length(rows), Constraint::Fill(1)]).areas(area);
    draw_list(state, evaluation, title, theme, frame, list);
    let cursor = state.cursor.min(evaluation.samples.len() - 1);
    draw_row(state, &evaluation.samples[cursor], theme, frame, text);
}

fn draw_list(state: &State, evaluation: &FitEvaluation, title: &str, theme: &Theme, frame: &mut Frame, area: Rect) {
    let split = match evaluation.split {
        FitSplit::HeldOut => "held-out rows",
        FitSplit::Validation => "validation rows",
    };
    let about = format!("{split}, after {} updates", evaluation.step);
    let inner = panel(frame, area, theme, title, true, beside(about));
    let samples = &evaluation.samples;
    let (height, width) = (u64::from(inner.height), usize::from(inner.width));
    let top = state.top.show(state.cursor as u64, samples.len() as u64, height) as usize;
    let lines: Vec<Line> = samples
        .iter()
        .enumerate()
        .skip(top)
        .take(usize::from(inner.height))
        .map(|(i, s)| {
            let selected = i == state.cursor;
            let score = s.score.map_or(String::new(), |x| format!("{:>7} ", signed(x)));
            let other = s.other_score.map_or(String::new(), |x| format!("{:>7} ", signed(x)));
            let text = format!("{}{score}{other}{} | {}", marker(selected), s.query, s.response);
            Line::styled(fit(&text, width), if selected { theme.selected } else { Style::new() })
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inner);
}

fn draw_row(state: &State, sample: &FitSample, theme: &Theme, frame: &mut Frame, area: Rect) {
    let inner = panel(frame, area, theme, &sample.label, false, vec![]);
    let width = usize::from(inner.width.saturating_sub(1)).max(1);
    let mut lines: Vec<Line> = Vec::new();
    let mut part = |name: String, text: &str, style: Style| {
        lines.push(Line::from(Span::styled(format!(" {name}"), theme.dim)));
        for line in wrap_text(text, style, width.saturating_sub(1)) {
            let mut spans = vec![Span::raw(" ")];
            spans.extend(line.spans);
            lines.push(Line::from(spans));
        }
    };
    let scored = |name: &str, score: Option<f64>| match score {
        Some(s) => format!("{name}, scored {}", signed(s)),
        None => name.to_string(),
    };
    part("query".into(), &sample.query, Style::new());
    match &sample.other {
        None => part(scored("response", sample.score), &sample.response, theme.original),
        Some(other) => {
            part(scored("preferred", sample.score), &sample.response, theme.truth);
            part(scored("the other", sample.other_score), other, theme.guided);
        }
    }
    let height = usize::from(inner.height);
    let top = state.scroll.show(lines.len(), height);
    let shown: Vec<Line> = lines.into_iter().skip(top).take(height).collect();
    frame.render_widget(Paragraph::new(shown), inner);
}
