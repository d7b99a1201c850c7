//! Draws the annotation screen. Nothing here knows which policy an answer is of.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::state::{Action, State};
use crate::judge::{Item, Mark};
use crate::tui::keymap::Binding;
use crate::tui::popup_view::boxed;
use crate::tui::present::present;
use crate::tui::widgets::panel::panel;
use crate::tui::widgets::sides::{self, Side, beside};
use crate::tui::widgets::wrap::{clip, wrap_text};

/// Below this nothing useful can be drawn.
pub const SMALLEST: (u16, u16) = (32, 12);

/// Draws everything, in what letters and colours the terminal has.
pub fn view(state: &State, frame: &mut Frame) {
    draw(state, frame);
    present(frame.buffer_mut(), &state.theme);
}

fn draw(state: &State, frame: &mut Frame) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = format!("ple annotate needs at least {}x{}", SMALLEST.0, SMALLEST.1);
        let lines = wrap_text(&text, state.theme.dim, usize::from(area.width));
        frame.render_widget(Paragraph::new(lines), area);
        return;
    }
    let [head, progress, body, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(area);
    draw_head(state, frame, head);
    draw_progress(state, frame, progress);
    match state.item() {
        Some((item, mark)) => draw_item(state, item, mark, frame, body),
        None => draw_end(state, frame, body),
    }
    draw_foot(state, frame, foot);
    if state.help {
        draw_help(state, frame);
    }
}

fn draw_head(state: &State, frame: &mut Frame, area: Rect) {
    let theme = &state.theme;
    let (judged, skipped) = state.done();
    let skipped = if skipped > 0 {
        format!(", {skipped} skipped")
    } else {
        String::new()
    };
    let right = format!("{judged} of {} judged{skipped} ", state.items.len());
    let room = usize::from(area.width).saturating_sub(right.width() + 1);
    let name = clip(&format!(" {} judges  ", state.annotator), room);
    let title = clip(&state.title, room.saturating_sub(name.width()));
    let left = vec![Span::styled(name, theme.title), Span::styled(title, theme.dim)];
    frame.render_widget(Paragraph::new(Line::from(left)), area);
    frame.render_widget(Paragraph::new(Line::raw(right).right_aligned()), area);
}

/// A rule as long as the way gone.
fn draw_progress(state: &State, frame: &mut Frame, area: Rect) {
    let (judged, skipped) = state.done();
    let width = usize::from(area.width);
    let done = width * (judged + skipped) / state.items.len().max(1);
    let line = Line::from(vec![
        Span::styled("━".repeat(done), state.theme.good),
        Span::styled("─".repeat(width - done), state.theme.border),
    ]);
    frame.render_widget(Paragraph::new(line), area);
}

fn draw_item(state: &State, item: &Item, mark: Option<Mark>, frame: &mut Frame, area: Rect) {
    let theme = &state.theme;
    let title = format!("Query {} of {}", state.at + 1, state.items.len());
    let lines = wrap_text(&item.query, theme.title, usize::from(area.width.saturating_sub(2)));
    if state.whole_query {
        let inner = panel(
            frame,
            area,
            theme,
            &title,
            true,
            beside("⟨annotate-query⟩: back to the answers"),
        );
        let side = Side {
            title: String::new(),
            title_style: theme.dim,
            text: vec![Span::styled(item.query.clone(), theme.title)],
        };
        return sides::alone(frame, inner, side, &state.scroll, "annotate-down", theme);
    }
    let most = usize::from(area.height / 3).max(2);
    let shown = lines.len().min(most - 1);
    let gap = u16::from(area.height >= 16);
    let [top, _, below] = Layout::vertical([
        Constraint::Length(shown as u16 + 1),
        Constraint::Length(gap),
        Constraint::Fill(1),
    ])
    .areas(area);
    let hidden = lines.len() - shown;
    let aside = match hidden {
        0 => Vec::new(),
        n => beside(format!("{n} more lines: ⟨annotate-query⟩")),
    };
    let inner = panel(frame, top, theme, &title, false, aside);
    frame.render_widget(Paragraph::new(lines.into_iter().take(shown).collect::<Vec<_>>()), inner);
    let said = match mark {
        None => Vec::new(),
        Some(mark) => beside(format!("you said: {}", words(mark))),
    };
    let inner = panel(frame, below, theme, state.question, false, said);
    let side = |i: usize, chosen: Mark| {
        let sign = if mark == Some(chosen) { "✓ " } else { "" };
        let key = theme.legend.all_keys(["annotate-first", "annotate-second"][i]);
        Side {
            title: format!("{sign}Answer {}  [{key}]", i + 1),
            title_style: theme.title,
            text: vec![Span::raw(item.shown[i].clone())],
        }
    };
    sides::draw(
        frame,
        inner,
        [side(0, Mark::First), side(1, Mark::Second)],
        &state.scroll,
        "annotate-down",
        theme,
    );
}

