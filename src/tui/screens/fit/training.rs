//! Draws the numbers of a model's own training.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::panels::{Panel, chart, legend, places};
use super::{Board, facts, reliability};
use crate::tui::run_view::RunView;
use crate::tui::screens::charts::draw_notes;
use crate::tui::theme::Theme;
use crate::tui::widgets::panel::panel;
use crate::tui::widgets::sides::empty;

/// Draws the whole screen, or the panel that fills it.
pub fn view(board: &Board, run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let panels = match board.zoomed {
        true => vec![(board.focus, area)],
        false => places(run, area),
    };
    for (which, rect) in panels {
        draw_panel(which, board, run, theme, frame, rect);
    }
}

fn draw_panel(which: Panel, board: &Board, run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let title = which.title();
    let room = usize::from(area.width).saturating_sub(title.len() + 6);
    let focused = which == board.focus;
    match which {
        Panel::Calibration => {
            let quality = run.fit.newest().and_then(|e| e.quality.as_ref());
            let error = |text: String| vec![Span::styled(text, theme.dim)];
            let aside = quality.map(|q| error(format!("error {:.3} ", q.calibration_error)));
            let inner = panel(frame, area, theme, title, focused, aside.unwrap_or_default());
            match quality {
                Some(q) => reliability::draw(&q.calibration, inner, frame, theme),
                None => empty(frame, inner, "No evaluation yet.", theme),
            }
        }
        Panel::Facts => {
            let inner = panel(frame, area, theme, title, focused, vec![]);
            let lines: Vec<Line> = facts::lines(run, theme, usize::from(inner.width));
            frame.render_widget(Paragraph::new(lines), inner);
        }
        _ => {
            let inner = panel(frame, area, theme, title, focused, legend(which, run, theme, room));
            match chart(which, board, run, theme) {
                Some(chart) => {
                    chart.draw(inner, frame.buffer_mut(), theme);
                    draw_notes(&chart, theme, frame, inner);
                }
                None if which == Panel::Loss => empty(frame, inner, "The first update comes in a few seconds.", theme),
                None => {}
            }
        }
    }
}
