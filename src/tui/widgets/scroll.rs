//! How far a text or a list is scrolled. What fits is only known while drawing, so the last drawing tells.

use std::cell::Cell;

/// The first visible line of a text.
#[derive(Clone, Debug, Default)]
pub struct Scroll {
    at: usize,
    most: Cell<usize>,
}

impl Scroll {
    /// Moves by lines, no further than the text last drawn goes.
    pub fn by(&mut self, lines: isize) {
        self.at = self.at.saturating_add_signed(lines).min(self.most.get());
    }

    /// Back to the start.
    pub fn reset(&mut self) {
        self.at = 0;
    }

    /// The first line to draw of a text of `lines` lines in `height` rows.
    pub fn show(&self, lines: usize, height: usize) -> usize {
        let most = lines.saturating_sub(height);
        self.most.set(most);
        self.at.min(most)
    }
}

/// The first visible row of a list that follows its cursor.
#[derive(Clone, Debug, Default)]
pub struct ListTop(Cell<u64>);

impl ListTop {
    /// The first row to draw so that the cursor is visible, moved as little as possible.
    pub fn show(&self, cursor: u64, rows: u64, height: u64) -> u64 {
        let lowest = cursor.saturating_sub(height.saturating_sub(1));
        let top = self
            .0
            .get()
            .clamp(lowest, cursor.max(lowest))
            .min(rows.saturating_sub(height));
        self.0.set(top);
        top
    }

    /// The first row as last drawn.
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrolling_stops_at_both_ends() {
        let mut scroll = Scroll::default();
        scroll.by(5);
        assert_eq!(scroll.show(20, 8), 0, "nothing was drawn yet");
        scroll.by(100);
        assert_eq!(scroll.show(20, 8), 12);
        scroll.by(-1);
        assert_eq!(scroll.show(20, 8), 11);
        scroll.by(-100);
        assert_eq!(scroll.show(20, 8), 0);
        assert_eq!(scroll.show(3, 8), 0);
    }

    #[test]
    fn a_list_moves_only_when_it_must() {
        let top = ListTop::default();
        assert_eq!(top.show(0, 100, 10), 0);
        assert_eq!(top.show(9, 100, 10), 0);
        assert_eq!(top.show(10, 100, 10), 1);
        assert_eq!(top.show(5, 100, 10), 1);
        assert_eq!(top.show(0, 100, 10), 0);
        assert_eq!(top.show(99, 100, 10), 90);
        assert_eq!(top.show(0, 0, 0), 0);
    }
}
