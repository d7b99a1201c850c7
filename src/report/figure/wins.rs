//! Win rates as bars of three parts (Fig. 2).

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};
use serde::{Deserialize, Serialize};

use super::canvas::Drawing;
use super::style::{INK, PALE, bold, px, text};
use crate::evaluate::quality::wilson;

/// Who won how often, from somebody's judgements of pairs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WinRates {
    pub title: String,
    /// Who judged, for people.
    pub judge: String,
    pub rows: Vec<WinRate>,
}

/// One side against another on so many queries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WinRate {
    /// The side whose wins are counted.
    pub left: String,
    pub right: String,
    pub win: u64,
    pub tie: u64,
    pub lose: u64,
    /// Of the share of wins; without it Wilson's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
}

impl WinRate {
    /// Queries judged.
    pub fn n(&self) -> u64 {
        self.win + self.tie + self.lose
    }
}

const WIDTH: f64 = 760.0;
const TOP: f64 = 76.0;
const ROW: f64 = 44.0;
const BAR: f64 = 28.0;
const LEFT: f64 = 190.0;
const BARS: f64 = 400.0;

/// Dark, pale and middle, so that they differ in grey, too; text on each is read.
const PARTS: [(&str, RGBColor, RGBColor); 3] = [
    ("win", RGBColor(0, 114, 178), WHITE),
    ("tie", RGBColor(222, 222, 222), INK),
    ("lose", RGBColor(230, 159, 0), INK),
];

/// Of the picture in shown pixels.
pub fn size(wins: &WinRates) -> (u32, u32) {
    (WIDTH as u32, (TOP + ROW * wins.rows.len().max(1) as f64 + 12.0) as u32)
}

pub struct Wins<'a>(&'a WinRates);

pub fn draw(wins: &WinRates) -> Wins<'_> {
    Wins(wins)
}

impl Drawing for Wins<'_> {
    fn on<DB: DrawingBackend>(self, root: &DrawingArea<DB, Shift>) -> Result<(), String> {
        paint(root, self.0).map_err(|e| e.to_string())
    }
}

type Fallible<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

fn paint<DB: DrawingBackend>(root: &DrawingArea<DB, Shift>, wins: &WinRates) -> Fallible<DB> {
    let left = |size| text(size, PALE, HPos::Left, VPos::Top);
    root.draw_text(
        &wins.title,
        &bold(15.0, INK, HPos::Left, VPos::Top),
        (px(16.0), px(10.0)),
    )?;
    root.draw_text(&format!("judged by {}", wins.judge), &left(11.0), (px(16.0), px(29.0)))?;
    let mut x = LEFT;
    for (name, color, _) in PARTS {
        let box_of = [(px(x), px(52.0)), (px(x + 12.0), px(64.0))];
        root.draw(&Rectangle::new(box_of, color.filled()))?;
        root.draw_text(
            name,
            &text(11.5, INK, HPos::Left, VPos::Center),
            (px(x + 18.0), px(58.0)),
        )?;
        x += 70.0;
    }
    let note = text(10.5, PALE, HPos::Left, VPos::Center);
    root.draw_text("wins, 95% interval", &note, (px(LEFT + BARS + 12.0), px(58.0)))?;
    for (i, row) in wins.rows.iter().enumerate() {
        let y = TOP + ROW * i as f64;
        bar(root, row, y)?;
    }
    Ok(())
}

fn bar<DB: DrawingBackend>(root: &DrawingArea<DB, Shift>, row: &WinRate, y: f64) -> Fallible<DB> {
    let middle = px(y + BAR / 2.0);
    let name = text(12.0, INK, HPos::Right, VPos::Center);
    let sides = [(format!("{} against", cut(&row.left)), -7.5), (cut(&row.right), 7.5)];
    for (side, down) in sides {
        root.draw_text(&side, &name, (px(LEFT - 12.0), middle + px(down)))?;
    }
    let n = row.n();
    let mut from = LEFT;
    for ((_, color, ink), count) in PARTS.into_iter().zip([row.win, row.tie, row.lose]) {
        let share = if n == 0 { 0.0 } else { count as f64 / n as f64 };
        let to = from + BARS * share;
        root.draw(&Rectangle::new(
            [(px(from), px(y)), (px(to), px(y + BAR))],
            color.filled(),
        ))?;
        // A part that is too narrow for its number goes without.
        if to - from > 34.0 {
            let at = (px((from + to) / 2.0), middle);
            root.draw_text(
                &format!("{:.0}%", 100.0 * share),
                &text(11.5, ink, HPos::Center, VPos::Center),
                at,
            )?;
        }
        from = to;
    }
    let right = LEFT + BARS + 12.0;
    let (low, high) = match row.interval {
        Some([low, high]) => (low, high),
        None => wilson(row.win as usize, n as usize),
    };
    let share = if n == 0 { 0.0 } else { 100.0 * row.win as f64 / n as f64 };
    let words = format!("{share:.0}% [{:.0}, {:.0}], n {n}", 100.0 * low, 100.0 * high);
    root.draw_text(&words, &text(11.0, INK, HPos::Left, VPos::Center), (px(right), middle))
}

fn cut(name: &str) -> String {
    if name.chars().count() <= 22 {
        return name.to_string();
    }
    name.chars().take(21).chain(['…']).collect()
}
