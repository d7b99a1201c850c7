//! Where the parts of the screen are; the drawing and the mouse agree on it.

use ratatui::layout::{Constraint, Layout, Rect};

use super::state::State;

/// From this width on the list stands left of the prompt, else above it.
const WIDE: u16 = 100;
/// Rows above the list: preamble and numbering.
const HEAD: u16 = 2;

/// The parts of the screen. A part without rows is not drawn.
#[derive(Clone, Copy, Debug)]
pub struct Areas {
    /// What differs from the version in force, and what can be done about it.
    pub banner: Rect,
    /// The list with its title.
    pub list: Rect,
    pub head: Rect,
    /// The rows of the list alone.
    pub rows: Rect,
    pub prompt: Rect,
    pub versions: Rect,
    pub field: Rect,
    pub message: Rect,
    /// Everything above the message, for what lies over the screen.
    pub whole: Rect,
}

impl Areas {
    pub fn of(area: Rect, state: &State) -> Self {
        let field = match (&state.field, state.deleting) {
            (Some((_, editor)), _) => editor.height(area.width, (area.height / 2).max(3)).min(area.height),
            (None, true) => 1.min(area.height),
            (None, false) => 0,
        };
        let message = u16::from(state.message.is_some() && area.height > field);
        let banner = u16::from(area.height > field + message);
        let [banner, body, message, field] = Layout::vertical([
            Constraint::Length(banner),
            Constraint::Fill(1),
            Constraint::Length(message),
            Constraint::Length(field),
        ])
        .areas(area);
        let entries = state.draft.current().map_or(0, |p| p.entries.len());
        let wanted = u16::try_from(entries).unwrap_or(u16::MAX).saturating_add(HEAD + 1);
        let [list, right] = if area.width >= WIDE {
            let list = (area.width * 2 / 5).min(70);
            Layout::horizontal([Constraint::Length(list), Constraint::Fill(1)]).areas(body)
        } else {
            let list = wanted.min((body.height * 2 / 5).max(2));
            Layout::vertical([Constraint::Length(list), Constraint::Fill(1)]).areas(body)
        };
        let [prompt, versions] = Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(right);
        let [_, head, rows] =
            Layout::vertical([Constraint::Length(1), Constraint::Length(HEAD), Constraint::Fill(1)]).areas(list);
        Self {
            banner,
            list,
            head,
            rows,
            prompt,
            versions,
            field,
            message,
            whole: Rect {
                height: banner.height + body.height,
                ..area
            },
        }
    }
}
