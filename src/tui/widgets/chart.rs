//! A chart over steps, drawn straight into the buffer in time of its width, however long the run.
//!
//! While there are few steps, a line joins their moving averages, with every single step faintly behind it (or the line
//! joins the steps themselves). When several steps share a column of dots, the column shows their smallest and largest
//! value dimly and a line through their means, so that no spike is lost.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
    text::Line,
};

use super::axis::{Across, Mark, cell_of, draw_marks, draw_rule, draw_steps};
use super::canvas::Canvas;
use super::dense::Dense;
use super::lines::{self, draw_band, draw_dense, draw_stack, join};
use super::readout;
use super::scale::Scale;
use crate::tui::history::{Column, Summary};
use crate::tui::smooth::{self, Smoothing};
use crate::tui::theme::{Markers, Theme};

/// From this many rows on single steps are joined by a faint line; in lower plots it would only be dust.
const ROWS_FOR_LINE: u16 = 14;

/// How a line is drawn, so that lines differ without colour too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dash {
    #[default]
    Solid,
    Dashed,
    Dotted,
    /// Barely there: the edges of a band.
    Sparse,
}

impl Dash {
    /// Whether the dot is drawn that lies so far along the line.
    pub(super) fn on(self, along: i64) -> bool {
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
    /// Drawn through its points however the others are smoothed: it is no noisy number of every step, but stands until the
    /// next is measured.
    pub raw: bool,
}

impl Curve<'_> {
    /// How it is smoothed on a chart with this smoothing.
    pub fn smoothed(&self, smoothing: Smoothing) -> Smoothing {
        if self.raw { Smoothing::Off } else { smoothing }
    }
}

/// A spread around a curve: its lower and its upper edge.
#[derive(Clone, Copy, Debug)]
pub struct Band<'a> {
    pub low: &'a Column,
    pub high: &'a Column,
    pub style: Style,
    /// As [`Curve::raw`].
    pub raw: bool,
}

impl<'a> Band<'a> {
    /// Its lower and its upper edge.
    fn edges(&self) -> [Curve<'a>; 2] {
        [self.low, self.high].map(|column| Curve {
            column,
            style: self.style,
            dash: Dash::Sparse,
            raw: self.raw,
        })
    }
}

/// A chart. Fields that are not needed stay empty.
#[derive(Clone, Debug, Default)]
pub struct Chart<'a> {
    /// The step of each point of all columns, as far as they are drawn.
    pub steps: &'a [u32],
    pub curves: Vec<Curve<'a>>,
    /// Behind the curves.
    pub bands: Vec<Band<'a>>,
    /// Fill between two curves: the gap.
    pub fill: Option<Style>,
    /// The two curves are counts of which the second stands on the first: areas, not lines.
    pub stacked: bool,
    /// Steps at which something happened.
    pub marks: Vec<Mark<'a>>,
    /// Steps at which a number stopped being one, of each curve that it happened to.
    pub breaks: Vec<(&'a [u32], Style)>,
    /// First and last step of the horizontal axis.
    pub span: (u32, u32),
    /// The step under the crosshair.
    pub cursor: Option<u32>,
    /// What stands beside the crosshair, where there is room.
    pub readout: Vec<Line<'a>>,
    /// Steps that are being selected.
    pub selection: Option<(u32, u32)>,
    pub log: bool,
    pub smoothing: Smoothing,
}

/// Where a chart is on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub plot: Rect,
    /// The row of the steps.
    pub axis: Option<u16>,
    span: (u32, u32),
}

impl Place {
    /// The step under a column of the screen; of one beside the plot, that at its edge.
    pub fn step(&self, x: u16) -> u32 {
        let cells = u64::from(self.plot.width.max(2)) - 1;
        let cell = u64::from(x.saturating_sub(self.plot.x)).min(cells);
        let (from, to) = (u64::from(self.span.0), u64::from(self.span.1));
        (from + (cell * (to - from) + cells / 2) / cells) as u32
    }
}

