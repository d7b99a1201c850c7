//! Reward curves without and with the principles, and tau below them (Fig. 3).

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::Drawing;
use super::series::{Band, RewardFigure, RewardLine};
use super::style::{GRID, INK, PALE, PALETTE, bold, line, px, text};

const WIDTH: f64 = 760.0;
const TOP: f64 = 44.0;
const ROW: f64 = 20.0;
const REWARDS: f64 = 320.0;
const TAU: f64 = 120.0;
const LEFT: f64 = 54.0;
/// The names of the vertical axes are centred on their edge: without room half of them would be outside.
const EDGE: f64 = 9.0;
const RIGHT: f64 = 18.0;

/// Of the picture in shown pixels.
pub fn size(figure: &RewardFigure) -> (u32, u32) {
    let height = TOP + ROW * legend_rows(figure) as f64 + REWARDS + TAU + 8.0;
    (WIDTH as u32, height as u32)
}

/// One curve with its look.
struct Curve<'a> {
    name: String,
    points: &'a [Band],
    color: RGBColor,
    dashed: bool,
    marker: usize,
    several: bool,
}

pub struct Rewards<'a>(&'a RewardFigure);

pub fn draw(figure: &RewardFigure) -> Rewards<'_> {
    Rewards(figure)
}

impl Drawing for Rewards<'_> {
    fn on<DB: DrawingBackend>(self, root: &DrawingArea<DB, Shift>) -> Result<(), String> {
        paint(root, self.0).map_err(|e| e.to_string())
    }
}

fn curves(figure: &RewardFigure) -> Vec<Curve<'_>> {
    let one = figure.lines.len() == 1;
    let mut found = Vec::new();
    for (i, l) in figure.lines.iter().enumerate() {
        for guided in [false, true] {
            if guided && l.guided.is_empty() {
                continue;
            }
            let name = match (guided, l.guided.is_empty()) {
                (true, _) => format!("{}: {}", l.name, l.guided_is),
                (false, false) if l.guided_is == "with principles" => format!("{}: without", l.name),
                _ => l.name.clone(),
            };
            let place = if one { usize::from(guided) } else { i };
            found.push(Curve {
                name,
                points: if guided { &l.guided } else { &l.original },
                color: PALETTE[place % PALETTE.len()],
                dashed: guided,
                marker: place,
                several: l.runs > 1,
            });
        }
    }
    found
}

/// Two entries stand side by side.
fn legend_rows(figure: &RewardFigure) -> usize {
    curves(figure).len().div_ceil(2)
}

type Fallible<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

fn paint<DB: DrawingBackend>(root: &DrawingArea<DB, Shift>, figure: &RewardFigure) -> Fallible<DB> {
    let curves = curves(figure);
    root.draw_text(
        &shortened(&figure.title, 72),
        &bold(15.0, INK, HPos::Left, VPos::Top),
        (px(16.0), px(10.0)),
    )?;
    root.draw_text(
        &how(figure),
        &text(11.0, PALE, HPos::Left, VPos::Top),
        (px(16.0), px(29.0)),
    )?;
    for (i, curve) in curves.iter().enumerate() {
        let (x, y) = (16.0 + 370.0 * (i % 2) as f64, TOP + 10.0 + ROW * (i / 2) as f64);
        sample(root, curve, x, y)?;
        let name = text(11.5, INK, HPos::Left, VPos::Center);
        root.draw_text(&shortened(&curve.name, 46), &name, (px(x + 44.0), px(y)))?;
    }
    let above = TOP + ROW * legend_rows(figure) as f64;
    let (_, rest) = root.split_vertically(px(above));
    let (rewards, below) = rest.split_vertically(px(REWARDS));
    let (tau, _) = below.split_vertically(px(TAU));
    let last = figure
        .lines
        .iter()
        .flat_map(|l| l.tau.last())
        .map(|t| t.0)
        .fold(1.0, f64::max);
    reward_panel(root, &rewards, &curves, last)?;
    tau_panel(&tau, &figure.lines, last)
}

