//! The mouse on the charts: a click or a drag sets the cursor, the wheel zooms at the pointer, the right button selects
//! a stretch, and the axis below a chart (or the middle button) is pulled to other steps.

use ratatui::crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::{Panel, State, Window, charts, layout};
use crate::tui::run_view::RunView;
use crate::tui::theme::Theme;
use crate::tui::time;
use crate::tui::widgets::chart::Place;

/// What a held button does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Drag {
    Cursor,
    /// The step that was taken hold of stays under the pointer.
    Pan(u32),
    /// From the step where the button went down to where the pointer is.
    Select(u32, u32),
}

impl State {
    /// Does what the mouse asks for. Gives where the cursor over the steps is to go.
    pub fn mouse(&mut self, event: MouseEvent, area: Rect, run: &RunView) -> Option<time::Action> {
        let at = Position::new(event.column, event.row);
        let panels = layout::panels(area, self.zoomed.then_some(self.focus));
        let under = panels.iter().find(|(_, r)| r.contains(at)).copied();
        let shift = event.modifiers.contains(KeyModifiers::SHIFT);
        match event.kind {
            MouseEventKind::Up(_) => return self.let_go(run),
            MouseEventKind::Drag(_) => {
                let rect = panels.iter().find(|(p, _)| *p == self.focus)?.1;
                return self.drag(at, self.place(self.focus, rect, run)?, run);
            }
            _ => {}
        }
        let (panel, rect) = under?;
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) if panel == self.focus && at.y == rect.y => {
                self.zoomed = !self.zoomed;
            }
            MouseEventKind::Down(button) => {
                self.focus = panel;
                let place = self.place(panel, rect, run)?;
                let step = place.step(at.x);
                let on_axis = place.axis == Some(at.y);
                self.drag = match button {
                    MouseButton::Left if on_axis => Some(Drag::Pan(step)),
                    MouseButton::Middle => Some(Drag::Pan(step)),
                    MouseButton::Right => Some(Drag::Select(step, step)),
                    MouseButton::Left if place.plot.contains(at) => {
                        self.drag = Some(Drag::Cursor);
                        return Some(time::Action::To(step));
                    }
                    MouseButton::Left => None,
                };
            }
            MouseEventKind::ScrollUp | MouseEventKind::ScrollDown if shift => {
                let by = if event.kind == MouseEventKind::ScrollUp {
                    -0.1
                } else {
                    0.1
                };
                self.window = self.window.moved(run, by);
            }
            MouseEventKind::ScrollUp | MouseEventKind::ScrollDown => {
                let by = if event.kind == MouseEventKind::ScrollUp {
                    0.75
                } else {
                    1.0 / 0.75
                };
                let around = self.place(panel, rect, run).map(|place| place.step(at.x));
                self.window = self.window.scaled(run, by, around.or(run.at()));
            }
            MouseEventKind::ScrollLeft => self.window = self.window.moved(run, -0.1),
            MouseEventKind::ScrollRight => self.window = self.window.moved(run, 0.1),
            _ => {}
        }
        None
    }

    /// The steps that are being selected with the right button.
    pub(super) fn selection(&self) -> Option<(u32, u32)> {
        match self.drag {
            Some(Drag::Select(a, b)) if a != b => Some((a.min(b), a.max(b))),
            _ => None,
        }
    }

    fn drag(&mut self, at: Position, place: Place, run: &RunView) -> Option<time::Action> {
        let step = place.step(at.x);
        match self.drag? {
            Drag::Cursor => return Some(time::Action::To(step)),
            Drag::Pan(held) => {
                let (from, to) = self.span(run);
                let by = f64::from(held) - f64::from(step);
                self.window = self.window.moved(run, by / f64::from((to - from).max(1)));
            }
            Drag::Select(from, _) => self.drag = Some(Drag::Select(from, step)),
        }
        None
    }

    /// A selection becomes the window; a click of the right button shows all again.
    fn let_go(&mut self, run: &RunView) -> Option<time::Action> {
        if let Some(Drag::Select(a, b)) = self.drag.take() {
            self.window = match a == b {
                true => Window::Whole,
                false => Window::between(a, b),
            };
            // As long as the run, or longer, is all of it.
            self.window = self.window.scaled(run, 1.0, Some(a));
        }
        None
    }

    /// Where a panel's chart is; nothing where it has none.
    fn place(&self, panel: Panel, rect: Rect, run: &RunView) -> Option<Place> {
        // Styles do not move the plot, so any theme gives its place.
        let theme = Theme::color();
        let inner = Rect {
            y: rect.y + 1,
            height: rect.height.saturating_sub(1),
            width: rect.width.saturating_sub(1),
            ..rect
        };
        charts::chart(panel, self, run, &theme)?.place(inner, &theme)
    }
}
