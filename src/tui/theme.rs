//! Colours and markers. Colour never stands alone: a label, a mark or a position says the same.

use ratatui::style::{Color, Modifier, Style};

/// Styles by meaning. Backgrounds stay the terminal's own, so light and dark both must work: the series have the hues of
/// the Okabe-Ito palette, which colour-blind readers tell apart, at a lightness that stands about 4:1 against both.
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
}

/// What curves are drawn with. Not every font has braille.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Markers {
    #[default]
    Braille,
    Ascii,
}

impl Theme {
    /// The coloured theme, for terminals of 24-bit colour.
    pub fn color() -> Self {
        let rgb = |r, g, b| Style::new().fg(Color::Rgb(r, g, b));
        Self::of(rgb(31, 131, 205), rgb(213, 94, 0), rgb(0, 145, 105), rgb(190, 100, 150))
    }

    /// The same in the nearest of 256 colours.
    pub fn indexed() -> Self {
        let at = |i| Style::new().fg(Color::Indexed(i));
        Self::of(at(32), at(166), at(29), at(132))
    }

    fn of(original: Style, guided: Style, truth: Style, tau: Style) -> Self {
        Self {
            original,
            guided,
            truth,
            tau,
            mark: tau.add_modifier(Modifier::BOLD),
            good: truth,
            bad: guided.add_modifier(Modifier::BOLD),
            dim: Style::new().add_modifier(Modifier::DIM),
            title: Style::new().add_modifier(Modifier::BOLD),
            selected: Style::new().add_modifier(Modifier::REVERSED),
            key: Style::new().add_modifier(Modifier::BOLD),
            border: Style::new().add_modifier(Modifier::DIM),
            border_focus: Style::new(),
            markers: Markers::Braille,
        }
    }

    /// For `NO_COLOR`: modifiers only.
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
            ..Self::color()
        }
    }

    /// The theme the environment asks for (<https://no-color.org>).
    pub fn from_env() -> Self {
        match std::env::var_os("NO_COLOR") {
            Some(v) if !v.is_empty() => return Self::plain(),
            _ => {}
        }
        match std::env::var("COLORTERM").as_deref() {
            Ok("truecolor" | "24bit") => Self::color(),
            _ => Self::indexed(),
        }
    }
}
