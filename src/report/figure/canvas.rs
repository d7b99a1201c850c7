//! What is drawn on: an SVG file, or pixels with letters that are placed by fractions of them.

use ab_glyph::{Font, FontRef, Point, PxScale, ScaleFont};
use plotters::backend::{BitMapBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::style::WHITE;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
    FontTransform,
};

use super::Picture;
use super::style::{BOLD, REGULAR};

/// Drawn pixels for one that is shown in SVG; a PNG is half of that.
pub const SCALE: u32 = 4;

/// A drawing on either kind of canvas.
pub trait Drawing {
    fn on<DB: DrawingBackend>(self, root: &DrawingArea<DB, Shift>) -> Result<(), String>;
}

/// Draws on a white canvas of a size in shown pixels; returns the bytes of a file.
pub fn draw(picture: Picture, size: (u32, u32), drawing: impl Drawing) -> Result<Vec<u8>, String> {
    let (width, height) = (size.0 * SCALE, size.1 * SCALE);
    match picture {
        Picture::Svg => {
            let mut text = String::new();
            paint(SVGBackend::with_string(&mut text, (width, height)), drawing)?;
            let drawn = format!("<svg width=\"{width}\" height=\"{height}\"");
            let shown = format!("<svg width=\"{}\" height=\"{}\"", size.0, size.1);
            Ok(text.replacen(&drawn, &shown, 1).into_bytes())
        }
        Picture::Png => {
            let mut pixels = vec![0; width as usize * height as usize * 3];
            paint(Pixels::new(&mut pixels, (width, height))?, drawing)?;
            png(&halved(&pixels, width as usize), width / 2, height / 2)
        }
    }
}

fn paint<DB: DrawingBackend>(backend: DB, drawing: impl Drawing) -> Result<(), String> {
    let root = backend.into_drawing_area();
    root.fill(&WHITE).map_err(|e| e.to_string())?;
    drawing.on(&root)?;
    root.present().map_err(|e| e.to_string())
}

/// The mean of each two by two pixels of RGB.
fn halved(pixels: &[u8], width: usize) -> Vec<u8> {
    let row = width * 3;
    let mut out = Vec::with_capacity(pixels.len() / 4);
    for two in pixels.chunks_exact(2 * row) {
        let (upper, lower) = two.split_at(row);
        for (a, b) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            for channel in 0..3 {
                let sum = [a[channel], a[channel + 3], b[channel], b[channel + 3]]
                    .map(u16::from)
                    .iter()
                    .sum::<u16>();
                out.push(((sum + 2) / 4) as u8);
            }
        }
    }
    out
}

/// Rows of RGB as the bytes of a PNG.
pub fn png(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|e| e.to_string())?;
    writer.write_image_data(pixels).map_err(|e| e.to_string())?;
    writer.finish().map_err(|e| e.to_string())?;
    Ok(bytes)
}

/// plotters' bitmap with letters of our own: its own stand on whole pixels without their bearings.
struct Pixels<'a> {
    inner: BitMapBackend<'a>,
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

impl<'a> Pixels<'a> {
    fn new(pixels: &'a mut [u8], size: (u32, u32)) -> Result<Self, String> {
        let font = |bytes: &'static [u8]| FontRef::try_from_slice(bytes).map_err(|e| e.to_string());
        Ok(Self {
            inner: BitMapBackend::with_buffer_and_format(pixels, size).map_err(|e| e.to_string())?,
            regular: font(REGULAR)?,
            bold: font(BOLD)?,
        })
    }
}

type Drawn<E> = Result<(), DrawingErrorKind<E>>;

impl<'a> DrawingBackend for Pixels<'a> {
    type ErrorType = <BitMapBackend<'a> as DrawingBackend>::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        self.inner.get_size()
    }

    fn ensure_prepared(&mut self) -> Drawn<Self::ErrorType> {
        self.inner.ensure_prepared()
    }

    fn present(&mut self) -> Drawn<Self::ErrorType> {
        self.inner.present()
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn<Self::ErrorType> {
        self.inner.draw_pixel(point, color)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn<Self::ErrorType> {
        self.inner.draw_line(from, to, style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn<Self::ErrorType> {
        self.inner.draw_rect(upper_left, bottom_right, style, fill)
    }

    /// Anchored as in the SVG backend: by the baseline, from the size of an em.
    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, pos: BackendCoord) -> Drawn<Self::ErrorType> {
        let font = match style.style() {
            FontStyle::Bold => self.bold.clone(),
            _ => self.regular.clone(),
        };
        let em = (style.size() / 1.24) as f32;
        // ab_glyph's scale is that of a line, an em is a little less.
        let per_em = font.height_unscaled() / font.units_per_em().unwrap_or(2048.0);
        let scaled = font.as_scaled(PxScale::from(em * per_em));
        let (mut x, mut glyphs, mut before) = (0.0, Vec::new(), None);
        for c in text.chars() {
            let id = scaled.glyph_id(c);
            x += before.map_or(0.0, |before| scaled.kern(before, id));
            let mut glyph = id.with_scale(scaled.scale());
            glyph.position = Point { x, y: 0.0 };
            glyphs.push(glyph);
            x += scaled.h_advance(id);
            before = Some(id);
        }
        let dx = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => -x / 2.0,
            HPos::Right => -x,
        };
        let dy = match style.anchor().v_pos {
            VPos::Top => 0.76 * em,
            VPos::Center => 0.27 * em,
            VPos::Bottom => -0.27 * em,
        };
        let (color, (width, height)) = (style.color(), self.get_size());
        for mut glyph in glyphs {
            glyph.position.x += dx;
            glyph.position.y += dy;
            let Some(outline) = font.outline_glyph(glyph) else {
                continue;
            };
            let corner = outline.px_bounds().min;
            let mut covered = Vec::new();
            outline.draw(|x, y, coverage| {
                covered.push((corner.x as i32 + x as i32, corner.y as i32 + y as i32, coverage))
            });
            for (x, y, coverage) in covered {
                let (x, y) = match style.transform() {
                    FontTransform::None => (x, y),
                    FontTransform::Rotate90 => (-y, x),
                    FontTransform::Rotate180 => (-x, -y),
                    FontTransform::Rotate270 => (y, -x),
                };
                let (x, y) = (pos.0 + x, pos.1 + y);
                if x >= 0 && y >= 0 && x < width as i32 && y < height as i32 {
                    let alpha = color.alpha * f64::from(coverage.min(1.0));
                    self.inner.draw_pixel((x, y), BackendColor { alpha, ..color })?;
                }
            }
        }
        Ok(())
    }
}
