//! A short walk over the parts of the screen, for who sees it for the first time; repeated from the help or the palette.

use ratatui::{
    Frame,
    crossterm::event::{KeyCode, KeyEvent},
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
    widgets::{Block, BorderType, Clear, Padding, Paragraph},
};

use super::action::Effect;
use super::legend::Legend;
use super::popup::Popup;
use super::run_view::RunView;
use super::state::State;
use super::view;
use super::widgets::wrap::wrap_text;
use crate::config::MethodName;

/// A part of the screen that a card is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Tabs,
    Run,
    Body,
    Footer,
}

struct Card {
    title: &'static str,
    part: Part,
    text: String,
}

/// How many cards there are.
pub const CARDS: usize = 6;

fn cards(legend: Legend, run: &RunView) -> [Card; CARDS] {
    let key = |name: &str| legend.key(name);
    let card = |title, part, text: String| Card { title, part, text };
    let of_rows = run.fit_experiment().is_some();
    let (screens, last) = match of_rows {
        true => (
            "how the training goes, single rows, and all runs there are",
            "principles",
        ),
        false => (
            "the numbers, what the model says, the principles it is aligned with, the same queries over time, what each \
             principle does, and all runs there are",
            "runs",
        ),
    };
    let training = match of_rows {
        true => "Training shows whether the model learns more than its rows by heart: the loss falls on rows it is not trained \
                 on, too."
            .to_string(),
        false if run.method() == MethodName::Ple => {
            "Training shows that the model learns to say without the principles (s) what it says under them (s\u{2032}): \
             the gap between the two curves closes. What the words and signs mean stands in the help."
                .to_string()
        }
        false => "Training shows the reward of what the model answers (s), and beside it what this method goes by. What the \
                  words and signs mean stands in the help."
            .to_string(),
    };
    let steering = match of_rows {
        true => format!(
            "{} pauses, {} runs one step, {} sets the learning rate. Every change is marked in the charts and kept in the run.",
            key("pause"),
            key("step"),
            key("set-learning-rate")
        ),
        false if run.method() == MethodName::Ple => format!(
            "Nothing is fixed while it trains: {} pauses, {} runs one step, {} sets tau, and principles can be changed \
             on their screen. Every change is marked in the charts and kept in the run.",
            key("pause"),
            key("step"),
            key("set-tau")
        ),
        false => format!(
            "Nothing is fixed while it trains: {} pauses, {} runs one step, {} sets the learning rate. Every change is marked \
             in the charts and kept in the run.",
            key("pause"),
            key("step"),
            key("set-learning-rate")
        ),
    };
    [
        card(
            "Screens",
            Part::Tabs,
            format!(
                "One run, looked at from several sides: {screens}. {} to {}, or {}.",
                key("dashboard"),
                key(last),
                key("next-screen")
            ),
        ),
        card(
            "The run",
            Part::Run,
            "Its name, the method, and whether it runs as the paper prints it or as a variant; then how far it is. Right \
             of the screens stands whether it trains, is paused, or has ended."
                .into(),
        ),
        card("This screen", Part::Body, training),
        card("Steering", Part::Body, steering),
        card(
            "Keys",
            Part::Footer,
            format!(
                "The keys of this screen; {} shows all of them. Alarms stand above this row and say what would help.",
                key("help")
            ),
        ),
        card(
            "Leaving",
            Part::Footer,
            format!(
                "{} leaves, and asks first where steps would be lost. Everything is on disk: ple open shows a run again, ple \
                 resume goes on with it. This tour is repeated from the help.",
                key("quit")
            ),
        ),
    ]
}

/// A key while the tour is open.
pub fn key(state: &mut State, card: usize, event: KeyEvent) -> Vec<Effect> {
    let to = match event.code {
        KeyCode::Enter | KeyCode::Right | KeyCode::Char(' ' | 'l' | 'n' | 'j') | KeyCode::Down | KeyCode::PageDown => {
            card + 1
        }
        KeyCode::Left | KeyCode::Char('h' | 'b' | 'k') | KeyCode::Up | KeyCode::PageUp | KeyCode::Backspace => {
            card.saturating_sub(1)
        }
        KeyCode::Esc | KeyCode::Char('q') => CARDS,
        _ => card,
    };
    if to < CARDS {
        state.popup = Some(Popup::Tour(to));
        return vec![];
    }
    state.popup = None;
    vec![Effect::Toured]
}

/// Draws a card beside the part that it is about, and takes the light from the rest.
pub fn view(card: usize, state: &State, frame: &mut Frame) {
    let all = cards(state.theme.legend, &state.run);
    let Some(it) = all.get(card) else { return };
    let (screen, theme) = (frame.area(), &state.theme);
    let body = state_body(state, screen);
    let part = match it.part {
        Part::Tabs => Rect { height: 1, ..screen },
        Part::Run => Rect {
            y: screen.y + 1,
            height: body.y.saturating_sub(screen.y + 1),
            ..screen
        },
        Part::Body => body,
        Part::Footer => Rect {
            y: screen.bottom().saturating_sub(1),
            height: 1,
            ..screen
        },
    };
    let width = screen.width.saturating_sub(4).min(64);
    let text = wrap_text(
        &it.text,
        ratatui::style::Style::new(),
        usize::from(width.saturating_sub(6)),
    );
    let height = (text.len() as u16 + 4).min(screen.height);
    let y = match it.part {
        Part::Tabs | Part::Run => part.bottom() + 1,
        Part::Body => part.y + part.height.saturating_sub(height) / 2,
        Part::Footer => part.y.saturating_sub(height + 1),
    };
    let area = Rect {
        x: screen.x + (screen.width - width) / 2,
        y: y.min(screen.bottom().saturating_sub(height)),
        width,
        height,
    };
    let buffer = frame.buffer_mut();
    for at in screen.positions().filter(|at| !part.contains(*at)) {
        if let Some(cell) = buffer.cell_mut(at) {
            cell.modifier.remove(Modifier::BOLD | Modifier::REVERSED);
            cell.modifier.insert(Modifier::DIM);
        }
    }
    let arrow = match it.part {
        Part::Tabs | Part::Run => " ▲",
        Part::Footer => " ▼",
        Part::Body => "",
    };
    let mut lines = text;
    lines.push(Line::default());
    let next = if card + 1 == CARDS { "done" } else { "next" };
    lines.push(Line::from(vec![
        Span::styled("[Enter]", theme.key),
        Span::raw(format!(" {next}   ")),
        Span::styled("[←]", theme.key),
        Span::raw(" back   "),
        Span::styled("[Esc]", theme.key),
        Span::raw(" leave the tour"),
    ]));
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.border_focus)
        .title(Span::styled(format!(" {}{arrow} ", it.title), theme.title))
        .title_bottom(Line::styled(format!(" {} of {CARDS} ", card + 1), theme.dim).right_aligned())
        .padding(Padding::horizontal(2));
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn state_body(state: &State, screen: Rect) -> Rect {
    view::body(screen, state)
}
