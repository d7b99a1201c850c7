//! Draws one pair, one answer, and the pair being written.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::state::State;
use super::verdict;
use crate::config::MethodName;
use crate::train::{PairRecord, Writing};
use crate::tui::run_view::RunView;
use crate::tui::screens::live::{self, heading, signed};
use crate::tui::theme::Theme;
use crate::tui::widgets::diff::side_spans;
use crate::tui::widgets::panel::panel;
use crate::tui::widgets::sides::{self, Side, beside, empty};
use crate::tui::widgets::wrap::{clip, wrap_text};

/// The pair under the cursor.
pub fn pair(state: &State, run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let Some(pair) = state.browser.selected() else {
        let inner = panel(frame, area, theme, "Pair", false, Vec::new());
        let text = if state.browser.total() > 0 {
            "Reading this pair from the store..."
        } else {
            ""
        };
        empty(frame, inner, text, theme);
        return;
    };
    let is_ple = run.method() == MethodName::Ple;
    let what = if pair.is_single() { "response" } else { "pair" };
    let title = format!("Step {}, {what} {}", pair.step, pair.index);
    let about = match (is_ple, pair.is_single()) {
        (true, _) => format!("principles v{}; underlined: only on this side", pair.principles),
        (false, false) => "underlined: only on this side".to_string(),
        (false, true) => format!("to the query alone, by {}", run.method().title()),
    };
    let inner = panel(frame, area, theme, &title, false, beside(about));
    let facts = facts(pair, run, theme, inner.width);
    let body = with_query(frame, inner, &pair.query, facts, theme);
    let sides = verdict::sides(pair.branch, run.method());
    let heading = |i: usize, reward, truth| live::headed(sides[i].0, sides[i].1, reward, truth);
    let original = heading(0, pair.reward_original, pair.truth_original);
    if pair.is_single() {
        let text = sides::Side {
            title: original,
            title_style: theme.original,
            text: vec![Span::raw(pair.original.clone())],
        };
        return sides::alone(frame, body, text, &state.scroll, theme);
    }
    let guided = heading(1, pair.reward_guided, pair.truth_guided);
    texts(state, [original, guided], theme, frame, body);
}

fn facts(pair: &PairRecord, run: &RunView, theme: &Theme, width: u16) -> Vec<Line<'static>> {
    let width = usize::from(width);
    let mut lines = wrap_text(&verdict::branch(pair, run.method()), theme.tau, width);
    lines.extend(wrap_text(&verdict::effect(pair), Default::default(), width));
    if let Some(shaped) = verdict::shaped(pair, run) {
        lines.extend(wrap_text(&shaped, theme.mark, width));
    }
    if let Some(likelihoods) = verdict::likelihoods(pair) {
        lines.extend(wrap_text(&likelihoods, theme.dim, width));
    }
    if let Some(today) = verdict::today(pair, run) {
        lines.extend(wrap_text(&today, theme.dim, width));
    }
    lines
}

/// The answer to the query under the cursor.
pub fn answer(state: &State, run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let Some(asked) = state.asks.selected() else {
        panel(frame, area, theme, "Answer", false, Vec::new());
        return;
    };
    let Some(answer) = &asked.answer else {
        let inner = panel(frame, area, theme, "Answer", false, beside("waiting"));
        let text = match live::why_no_answer(run) {
            Some(why) => format!("This was never answered: {why}."),
            None if run.done.is_some() => "Asked; the answer comes in a moment.".to_string(),
            None => "Asked; the answer comes between two steps.".to_string(),
        };
        let body = with_query(frame, inner, &asked.query, Vec::new(), theme);
        empty(frame, body, &text, theme);
        return;
    };
    if let Some(why) = &answer.refused {
        let inner = panel(frame, area, theme, "Answer", false, beside("refused"));
        let body = with_query(frame, inner, &answer.query, Vec::new(), theme);
        empty(frame, body, &format!("This query was not asked: {why}."), theme);
        return;
    }
    let about = format!("by the policy after {} steps", answer.step);
    let inner = panel(frame, area, theme, "Answer", false, beside(about));
    let margin = answer.reward_guided - answer.reward_original;
    let said = if margin.is_nan() {
        "no score: the source of rewards did not give one".to_string()
    } else {
        format!("s' - s = {}: only shown, never trained on", signed(margin))
    };
    let facts = wrap_text(&said, theme.dim, usize::from(inner.width));
    let body = with_query(frame, inner, &answer.query, facts, theme);
    let headings = [
        heading(false, answer.reward_original, answer.truth_original),
        heading(true, answer.reward_guided, answer.truth_guided),
    ];
    texts(state, headings, theme, frame, body);
}

