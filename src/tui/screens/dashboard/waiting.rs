//! Before the first step: what is under way and what will come, so that nobody looks at empty charts.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::Style,
    text::{Line, Span},
    widgets::Paragraph,
};

use crate::config::{MethodName, RewardSettings};
use crate::tui::run_view::RunView;
use crate::tui::smooth::Smoothing;
use crate::tui::theme::Theme;
use crate::tui::widgets::{
    chart::{Chart, Curve, Dash},
    panel::panel,
    scale::{short, thousands},
    wrap::wrap_text,
};

/// Columns in front of the words of a row.
const INDENT: usize = 17;

/// Draws the plan of the run, what the symbols mean, and the loss of the supervised stage once there is one.
pub fn view(run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let chart = !run.sft_loss.is_empty() && area.height >= 8;
    let beside = chart && area.width >= 110;
    let width = if beside { 62 } else { area.width };
    let mut lines = laid_out(plan(run, theme), usize::from(width), theme);
    let most = if chart && !beside {
        area.height * 2 / 3
    } else {
        area.height
    };
    // The plan first; what the experiment is and what the words mean where there is room.
    for extra in [
        about(run, theme, usize::from(width)),
        laid_out(symbols(run, theme), usize::from(width), theme),
    ] {
        if !extra.is_empty() && lines.len() + extra.len() + 1 < usize::from(most) {
            lines.push(Line::default());
            lines.extend(extra);
        }
    }
    let (top, below) = if beside {
        let [left, right] = Layout::horizontal([Constraint::Length(width), Constraint::Min(0)]).areas(area);
        (left, Some(right))
    } else if chart {
        let rows = (lines.len() as u16 + 2).min(most);
        let [top, below] = Layout::vertical([Constraint::Length(rows), Constraint::Min(0)]).areas(area);
        (top, Some(below))
    } else {
        (area, None)
    };
    let inner = panel(frame, top, theme, "The run", false, vec![]);
    frame.render_widget(Paragraph::new(lines), inner);
    if let Some(below) = below {
        sft_chart(run, theme, frame, below);
    }
}

/// One row of the plan.
struct Row {
    sign: &'static str,
    style: Style,
    name: String,
    text: String,
}

fn row(style: Style, sign: &'static str, name: impl Into<String>, text: impl Into<String>) -> Row {
    Row {
        sign,
        style,
        name: name.into(),
        text: text.into(),
    }
}

/// Rows with their texts wrapped under themselves.
fn laid_out(rows: Vec<Row>, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut out = Vec::new();
    for Row {
        sign,
        style,
        name,
        text,
    } in rows
    {
        let wrapped = wrap_text(&text, Style::new(), width.saturating_sub(INDENT + 2));
        for (i, line) in wrapped.into_iter().enumerate() {
            let mut spans = match i {
                0 => vec![
                    Span::styled(format!(" {sign} "), style),
                    Span::styled(format!("{name:<14}"), theme.title),
                ],
                _ => vec![Span::raw(" ".repeat(INDENT))],
            };
            spans.extend(line.spans);
            out.push(Line::from(spans));
        }
    }
    out
}

/// The experiment's own words.
fn about(run: &RunView, theme: &Theme, width: usize) -> Vec<Line<'static>> {
    let Some(started) = &run.started else { return vec![] };
    // The file breaks its lines for its own width.
    let text: Vec<&str> = started.experiment.about().split_whitespace().collect();
    let mut text = text.join(" ");
    if !started.memory.is_empty() {
        text += &format!(" Memory: {}.", started.memory);
    }
    let text = text.trim_start().to_string();
    let lines = wrap_text(&text, theme.dim, width.saturating_sub(4));
    let indent = |line: Line<'static>| {
        let mut spans = vec![Span::raw(" ")];
        spans.extend(line.spans);
        Line::from(spans)
    };
    if text.is_empty() {
        vec![]
    } else {
        lines.into_iter().map(indent).collect()
    }
}

/// What the charts will speak of.
fn symbols(run: &RunView, theme: &Theme) -> Vec<Row> {
    let say = |style: Style, name: &str, text: &str| row(style, "■", name, text);
    if run.method() != MethodName::Ple {
        let other = match run.method() {
            MethodName::Raft => "those that are kept",
            MethodName::Sft => "the rows that are learnt",
            MethodName::Dpo => "chosen responses",
            _ => "the reward less what the divergence costs",
        };
        return vec![
            say(
                theme.original,
                "y, s",
                "what the policy answers to the query alone, and its reward",
            ),
            say(theme.guided, "beside it", other),
            say(
                theme.dim,
                "KL",
                "how far the policy is from where the method began, in nats",
            ),
        ];
    }
    vec![
        say(
            theme.original,
            "y, s",
            "what the policy answers by itself, and its reward",
        ),
        say(
            theme.guided,
            "y′, s′",
            "what it answers under the principles, and its reward",
        ),
        say(
            theme.tau,
            "τ",
            "where s′−s is above it the pair is ranked (Eq. 3), else weighted (Eq. 4)",
        ),
        say(
            theme.dim,
            "the aim",
            "s rises to s′: the policy does by itself what it did when told",
        ),
    ]
}

