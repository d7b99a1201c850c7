//! One chart of the workbench as a picture: lines over steps, with their bands, ranges and marks.

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::Picture;
use super::canvas::{self, Drawing};
use super::screen::Rgb;
use super::style::{GRID, INK, PALE, bold, line, px, text};

const WIDTH: f64 = 760.0;
const TOP: f64 = 36.0;
const ROW: f64 = 18.0;
const PLOT: f64 = 340.0;
const FOOT: f64 = 44.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 18.0;
/// Letters of a mark's label.
const LABEL: usize = 28;

/// A chart. Heights are places along the vertical axis: what they mean is in `ticks`, so that any axis can be drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartFigure {
    pub title: String,
    /// What a point is, and the run it is of.
    pub note: String,
    pub lines: Vec<ChartLine>,
    /// Edges with the colour of their shade.
    pub bands: Vec<ChartBand>,
    /// (step, label) of what happened.
    pub marks: Vec<(f64, String)>,
    pub cursor: Option<f64>,
    /// First and last step, lowest and highest place.
    pub span: (f64, f64),
    pub range: (f64, f64),
    /// Places with their labels.
    pub ticks: Vec<(f64, String)>,
    pub steps: Vec<(f64, String)>,
}

/// A line; NaN is a gap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartLine {
    pub name: String,
    pub ink: Rgb,
    pub dashed: bool,
    pub points: Vec<(f64, f64)>,
    /// The single steps behind a moving average.
    pub ghost: Vec<(f64, f64)>,
}

/// A shade from one edge to another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartBand {
    pub ink: Rgb,
    /// Step, lower and upper edge; NaN is a gap.
    pub edges: Vec<(f64, f64, f64)>,
}

/// A chart as the bytes of a file.
pub fn draw_chart(figure: &ChartFigure, picture: Picture) -> Result<Vec<u8>, String> {
    let height = TOP + ROW * legend_rows(figure) as f64 + PLOT + FOOT;
    canvas::draw(picture, (WIDTH as u32, height as u32), Chart(figure))
}

fn legend_rows(figure: &ChartFigure) -> usize {
    figure.lines.len().div_ceil(3)
}

struct Chart<'a>(&'a ChartFigure);

impl Drawing for Chart<'_> {
    fn on<DB: DrawingBackend>(self, root: &DrawingArea<DB, Shift>) -> Result<(), String> {
        self.draw(root).map_err(|e| e.to_string())
    }
}

type Fallible<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;
type Points = Vec<(i32, i32)>;

