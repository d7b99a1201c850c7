//! Draws the screen of principles.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::layout::Areas;
use super::state::State;
use crate::config::{MethodName, Numbering, Principle, Principles};
use crate::tui::run_view::RunView;
use crate::tui::screens::live;
use crate::tui::theme::Theme;
use crate::tui::widgets::diff::{Part, inline_spans};
use crate::tui::widgets::panel::panel;
use crate::tui::widgets::scroll::Scroll;
use crate::tui::widgets::sides::{beside, empty, marker};
use crate::tui::widgets::wrap::{clip, fit, wrap};

/// Draws the whole screen.
pub fn view(state: &State, run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    let areas = Areas::of(area, state);
    if let Some(picker) = &state.library {
        picker.draw(state.draft.current(), theme, frame, areas.whole);
        message(state, theme, frame, areas.message);
        return;
    }
    let (text, style) = banner(state, run, theme);
    let text = theme.legend.write(&text);
    frame.render_widget(
        Paragraph::new(Span::styled(clip(&text, usize::from(areas.banner.width)), style)),
        areas.banner,
    );
    list(state, theme, frame, areas);
    prompt(state, theme, frame, areas.prompt);
    versions(state, theme, frame, areas.versions);
    message(state, theme, frame, areas.message);
    if let Some((field, editor)) = &state.field {
        editor.draw(
            frame,
            areas.field,
            &field.title(state.draft.current()),
            field.hint(),
            theme,
        );
    } else if state.deleting {
        let name = state
            .draft
            .current()
            .and_then(|p| p.entries.get(state.cursor))
            .map_or("", |e| e.name.as_str());
        let text = format!("Delete \"{}\"? y: yes   any other key: no", clip(name, 30));
        frame.render_widget(Paragraph::new(Span::styled(text, theme.bad)), areas.field);
    }
}

fn message(state: &State, theme: &Theme, frame: &mut Frame, area: Rect) {
    if let Some(message) = &state.message {
        let style = if message.bad { theme.bad } else { theme.good };
        let text = clip(&theme.legend.write(&message.text), usize::from(area.width));
        frame.render_widget(Paragraph::new(Span::styled(text, style)), area);
    }
}

/// The one line that says how the draft and the run stand to each other.
fn banner(state: &State, run: &RunView, theme: &Theme) -> (String, Style) {
    let Some(version) = state.draft.in_force() else {
        return (String::new(), theme.dim);
    };
    let v = version.version;
    if let Some((step, then)) = state.past {
        let then = state.versions.get(then).map_or(0, |v| v.version);
        let text =
            format!("At step {step} v{then} was in force; the last is v{v}. ⟨live⟩ goes back to the newest step.");
        return (text, theme.mark);
    }
    let why_not = live::why_not(run);
    match (state.draft.differs(), why_not) {
        (false, None) if run.method() != MethodName::Ple => (
            format!(
                "{} learns without principles: v{v} is for your own queries and the effect. ⟨principles-apply⟩ changes that.",
                run.method().title()
            ),
            theme.dim,
        ),
        (false, None) => (
            format!(
                "v{v} acts from step {} on. Changes go into a draft; ⟨principles-apply⟩ applies it.",
                version.from_step
            ),
            theme.dim,
        ),
        (false, Some(why)) => (
            format!("v{v} was the last in force; {why}. ⟨principles-save⟩ saves a copy."),
            theme.dim,
        ),
        (true, _) if state.draft.is_sent() => (
            format!("Sent: the draft takes the place of v{v} when this step has ended."),
            theme.mark,
        ),
        (true, None) => (
            format!(
                "Draft differs from v{v} in force.   ⟨principles-apply⟩: apply from the next step on   ⟨principles-discard⟩: discard"
            ),
            theme.mark,
        ),
        (true, Some(_)) => (
            format!(
                "Draft differs from v{v}.   ⟨principles-save⟩: save it   ⟨principles-discard⟩: discard   (no trainer to apply it)"
            ),
            theme.mark,
        ),
    }
}

fn list(state: &State, theme: &Theme, frame: &mut Frame, areas: Areas) {
    let Some(principles) = state.listed() else {
        let inner = panel(frame, areas.list, theme, "Principles", false, Vec::new());
        empty(
            frame,
            inner,
            "The principles of the run come with its first events.",
            theme,
        );
        return;
    };
    let on = principles.entries.iter().filter(|e| e.on).count();
    let about = format!("{on} of {} on", principles.entries.len());
    panel(frame, areas.list, theme, "Principles", false, beside(about));
    let width = usize::from(areas.rows.width.saturating_sub(1));
    frame.render_widget(Paragraph::new(head(principles, width, theme)), areas.head);
    if principles.entries.is_empty() {
        empty(frame, areas.rows, "None. ⟨principles-add⟩ adds one.", theme);
        return;
    }
    let height = usize::from(areas.rows.height);
    let top = state
        .top
        .show(state.cursor as u64, principles.entries.len() as u64, height as u64);
    let rows = principles
        .entries
        .iter()
        .enumerate()
        .skip(usize::try_from(top).unwrap_or(0))
        .take(height);
    let in_force = state
        .draft
        .in_force()
        .map(|v| &v.principles)
        .filter(|_| state.past.is_none());
    let name_width = principles
        .entries
        .iter()
        .map(|e| Span::raw(e.name.as_str()).width())
        .max()
        .unwrap_or(0)
        .min(20);
    let lines: Vec<Line> = rows
        .map(|(i, entry)| {
            row(
                entry,
                name_width,
                is_changed(entry, in_force),
                i == state.cursor,
                width,
                theme,
            )
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), areas.rows);
}

