//! Runs: all that there are, how they descend from each other, and any of them beside each other.

mod comparison;
mod desk;
mod list;
mod merge;
mod seeds;
mod state;

#[cfg(test)]
pub(in crate::tui) mod tests;
mod view;
mod view_answers;
mod view_compare;
mod view_curves;

use ratatui::crossterm::event::KeyCode;

use crate::tui::action::{Action as Top, Screen};
use crate::tui::keymap::{Binding, Key, ch, key};
use crate::tui::screens::charts;

pub use desk::{Answer, Compared, Listing, Question, Shared, Whole, Wish};
pub use state::{State, is_open};
pub use view::view;
pub use view_curves::focused_chart;

/// What can be done on this screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Down,
    Up,
    First,
    Last,
    ScrollDown,
    ScrollUp,
    /// Show the run under the cursor in this workbench.
    Open,
    /// Mark the run for the comparison, or take the mark away.
    Mark,
    UnmarkAll,
    /// The marked runs beside each other.
    Compare,
    /// From the comparison back to the list.
    Back,
    Filter,
    Sort,
    Tags,
    Note,
    Delete,
    Fork,
    /// Of a comparison: curves, settings, answers.
    NextView,
    Earlier,
    Later,
    NextRuns,
    PreviousRuns,
    /// Of answers: without the principles, or under them.
    Side,
    /// Of answers: of the case study, or sampled while training.
    Source,
    /// Of curves: how they are looked at.
    Look(charts::Action),
}

/// The rows of the key table.
pub fn bindings() -> Vec<Binding> {
    const NARROW: &[Key] = &[ch('+'), ch('=')];
    const DOWN: &[Key] = &[ch('j'), key(KeyCode::Down)];
    const UP: &[Key] = &[ch('k'), key(KeyCode::Up)];
    const FIRST: &[Key] = &[key(KeyCode::Home), ch('g')];
    const LAST: &[Key] = &[key(KeyCode::End), ch('G')];
    const SCROLL_DOWN: &[Key] = &[ch('J'), key(KeyCode::PageDown)];
    const SCROLL_UP: &[Key] = &[ch('K'), key(KeyCode::PageUp)];
    const EARLIER: &[Key] = &[ch('h'), key(KeyCode::Left)];
    const LATER: &[Key] = &[ch('l'), key(KeyCode::Right)];
    let row = |name, keys, action, help, footer| Binding {
        name,
        screen: Some(Screen::Runs),
        keys,
        action: Top::Runs(action),
        help,
        footer,
    };
    let look = |name, keys, action, help| row(name, keys, Action::Look(action), help, None);
    vec![
        row(
            "runs-down",
            DOWN,
            Action::Down,
            "next run; compared: next metric, setting or query",
            None,
        ),
        row(
            "runs-up",
            UP,
            Action::Up,
            "previous run, metric, setting or query",
            None,
        ),
        row(
            "runs-mark",
            const { &[ch('v')] },
            Action::Mark,
            "mark the run for a comparison, or not; compared: curves, settings, answers",
            Some("mark/view"),
        ),
        row(
            "runs-compare",
            const { &[ch('x')] },
            Action::Compare,
            "compare the marked runs; compared: back to the list",
            Some("compare"),
        ),
        row(
            "runs-open",
            const { &[key(KeyCode::Enter)] },
            Action::Open,
            "show the run in this workbench; one that trains here goes on; curves: full screen",
            Some("open"),
        ),
        row(
            "runs-filter",
            const { &[ch('/')] },
            Action::Filter,
            "filter: words, #tag, state:word, method:word, task:word, parent:name, -word",
            Some("filter"),
        ),
        row(
            "runs-sort",
            const { &[ch('s')] },
            Action::Sort,
            "order: as a tree of forks, newest, reward, gap, truth, name; curves: smoothing",
            Some("sort"),
        ),
        row(
            "runs-tags",
            const { &[ch('a')] },
            Action::Tags,
            "tags of the run",
            Some("tags"),
        ),
        row(
            "runs-note",
            const { &[ch('N')] },
            Action::Note,
            "a note on the run",
            None,
        ),
        row(
            "runs-fork",
            const { &[ch('f')] },
            Action::Fork,
            "fork the run at a checkpoint; compared: answers of the case study, or of training",
            Some("fork"),
        ),
        row(
            "runs-delete",
            const { &[ch('D')] },
            Action::Delete,
            "delete the run; asks first",
            None,
        ),
        row(
            "runs-unmark",
            const { &[ch('V')] },
            Action::UnmarkAll,
            "take all marks away",
            None,
        ),
        row(
            "runs-back",
            const { &[key(KeyCode::Esc)] },
            Action::Back,
            "curves: leave the full screen, then the window; back to the list; in the list: no filter",
            None,
        ),
        row("runs-first", FIRST, Action::First, "first run", None),
        row("runs-last", LAST, Action::Last, "last run", None),
        row(
            "runs-earlier",
            EARLIER,
            Action::Earlier,
            "compared: one step back, on every screen",
            None,
        ),
        row("runs-later", LATER, Action::Later, "compared: one step on", None),
        row(
            "runs-side",
            const { &[ch('o')] },
            Action::Side,
            "answers: y, or y' under the principles",
            None,
        ),
        look(
            "runs-zoom",
            const { &[ch('z')] },
            charts::Action::ToggleZoom,
            "curves: the chart on the whole screen, or back",
        ),
        look(
            "runs-narrow",
            NARROW,
            charts::Action::Narrow,
            "curves: fewer steps, around the cursor",
        ),
        look(
            "runs-widen",
            const { &[ch('-')] },
            charts::Action::Widen,
            "curves: more steps",
        ),
        look(
            "runs-window-earlier",
            const { &[ch('H')] },
            charts::Action::Earlier,
            "curves: earlier steps, once there are fewer than all",
        ),
        look(
            "runs-window-later",
            const { &[ch('L')] },
            charts::Action::Later,
            "curves: later steps",
        ),
        look(
            "runs-spread",
            const { &[ch('b')] },
            charts::Action::ToggleSpread,
            "curves: runs that differ by their seed alone as their mean, with a band from the least to the most",
        ),
        look(
            "runs-log",
            const { &[ch('y')] },
            charts::Action::ToggleLog,
            "curves: logarithmic axis",
        ),
        row(
            "runs-next-columns",
            const { &[ch('.')] },
            Action::NextRuns,
            "compared: the runs further right; curves: cursor on by a column",
            None,
        ),
        row(
            "runs-previous-columns",
            const { &[ch(',')] },
            Action::PreviousRuns,
            "compared: the runs further left; curves: cursor back by a column",
            None,
        ),
        row("runs-scroll-down", SCROLL_DOWN, Action::ScrollDown, "a page on", None),
        row("runs-scroll-up", SCROLL_UP, Action::ScrollUp, "a page back", None),
    ]
}
