//! What a chart draws with dots: lines, ranges, bands, areas.

use ratatui::style::Style;

use super::axis::Across;
use super::canvas::Canvas;
use super::chart::{Curve, Dash};
use super::dense::grain;
use super::scale::Scale;
use crate::tui::history::Summary;
use crate::tui::smooth::{Average, Smoothing};
use crate::tui::theme::{Markers, Theme};

/// Draws columns of dots that hold several points each: their range dimly, then a line through their means, or through
/// the moving average of those.
pub fn draw_dense(
    canvas: &mut Canvas,
    summaries: &[Summary],
    scale: &Scale,
    curve: &Curve,
    smoothing: Smoothing,
    theme: &Theme,
) {
    let edge = curve.dash == Dash::Sparse;
    let ghost = curve.style.patch(theme.dim);
    let mut average = Average::default();
    let mut means = Vec::with_capacity(summaries.len());
    for (dot, sum) in summaries.iter().enumerate() {
        if sum.count == 0 {
            means.push((dot, f64::NAN));
            continue;
        }
        if !edge {
            let (top, bottom) = (scale.dot(f64::from(sum.max)), scale.dot(f64::from(sum.min)));
            canvas.vertical(dot as i64, top, bottom, ghost);
        }
        // As if each of its points had been taken in.
        let weight = 1.0 - (1.0 - smoothing.weight()).powf(f64::from(sum.count));
        means.push((dot, average.push(f64::from(sum.mean), weight)));
    }
    join(
        canvas,
        means.into_iter(),
        |dot, v| (dot as i64, scale.dot(v)),
        curve.style,
        curve.dash,
    );
}

/// Draws a line through points; a value that is not finite interrupts it, and a lone point is a dot.
pub fn join(
    canvas: &mut Canvas,
    points: impl Iterator<Item = (usize, f64)>,
    at: impl Fn(usize, f64) -> (i64, i64),
    style: Style,
    dash: Dash,
) {
    let (mut before, mut along) = (None, 0);
    for (i, value) in points {
        if !value.is_finite() {
            before = None;
            continue;
        }
        let here = at(i, value);
        match before {
            Some(last) => along += canvas.line(last, here, style, |i| dash.on(along + i)),
            None => canvas.dot(here.0, here.1, style),
        }
        before = Some(here);
    }
}

/// The height of a line at a column of dots: on the straight way from one point to the next.
pub fn between(values: &[f64], steps: &[u32], x: Across, dot: i64) -> Option<f64> {
    let next = steps.partition_point(|&s| x.dot(s) < dot);
    let (there, after) = (x.dot(*steps.get(next)?), *values.get(next)?);
    let value = match next.checked_sub(1) {
        _ if there == dot => after,
        None => return None,
        Some(last) => {
            let (here, before) = (x.dot(steps[last]), *values.get(last)?);
            before + (after - before) * (dot - here) as f64 / (there - here).max(1) as f64
        }
    };
    value.is_finite().then_some(value)
}

/// Rows of dots between two lines: the gap, seen before its number is read.
pub fn draw_fill(canvas: &mut Canvas, lines: &[Option<(f64, f64)>], scale: &Scale, style: Style) {
    let stride = Canvas::dots_of_cell(canvas.markers()).0 * 2;
    for (dot, values) in lines.iter().enumerate().step_by(stride.max(2)) {
        let Some((p, q)) = *values else { continue };
        let (p, q) = inside(canvas, scale.dot(p), scale.dot(q));
        (p + 2..q - 1)
            .filter(|y| y % 2 == 0)
            .for_each(|y| canvas.dot(dot as i64, y, style));
    }
}

/// A thin shade between the edges of a band.
pub fn draw_band(canvas: &mut Canvas, lines: &[Option<(f64, f64)>], scale: &Scale, style: Style) {
    for (dot, values) in lines.iter().enumerate() {
        let Some((p, q)) = *values else { continue };
        let (p, q) = inside(canvas, scale.dot(p), scale.dot(q));
        let x = dot as i64;
        (p + 1..q)
            .filter(|y| (y + x).rem_euclid(4) == 0 && x % 2 == 0)
            .for_each(|y| canvas.dot(x, y, style));
    }
}

/// Two counts, one standing on the other: the lower filled densely, the upper sparsely on top of it.
pub fn draw_stack(
    canvas: &mut Canvas,
    x: Across,
    steps: &[u32],
    scale: &Scale,
    lower: &Curve,
    upper: &Curve,
    theme: &Theme,
) {
    let dots = canvas.width() as u64;
    let length = u64::from(x.span.1.saturating_sub(x.span.0)) + 1;
    let foot = canvas.height() as i64 - 1;
    // Without other dots, only what is faint is told from what is not.
    let above = match canvas.markers() {
        Markers::Ascii | Markers::Dot => upper.style.patch(theme.dim),
        _ => upper.style,
    };
    let grain = grain(steps.len(), canvas.width());
    for dot in 0..dots {
        let first = u64::from(x.span.0) + dot * length / dots;
        let last = u64::from(x.span.0) + ((dot + 1) * length / dots).max(dot * length / dots + 1);
        let at = |step: u64| steps.partition_point(|&s| u64::from(s) < step);
        let (from, to) = (at(first), at(last));
        let (from, to) = (
            from - from % grain,
            if to == steps.len() { to } else { to - to % grain },
        );
        let (low, high) = (lower.column.summary(from, to), upper.column.summary(from, to));
        if low.count == 0 || high.count == 0 {
            continue;
        }
        let (low, all) = (f64::from(low.mean), f64::from(low.mean) + f64::from(high.mean));
        let column = dot as i64;
        let (divide, top) = (scale.dot(low), scale.dot(all));
        if low > 0.0 {
            canvas.vertical(column, divide + 1, foot, lower.style);
        }
        (top.max(0)..=divide.min(foot))
            .filter(|y| (y + column) % 2 == 0)
            .for_each(|y| canvas.dot(column, y, above));
    }
}

/// Two places of dots in rising order, not further outside than they need be.
fn inside(canvas: &Canvas, p: i64, q: i64) -> (i64, i64) {
    let foot = canvas.height() as i64;
    (p.min(q).clamp(-1, foot), p.max(q).clamp(-1, foot))
}
