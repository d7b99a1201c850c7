//! Draws the screen of responses.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::layout::Areas;
use super::state::{Field, State};
use super::{verdict, view_pair};
use crate::config::MethodName;
use crate::train::PairRecord;
use crate::tui::run_view::RunView;
use crate::tui::screens::live::signed;
use crate::tui::theme::Theme;
use crate::tui::widgets::panel::panel;
use crate::tui::widgets::sides::{beside, empty, marker};
use crate::tui::widgets::wrap::{clip, fit};

/// Draws the whole screen.
pub fn view(state: &State, run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let areas = Areas::of(area, state, run);
    view_pair::writing(run, theme, frame, areas.writing);
    if state.asks.open {
        asked_list(state, theme, frame, areas);
        view_pair::answer(state, run, theme, frame, areas.pair);
    } else {
        pair_list(state, run, theme, frame, areas);
        view_pair::pair(state, run, theme, frame, areas.pair);
    }
    if let Some(message) = &state.message {
        let text = clip(message, usize::from(areas.message.width));
        frame.render_widget(Paragraph::new(Span::styled(text, theme.bad)), areas.message);
    }
    if let Some((field, editor)) = &state.field {
        let (title, hint) = match field {
            Field::Search => (
                "Search queries and responses",
                "Enter: show what has this text; empty: all   Esc: close",
            ),
            Field::Jump => ("Show the pairs of step", "Enter: show; empty: all steps   Esc: close"),
            Field::Ask => (
                "Ask the model",
                "Enter: ask, with and without the principles   Esc: close",
            ),
        };
        editor.draw(frame, areas.field, title, hint, theme);
    }
}

fn pair_list(state: &State, run: &RunView, theme: &Theme, frame: &mut Frame, areas: Areas) {
    let browser = &state.browser;
    let (title, columns) = verdict::list(run.method());
    panel(frame, areas.list, theme, title, false, beside(describe(state, run)));
    if browser.total() == 0 {
        empty(frame, areas.rows, &nothing(state, run), theme);
        return;
    }
    header(columns, theme, frame, areas);
    let height = u64::from(areas.rows.height);
    let top = state.top.show(browser.cursor(), browser.total(), height);
    let width = usize::from(areas.rows.width.saturating_sub(1));
    let lines: Vec<Line> = (top..browser.total().min(top + height))
        .map(|i| row(browser.row(i), i == browser.cursor(), width, theme))
        .collect();
    frame.render_widget(Paragraph::new(lines), areas.rows);
}

fn header(text: &str, theme: &Theme, frame: &mut Frame, areas: Areas) {
    frame.render_widget(
        Paragraph::new(Span::styled(clip(text, usize::from(areas.header.width)), theme.dim)),
        areas.header,
    );
}

fn row(pair: Option<&PairRecord>, selected: bool, width: usize, theme: &Theme) -> Line<'static> {
    let Some(pair) = pair else {
        return Line::styled(format!("{}...", marker(selected)), theme.dim);
    };
    let place = format!("{}.{}", pair.step, pair.index);
    let head = format!(
        "{}{place:<9}{:>6}  {:<9}",
        marker(selected),
        signed(pair.margin()),
        verdict::name(pair.branch)
    );
    let style = if selected { theme.selected } else { Style::new() };
    Line::styled(fit(&format!("{head}{}", pair.query), width), style)
}

/// What the list holds: "newest step 17, following" or "all steps, ranked, oldest first, 31 of 5120".
fn describe(state: &State, run: &RunView) -> String {
    let browser = &state.browser;
    let mut parts = Vec::new();
    if let Some(step) = run.at().filter(|_| browser.follow) {
        parts.push(format!("step {step}, as it was"));
    } else if browser.follow {
        parts.push(
            browser
                .row(0)
                .map_or("following".to_string(), |p| format!("following: step {}", p.step)),
        );
    } else {
        parts.push(
            browser
                .step
                .map_or("held: all steps".to_string(), |s| format!("held: step {s}")),
        );
    }
    if let Some(branch) = browser.branch {
        parts.push(format!("{} only", verdict::name(branch)));
    }
    if !browser.search.is_empty() {
        parts.push(format!("with \"{}\"", clip(&browser.search, 16)));
    }
    if !browser.follow {
        parts.push(verdict::order(browser.order).to_string());
    }
    if browser.total() > 0 {
        parts.push(format!("{}/{}", browser.cursor() + 1, browser.total()));
    }
    if browser.is_waiting() {
        parts.push("reading...".to_string());
    }
    parts.join(", ")
}

