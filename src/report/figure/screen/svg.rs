//! A screen as SVG: text stays text, dots and blocks are paths.

use std::fmt::Write;

use super::{BASELINE, CELL, DOT, EDGE, EM, Kind, Rgb, ScreenFigure, bits, blend, block};

pub(super) fn svg(figure: &ScreenFigure) -> String {
    let (width, height) = figure.size();
    let (width, height) = (number(width), number(height));
    // By colour, in the order of their first use.
    let mut shapes: Vec<(Rgb, String)> = Vec::new();
    let mut dots: Vec<(Rgb, String)> = Vec::new();
    let of = |all: &mut Vec<(Rgb, String)>, colour: Rgb, path: String| match all.iter_mut().find(|(c, _)| *c == colour)
    {
        Some((_, text)) => text.push_str(&path),
        None => all.push((colour, path)),
    };
    let rectangle = |x: f64, y: f64, wide: f64, high: f64| {
        format!(
            "M{} {}h{}v{}h-{}z",
            number(x),
            number(y),
            number(wide),
            number(high),
            number(wide)
        )
    };
    let mut texts = String::new();
    for run in figure.runs() {
        let (x, y) = (EDGE + run.column as f64 * CELL.0, EDGE + run.row as f64 * CELL.1);
        let wide = run.cells.len() as f64 * CELL.0;
        if let Some(ground) = run.look.ground {
            of(&mut shapes, ground, rectangle(x, y, wide, CELL.1));
        }
        match Kind::of(&run.cells[0].symbol) {
            Kind::Blank if !run.look.underlined => {}
            Kind::Dots => {
                let mut path = String::new();
                for (i, cell) in run.cells.iter().enumerate() {
                    for (column, row) in bits(&cell.symbol) {
                        let at = x + (i as f64 + 0.25 + f64::from(column) / 2.0) * CELL.0;
                        let down = y + CELL.1 * (f64::from(row) + 0.5) / 4.0;
                        let _ = write!(path, "M{} {}h0", number(at), number(down));
                    }
                }
                of(&mut dots, run.look.ink, path);
            }
            Kind::Block => {
                for (i, cell) in run.cells.iter().enumerate() {
                    let (eighths, cover) = block(&cell.symbol);
                    let high = CELL.1 * eighths / 8.0;
                    let ink = blend(run.look.ink, run.look.ground.unwrap_or(figure.ground), cover);
                    of(
                        &mut shapes,
                        ink,
                        rectangle(x + i as f64 * CELL.0, y + CELL.1 - high, CELL.0, high),
                    );
                }
            }
            Kind::Text | Kind::Blank => {
                let text: String = run.cells.iter().map(|c| &c.symbol[..]).collect();
                let marks = [
                    (run.look.bold, "b"),
                    (run.look.italic, "i"),
                    (run.look.underlined, "u"),
                    (run.look.struck, "s"),
                ];
                let marks: Vec<&str> = marks.into_iter().filter(|m| m.0).map(|m| m.1).collect();
                let class = match marks.is_empty() {
                    true => String::new(),
                    false => format!(" class=\"{}\"", marks.join(" ")),
                };
                let _ = writeln!(
                    texts,
                    "<text x=\"{}\" y=\"{}\" fill=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"{class}>{}</text>",
                    number(x),
                    number(y + BASELINE),
                    hex(run.look.ink),
                    number(wide),
                    escaped(&text)
                );
            }
        }
    }
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\">\n<title>{}</title>\n<style>text{{font:{EM}px ui-monospace,'DejaVu Sans \
         Mono','Liberation Mono',Menlo,Consolas,monospace;white-space:pre}}.b{{font-weight:bold}}.i{{font-style:italic}}\
         .u{{text-decoration:underline}}.s{{text-decoration:line-through}}.u.s{{text-decoration:underline \
         line-through}}</style>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{}\"/>\n",
        escaped(&figure.title),
        hex(figure.ground)
    );
    for (colour, path) in shapes {
        let _ = writeln!(out, "<path fill=\"{}\" d=\"{path}\"/>", hex(colour));
    }
    for (colour, path) in dots {
        let _ = writeln!(
            out,
            "<path stroke=\"{}\" stroke-width=\"{}\" stroke-linecap=\"round\" d=\"{path}\"/>",
            hex(colour),
            2.0 * DOT
        );
    }
    out.push_str(&texts);
    out.push_str("</svg>\n");
    out
}

fn hex(c: Rgb) -> String {
    format!("#{:02x}{:02x}{:02x}", c[0], c[1], c[2])
}

/// Without zeros that say nothing.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_string)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // No letter of XML; a terminal shows none of them either.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
