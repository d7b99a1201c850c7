//! The margins s' - s of a batch as bars, with tau drawn through them: what lies right of it is ranked.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::scale::short;
use crate::tui::theme::Theme;

const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Margins sorted into columns on both sides of tau, so that no bar holds pairs of both branches.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    /// Counts left of tau, in the order of the screen.
    pub weighted: Vec<u32>,
    /// Counts right of tau.
    pub ranked: Vec<u32>,
    /// Stretch of one bin.
    pub width: f64,
    pub tau: f64,
}

impl Bins {
    /// Sorts the margins into about `columns` bins; margins that are not finite are left out.
    pub fn of(margins: &[f32], tau: f64, columns: usize) -> Self {
        let finite = || margins.iter().map(|&m| f64::from(m)).filter(|m| m.is_finite());
        let low = finite().fold(tau.min(0.0), f64::min);
        let high = finite().fold(tau.max(0.0), f64::max);
        let columns = columns.max(2) as f64;
        let width = ((high - low) / (columns - 2.0).max(1.0)).max(1e-6);
        let left = ((tau - low) / width).floor() as usize + 1;
        let right = ((high - tau) / width).floor() as usize + 1;
        let (mut weighted, mut ranked) = (vec![0; left], vec![0; right]);
        for m in finite() {
            // The same comparison as the method's: above tau is ranked, tau itself is weighted.
            let (side, at) = if m > tau {
                (&mut ranked, ((m - tau) / width) as usize)
            } else {
                (&mut weighted, left - 1 - (((tau - m) / width) as usize).min(left - 1))
            };
            if let Some(last) = side.len().checked_sub(1) {
                side[at.min(last)] += 1;
            }
        }
        Self {
            weighted,
            ranked,
            width,
            tau,
        }
    }

    /// Where on the screen a margin lies, in columns from the left; the column of tau counts as one.
    fn column(&self, margin: f64) -> f64 {
        let from_tau = (margin - self.tau) / self.width;
        self.weighted.len() as f64 + if margin > self.tau { from_tau + 1.0 } else { from_tau }
    }
}

/// Draws the histogram.
pub fn draw(margins: &[f32], tau: f64, area: Rect, buffer: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buffer.area);
    if area.width < 8 || area.height < 3 || !tau.is_finite() {
        return;
    }
    // Few pairs get few, wide bars, so that they make a shape and not a comb.
    let wanted = ((margins.len() as f64).sqrt() * 2.5).ceil().clamp(6.0, 200.0) as usize;
    let bar = (usize::from(area.width - 1) / wanted).clamp(1, 8);
    let bins = Bins::of(margins, tau, usize::from(area.width - 1) / bar);
    let (head, rows, foot) = (area.y, area.height - 2, area.bottom() - 1);
    let tallest = bins
        .weighted
        .iter()
        .chain(&bins.ranked)
        .copied()
        .max()
        .unwrap_or(0)
        .max(1);
    let plot = Rect {
        y: area.y + 1,
        height: rows,
        ..area
    };
    let divide = area.x + (bins.weighted.len() * bar) as u16;
    let bars = |side: &[u32], left: u16, style: Style, buffer: &mut Buffer| {
        for (i, &count) in side.iter().enumerate() {
            let eighths = (u64::from(count) * u64::from(rows) * 8).div_ceil(u64::from(tallest));
            let air = u16::from(bar > 3);
            for column in 0..bar as u16 - air {
                let x = left + (i * bar) as u16 + column;
                if x < plot.right() {
                    draw_bar(buffer, plot, x, eighths as u16, style);
                }
            }
        }
    };
    bars(&bins.weighted, area.x, theme.original, buffer);
    bars(&bins.ranked, divide + 1, theme.guided, buffer);
    for y in area.top()..foot {
        if divide < area.right() {
            buffer.set_string(divide, y, "┃", theme.tau);
        }
    }
    let worse = margins.iter().filter(|m| **m < 0.0).count();
    draw_head(&bins, worse, area, head, divide, buffer, theme);
    draw_foot(&bins, area, foot, divide, bar, buffer, theme);
}

