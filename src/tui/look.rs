//! How the workbench looks on this terminal: what the user asked for, and what the environment tells of the rest.

use super::theme::{Background, Depth, Glyphs, Markers, Theme};
use crate::config::{MarkerName, Palette, RightToLeft, ThemeName};

/// What the user asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    pub colours: ThemeName,
    pub palette: Palette,
    pub marker: MarkerName,
    pub right_to_left: RightToLeft,
}

/// How the workbench looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub theme: Theme,
    pub palette: Palette,
    /// The terminal is asked for its background, and the theme follows the answer.
    pub asks: bool,
    /// The terminal puts right-to-left text in order by itself.
    pub terminal_reorders: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            theme: Theme::color(),
            palette: Palette::Default,
            asks: false,
            terminal_reorders: false,
        }
    }
}

impl Look {
    /// From wishes and environment variables.
    pub fn of(wishes: &Wishes, get: &dyn Fn(&str) -> Option<String>) -> Self {
        let depth = match wishes.colours {
            ThemeName::Mono => Depth::None,
            _ => depth(get),
        };
        let (background, asks) = match wishes.colours {
            ThemeName::Light => (Background::Light, false),
            ThemeName::Dark => (Background::Dark, false),
            _ => (told_background(get), depth != Depth::None && !bare(get)),
        };
        let mut theme = match depth {
            Depth::None => Theme::plain(),
            _ => Theme::of(wishes.palette, background),
        };
        theme.depth = depth;
        let ascii = wishes.marker == MarkerName::Ascii || !is_utf8(get) || bare(get);
        theme.glyphs = if ascii { Glyphs::Ascii } else { Glyphs::Unicode };
        theme.markers = match wishes.marker {
            _ if ascii => Markers::Ascii,
            MarkerName::Block => Markers::Block,
            MarkerName::Dot => Markers::Dot,
            _ => Markers::Braille,
        };
        Self {
            theme,
            palette: wishes.palette,
            asks,
            terminal_reorders: match wishes.right_to_left {
                RightToLeft::Auto => reorders(get),
                RightToLeft::Workbench => false,
                RightToLeft::Terminal => true,
            },
        }
    }

    /// In words, for `ple config`.
    pub fn words(&self) -> String {
        let theme = &self.theme;
        let colours = match theme.depth {
            Depth::None => "no colours",
            Depth::Sixteen => "sixteen colours",
            Depth::Indexed => "256 colours",
            Depth::Full => "24-bit colours",
        };
        let background = match (theme.depth, theme.background) {
            (Depth::None, _) => "",
            (_, Background::Light) => " for a light background",
            (_, Background::Dark) => " for a dark background",
            (_, Background::Unknown) => " for any background",
        };
        let asks = if self.asks {
            ", until the terminal tells its own"
        } else {
            ""
        };
        let markers = match theme.markers {
            Markers::Braille => "braille",
            Markers::Block => "blocks",
            Markers::Dot => "dots",
            Markers::Ascii => "ASCII alone",
        };
        format!("{colours}{background}{asks}; curves in {markers}")
    }

    /// The same look once the terminal has told its background.
    pub fn on(&self, background: Background) -> Theme {
        let old = self.theme;
        match old.depth {
            Depth::None => old,
            depth => Theme {
                markers: old.markers,
                glyphs: old.glyphs,
                depth,
                legend: old.legend,
                ..Theme::of(self.palette, background)
            },
        }
    }
}

/// The locale's character set is UTF-8: the first of LC_ALL, LC_CTYPE and LANG that says anything decides. Where none does,
/// as in a container, the terminal outside of it is UTF-8.
pub fn is_utf8(get: &dyn Fn(&str) -> Option<String>) -> bool {
    if cfg!(windows) {
        return true;
    }
    let said = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| get(name).filter(|v| !v.is_empty()));
    said.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Terminals whose font has little beside ASCII and that answer no questions.
fn bare(get: &dyn Fn(&str) -> Option<String>) -> bool {
    let term = get("TERM").unwrap_or_default();
    matches!(term.as_str(), "linux" | "dumb" | "ansi" | "cons25") || term.starts_with("vt1") || term.starts_with("vt2")
}

fn depth(get: &dyn Fn(&str) -> Option<String>) -> Depth {
    let term = get("TERM").unwrap_or_default();
    match get("COLORTERM").as_deref() {
        Some("truecolor" | "24bit") => return Depth::Full,
        _ if term == "dumb" || term.starts_with("vt1") || term.starts_with("vt2") => return Depth::None,
        _ if bare(get) => return Depth::Sixteen,
        _ => {}
    }
    let full = ["xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm"];
    match full.contains(&term.as_str()) || term.ends_with("-direct") {
        true => Depth::Full,
        false => Depth::Indexed,
    }
}

