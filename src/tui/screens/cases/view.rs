//! Draws the screen of the case study.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::state::{Areas, Comparison, State};
use super::trend::{marks, range, window};
use crate::train::CaseRecord;
use crate::tui::run_view::RunView;
use crate::tui::screens::live::{heading, signed, truth};
use crate::tui::theme::Theme;
use crate::tui::widgets::diff::{inline_spans, side_spans};
use crate::tui::widgets::panel::panel;
use crate::tui::widgets::sides::{self, Side, beside, empty, marker};
use crate::tui::widgets::wrap::{clip, fit};

/// Fewer columns for a query in the list are left empty.
const ROOM_FOR_QUERY: usize = 8;
/// From this width on the range of the trends is written beside them.
const ROOM_FOR_RANGE: u16 = 90;

/// Draws the whole screen.
pub fn view(state: &State, run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let areas = state.areas(area);
    if run.evaluations.is_empty() {
        let inner = panel(frame, area, theme, "Case study", false, Vec::new());
        empty(frame, inner, &nothing(run), theme);
        return;
    }
    if run.evaluation_shown().is_none() {
        let inner = panel(frame, area, theme, "Case study", false, Vec::new());
        let first = run.evaluations[0].step;
        let text = format!("At this step nothing had been evaluated; the first evaluation was after step {first}.");
        empty(frame, inner, &text, theme);
        return;
    }
    scrubber(state, run, theme, frame, areas.scrubber);
    list(state, run, theme, frame, &areas);
    case(state, run, theme, frame, areas.case);
}

/// Why there is nothing to see, and what will come.
fn nothing(run: &RunView) -> String {
    let every = run.experiment().map(|e| e.eval.every);
    match (run.ended(), every) {
        (true, _) => "This run ended before its first evaluation.".to_string(),
        (false, Some(0)) => "This experiment evaluates nothing ([eval] every = 0).".to_string(),
        (false, Some(n)) => format!(
            "No evaluation yet. Before the first step and after every {n} steps the same few queries are answered, \
             provocative and everyday ones, without and with the principles; here you watch the answers change."
        ),
        (false, None) => "No evaluation yet. Its answers to a few fixed queries will be shown here.".to_string(),
    }
}

/// The evaluation steps in one line, the shown one in brackets.
fn scrubber(state: &State, run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let at = state.evaluation(run);
    let count = run.listed_evaluations().len();
    let place = format!("{} of {count}", at + 1);
    let about = match run.at() {
        None => format!("{place}, follows the newest"),
        Some(step) => format!("{place}, the last by step {step}; ⟨cases-newest⟩: newest"),
    };
    let inner = panel(frame, area, theme, "Evaluated after step", false, beside(about));
    let label = |i: usize| run.evaluations[i].step.to_string();
    let widest = (0..count).map(|i| label(i).len()).max().unwrap_or(1) + 2;
    let shown = window(count, at, usize::from(inner.width.saturating_sub(4)) / widest);
    let mut spans = vec![Span::styled(if shown.start > 0 { "‹ " } else { "  " }, theme.dim)];
    for i in shown.clone() {
        let (text, style) = if i == at {
            (format!("[{}]", label(i)), theme.title)
        } else {
            (format!(" {} ", label(i)), theme.dim)
        };
        spans.push(Span::styled(format!("{text:^widest$}"), style));
    }
    spans.push(Span::styled(if shown.end < count { " ›" } else { "" }, theme.dim));
    frame.render_widget(Paragraph::new(Line::from(spans)), inner);
}

fn list(state: &State, run: &RunView, theme: &Theme, frame: &mut Frame, areas: &Areas) {
    let cases = state.cases(run);
    let kind = state.label.as_ref().map_or(String::new(), |label| format!("{label}, "));
    let place = format!(
        "{kind}{} of {} (⟨cases-kind⟩)",
        (state.cursor + 1).min(cases.len()),
        cases.len()
    );
    panel(
        frame,
        areas.list,
        theme,
        "Queries",
        false,
        beside(format!("s -> s'  {place}")),
    );
    if cases.is_empty() {
        empty(frame, areas.rows, "This evaluation has no case queries.", theme);
        return;
    }
    let height = usize::from(areas.rows.height);
    let top = state.top.show(state.cursor as u64, cases.len() as u64, height as u64);
    let width = usize::from(areas.rows.width.saturating_sub(1));
    let labels = cases
        .iter()
        .map(|c| Span::raw(c.label.as_str()).width())
        .max()
        .unwrap_or(0)
        .min(12);
    let rows = cases
        .iter()
        .enumerate()
        .skip(usize::try_from(top).unwrap_or(0))
        .take(height);
    let lines: Vec<Line> = rows
        .map(|(i, c)| {
            let selected = i == state.cursor;
            let label = fit(&c.label, labels);
            let (s, s2) = (signed(c.reward_original), signed(c.reward_guided));
            let mut text = format!("{}{label}  {s:>6} {s2:>6}", marker(selected));
            // A few letters of the query say less than none; the whole of it stands beside the list.
            if width >= text.chars().count() + ROOM_FOR_QUERY {
                text.push_str(&format!("  {}", c.query));
            }
            Line::styled(fit(&text, width), if selected { theme.selected } else { Style::new() })
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), areas.rows);
}

