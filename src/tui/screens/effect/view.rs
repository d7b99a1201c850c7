//! Draws the screen of principle effects.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::layout::Areas;
use super::plot::{Across, Dot};
use super::state::{Score, State};
use crate::train::{ArmRecord, EffectRecord, Estimate, Measuring, PrincipleEffect, Verdict};
use crate::tui::run_view::RunView;
use crate::tui::screens::live::{self, signed};
use crate::tui::theme::{Markers, Theme};
use crate::tui::widgets::panel::panel;
use crate::tui::widgets::sides::{beside, empty, marker};
use crate::tui::widgets::wrap::{clip, fit, wrap_text};

/// Columns right of the plot: a number, a sign, "no clear effect".
const SAYS: usize = 25;
/// From this width on the head says what the next measurement asks.
const ROOM_FOR_NEXT: u16 = 100;
/// Columns of the tokens.
const TOKENS: usize = 6;

/// Draws the whole screen.
pub fn view(state: &State, run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let areas = Areas::of(area, state, run);
    let Some(record) = state.shown(run) else {
        let inner = panel(frame, area, theme, "Principle effect", false, beside(plan(state)));
        let said = said(state, run, theme);
        let rows = said.len() as u16;
        frame.render_widget(Paragraph::new(said), inner);
        let below = Rect {
            y: inner.y + rows.min(inner.height),
            height: inner.height.saturating_sub(rows),
            ..inner
        };
        empty(frame, below, &nothing(state, run), theme);
        return;
    };
    head(state, run, record, theme, frame, areas.head);
    chart(state, run, record, theme, frame, &areas);
    detail(state, run, record, theme, frame, areas.detail);
}

fn plan(state: &State) -> String {
    format!(
        "next asks {} (⟨effect-more-queries⟩ ⟨effect-fewer-queries⟩)",
        state.queries
    )
}

/// Why there is nothing to see, and how to get it.
fn nothing(state: &State, run: &RunView) -> String {
    let what = "what each principle adds to the guided reward beside the others and alone, on held-out queries, and \
                which of them earn the tokens they cost in the prompt";
    if live::why_no_answer(run).is_some() {
        let name = run.started.as_ref().map_or("RUN", |s| s.run.as_str());
        return format!(
            "Nothing was measured in this run. `ple principles effect {name}` measures its last checkpoint: {what}."
        );
    }
    if state.asked || run.measuring.is_some() {
        return format!("What comes: {what}.");
    }
    format!(
        "Nothing measured yet. ⟨effect-measure⟩ measures with the policy as it is now: {what}. Training waits meanwhile, usually for \
         some seconds; ⟨effect-cancel⟩ cancels. What is measured is kept with the run."
    )
}

/// What goes on, in one row; none when nothing is to be said.
fn said(state: &State, run: &RunView, theme: &Theme) -> Vec<Line<'static>> {
    if let Some(m) = &run.measuring {
        return vec![progress(m, run.ended(), theme)];
    }
    if let Some(message) = &state.message {
        let style = if message.bad { theme.bad } else { theme.good };
        return vec![Line::styled(format!(" {}", theme.legend.write(&message.text)), style)];
    }
    if state.asked {
        let text = " Asked for: it begins when the present step has ended (⟨effect-cancel⟩: cancel).";
        return vec![Line::styled(theme.legend.write(text).into_owned(), theme.mark)];
    }
    Vec::new()
}

fn progress(m: &Measuring, ended: bool, theme: &Theme) -> Line<'static> {
    const WIDE: usize = 16;
    let waits = if ended { "" } else { "; training waits" };
    let done = m.done * WIDE / m.total.max(1);
    let (full, rest) = match theme.markers {
        Markers::Ascii => ("#", "-"),
        _ => ("━", "─"),
    };
    Line::from(vec![
        Span::styled(" Measuring ".to_string(), theme.mark),
        Span::styled(full.repeat(done.min(WIDE)), theme.good),
        Span::styled(rest.repeat(WIDE - done.min(WIDE)), theme.dim),
        Span::styled(
            format!(
                " {}/{} responses{waits} ({}: cancel)",
                m.done,
                m.total,
                theme.legend.key("effect-cancel")
            ),
            theme.mark,
        ),
    ])
}