impl Chart<'_> {
    fn draw<DB: DrawingBackend>(&self, root: &DrawingArea<DB, Shift>) -> Fallible<DB> {
        let figure = self.0;
        root.draw(&Text::new(
            figure.title.clone(),
            (px(14.0), px(18.0)),
            bold(15.0, INK, HPos::Left, VPos::Center),
        ))?;
        root.draw(&Text::new(
            figure.note.clone(),
            (px(WIDTH - RIGHT), px(18.0)),
            text(11.0, PALE, HPos::Right, VPos::Center),
        ))?;
        self.legend(root)?;
        self.frame(root)?;
        for band in &figure.bands {
            for part in band
                .edges
                .split(|(_, low, high)| !(low.is_finite() && high.is_finite()))
            {
                let lower = part.iter().map(|e| self.at(e.0, e.1));
                let upper = part.iter().rev().map(|e| self.at(e.0, e.2));
                let outline: Points = lower.chain(upper).collect();
                root.draw(&Polygon::new(outline, colour(band.ink).mix(0.14).filled()))?;
            }
        }
        for l in &figure.lines {
            for part in parts(&l.ghost) {
                let points: Points = part.iter().map(|p| self.at(p.0, p.1)).collect();
                root.draw(&PathElement::new(points, line(colour(l.ink).mix(0.35), 1.0)))?;
            }
        }
        for l in &figure.lines {
            for part in parts(&l.points) {
                let points: Points = part.iter().map(|p| self.at(p.0, p.1)).collect();
                if let [point] = points[..] {
                    root.draw(&Circle::new(point, px(1.5), colour(l.ink).filled()))?;
                } else if l.dashed {
                    root.draw(&DashedPathElement::new(
                        points.into_iter(),
                        px(7.0),
                        px(5.0),
                        line(colour(l.ink), 2.0),
                    ))?;
                } else {
                    root.draw(&PathElement::new(points, line(colour(l.ink), 2.0)))?;
                }
            }
        }
        self.marks(root)
    }

    fn top(&self) -> f64 {
        TOP + ROW * legend_rows(self.0) as f64
    }

    /// The pixel of a step and a place; what lies outside is put on the edge.
    fn at(&self, step: f64, place: f64) -> (i32, i32) {
        let ((from, to), (low, high)) = (self.0.span, self.0.range);
        let share = |v: f64, low: f64, high: f64| ((v - low) / (high - low).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        let x = LEFT + share(step, from, to) * (WIDTH - LEFT - RIGHT);
        let y = self.top() + (1.0 - share(place, low, high)) * PLOT;
        (px(x), px(y))
    }

    fn legend<DB: DrawingBackend>(&self, root: &DrawingArea<DB, Shift>) -> Fallible<DB> {
        let wide = (WIDTH - LEFT - RIGHT) / 3.0;
        for (i, l) in self.0.lines.iter().enumerate() {
            let (x, y) = (LEFT + wide * (i % 3) as f64, TOP + ROW * (i / 3) as f64 - 2.0);
            let ends = vec![(px(x), px(y)), (px(x + 26.0), px(y))];
            match l.dashed {
                true => root.draw(&DashedPathElement::new(
                    ends.into_iter(),
                    px(7.0),
                    px(5.0),
                    line(colour(l.ink), 2.0),
                ))?,
                false => root.draw(&PathElement::new(ends, line(colour(l.ink), 2.0)))?,
            }
            let style = text(12.0, INK, HPos::Left, VPos::Center);
            root.draw(&Text::new(l.name.clone(), (px(x + 32.0), px(y)), style))?;
        }
        Ok(())
    }

    /// Grid, ticks and the names of both axes.
    fn frame<DB: DrawingBackend>(&self, root: &DrawingArea<DB, Shift>) -> Fallible<DB> {
        let ((from, to), (low, high)) = (self.0.span, self.0.range);
        for (place, label) in &self.0.ticks {
            let (left, right) = (self.at(from, *place), self.at(to, *place));
            root.draw(&PathElement::new(vec![left, right], line(GRID, 1.0)))?;
            let style = text(11.0, INK, HPos::Right, VPos::Center);
            root.draw(&Text::new(label.clone(), (left.0 - px(6.0), left.1), style))?;
        }
        for (step, label) in &self.0.steps {
            let (foot, head) = (self.at(*step, low), self.at(*step, high));
            root.draw(&PathElement::new(vec![foot, head], line(GRID, 1.0)))?;
            let style = text(11.0, INK, HPos::Center, VPos::Top);
            root.draw(&Text::new(label.clone(), (foot.0, foot.1 + px(5.0)), style))?;
        }
        let corners = vec![self.at(from, high), self.at(from, low), self.at(to, low)];
        root.draw(&PathElement::new(corners, line(PALE, 1.0)))?;
        let middle = (LEFT + WIDTH - RIGHT) / 2.0;
        let style = text(12.0, INK, HPos::Center, VPos::Center);
        root.draw(&Text::new("step", (px(middle), px(self.top() + PLOT + 32.0)), style))
    }

    /// Rules at what happened, their labels one under the other so that none hides another.
    fn marks<DB: DrawingBackend>(&self, root: &DrawingArea<DB, Shift>) -> Fallible<DB> {
        let (low, high) = self.0.range;
        let seen = self
            .0
            .marks
            .iter()
            .filter(|m| (self.0.span.0..=self.0.span.1).contains(&m.0));
        for (i, (step, label)) in seen.enumerate() {
            let ends = vec![self.at(*step, high), self.at(*step, low)];
            let (x, y) = (ends[0].0, ends[0].1 + px(8.0 + 13.0 * (i % 6) as f64));
            root.draw(&DashedPathElement::new(
                ends.into_iter(),
                px(3.0),
                px(3.0),
                line(PALE, 1.0),
            ))?;
            let (side, dx) = match x > px(WIDTH * 0.72) {
                true => (HPos::Right, -px(4.0)),
                false => (HPos::Left, px(4.0)),
            };
            let short: String = match label.chars().count() > LABEL {
                true => label.chars().take(LABEL - 1).chain(['…']).collect(),
                false => label.clone(),
            };
            root.draw(&Text::new(short, (x + dx, y), text(10.0, PALE, side, VPos::Center)))?;
        }
        if let Some(step) = self.0.cursor {
            let ends = vec![self.at(step, high), self.at(step, low)];
            root.draw(&PathElement::new(ends, line(INK, 1.0)))?;
        }
        Ok(())
    }
}

/// The stretches between gaps.
fn parts(points: &[(f64, f64)]) -> impl Iterator<Item = &[(f64, f64)]> {
    points.split(|p| !p.1.is_finite()).filter(|part| !part.is_empty())
}

fn colour([r, g, b]: Rgb) -> RGBColor {
    RGBColor(r, g, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_in_the_picture_and_a_gap_is_a_gap() {
        let points = |up: f64| {
            let value = move |i: u32| {
                if (20..30).contains(&i) {
                    f64::NAN
                } else {
                    up + f64::from(i) / 60.0
                }
            };
            (0..60).map(move |i| (f64::from(i), value(i))).collect::<Vec<_>>()
        };
        let line = |name: &str, up, dashed| ChartLine {
            name: name.into(),
            ink: [31, 131, 205],
            dashed,
            points: points(up),
            ghost: points(up + 0.05),
        };
        let figure = ChartFigure {
            title: "Reward & more".into(),
            note: "run hh-1, moving average".into(),
            lines: vec![line("s original", 0.0, false), line("s′ guided", 0.5, true)],
            bands: vec![ChartBand {
                ink: [213, 94, 0],
                edges: points(0.0).into_iter().map(|(x, y)| (x, y - 0.1, y + 0.1)).collect(),
            }],
            marks: vec![
                (12.0, "tau 0.05".into()),
                (40.0, "a label that is far too long to stand here".into()),
            ],
            cursor: Some(33.0),
            span: (0.0, 59.0),
            range: (-0.2, 1.6),
            ticks: vec![(0.0, "0.0".into()), (1.0, "1.0".into())],
            steps: vec![(0.0, "0".into()), (50.0, "50".into())],
        };
        let svg = String::from_utf8(draw_chart(&figure, Picture::Svg).unwrap()).unwrap();
        for words in ["Reward &amp; more", "s original", "s′ guided", "tau 0.05", "…", "step"] {
            assert!(svg.contains(words), "{words}");
        }
        // Two stretches of a line and of its ghost.
        let inked = svg.matches("#1F83CD").count();
        assert!(inked >= 4, "{inked}");
        assert!(draw_chart(&figure, Picture::Png).unwrap().starts_with(b"\x89PNG"));
        assert!(
            draw_chart(&ChartFigure::default(), Picture::Svg).is_ok(),
            "nothing is drawn too"
        );
    }
}