/// Why the list is empty, and what will come.
fn nothing(state: &State, run: &RunView) -> String {
    let browser = &state.browser;
    if browser.is_waiting() {
        return "Reading the pairs from the store...".to_string();
    }
    if let Some(past) = run.past.as_ref().filter(|_| browser.follow && browser.branch.is_none()) {
        return match past.pairs_of == Some(past.step) {
            true => format!("No pair of step {} is stored.", past.step),
            false => "Reading the pairs of this step from the store...".to_string(),
        };
    }
    if !browser.search.is_empty() || browser.step.is_some() {
        return "No pair is like that. Esc shows all of them; f, / and g change what is shown.".to_string();
    }
    if let Some(branch) = browser.branch {
        let whence = if browser.follow && run.past.is_some() {
            "of this step"
        } else if browser.follow {
            "of the newest step"
        } else {
            "of this run"
        };
        return format!("No pair {whence} was {}. f shows the others.", verdict::name(branch));
    }
    let to_come = match run.method() {
        MethodName::Ple => {
            "Every step will list here, for each query, what the model says by itself and what it says under the \
             principles."
        }
        MethodName::Sft => "Every step will list here what the policy says to some of its rows, beside what it learns.",
        MethodName::Dpo => "Every step will list here the pairs that it learns from, with their implicit rewards.",
        MethodName::Ppo => "Every step will list here the responses, with their scores and their divergence.",
        MethodName::Raft => "Every step will list here the responses, and which of them were kept.",
    };
    match (&run.failed, &run.done, &run.stage) {
        (Some(_), _, _) | (_, Some(_), _) => "This run ended before its first pair.".to_string(),
        (_, _, Some((stage, _))) if stage.eq_ignore_ascii_case("sft") => {
            format!("No pairs yet: the supervised stage comes first. {to_come}")
        }
        _ => format!("No pairs yet. {to_come}"),
    }
}

fn asked_list(state: &State, theme: &Theme, frame: &mut Frame, areas: Areas) {
    let asks = &state.asks;
    let about = match (asks.list().len(), asks.waiting()) {
        (0, _) => "nothing asked yet".to_string(),
        (n, 0) => format!("{n} asked   Esc: back to the pairs"),
        (n, w) => format!("{n} asked, {w} without answer yet   Esc: back to the pairs"),
    };
    panel(frame, areas.list, theme, "Asked by you", false, beside(about));
    if asks.list().is_empty() {
        empty(
            frame,
            areas.rows,
            "Write a query below. It is answered once without and once with the principles.",
            theme,
        );
        return;
    }
    header("  by policy    s'-s  query x", theme, frame, areas);
    let height = u64::from(areas.rows.height);
    let top = state.top.show(asks.cursor as u64, asks.list().len() as u64, height);
    let width = usize::from(areas.rows.width.saturating_sub(1));
    let first = usize::try_from(top).unwrap_or(0);
    let lines = asks
        .list()
        .iter()
        .enumerate()
        .skip(first)
        .take(usize::from(areas.rows.height))
        .map(|(i, a)| {
            let selected = i == asks.cursor;
            let (step, margin) = match &a.answer {
                Some(r) if r.refused.is_some() => ("refused".to_string(), String::new()),
                Some(r) => (format!("after {}", r.step), signed(r.reward_guided - r.reward_original)),
                None => ("waits".to_string(), String::new()),
            };
            let text = format!("{}{step:<10} {margin:>6}  {}", marker(selected), a.query);
            Line::styled(fit(&text, width), if selected { theme.selected } else { Style::new() })
        });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), areas.rows);
}
