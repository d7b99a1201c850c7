//! Which steps the charts show.

use crate::tui::run_view::RunView;

/// Fewer steps are never shown.
const FEWEST: f64 = 8.0;

/// The steps of the horizontal axis.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Window {
    #[default]
    Whole,
    /// The newest steps, whichever they are: from the first to the last are so many.
    Newest(u32),
    /// First and last.
    Fixed(u32, u32),
}

impl Window {
    /// First and last step.
    pub fn span(self, run: &RunView) -> (u32, u32) {
        let (first, last) = ends(run);
        match self {
            Window::Whole => whole(run),
            Window::Newest(length) => (last.saturating_sub(length).max(first), last.max(first + 1)),
            Window::Fixed(from, to) => (from, to),
        }
    }

    /// As many times as long, with the same step under `around`; without one, at the newest steps where those are shown.
    pub fn scaled(self, run: &RunView, by: f64, around: Option<u32>) -> Self {
        let whole = whole(run);
        let (from, to) = self.span(run);
        let length = f64::from(to - from);
        let wanted = (length * by).max(FEWEST);
        if wanted >= f64::from(whole.1 - whole.0) {
            return Window::Whole;
        }
        let (_, last) = ends(run);
        let Some(around) = around else {
            if to >= last {
                return Window::Newest(wanted.round() as u32);
            }
            return Self::from_start(run, f64::from(from) + (length - wanted) / 2.0, wanted);
        };
        let around = f64::from(around.clamp(from, to));
        let share = (around - f64::from(from)) / length.max(1.0);
        Self::from_start(run, around - share * wanted, wanted)
    }

    /// As long, but by so much of its length later.
    pub fn moved(self, run: &RunView, by: f64) -> Self {
        if self == Window::Whole {
            return self;
        }
        let (from, to) = self.span(run);
        let length = f64::from(to - from);
        Self::from_start(run, f64::from(from) + (by * length).round(), length)
    }

    /// Of a length, within the run. At its right edge it follows the run, unless one looks at the past.
    fn from_start(run: &RunView, start: f64, length: f64) -> Self {
        let (first, last) = ends(run);
        let end = f64::from(last.max(first + 1));
        let from = start
            .round()
            .clamp(f64::from(first), (end - length).max(f64::from(first)));
        let to = (from + length).round();
        if to >= end && run.past.is_none() {
            return Window::Newest(length.round() as u32);
        }
        Window::Fixed(from as u32, to as u32)
    }

    /// The steps between two, in either order.
    pub fn between(a: u32, b: u32) -> Self {
        let from = a.min(b);
        Window::Fixed(from, a.max(b).max(from + FEWEST as u32))
    }
}

/// First and last step that are drawn.
fn ends(run: &RunView) -> (u32, u32) {
    let steps = run.drawn_steps();
    (steps.first().copied().unwrap_or(0), steps.last().copied().unwrap_or(0))
}

/// The steps of the whole run.
fn whole(run: &RunView) -> (u32, u32) {
    let (first, last) = ends(run);
    (first, end_of_axis(run, first, last))
}

/// Where the axis of a whole run ends: as planned for short runs, so that it stands still, else twice as far whenever
/// the curve reaches the right edge.
pub fn end_of_axis(run: &RunView, first: u32, last: u32) -> u32 {
    const STILL: u32 = 200;
    let planned = run.steps_planned().max(last + 1) - 1;
    let ended = run.past.as_ref().map_or(run.ended(), |past| past.ended);
    let to = match () {
        () if ended => last,
        () if planned < STILL => planned,
        () => (first + (last - first + 1).next_power_of_two().max(64)).min(planned),
    };
    to.max(first + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::screens::fixtures::{started, take_step};

    fn run(steps: u32) -> RunView {
        let mut run = started();
        (0..steps).for_each(|step| take_step(&mut run, step, 0));
        run
    }

    #[test]
    fn the_newest_steps_stay_in_sight_and_a_look_back_stands_still() {
        let mut run = run(30);
        let window = Window::Whole.scaled(&run, 0.5, None);
        assert_eq!(window.span(&run), (9, 29), "half of the 40 planned");
        take_step(&mut run, 30, 0);
        assert_eq!(window.span(&run), (10, 30));
        run.look_at(Some(20));
        take_step(&mut run, 31, 0);
        assert_eq!(window.span(&run), (10, 30));
        let window = window.moved(&run, -0.25);
        assert_eq!(window, Window::Fixed(5, 25));
        run.look_at(None);
        assert_eq!(
            window.moved(&run, 1.0),
            Window::Newest(20),
            "at the edge it follows again"
        );
    }

    #[test]
    fn the_step_under_the_pointer_stays_where_it_is() {
        let run = run(38);
        let place = |(from, to): (u32, u32), step: u32| f64::from(step - from) / f64::from(to - from);
        let before = Window::Fixed(0, 36);
        let after = before.scaled(&run, 0.5, Some(9));
        assert!(
            (place(before.span(&run), 9) - place(after.span(&run), 9)).abs() < 0.05,
            "{after:?}"
        );
        assert_eq!(
            after.scaled(&run, 0.1, Some(9)).span(&run).1 - after.scaled(&run, 0.1, Some(9)).span(&run).0,
            8
        );
        assert_eq!(after.scaled(&run, 9.0, Some(9)), Window::Whole);
    }
}
