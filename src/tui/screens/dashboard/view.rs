//! Draws the dashboard.

use ratatui::{
    Frame,
    layout::{Alignment, Constraint, Layout, Rect},
    text::{Line, Span},
    widgets::{Paragraph, Wrap},
};

use super::facts::{self, Tone};
use super::{Panel, State, layout, method, series, variants, waiting};
use crate::config::MethodName;
use crate::tui::history::Series;
use crate::tui::run_view::RunView;
use crate::tui::screens::charts::draw_notes;
use crate::tui::theme::Theme;
use crate::tui::widgets::{histogram, panel::panel, wrap::clip};

/// Where a chart has no points because nobody asked for them.
const NOT_LOOKED_AT: &str = "Nothing was measured: method.diagnostics = 1 measures after every step.";

/// Draws the whole screen: before the first step what is under way, then the panels.
pub fn view(state: &State, run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    if run.history.is_empty() {
        return waiting::view(run, theme, frame, area);
    }
    let alone = state.zoomed.then_some(state.focus);
    for (which, rect) in layout::panels(area, alone) {
        draw_panel(which, state, run, theme, frame, rect);
    }
    let rows = layout::fact_rows(area);
    if alone.is_none() && rows > 0 {
        let foot = Rect {
            y: area.bottom() - rows,
            height: rows,
            ..area
        };
        let lines: Vec<Line> = facts::lines(run, usize::from(area.width).saturating_sub(2))
            .into_iter()
            .map(|l| Line::from(format!(" {}", clip(&l, usize::from(area.width).saturating_sub(1)))))
            .collect();
        frame.render_widget(Paragraph::new(lines), foot);
    }
}

fn draw_panel(which: Panel, state: &State, run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let title = method::title(which, run.method());
    let is_ple = run.method() == MethodName::Ple;
    let room = usize::from(area.width).saturating_sub(title.chars().count() + 6);
    let legend = series::legend(which, run, theme, room);
    let inner = panel(frame, area, theme, title, which == state.focus, legend);
    match which {
        Panel::Facts => draw_facts(run, theme, frame, inner),
        Panel::Margins if is_ple => {
            if let Some(step) = run.shown() {
                let curve = variants::curve(step, usize::from(inner.width)).filter(|_| inner.height >= 8);
                let rows = inner.height - u16::from(curve.is_some());
                let bars = Rect { height: rows, ..inner };
                histogram::draw(&step.margins, step.tau, bars, frame.buffer_mut(), theme);
                if let Some(curve) = curve {
                    let foot = Rect {
                        y: bars.bottom(),
                        height: 1,
                        ..inner
                    };
                    frame.render_widget(Paragraph::new(Span::styled(curve, theme.dim)), foot);
                }
            }
        }
        Panel::Truth if !knows_truth(run) => {
            let text = "The bundled grammars do not know these queries, so there is no ground truth to show.";
            centred(text, theme, frame, inner);
        }
        _ => {
            let Some(chart) = series::chart(which, state, run, theme) else {
                return centred(NOT_LOOKED_AT, theme, frame, inner);
            };
            chart.draw(inner, frame.buffer_mut(), theme);
            draw_notes(&chart, theme, frame, inner);
        }
    }
}

fn draw_facts(run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let lines: Vec<Line> = facts::facts(run)
        .into_iter()
        .map(|fact| {
            let style = match fact.tone {
                Tone::Plain => ratatui::style::Style::new(),
                Tone::Good => theme.good,
                Tone::Bad => theme.bad,
                Tone::Mark => theme.mark,
            };
            Line::from(vec![
                Span::styled(format!(" {:<12}", fact.name), theme.dim),
                Span::styled(clip(&fact.text, usize::from(area.width).saturating_sub(13)), style),
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
}

fn knows_truth(run: &RunView) -> bool {
    let column = run.history.column(Series::TruthOriginal);
    column.summary(0, run.history.len()).count > 0
}

fn centred(text: &str, theme: &Theme, frame: &mut Frame, area: Rect) {
    let [_, middle, _] = Layout::vertical([Constraint::Fill(1), Constraint::Max(3), Constraint::Fill(1)]).areas(area);
    let words = Paragraph::new(Span::styled(text.to_string(), theme.dim));
    frame.render_widget(words.alignment(Alignment::Center).wrap(Wrap { trim: true }), middle);
}
