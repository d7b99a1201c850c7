//! The last pass over a frame: what this terminal cannot show becomes what it can, whichever screen drew it.
//!
//! Letters outside of ASCII where the locale is not UTF-8, colours it does not have, and graphemes of several characters
//! whose width terminals disagree about. Every cell keeps its width, so that nothing moves.

use ratatui::buffer::Buffer;
use ratatui::style::Color;
use unicode_width::UnicodeWidthStr;

use super::theme::{Background, Depth, Glyphs, Theme};
use super::widgets::grapheme;

/// Brings a drawn frame down to the theme's glyphs and colours.
pub fn present(buffer: &mut Buffer, theme: &Theme) {
    let width = usize::from(buffer.area.width).max(1);
    for i in 0..buffer.content.len() {
        let cell = &mut buffer.content[i];
        if theme.depth != Depth::Full {
            cell.fg = reduced(cell.fg, theme.depth, theme.background);
            cell.bg = reduced(cell.bg, theme.depth, theme.background);
        }
        let symbol = cell.symbol();
        // One byte is ASCII already; what a wide grapheme covers is blank.
        if symbol.len() == 1 {
            continue;
        }
        let shown = match theme.glyphs {
            Glyphs::Ascii => Some(ascii(symbol).to_string()),
            // One character has one width everywhere.
            Glyphs::Unicode if symbol.chars().nth(1).is_none() => None,
            Glyphs::Unicode => grapheme::steady(symbol),
        };
        let Some(shown) = shown else { continue };
        let (before, after) = (symbol.width(), shown.width());
        cell.set_symbol(&shown);
        let style = cell.style();
        // What a narrower sign leaves free is blank, in the same style.
        let row_end = (i / width + 1) * width;
        let (start, end) = ((i + after.max(1)).min(row_end), (i + before).min(row_end));
        for cell in buffer.content.get_mut(start..end).unwrap_or_default() {
            cell.set_symbol(" ").set_style(style);
        }
    }
}

/// One ASCII sign in place of a grapheme; a question mark where none looks like it.
fn ascii(symbol: &str) -> char {
    let Some(first) = symbol.chars().next() else { return ' ' };
    match first {
        ' '..='~' => first,
        '\u{a0}' | '\u{2000}'..='\u{200b}' | '\u{3000}' => ' ',
        // The samples of lines differ here, too.
        '╍' | '╌' => '~',
        '┄' | '┅' | '┈' | '┉' => '.',
        '─' | '━' | '═' | '╴' | '╶' | '╸' | '╺' | '−' | '–' | '—' | '‐'..='‒' => '-',
        '│' | '┃' | '┆' | '┇' | '┊' | '┋' | '╎' | '╏' | '║' | '╵' | '╷' | '▏' | '▎' | '▍' | '‖' | '¦' | '▕' => {
            '|'
        }
        '┌'..='╋' | '╒'..='╰' => '+',
        '╱' => '/',
        '╲' => '\\',
        '→' | '▸' | '▶' | '►' | '⟶' | '›' | '»' | '≥' | '⇒' | '↦' | '❯' => '>',
        '←' | '◂' | '◀' | '◄' | '‹' | '«' | '≤' | '⇐' | '↵' | '⏎' | '❮' => '<',
        '↑' | '▲' | '▴' | '△' | '⇑' => '^',
        '↓' | '▼' | '▾' | '▽' | '⇓' | '∨' => 'v',
        '↔' | '⇔' | '±' | '≈' | '∼' | '≃' => '~',
        '▁' | '▂' => '_',
        '▃' | '▄' | '▖' | '▗' => '.',
        '▘' | '▝' => '\'',
        '▅' | '▌' | '▐' | '▞' | '▚' => ':',
        '▆' | '▇' | '█' | '▀' | '▉'..='▋' | '▓' | '▛' | '▜' | '▙' | '▟' | '■' | '◼' | '◆' => {
            '#'
        }
        '░' | '▒' => ':',
        '\u{2801}' | '\u{2802}' | '\u{2804}' | '\u{2808}' | '\u{2810}' | '\u{2820}' | '\u{2840}' | '\u{2880}' => '.',
        '\u{2800}' => ' ',
        '\u{2801}'..='\u{28ff}' => '*',
        '●' | '✓' | '✔' | '★' | '•' | '⬤' => '*',
        '○' | '◌' | '◔' | '◑' | '◕' | '◯' | '°' | '□' => 'o',
        '✗' | '✘' | '✕' | '×' => 'x',
        '…' | '·' | '⋅' | '∙' | '․' => '.',
        '′' | '‘' | '’' | '‚' | 'ʹ' => '\'',
        '″' | '“' | '”' | '„' => '"',
        '÷' => '/',
        '≠' => '!',
        '∞' => '8',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        'α' => 'a',
        'β' => 'b',
        'γ' => 'g',
        'δ' | 'Δ' => 'd',
        'ε' => 'e',
        'θ' => 'q',
        'κ' => 'k',
        'λ' => 'l',
        'μ' | 'µ' => 'u',
        'π' => 'p',
        'ρ' => 'r',
        'σ' | 'Σ' => 's',
        'τ' => 't',
        'χ' => 'x',
        'ω' => 'w',
        'À'..='Å' | 'Æ' => 'A',
        'à'..='å' | 'æ' => 'a',
        'Ç' => 'C',
        'ç' => 'c',
        'È'..='Ë' => 'E',
        'è'..='ë' => 'e',
        'Ì'..='Ï' => 'I',
        'ì'..='ï' => 'i',
        'Ñ' => 'N',
        'ñ' => 'n',
        'Ò'..='Ö' | 'Ø' => 'O',
        'ò'..='ö' | 'ø' => 'o',
        'Ù'..='Ü' => 'U',
        'ù'..='ü' => 'u',
        'Ý' => 'Y',
        'ý' | 'ÿ' => 'y',
        'ß' => 's',
        // U+2400 and on are pictures of control characters.
        '␛' | '␀'..='␡' => '^',
        _ => '?',
    }
}