fn draw_bar(buffer: &mut Buffer, plot: Rect, x: u16, eighths: u16, style: Style) {
    for row in 0..plot.height {
        let fill = eighths.saturating_sub(row * 8).min(8);
        if fill > 0 {
            buffer.set_string(x, plot.bottom() - 1 - row, EIGHTHS[usize::from(fill)], style);
        }
    }
}

/// "weighted 9 │ ranked 15" on both sides of tau, as close to it as there is room.
fn draw_head(bins: &Bins, worse: usize, area: Rect, row: u16, divide: u16, buffer: &mut Buffer, theme: &Theme) {
    let (weighted, ranked) = (bins.weighted.iter().sum::<u32>(), bins.ranked.iter().sum::<u32>());
    let room = usize::from(divide.saturating_sub(area.x));
    let left = [
        format!("weighted {weighted} ({worse} below 0) "),
        format!("weighted {weighted} "),
        format!("w {weighted} "),
        format!("{weighted}"),
    ];
    if let Some(text) = left.iter().find(|t| t.chars().count() <= room) {
        buffer.set_string(divide - text.chars().count() as u16, row, text, theme.original);
    }
    let room = usize::from(area.right().saturating_sub(divide + 1));
    let right = [format!(" {ranked} ranked"), format!(" {ranked} r"), format!("{ranked}")];
    if let Some(text) = right.iter().find(|t| t.len() <= room) {
        buffer.set_string(divide + 1, row, text, theme.guided);
    }
}

/// The axis: tau and zero where they are, the smallest and the largest margin at the ends.
fn draw_foot(bins: &Bins, area: Rect, row: u16, divide: u16, bar: usize, buffer: &mut Buffer, theme: &Theme) {
    let low = bins.tau - bins.weighted.len() as f64 * bins.width;
    let high = bins.tau + bins.ranked.len() as f64 * bins.width;
    let mut taken: Vec<(u16, u16)> = Vec::new();
    let mut put = |at: u16, text: String, style: Style| {
        let wide = text.chars().count() as u16;
        let at = at.min(area.right().saturating_sub(wide)).max(area.x);
        let free = taken.iter().all(|&(from, to)| at + wide < from || at > to);
        if free && at + wide <= area.right() {
            buffer.set_string(at, row, &text, style);
            taken.push((at, at + wide));
        }
    };
    let tau = format!("τ {}", short(bins.tau));
    put(divide.saturating_sub(tau.chars().count() as u16 / 2), tau, theme.tau);
    let zero = bins.column(0.0);
    let zero = if zero > bins.weighted.len() as f64 {
        divide + 1 + ((zero - bins.weighted.len() as f64 - 1.0) * bar as f64) as u16
    } else {
        area.x + (zero * bar as f64) as u16
    };
    put(zero, "0".into(), theme.title);
    put(area.x, short(low), theme.dim);
    put(area.right(), short(high), theme.dim);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bin_holds_pairs_of_both_branches() {
        let margins = [-0.5, -0.1, 0.0, 0.2, 0.2000001, 0.3, 1.4, f32::NAN];
        for columns in [1, 2, 3, 10, 77] {
            let bins = Bins::of(&margins, f64::from(0.2f32), columns);
            assert_eq!(bins.weighted.iter().sum::<u32>(), 4);
            assert_eq!(bins.ranked.iter().sum::<u32>(), 3);
            assert!(
                bins.weighted.len() + bins.ranked.len() <= columns.max(4) + 1,
                "{columns}"
            );
        }
    }

    #[test]
    fn nothing_and_equal_margins_are_drawn() {
        for margins in [vec![], vec![0.0; 24], vec![-7.0; 3]] {
            let bins = Bins::of(&margins, 0.2, 20);
            assert_eq!(bins.weighted.iter().sum::<u32>() as usize, margins.len());
        }
    }
}