/// What a point of the curves is.
fn how(figure: &RewardFigure) -> String {
    let windows: Vec<usize> = figure.lines.iter().map(|l| l.window).collect();
    let (least, most) = (windows.iter().min().unwrap_or(&1), windows.iter().max().unwrap_or(&1));
    let over = match (least, most) {
        (1, 1) => "mean of a step's queries".to_string(),
        (a, b) if a == b => format!("mean of {a} steps' queries"),
        (a, b) => format!("means of {a} to {b} steps' queries"),
    };
    let several = figure.lines.iter().any(|l| l.runs > 1);
    let bands = if several {
        "; bands: one standard deviation over seeds"
    } else {
        ""
    };
    format!("reward R(x, y) of responses to training queries; {over}{bands}")
}

fn reward_panel<DB: DrawingBackend>(
    root: &DrawingArea<DB, Shift>,
    area: &DrawingArea<DB, Shift>,
    curves: &[Curve<'_>],
    last: f64,
) -> Fallible<DB> {
    let all = || curves.iter().flat_map(|c| c.points);
    let (low, high) = padded(all().map(|p| p.low), all().map(|p| p.high));
    let mut chart = ChartBuilder::on(area)
        .margin_top(px(10.0))
        .margin_left(px(EDGE))
        .margin_right(px(RIGHT))
        .set_label_area_size(LabelAreaPosition::Left, px(LEFT))
        .set_label_area_size(LabelAreaPosition::Bottom, px(8.0))
        .build_cartesian_2d(0.0..last, low..high)?;
    mesh(&mut chart, "mean reward", "", 6, decimals(high - low))?;
    for curve in curves.iter().filter(|c| c.several) {
        let upper = curve.points.iter().map(|p| (p.step, p.high));
        let lower = curve.points.iter().rev().map(|p| (p.step, p.low));
        let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
        chart.draw_series([Polygon::new(outline, curve.color.mix(0.16).filled())])?;
    }
    for curve in curves {
        let points = curve.points.iter().map(|p| (p.step, p.mean));
        let style = line(curve.color, 2.0);
        if curve.dashed {
            chart.draw_series(DashedLineSeries::new(points, px(7.0), px(5.0), style))?;
        } else {
            chart.draw_series(LineSeries::new(points, style))?;
        }
        // A dozen markers tell curves apart as well as colours do.
        let every = curve.points.len().div_ceil(12).max(1);
        let first = if curve.dashed { every / 2 } else { 0 };
        for p in curve.points.iter().skip(first).step_by(every) {
            let at = chart.backend_coord(&(p.step, p.mean));
            // These coordinates are those of the whole picture.
            marker(root, curve, at)?;
        }
    }
    Ok(())
}

fn tau_panel<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>, lines: &[RewardLine], last: f64) -> Fallible<DB> {
    let values = || lines.iter().flat_map(|l| &l.tau).map(|t| t.1).filter(|t| t.is_finite());
    let high = values().fold(0.0, f64::max).max(1e-9) * 1.08;
    let low = values().fold(0.0, f64::min);
    let mut chart = ChartBuilder::on(area)
        .margin_top(px(4.0))
        .margin_left(px(EDGE))
        .margin_right(px(RIGHT))
        .set_label_area_size(LabelAreaPosition::Left, px(LEFT))
        .set_label_area_size(LabelAreaPosition::Bottom, px(38.0))
        .build_cartesian_2d(0.0..last, low..high)?;
    mesh(&mut chart, "τ", "step", 3, decimals(high - low))?;
    // Equal curves would hide each other: each is drawn a little thinner than the one below it.
    for (i, l) in lines.iter().enumerate() {
        let color = if lines.len() == 1 {
            INK
        } else {
            PALETTE[i % PALETTE.len()]
        };
        let width = 2.0 + 1.6 * (lines.len() - 1 - i).min(4) as f64;
        let points = l.tau.iter().copied().filter(|t| t.1.is_finite());
        chart.draw_series(LineSeries::new(points, line(color, width)))?;
    }
    Ok(())
}