impl<'a> Chart<'a> {
    /// Several steps share a column of dots at this width.
    pub fn dense(&self, width: u16) -> bool {
        let (from, to) = self.visible();
        to - from > usize::from(width) * 4
    }

    /// The vertical axis, in a chart of so many columns and with so many dots from top to bottom.
    pub fn scale(&self, width: u16, dots: usize) -> Scale {
        let (low, high) = self.bounds(width);
        match self.stacked {
            true => Scale::from_zero(high, dots),
            false => Scale::fit(low, high, dots, self.log),
        }
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
        if scale.crosses_zero() && !self.stacked {
            let y = scale.dot(0.0);
            (0..canvas.width() as i64)
                .step_by(3)
                .for_each(|x| canvas.dot(x, y, theme.dim));
        }
        let dense = Dense::of(self, x);
        self.draw_curves(&mut canvas, x, &scale, dense.as_ref(), plot, theme);
        let shown = self.marks_in_span();
        for mark in &shown {
            draw_rule(buffer, plot, x, mark.step, "┊", mark.style);
        }
        if let Some(step) = self.cursor {
            draw_rule(buffer, plot, x, step, "│", theme.title);
        }
        canvas.draw(buffer);
        self.draw_breaks(plot, x, buffer);
        let row_of = |value: f64| {
            let dots_of_row = (scale.dots as i64 / i64::from(plot.height.max(1))).max(1);
            let row = scale.dot(value).div_euclid(dots_of_row);
            u16::try_from(row).ok().filter(|row| *row < plot.height)
        };
        // One point makes no line, and a single dot is not seen.
        let sign = if theme.markers == Markers::Ascii { "o" } else { "●" };
        for (step, value, style) in self.single_points() {
            if let Some((cell, row)) = cell_of(plot, x, step).zip(row_of(value)) {
                buffer.set_string(cell, plot.y + row, sign, style);
            }
        }
        for (value, label) in ticks {
            if let Some(row) = row_of(value).filter(|_| plot.x > area.x) {
                let at = plot.x - 1 - label.len() as u16;
                buffer.set_string(at, plot.y + row, &label, theme.dim);
            }
        }
        if let Some(row) = axis {
            draw_steps(buffer, plot, x, row, theme);
        }
        if let Some(row) = marks {
            draw_marks(&shown, buffer, plot, x, row);
        }
        if let Some((from, to)) = self.selection {
            self.draw_selection(plot, x, (from, to), buffer);
        }
        let Some(cell) = self.cursor.and_then(|step| cell_of(plot, x, step)) else {
            return;
        };
        for (value, style) in self.at_cursor() {
            if let Some(row) = row_of(value) {
                buffer.set_string(cell, plot.y + row, sign, style);
            }
        }
        readout::draw(&self.readout, cell, plot, buffer);
    }

    /// Where it is, drawn in this area; nothing where it is too small to be drawn.
    pub fn place(&self, area: Rect, theme: &Theme) -> Option<Place> {
        let frame = self.frame(area, theme)?;
        Some(Place {
            plot: frame.plot,
            axis: frame.axis,
            span: self.span,
        })
    }

    /// What each line has at the cursor, where that is a number, with its look.
    fn at_cursor(&self) -> Vec<(f64, Style)> {
        let index = self.cursor.and_then(|step| self.steps.binary_search(&step).ok());
        let Some(index) = index.filter(|_| !self.stacked) else {
            return vec![];
        };
        let value = |curve: &Curve| {
            let value = smooth::average(curve.column.points(), index, curve.smoothed(self.smoothing))?;
            Some((f64::from(value), curve.style))
        };
        self.curves.iter().filter_map(value).collect()
    }

