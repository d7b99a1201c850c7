//! The question before a view is written: what of it, as what, and where to.

use std::path::PathBuf;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::text::{Line, Span};

use super::action::Effect;
use super::popup::Popup;
use super::state::State;
use super::take::{self, Ground, Part};
use super::theme::Theme;
use crate::report::{Format, NotWritten};

/// What was answered so far.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteForm {
    pub part: Part,
    pub format: Format,
    pub ground: Ground,
    pub path: String,
    /// The name was typed, and is not changed any more.
    typed: bool,
    /// There is a chart to choose.
    has_chart: bool,
    pub error: Option<String>,
    /// The file that there is already: once more writes over it.
    replace: Option<String>,
}

/// Opens it.
pub fn open(state: &mut State) -> Vec<Effect> {
    let has_chart = take::focused(state).is_some();
    let part = if has_chart { Part::Chart } else { Part::Screen };
    state.popup = Some(Popup::Write(WriteForm {
        part,
        format: Format::Svg,
        ground: Ground::default(),
        path: take::file_name(state, part, Format::Svg),
        typed: false,
        has_chart,
        error: None,
        replace: None,
    }));
    vec![]
}

/// A key while it is open.
pub fn key(state: &mut State, event: KeyEvent) -> Vec<Effect> {
    let Some(Popup::Write(mut form)) = state.popup.take() else {
        return vec![];
    };
    form.error = None;
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    let mut effects = vec![];
    match event.code {
        KeyCode::Tab | KeyCode::BackTab if form.has_chart => {
            form.part = match form.part {
                Part::Chart => Part::Screen,
                Part::Screen => Part::Chart,
            };
            form.settle(state);
        }
        KeyCode::Left | KeyCode::Right => {
            let all = form.formats();
            let here = all.iter().position(|f| *f == form.format).unwrap_or(0);
            let by = if event.code == KeyCode::Right { 1 } else { all.len() - 1 };
            form.format = all[(here + by) % all.len()];
            form.settle(state);
        }
        KeyCode::Up | KeyCode::Down if form.part == Part::Screen => {
            form.ground = match form.ground {
                Ground::Dark => Ground::Light,
                Ground::Light => Ground::Dark,
            };
        }
        KeyCode::Char('u') if control => (form.path, form.typed) = (String::new(), true),
        KeyCode::Char(c) if !control && !c.is_control() => {
            form.path.push(c);
            form.typed = true;
        }
        KeyCode::Backspace => {
            form.path.pop();
            form.typed = true;
        }
        KeyCode::Enter => effects = form.write(state),
        _ => {}
    }
    state.popup = Some(Popup::Write(form));
    effects
}

/// What became of the file.
pub fn written(state: &mut State, outcome: Result<(PathBuf, usize), NotWritten>) {
    match outcome {
        Ok((path, bytes)) => {
            if matches!(state.popup, Some(Popup::Write(_))) {
                state.popup = None;
            }
            state.say(format!("wrote {} ({})", path.display(), take::size(bytes)));
        }
        Err(why) => {
            let Some(Popup::Write(form)) = &mut state.popup else {
                return state.refuse(match why {
                    NotWritten::Exists => "not written: there is such a file already".to_string(),
                    NotWritten::Failed(why) => format!("not written: {why}"),
                });
            };
            form.error = Some(match why {
                NotWritten::Exists => {
                    form.replace = Some(form.path.clone());
                    "This file exists. Enter writes over it, or change its name.".to_string()
                }
                NotWritten::Failed(why) => format!("Not written: {why}"),
            });
        }
    }
}

impl WriteForm {
    fn formats(&self) -> &'static [Format] {
        match self.part {
            Part::Chart => &Format::ALL,
            // A screen has no numbers of its own.
            Part::Screen => &Format::ALL[..2],
        }
    }

    /// After a choice: a format that there is, and the name that goes with it.
    fn settle(&mut self, state: &State) {
        if !self.formats().contains(&self.format) {
            self.format = Format::Svg;
        }
        if !self.typed {
            self.path = take::file_name(state, self.part, self.format);
        }
    }

    fn write(&mut self, state: &State) -> Vec<Effect> {
        let path = self.path.trim().to_string();
        if path.is_empty() {
            self.error = Some("A name is needed.".into());
            return vec![];
        }
        let Some(view) = take::view_of(state, self.part, self.format, self.ground) else {
            self.error = Some("There is no chart any more; Tab takes the screen.".into());
            return vec![];
        };
        let replace = self.replace.as_ref() == Some(&self.path);
        vec![Effect::WriteView {
            path: PathBuf::from(path),
            view: Box::new(view),
            format: self.format,
            replace,
        }]
    }

    /// The lines of the popup.
    pub fn lines(&self, theme: &Theme) -> Vec<Line<'static>> {
        let choice = |name: &str, options: Vec<(&'static str, bool)>, hint: &str| {
            let mut spans = vec![Span::styled(format!("{name:<8}"), theme.dim)];
            for (option, on) in options {
                let style = if on { theme.selected } else { Default::default() };
                spans.push(Span::styled(format!(" {option} "), style));
            }
            spans.push(Span::styled(format!("   {hint}"), theme.dim));
            Line::from(spans)
        };
        let mut lines = Vec::new();
        if self.has_chart {
            let part = |p| self.part == p;
            let options = vec![("the chart", part(Part::Chart)), ("the screen", part(Part::Screen))];
            lines.push(choice("what", options, "Tab"));
        }
        let formats = self.formats().iter();
        let options = formats.map(|f| (f.extension(), *f == self.format)).collect();
        lines.push(choice("as", options, "← →"));
        if self.part == Part::Screen {
            let ground = |g| self.ground == g;
            let options = vec![("dark", ground(Ground::Dark)), ("light", ground(Ground::Light))];
            lines.push(choice("on", options, "↑ ↓"));
        }
        lines.push(Line::from(vec![
            Span::styled(format!("{:<8}", "to"), theme.dim),
            Span::raw(format!(" {}", self.path)),
            Span::styled(" ", theme.selected),
        ]));
        lines.push(match &self.error {
            Some(error) => Line::styled(error.clone(), theme.bad),
            None => Line::styled("A path is from the folder in which ple was started.", theme.dim),
        });
        lines.push(Line::default());
        lines
    }
}
