//! Where the panels of the dashboard go.

use ratatui::layout::{Constraint, Layout, Rect};

use crate::config::MethodName;

/// The parts of the dashboard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Panel {
    #[default]
    Reward,
    Truth,
    Losses,
    Margins,
    Branches,
    Facts,
    Lengths,
    Gradient,
    /// PLE's margins over the steps: percentiles, tau, and the boundary of the pure level set.
    Spread,
}

impl Panel {
    /// In the order in which they are cycled through.
    pub const ALL: [Panel; 9] = [
        Panel::Reward,
        Panel::Truth,
        Panel::Losses,
        Panel::Margins,
        Panel::Branches,
        Panel::Facts,
        Panel::Lengths,
        Panel::Gradient,
        Panel::Spread,
    ];

    /// Those of a method.
    pub fn of(method: MethodName) -> &'static [Panel] {
        match method {
            MethodName::Ple => &Self::ALL,
            _ => &Self::ALL[..8],
        }
    }
}

/// Rows of the line of facts where the panel of facts has no room.
pub fn fact_rows(area: Rect) -> u16 {
    match (is_wide(area), area.height) {
        (true, _) | (_, 0..=9) => 0,
        (_, 10..=15) => 1,
        _ => 2,
    }
}

/// There is room for everything at once.
pub fn is_wide(area: Rect) -> bool {
    area.width >= 100 && area.height >= 26
}

/// The visible panels and their places; only `alone` when a panel is zoomed.
pub fn panels(area: Rect, alone: Option<Panel>) -> Vec<(Panel, Rect)> {
    if let Some(panel) = alone {
        return vec![(panel, area)];
    }
    if is_wide(area) { wide(area) } else { compact(area) }
}

/// Reward large on the left, truth and losses below it; the method on the right.
fn wide(area: Rect) -> Vec<(Panel, Rect)> {
    let right = (area.width * 2 / 5).clamp(44, 76);
    let [left, right] = Layout::horizontal([Constraint::Min(0), Constraint::Length(right)]).areas(area);
    let third = area.height >= 44;
    let below = if third { 2 } else { 1u16 };
    let lower = area.height * 2 / 5 / below;
    let mut rows = vec![Constraint::Min(0)];
    rows.extend(std::iter::repeat_n(
        Constraint::Length(lower.max(9)),
        usize::from(below),
    ));
    let rows = Layout::vertical(rows).split(left);
    let halves = |r: Rect| -> [Rect; 2] { Layout::horizontal([Constraint::Fill(1); 2]).areas(r) };
    // Three losses have more to say in their title than two truths.
    let losses_wide = left.width / 2 + if left.width >= 66 { left.width / 12 } else { 0 };
    let [truth, losses] = Layout::horizontal([Constraint::Min(0), Constraint::Length(losses_wide)]).areas(rows[1]);
    let facts = (super::facts::ROWS + 1).min(area.height / 2);
    let [margins, branches, facts] =
        Layout::vertical([Constraint::Fill(5), Constraint::Fill(3), Constraint::Length(facts)]).areas(right);
    let mut out = vec![
        (Panel::Reward, rows[0]),
        (Panel::Truth, truth),
        (Panel::Losses, losses),
        (Panel::Margins, margins),
        (Panel::Branches, branches),
        (Panel::Facts, facts),
    ];
    if third {
        let [lengths, gradient] = halves(rows[2]);
        out.extend([(Panel::Lengths, lengths), (Panel::Gradient, gradient)]);
    }
    out
}

/// The reward across the whole width, since its shape and its marks are what the run is about; under it what there is
/// room for. Narrow or low: a grid of as many panels as there is room for, the most telling first.
fn compact(area: Rect) -> Vec<(Panel, Rect)> {
    let rows = area.height - fact_rows(area);
    if area.width < 72 || rows < 15 {
        return grid(area);
    }
    let third = rows >= 30;
    let top = if third { rows * 2 / 5 } else { rows * 5 / 9 };
    let heights = [
        Constraint::Length(top),
        Constraint::Fill(1),
        Constraint::Fill(u16::from(third)),
    ];
    let [reward, middle, bottom] = Layout::vertical(heights).areas(Rect { height: rows, ..area });
    let [margins, truth, losses] = Layout::horizontal([Constraint::Fill(1); 3]).areas(middle);
    let mut out = vec![
        (Panel::Reward, reward),
        (Panel::Margins, margins),
        (Panel::Truth, truth),
        (Panel::Losses, losses),
    ];
    if third {
        let facts = Constraint::Length((area.width / 2).max(47));
        let [branches, facts] = Layout::horizontal([Constraint::Min(0), facts]).areas(bottom);
        out.extend([(Panel::Branches, branches), (Panel::Facts, facts)]);
    }
    out
}

fn grid(area: Rect) -> Vec<(Panel, Rect)> {
    const ORDER: [Panel; 6] = [
        Panel::Reward,
        Panel::Margins,
        Panel::Truth,
        Panel::Losses,
        Panel::Branches,
        Panel::Facts,
    ];
    let area = Rect {
        height: area.height - fact_rows(area),
        ..area
    };
    let columns = match area.width {
        0..=51 => 1,
        52..=119 => 2,
        _ => 3,
    };
    let rows = usize::from(area.height / 8).clamp(1, ORDER.len().div_ceil(columns));
    let order: Vec<Panel> = match columns {
        3 => vec![
            Panel::Reward,
            Panel::Truth,
            Panel::Margins,
            Panel::Losses,
            Panel::Branches,
            Panel::Facts,
        ],
        _ => ORDER.to_vec(),
    };
    let bands = Layout::vertical(vec![Constraint::Fill(1); rows]).split(area);
    let cells = bands.iter().flat_map(|band| {
        Layout::horizontal(vec![Constraint::Fill(1); columns])
            .split(*band)
            .to_vec()
    });
    order.into_iter().zip(cells).collect()
}