fn head(principles: &Principles, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let preamble = if principles.preamble.trim().is_empty() {
        "none"
    } else {
        principles.preamble.as_str()
    };
    let numbered = match principles.numbered {
        Numbering::Off => "no".to_string(),
        style => format!("yes: {}.. {}..", style.mark(0), style.mark(1)),
    };
    let (edit, number) = (
        theme.legend.key("principles-preamble"),
        theme.legend.key("principles-numbering"),
    );
    vec![
        Line::styled(clip(&format!("  ({edit}) preamble: {preamble}"), width), theme.dim),
        Line::styled(clip(&format!("  ({number}) numbered: {numbered}"), width), theme.dim),
    ]
}

fn is_changed(entry: &Principle, in_force: Option<&Principles>) -> bool {
    in_force.is_some_and(|p| !p.entries.contains(entry))
}

fn row(entry: &Principle, names: usize, changed: bool, selected: bool, width: usize, theme: &Theme) -> Line<'static> {
    let check = if entry.on { "[x]" } else { "[ ]" };
    let mark = if changed { '*' } else { ' ' };
    let text = format!(
        "{}{check}{mark}{}  {}",
        marker(selected),
        fit(&entry.name, names),
        entry.text
    );
    let style = match (selected, entry.on) {
        (true, _) => theme.selected,
        (false, true) => Style::new(),
        (false, false) => theme.dim,
    };
    Line::styled(fit(&text, width), style)
}

fn prompt(state: &State, theme: &Theme, frame: &mut Frame, area: Rect) {
    let differs = state.draft.differs();
    let then = state.past.and_then(|(_, version)| state.versions.get(version));
    let about = match (then.or(state.draft.in_force()), differs && then.is_none()) {
        (None, _) => Vec::new(),
        (Some(v), true) => beside(format!("draft: [-gone-]{{+new+}} against v{}", v.version)),
        (Some(v), false) => beside(format!("v{}, as the model reads it", v.version)),
    };
    let inner = panel(frame, area, theme, "Prompt for y'", false, about);
    let Some(principles) = state.listed() else {
        return;
    };
    if principles.render().is_none() {
        let text = "No principle is on, so y' is sampled from the plain query: just a second sample of y.";
        empty(frame, inner, text, theme);
        return;
    }
    let mut spans = inline_spans(&state.prompt, theme);
    spans.push(Span::styled(" + the query x", theme.dim));
    text(
        spans,
        &state.prompt_scroll,
        &theme.legend.key("principles-scroll-down"),
        frame,
        inner,
        theme,
    );
}

fn versions(state: &State, theme: &Theme, frame: &mut Frame, area: Rect) {
    let shown = state.shown_version();
    let Some(version) = state.versions.get(shown) else {
        panel(frame, area, theme, "Versions", false, Vec::new());
        return;
    };
    let mut about = Vec::new();
    for (i, v) in state.versions.iter().enumerate() {
        let label = format!("v{} from step {}", v.version, v.from_step);
        match i == shown {
            true => about.push(Span::styled(format!("▸{label}"), theme.title)),
            false if i + 1 == shown || i == shown + 1 => about.push(Span::styled(label, theme.dim)),
            false => continue,
        }
        about.push(Span::raw("  "));
    }
    let inner = panel(frame, area, theme, "Versions", false, about);
    let intro = match shown.checked_sub(1).and_then(|i| state.versions.get(i)) {
        Some(before) => format!(
            "Changed by v{} against v{} (⟨principles-older⟩/⟨principles-newer⟩: other versions):",
            version.version, before.version
        ),
        None if state.versions.len() > 1 => "The first version (⟨principles-newer⟩: the next one):".to_string(),
        None => {
            "The only version so far. Every applied draft becomes the next one, with the step it acts from.".to_string()
        }
    };
    let mut spans = vec![Span::styled(format!("{}\n", theme.legend.write(&intro)), theme.dim)];
    if shown > 0 && state.changes.iter().all(|p| p.part == Part::Same) {
        spans.push(Span::raw("The prompt stayed the same.\n"));
    }
    if state.versions.len() > 1 {
        spans.extend(inline_spans(&state.changes, theme));
    }
    text(spans, &state.changes_scroll, "wheel", frame, inner, theme);
}

/// Wrapped text that scrolls; the last row says how much is below.
fn text(spans: Vec<Span>, scroll: &Scroll, how: &str, frame: &mut Frame, area: Rect, theme: &Theme) {
    let lines = wrap(&spans, usize::from(area.width.saturating_sub(1)));
    let height = usize::from(area.height);
    let first = scroll.show(lines.len(), height);
    let below = lines.len().saturating_sub(first + height);
    let shown = if below > 0 { height.saturating_sub(1) } else { height };
    let mut rows: Vec<Line> = lines.into_iter().skip(first).take(shown).collect();
    if below > 0 {
        rows.push(Line::styled(format!("↓ {} more lines: {how}", below + 1), theme.dim));
    }
    frame.render_widget(Paragraph::new(rows), area);
}
