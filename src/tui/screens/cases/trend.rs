//! A number over the evaluations, one column each.

/// From low to high. A gap is a value that is missing or not finite.
/// No full block, so that the pictures of two rows do not run into each other.
const LEVELS: [char; 7] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'];
const GAP: char = '·';

/// The range of all finite values.
pub fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|v| v.is_finite()).fold(None, |r, v| match r {
        None => Some((v, v)),
        Some((low, high)) => Some((low.min(v), high.max(v))),
    })
}

/// One mark for each value, on the scale of a range that may hold other values too.
pub fn marks(values: &[Option<f64>], range: Option<(f64, f64)>) -> String {
    values.iter().map(|v| mark(*v, range)).collect()
}

fn mark(value: Option<f64>, range: Option<(f64, f64)>) -> char {
    let (Some(value), Some((low, high))) = (value.filter(|v| v.is_finite()), range) else {
        return GAP;
    };
    if high <= low {
        return LEVELS[3];
    }
    let level = ((value - low) / (high - low) * (LEVELS.len() - 1) as f64).round() as usize;
    LEVELS[level.min(LEVELS.len() - 1)]
}

/// The evaluations to show in `room` columns: as many as fit, the selected one among them.
pub fn window(count: usize, selected: usize, room: usize) -> std::ops::Range<usize> {
    let room = room.min(count);
    let start = selected.saturating_sub(room / 2).min(count - room);
    start..start + room
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_shared_and_gaps_stay_gaps() {
        let values = [Some(-1.0), None, Some(f64::NAN), Some(0.0), Some(1.0)];
        let range = range(values.iter().flatten().copied());
        assert_eq!(range, Some((-1.0, 1.0)));
        assert_eq!(marks(&values, range), "▁··▄▇");
        assert_eq!(marks(&[Some(2.0)], Some((2.0, 2.0))), "▄");
        assert_eq!(marks(&[Some(2.0)], None), "·");
    }

    #[test]
    fn the_window_holds_the_selected_evaluation() {
        for count in 1..20 {
            for selected in 0..count {
                for room in 1..25 {
                    let w = window(count, selected, room);
                    assert!(w.contains(&selected) && w.end <= count && w.len() == room.min(count));
                }
            }
        }
        assert_eq!(window(0, 0, 5), 0..0);
    }
}
