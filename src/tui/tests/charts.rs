//! What a chart must not lose, however long the run.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::tui::history::Column;
use crate::tui::smooth::Smoothing;
use crate::tui::theme::Theme;
use crate::tui::widgets::chart::{Chart, Curve, Dash};

fn drawn(values: impl Iterator<Item = f64>, area: Rect) -> Vec<String> {
    let mut column = Column::default();
    values.for_each(|v| column.push(v));
    let steps: Vec<u32> = (0..column.points().len() as u32).collect();
    let (style, dash) = (Style::new(), Dash::Solid);
    let chart = Chart {
        steps: &steps,
        curves: vec![Curve {
            column: &column,
            style,
            dash,
        }],
        span: (0, steps.len().saturating_sub(1) as u32),
        smoothing: Smoothing::Off,
        ..Chart::default()
    };
    let mut buffer = Buffer::empty(area);
    chart.draw(area, &mut buffer, &Theme::plain());
    let row = |y| (0..area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..area.height).map(row).collect()
}

#[test]
fn one_spike_among_a_million_is_seen() {
    let values = (0..1_000_000).map(|i| if i == 777_777 { 100.0 } else { 0.0 });
    let rows = drawn(values, Rect::new(0, 0, 60, 20));
    let at = rows[0].chars().position(|c| ('\u{2801}'..='\u{28ff}').contains(&c));
    // 0.777 of the 55 cells right of the labels "100 ".
    assert!(
        at.is_some_and(|x| (46..=48).contains(&x)),
        "{at:?}\n{}",
        rows.join("\n")
    );
}

#[test]
fn a_gap_stays_empty() {
    for n in [50usize, 100_000] {
        let values = (0..n).map(|i| if i * 5 / n == 2 { f64::NAN } else { 1.0 });
        let rows = drawn(values, Rect::new(0, 0, 50, 10));
        let line = rows
            .iter()
            .find(|r| r.chars().any(|c| c > '\u{2800}'))
            .cloned()
            .unwrap_or_default();
        let gap = line
            .chars()
            .skip(5)
            .skip_while(|c| *c != ' ')
            .take_while(|c| *c == ' ')
            .count();
        assert!((6..=10).contains(&gap), "{gap} of 45 cells\n{}", rows.join("\n"));
    }
}

#[test]
fn one_point_and_constant_values_are_seen() {
    for values in [vec![3.0], vec![-2.0; 7], vec![0.0; 100_000]] {
        let rows = drawn(values.into_iter(), Rect::new(0, 0, 40, 8));
        assert!(
            rows.iter().any(|r| r.chars().any(|c| c > '\u{2800}')),
            "{}",
            rows.join("\n")
        );
    }
}