    /// Of each line that has one point only: its step, value and look.
    fn single_points(&self) -> Vec<(u32, f64, Style)> {
        let (from, to) = self.visible();
        let single = |curve: &Curve| {
            let points = curve.column.points().get(from..to)?;
            let mut finite = points.iter().enumerate().filter(|(_, v)| v.is_finite());
            let (place, value) = finite.next()?;
            let alone = finite.next().is_none() && !self.stacked;
            alone.then(|| (self.steps[from + place], f64::from(*value), curve.style))
        };
        self.curves.iter().filter_map(single).collect()
    }

    fn marks_in_span(&self) -> Vec<Mark<'_>> {
        let (from, to) = self.span;
        let seen = |m: &&Mark| (from..=to).contains(&m.step);
        self.marks.iter().filter(seen).copied().collect()
    }

    /// Where things go; nothing at all in an area that is too small.
    fn frame(&self, area: Rect, theme: &Theme) -> Option<Frame> {
        if area.width < 4 || area.height == 0 {
            return None;
        }
        let has_axis = area.height >= 3;
        let has_marks = area.height >= 7 && !self.marks.is_empty();
        let rows = area.height - u16::from(has_axis) - u16::from(has_marks);
        let scale = self.scale(area.width, usize::from(rows) * Canvas::dots_of_cell(theme.markers).1);
        let wanted = (usize::from(rows) / 2).clamp(2, 8);
        // One label alone tells no distance.
        let values = (wanted..wanted + 4)
            .map(|n| scale.ticks(n))
            .find(|ticks| ticks.len() > 1);
        let values = values.unwrap_or_else(|| scale.ticks(wanted));
        let ticks: Vec<(f64, String)> = values.iter().copied().zip(scale.labels(&values)).collect();
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
    pub fn visible(&self) -> (usize, usize) {
        let from = self.steps.partition_point(|&s| s < self.span.0);
        let to = self.steps.partition_point(|&s| s <= self.span.1);
        (from, to.max(from))
    }

    /// Smallest and largest value to be seen at this width.
    fn bounds(&self, width: u16) -> (f64, f64) {
        let (from, to) = self.visible();
        let over = |sum: Summary, c: &Column| sum.merge(c.summary(from, to));
        let own = self.curves.iter().fold(Summary::EMPTY, |sum, c| over(sum, c.column));
        if own.count == 0 {
            return (f64::INFINITY, f64::NEG_INFINITY);
        }
        if let [lower, upper] = &self.curves[..]
            && self.stacked
        {
            let top = |c: &Curve| f64::from(c.column.summary(from, to).max).max(0.0);
            return (0.0, top(lower) + top(upper));
        }
        let bounds = (f64::from(own.min), f64::from(own.max));
        let edges = self.bands.iter().flat_map(Band::edges);
        let (low, high) = if self.dense(width) {
            let all = edges.fold(own, |sum, edge| over(sum, edge.column));
            (f64::from(all.min), f64::from(all.max))
        } else {
            // The edges are drawn averaged; their single spikes must not squeeze the curves.
            let values = edges.flat_map(|edge| self.values(&edge)).filter(|v| v.is_finite());
            values.fold(bounds, |(low, high), v| (low.min(v), high.max(v)))
        };
        // Where the curves have a logarithm, an edge that has none is cut off.
        (
            if self.log && bounds.0 > 0.0 && low <= 0.0 {
                bounds.0
            } else {
                low
            },
            high,
        )
    }

    /// What a line runs through, point for point of those visible.
    fn values(&self, curve: &Curve) -> Vec<f64> {
        let (from, to) = self.visible();
        smooth::averages(curve.column.points(), from, to, curve.smoothed(self.smoothing))
    }

    fn draw_curves(
        &self,
        canvas: &mut Canvas,
        x: Across,
        scale: &Scale,
        dense: Option<&Dense<'a>>,
        plot: Rect,
        theme: &Theme,
    ) {
        if let [lower, upper] = &self.curves[..]
            && self.stacked
        {
            return draw_stack(canvas, x, self.steps, scale, lower, upper, theme);
        }
        let (from, to) = self.visible();
        let steps = &self.steps[from..to];
        // The two lines at every column of dots, as drawn.
        let between = |low: &Curve<'a>, high: &Curve<'a>| -> Vec<Option<(f64, f64)>> {
            match dense {
                Some(dense) => {
                    let mean = |s: &Summary| (s.count > 0).then_some(f64::from(s.mean));
                    let (low, high) = (dense.summaries(low.column), dense.summaries(high.column));
                    low.iter().zip(high.iter()).map(|(l, h)| mean(l).zip(mean(h))).collect()
                }
                None => {
                    let (low, high) = (self.values(low), self.values(high));
                    let at = |dot| lines::between(&low, steps, x, dot).zip(lines::between(&high, steps, x, dot));
                    (0..x.dots).map(|dot| at(dot as i64)).collect()
                }
            }
        };
        // Two shades over each other would be one grey: of several bands the edges say enough.
        if let [band] = &self.bands[..] {
            let [low, high] = band.edges();
            draw_band(canvas, &between(&low, &high), scale, band.style);
        }
        if let [below, above] = &self.curves[..]
            && let Some(style) = self.fill
        {
            lines::draw_fill(canvas, &between(below, above), scale, style);
        }
        let edges = self.bands.iter().flat_map(Band::edges);
        for curve in edges.chain(self.curves.iter().copied()) {
            match dense {
                Some(dense) => {
                    let smoothing = curve.smoothed(self.smoothing);
                    draw_dense(canvas, &dense.summaries(curve.column), scale, &curve, smoothing, theme);
                }
                None => self.draw_points(canvas, x, scale, &curve, plot, theme),
            }
        }
    }

    fn draw_points(&self, canvas: &mut Canvas, x: Across, scale: &Scale, curve: &Curve, plot: Rect, theme: &Theme) {
        let (from, _) = self.visible();
        let at = |i: usize, v: f64| (x.dot(self.steps[from + i]), scale.dot(v));
        let values = self.values(curve);
        let raw = curve.column.points().iter().skip(from).take(values.len());
        let raw = raw.map(|v| f64::from(*v)).enumerate();
        let ghost = curve.style.patch(theme.dim);
        // The dots of more than two curves would only be dust.
        if curve.smoothed(self.smoothing).is_on() && curve.dash != Dash::Sparse && self.curves.len() <= 2 {
            if plot.height >= ROWS_FOR_LINE {
                join(canvas, raw, at, ghost, Dash::Dotted);
            } else {
                for (i, v) in raw.filter(|(_, v)| v.is_finite()) {
                    let (x, y) = at(i, v);
                    canvas.dot(x, y, ghost);
                }
            }
        }
        join(canvas, values.into_iter().enumerate(), at, curve.style, curve.dash);
    }

    /// A sign at the foot of every column of cells in which a number stopped being one.
    fn draw_breaks(&self, plot: Rect, x: Across, buffer: &mut Buffer) {
        if plot.height == 0 {
            return;
        }
        for (steps, style) in &self.breaks {
            let mut rest = &steps[steps.partition_point(|s| *s < self.span.0)..];
            while let Some(&step) = rest.first() {
                let Some(cell) = cell_of(plot, x, step) else { break };
                buffer.set_string(cell, plot.bottom() - 1, "×", *style);
                rest = &rest[rest.partition_point(|s| cell_of(plot, x, *s) == Some(cell))..];
            }
        }
    }

    fn draw_selection(&self, plot: Rect, x: Across, (from, to): (u32, u32), buffer: &mut Buffer) {
        let clamped = |step: u32| cell_of(plot, x, step.clamp(self.span.0, self.span.1));
        let Some((from, to)) = clamped(from).zip(clamped(to)) else {
            return;
        };
        let area = Rect {
            x: from,
            width: to - from + 1,
            ..plot
        };
        buffer.set_style(area, Style::new().add_modifier(Modifier::REVERSED));
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
