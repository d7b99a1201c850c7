//! The rows of the key table that every screen of charts has.

/// The rows of a screen: names begin with `$slug`, and `$top` makes an action of the workbench of one of charts. Names are
/// literals, since users write them into their settings.
macro_rules! rows {
    ($slug:literal, $screen:expr, $top:path) => {{
        use ratatui::crossterm::event::KeyCode;
        use $crate::tui::keymap::{Binding, Key, ch, key};
        use $crate::tui::screens::charts::{Action, Direction};
        const LEFT: &[Key] = &[ch('h'), key(KeyCode::Left)];
        const DOWN: &[Key] = &[ch('j'), key(KeyCode::Down)];
        const UP: &[Key] = &[ch('k'), key(KeyCode::Up)];
        const RIGHT: &[Key] = &[ch('l'), key(KeyCode::Right)];
        const NARROW: &[Key] = &[ch('+'), ch('=')];
        const ZOOM: &[Key] = &[ch('z'), key(KeyCode::Enter)];
        let row = |name, keys: &'static [Key], action, help, footer| Binding {
            name,
            screen: Some($screen),
            keys,
            action: $top(action),
            help,
            footer,
        };
        vec![
            row(
                concat!($slug, "-zoom"),
                ZOOM,
                Action::ToggleZoom,
                "the focused chart on the whole screen, or back",
                Some("zoom"),
            ),
            row(
                concat!($slug, "-left"),
                LEFT,
                Action::Move(Direction::Left),
                "focus the chart on the left; zoomed: cursor one step back",
                None,
            ),
            row(
                concat!($slug, "-down"),
                DOWN,
                Action::Move(Direction::Down),
                "focus the chart below; zoomed: next chart",
                None,
            ),
            row(
                concat!($slug, "-up"),
                UP,
                Action::Move(Direction::Up),
                "focus the chart above; zoomed: previous chart",
                None,
            ),
            row(
                concat!($slug, "-right"),
                RIGHT,
                Action::Move(Direction::Right),
                "focus the chart on the right; zoomed: cursor one step on",
                None,
            ),
            row(
                concat!($slug, "-cursor-back"),
                const { &[ch(',')] },
                Action::Cursor(-1),
                "cursor back by a column of a chart, at least one step",
                Some("cursor"),
            ),
            row(
                concat!($slug, "-cursor-on"),
                const { &[ch('.')] },
                Action::Cursor(1),
                "cursor on by a column of a chart",
                None,
            ),
            row(
                concat!($slug, "-narrow"),
                NARROW,
                Action::Narrow,
                "fewer steps, around the cursor",
                None,
            ),
            row(
                concat!($slug, "-widen"),
                const { &[ch('-')] },
                Action::Widen,
                "more steps",
                None,
            ),
            row(
                concat!($slug, "-earlier"),
                const { &[ch('H')] },
                Action::Earlier,
                "earlier steps, once there are fewer than all",
                None,
            ),
            row(
                concat!($slug, "-later"),
                const { &[ch('L')] },
                Action::Later,
                "later steps",
                None,
            ),
            row(
                concat!($slug, "-smooth"),
                const { &[ch('s')] },
                Action::NextSmoothing,
                "curves as moving averages, as long ones, or through every step",
                Some("smooth"),
            ),
            row(
                concat!($slug, "-spread"),
                const { &[ch('b')] },
                Action::ToggleSpread,
                "show or hide the bands: mean ± deviation, percentiles, intervals",
                None,
            ),
            row(
                concat!($slug, "-log"),
                const { &[ch('y')] },
                Action::ToggleLog,
                "logarithmic vertical axis; symmetric about 0 where values are not positive",
                None,
            ),
            row(
                concat!($slug, "-next-chart"),
                const { &[ch(']')] },
                Action::Cycle(1),
                "next chart, hidden ones too",
                None,
            ),
            row(
                concat!($slug, "-previous-chart"),
                const { &[ch('[')] },
                Action::Cycle(-1),
                "previous chart",
                None,
            ),
            row(
                concat!($slug, "-back"),
                const { &[key(KeyCode::Esc)] },
                Action::Back,
                "leave the zoom, then the past, then the window",
                None,
            ),
        ]
    }};
}
pub(in crate::tui) use rows;
