//! A line chart over steps, drawn straight into the buffer in time of its width, however long the run.
//!
//! While there are few steps, each is a point of a line. When several steps share a column of dots, the column shows
//! their smallest and largest value dimly and a line through their means, so that no spike is lost.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
};

use super::axis::{Across, draw_marks, draw_rule, draw_steps};
use super::canvas::Canvas;
use super::scale::{Scale, labels};
use crate::tui::history::{BASE, Column, Summary};
use crate::tui::theme::{Markers, Theme};

/// How a line is drawn, so that lines differ without colour too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dash {
    #[default]
    Solid,
    Dashed,
    Dotted,
    /// Barely there: the edges of a spread.
    Sparse,
}

impl Dash {
    fn on(self, x: i64) -> bool {
        match self {
            Dash::Solid => true,
            Dash::Dashed => x.rem_euclid(6) < 4,
            Dash::Dotted => x.rem_euclid(2) == 0,
            Dash::Sparse => x.rem_euclid(4) == 0,
        }
    }

    /// For legends.
    pub fn sample(self) -> &'static str {
        match self {
            Dash::Solid => "━━",
            Dash::Dashed => "╍╍",
            Dash::Dotted | Dash::Sparse => "┄┄",
        }
    }
}

/// One series of a chart.
#[derive(Clone, Copy, Debug)]
pub struct Curve<'a> {
    pub column: &'a Column,
    pub style: Style,
    pub dash: Dash,
}

/// A chart. Fields that are not needed stay empty.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    /// The step of each point of all columns.
    pub steps: &'a [u32],
    pub curves: Vec<Curve<'a>>,
    /// Edges of a spread.
    pub spread: Vec<Curve<'a>>,
    /// Fill between two columns: the gap.
    pub fill: Option<(&'a Column, &'a Column, Style)>,
    /// Steps with a label: changes made by hand.
    pub marks: Vec<(u32, &'a str)>,
    /// First and last step of the horizontal axis.
    pub span: (u32, u32),
    pub cursor: Option<u32>,
    pub log: bool,
    /// Draw an exponential moving average, the points themselves behind it.
    pub smooth: bool,
}