/// The nearest colour that the terminal has.
fn reduced(colour: Color, depth: Depth, background: Background) -> Color {
    match (depth, colour) {
        (Depth::None, _) => Color::Reset,
        (Depth::Indexed, Color::Rgb(r, g, b)) => Color::Indexed(nearest_of_256(r, g, b)),
        (Depth::Sixteen, Color::Rgb(r, g, b)) => seen_on(background, nearest_of_16(r, g, b)),
        (Depth::Sixteen, Color::Indexed(i @ 16..)) => {
            let (r, g, b) = rgb_of(i);
            seen_on(background, nearest_of_16(r, g, b))
        }
        _ => colour,
    }
}

/// Of the two brightnesses of a hue the one that stands out: on black the dark ones do not (blue has 1.7:1), and of blue the
/// bright one does on white too.
fn seen_on(background: Background, colour: Color) -> Color {
    match (background, colour) {
        (Background::Dark | Background::Unknown, Color::Blue) => Color::LightBlue,
        (Background::Dark, Color::Red) => Color::LightRed,
        (Background::Dark, Color::Magenta) => Color::LightMagenta,
        (Background::Dark, Color::Green) => Color::LightGreen,
        (Background::Dark, Color::Yellow) => Color::LightYellow,
        (Background::Dark, Color::Cyan) => Color::LightCyan,
        _ => colour,
    }
}

/// Steps of the 6x6x6 cube of xterm.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn rgb_of(index: u8) -> (u8, u8, u8) {
    if index >= 232 {
        let grey = 8 + 10 * (index - 232);
        return (grey, grey, grey);
    }
    let i = usize::from(index.saturating_sub(16));
    (CUBE[i / 36 % 6], CUBE[i / 6 % 6], CUBE[i % 6])
}

fn apart(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let d = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    d(a.0, b.0) + d(a.1, b.1) + d(a.2, b.2)
}

fn nearest_of_256(r: u8, g: u8, b: u8) -> u8 {
    let step = |c: u8| (0..6u8).min_by_key(|&i| CUBE[usize::from(i)].abs_diff(c)).unwrap_or(0);
    let cube = 16 + 36 * step(r) + 6 * step(g) + step(b);
    let mean = (u32::from(r) + u32::from(g) + u32::from(b)) / 3;
    let grey = 232 + (mean.saturating_sub(3) / 10).min(23) as u8;
    if apart(rgb_of(grey), (r, g, b)) < apart(rgb_of(cube), (r, g, b)) {
        grey
    } else {
        cube
    }
}

