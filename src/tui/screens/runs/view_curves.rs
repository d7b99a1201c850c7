//! Draws the curves of runs over each other.

use ratatui::Frame;
use ratatui::crossterm::event::{MouseEvent, MouseEventKind};
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::comparison::{Comparison, View};
use super::seeds::Bundle;
use super::state::State;
use super::view_compare::{looks, parts};
use crate::tui::screens::charts::{self, Extent, Ground, Readout, draw_notes};
use crate::tui::smooth::average;
use crate::tui::take::Named;
use crate::tui::theme::Theme;
use crate::tui::time;
use crate::tui::widgets::axis::Mark;
use crate::tui::widgets::chart::{Band, Chart, Curve};
use crate::tui::widgets::panel::panel;
use crate::tui::widgets::scale::{short, steps, thousands};
use crate::tui::widgets::sides::{beside, empty, marker};
use crate::tui::widgets::wrap::clip;

/// Columns of the list of metrics, and of a screen that has room for it.
const LIST: u16 = 24;
const WIDE: u16 = 100;

/// The list of metrics, the chart, and what its curves are; alone, the chart only.
fn areas(comparison: &Comparison, area: Rect) -> [Rect; 3] {
    let alone = comparison.board.zoomed;
    let list = if alone || area.width < WIDE { 0 } else { LIST };
    let legend = match alone {
        true => 0,
        false => (comparison.bundles.len().max(1) as u16).min(area.height / 3),
    };
    let [names, right] = Layout::horizontal([Constraint::Length(list), Constraint::Fill(1)]).areas(area);
    let [chart, legend] = Layout::vertical([Constraint::Fill(1), Constraint::Length(legend)]).areas(right);
    [names, chart, legend]
}

/// Draws the list of metrics, the curves and what they are.
pub fn draw(comparison: &Comparison, theme: &Theme, frame: &mut Frame, area: Rect) {
    let (Some(metric), Some(chart)) = (comparison.metrics.get(comparison.metric), chart(comparison, theme)) else {
        return empty(
            frame,
            area,
            "None of these runs has a number to draw yet: none has taken a step.",
            theme,
        );
    };
    let [names, chart_area, legend] = areas(comparison, area);
    draw_metrics(comparison, theme, frame, names);
    let room = usize::from(chart_area.width).saturating_sub(metric.title().width() + 6);
    let aside = match comparison.board.zoomed {
        true => curves_aside(comparison, theme, room),
        false => beside(words(comparison, theme, room)),
    };
    let below = panel(frame, chart_area, theme, &metric.title(), true, aside);
    chart.draw(below, frame.buffer_mut(), theme);
    draw_notes(&chart, theme, frame, below);
    let mut lines: Vec<Line> = comparison
        .bundles
        .iter()
        .map(|bundle| legend_line(comparison, bundle, theme, usize::from(legend.width)))
        .collect();
    let hidden = lines.len().saturating_sub(usize::from(legend.height));
    if hidden > 0 && legend.height > 1 {
        lines.truncate(usize::from(legend.height) - 1);
        lines.push(Line::styled(format!("   and {} more", hidden + 1), theme.dim));
    }
    frame.render_widget(Paragraph::new(lines), legend);
}

/// The chart; nothing before there is a number to draw.
fn chart<'a>(comparison: &'a Comparison, theme: &Theme) -> Option<Chart<'a>> {
    let metric = comparison.metrics.get(comparison.metric)?;
    let merged = &comparison.merged;
    let raw = metric.is_measured();
    let curve = |bundle: &'a Bundle| {
        let (style, dash) = looks(bundle.runs[0], theme);
        Curve {
            column: bundle.column(merged),
            style,
            dash,
            raw,
        }
    };
    let band = |bundle: &'a Bundle| {
        let (low, high) = bundle.band()?;
        let style = looks(bundle.runs[0], theme).0.patch(theme.dim);
        Some(Band { low, high, style, raw })
    };
    let mark = |(step, label): &'a (u32, String)| Mark {
        step: *step,
        label,
        sign: "▾",
        style: theme.mark,
    };
    let mut chart = Chart {
        steps: &merged.steps,
        curves: comparison.bundles.iter().map(curve).collect(),
        bands: comparison.bundles.iter().filter_map(band).collect(),
        marks: comparison.forks.iter().map(mark).collect(),
        span: comparison
            .board
            .window
            .span(&Extent::over(&merged.steps, comparison.cursor)),
        cursor: comparison.cursor,
        selection: comparison.board.selection(),
        log: comparison.board.log,
        smoothing: comparison.board.smoothing,
        ..Chart::default()
    };
    chart.readout = readout(comparison, &chart, theme);
    Some(chart)
}