impl Chart<'_> {
    /// Several steps share a column of dots at this width.
    pub fn dense(&self, width: u16) -> bool {
        let (from, to) = self.visible();
        to - from > usize::from(width) * 4
    }

    /// The vertical axis is logarithmic: asked for, and possible.
    pub fn is_log(&self) -> bool {
        self.log && self.bounds().0 > 0.0
    }

    /// Draws the chart.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let Some(Frame {
            plot,
            scale,
            ticks,
            marks,
            axis,
        }) = self.frame(area.intersection(buffer.area), theme)
        else {
            return;
        };
        let mut canvas = Canvas::new(plot, theme.markers);
        let x = Across {
            span: self.span,
            dots: canvas.width(),
        };
        if !scale.log && scale.low < 0.0 && scale.high > 0.0 {
            let y = scale.dot(0.0);
            (0..canvas.width() as i64)
                .step_by(3)
                .for_each(|x| canvas.dot(x, y, theme.dim));
        }
        let bounds = self.bounds_of_dots(x);
        self.draw_fill(&mut canvas, x, &scale, bounds.as_deref());
        for curve in self.spread.iter().chain(&self.curves) {
            match &bounds {
                Some(bounds) => draw_dense(&mut canvas, bounds, &scale, curve, theme),
                None => self.draw_points(&mut canvas, x, &scale, curve, theme),
            }
        }
        for &(step, _) in &self.marks {
            draw_rule(buffer, plot, x, step, "┊", theme.mark);
        }
        if let Some(step) = self.cursor {
            draw_rule(buffer, plot, x, step, "│", theme.title);
        }
        canvas.draw(buffer);
        let dots_of_row = (scale.dots as i64 / i64::from(plot.height.max(1))).max(1);
        for (value, label) in ticks {
            let row = scale.dot(value) / dots_of_row;
            if plot.x > area.x && (0..i64::from(plot.height)).contains(&row) {
                let at = plot.x - 1 - label.len() as u16;
                buffer.set_string(at, plot.y + row as u16, &label, theme.dim);
            }
        }
        if let Some(row) = axis {
            draw_steps(buffer, plot, x, row, theme);
        }
        if let Some(row) = marks {
            draw_marks(&self.marks, buffer, plot, x, row, theme);
        }
    }

    /// The step under a place of the screen, for a chart drawn in this area.
    pub fn step_at(&self, at: Position, area: Rect, theme: &Theme) -> Option<u32> {
        let plot = self.frame(area, theme)?.plot;
        let (from, to) = (u64::from(self.span.0), u64::from(self.span.1));
        let cells = u64::from(plot.width.max(2)) - 1;
        plot.contains(at)
            .then(|| (from + (u64::from(at.x - plot.x) * (to - from) + cells / 2) / cells) as u32)
    }

    /// Where things go; nothing at all in an area that is too small.
    fn frame(&self, area: Rect, theme: &Theme) -> Option<Frame> {
        if area.width < 4 || area.height == 0 {
            return None;
        }
        let has_axis = area.height >= 3;
        let has_marks = area.height >= 7 && !self.marks.is_empty();
        let rows = area.height - u16::from(has_axis) - u16::from(has_marks);
        let (low, high) = self.bounds();
        let dots = usize::from(rows) * if theme.markers == Markers::Braille { 4 } else { 1 };
        let scale = Scale::fit(low, high, dots, self.log);
        let values = scale.ticks((usize::from(rows) / 2).clamp(2, 8));
        let ticks: Vec<(f64, String)> = values.iter().copied().zip(labels(&values)).collect();
        let widest = ticks.iter().map(|(_, label)| label.len()).max().unwrap_or(0) as u16;
        let gutter = if area.width < widest + 12 { 0 } else { widest + 1 };
        let y = area.y + u16::from(has_marks);
        Some(Frame {
            plot: Rect {
                x: area.x + gutter,
                y,
                width: area.width - gutter,
                height: rows,
            },
            scale,
            ticks,
            marks: has_marks.then_some(area.y),
            axis: has_axis.then_some(y + rows),
        })
    }

    /// Indices of the first point in the span and of the first after it.
    fn visible(&self) -> (usize, usize) {
        let from = self.steps.partition_point(|&s| s < self.span.0);
        let to = self.steps.partition_point(|&s| s <= self.span.1);
        (from, to.max(from))
    }

    /// Smallest and largest value to be seen.
    fn bounds(&self) -> (f64, f64) {
        let (from, to) = self.visible();
        let over = |curves: &[Curve]| {
            curves
                .iter()
                .fold(Summary::EMPTY, |sum, c| sum.merge(c.column.summary(from, to)))
        };
        let (own, spread) = (over(&self.curves), over(&self.spread));
        if own.count == 0 {
            return (f64::INFINITY, f64::NEG_INFINITY);
        }
        let all = own.merge(spread);
        (f64::from(all.min), f64::from(all.max))
    }

    fn draw_fill(&self, canvas: &mut Canvas, x: Across, scale: &Scale, bounds: Option<&[usize]>) {
        let Some((below, above, style)) = self.fill else { return };
        let (from, to) = self.visible();
        let mean = |column: &Column, from: usize, to: usize| {
            let s = column.summary(from, to);
            (s.count > 0).then_some(f64::from(s.mean))
        };
        let stride = x.dots / usize::from(canvas.columns()).max(1) * 2;
        for dot in (0..x.dots as i64).step_by(stride.max(2)) {
            // Between two points far apart the fill follows the straight line.
            let (next, here) = if let Some(&[next, here]) = bounds.and_then(|b| b.get(dot as usize..dot as usize + 2)) {
                (next, here)
            } else {
                let next = self.steps.partition_point(|&s| x.dot(s) < dot).clamp(from, to);
                (
                    next,
                    next + self.steps[next..to].partition_point(|&s| x.dot(s) < dot + 2),
                )
            };
            let values = if here > next {
                mean(below, next, here).zip(mean(above, next, here))
            } else if next > from && next < to {
                let (a, b) = (x.dot(self.steps[next - 1]) as f64, x.dot(self.steps[next]) as f64);
                let share = (dot as f64 - a) / (b - a).max(1.0);
                let between = |c: &Column| {
                    Some(mean(c, next - 1, next)?)
                        .zip(mean(c, next, next + 1))
                        .map(|(p, q)| p + (q - p) * share)
                };
                between(below).zip(between(above))
            } else {
                None
            };
            let Some((p, q)) = values else { continue };
            let (p, q) = (scale.dot(p), scale.dot(q));
            for y in p.min(q) + 2..p.max(q) - 1 {
                if y % 2 == 0 {
                    canvas.dot(dot, y, style);
                }
            }
        }
    }

    /// The points of each column of dots, as the index of the first of each and the end of all, when columns hold several.
    fn bounds_of_dots(&self, x: Across) -> Option<Vec<usize>> {
        let (from, to) = self.visible();
        if to - from <= x.dots * 2 {
            return None;
        }
        // With many points to a column of dots, whole buckets will do: each point still counts once, at most a few
        // hundredths of a column away from its place.
        let grain = if (to - from) / x.dots.max(1) >= BASE * 16 {
            BASE
        } else {
            1
        };
        let mut bounds = vec![from];
        for dot in 0..x.dots as i64 {
            let at = bounds.last().copied().unwrap_or(from);
            let end = at + self.steps[at..to].partition_point(|&s| x.dot(s) <= dot);
            bounds.push(if end == to { to } else { (end - end % grain).max(at) });
        }
        Some(bounds)
    }

    fn draw_points(&self, canvas: &mut Canvas, x: Across, scale: &Scale, curve: &Curve, theme: &Theme) {
        let (from, to) = self.visible();
        let points = curve.column.points();
        let (from, to) = (from.min(points.len()), to.min(points.len()));
        let at = |i: usize, v: f64| (x.dot(self.steps[i]), scale.dot(v));
        let smooth = self.smooth && curve.dash != Dash::Sparse && to - from > 3;
        let raw = (from..to).map(|i| (i, f64::from(points[i])));
        if smooth {
            let ghost = curve.style.patch(theme.dim);
            join(canvas, raw.clone(), at, ghost, Dash::Sparse);
            let mut mean = f64::NAN;
            let line = (from.saturating_sub(64)..to).map(|i| {
                let v = f64::from(points[i]);
                if v.is_finite() {
                    mean = if mean.is_finite() { mean + 0.15 * (v - mean) } else { v };
                }
                (i, if v.is_finite() { mean } else { v })
            });
            join(canvas, line.filter(|(i, _)| *i >= from), at, curve.style, curve.dash);
        } else {
            join(canvas, raw, at, curve.style, curve.dash);
        }
    }
}

