//! Draws the list of runs.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::list::gap;
use super::state::{Field, State, is_open};
use super::{view_answers, view_compare};
use crate::report::ago;
use crate::run::{LineageRow, RunSummary};
use crate::tui::run_view::RunView;
use crate::tui::theme::Theme;
use crate::tui::widgets::panel::panel;
use crate::tui::widgets::sides::{beside, empty, marker};
use crate::tui::widgets::wrap::{clip, fit, wrap_text};

/// The parts of the screen.
pub struct Areas {
    pub list: Rect,
    pub rows: Rect,
    /// The open field, or the question.
    pub field: Rect,
    pub details: Rect,
}

/// Where the parts are; the drawing and the mouse agree on it.
pub fn areas(state: &State, area: Rect) -> Areas {
    let details = if area.height >= 14 { 6 } else { 0 };
    let said = refusal(state, area.width).len() as u16;
    let field = if state.wants_text() {
        (3 + said).min(area.height)
    } else {
        0
    };
    let [list, field, details] = Layout::vertical([
        Constraint::Fill(1),
        Constraint::Length(field),
        Constraint::Length(details),
    ])
    .areas(area);
    let head = 2.min(list.height);
    Areas {
        list,
        rows: Rect {
            y: list.y + head,
            height: list.height - head,
            ..list
        },
        field,
        details,
    }
}

/// Draws the screen.
pub fn view(state: &State, run: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    if area.is_empty() {
        return;
    }
    if let Some(comparison) = &state.comparison {
        match comparison.view {
            super::comparison::View::Answers => view_answers::view(comparison, theme, frame, area),
            _ => view_compare::view(comparison, theme, frame, area),
        }
        return;
    }
    let areas = areas(state, area);
    draw_list(state, run, theme, frame, &areas);
    draw_field(state, theme, frame, areas.field);
    if let Some(selected) = state.selected() {
        draw_details(selected, run, theme, frame, areas.details);
    }
}

fn draw_list(state: &State, run: &RunView, theme: &Theme, frame: &mut Frame, areas: &Areas) {
    let aside = match &state.listing {
        None => String::new(),
        Some(listing) => {
            let mut text = match state.filter.trim() {
                "" => format!("{} in {}", listing.runs.len(), listing.folder),
                filter => format!("{} of {} with {filter:?}", state.rows.len(), listing.runs.len()),
            };
            text.push_str(&format!(" · {}", state.order.words()));
            if !state.marked.is_empty() {
                text.push_str(&format!(" · {} marked: ⟨runs-compare⟩ compares", state.marked.len()));
            }
            text
        }
    };
    let title = "Runs";
    let aside = match &state.message {
        Some((text, good)) if *good || state.field.is_none() => vec![Span::styled(
            format!("{} {} ", if *good { "›" } else { "✗" }, theme.legend.write(text)),
            if *good { theme.title } else { theme.bad },
        )],
        _ if aside.is_empty() => vec![],
        _ => beside(aside),
    };
    let below = panel(frame, areas.list, theme, title, true, aside);
    let help = match &state.listing {
        None => Some("Reading the runs ...".to_string()),
        Some(listing) if listing.error.is_some() => listing.error.clone(),
        Some(listing) if listing.runs.is_empty() => Some(format!(
            "There are no runs in {} yet. Every run that is trained with this folder is listed here: compare any of them, fork \
             them at a checkpoint, open them beside the one that trains.",
            listing.folder
        )),
        Some(_) if state.rows.is_empty() => Some(format!(
            "No run has {:?}. ⟨runs-back⟩ shows all; ⟨runs-filter⟩ changes the filter.",
            state.filter
        )),
        Some(_) => None,
    };
    if let Some(help) = help {
        return empty(frame, below, &help, theme);
    }
    let columns = columns(state, usize::from(areas.rows.width));
    let head = Rect {
        height: 1.min(below.height),
        ..below
    };
    let header: Vec<Span> = std::iter::once(Span::raw("    "))
        .chain(columns.iter().map(|c| Span::styled(c.cell(c.kind.title()), theme.dim)))
        .collect();
    frame.render_widget(Paragraph::new(Line::from(header)), head);
    let height = u64::from(areas.rows.height);
    let cursor = state.cursor();
    let top = state.top.show(cursor as u64, state.rows.len() as u64, height) as usize;
    let now = state.listing.as_ref().map_or(0, |l| l.now);
    let lines: Vec<Line> = state
        .rows
        .iter()
        .enumerate()
        .skip(top)
        .take(usize::from(areas.rows.height))
        .map(|(place, row)| line(state, run, theme, &columns, row, place == cursor, now))
        .collect();
    frame.render_widget(Paragraph::new(lines), areas.rows);
}