/// By hue, since the sixteen are whatever the terminal makes of them.
fn nearest_of_16(r: u8, g: u8, b: u8) -> Color {
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    if most - least < 32 {
        return match most {
            0..=63 => Color::Black,
            64..=159 => Color::DarkGray,
            160..=223 => Color::Gray,
            _ => Color::White,
        };
    }
    let near = |c: u8| most - c < most / 4;
    match (near(r), near(g), near(b)) {
        (true, true, _) => Color::Yellow,
        (true, _, true) => Color::Magenta,
        (_, true, true) => Color::Cyan,
        // Orange and brown, which stand beside red here.
        (true, ..) if g > b && g - least > most / 4 => Color::Yellow,
        (true, ..) if b > g && b - least > most / 4 => Color::Magenta,
        (true, ..) => Color::Red,
        (_, true, _) => Color::Green,
        _ => Color::Blue,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    fn drawn(text: &str, theme: &Theme) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 24, 1));
        buffer.set_string(0, 0, text, Style::new().fg(Color::Rgb(31, 131, 205)));
        buffer.set_string(20, 0, "│end", Style::new());
        present(&mut buffer, theme);
        buffer
    }

    fn row(buffer: &Buffer) -> String {
        buffer.content.iter().map(|c| c.symbol()).collect()
    }

    #[test]
    fn ascii_keeps_every_column() {
        let theme = Theme {
            glyphs: Glyphs::Ascii,
            ..Theme::color()
        };
        assert_eq!(row(&drawn("╭─ s′ ≤ τ ▶ ⣿ ─╮", &theme)), "+- s' < t > * -+    |end");
        assert_eq!(row(&drawn("漢字 naïve 👩‍👩‍👧!", &theme)), "? ?  naive ? !      |end");
        for text in ["שלום", "e\u{301}té", "🇸🇪 ❤️", "▁▂▃▄▅▆▇█"] {
            let buffer = drawn(text, &theme);
            assert!(row(&buffer).is_ascii(), "{text}: {}", row(&buffer));
            assert_eq!(row(&buffer).len(), 24);
        }
    }

    #[test]
    fn graphemes_of_uncertain_width_are_made_certain() {
        let theme = Theme::color();
        let buffer = drawn("a👩\u{200d}👩\u{200d}👧b", &theme);
        assert_eq!((buffer[(1, 0)].symbol(), buffer[(3, 0)].symbol()), ("👩", "b"));
        let buffer = drawn("a\u{2764}\u{fe0f}b", &theme);
        assert_eq!(buffer[(1, 0)].symbol(), "\u{2764}");
        assert_eq!(buffer[(20, 0)].symbol(), "│");
    }

    #[test]
    fn colours_come_down_to_what_there_is() {
        let with = |depth| Theme {
            depth,
            ..Theme::color()
        };
        let colour = |depth| drawn("x", &with(depth))[(0, 0)].fg;
        assert_eq!(colour(Depth::Full), Color::Rgb(31, 131, 205));
        assert_eq!(colour(Depth::Indexed), Color::Indexed(32));
        assert_eq!(colour(Depth::Sixteen), Color::LightBlue);
        let on = |background| Theme {
            background,
            ..with(Depth::Sixteen)
        };
        assert_eq!(drawn("x", &on(Background::Light))[(0, 0)].fg, Color::Blue);
        assert_eq!(drawn("x", &on(Background::Dark))[(0, 0)].fg, Color::LightBlue);
        let reduced = |colour, depth| super::reduced(colour, depth, Background::Unknown);
        assert_eq!(colour(Depth::None), Color::Reset);
        assert_eq!(reduced(Color::Rgb(213, 94, 0), Depth::Sixteen), Color::Yellow);
        assert_eq!(reduced(Color::Rgb(225, 60, 60), Depth::Sixteen), Color::Red);
        assert_eq!(reduced(Color::Rgb(0, 145, 105), Depth::Sixteen), Color::Green);
        assert_eq!(reduced(Color::Rgb(128, 128, 128), Depth::Indexed), Color::Indexed(244));
    }
}
