//! Draws the numbers of a model's own training.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::{facts, reliability};
use crate::train::FitSplit;
use crate::tui::fit_view::FitSeries;
use crate::tui::run_view::RunView;
use crate::tui::screens::dashboard;
use crate::tui::theme::Theme;
use crate::tui::widgets::chart::{Band, Chart, Curve, Dash};
use crate::tui::widgets::panel::panel;
use crate::tui::widgets::scale::short;
use crate::tui::widgets::sides::empty;

/// Draws the whole screen: loss and accuracy above, calibration and facts below.
pub fn view(run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let reward = run.fit_experiment().is_some_and(|e| e.method.name.is_reward());
    let [above, below] = Layout::vertical([Constraint::Percentage(52), Constraint::Fill(1)]).areas(area);
    if !reward {
        loss(run, theme, frame, above);
        return draw_facts(run, theme, frame, below);
    }
    let halves = [Constraint::Percentage(50), Constraint::Fill(1)];
    let [left, right] = Layout::horizontal(halves).areas(above);
    loss(run, theme, frame, left);
    accuracy(run, theme, frame, right);
    // The facts are words, and need the room more.
    let narrow = [Constraint::Percentage(42), Constraint::Fill(1)];
    let [left, right] = Layout::horizontal(narrow).areas(below);
    calibration(run, theme, frame, left);
    draw_facts(run, theme, frame, right);
}

/// The numbers the curves have now, in the longest form that fits: with a sample of the line, without, without the last.
fn legend(run: &RunView, curves: &[(FitSeries, &'static str, Style, Dash)], room: usize) -> Vec<Span<'static>> {
    let at = run.at().and_then(|step| run.fit.steps().binary_search(&step).ok());
    let now = |series| {
        let column = run.fit.column(series);
        let value = match run.at() {
            Some(_) => at
                .and_then(|at| column.points().get(at).copied())
                .filter(|v| v.is_finite()),
            None => column.last(),
        };
        value.map_or("–".into(), |v| short(v.into()))
    };
    let form = |sample: bool, all: bool| -> Vec<Span<'static>> {
        let shown = if all { curves.len() } else { curves.len().min(2) };
        let named = curves[..shown].iter();
        named
            .map(|&(series, name, style, dash)| {
                let text = match sample {
                    true => format!("{} {name} {}  ", dash.sample(), now(series)),
                    false => format!("{} {} ", name.split(' ').next().unwrap_or(name), now(series)),
                };
                Span::styled(text, style)
            })
            .collect()
    };
    let wide = |spans: &[Span]| spans.iter().map(Span::width).sum::<usize>();
    let forms = [form(true, true), form(false, true)];
    let fits = forms.into_iter().find(|spans| wide(spans) <= room);
    fits.unwrap_or_else(|| form(false, false))
}

fn chart<'a>(run: &'a RunView, curves: &[(FitSeries, &'static str, Style, Dash)], theme: &Theme) -> Chart<'a> {
    let steps = run.drawn_steps();
    let (first, last) = (steps.first().copied().unwrap_or(0), steps.last().copied().unwrap_or(0));
    Chart {
        steps,
        curves: curves
            .iter()
            .map(|&(series, _, style, dash)| Curve {
                column: run.fit.column(series),
                style,
                dash,
            })
            .collect(),
        marks: dashboard::marks(run, theme),
        span: (first, dashboard::end_of_axis(run, first, last)),
        cursor: run.at(),
        ..Chart::default()
    }
}

/// Columns beside a panel's title.
fn room(area: Rect, title: &str) -> usize {
    usize::from(area.width).saturating_sub(title.len() + 6)
}

/// The rows it is not trained on, by their name.
fn apart(run: &RunView) -> &'static str {
    match run.fit.validations.last().map(|e| e.split) {
        Some(FitSplit::HeldOut) => "held out",
        _ => "valid",
    }
}

fn loss(run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let curves = [
        (FitSeries::Loss, "train", theme.original, Dash::Solid),
        (FitSeries::ValidationLoss, apart(run), theme.guided, Dash::Dashed),
    ];
    let inner = panel(
        frame,
        area,
        theme,
        "Loss",
        false,
        legend(run, &curves, room(area, "Loss")),
    );
    if run.fit.steps().is_empty() {
        return empty(frame, inner, "The first update comes in a few seconds.", theme);
    }
    chart(run, &curves, theme).draw(inner, frame.buffer_mut(), theme);
}

fn accuracy(run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let curves = [
        (FitSeries::Accuracy, "train", theme.original, Dash::Solid),
        (FitSeries::ValidationAccuracy, apart(run), theme.guided, Dash::Dashed),
        (FitSeries::Baseline, "length alone", theme.tau, Dash::Dotted),
    ];
    let inner = panel(
        frame,
        area,
        theme,
        "Accuracy",
        false,
        legend(run, &curves, room(area, "Accuracy")),
    );
    if run.fit.steps().is_empty() {
        return;
    }
    let band = Band {
        low: run.fit.column(FitSeries::Low),
        high: run.fit.column(FitSeries::High),
        style: theme.guided.patch(theme.dim),
    };
    let chart = Chart {
        bands: vec![band],
        ..chart(run, &curves, theme)
    };
    chart.draw(inner, frame.buffer_mut(), theme);
}

fn calibration(run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let quality = run.fit.newest().and_then(|e| e.quality.as_ref());
    let aside = quality.map(|q| {
        let error = format!("expected error {:.3} ", q.calibration_error);
        vec![Span::styled(error, theme.dim)]
    });
    let title = "Calibration: said, and so it was";
    let inner = panel(frame, area, theme, title, false, aside.unwrap_or_default());
    match quality {
        Some(q) => reliability::draw(&q.calibration, inner, frame, theme),
        None => empty(frame, inner, "No evaluation yet.", theme),
    }
}

fn draw_facts(run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let inner = panel(frame, area, theme, "Facts", false, vec![]);
    let lines: Vec<Line> = facts::lines(run, theme, usize::from(inner.width));
    frame.render_widget(Paragraph::new(lines), inner);
}
