//! The audit log over the screen: everything that was done to the training, by whom.

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::{
    Frame,
    text::{Line, Span},
};

use super::popup_view::boxed;
use super::state::State;
use super::widgets::wrap::clip;
use crate::train::LogEntry;

/// Lines that fit.
fn rows(height: u16) -> usize {
    usize::from(height.saturating_sub(5)).max(1)
}

/// A key while it is open: lines it is scrolled up from its end, or `None` to close it.
pub fn key(state: &State, up: usize, event: KeyEvent) -> Option<usize> {
    let page = rows(state.size.1);
    let most = state.run.log.len().saturating_sub(page);
    let up = match event.code {
        KeyCode::Char('k') | KeyCode::Up => up + 1,
        KeyCode::Char('j') | KeyCode::Down => up.saturating_sub(1),
        KeyCode::PageUp => up + page,
        KeyCode::PageDown | KeyCode::Char(' ') => up.saturating_sub(page),
        KeyCode::Home | KeyCode::Char('g') => usize::MAX,
        KeyCode::End | KeyCode::Char('G') => 0,
        KeyCode::Char('q') | KeyCode::Enter => return None,
        _ => up,
    };
    Some(up.min(most))
}

/// Draws it, the newest line last.
pub fn view(up: usize, state: &State, frame: &mut Frame) {
    let (theme, log) = (&state.theme, &state.run.log);
    let width = usize::from(frame.area().width.saturating_sub(8)).max(20);
    let end = log.len().saturating_sub(up);
    let start = end.saturating_sub(rows(frame.area().height));
    let mut lines = vec![Line::styled(
        clip(
            &format!("{:<19}  {:>6}  {:<10}  {}", "when (UTC)", "step", "by", "what"),
            width,
        ),
        theme.dim,
    )];
    if log.is_empty() {
        lines.push(Line::from(
            "Nothing was written down yet; runs of an older ple have no log.",
        ));
    }
    lines.extend(log[start..end].iter().map(|entry| {
        let head = format!("{:<19}  {:>6}  {:<10}  ", entry.time(), entry.step, entry.by.via.word());
        let room = width.saturating_sub(head.len());
        let style = if entry.refused.is_some() {
            theme.bad
        } else {
            Default::default()
        };
        Line::from(vec![
            Span::styled(clip(&head, width), theme.dim),
            Span::styled(clip(&what(entry), room), style),
        ])
    }));
    boxed(
        "What was done to the training",
        lines,
        Some("j k scroll · Esc close"),
        theme,
        frame,
    );
}

fn what(entry: &LogEntry) -> String {
    format!("{}  ({})", entry.what(), entry.by.words())
}
