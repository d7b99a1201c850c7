//! The Dashboard: the numbers of the run, and the method made visible in them.

mod facts;
mod layout;
mod method;
mod method_facts;
mod series;
mod variants;
mod view;
mod waiting;

use ratatui::{crossterm::event::MouseEvent, layout::Rect};

pub use layout::Panel;
pub use view::view;

use crate::tui::action::{self, Screen};
use crate::tui::keymap::Binding;
use crate::tui::run_view::RunView;
use crate::tui::screens::charts::{self, Extent, Ground};
use crate::tui::take::Named;
use crate::tui::theme::Theme;
use crate::tui::time;

/// What is looked at.
pub type State = charts::State<Panel>;

pub use crate::tui::screens::charts::Action;

/// The chart that has the focus, if that panel is one.
pub fn focused_chart<'a>(state: &State, run: &'a RunView, theme: &Theme) -> Option<Named<'a>> {
    let panel = state.focus;
    let chart = series::chart(panel, state, run, theme)?;
    let lines = series::present(panel, run, theme);
    let names: Vec<String> = lines.iter().map(|line| line.name.to_string()).collect();
    Some(Named {
        whose: None,
        title: method::title(panel, run.method()).to_string(),
        band_names: names.clone(),
        names,
        chart,
    })
}

/// The title of the focused panel, and where it is; the whole screen where it is not to be seen.
pub fn focused_panel(state: &State, run: &RunView, area: Rect) -> (&'static str, Rect) {
    let panels = layout::panels(area, state.zoomed.then_some(state.focus));
    let place = panels.into_iter().find(|(panel, _)| *panel == state.focus);
    match place.filter(|_| !run.history.is_empty()) {
        Some((panel, rect)) => (method::title(panel, run.method()), rect),
        None => (Screen::Dashboard.title(), area),
    }
}

impl State {
    /// Changes what is looked at; `area` is where the dashboard is drawn. Gives where the cursor over the steps is to go.
    pub fn update(&mut self, action: &Action, run: &RunView, area: Rect) -> Option<time::Action> {
        self.act(action, &ground(run, area))
    }

    /// Does what the mouse asks for. Gives where the cursor over the steps is to go.
    pub fn mouse(&mut self, event: MouseEvent, area: Rect, run: &RunView) -> Option<time::Action> {
        let theme = Theme::color();
        self.point(event, &ground(run, area), |state, panel| {
            series::chart(panel, state, run, &theme)
        })
    }
}

fn ground(run: &RunView, area: Rect) -> Ground<'static, Panel> {
    Ground {
        steps: Extent::of(run),
        order: Panel::of(run.method()),
        panels: layout::panels(area, None),
        area,
    }
}

/// The rows of the key table.
pub fn bindings() -> Vec<Binding> {
    charts::rows!("dashboard", Screen::Dashboard, action::Action::Dashboard)
}
