//! The points of a chart whose columns of dots hold several each: what a column shows is summed up once for each series,
//! however many lines, bands and fills are made of it.

use std::cell::RefCell;
use std::rc::Rc;

use super::axis::Across;
use super::chart::Chart;
use crate::tui::history::{BASE, Column, Summary};

/// Buckets of the pyramid that a column of dots is made of at least: each point counts once, at most a few hundredths of a
/// column away from its place.
const LEAST: usize = 16;

/// Which points lie in which column of dots.
pub struct Dense<'a> {
    /// Place of the first point of each column, and of the end of all.
    bounds: Vec<usize>,
    done: RefCell<Vec<Done<'a>>>,
}

/// A series, and what its columns of dots show.
type Done<'a> = (&'a Column, Rc<[Summary]>);

impl<'a> Dense<'a> {
    /// Of a chart; nothing where columns do not hold several points.
    pub fn of(chart: &Chart<'a>, x: Across) -> Option<Self> {
        let (from, to) = chart.visible();
        if to - from <= x.dots * 2 {
            return None;
        }
        Some(Self {
            bounds: bounds(chart.steps, from, to, x),
            done: RefCell::default(),
        })
    }

    /// What each column of dots holds of a series.
    pub fn summaries(&self, column: &'a Column) -> Rc<[Summary]> {
        let mut done = self.done.borrow_mut();
        if let Some((_, summaries)) = done.iter().find(|(of, _)| std::ptr::eq(*of, column)) {
            return Rc::clone(summaries);
        }
        let summaries: Rc<[Summary]> = self.bounds.windows(2).map(|b| column.summary(b[0], b[1])).collect();
        done.push((column, Rc::clone(&summaries)));
        summaries
    }
}

/// Points of a bucket that is worth reaching for, with so many points to a column of dots: reading more of them would cost
/// time that nobody sees.
pub fn grain(points: usize, dots: usize) -> usize {
    let each = points / dots.max(1) / (BASE * LEAST);
    if each == 0 { 1 } else { BASE << each.ilog2() }
}

fn bounds(steps: &[u32], from: usize, to: usize, x: Across) -> Vec<usize> {
    let grain = grain(to - from, x.dots);
    let mut bounds = Vec::with_capacity(x.dots + 1);
    bounds.push(from);
    // Of a run that leaves no step out a point is found by its step alone.
    let gapless = (steps[to - 1] - steps[from]) as usize == to - 1 - from;
    for dot in 0..x.dots as i64 {
        let at = bounds.last().copied().unwrap_or(from);
        let beyond = x.first_after(dot);
        let end = match gapless {
            true => (from + beyond.saturating_sub(u64::from(steps[from])) as usize).clamp(at, to),
            false => at + steps[at..to].partition_point(|&s| u64::from(s) < beyond),
        };
        bounds.push(if end == to { to } else { (end - end % grain).max(at) });
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_in_the_column_of_its_step() {
        let gapless: Vec<u32> = (7..9_000).collect();
        let gaps: Vec<u32> = (7..60_000).filter(|s| s % 11 < 3).collect();
        for steps in [gapless, gaps] {
            let span = (steps[0], steps[steps.len() - 1] + 500);
            for dots in [80, 161, 400] {
                let x = Across { span, dots };
                let bounds = bounds(&steps, 0, steps.len(), x);
                assert_eq!(bounds.len(), dots + 1);
                for (dot, points) in bounds.windows(2).enumerate() {
                    let all_in = steps[points[0]..points[1]].iter().all(|s| x.dot(*s) == dot as i64);
                    assert!(all_in, "{dot} of {dots}: {points:?}");
                }
                assert_eq!(bounds[dots], steps.len());
            }
        }
    }

    #[test]
    fn of_very_many_points_whole_buckets_are_taken() {
        assert_eq!(
            [grain(100_000, 400), grain(120_000, 400), grain(1_000_000, 400)],
            [1, 16, 128]
        );
        let steps: Vec<u32> = (0..1_000_000).collect();
        let x = Across {
            span: (0, 999_999),
            dots: 400,
        };
        let bounds = bounds(&steps, 0, steps.len(), x);
        for (dot, points) in bounds.windows(2).enumerate() {
            let exact = x.first_after(dot as i64 - 1) as usize;
            assert!(points[0].abs_diff(exact) <= 2_500 / LEAST, "{dot}: {points:?}");
        }
    }
}
