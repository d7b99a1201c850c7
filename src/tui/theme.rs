//! Colours and markers. Colour never stands alone: a label, a mark or a position says the same.
//!
//! A theme is made of 24-bit colours; [`super::present`] brings them down to what the terminal has.

use ratatui::style::{Color, Modifier, Style};

use super::legend::Legend;
pub use crate::config::Palette;

/// Styles by meaning. The background stays the terminal's own.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    /// y, s: what the model says by itself.
    pub original: Style,
    /// y', s': what it says under the principles.
    pub guided: Style,
    pub truth: Style,
    pub tau: Style,
    /// Marks of changes made by hand.
    pub mark: Style,
    pub good: Style,
    pub bad: Style,
    pub dim: Style,
    pub title: Style,
    pub selected: Style,
    pub key: Style,
    pub border: Style,
    pub border_focus: Style,
    /// What curves are drawn with.
    pub markers: Markers,
    /// What the terminal can write.
    pub glyphs: Glyphs,
    /// How many colours the terminal has.
    pub depth: Depth,
    /// What is behind the text.
    pub background: Background,
    /// What keys are called in texts.
    pub legend: Legend,
}

/// What curves are drawn with. Not every font has braille.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Markers {
    /// Two by four dots to a cell.
    #[default]
    Braille,
    /// Quarters of a cell, two by two.
    Block,
    /// One round dot to a cell.
    Dot,
    /// One asterisk to a cell.
    Ascii,
}

impl Markers {
    /// Dots across and down a cell.
    pub const fn scale(self) -> (usize, usize) {
        match self {
            Markers::Braille => (2, 4),
            Markers::Block => (2, 2),
            Markers::Dot | Markers::Ascii => (1, 1),
        }
    }
}

/// What the terminal can write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    #[default]
    Unicode,
    /// The locale is not UTF-8, or the font has nothing else.
    Ascii,
}

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// None is wanted: modifiers only.
    None,
    Sixteen,
    Indexed,
    #[default]
    Full,
}

/// What is behind the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// Not told: colours stand out against both.
    #[default]
    Unknown,
    Light,
    Dark,
}

type Rgb = (u8, u8, u8);

/// Colours of the series, then of what went wrong: original, guided, truth, tau, bad.
const fn colours(palette: Palette, background: Background) -> [Rgb; 5] {
    use Background::{Dark, Light, Unknown};
    match (palette, background) {
        // About 4:1 against black and against white.
        (Palette::Default, Unknown) => [
            (31, 131, 205),
            (200, 105, 0),
            (0, 145, 105),
            (190, 100, 190),
            (225, 60, 60),
        ],
        (Palette::Default, Dark) => [
            (97, 175, 239),
            (240, 160, 70),
            (90, 200, 140),
            (215, 145, 235),
            (255, 110, 105),
        ],
        (Palette::Default, Light) => [(0, 95, 175), (165, 75, 0), (0, 110, 70), (130, 55, 150), (185, 20, 30)],
        (Palette::ColourBlind, Unknown) => [
            (31, 131, 205),
            (213, 94, 0),
            (0, 145, 105),
            (190, 100, 150),
            (213, 94, 0),
        ],
        // Sky blue, orange, bluish green, reddish purple, vermillion, as published.
        (Palette::ColourBlind, Dark) => [
            (86, 180, 233),
            (230, 159, 0),
            (0, 158, 115),
            (204, 121, 167),
            (213, 94, 0),
        ],
        // Blue, vermillion, bluish green, reddish purple; as dark as white paper needs.
        (Palette::ColourBlind, Light) => [(0, 100, 165), (180, 75, 0), (0, 115, 85), (150, 70, 120), (180, 75, 0)],
    }
}

