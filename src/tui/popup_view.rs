//! Draws what lies over a screen.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, BorderType, Clear, Padding, Paragraph},
};

use super::action::Screen;
use super::keymap::Binding;
use super::popup::{Popup, Prompt};
use super::run_view::RunView;
use super::state::State;
use super::theme::Theme;

/// Draws a popup in the middle of the screen.
pub fn view(popup: &Popup, state: &State, frame: &mut Frame) {
    let (run, theme) = (&state.run, &state.theme);
    match popup {
        Popup::Help { scroll } => help(*scroll, state, frame),
        Popup::Number(prompt) => number(prompt, run, theme, frame),
        Popup::Write(form) => {
            let mut lines = form.lines(theme);
            lines.push(answers(
                theme,
                &[("Enter", "write it".into()), ("Esc", "leave it".into())],
            ));
            boxed("Write this view", lines, None, theme, frame);
        }
        Popup::Log(up) => super::log::view(*up, state, frame),
        Popup::Changed(changed) => super::changed::view(changed, theme, frame),
        Popup::Palette(palette) => super::palette::view(palette, state, frame),
        Popup::Sent(sent) => super::sent_view::view(sent, theme, frame),
        Popup::Tour(card) => super::tour::view(*card, state, frame),
        Popup::Inside(inside) => super::inside_view::view(inside, run, theme, frame),
        Popup::Quit => {
            let lost = run.unsaved_steps();
            let steps = if lost == 1 {
                "1 step is".into()
            } else {
                format!("{lost} steps are")
            };
            let lines = vec![
                Line::from(format!("{steps} in no checkpoint yet.")),
                Line::default(),
                answers(theme, &[("s", "save a checkpoint and quit".into())]),
                answers(theme, &[("q", format!("quit, lose {}", count(lost, "step")))]),
                answers(theme, &[("Esc", "stay".into())]),
            ];
            boxed("Quit?", lines, None, theme, frame);
        }
        Popup::Stop => {
            let lines = vec![
                Line::from("Training ends after this step, with a checkpoint."),
                Line::from("ple resume goes on from there another time."),
                Line::default(),
                answers(theme, &[("y", "stop".into()), ("Esc", "go on".into())]),
            ];
            boxed("Stop for good?", lines, None, theme, frame);
        }
    }
}

/// Rows of the help that do not fit.
pub fn help_overflow(table: &[Binding], screens: &[Screen], size: (u16, u16)) -> u16 {
    let rows = help_lines(table, screens, screens[0], &Theme::color()).len() as u16;
    rows.saturating_sub(size.1.saturating_sub(4))
}

fn number(prompt: &Prompt, run: &RunView, theme: &Theme, frame: &mut Frame) {
    let below = match &prompt.error {
        Some(error) => Line::styled(error.clone(), theme.bad),
        None => Line::styled(prompt.range(), theme.dim),
    };
    let lines = vec![
        Line::from(prompt.present(run)),
        Line::default(),
        Line::from(vec![
            Span::styled("> ", theme.key),
            Span::raw(prompt.text.clone()),
            Span::styled(" ", theme.selected),
        ]),
        below,
        Line::default(),
        answers(
            theme,
            &[
                ("Enter", "use it from the next step on".into()),
                ("Esc", "leave it".into()),
            ],
        ),
    ];
    boxed(prompt.title(), lines, None, theme, frame);
}

fn help(scroll: u16, state: &State, frame: &mut Frame) {
    let lines = help_lines(&state.table, Screen::of(&state.run), state.screen, &state.theme);
    let size = frame.area();
    let more = help_overflow(&state.table, Screen::of(&state.run), (size.width, size.height));
    let foot = if more > 0 {
        "j k scroll · t tour · Esc close"
    } else {
        "t tour · Esc close"
    };
    let lines = lines.into_iter().skip(usize::from(scroll.min(more))).collect();
    boxed("Keys", lines, Some(foot), &state.theme, frame);
}

/// The rows of the key table for the screens of a run, grouped by where they act: what acts here first, since it is what
/// was asked for.
fn help_lines(table: &[Binding], screens: &[Screen], here: Screen, theme: &Theme) -> Vec<Line<'static>> {
    let others = screens.iter().copied().filter(|s| *s != here).map(Some);
    let places = [Some(here), None].into_iter().chain(others);
    let mut lines = Vec::new();
    for place in places {
        let rows: Vec<&Binding> = table.iter().filter(|row| row.screen == place).collect();
        if rows.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(place.map_or("Everywhere", Screen::title), theme.title));
        for row in rows {
            let mut keys: Vec<String> = row.keys.iter().map(|k| k.label()).collect();
            if keys.is_empty() {
                keys.push(format!(":{}", row.name));
            }
            lines.push(Line::from(vec![
                Span::styled(format!("  {:<14}", keys.join(" ")), theme.key),
                Span::raw(row.help),
            ]));
        }
    }
    lines
}

pub(super) fn answers(theme: &Theme, rows: &[(&'static str, String)]) -> Line<'static> {
    let mut spans = Vec::new();
    for (key, text) in rows {
        spans.push(Span::styled(format!("[{key}]"), theme.key));
        spans.push(Span::raw(format!(" {text}   ")));
    }
    Line::from(spans)
}

fn count(n: u32, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}

/// A box in the middle of the screen.
pub(super) fn boxed(title: &str, lines: Vec<Line<'static>>, foot: Option<&str>, theme: &Theme, frame: &mut Frame) {
    let screen = frame.area();
    let widest = lines
        .iter()
        .map(Line::width)
        .max()
        .unwrap_or(0)
        .max(title.chars().count() + 2);
    let width = (widest as u16).saturating_add(6).min(screen.width);
    let height = (lines.len() as u16)
        .saturating_add(2)
        .min(screen.height.saturating_sub(2).max(1))
        .min(screen.height);
    let area = Rect {
        x: (screen.width - width) / 2,
        y: (screen.height - height) / 2,
        width,
        height,
    };
    let mut block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.border_focus)
        .title(Span::styled(format!(" {title} "), theme.title))
        .padding(Padding::horizontal(2));
    if let Some(foot) = foot {
        block = block.title_bottom(Line::styled(format!(" {foot} "), theme.dim).right_aligned());
    }
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}