/// The numbers of all curves beside the crosshair.
fn readout(comparison: &Comparison, chart: &Chart, theme: &Theme) -> Vec<Line<'static>> {
    let Some((step, index)) = comparison.cursor.zip(shown_index(comparison)) else {
        return vec![];
    };
    let letters = comparison.bundles.iter().map(|b| Comparison::letter(b.runs[0]));
    let lines = chart.curves.iter().zip(letters);
    let lines: Vec<charts::Line> = lines
        .map(|(curve, name)| charts::Line {
            curve: *curve,
            name,
            main: false,
        })
        .collect();
    let numbers = Readout {
        step,
        index,
        aside: String::new(),
        lines: &lines,
        bands: &chart.bands,
        smoothing: chart.smoothing,
    };
    numbers.words(theme)
}

/// The place of the cursor among the merged steps; of a number that is measured now and then, of the last by then.
fn shown_index(comparison: &Comparison) -> Option<usize> {
    let steps = &comparison.merged.steps;
    let step = comparison.cursor?;
    match comparison.metrics.get(comparison.metric)?.is_measured() {
        true => steps.partition_point(|s| *s <= step).checked_sub(1),
        false => steps.binary_search(&step).ok(),
    }
}

/// What a curve is at the cursor, or at the newest step of it: that of the line that is drawn, averaged or not.
fn value(comparison: &Comparison, bundle: &Bundle) -> Option<f64> {
    let points = bundle.column(&comparison.merged).points();
    let measured = comparison.metrics.get(comparison.metric)?.is_measured();
    let last = |points: &[f32]| points.iter().rposition(|v| v.is_finite());
    let index = match (comparison.cursor, shown_index(comparison)) {
        (None, _) => last(points)?,
        (Some(_), Some(index)) if measured => last(&points[..points.len().min(index + 1)])?,
        (Some(_), index) => index?,
    };
    let smoothing = match measured {
        true => crate::tui::smooth::Smoothing::Off,
        false => comparison.board.smoothing,
    };
    average(points, index, smoothing).map(f64::from)
}

/// The step looked at, and the keys that are worth knowing here, as many as there is room for.
fn words(comparison: &Comparison, theme: &Theme, room: usize) -> String {
    let write = |text: &str| theme.legend.write(text).into_owned();
    let step = match comparison.cursor {
        Some(step) => write(&format!("step {} · ⟨live⟩ newest ", thousands(step.into()))),
        None => "newest step of each ".to_string(),
    };
    let metric = format!("{} of {}: ", comparison.metric + 1, comparison.metrics.len());
    let metric = metric + &write("⟨runs-down⟩ ⟨runs-up⟩ · ");
    let seeds = match (
        comparison.alike.len() < comparison.runs.len(),
        comparison.board.no_spread,
    ) {
        (false, _) => String::new(),
        (true, true) => write("· ⟨runs-spread⟩ seeds as a band "),
        (true, false) => write("· ⟨runs-spread⟩ every seed "),
    };
    let keys = write("· ⟨runs-earlier⟩ ⟨runs-later⟩ step · ⟨runs-zoom⟩ full ");
    let mut out = format!("{metric}{step}");
    for more in [seeds, keys] {
        if out.width() + more.width() + 2 <= room {
            out.push_str(&more);
        }
    }
    out
}

/// The curves by their letters, where the chart fills the screen.
fn curves_aside(comparison: &Comparison, theme: &Theme, room: usize) -> Vec<Span<'static>> {
    let form = |names: bool| -> Vec<Span<'static>> {
        let mut out = Vec::new();
        for bundle in &comparison.bundles {
            let (style, dash) = looks(bundle.runs[0], theme);
            let number = value(comparison, bundle).map_or("–".to_string(), short);
            let name = if names {
                format!(" {}", name(comparison, bundle))
            } else {
                String::new()
            };
            let letter = Comparison::letter(bundle.runs[0]);
            out.push(Span::styled(format!("{} {letter}{name} ", dash.sample()), style));
            out.push(Span::styled(format!("{number}  "), style.patch(theme.title)));
        }
        if let Some(step) = comparison.cursor {
            out.push(Span::styled(
                format!("at step {} ", thousands(step.into())),
                theme.title,
            ));
        }
        out
    };
    let named = form(true);
    match named.iter().map(Span::width).sum::<usize>() <= room {
        true => named,
        false => form(false),
    }
}