fn case(state: &State, run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let Some(case) = state.case(run) else {
        panel(frame, area, theme, "Answers", false, Vec::new());
        return;
    };
    let step = run.evaluations[state.evaluation(run)].step;
    let before = state.evaluation(run).checked_sub(1).map(|i| run.evaluations[i].step);
    let about = match (state.comparison, state.before(run), before) {
        (Comparison::Plain, _, _) => "not compared".to_string(),
        (Comparison::Sides, _, _) => "underlined: only on this side".to_string(),
        (Comparison::Before, Some(_), Some(step)) => format!("[-gone-]{{+new+}} since step {step}"),
        (Comparison::Before, _, _) => "nothing before to compare with".to_string(),
    };
    let title = format!("Answers after step {step}");
    let inner = panel(
        frame,
        area,
        theme,
        &title,
        false,
        beside(format!("{about} (⟨cases-compare⟩)")),
    );
    let query = sides::query(&case.query, inner, theme);
    let trends = if inner.height >= 10 {
        trends(state, run, theme, inner.width)
    } else {
        Vec::new()
    };
    let [top, middle, body] = Layout::vertical([
        Constraint::Length(query.len() as u16),
        Constraint::Length(trends.len() as u16),
        Constraint::Fill(1),
    ])
    .areas(inner);
    frame.render_widget(Paragraph::new(query), top);
    frame.render_widget(Paragraph::new(trends), middle);
    let text = |i: usize, style| match state.comparison {
        Comparison::Before => inline_spans(&state.answers[i], theme),
        _ => side_spans(&state.answers[i], style),
    };
    let original = Side {
        title: heading(false, case.reward_original, case.truth_original),
        title_style: theme.original,
        text: text(0, theme.original),
    };
    let guided = Side {
        title: heading(true, case.reward_guided, case.truth_guided),
        title_style: theme.guided,
        text: text(1, theme.guided),
    };
    sides::draw(
        frame,
        body,
        [original, guided],
        &state.scroll,
        "cases-scroll-down",
        theme,
    );
}

/// Rewards and truths of the query over the evaluations: a picture and its numbers, first to here to newest.
fn trends(state: &State, run: &RunView, theme: &Theme, width: u16) -> Vec<Line<'static>> {
    let cases = state.over_time(run);
    let at = state.evaluation(run);
    let numbers = if width >= ROOM_FOR_RANGE { 72 } else { 52 };
    let shown = window(cases.len(), at, usize::from(width.saturating_sub(numbers)).max(8));
    let of = |f: fn(&CaseRecord) -> Option<f64>| -> Vec<Option<f64>> { cases.iter().map(|c| c.and_then(f)).collect() };
    let rewards = [of(|c| Some(c.reward_original)), of(|c| Some(c.reward_guided))];
    let truths = [of(|c| c.truth_original), of(|c| c.truth_guided)];
    let mut lines = Vec::new();
    let pairs = [("s ", "s'", &rewards), ("truth y ", "truth y'", &truths)];
    for (name, name2, values) in pairs {
        let scale = range(values.iter().flatten().flatten().copied());
        let Some((low, high)) = scale else { continue };
        let range = if width >= ROOM_FOR_RANGE {
            format!("  ({low:.2} to {high:.2})")
        } else {
            String::new()
        };
        for (name, values, style) in [(name, &values[0], theme.original), (name2, &values[1], theme.guided)] {
            let number = |v: Option<Option<f64>>| match v.flatten() {
                Some(v) if name.starts_with('s') => signed(v),
                v => truth(v),
            };
            let first = number(values.first().copied());
            let here = number(values.get(at).copied());
            let newest = number(values.last().copied());
            lines.push(Line::from(vec![
                Span::styled(format!("{name:<9}"), style),
                Span::styled(marks(&values[shown.clone()], scale), style),
                Span::raw(format!("  first {first}, here {here}, newest {newest}")),
                Span::styled(range.clone(), theme.dim),
            ]));
        }
    }
    let part = if shown.len() < cases.len() {
        format!(" ({} of {} drawn)", shown.len(), cases.len())
    } else {
        String::new()
    };
    let mark = format!("{:9}{}▲ here{part}", "", " ".repeat(at - shown.start));
    lines.push(Line::styled(clip(&mark, usize::from(width)), theme.dim));
    lines
}