fn head(state: &State, run: &RunView, record: &EffectRecord, theme: &Theme, frame: &mut Frame, area: Rect) {
    let (at, count) = (state.shown_at(run) + 1, run.effects.len());
    let which = if count > 1 {
        format!(" · {at} of {count} (⟨effect-earlier⟩/⟨effect-later⟩)")
    } else {
        String::new()
    };
    let newer = run.principles.last().filter(|v| v.version > record.version);
    let old = newer.map_or(String::new(), |v| format!(", v{} is in force", v.version));
    let next = if area.width >= ROOM_FOR_NEXT {
        format!(" · {}", plan(state))
    } else {
        String::new()
    };
    let about = format!(
        "v{}{old} · after step {} · {} queries{which}{next}",
        record.version, record.step, record.queries
    );
    let inner = panel(frame, area, theme, "Principle effect", false, beside(about));
    let on = record.principles.iter().filter(|p| p.on).count();
    let mut lines = vec![
        end("no principle", &record.none, theme.original),
        end(&format!("all {on} on"), &record.all, theme.guided),
    ];
    let said = said(state, run, theme);
    match said.is_empty() {
        true => lines.push(Line::styled(format!(" {}", counts(record)), theme.title)),
        false => lines.extend(said),
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

/// One end of what is compared: " no principle      reward +0.39 [-0.10, +0.80]  truth ...".
fn end(name: &str, arm: &ArmRecord, style: Style) -> Line<'static> {
    let truth = arm
        .truth
        .map_or(String::new(), |t| format!("  truth {}", signed(t.mean)));
    let tokens = match arm.prompt_tokens {
        0 => String::new(),
        n => format!("  +{n} tokens"),
    };
    Line::from(vec![
        Span::styled(format!(" {:13}", clip(name, 12)), style),
        Span::raw(format!(
            "reward {} {}{truth}  length {:.0}{tokens}",
            signed(arm.reward.mean),
            interval(&arm.reward),
            arm.length
        )),
    ])
}

fn interval(e: &Estimate) -> String {
    format!("[{}, {}]", signed(e.low), signed(e.high))
}

/// "earns: 1 (21 tokens) · no clear effect: 2 (27 tokens, 1 helps alone)"
fn counts(record: &EffectRecord) -> String {
    let count = |verdict: Verdict| {
        let of: Vec<&PrincipleEffect> = record.principles.iter().filter(|p| p.verdict == verdict).collect();
        let tokens: usize = of.iter().map(|p| p.tokens).sum();
        let covered = match of.iter().filter(|p| p.works_alone()).count() {
            0 => String::new(),
            n => format!(", {n} helps alone"),
        };
        (!of.is_empty()).then(|| format!("{}: {} ({tokens} tokens{covered})", verdict.words(), of.len()))
    };
    let verdicts = [Verdict::Earns, Verdict::NoClearEffect, Verdict::Hurts, Verdict::TooFew];
    let parts: Vec<String> = verdicts.into_iter().filter_map(count).collect();
    if parts.is_empty() {
        return "The set has no principle.".into();
    }
    parts.join(" · ")
}

fn sign(verdict: Verdict, markers: Markers) -> char {
    match (verdict, markers) {
        (Verdict::Earns, Markers::Ascii) => '^',
        (Verdict::Hurts, Markers::Ascii) => 'v',
        (_, Markers::Ascii) => '.',
        (Verdict::Earns, _) => '▲',
        (Verdict::Hurts, _) => '▼',
        (..) => '·',
    }
}

fn style(verdict: Verdict, theme: &Theme) -> Style {
    match verdict {
        Verdict::Earns => theme.good,
        Verdict::Hurts => theme.bad,
        Verdict::NoClearEffect | Verdict::TooFew => Style::new(),
    }
}

fn chart(state: &State, run: &RunView, record: &EffectRecord, theme: &Theme, frame: &mut Frame, areas: &Areas) {
    let rows = state.rows(run);
    let (solid, open, ends) = match theme.markers {
        Markers::Ascii => ("*", "o", "[]"),
        _ => ("●", "○", "├┤"),
    };
    let score = if record.none.truth.is_some() {
        state.score
    } else {
        Score::Reward
    };
    let title = format!("What each adds to {}", score.word());
    let order = if state.as_written {
        "as in the prompt (⟨effect-order⟩)"
    } else {
        "by effect (⟨effect-order⟩)"
    };
    let alone = if areas.lines > 1 {
        format!("{open} alone  ")
    } else {
        String::new()
    };
    let about = format!("{solid} beside others  {alone}{ends} 95%  {order}");
    let inner = panel(frame, areas.chart, theme, &title, false, beside(about));
    let width = usize::from(inner.width);
    let widest = rows.iter().map(|p| Span::raw(label(p)).width()).max().unwrap_or(0);
    let names = widest.clamp(5, (width / 4).clamp(5, 28));
    let room = width.saturating_sub(2 + names + TOKENS + 1 + SAYS);
    let shown = |p: &PrincipleEffect| {
        let alone = (areas.lines > 1).then(|| score.of(&p.adds_alone));
        [Some(score.of(&p.adds)), alone]
    };
    let across = Across::of(rows.iter().flat_map(|p| shown(p)).flatten(), room);
    let axis = format!("{}{:>TOKENS$} {}", fit("", 2 + names), "tokens", across.axis());
    frame.render_widget(
        Paragraph::new(Line::styled(axis, theme.dim)),
        Rect {
            height: 1.min(inner.height),
            ..inner
        },
    );
    let fits = u64::from(areas.rows.height / areas.lines);
    let top = state.top.show(state.cursor as u64, rows.len() as u64, fits);
    let mut lines = Vec::new();
    for (i, p) in rows
        .iter()
        .enumerate()
        .skip(usize::try_from(top).unwrap_or(0))
        .take(fits as usize)
    {
        let selected = i == state.cursor;
        let adds = score.of(&p.adds);
        let plot = across.row(&adds, Dot::Beside, theme.markers);
        let name_style = if selected { theme.selected } else { Style::new() };
        // The verdict is about the reward: beside truth only the number is said.
        let said = match score {
            Score::Reward => format!("{} {}", sign(p.verdict, theme.markers), p.verdict.words()),
            Score::Truth => interval(&adds),
        };
        lines.push(Line::from(vec![
            Span::styled(format!("{}{}", marker(selected), fit(&label(p), names)), name_style),
            Span::raw(format!("{:>TOKENS$} ", p.tokens)),
            Span::styled(plot, style(p.verdict, theme)),
            Span::raw(format!(" {:>6} ", signed(adds.mean))),
            Span::styled(said, style(p.verdict, theme)),
        ]));
        if areas.lines > 1 {
            let alone = score.of(&p.adds_alone);
            lines.push(Line::styled(
                format!(
                    "{}{:TOKENS$} {} {:>6} alone",
                    fit("", 2 + names),
                    "",
                    across.row(&alone, Dot::Alone, theme.markers),
                    signed(alone.mean)
                ),
                theme.dim,
            ));
        }
    }
    frame.render_widget(
        Paragraph::new(lines),
        Rect {
            width: inner.width,
            ..areas.rows
        },
    );
}

fn label(p: &PrincipleEffect) -> String {
    let off = if p.on { "" } else { " (off)" };
    format!("{}{off}", p.name)
}

fn detail(state: &State, run: &RunView, record: &EffectRecord, theme: &Theme, frame: &mut Frame, area: Rect) {
    let rows = state.rows(run);
    let Some(p) = rows.get(state.cursor) else {
        panel(frame, area, theme, "Principle", false, Vec::new());
        return;
    };
    let per_token = p.adds.reward.mean / p.tokens.max(1) as f64;
    let about = format!("{} tokens, {per_token:+.3} reward a token", p.tokens);
    let inner = panel(frame, area, theme, &label(p), false, beside(about));
    let width = usize::from(inner.width.saturating_sub(1));
    let mut lines = vec![Line::styled(
        clip(&format!(" {}", sentence(p)), width),
        style(p.verdict, theme),
    )];
    let (other, others) = if p.on {
        ("left out", "with all")
    } else {
        ("added", "as it is")
    };
    for (name, arm) in [
        (others, &record.all),
        (other, &p.other),
        ("alone", &p.alone),
        ("none", &record.none),
    ] {
        lines.push(Line::raw(clip(&numbers(name, arm), width)));
    }
    let text = wrap_text(&p.text, theme.dim, width.saturating_sub(1));
    let text = text.into_iter().map(|mut line| {
        line.spans.insert(0, Span::raw(" "));
        line
    });
    lines.extend(text);
    frame.render_widget(Paragraph::new(lines), inner);
}

fn numbers(name: &str, arm: &ArmRecord) -> String {
    let truth = arm.truth.map_or(String::new(), |t| {
        format!("  truth {} {}", signed(t.mean), interval(&t))
    });
    format!(
        " {name:9} reward {} {}{truth}  length {:.0}",
        signed(arm.reward.mean),
        interval(&arm.reward),
        arm.length
    )
}

/// What the two intervals say together.
fn sentence(p: &PrincipleEffect) -> String {
    let alone = p.adds_alone.reward;
    let together = match p.verdict {
        Verdict::TooFew => return "Too few queries to say: + asks more the next time.".into(),
        Verdict::Earns => "Earns its tokens: the reward is higher with it",
        Verdict::Hurts => "Hurts: the reward is lower with it",
        Verdict::NoClearEffect if p.works_alone() => {
            return "No clear effect beside the others, though alone it raises the reward.".into();
        }
        Verdict::NoClearEffect => "No clear effect beside the others",
    };
    let alone = match () {
        () if alone.low > 0.0 => "alone it raises it too",
        () if alone.high < 0.0 => "alone it lowers the reward",
        () => "alone it has no clear effect",
    };
    format!("{together}; {alone}.")
}
