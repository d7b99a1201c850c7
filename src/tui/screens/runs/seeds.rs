//! Runs of the same settings: what one run of them would have told with another seed.

use super::desk::Compared;
use super::merge::Merged;
use crate::report::setting_differences;
use crate::tui::history::Column;

/// Settings that runs of one kind may differ in: chance, and what they are called.
const FREE: [&str; 3] = ["seed", "title", "about"];

/// A curve of the overlay: of one run, or of several that differ by their seed alone.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Places of the runs, at least one.
    pub runs: Vec<usize>,
    /// Mean, least and most of several.
    spread: Option<[Column; 3]>,
}

impl Bundle {
    /// Every run by itself.
    pub fn each(merged: &Merged) -> Vec<Self> {
        let alone = |run| Self {
            runs: vec![run],
            spread: None,
        };
        (0..merged.columns.len()).map(alone).collect()
    }

    /// Runs that are alike as one, where all of them have points.
    pub fn of(alike: &[Vec<usize>], merged: &Merged) -> Vec<Self> {
        let bundle = |runs: &Vec<usize>| Self {
            spread: (runs.len() > 1).then(|| spread(runs, merged)),
            runs: runs.clone(),
        };
        alike.iter().map(bundle).collect()
    }

    /// Its line: of the run, or through the means.
    pub fn column<'a>(&'a self, merged: &'a Merged) -> &'a Column {
        match &self.spread {
            Some([mean, ..]) => mean,
            None => &merged.columns[self.runs[0]],
        }
    }

    /// From the least to the most of several.
    pub fn band(&self) -> Option<(&Column, &Column)> {
        self.spread.as_ref().map(|[_, least, most]| (least, most))
    }
}

/// The runs by their settings, in the order of the first of each; one that cannot be read is like no other, and neither is
/// one that was changed by hand.
pub fn alike(runs: &[Compared]) -> Vec<Vec<usize>> {
    let mut out: Vec<Vec<usize>> = Vec::new();
    for place in 0..runs.len() {
        match out.iter_mut().find(|group| same(&runs[group[0]], &runs[place])) {
            Some(group) => group.push(place),
            None => out.push(vec![place]),
        }
    }
    out
}

fn same(a: &Compared, b: &Compared) -> bool {
    let (Ok(a), Ok(b)) = (&a.run, &b.run) else { return false };
    let (a, b) = (&a.0.view, &b.0.view);
    let (Some(one), Some(other)) = (&a.started, &b.started) else {
        return false;
    };
    let marks = |view: &crate::tui::run_view::RunView| -> Vec<(u32, String)> {
        view.marks.iter().map(|m| (m.step, m.label.clone())).collect()
    };
    let last = |view: &'_ crate::tui::run_view::RunView| view.principles.last().map(|v| v.principles.clone());
    let (before, after) = (last(a), last(b));
    let rows = setting_differences(&[(&one.experiment, before.as_ref()), (&other.experiment, after.as_ref())]);
    rows.iter().all(|row| FREE.contains(&row.key.as_str())) && marks(a) == marks(b)
}

/// Mean, least and most of runs at every step that all of them have.
fn spread(runs: &[usize], merged: &Merged) -> [Column; 3] {
    let points: Vec<&[f32]> = runs.iter().map(|run| merged.columns[*run].points()).collect();
    let mut out = [Column::default(), Column::default(), Column::default()];
    for i in 0..merged.steps.len() {
        let values = points.iter().map(|p| p.get(i).copied().map_or(f64::NAN, f64::from));
        let gap = [f64::NAN; 3];
        let row = values.clone().all(f64::is_finite).then(|| {
            [
                values.clone().sum::<f64>() / points.len() as f64,
                values.clone().fold(f64::INFINITY, f64::min),
                values.fold(f64::NEG_INFINITY, f64::max),
            ]
        });
        for (column, value) in out.iter_mut().zip(row.unwrap_or(gap)) {
            column.push(value);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_band_is_from_the_least_to_the_most_where_all_have_points() {
        let column = |values: &[f64]| {
            let mut column = Column::default();
            values.iter().for_each(|v| column.push(*v));
            column
        };
        let merged = Merged {
            steps: (0..4).collect(),
            columns: vec![
                column(&[1.0, 2.0, f64::NAN, 4.0]),
                column(&[7.0]),
                column(&[3.0, 2.0, 2.0]),
            ],
        };
        let bundles = Bundle::of(&[vec![0, 2], vec![1]], &merged);
        let bits = |c: &Column| c.points().iter().map(|p| p.to_bits()).collect::<Vec<_>>();
        let want = |values: [f32; 4]| values.map(f32::to_bits).to_vec();
        assert_eq!(bits(bundles[0].column(&merged)), want([2.0, 2.0, f32::NAN, f32::NAN]));
        let (low, high) = bundles[0].band().expect("two runs have a band");
        assert_eq!(bits(low), want([1.0, 2.0, f32::NAN, f32::NAN]));
        assert_eq!(bits(high), want([3.0, 2.0, f32::NAN, f32::NAN]));
        assert!(bundles[1].band().is_none());
        assert_eq!(bundles[1].column(&merged).points(), [7.0]);
    }
}