fn line(
    state: &State,
    open: &RunView,
    theme: &Theme,
    columns: &[Column],
    row: &LineageRow,
    selected: bool,
    now: u64,
) -> Line<'static> {
    let run = state.run_of(row);
    let mark = match state.marked.iter().position(|path| *path == run.path) {
        Some(place) => super::comparison::Comparison::letter(place).to_string(),
        None => " ".to_string(),
    };
    let mut spans = vec![
        Span::raw(marker(selected)),
        Span::styled(format!("{mark} "), theme.mark),
    ];
    for column in columns {
        let (text, style) = column.kind.value(run, row, open, theme, now);
        let mut style = style;
        if column.kind == Kind::Name && is_open(&run.path, open) {
            style = style.patch(theme.title);
        }
        spans.push(Span::styled(column.cell(&text), style));
    }
    let line = Line::from(spans);
    if selected { line.patch_style(theme.title) } else { line }
}

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Name,
    State,
    Steps,
    Reward,
    Gap,
    Method,
    When,
    Truth,
    Task,
    Tags,
    Note,
}

struct Column {
    kind: Kind,
    width: usize,
}

/// As many columns as there is room for, the most telling first; the rest of the room goes to names, tags and notes.
fn columns(state: &State, width: usize) -> Vec<Column> {
    const BY_WORTH: [(Kind, usize); 10] = [
        (Kind::State, 13),
        (Kind::Steps, 9),
        (Kind::Reward, 6),
        (Kind::Gap, 6),
        (Kind::Method, 5),
        (Kind::When, 6),
        (Kind::Truth, 6),
        (Kind::Task, 4),
        (Kind::Tags, 12),
        (Kind::Note, 20),
    ];
    const ORDER: [Kind; 11] = [
        Kind::Name,
        Kind::State,
        Kind::Method,
        Kind::Task,
        Kind::Steps,
        Kind::Reward,
        Kind::Gap,
        Kind::Truth,
        Kind::When,
        Kind::Tags,
        Kind::Note,
    ];
    let longest = state
        .rows
        .iter()
        .map(|row| row.stem.width() + state.run_of(row).name.width())
        .max()
        .unwrap_or(0);
    let name = longest.clamp(12, 44);
    let least = name.min(20);
    let mut room = width.saturating_sub(4 + least + 1);
    let mut kinds = vec![(Kind::Name, least)];
    for (kind, wide) in BY_WORTH {
        if wide + 1 > room {
            break;
        }
        room -= wide + 1;
        kinds.push((kind, wide));
    }
    let grown = room.min(name - least);
    kinds[0].1 += grown;
    room -= grown;
    // Notes are the longest.
    let last = kinds.len() - 1;
    if matches!(kinds[last].0, Kind::Tags | Kind::Note) {
        kinds[last].1 += room;
    }
    ORDER
        .into_iter()
        .filter_map(|kind| kinds.iter().find(|(k, _)| *k == kind))
        .map(|&(kind, width)| Column { kind, width })
        .collect()
}

impl Column {
    fn cell(&self, text: &str) -> String {
        let text = clip(text, self.width);
        match self.kind.is_number() {
            true => format!("{}{text} ", " ".repeat(self.width.saturating_sub(text.width()))),
            false => format!("{} ", fit(&text, self.width)),
        }
    }
}

impl Kind {
    fn title(self) -> &'static str {
        match self {
            Kind::Name => "run",
            Kind::State => "state",
            Kind::Steps => "steps",
            Kind::Reward => "s",
            Kind::Gap => "s′−s",
            Kind::Method => "how",
            Kind::When => "when",
            Kind::Truth => "truth",
            Kind::Task => "task",
            Kind::Tags => "tags",
            Kind::Note => "note",
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Kind::Steps | Kind::Reward | Kind::Gap | Kind::Truth | Kind::When)
    }

    fn value(self, run: &RunSummary, row: &LineageRow, open: &RunView, theme: &Theme, now: u64) -> (String, Style) {
        let number = |x: Option<f64>| {
            x.filter(|x| x.is_finite())
                .map_or("–".to_string(), |x| format!("{x:+.2}"))
        };
        let plain = Style::new();
        match self {
            Kind::Name => (format!("{}{}", row.stem, run.name), plain),
            // That it waits, only its own workbench knows.
            Kind::State if run.state == "running" && open.paused && is_open(&run.path, open) => {
                ("‖ paused".into(), theme.mark)
            }
            Kind::State => state_of(run, theme),
            Kind::Steps => (format!("{}/{}", run.steps_done, run.steps_planned), plain),
            Kind::Reward => match run.accuracy {
                // Of a reward model: how many pairs it gets right.
                Some(right) => (format!("{:.1}%", right * 100.0), plain),
                None => (number(run.reward_original), theme.original),
            },
            Kind::Gap => (number(gap(run)), theme.guided),
            Kind::Method => (run.method.clone(), plain),
            Kind::When => (run.changed.map_or("–".to_string(), |then| ago(then, now)), theme.dim),
            Kind::Truth => (number(run.truth_original), theme.truth),
            Kind::Task => (run.task.clone(), plain),
            Kind::Tags => {
                let tags: Vec<String> = run.tags.iter().map(|tag| format!("#{tag}")).collect();
                (tags.join(" "), theme.mark)
            }
            Kind::Note => (run.note.clone(), plain),
        }
    }
}