/// The places of a chart's parts.
struct Frame {
    plot: Rect,
    scale: Scale,
    /// Values and labels of the vertical axis.
    ticks: Vec<(f64, String)>,
    /// Row of the labels of marks.
    marks: Option<u16>,
    /// Row of the steps.
    axis: Option<u16>,
}

/// Draws columns of dots that hold several points each: their range dimly, then a line through their means.
fn draw_dense(canvas: &mut Canvas, bounds: &[usize], scale: &Scale, curve: &Curve, theme: &Theme) {
    let edge = curve.dash == Dash::Sparse;
    let ghost = curve.style.patch(theme.dim);
    let mut means = Vec::with_capacity(bounds.len());
    for (dot, points) in bounds.windows(2).enumerate() {
        let sum = curve.column.summary(points[0], points[1]);
        if sum.count == 0 {
            means.push((dot, f64::NAN));
            continue;
        }
        if !edge {
            let (top, bottom) = (scale.dot(f64::from(sum.max)), scale.dot(f64::from(sum.min)));
            canvas.vertical(dot as i64, top, bottom, ghost);
        }
        means.push((dot, f64::from(sum.mean)));
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
fn join(
    canvas: &mut Canvas,
    points: impl Iterator<Item = (usize, f64)>,
    at: impl Fn(usize, f64) -> (i64, i64),
    style: Style,
    dash: Dash,
) {
    let mut before = None;
    for (i, value) in points {
        if !value.is_finite() {
            before = None;
            continue;
        }
        let here = at(i, value);
        match before {
            Some(last) => canvas.line(last, here, style, |x| dash.on(x)),
            None => canvas.dot(here.0, here.1, style),
        }
        before = Some(here);
    }
}
