//! What is said on a chart: what it leaves out or bends, and what happened at which step.

use ratatui::{Frame, layout::Rect, style::Style, text::Span, widgets::Paragraph};

use crate::tui::run_view::RunView;
use crate::tui::theme::Theme;
use crate::tui::widgets::axis::Mark;
use crate::tui::widgets::chart::Chart;
use crate::tui::widgets::scale::{Axis, short, thousands};

/// Says on a drawn chart what it leaves out or bends.
pub fn draw(chart: &Chart, theme: &Theme, frame: &mut Frame, area: Rect) {
    let mut notes = Vec::new();
    if chart.dense(area.width) {
        let (from, to) = chart.span;
        let steps = u64::from(to - from + 1) / u64::from(area.width.max(1));
        notes.push(format!(
            "{} steps a column: range and mean",
            thousands(steps.max(1) as i64)
        ));
    }
    let averaged = chart.curves.iter().any(|c| c.smoothed(chart.smoothing).is_on());
    if averaged && chart.steps.len() > 1 && !chart.stacked {
        // The single steps of more than two curves are not drawn.
        let faint = if chart.curves.len() <= 2 {
            ", faint: single steps"
        } else {
            ""
        };
        notes.push(format!("{}{faint}", chart.smoothing.name()));
    }
    match chart.scale(area.width, 1).axis {
        _ if chart.stacked => {}
        Axis::Linear => {}
        Axis::Log => notes.push("log axis".into()),
        Axis::Symmetric(linear) => notes.push(format!("log axis, linear within ±{}", short(linear))),
    }
    let text = notes.join(" · ");
    let wide = text.chars().count() as u16;
    // In a small chart the words would lie over the line of zero and the lowest values.
    if area.height >= 8 && wide > 0 && area.width >= 40 && wide + 8 < area.width {
        let at = Rect {
            x: area.right() - wide,
            y: area.bottom() - 2,
            width: wide,
            height: 1,
        };
        frame.render_widget(Paragraph::new(Span::styled(text, theme.dim)), at);
    }
}

/// The alarms, and the changes made by hand, each at the step from which it acted.
pub fn marks<'a>(run: &'a RunView, theme: &Theme) -> Vec<Mark<'a>> {
    let edge = run.past.as_ref().map_or(u32::MAX, |past| past.edge);
    let mark = |step, label, sign, style: Style| Mark {
        step,
        label,
        sign,
        style,
    };
    let alarms = run.alarms.iter().map(|a| mark(a.step, &a.message[..], "!", theme.bad));
    let changes = run.marks.iter().map(|m| mark(m.step, &m.label[..], "▾", theme.mark));
    // Later ones have the first choice of the room there is, so that what somebody did is named before what rang.
    alarms.chain(changes).filter(|m| m.step <= edge).collect()
}
