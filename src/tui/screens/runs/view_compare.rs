//! Draws the curves and the settings of runs beside each other.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::comparison::{Comparison, View};
use crate::tui::smooth::Smoothing;
use crate::tui::theme::Theme;
use crate::tui::widgets::axis::Mark;
use crate::tui::widgets::chart::{Chart, Curve, Dash};
use crate::tui::widgets::panel::panel;
use crate::tui::widgets::scale::{short, steps};
use crate::tui::widgets::sides::{beside, empty, marker};
use crate::tui::widgets::wrap::{clip, fit, wrap_text};

/// Draws the curves or the settings.
pub fn view(comparison: &Comparison, theme: &Theme, frame: &mut Frame, area: Rect) {
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    draw_head(comparison, theme, frame, head);
    if comparison.runs.is_empty() {
        return empty(frame, body, "Reading the runs ...", theme);
    }
    match comparison.view {
        View::Settings => draw_settings(comparison, theme, frame, body),
        _ => draw_curves(comparison, theme, frame, body),
    }
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

fn draw_curves(comparison: &Comparison, theme: &Theme, frame: &mut Frame, area: Rect) {
    let Some(metric) = comparison.metrics.get(comparison.metric) else {
        let text = "None of these runs has a number to draw yet: they may be models trained on rows, whose curves are on their \
                    own screen, or have not taken a step.";
        return empty(frame, area, text, theme);
    };
    let list = match area.width {
        100.. => 24,
        _ => 0,
    };
    let legend = (comparison.runs.len() as u16).min(area.height / 3);
    let [names, right] = Layout::horizontal([Constraint::Length(list), Constraint::Fill(1)]).areas(area);
    let [chart_area, legend_area] = Layout::vertical([Constraint::Fill(1), Constraint::Length(legend)]).areas(right);
    draw_metrics(comparison, theme, frame, names);
    let merged = &comparison.merged;
    let curves: Vec<Curve> = merged
        .columns
        .iter()
        .enumerate()
        .map(|(i, column)| {
            let (style, dash) = looks(i, theme);
            Curve {
                column,
                style,
                dash,
                raw: false,
            }
        })
        .collect();
    let chart = Chart {
        steps: &merged.steps,
        curves,
        bands: vec![],
        fill: None,
        stacked: false,
        breaks: vec![],
        readout: vec![],
        selection: None,
        marks: comparison
            .forks
            .iter()
            .map(|(step, label)| Mark {
                step: *step,
                label,
                sign: "▾",
                style: theme.mark,
            })
            .collect(),
        span: (
            merged.steps.first().copied().unwrap_or(0),
            merged.steps.last().copied().unwrap_or(0).max(1),
        ),
        cursor: comparison.cursor,
        log: comparison.log,
        smoothing: Smoothing::Off,
    };
    let step = match comparison.cursor {
        Some(step) => format!("step {step} "),
        None => "newest step of each; ⟨runs-earlier⟩ ⟨runs-later⟩ move through the steps ".to_string(),
    };
    let place = format!(
        "{} of {}: ⟨runs-down⟩ ⟨runs-up⟩ ",
        comparison.metric + 1,
        comparison.metrics.len()
    );
    let log = if comparison.log { "log " } else { "" };
    let aside = beside(format!("{place}· {log}{step}"));
    let below = panel(frame, chart_area, theme, &metric.title(), true, aside);
    chart.draw(below, frame.buffer_mut(), theme);
    let lines: Vec<Line> = (0..comparison.runs.len())
        .map(|i| legend_line(comparison, i, theme, usize::from(legend_area.width)))
        .collect();
    frame.render_widget(Paragraph::new(lines), legend_area);
}

/// "A ━━ imdb-001  +0.93", or why there is no curve.
fn legend_line(comparison: &Comparison, place: usize, theme: &Theme, width: usize) -> Line<'static> {
    let run = &comparison.runs[place];
    let (style, dash) = looks(place, theme);
    let value = comparison.merged.columns.get(place).and_then(|column| {
        let points = column.points();
        match comparison.cursor {
            Some(step) => {
                let at = comparison.merged.steps.binary_search(&step).ok()?;
                points.get(at).copied().filter(|v| v.is_finite())
            }
            None => points.iter().rev().find(|v| v.is_finite()).copied(),
        }
    });
    let said = match (&run.run, value) {
        (Err(why), _) => why.clone(),
        (Ok(_), None) => "no such number".to_string(),
        (Ok(run), Some(value)) => {
            let view = &run.0.view;
            let method = view.method().title();
            format!("{}   {method}, {}", short(f64::from(value)), steps(view.steps_done()))
        }
    };
    let name = clip(&run.name, width.saturating_sub(8) / 2);
    Line::from(vec![
        Span::styled(format!(" {} {} ", Comparison::letter(place), dash.sample()), style),
        Span::styled(format!("{name}  "), style.patch(theme.title)),
        Span::raw(clip(&said, width.saturating_sub(name.width() + 9))),
    ])
}

fn draw_metrics(comparison: &Comparison, theme: &Theme, frame: &mut Frame, area: Rect) {
    if area.width == 0 {
        return;
    }
    let below = panel(frame, area, theme, "Metric", false, vec![]);
    let height = usize::from(below.height);
    let top = (comparison.metric + 1).saturating_sub(height.max(1));
    let lines: Vec<Line> = comparison
        .metrics
        .iter()
        .enumerate()
        .skip(top)
        .take(height)
        .map(|(i, metric)| {
            let here = i == comparison.metric;
            let style = if here { theme.title } else { Style::new() };
            let name = clip(&metric.title(), usize::from(below.width).saturating_sub(3));
            Line::styled(format!("{}{name}", marker(here)), style)
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), below);
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
