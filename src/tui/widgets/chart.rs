//! A line chart over steps, drawn straight into the buffer in time of its width, however long the run.
//!
//! While there are few steps, a line joins their moving averages and a faint dot stands for each step (or the line joins
//! the steps themselves). When several steps share a column of dots, the column shows their smallest and largest value
//! dimly and a line through their means, so that no spike is lost.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
};

use super::axis::{Across, draw_marks, draw_rule, draw_steps};
use super::canvas::Canvas;
use super::scale::{Scale, labels};
use crate::tui::history::{BASE, Column, Summary};
use crate::tui::smooth;
use crate::tui::theme::Theme;

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
    /// Whether the dot is drawn that lies so far along the line.
    fn on(self, along: i64) -> bool {
        match self {
            Dash::Solid => true,
            Dash::Dashed => along.rem_euclid(6) < 4,
            Dash::Dotted => along.rem_euclid(2) == 0,
            Dash::Sparse => along.rem_euclid(4) == 0,
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
    /// Draw the moving average, each step as a faint dot behind it.
    pub smooth: bool,
}

impl Chart<'_> {
    /// Several steps share a column of dots at this width.
    pub fn dense(&self, width: u16) -> bool {
        let (from, to) = self.visible();
        to - from > usize::from(width) * 4
    }

    /// The vertical axis is logarithmic at this width: asked for, and possible.
    pub fn is_log(&self, width: u16) -> bool {
        self.log && self.bounds(width).0 > 0.0
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
        let (low, high) = self.bounds(area.width);
        let dots = usize::from(rows) * theme.markers.scale().1;
        let scale = Scale::fit(low, high, dots, self.log);
        let wanted = (usize::from(rows) / 2).clamp(2, 8);
        // One label alone tells no distance.
        let values = (wanted..wanted + 4)
            .map(|n| scale.ticks(n))
            .find(|ticks| ticks.len() > 1);
        let values = values.unwrap_or_else(|| scale.ticks(wanted));
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

    /// Smallest and largest value to be seen at this width.
    fn bounds(&self, width: u16) -> (f64, f64) {
        let (from, to) = self.visible();
        let over = |sum: Summary, c: &Curve| sum.merge(c.column.summary(from, to));
        let own = self.curves.iter().fold(Summary::EMPTY, over);
        if own.count == 0 {
            return (f64::INFINITY, f64::NEG_INFINITY);
        }
        if self.dense(width) {
            let all = self.spread.iter().fold(own, over);
            return (f64::from(all.min), f64::from(all.max));
        }
        // The edges of the spread are drawn averaged; their single spikes must not squeeze the curves.
        let edges = self
            .spread
            .iter()
            .flat_map(|c| self.values(c.column))
            .filter(|v| v.is_finite());
        edges.fold((f64::from(own.min), f64::from(own.max)), |(low, high), v| {
            (low.min(v), high.max(v))
        })
    }

    /// What the line of a column runs through, point for point of those visible.
    fn values(&self, column: &Column) -> Vec<f64> {
        let (from, to) = self.visible();
        if self.smooth {
            return smooth::averages(column.points(), from, to);
        }
        let points = column.points();
        points[from.min(points.len())..to.min(points.len())]
            .iter()
            .map(|&v| f64::from(v))
            .collect()
    }

    /// Rows of dots between two lines: the gap, seen before its number is read.
    fn draw_fill(&self, canvas: &mut Canvas, x: Across, scale: &Scale, bounds: Option<&[usize]>) {
        let Some((below, above, style)) = self.fill else { return };
        let stride = (x.dots / usize::from(canvas.columns()).max(1) * 2).max(2);
        let mean = |column: &Column, from: usize, to: usize| {
            let s = column.summary(from, to);
            (s.count > 0).then_some(f64::from(s.mean))
        };
        let lines = bounds.is_none().then(|| (self.values(below), self.values(above)));
        for dot in (0..x.dots).step_by(stride) {
            let values = match (&lines, bounds.and_then(|b| b.get(dot..dot + 2))) {
                (Some((low, high)), _) => self.between(low, x, dot as i64).zip(self.between(high, x, dot as i64)),
                (None, Some(&[from, to])) => mean(below, from, to).zip(mean(above, from, to)),
                _ => None,
            };
            let Some((p, q)) = values else { continue };
            let (p, q) = (scale.dot(p), scale.dot(q));
            (p.min(q) + 2..p.max(q) - 1)
                .filter(|y| y % 2 == 0)
                .for_each(|y| canvas.dot(dot as i64, y, style));
        }
    }

    /// The height of a line at a column of dots: on the straight way from one point to the next.
    fn between(&self, values: &[f64], x: Across, dot: i64) -> Option<f64> {
        let (from, to) = self.visible();
        let steps = &self.steps[from..to];
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
        let (from, _) = self.visible();
        let at = |i: usize, v: f64| (x.dot(self.steps[from + i]), scale.dot(v));
        let values = self.values(curve.column);
        // The dots of more than two curves would only be dust.
        if self.smooth && curve.dash != Dash::Sparse && self.curves.len() <= 2 {
            let ghost = curve.style.patch(theme.dim);
            let raw = curve.column.points().iter().skip(from).take(values.len()).enumerate();
            for (i, &v) in raw.filter(|(_, v)| v.is_finite()) {
                let (x, y) = at(i, f64::from(v));
                canvas.dot(x, y, ghost);
            }
        }
        join(canvas, values.into_iter().enumerate(), at, curve.style, curve.dash);
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
