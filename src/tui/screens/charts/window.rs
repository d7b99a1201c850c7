//! Which steps the charts show.

use crate::tui::run_view::RunView;

/// Fewer steps are never shown.
const FEWEST: f64 = 8.0;

/// The steps there are to be shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// First and last step that are drawn.
    pub first: u32,
    pub last: u32,
    /// Where the axis of all of them ends.
    pub end: u32,
    /// The step looked at, if it is not the newest as it comes.
    pub at: Option<u32>,
}

impl Extent {
    /// Of a run.
    pub fn of(run: &RunView) -> Self {
        let steps = run.drawn_steps();
        let (first, last) = (steps.first().copied().unwrap_or(0), steps.last().copied().unwrap_or(0));
        Self {
            first,
            last,
            end: end_of_axis(run, first, last),
            at: run.at(),
        }
    }

    /// Of steps that are all there.
    pub fn over(steps: &[u32], at: Option<u32>) -> Self {
        let (first, last) = (steps.first().copied().unwrap_or(0), steps.last().copied().unwrap_or(0));
        Self {
            first,
            last,
            end: last.max(first + 1),
            at,
        }
    }
}

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
    pub fn span(self, steps: &Extent) -> (u32, u32) {
        match self {
            Window::Whole => (steps.first, steps.end),
            Window::Newest(length) => (
                steps.last.saturating_sub(length).max(steps.first),
                steps.last.max(steps.first + 1),
            ),
            Window::Fixed(from, to) => (from, to),
        }
    }

    /// As many times as long, with the same step under `around`; without one, at the newest steps where those are shown.
    pub fn scaled(self, steps: &Extent, by: f64, around: Option<u32>) -> Self {
        let (from, to) = self.span(steps);
        let length = f64::from(to - from);
        let wanted = (length * by).max(FEWEST);
        if wanted >= f64::from(steps.end - steps.first) {
            return Window::Whole;
        }
        let Some(around) = around else {
            if to >= steps.last {
                return Window::Newest(wanted.round() as u32);
            }
            return Self::fixed(steps, f64::from(from) + (length - wanted) / 2.0, wanted);
        };
        let around = f64::from(around.clamp(from, to));
        let share = (around - f64::from(from)) / length.max(1.0);
        Self::fixed(steps, around - share * wanted, wanted)
    }

    /// As long, but by so much of its length later. At the newest step it follows the run, unless one looks at the past.
    pub fn moved(self, steps: &Extent, by: f64) -> Self {
        if self == Window::Whole {
            return self;
        }
        let (from, to) = self.span(steps);
        let length = f64::from(to - from);
        match Self::fixed(steps, f64::from(from) + (by * length).round(), length) {
            Window::Fixed(_, to) if by > 0.0 && to >= steps.last && steps.at.is_none() => Window::Newest(length as u32),
            moved => moved,
        }
    }

    /// Of a length, on the axis of the whole run.
    fn fixed(steps: &Extent, start: f64, length: f64) -> Self {
        let first = f64::from(steps.first);
        let latest = (f64::from(steps.end) - length).max(first);
        let from = start.round().clamp(first, latest);
        Window::Fixed(from as u32, (from + length).round() as u32)
    }

    /// The steps between two, in either order.
    pub fn between(a: u32, b: u32) -> Self {
        let from = a.min(b);
        Window::Fixed(from, a.max(b).max(from + FEWEST as u32))
    }
}

/// Where the axis of a whole run ends: as planned for short runs, so that it stands still, else twice as far whenever
/// the curve reaches the right edge.
fn end_of_axis(run: &RunView, first: u32, last: u32) -> u32 {
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
        let window = Window::Whole.scaled(&Extent::of(&run), 0.5, None);
        assert_eq!(window.span(&Extent::of(&run)), (9, 29), "half of the 40 planned");
        take_step(&mut run, 30, 0);
        assert_eq!(window.span(&Extent::of(&run)), (10, 30));
        run.look_at(Some(20));
        take_step(&mut run, 31, 0);
        assert_eq!(window.span(&Extent::of(&run)), (10, 30));
        let window = window.moved(&Extent::of(&run), -0.25);
        assert_eq!(window, Window::Fixed(5, 25));
        run.look_at(None);
        assert_eq!(
            window.moved(&Extent::of(&run), 1.0),
            Window::Newest(20),
            "at the edge it follows again"
        );
    }

    #[test]
    fn the_step_under_the_pointer_stays_where_it_is() {
        let run = run(38);
        let place = |(from, to): (u32, u32), step: u32| f64::from(step - from) / f64::from(to - from);
        let before = Window::Fixed(0, 36);
        let after = before.scaled(&Extent::of(&run), 0.5, Some(9));
        assert!(
            (place(before.span(&Extent::of(&run)), 9) - place(after.span(&Extent::of(&run)), 9)).abs() < 0.05,
            "{after:?}"
        );
        assert_eq!(
            after.scaled(&Extent::of(&run), 0.1, Some(9)).span(&Extent::of(&run)).1
                - after.scaled(&Extent::of(&run), 0.1, Some(9)).span(&Extent::of(&run)).0,
            8
        );
        assert_eq!(after.scaled(&Extent::of(&run), 9.0, Some(9)), Window::Whole);
    }
}
