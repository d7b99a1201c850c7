//! Where the parts of the screen are; the drawing and the mouse agree on it.

use ratatui::layout::{Constraint, Layout, Rect};

use super::state::State;
use crate::tui::run_view::RunView;

/// From this width on the list stands left of the pair, else above it.
const WIDE: u16 = 100;
/// Lower than this there is no room for the pair being written.
const ROOM_FOR_WRITING: u16 = 18;
/// Lower than this the list has no row for the names of its columns.
const ROOM_FOR_HEADER: u16 = 6;
/// Rows of a text field with its frame.
const FIELD: u16 = 3;

/// The parts of the screen. A part without rows is not drawn.
#[derive(Clone, Copy, Debug)]
pub struct Areas {
    pub writing: Rect,
    /// The list with its title.
    pub list: Rect,
    /// What the columns of the list are.
    pub header: Rect,
    /// The rows of the list alone.
    pub rows: Rect,
    pub pair: Rect,
    pub message: Rect,
    pub field: Rect,
}

impl Areas {
    pub fn of(area: Rect, state: &State, run: &RunView) -> Self {
        let writing = if shows_writing(state, run) && area.height >= ROOM_FOR_WRITING {
            if area.height >= 32 { 7 } else { 4 }
        } else {
            0
        };
        let field = if state.field.is_some() {
            FIELD.min(area.height)
        } else {
            0
        };
        let message = u16::from(state.message.is_some() && area.height > field);
        let [writing, body, message, field] = Layout::vertical([
            Constraint::Length(writing),
            Constraint::Fill(1),
            Constraint::Length(message),
            Constraint::Length(field),
        ])
        .areas(area);
        let [list, pair] = if area.width >= WIDE {
            let list = (area.width * 2 / 5).min(70);
            Layout::horizontal([Constraint::Length(list), Constraint::Fill(1)]).areas(body)
        } else {
            let list = (body.height / 3).clamp(2, 12);
            Layout::vertical([Constraint::Length(list), Constraint::Fill(1)]).areas(body)
        };
        let [_, header, rows] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(u16::from(list.height >= ROOM_FOR_HEADER)),
            Constraint::Fill(1),
        ])
        .areas(list);
        Self {
            writing,
            list,
            header,
            rows,
            pair,
            message,
            field,
        }
    }
}

/// The pair being written is shown while the newest step is followed.
fn shows_writing(state: &State, run: &RunView) -> bool {
    state.browser.follow
        && run.past.is_none()
        && !state.asks.open
        && !run.ended()
        && run.writing.iter().any(Option::is_some)
}