fn rewards_name(settings: &RewardSettings) -> &'static str {
    if settings.model.is_some() {
        "reward model"
    } else {
        "rewards"
    }
}

/// Where the rewards come from, and what of them the losses see.
fn rewards(settings: &RewardSettings) -> String {
    match settings.shaping() {
        Some(shaping) => format!("{}, {shaping}", settings.source()),
        None => settings.source(),
    }
}

/// The stages: done, under way, to come.
fn plan(run: &RunView, theme: &Theme) -> Vec<Row> {
    let Some(started) = &run.started else {
        let what = run
            .stage
            .as_ref()
            .map_or("starting", |(name, _)| name.as_str())
            .to_string();
        return vec![row(theme.title, "▸", what, "the first numbers come in a few seconds")];
    };
    let Some(e) = started.experiment.align() else {
        return vec![];
    };
    let stage = run.stage.as_ref().map_or("", |(name, _)| name.as_str());
    let stages_past_sft = !stage.is_empty() && !matches!(stage, "loading" | "sft");
    let mut out = vec![
        row(theme.good, "✓", "policy", model(run)),
        row(theme.good, "✓", rewards_name(&e.reward), rewards(&e.reward)),
        row(theme.good, "✓", "queries", &started.data),
    ];
    let state = |done: bool, now: bool| match (done, now) {
        (true, _) => (theme.good, "✓"),
        (_, true) => (theme.title, "▸"),
        _ => (theme.dim, "○"),
    };
    if e.sft.steps > 0 {
        let (style, sign) = state(stages_past_sft, stage == "sft");
        let text = match run.sft.last() {
            Some(last) => format!(
                "{} of {} updates, loss {}",
                last.step + 1,
                e.sft.steps,
                short(last.loss)
            ),
            None => format!("{} updates, so that the policy answers queries (Eq. 1)", e.sft.steps),
        };
        out.push(row(style, sign, "SFT", text));
    }
    let (style, sign) = state(false, stages_past_sft);
    let text = match (&run.failed, &run.done) {
        (Some(_), _) => "failed before the first step".to_string(),
        (_, Some(d)) => format!("{} before the first step", d.reason),
        _ if stages_past_sft => format!("the first of {} steps is under way", e.method.steps),
        _ => {
            let (steps, n) = (e.method.steps, e.method.queries_per_step);
            match e.method.name {
                MethodName::Ple => format!("{steps} steps of {n} queries, each answered with and without principles"),
                MethodName::Sft => format!("{steps} steps of {n} rows, whose responses are learnt (Eq. 1)"),
                MethodName::Dpo => format!("{steps} steps of {n} pairs of a preferred and another response"),
                MethodName::Ppo => format!("{steps} steps of {n} queries, each answered once"),
                MethodName::Raft => format!(
                    "{steps} steps of {n} queries, each answered {} times; the best is learnt",
                    e.method.raft().samples
                ),
            }
        }
    };
    out.push(row(style, sign, e.method.name.title(), text));
    out
}

fn model(run: &RunView) -> String {
    let (Some(s), Some(e)) = (&run.started, run.experiment()) else {
        return String::new();
    };
    format!(
        "{}, {} parameters, {} trained",
        e.policy.model,
        thousands(s.parameters as i64),
        thousands(s.trained_parameters as i64)
    )
}

fn sft_chart(run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let loss = run.sft_loss.column(0);
    let planned = run.experiment().map_or(0, |e| e.sft.steps);
    let last = run.sft_loss.steps().last().copied().unwrap_or(0);
    let legend = format!(
        "{} loss {} of a response token ",
        Dash::Solid.sample(),
        loss.last().map_or("–".into(), |v| short(v.into()))
    );
    let inner = panel(frame, area, theme, "SFT", true, vec![Span::styled(legend, theme.truth)]);
    let chart = Chart {
        steps: run.sft_loss.steps(),
        curves: vec![Curve {
            column: loss,
            style: theme.truth,
            dash: Dash::Solid,
            raw: false,
        }],
        span: (
            run.sft_loss.steps().first().copied().unwrap_or(0),
            planned.saturating_sub(1).max(last).max(1),
        ),
        smoothing: Smoothing::Off,
        ..Chart::default()
    };
    chart.draw(inner, frame.buffer_mut(), theme);
}