/// COLORFGBG, which rxvt, Konsole and others set: "foreground;background" in the sixteen colours.
fn told_background(get: &dyn Fn(&str) -> Option<String>) -> Background {
    let told = get("COLORFGBG").unwrap_or_default();
    match told.rsplit(';').next().and_then(|b| b.parse::<u8>().ok()) {
        Some(7 | 9..=15) => Background::Light,
        Some(0..=6 | 8) => Background::Dark,
        // The console of Linux answers no question, and is black.
        _ if get("TERM").is_some_and(|term| term == "linux") => Background::Dark,
        _ => Background::Unknown,
    }
}

/// Terminals that put right-to-left text in order whether asked or not; in a multiplexer they still do.
fn reorders(get: &dyn Fn(&str) -> Option<String>) -> bool {
    get("KONSOLE_VERSION").is_some()
        || get("TERM_PROGRAM").is_some_and(|p| p == "Apple_Terminal")
        || get("TERM").is_some_and(|t| t.starts_with("mlterm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(wishes: Wishes, vars: &[(&str, &str)]) -> Look {
        Look::of(&wishes, &|name| {
            let found = vars.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| value.to_string())
        })
    }

    #[test]
    fn the_locale_decides_about_letters() {
        let ascii = |vars: &[(&str, &str)]| look(Wishes::default(), vars).theme.glyphs == Glyphs::Ascii;
        assert!(!ascii(&[]));
        assert!(!ascii(&[("LANG", "de_CH.UTF-8")]));
        assert!(!ascii(&[("LANG", "C"), ("LC_CTYPE", "C.utf8")]));
        assert!(ascii(&[("LANG", "de_CH.UTF-8"), ("LC_ALL", "C")]));
        assert!(ascii(&[("LANG", "de_CH.ISO-8859-1")]));
        assert!(!ascii(&[("LC_ALL", ""), ("LANG", "C.UTF-8")]));
        assert!(ascii(&[("TERM", "linux"), ("LANG", "C.UTF-8")]));
        let asked = Wishes {
            marker: MarkerName::Ascii,
            ..Wishes::default()
        };
        assert_eq!(look(asked, &[]).theme.glyphs, Glyphs::Ascii);
        let dots = Wishes {
            marker: MarkerName::Dot,
            ..Wishes::default()
        };
        assert_eq!(
            (look(dots, &[]).theme.glyphs, look(dots, &[]).theme.markers),
            (Glyphs::Unicode, Markers::Dot)
        );
        assert_eq!(look(dots, &[("LANG", "C")]).theme.markers, Markers::Ascii);
    }

    #[test]
    fn the_terminal_decides_about_colours() {
        let depth = |colours, vars: &[(&str, &str)]| {
            look(
                Wishes {
                    colours,
                    ..Wishes::default()
                },
                vars,
            )
            .theme
            .depth
        };
        assert_eq!(depth(ThemeName::Auto, &[("TERM", "xterm-256color")]), Depth::Indexed);
        assert_eq!(depth(ThemeName::Mono, &[("COLORTERM", "truecolor")]), Depth::None);
        assert_eq!(depth(ThemeName::Auto, &[("COLORTERM", "truecolor")]), Depth::Full);
        assert_eq!(depth(ThemeName::Auto, &[("TERM", "linux")]), Depth::Sixteen);
    }

    #[test]
    fn the_background_is_told_or_asked_for() {
        let found = |vars: &[(&str, &str)]| {
            let look = look(Wishes::default(), vars);
            (look.theme.background, look.asks)
        };
        assert_eq!(found(&[("COLORFGBG", "0;15")]), (Background::Light, true));
        assert_eq!(found(&[("COLORFGBG", "15;default;0")]), (Background::Dark, true));
        assert_eq!(found(&[]), (Background::Unknown, true));
        assert_eq!(found(&[("TERM", "linux")]), (Background::Dark, false));
        let light = look(
            Wishes {
                colours: ThemeName::Light,
                ..Wishes::default()
            },
            &[],
        );
        assert_eq!((light.theme.background, light.asks), (Background::Light, false));
        let answered = look(Wishes::default(), &[]).on(Background::Dark);
        assert_eq!(answered.background, Background::Dark);
        assert_eq!(answered.depth, Depth::Indexed);
    }
}
