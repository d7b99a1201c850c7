//! An estimate with its interval as one row of characters, on a scale that all rows share.

use crate::train::Estimate;
use crate::tui::theme::Markers;
use crate::tui::widgets::scale::{labels, ticks};

/// The scale of a chart: it holds 0 and every interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Across {
    low: f64,
    high: f64,
    width: usize,
}

/// Which of the two estimates of a principle is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dot {
    Beside,
    Alone,
}

impl Across {
    pub fn of(estimates: impl Iterator<Item = Estimate>, width: usize) -> Self {
        let ends = estimates
            .flat_map(|e| [e.mean, e.low, e.high])
            .filter(|v| v.is_finite());
        let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
        let (low, high) = if high > low { (low, high) } else { (-1.0, 1.0) };
        Self { low, high, width }
    }

    fn cell(&self, value: f64) -> Option<usize> {
        let last = self.width.checked_sub(1)?;
        let place = (value - self.low) / (self.high - self.low) * last as f64;
        place.is_finite().then(|| (place.round().max(0.0) as usize).min(last))
    }

    /// One row: the interval, the mean, and a line at 0.
    pub fn row(&self, estimate: &Estimate, dot: Dot, markers: Markers) -> String {
        let [zero, line, left, right, crossing, beside, alone] = match markers {
            Markers::Ascii => ['|', '-', '[', ']', '+', '*', 'o'],
            _ => ['│', '─', '├', '┤', '┼', '●', '○'],
        };
        let mut row = vec![' '; self.width];
        let at_zero = self.cell(0.0);
        if let Some(at) = at_zero {
            row[at] = zero;
        }
        if let (Some(low), Some(high)) = (self.cell(estimate.low), self.cell(estimate.high)) {
            for (at, cell) in row.iter_mut().enumerate().take(high + 1).skip(low) {
                *cell = match () {
                    () if at_zero == Some(at) && low < at && at < high => crossing,
                    () if at == low => left,
                    () if at == high => right,
                    () => line,
                };
            }
        }
        if let Some(at) = self.cell(estimate.mean) {
            row[at] = if dot == Dot::Beside { beside } else { alone };
        }
        row.into_iter().collect()
    }

    /// The numbers of the scale above the rows; 0 always, the others where they fit.
    pub fn axis(&self) -> String {
        let mut row = vec![' '; self.width];
        let values = ticks(self.low, self.high, (self.width / 9).clamp(1, 8));
        let mut named: Vec<(f64, String)> = values.iter().copied().zip(labels(&values)).collect();
        if !named.iter().any(|(v, _)| *v == 0.0) {
            named.push((0.0, "0".into()));
        }
        named.sort_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
        for (value, name) in named {
            let Some(at) = self.cell(value) else { continue };
            let start = at
                .saturating_sub(name.len() / 2)
                .min(self.width.saturating_sub(name.len()));
            let end = start + name.len();
            let around = start.saturating_sub(1)..(end + 1).min(self.width);
            if end <= self.width && row[around].iter().all(|c| *c == ' ') {
                row.splice(start..end, name.chars());
            }
        }
        row.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(mean: f64, low: f64, high: f64) -> Estimate {
        Estimate { mean, low, high }
    }

    #[test]
    fn rows_share_a_scale_with_zero_on_it() {
        let wide = at(0.5, -0.5, 1.0);
        let narrow = at(0.75, 0.5, 1.0);
        let across = Across::of([wide, narrow].into_iter(), 31);
        assert_eq!(
            across.row(&wide, Dot::Beside, Markers::Braille),
            "├─────────┼─────────●─────────┤"
        );
        assert_eq!(
            across.row(&narrow, Dot::Alone, Markers::Ascii),
            "          |         [----o----]"
        );
        assert_eq!(across.axis().find("0.0"), Some(9), "{:?}", across.axis());
    }

    #[test]
    fn what_is_not_a_number_is_not_drawn() {
        let nothing = at(f64::NAN, f64::NAN, f64::NAN);
        let across = Across::of([nothing].into_iter(), 9);
        assert_eq!(across.row(&nothing, Dot::Beside, Markers::Braille), "    │    ");
        for width in 0..9 {
            let across = Across::of([at(1e300, -1e300, f64::INFINITY)].into_iter(), width);
            assert_eq!(across.axis().chars().count(), width);
            assert_eq!(
                across
                    .row(&at(0.0, -1.0, 1.0), Dot::Beside, Markers::Braille)
                    .chars()
                    .count(),
                width
            );
        }
    }
}
