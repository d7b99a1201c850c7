//! Breaking styled text into lines of a given width, counted in terminal columns rather than bytes or characters.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_bidi::Level;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::grapheme::{self, printable, steady};

/// Columns of a tab.
const TAB: &str = "    ";

/// One grapheme with its style and its columns.
struct Glyph {
    symbol: String,
    style: Style,
    width: usize,
    blank: bool,
}

/// Wraps spans at blanks, and inside a word only where the word alone is wider than a line. Newlines are kept.
///
/// No line is wider than `width`, unless a single grapheme is. Only blanks at a break are lost.
pub fn wrap(spans: &[Span<'_>], width: usize) -> Vec<Line<'static>> {
    if width == 0 {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for paragraph in paragraphs(spans) {
        wrap_paragraph(&paragraph, width, &mut lines);
    }
    lines
}

/// Wraps plain text.
pub fn wrap_text(text: &str, style: Style, width: usize) -> Vec<Line<'static>> {
    wrap(&[Span::styled(text, style)], width)
}

/// The text on one line: newlines and tabs become blanks, and what does not fit becomes "…".
pub fn clip(text: &str, width: usize) -> String {
    let flat: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let flat = steadied(&printable(&flat));
    if flat.width() <= width {
        return grapheme::seen(flat);
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in Span::raw(flat.as_str()).styled_graphemes(Style::new()) {
        let w = grapheme.symbol.width();
        if used + w + 1 > width {
            break;
        }
        used += w;
        out.push_str(grapheme.symbol);
    }
    let mut out = grapheme::seen(out);
    if width > 0 {
        out.push('…');
    }
    out
}

/// Like [`clip`], then filled up with blanks to exactly `width` columns.
pub fn fit(text: &str, width: usize) -> String {
    let mut out = clip(text, width);
    let used = out.width();
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(used)));
    out
}

/// The text in graphemes that have the same width everywhere.
fn steadied(text: &str) -> String {
    if text.is_ascii() {
        return text.to_string();
    }
    let span = Span::raw(text);
    let mut out = String::with_capacity(text.len());
    for grapheme in span.styled_graphemes(Style::new()) {
        match steady(grapheme.symbol) {
            Some(symbol) => out.push_str(&symbol),
            None => out.push_str(grapheme.symbol),
        }
    }
    out
}

fn paragraphs(spans: &[Span<'_>]) -> Vec<Vec<Glyph>> {
    let mut out = vec![Vec::new()];
    for span in spans {
        let text = printable(&span.content.replace('\t', TAB));
        for (i, part) in text.split('\n').enumerate() {
            if i > 0 {
                out.push(Vec::new());
            }
            let Some(paragraph) = out.last_mut() else { continue };
            paragraph.extend(Span::raw(part).styled_graphemes(Style::new()).map(|g| {
                let symbol = steady(g.symbol).unwrap_or_else(|| g.symbol.to_string());
                Glyph {
                    style: span.style,
                    width: symbol.width(),
                    blank: symbol.chars().all(char::is_whitespace),
                    symbol,
                }
            }));
        }
    }
    out
}

fn wrap_paragraph(glyphs: &[Glyph], width: usize, lines: &mut Vec<Line<'static>>) {
    let base = grapheme::direction(&symbols(glyphs));
    let mut rest = glyphs;
    loop {
        let fits = fitting(rest, width);
        if fits == rest.len() {
            lines.push(line(rest, base));
            return;
        }
        let (head, tail) = rest.split_at(break_before(rest, fits));
        lines.push(line(head, base));
        let blanks = tail.iter().take_while(|g| g.blank).count();
        rest = &tail[blanks..];
        if rest.is_empty() {
            return;
        }
    }
}

/// How many glyphs fit into `width`: at least one, so that wrapping ends.
fn fitting(glyphs: &[Glyph], width: usize) -> usize {
    let mut used = 0;
    for (i, glyph) in glyphs.iter().enumerate() {
        used += glyph.width;
        if used > width && i > 0 {
            return i;
        }
    }
    glyphs.len()
}

/// Where to break a line of which the first `fits` glyphs fit.
fn break_before(glyphs: &[Glyph], fits: usize) -> usize {
    if glyphs[fits].blank {
        return fits;
    }
    let indent = glyphs.iter().take_while(|g| g.blank).count();
    match glyphs[..fits].iter().rposition(|g| g.blank) {
        Some(blank) if blank >= indent => blank + 1,
        _ => fits,
    }
}

fn symbols(glyphs: &[Glyph]) -> Vec<&str> {
    glyphs.iter().map(|g| g.symbol.as_str()).collect()
}

/// One line, in the order in which it is seen where its paragraph has a direction.
fn line(glyphs: &[Glyph], base: Option<Level>) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut push = |glyph: &Glyph, symbol: &str| match spans.last_mut() {
        Some(last) if last.style == glyph.style => last.content.to_mut().push_str(symbol),
        _ => spans.push(Span::styled(symbol.to_string(), glyph.style)),
    };
    match base.and_then(|base| grapheme::visual_order(&symbols(glyphs), Some(base))) {
        None => glyphs.iter().for_each(|g| push(g, &g.symbol)),
        Some(order) => order
            .into_iter()
            .for_each(|(i, turned)| push(&glyphs[i], grapheme::mirrored(&glyphs[i].symbol, turned))),
    }
    Line::from(spans)
}

/// Columns of one character; 0 for what does not print.
pub fn columns(c: char) -> usize {
    c.width().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 8] = [
        "",
        "one two  three   four",
        "a verylongwordthatdoesnotfit anywhere at all",
        "漢字仮名交じり文 and latin 👩‍👩‍👧 family 🇸🇪 flag e\u{301}te\u{301}",
        "שלום עולם, مرحبا بالعالم",
        "line\nbreaks\n\n  and indents\ttabs",
        "   leading and trailing   ",
        "\u{202e}reversed\u{0007}bell\u{1b}[31mred",
    ];

    /// The signs of a text, whatever their order on the screen.
    fn squeezed(text: &str) -> Vec<char> {
        let mut signs: Vec<char> = steadied(&printable(&text.replace('\t', TAB)))
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect();
        signs.sort_unstable();
        signs
    }

    #[test]
    fn every_line_fits_and_no_word_is_lost() {
        for text in TEXTS {
            for width in 1..30 {
                let lines = wrap_text(text, Style::new(), width);
                for line in &lines {
                    let widest = if width == 1 { 2 } else { width };
                    assert!(line.width() <= widest, "{text:?} at {width}: {line:?}");
                }
                let joined: String = lines.iter().map(|l| l.to_string()).collect();
                assert_eq!(squeezed(&joined), squeezed(text), "{text:?} at {width}");
            }
        }
    }

    #[test]
    fn words_stay_whole_where_they_fit() {
        let lines: Vec<String> = wrap_text("one two  three", Style::new(), 7)
            .iter()
            .map(|l| l.to_string().trim_end().to_string())
            .collect();
        assert_eq!(lines, ["one two", "three"]);
    }

    #[test]
    fn no_width_no_lines() {
        assert!(wrap_text("text", Style::new(), 0).is_empty());
    }

    #[test]
    fn clip_and_fit_count_columns() {
        assert_eq!(clip("漢字仮名", 5), "漢字…");
        assert_eq!(clip("two\nlines", 20), "two lines");
        assert_eq!(clip("text", 0), "");
        assert_eq!(fit("漢", 4), "漢  ");
        for text in TEXTS {
            for width in 0..20 {
                assert_eq!(fit(text, width).width(), width, "{text:?}");
            }
        }
    }
}