/// A sign and a word: colour never stands alone.
fn state_of(run: &RunSummary, theme: &Theme) -> (String, Style) {
    let (sign, style) = match run.state.as_str() {
        "running" => ("▶", theme.good),
        "finished" => ("✓", theme.good),
        "stopped" => ("■", Style::new()),
        "failed" => ("✗", theme.bad),
        _ => ("◌", theme.mark),
    };
    (format!("{sign} {}", run.state), style)
}

fn draw_field(state: &State, theme: &Theme, frame: &mut Frame, area: Rect) {
    if area.is_empty() {
        return;
    }
    if let Some(path) = &state.deleting {
        let lines = vec![
            Line::default(),
            Line::from(vec![
                Span::styled(format!(" Delete {} for good? ", path.display()), theme.bad),
                Span::styled("y", theme.key),
                Span::raw(" deletes it, any other key does not"),
            ]),
        ];
        return frame.render_widget(Paragraph::new(lines), area);
    }
    let Some((field, editor)) = &state.field else { return };
    let (title, hint) = match field {
        Field::Filter => (
            "Filter".to_string(),
            "words, #tag, state:failed, method:ple, -word · Enter keep · Esc show all",
        ),
        Field::Tags(_) => ("Tags".to_string(), "words · Enter store · Esc leave"),
        Field::Note(_) => ("Note".to_string(), "Enter store · Esc leave"),
        Field::Fork(_) => {
            let name = state.selected().map_or("the run", |run| &run.name);
            let hint = "Enter fork · Esc leave · step= steps= tau= decay= learning_rate= method= principles=";
            (
                format!("Fork {name}, which has checkpoints after {}", steps(state)),
                hint,
            )
        }
    };
    let room = usize::from(area.width.saturating_sub(4));
    let lines = refusal(state, area.width);
    let above = Rect {
        height: (lines.len() as u16).min(area.height.saturating_sub(3)),
        ..area
    };
    let lines: Vec<Line> = lines.into_iter().map(|line| line.patch_style(theme.bad)).collect();
    frame.render_widget(Paragraph::new(lines), above);
    let box_area = Rect {
        y: area.y + above.height,
        height: area.height - above.height,
        ..area
    };
    editor.draw(frame, box_area, &clip(&title, room), &clip(hint, room), theme);
}

/// Why what was typed was not done, above the field in which it stands again.
fn refusal(state: &State, width: u16) -> Vec<Line<'static>> {
    match (&state.message, &state.field) {
        (Some((text, false)), Some(_)) => {
            wrap_text(&format!("✗ {text}"), Style::new(), usize::from(width.saturating_sub(2)))
        }
        _ => vec![],
    }
}

/// The checkpoints of the run under the cursor, the newest last.
fn steps(state: &State) -> String {
    let all = state.selected().map_or(&[][..], |run| &run.checkpoints);
    let shown = &all[all.len().saturating_sub(8)..];
    let words: Vec<String> = shown.iter().map(u32::to_string).collect();
    match shown.len() < all.len() {
        true => format!("... {}", words.join(" ")),
        false => words.join(" "),
    }
}

fn draw_details(run: &RunSummary, open: &RunView, theme: &Theme, frame: &mut Frame, area: Rect) {
    if area.is_empty() {
        return;
    }
    let aside = match is_open(&run.path, open) {
        true => beside("open in this workbench"),
        false => vec![],
    };
    let below = panel(frame, area, theme, &run.name, false, aside);
    let width = usize::from(below.width.saturating_sub(2));
    let mut lines = vec![Line::from(format!(" {}", clip(&run.title, width)))];
    let label = |name: &str, text: String| {
        Line::from(vec![
            Span::styled(format!(" {name:<12}"), theme.dim),
            Span::raw(clip(&text, width.saturating_sub(12))),
        ])
    };
    if let Some(origin) = &run.origin {
        let changes: Vec<String> = origin.changes.iter().map(|c| c.label()).collect();
        let changes = match changes.is_empty() {
            true => "nothing changed".to_string(),
            false => changes.join(", "),
        };
        lines.push(label(
            "fork",
            format!("of {} after {} steps: {changes}", origin.run, origin.step),
        ));
    }
    let tags: Vec<String> = run.tags.iter().map(|tag| format!("#{tag}")).collect();
    let about = [tags.join(" "), run.note.clone()];
    let about: Vec<&str> = about.iter().map(String::as_str).filter(|t| !t.is_empty()).collect();
    lines.push(match about.is_empty() {
        true => label(
            "labels",
            theme
                .legend
                .write("none; ⟨runs-tags⟩ for tags, ⟨runs-note⟩ for a note")
                .into_owned(),
        ),
        false => label("labels", about.join(" · ")),
    });
    let checkpoints: Vec<String> = run
        .checkpoints
        .iter()
        .rev()
        .take(12)
        .rev()
        .map(u32::to_string)
        .collect();
    lines.push(label(
        "checkpoints",
        match checkpoints.is_empty() {
            true => "none yet".to_string(),
            false => format!("after {} steps", checkpoints.join(", ")),
        },
    ));
    lines.push(label("folder", run.path.display().to_string()));
    lines.truncate(usize::from(below.height));
    frame.render_widget(Paragraph::new(lines), below);
}