/// Draws the query and the facts, and gives what is below them.
fn with_query(frame: &mut Frame, area: Rect, query: &str, facts: Vec<Line<'static>>, theme: &Theme) -> Rect {
    let query = sides::query(query, area, theme);
    let facts_height = (facts.len() as u16).min(area.height / 2);
    let gap = u16::from(area.height >= 12);
    let [top, middle, _, body] = Layout::vertical([
        Constraint::Length(query.len() as u16),
        Constraint::Length(facts_height),
        Constraint::Length(gap),
        Constraint::Fill(1),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(query), top);
    frame.render_widget(Paragraph::new(facts), middle);
    body
}

fn texts(state: &State, headings: [String; 2], theme: &Theme, frame: &mut Frame, area: Rect) {
    let [original, guided] = headings;
    let original = Side {
        title: original,
        title_style: theme.original,
        text: side_spans(&state.diff.old, theme.original),
    };
    let guided = Side {
        title: guided,
        title_style: theme.guided,
        text: side_spans(&state.diff.new, theme.guided),
    };
    sides::draw(frame, area, [original, guided], &state.scroll, theme);
}

/// The pair being written, both sides growing; the last lines when there is no room for all.
pub fn writing(run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let Some(any) = run.writing.iter().flatten().next_back().filter(|_| area.height > 1) else {
        return;
    };
    let finished = run.writing.iter().flatten().all(|w| w.finished);
    let about = if finished {
        "done; now scored and learnt from"
    } else {
        "one query of the batch, as it is sampled"
    };
    let inner = panel(
        frame,
        area,
        theme,
        &format!("Writing, step {}", any.step),
        false,
        beside(about),
    );
    let [query, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
    let text = clip(&any.query, usize::from(query.width.saturating_sub(3)));
    let line = Line::from(vec![Span::styled("x  ", theme.dim), Span::styled(text, theme.title)]);
    frame.render_widget(Paragraph::new(line), query);
    if run.method() != MethodName::Ple {
        return growing(run.writing[0].as_ref(), "y  ", theme.original, frame, body);
    }
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)])
        .spacing(1)
        .areas(body);
    growing(run.writing[0].as_ref(), "y  ", theme.original, frame, left);
    growing(run.writing[1].as_ref(), "y' ", theme.guided, frame, right);
}

fn growing(side: Option<&Writing>, name: &str, style: ratatui::style::Style, frame: &mut Frame, area: Rect) {
    let (text, cursor) = side.map_or(("", "█"), |w| (w.text.as_str(), if w.finished { "" } else { "█" }));
    let lines = wrap_text(
        &format!("{text}{cursor}"),
        Default::default(),
        usize::from(area.width.saturating_sub(4)),
    );
    let skip = lines.len().saturating_sub(usize::from(area.height));
    let rows: Vec<Line> = lines
        .into_iter()
        .skip(skip)
        .enumerate()
        .map(|(i, mut line)| {
            line.spans.insert(
                0,
                Span::styled(if i == 0 { name.to_string() } else { "   ".to_string() }, style),
            );
            line
        })
        .collect();
    frame.render_widget(Paragraph::new(rows), area);
}
