//! The mouse on the charts: a click or a drag sets the cursor, the wheel zooms at the pointer, the right button selects
//! a stretch, and the axis below a chart (or the middle button) is pulled to other steps.

use ratatui::crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::{Extent, Ground, State, Window};
use crate::tui::theme::Theme;
use crate::tui::time;
use crate::tui::widgets::chart::{Chart, Place};

/// What a held button does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Drag {
    Cursor,
    /// The step that was taken hold of stays under the pointer.
    Pan(u32),
    /// From the step where the button went down to where the pointer is.
    Select(u32, u32),
}

impl<P: Copy + PartialEq> State<P> {
    /// Does what the mouse asks for; `chart` gives the chart of a panel, if it has one. Gives where the cursor over the steps
    /// is to go.
    pub fn point<'a>(
        &mut self,
        event: MouseEvent,
        ground: &Ground<P>,
        chart: impl Fn(&Self, P) -> Option<Chart<'a>>,
    ) -> Option<time::Action> {
        let at = Position::new(event.column, event.row);
        let steps = &ground.steps;
        let alone = [(self.focus, ground.area)];
        let panels = if self.zoomed { &alone[..] } else { &ground.panels[..] };
        let place = |state: &Self, panel: P, rect: Rect| place(&chart(state, panel)?, rect);
        let shift = event.modifiers.contains(KeyModifiers::SHIFT);
        match event.kind {
            MouseEventKind::Up(_) => return self.let_go(steps),
            MouseEventKind::Drag(_) => {
                let rect = panels.iter().find(|(p, _)| *p == self.focus)?.1;
                return self.pull(at, place(self, self.focus, rect)?, steps);
            }
            _ => {}
        }
        let (panel, rect) = panels.iter().find(|(_, r)| r.contains(at)).copied()?;
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) if panel == self.focus && at.y == rect.y => {
                self.zoomed = !self.zoomed;
            }
            MouseEventKind::Down(button) => {
                self.focus = panel;
                let place = place(self, panel, rect)?;
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
            MouseEventKind::ScrollUp if shift => self.window = self.window.moved(steps, -0.1),
            MouseEventKind::ScrollDown if shift => self.window = self.window.moved(steps, 0.1),
            MouseEventKind::ScrollUp | MouseEventKind::ScrollDown => {
                let by = if event.kind == MouseEventKind::ScrollUp {
                    0.75
                } else {
                    1.0 / 0.75
                };
                let around = place(self, panel, rect).map(|place| place.step(at.x));
                self.window = self.window.scaled(steps, by, around.or(steps.at));
            }
            MouseEventKind::ScrollLeft => self.window = self.window.moved(steps, -0.1),
            MouseEventKind::ScrollRight => self.window = self.window.moved(steps, 0.1),
            _ => {}
        }
        None
    }

    /// The steps that are being selected with the right button.
    pub fn selection(&self) -> Option<(u32, u32)> {
        match self.drag {
            Some(Drag::Select(a, b)) if a != b => Some((a.min(b), a.max(b))),
            _ => None,
        }
    }

    fn pull(&mut self, at: Position, place: Place, steps: &Extent) -> Option<time::Action> {
        let step = place.step(at.x);
        match self.drag? {
            Drag::Cursor => return Some(time::Action::To(step)),
            Drag::Pan(held) => {
                let (from, to) = self.window.span(steps);
                let by = f64::from(held) - f64::from(step);
                self.window = self.window.moved(steps, by / f64::from((to - from).max(1)));
            }
            Drag::Select(from, _) => self.drag = Some(Drag::Select(from, step)),
        }
        None
    }

    /// A selection becomes the window; a click of the right button shows all again.
    fn let_go(&mut self, steps: &Extent) -> Option<time::Action> {
        if let Some(Drag::Select(a, b)) = self.drag.take() {
            self.window = match a == b {
                true => Window::Whole,
                false => Window::between(a, b),
            };
            // As long as the run, or longer, is all of it.
            self.window = self.window.scaled(steps, 1.0, Some(a));
        }
        None
    }
}

/// Where a chart is below the title of its panel.
fn place(chart: &Chart, rect: Rect) -> Option<Place> {
    let inner = Rect {
        y: rect.y + 1,
        height: rect.height.saturating_sub(1),
        width: rect.width.saturating_sub(1),
        ..rect
    };
    // Styles do not move the plot, so any theme gives its place.
    chart.place(inner, &Theme::color())
}
