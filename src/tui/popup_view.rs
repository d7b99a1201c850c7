//! Draws what lies over a screen.

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::{Block, BorderType, Clear, Padding, Paragraph},
};
use unicode_width::UnicodeWidthStr;

use super::action::Screen;
use super::keymap::Binding;
use super::popup::{Popup, Prompt};
use super::run_view::RunView;
use super::state::State;
use super::theme::Theme;
use super::widgets::wrap::wrap_text;
use super::words;

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
pub fn help_overflow(state: &State) -> u16 {
    overflow(help_lines(state, state.size.0).0.len(), state.size.1)
}

/// How far the help is scrolled where its part on words begins.
pub fn help_words(state: &State) -> u16 {
    help_lines(state, state.size.0).1
}

/// Rows of a popup that do not fit into a screen of this height.
fn overflow(rows: usize, height: u16) -> u16 {
    (rows as u16).saturating_sub(height.saturating_sub(4))
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
    let (lines, words) = help_lines(state, frame.area().width);
    let more = (lines.len() as u16).saturating_sub(frame.area().height.saturating_sub(4));
    let foot = match (more > 0, words > 0) {
        (true, true) => "j k scroll · w what the words mean · t tour · Esc close",
        (true, false) => "j k scroll · t tour · Esc close",
        _ => "t tour · Esc close",
    };
    let lines = lines.into_iter().skip(usize::from(scroll.min(more))).collect();
    boxed("Keys and words", lines, Some(foot), &state.theme, frame);
}

/// Columns in front of what a key does.
const INDENT: usize = 17;

/// The rows of the key table for the screens of a run, grouped by where they act: what acts here first, since it is what
/// was asked for, then what the words here mean. With the place of those; 0 where there are none.
fn help_lines(state: &State, width: u16) -> (Vec<Line<'static>>, u16) {
    let (table, here, theme) = (&state.table, state.screen, &state.theme);
    let screens = Screen::of(&state.run);
    let others = screens.iter().copied().filter(|s| *s != here).map(Some);
    let places = [Some(here), None].into_iter().chain(others);
    let mut lines: Vec<Line> = Vec::new();
    let mut words = 0;
    // The frame and its padding take six columns.
    let room = usize::from(width).saturating_sub(INDENT + 6).max(20);
    let row = |lines: &mut Vec<Line<'static>>, name: String, style, text: &str| {
        for (i, line) in wrap_text(text, Style::new(), room).into_iter().enumerate() {
            let name = if i == 0 { name.as_str() } else { "" };
            let pad = " ".repeat(15usize.saturating_sub(name.width()));
            let mut spans = vec![Span::styled(format!("  {name}{pad}"), style)];
            spans.extend(line.spans);
            lines.push(Line::from(spans));
        }
    };
    for place in places {
        let rows: Vec<&Binding> = table.iter().filter(|row| row.screen == place).collect();
        if rows.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(place.map_or("Everywhere", Screen::title), theme.title));
        for binding in rows {
            let mut keys: Vec<String> = binding.keys.iter().map(|k| k.label()).collect();
            if keys.is_empty() {
                keys.push(format!(":{}", binding.name));
            }
            row(&mut lines, keys.join(" "), theme.key, binding.help);
        }
        let of_here = words::of(here, &state.run);
        if place == Some(here) && !of_here.is_empty() {
            lines.push(Line::default());
            words = lines.len() as u16;
            lines.push(Line::styled("What the words mean", theme.title));
            for word in of_here {
                row(&mut lines, word.word.to_string(), theme.key, word.meaning);
            }
        }
    }
    (lines, words)
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