impl Theme {
    /// The theme of a palette on a background.
    pub fn of(palette: Palette, background: Background) -> Self {
        let [original, guided, truth, tau, bad] =
            colours(palette, background).map(|(r, g, b)| Style::new().fg(Color::Rgb(r, g, b)));
        Self {
            original,
            guided,
            truth,
            tau,
            mark: tau.add_modifier(Modifier::BOLD),
            good: truth,
            bad: bad.add_modifier(Modifier::BOLD),
            dim: Style::new().add_modifier(Modifier::DIM),
            title: Style::new().add_modifier(Modifier::BOLD),
            selected: Style::new().add_modifier(Modifier::REVERSED),
            key: Style::new().add_modifier(Modifier::BOLD),
            border: Style::new().add_modifier(Modifier::DIM),
            border_focus: Style::new(),
            markers: Markers::Braille,
            glyphs: Glyphs::Unicode,
            depth: Depth::Full,
            background,
            legend: Legend::usual(),
        }
    }

    /// For terminals that have 24-bit colour and do not tell their background.
    pub fn color() -> Self {
        Self::of(Palette::Default, Background::Unknown)
    }

    /// Without colours: modifiers only.
    pub fn plain() -> Self {
        let none = Style::new();
        let bold = none.add_modifier(Modifier::BOLD);
        Self {
            original: none,
            guided: bold,
            truth: none.add_modifier(Modifier::ITALIC),
            tau: none.add_modifier(Modifier::DIM),
            mark: bold,
            good: none,
            bad: bold,
            depth: Depth::None,
            ..Self::color()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(Palette, Background); 6] = [
        (Palette::Default, Background::Unknown),
        (Palette::Default, Background::Light),
        (Palette::Default, Background::Dark),
        (Palette::ColourBlind, Background::Unknown),
        (Palette::ColourBlind, Background::Light),
        (Palette::ColourBlind, Background::Dark),
    ];

    fn linear(c: u8) -> f64 {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    }

    fn rgb((r, g, b): Rgb) -> [f64; 3] {
        [linear(r), linear(g), linear(b)]
    }

    /// WCAG 2: from 1 to 21.
    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let luminance = |c| {
            let [r, g, b] = rgb(c);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn colours_can_be_read_on_their_background() {
        let (white, paper, black, night) = ((255, 255, 255), (253, 246, 227), (0, 0, 0), (40, 44, 52));
        for (palette, background) in ALL {
            for colour in colours(palette, background) {
                let wants: &[(Rgb, f64)] = match background {
                    Background::Light => &[(white, 4.5), (paper, 4.5)],
                    Background::Dark => &[(black, 4.5), (night, 3.0)],
                    Background::Unknown => &[(white, 3.3), (black, 3.3)],
                };
                for &(behind, least) in wants {
                    let found = contrast(colour, behind);
                    assert!(
                        found >= least,
                        "{palette:?} {background:?} {colour:?} on {behind:?}: {found:.2}"
                    );
                }
            }
        }
    }

    /// Machado, Oliveira and Fernandes (2009), severity 1: protanopia, deuteranopia, tritanopia.
    const VISION: [[[f64; 3]; 3]; 3] = [
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ];

    /// CIE L*a*b* under D65.
    fn lab([r, g, b]: [f64; 3]) -> [f64; 3] {
        let xyz = [
            (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
            0.2126 * r + 0.7152 * g + 0.0722 * b,
            (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
        ];
        let [x, y, z] = xyz.map(|t: f64| {
            if t > 0.008856 {
                t.cbrt()
            } else {
                7.787 * t + 16.0 / 116.0
            }
        });
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    #[test]
    fn the_colour_blind_palette_stays_apart_for_every_kind_of_colour_vision() {
        for background in [Background::Unknown, Background::Light, Background::Dark] {
            // What went wrong has a sign and words beside it; the four series share charts.
            let series = &colours(Palette::ColourBlind, background)[..4];
            for matrix in VISION {
                let seen: Vec<[f64; 3]> = series
                    .iter()
                    .map(|&c| {
                        let c = rgb(c);
                        lab(matrix.map(|row| row.iter().zip(c).map(|(m, c)| m * c).sum::<f64>().clamp(0.0, 1.0)))
                    })
                    .collect();
                for (i, a) in seen.iter().enumerate() {
                    for (j, b) in seen.iter().enumerate().skip(i + 1) {
                        let apart = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                        assert!(apart > 10.0, "{background:?}: {i} and {j} are {apart:.1} apart");
                    }
                }
            }
        }
    }
}
