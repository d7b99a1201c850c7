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
            raw: false,
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
            rows.iter().any(|r| r.chars().any(|c| c > '\u{2800}' || c == '●')),
            "{}",
            rows.join("\n")
        );
    }
}

/// The highest cell of braille of each column.
fn tops(rows: &[String]) -> Vec<Option<usize>> {
    let width = rows[0].chars().count();
    let dot = |c: char| ('\u{2801}'..='\u{28ff}').contains(&c);
    (0..width)
        .map(|x| rows.iter().position(|r| r.chars().nth(x).is_some_and(dot)))
        .collect()
}

#[test]
fn a_spike_is_seen_at_any_zoom() {
    let mut column = Column::default();
    let spike = 41_337usize;
    (0..200_000).for_each(|i| column.push(if i == spike { 50.0 } else { (i % 7) as f64 * 0.01 }));
    let steps: Vec<u32> = (0..200_000).collect();
    for log in [false, true] {
        for smoothing in [Smoothing::Short, Smoothing::Long, Smoothing::Off] {
            // Stretches of every length that hold it, not always in their middle.
            for (k, length) in (3..18).map(|e| 1u32 << e).enumerate() {
                let from = (spike as u32).saturating_sub(length * (k as u32 % 4) / 4);
                let chart = Chart {
                    steps: &steps,
                    curves: vec![Curve {
                        column: &column,
                        style: Style::new(),
                        dash: Dash::Solid,
                        raw: false,
                    }],
                    span: (from, from + length),
                    log,
                    smoothing,
                    ..Chart::default()
                };
                let area = Rect::new(0, 0, 72, 16);
                let mut buffer = Buffer::empty(area);
                chart.draw(area, &mut buffer, &Theme::plain());
                let row = |y| (0..area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
                let rows: Vec<String> = (0..15).map(row).collect();
                let highest = tops(&rows).into_iter().flatten().min();
                assert!(
                    highest.is_some_and(|y| y <= 1),
                    "{length} {log} {smoothing:?}\n{}",
                    rows.join("\n")
                );
            }
        }
    }
}

#[test]
fn a_log_axis_keeps_values_that_have_no_logarithm() {
    for values in [
        vec![1.0, 0.1, 0.0, -0.1, -1.0],
        vec![0.0; 5],
        vec![-3.0, -2.0, -1.0, -0.5, -0.1],
    ] {
        let mut column = Column::default();
        values.iter().for_each(|v| column.push(*v));
        let steps: Vec<u32> = (0..5).collect();
        let chart = Chart {
            steps: &steps,
            curves: vec![Curve {
                column: &column,
                style: Style::new(),
                dash: Dash::Solid,
                raw: false,
            }],
            span: (0, 4),
            log: true,
            smoothing: Smoothing::Off,
            ..Chart::default()
        };
        let area = Rect::new(0, 0, 60, 20);
        let mut buffer = Buffer::empty(area);
        chart.draw(area, &mut buffer, &Theme::plain());
        let drawn = (0..19).flat_map(|y| (8..60).map(move |x| (x, y)));
        let columns: std::collections::BTreeSet<u16> = drawn
            .filter(|p| {
                buffer[*p]
                    .symbol()
                    .chars()
                    .all(|c| ('\u{2801}'..='\u{28ff}').contains(&c))
            })
            .map(|p| p.0)
            .collect();
        // No gap: the line runs from the first column to the last.
        assert_eq!(columns.len(), 52, "{values:?}");
    }
}

#[test]
fn a_number_that_stops_being_one_leaves_a_gap_and_a_sign() {
    use super::fixtures::{picture, running, step, tell};
    use crate::train::Event;
    use crate::tui::screens::dashboard::Panel;
    let mut state = running(0);
    for i in 0..30 {
        let mut record = step(i);
        if (12..15).contains(&i) {
            record.loss = f64::NAN;
        }
        tell(&mut state, Event::Step(record));
    }
    state.dashboard.focus = Panel::Losses;
    state.dashboard.zoomed = true;
    let live = picture(&mut state, 100, 30);
    assert_eq!(
        live.lines().last().map(|_| live.matches('×').count()),
        Some(1),
        "{live}"
    );
    state.run.look_at(Some(12));
    let then = picture(&mut state, 100, 30);
    assert!(then.contains("× L is not a number") && then.contains("L –"), "{then}");
    insta::assert_snapshot!("not_a_number_100x30", then);
}