fn words(mark: Mark) -> &'static str {
    match mark {
        Mark::First => "answer 1",
        Mark::Second => "answer 2",
        Mark::Tie => "a tie",
        Mark::Skip => "skipped",
    }
}

fn draw_end(state: &State, frame: &mut Frame, area: Rect) {
    let theme = &state.theme;
    let (judged, skipped) = state.done();
    let open = state.items.len() - judged - skipped;
    let inner = panel(frame, area, theme, "The end", false, Vec::new());
    let mut text = match open {
        0 => format!("Nothing is left to judge: you judged {judged} and skipped {skipped}. Thank you.\n\n"),
        n => format!("This is the end, and {n} are not judged yet: ⟨annotate-back⟩ goes back to them.\n\n"),
    };
    if skipped > 0 {
        text += "⟨annotate-next-skipped⟩ shows those that you skipped once more, ";
    }
    text += "⟨annotate-back⟩ goes back, ⟨quit⟩ leaves. Everything that you said is kept.";
    sides::empty(frame, inner, &text, theme);
}

fn draw_foot(state: &State, frame: &mut Frame, area: Rect) {
    let theme = &state.theme;
    if let Some(notice) = &state.notice {
        let text = clip(&format!(" ✗ {notice}"), usize::from(area.width));
        frame.render_widget(Paragraph::new(Line::styled(text, theme.bad)), area);
        return;
    }
    let mut items: Vec<(&Action, String, &str)> = state
        .table
        .iter()
        .filter_map(|row| Some((&row.action, row.keys.first()?.label(), row.footer?)))
        .filter(|(action, ..)| match action {
            Action::Judge(_) => state.item().is_some() && !state.whole_query,
            Action::ToggleQuery => state.item().is_some(),
            _ => true,
        })
        .collect();
    let wide = |items: &[(&Action, String, &str)]| -> usize {
        items.iter().map(|(_, key, word)| key.width() + word.width() + 3).sum()
    };
    if wide(&items) > usize::from(area.width) {
        items
            .iter_mut()
            .for_each(|(.., word)| *word = word.trim_start_matches("answer "));
    }
    while wide(&items) > usize::from(area.width) {
        let stays = |action: &Action| matches!(action, Action::ToggleHelp | Action::Leave);
        let Some(last) = items.iter().rposition(|(action, ..)| !stays(action)) else {
            break;
        };
        items.remove(last);
    }
    let mut spans = vec![Span::raw(" ")];
    for (_, key, word) in items {
        spans.push(Span::styled(key, theme.key));
        spans.push(Span::styled(format!(" {word}  "), theme.dim));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

fn draw_help(state: &State, frame: &mut Frame) {
    let theme = &state.theme;
    let line = |row: &Binding<Action>| {
        let keys: Vec<String> = row.keys.iter().map(|key| key.label()).collect();
        Line::from(vec![
            Span::styled(format!("{:<12}", keys.join(" ")), theme.key),
            Span::raw(row.help),
        ])
    };
    boxed(
        "Keys",
        state.table.iter().map(line).collect(),
        Some(&format!("{} close", theme.legend.key("annotate-close"))),
        theme,
        frame,
    );
}
