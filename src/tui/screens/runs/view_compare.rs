//! Draws the curves and the settings of runs beside each other.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::comparison::{Comparison, View};
use super::view_curves;
use crate::tui::theme::Theme;
use crate::tui::widgets::chart::Dash;
use crate::tui::widgets::panel::panel;
use crate::tui::widgets::sides::{beside, empty, marker};
use crate::tui::widgets::wrap::{clip, fit, wrap_text};

/// Draws the curves or the settings.
pub fn view(comparison: &Comparison, theme: &Theme, frame: &mut Frame, area: Rect) {
    let [head, body] = parts(comparison, area);
    draw_head(comparison, theme, frame, head);
    if comparison.runs.is_empty() {
        return empty(frame, body, "Reading the runs ...", theme);
    }
    match comparison.view {
        View::Settings => draw_settings(comparison, theme, frame, body),
        _ => view_curves::draw(comparison, theme, frame, body),
    }
}

/// The head and what is below it; a chart that fills the screen has no head.
pub fn parts(comparison: &Comparison, area: Rect) -> [Rect; 2] {
    let alone = comparison.view == View::Curves && comparison.board.zoomed;
    Layout::vertical([Constraint::Length(u16::from(!alone)), Constraint::Fill(1)]).areas(area)
}

/// Which of the three is shown, and how to go on.
pub fn draw_head(comparison: &Comparison, theme: &Theme, frame: &mut Frame, area: Rect) {
    let mut spans = vec![Span::raw(format!(" {} runs  ", comparison.paths.len()))];
    for (view, name) in [
        (View::Curves, "Curves"),
        (View::Settings, "Settings"),
        (View::Answers, "Answers"),
    ] {
        let style = match comparison.view == view {
            true => theme.title.patch(theme.selected),
            false => theme.dim,
        };
        spans.push(Span::styled(format!(" {name} "), style));
    }
    for (key, word) in [("runs-mark", "next view"), ("runs-compare", "back to the list")] {
        spans.push(Span::styled(format!("  {}", theme.legend.key(key)), theme.key));
        spans.push(Span::styled(format!(" {word}"), theme.dim));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

/// The looks of a run's curve: hue and dash both tell them apart.
pub fn looks(place: usize, theme: &Theme) -> (Style, Dash) {
    let styles = [theme.original, theme.guided, theme.truth, theme.tau, theme.title];
    let dashes = [Dash::Solid, Dash::Dashed, Dash::Dotted];
    // Runs of one hue have another dash.
    (
        styles[place % styles.len()],
        dashes[(place + place / styles.len()) % dashes.len()],
    )
}

fn draw_settings(comparison: &Comparison, theme: &Theme, frame: &mut Frame, area: Rect) {
    let rows = &comparison.differences;
    let aside = match rows.len() {
        0 => vec![],
        1 => beside("1 differs"),
        n => beside(format!("{n} differ; ⟨runs-down⟩ ⟨runs-up⟩")),
    };
    let details = (area.height / 3).min(comparison.runs.len() as u16 + 3);
    let details = if rows.is_empty() { 0 } else { details };
    let [table, details] = Layout::vertical([Constraint::Fill(1), Constraint::Length(details)]).areas(area);
    let below = panel(frame, table, theme, "Settings that differ", true, aside);
    if rows.is_empty() {
        let unread = comparison.runs.iter().find_map(|run| run.run.as_ref().err());
        let text = match unread {
            Some(why) => format!("The settings cannot be compared: {why}"),
            None => "All settings are the same, and so are the principles in force last. What differs is chance, or what was \
                     done by hand: the marks on the charts."
                .to_string(),
        };
        return empty(frame, below, &text, theme);
    }
    let width = usize::from(below.width);
    let key = rows
        .iter()
        .map(|row| row.key.width())
        .max()
        .unwrap_or(0)
        .clamp(8, (width / 3).max(8));
    let room = width.saturating_sub(key + 3);
    let shown = (room / 14).clamp(1, comparison.runs.len());
    let first = comparison.first.min(comparison.runs.len() - shown);
    let column = (room / shown).saturating_sub(1);
    let visible = first..first + shown;
    let mut header = vec![Span::raw(format!("  {} ", fit("", key)))];
    for i in visible.clone() {
        let (style, _) = looks(i, theme);
        let text = format!("{} {}", Comparison::letter(i), comparison.runs[i].name);
        header.push(Span::styled(
            format!("{} ", fit(&clip(&text, column), column)),
            style.patch(theme.title),
        ));
    }
    let height = usize::from(below.height.saturating_sub(1));
    let top = comparison
        .top
        .show(comparison.row as u64, rows.len() as u64, height as u64) as usize;
    let mut lines = vec![Line::from(header)];
    for (i, row) in rows.iter().enumerate().skip(top).take(height) {
        let here = i == comparison.row;
        let name = fit(&clip(&row.key, key), key);
        let mut spans = vec![
            Span::raw(marker(here)),
            Span::styled(format!("{name} "), if here { theme.title } else { theme.dim }),
        ];
        for at in visible.clone() {
            let value = row.values.get(at).cloned().flatten();
            let (text, style) = match value {
                Some(text) => (text, Style::new()),
                None => ("–".to_string(), theme.dim),
            };
            spans.push(Span::styled(format!("{} ", fit(&clip(&text, column), column)), style));
        }
        lines.push(Line::from(spans));
    }
    frame.render_widget(Paragraph::new(lines), below);
    draw_values(comparison, theme, frame, details);
}

/// The whole values of the setting under the cursor.
fn draw_values(comparison: &Comparison, theme: &Theme, frame: &mut Frame, area: Rect) {
    let Some(row) = comparison.differences.get(comparison.row).filter(|_| area.height > 1) else {
        return;
    };
    let below = panel(frame, area, theme, &row.key, false, vec![]);
    let width = usize::from(below.width.saturating_sub(3));
    let mut lines = Vec::new();
    for (i, value) in row.values.iter().enumerate() {
        let (style, _) = looks(i, theme);
        let text = value.as_deref().unwrap_or("not a setting of this run");
        for (n, line) in wrap_text(text, Style::new(), width).into_iter().enumerate() {
            let letter = if n == 0 {
                format!(" {} ", Comparison::letter(i))
            } else {
                "   ".to_string()
            };
            let mut spans = vec![Span::styled(letter, style.patch(theme.title))];
            spans.extend(line.spans);
            lines.push(Line::from(spans));
        }
    }
    lines.truncate(usize::from(below.height));
    frame.render_widget(Paragraph::new(lines), below);
}