fn mesh<DB: DrawingBackend>(
    chart: &mut ChartContext<
        '_,
        DB,
        Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
    >,
    y_name: &str,
    x_name: &str,
    y_labels: usize,
    digits: usize,
) -> Fallible<DB> {
    let small = text(11.0, INK, HPos::Center, VPos::Center);
    chart
        .configure_mesh()
        .bold_line_style(line(GRID, 1.0))
        .light_line_style(TRANSPARENT)
        .axis_style(line(PALE, 1.0))
        .x_labels(10)
        .y_labels(y_labels)
        .x_label_formatter(&|x| {
            if x_name.is_empty() {
                String::new()
            } else {
                format!("{x:.0}")
            }
        })
        .y_label_formatter(&|y| format!("{y:.digits$}"))
        .label_style(small.clone())
        .axis_desc_style(text(12.0, INK, HPos::Center, VPos::Center))
        .x_desc(x_name)
        .y_desc(y_name)
        .set_all_tick_mark_size(px(3.0))
        .draw()
}

/// The look of a curve in the legend.
fn sample<DB: DrawingBackend>(root: &DrawingArea<DB, Shift>, curve: &Curve<'_>, x: f64, y: f64) -> Fallible<DB> {
    let pieces: &[(f64, f64)] = if curve.dashed {
        &[(0.0, 9.0), (13.0, 23.0), (27.0, 36.0)]
    } else {
        &[(0.0, 36.0)]
    };
    for (from, to) in pieces {
        let ends = vec![(px(x + from), px(y)), (px(x + to), px(y))];
        root.draw(&PathElement::new(ends, line(curve.color, 2.0)))?;
    }
    marker(root, curve, (px(x + 18.0), px(y)))
}

/// A circle, a triangle, a square, a diamond or a cross.
fn marker<DB: DrawingBackend>(root: &DrawingArea<DB, Shift>, curve: &Curve<'_>, at: (i32, i32)) -> Fallible<DB> {
    let r = px(4.0);
    let corner = |x: i32, y: i32| (at.0 + x, at.1 + y);
    let corners = match curve.marker % 5 {
        0 => {
            root.draw(&Circle::new(at, r, WHITE.filled()))?;
            return root.draw(&Circle::new(at, r - px(0.8), curve.color.filled()));
        }
        1 => vec![corner(0, -r - r / 5), corner(r, r * 4 / 5), corner(-r, r * 4 / 5)],
        2 => vec![corner(-r, -r), corner(r, -r), corner(r, r), corner(-r, r)]
            .into_iter()
            .map(|(x, y)| {
                // A square of the same area as the circle.
                (at.0 + (x - at.0) * 9 / 10, at.1 + (y - at.1) * 9 / 10)
            })
            .collect(),
        3 => vec![
            corner(0, -r * 5 / 4),
            corner(r * 5 / 4, 0),
            corner(0, r * 5 / 4),
            corner(-r * 5 / 4, 0),
        ],
        _ => {
            let style = line(curve.color, 2.0);
            root.draw(&PathElement::new(vec![corner(-r, -r), corner(r, r)], style))?;
            return root.draw(&PathElement::new(vec![corner(-r, r), corner(r, -r)], style));
        }
    };
    root.draw(&Polygon::new(corners, curve.color.filled()))
}

/// A range with some room at both ends.
fn padded(lows: impl Iterator<Item = f64>, highs: impl Iterator<Item = f64>) -> (f64, f64) {
    let low = lows.filter(|v| v.is_finite()).fold(f64::INFINITY, f64::min);
    let high = highs.filter(|v| v.is_finite()).fold(f64::NEG_INFINITY, f64::max);
    if low > high {
        return (0.0, 1.0);
    }
    let room = ((high - low) * 0.06).max(1e-3);
    (low - room, high + room)
}

/// Digits after the point that labels of a range need.
fn decimals(range: f64) -> usize {
    (1.0 - range.max(1e-9).log10().floor()).clamp(0.0, 6.0) as usize
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_string();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}