/// The run, or the first of several and how many more.
fn name(comparison: &Comparison, bundle: &Bundle) -> String {
    let first = &comparison.runs[bundle.runs[0]].name;
    match bundle.runs.len() {
        1 => first.clone(),
        2 => format!("{first} and another seed"),
        n => format!("{first} and {} more seeds", n - 1),
    }
}

/// "A ━━ imdb-001  +0.93", or why there is no curve.
fn legend_line(comparison: &Comparison, bundle: &Bundle, theme: &Theme, width: usize) -> Line<'static> {
    let run = &comparison.runs[bundle.runs[0]];
    let (style, dash) = looks(bundle.runs[0], theme);
    let has_points = bundle.column(&comparison.merged).points().iter().any(|v| v.is_finite());
    let said = match (&run.run, value(comparison, bundle)) {
        (Err(why), _) => why.clone(),
        (Ok(_), None) if !has_points => "no such number".to_string(),
        (Ok(run), None) => format!("none at this step; it took {}", steps(run.0.view.steps_done())),
        (Ok(run), Some(value)) if bundle.runs.len() == 1 => {
            let view = &run.0.view;
            let method = match view.fit_experiment() {
                Some(_) => "trained on rows",
                None => view.method().title(),
            };
            format!("{}   {method}, {}", short(value), steps(view.steps_done()))
        }
        (Ok(_), Some(value)) => format!("{} in the mean; the band is from the least to the most", short(value)),
    };
    let letters: String = bundle.runs.iter().map(|run| Comparison::letter(*run)).collect();
    let head = format!(" {letters} {} ", dash.sample());
    let name = clip(&name(comparison, bundle), width.saturating_sub(head.width()) / 2);
    let room = width.saturating_sub(head.width() + name.width() + 3);
    Line::from(vec![
        Span::styled(head, style),
        Span::styled(format!("{name}  "), style.patch(theme.title)),
        Span::raw(clip(&said, room)),
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

/// The mouse on the chart: as on the other screens of charts. Nothing where it is beside it.
pub fn mouse(comparison: &mut Comparison, event: MouseEvent, area: Rect) -> Option<Option<time::Action>> {
    let [_, body] = parts(comparison, area);
    let [_, place, _] = areas(comparison, body);
    let held = matches!(event.kind, MouseEventKind::Drag(_) | MouseEventKind::Up(_));
    let on_chart = place.contains(Position::new(event.column, event.row));
    if comparison.view != View::Curves || !(on_chart || held) {
        return None;
    }
    let mut board = comparison.board.clone();
    let theme = Theme::color();
    let ground = Ground {
        steps: Extent::over(&comparison.merged.steps, comparison.cursor),
        order: &[()],
        panels: vec![((), place)],
        area: place,
    };
    let shown: &Comparison = comparison;
    let to = board.point(event, &ground, |board, ()| {
        let chart = chart(shown, &theme)?;
        Some(Chart {
            span: board.window.span(&ground.steps),
            ..chart
        })
    });
    comparison.board = board;
    Some(to)
}

/// The curves of a comparison, to be taken.
pub fn focused_chart<'a>(state: &'a State, theme: &Theme) -> Option<Named<'a>> {
    let comparison = state.comparison.as_ref().filter(|c| c.view == View::Curves)?;
    let title = comparison.metrics.get(comparison.metric)?.title();
    let bundles = comparison.bundles.iter();
    let names: Vec<String> = bundles.clone().map(|bundle| name(comparison, bundle)).collect();
    let banded = bundles.zip(&names).filter(|(bundle, _)| bundle.band().is_some());
    Some(Named {
        title,
        band_names: banded.map(|(_, name)| name.clone()).collect(),
        names,
        whose: Some(format!("{} runs", comparison.runs.len())),
        chart: chart(comparison, theme)?,
    })
}
