//! The panels of the Training screen: where they are, and what their charts show.

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line as Words, Span};

use super::Board;
use crate::train::FitSplit;
use crate::tui::fit_view::FitSeries;
use crate::tui::run_view::RunView;
use crate::tui::screens::charts::{Detail, Line, Readout, at_cursor, fitting, happened, marks, of_lines};
use crate::tui::theme::Theme;
use crate::tui::widgets::chart::{Band, Chart, Curve, Dash};
use crate::tui::widgets::scale::short;

/// The parts of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Panel {
    #[default]
    Loss,
    Accuracy,
    Calibration,
    Facts,
    Gradient,
    Rate,
}

/// From so many rows on there are three rows of panels.
const TALL: u16 = 44;

impl Panel {
    /// Those of a run, in the order in which they are gone through.
    pub fn of(run: &RunView) -> &'static [Panel] {
        use Panel::{Accuracy, Calibration, Facts, Gradient, Loss, Rate};
        match is_reward(run) {
            true => &[Loss, Accuracy, Calibration, Facts, Gradient, Rate],
            false => &[Loss, Facts, Gradient, Rate],
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Panel::Loss => "Loss",
            Panel::Accuracy => "Accuracy",
            Panel::Calibration => "Calibration",
            Panel::Facts => "Facts",
            Panel::Gradient => "Gradient norm",
            Panel::Rate => "Learning rate",
        }
    }
}

/// A reward model is trained: there is something to be right about.
pub fn is_reward(run: &RunView) -> bool {
    run.fit_experiment().is_some_and(|e| e.method.name.is_reward())
}

/// Where the panels go: loss and accuracy above, calibration and facts below, and what else there is room for.
pub fn places(run: &RunView, area: Rect) -> Vec<(Panel, Rect)> {
    let halves = |area: Rect, left: u16| -> [Rect; 2] {
        Layout::horizontal([Constraint::Percentage(left), Constraint::Fill(1)]).areas(area)
    };
    let tall = area.height >= TALL;
    let last = if tall { area.height / 4 } else { 0 };
    let [rest, last] = Layout::vertical([Constraint::Fill(1), Constraint::Length(last)]).areas(area);
    let [above, below] = Layout::vertical([Constraint::Percentage(52), Constraint::Fill(1)]).areas(rest);
    let mut out = match is_reward(run) {
        true => {
            let ([loss, accuracy], [calibration, facts]) = (halves(above, 50), halves(below, 42));
            // The facts are words, and need the room more.
            vec![
                (Panel::Loss, loss),
                (Panel::Accuracy, accuracy),
                (Panel::Calibration, calibration),
                (Panel::Facts, facts),
            ]
        }
        false => vec![(Panel::Loss, above), (Panel::Facts, below)],
    };
    if tall {
        let [gradient, rate] = halves(last, 50);
        out.extend([(Panel::Gradient, gradient), (Panel::Rate, rate)]);
    }
    out
}

/// The rows it is not trained on, by their name.
fn apart(run: &RunView) -> &'static str {
    match run.fit.validations.last().map(|e| e.split) {
        Some(FitSplit::HeldOut) => "held out",
        _ => "valid",
    }
}

/// The curves of a panel; none where it is no chart.
pub fn lines<'a>(panel: Panel, run: &'a RunView, theme: &Theme) -> Vec<Line<'a>> {
    let line = |series, name, style: Style, dash, raw| Line {
        curve: Curve {
            column: run.fit.column(series),
            style,
            dash,
            raw,
        },
        name,
        main: false,
    };
    let own = |series, name| line(series, name, theme.original, Dash::Solid, false);
    // Measured now and then: it stands as it is until the next time.
    let measured = |series, name, style, dash| line(series, name, style, dash, true);
    match panel {
        Panel::Loss => vec![
            own(FitSeries::Loss, "train"),
            measured(FitSeries::ValidationLoss, apart(run), theme.guided, Dash::Dashed),
        ],
        Panel::Accuracy => vec![
            own(FitSeries::Accuracy, "train"),
            measured(FitSeries::ValidationAccuracy, apart(run), theme.guided, Dash::Dashed),
            measured(FitSeries::Baseline, "length alone", theme.tau, Dash::Dotted),
        ],
        Panel::Gradient => vec![line(FitSeries::GradNorm, "norm", theme.truth, Dash::Solid, false)],
        Panel::Rate => vec![line(FitSeries::LearningRate, "rate", theme.truth, Dash::Solid, true)],
        Panel::Calibration | Panel::Facts => vec![],
    }
}

/// The spread of a panel: Wilson's interval of the accuracy.
fn bands<'a>(panel: Panel, board: &Board, run: &'a RunView, theme: &Theme) -> Vec<Band<'a>> {
    if panel != Panel::Accuracy || board.no_spread {
        return vec![];
    }
    vec![Band {
        low: run.fit.column(FitSeries::Low),
        high: run.fit.column(FitSeries::High),
        style: theme.guided.patch(theme.dim),
        raw: true,
    }]
}

/// The chart of a panel; nothing where there is none, or no update yet.
pub fn chart<'a>(panel: Panel, board: &Board, run: &'a RunView, theme: &Theme) -> Option<Chart<'a>> {
    let lines = lines(panel, run, theme);
    if lines.is_empty() || run.fit.steps().is_empty() {
        return None;
    }
    let bands = bands(panel, board, run, theme);
    Some(Chart {
        steps: run.drawn_steps(),
        curves: lines.iter().map(|line| line.curve).collect(),
        readout: readout(board, run, &lines, &bands, theme),
        bands,
        marks: marks(run, theme),
        span: board.span(run),
        cursor: run.at(),
        selection: board.selection(),
        log: board.log,
        smoothing: board.smoothing,
        ..Chart::default()
    })
}

fn readout(board: &Board, run: &RunView, lines: &[Line], bands: &[Band], theme: &Theme) -> Vec<Words<'static>> {
    let Some((step, index)) = run.at().zip(shown_index(run)) else {
        return vec![];
    };
    let rate = run.fit.column(FitSeries::LearningRate).points().get(index);
    let numbers = Readout {
        step,
        index,
        aside: rate.map_or(String::new(), |rate| format!("  rate {}", short(f64::from(*rate)))),
        lines,
        bands,
        smoothing: board.smoothing,
    };
    let mut out = numbers.words(theme);
    out.extend(happened(step, run, std::iter::empty(), theme));
    out
}

/// The place of the update looked at among the points.
fn shown_index(run: &RunView) -> Option<usize> {
    match run.at() {
        Some(step) => run.fit.steps().binary_search(&step).ok(),
        None => run.fit.steps().len().checked_sub(1),
    }
}

/// What stands beside a panel's title.
pub fn legend(panel: Panel, run: &RunView, theme: &Theme, room: usize) -> Vec<Span<'static>> {
    const DETAILS: [Detail; 5] = [
        Detail::All,
        Detail::Names,
        Detail::Values,
        Detail::First,
        Detail::Rounded,
    ];
    let lines = lines(panel, run, theme);
    if lines.is_empty() {
        return vec![];
    }
    fitting(room, &DETAILS, |detail| {
        let mut out = of_lines(&lines, shown_index(run), detail, theme);
        out.extend(run.at().map(|step| at_cursor(step, detail, theme)));
        out
    })
}
