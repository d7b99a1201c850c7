//! Draws the answers of several runs to one query, at one step.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::comparison::Comparison;
use super::view_compare::{draw_head, looks};
use crate::tui::theme::Theme;
use crate::tui::widgets::diff::side_spans;
use crate::tui::widgets::panel::panel;
use crate::tui::widgets::sides::{beside, empty, query};
use crate::tui::widgets::wrap::{clip, wrap};

/// Narrower than this an answer cannot be read beside others.
const COLUMN: u16 = 30;

/// Draws the answers.
pub fn view(comparison: &Comparison, theme: &Theme, frame: &mut Frame, area: Rect) {
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    draw_head(comparison, theme, frame, head);
    if comparison.runs.is_empty() {
        return empty(frame, body, "Reading the runs ...", theme);
    }
    let (what, other) = match comparison.training {
        true => ("Answers sampled in training", "⟨runs-fork⟩: the case study"),
        false => ("Answers of the case study", "⟨runs-fork⟩: those of training"),
    };
    let side = match comparison.guided {
        true => "y′, under the principles (⟨runs-side⟩: y)",
        false => "y, without the principles (⟨runs-side⟩: y′)",
    };
    let place = match comparison.shown_step() {
        Some(step) => {
            let by = match comparison.cursor {
                Some(at) if at != step => format!(" (at {at})"),
                _ => String::new(),
            };
            format!("step {step}{by}: ⟨runs-earlier⟩ ⟨runs-later⟩ · {side} · {other}")
        }
        None => other.to_string(),
    };
    let below = panel(frame, body, theme, what, true, beside(place));
    let Some(asked) = comparison.queries.get(comparison.query) else {
        let text = match (comparison.training, comparison.shown_step()) {
            (true, Some(step)) => format!("Reading what these runs sampled at step {step} ..."),
            (true, None) => "There is no step yet that all of these runs have taken.".to_string(),
            _ => "None of these runs has answered a case study yet. They are answered with every evaluation (eval.every); ⟨runs-fork⟩ shows \
                  what they sampled in training."
                .to_string(),
        };
        return empty(frame, below, &text, theme);
    };
    let asked = query(asked, below, theme);
    let rows = asked.len() as u16 + 1;
    let [top, answers] = Layout::vertical([Constraint::Length(rows), Constraint::Fill(1)]).areas(below);
    let mut lines = asked;
    let count = format!(
        "   query {} of {}: {} {}",
        comparison.query + 1,
        comparison.queries.len(),
        theme.legend.key("runs-down"),
        theme.legend.key("runs-up")
    );
    lines.push(Line::styled(count, theme.dim));
    frame.render_widget(Paragraph::new(lines), top);
    draw_columns(comparison, theme, frame, answers);
}

fn draw_columns(comparison: &Comparison, theme: &Theme, frame: &mut Frame, area: Rect) {
    let all = comparison.answers.len();
    if area.is_empty() || all == 0 {
        return;
    }
    let shown = usize::from(area.width / COLUMN).clamp(1, all);
    let first = comparison.first.min(all - shown);
    let columns = Layout::horizontal(vec![Constraint::Fill(1); shown])
        .spacing(1)
        .split(area);
    let texts: Vec<Vec<Line>> = columns
        .iter()
        .zip(first..)
        .map(|(column, i)| {
            let (style, _) = looks(i, theme);
            let spans = side_spans(&comparison.answers[i].text, style);
            wrap(&spans, usize::from(column.width.saturating_sub(1)))
        })
        .collect();
    let longest = texts.iter().map(Vec::len).max().unwrap_or(0);
    let height = usize::from(area.height.saturating_sub(2));
    let from = comparison.scroll.show(longest, height);
    for ((column, text), i) in columns.iter().zip(texts).zip(first..) {
        let (run, answer) = (&comparison.runs[i], &comparison.answers[i]);
        let (style, _) = looks(i, theme);
        let width = usize::from(column.width.saturating_sub(1));
        let mut name = format!("{} {}", Comparison::letter(i), run.name);
        let hidden = all - shown;
        if hidden > 0 && i + 1 == first + shown {
            name.push_str(
                &theme
                    .legend
                    .write(&format!(" (⟨runs-previous-columns⟩ ⟨runs-next-columns⟩ {hidden} more)")),
            );
        }
        let scores = match (&run.run, answer.scores) {
            (Err(why), _) => why.clone(),
            (Ok(_), None) => "not asked at this step".to_string(),
            (Ok(_), Some((reward, truth))) => {
                let truth = truth.map_or(String::new(), |t| format!("  truth {t:+.2}"));
                format!("reward {reward:+.2}{truth}")
            }
        };
        let mut lines = vec![
            Line::styled(clip(&name, width), style.patch(theme.title)),
            Line::from(Span::styled(clip(&scores, width), theme.dim)),
        ];
        lines.extend(text.into_iter().skip(from).take(height));
        frame.render_widget(Paragraph::new(lines), *column);
    }
}
