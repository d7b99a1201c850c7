//! What is taken out of the workbench: a view as text, as numbers, or as a picture.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::action::{Effect, Screen};
use super::clipboard;
use super::screens::{dashboard, fit, runs};
use super::smooth::{self, Average};
use super::state::State;
use super::view;
use super::widgets::chart::{Chart, Dash};
use super::widgets::scale::{thousands, ticks};
use crate::report::{ChartBand, ChartFigure, ChartLine, Format, Look, Numbers, Rgb, ScreenCell, ScreenFigure, View};

/// Rows of a table on the clipboard; longer ones are means of several steps.
const ROWS: usize = 200;
/// Points of a line in a picture; more would not be seen.
const POINTS: usize = 1500;
/// Columns of a terminal that would show as much as a picture of a chart.
const COLUMNS: u16 = 200;

/// The paper a screen is drawn on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ground {
    #[default]
    Dark,
    Light,
}

impl Ground {
    /// Of the paper, and of what is written on it in no colour of its own.
    fn colours(self) -> (Rgb, Rgb) {
        match self {
            Ground::Dark => ([0x1e, 0x1e, 0x1e], [0xd4, 0xd4, 0xd4]),
            Ground::Light => ([0xff, 0xff, 0xff], [0x24, 0x24, 0x24]),
        }
    }
}

/// A part of the screen that can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The focused chart.
    Chart,
    Screen,
}

/// Puts the view on the clipboard: of the focused chart its numbers, else the words of the screen.
pub fn copy(state: &mut State) -> Vec<Effect> {
    let (what, text) = match focused(state) {
        Some(chart) => {
            let numbers = numbers(&chart);
            let rows = numbers.steps.len();
            let (table, each) = thinned(&numbers, ROWS);
            let means = match each {
                1 => String::new(),
                each => format!(", means of {} steps", thousands(each as i64)),
            };
            let shown = thousands(table.steps.len() as i64);
            let of = if each > 1 {
                format!(" of {} steps", thousands(rows as i64))
            } else {
                String::new()
            };
            (
                format!("{}: {shown} rows{of}{means}", chart.title),
                tab_separated(&table),
            )
        }
        None => {
            let (what, area) = words_of(state);
            (what, text(&buffer(state), area))
        }
    };
    let (kept, lost) = clipboard::fitting(&text);
    let cut = match lost {
        0 => String::new(),
        lost => format!(
            "; {} lines more than a terminal takes were left out",
            thousands(lost as i64)
        ),
    };
    state.say(format!("copied {what} ({}){cut}", size(kept.len())));
    vec![Effect::Copy(kept.to_string())]
}

/// Bytes for people.
pub fn size(bytes: usize) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// Where the words of a screen without a focused chart are, and what they are.
fn words_of(state: &State) -> (String, Rect) {
    let body = state.body();
    match state.screen {
        Screen::Dashboard => {
            let (title, area) = dashboard::focused_panel(&state.dashboard, &state.run, body);
            (title.to_string(), area)
        }
        Screen::Training => {
            let (title, area) = fit::focused_panel(&state.fit.board, &state.run, body);
            (title.to_string(), area)
        }
        screen => (format!("the screen {}", screen.title()), body),
    }
}

/// A chart with its names.
pub struct Named<'a> {
    pub title: String,
    pub names: Vec<String>,
    /// What each of its bands is the spread of.
    pub band_names: Vec<String>,
    /// Whose it is, where not of the run that is open.
    pub whose: Option<String>,
    pub chart: Chart<'a>,
}

/// The chart that has the focus, if the present screen has one.
pub fn focused(state: &State) -> Option<Named<'_>> {
    match state.screen {
        Screen::Dashboard => dashboard::focused_chart(&state.dashboard, &state.run, &state.theme),
        Screen::Training => fit::focused_chart(&state.fit.board, &state.run, &state.theme),
        Screen::Runs => runs::focused_chart(&state.runs, &state.theme),
        _ => None,
    }
}

/// What is written to a file.
pub fn view_of(state: &State, part: Part, format: Format, ground: Ground) -> Option<View> {
    match (part, format) {
        (Part::Screen, Format::Csv) => None,
        (Part::Screen, _) => Some(View::Screen(Box::new(screen(state, ground)))),
        (Part::Chart, Format::Csv) => Some(View::Numbers(numbers(&focused(state)?))),
        (Part::Chart, _) => Some(View::Chart(Box::new(figure(&focused(state)?, state)))),
    }
}

/// A name for the file: the run, what is seen, and the step if one looks at the past.
pub fn file_name(state: &State, part: Part, format: Format) -> String {
    let run = state.run.started.as_ref().map_or("ple", |s| s.run.as_str());
    let chart = focused(state).filter(|_| part == Part::Chart);
    let whose = chart.as_ref().and_then(|chart| chart.whose.clone());
    let run = whose.as_deref().unwrap_or(run);
    let what = chart.map_or(state.screen.title().to_string(), |chart| chart.title);
    let step = super::time::ground(state)
        .1
        .map_or(String::new(), |step| format!("-step-{step}"));
    let name = format!("{run}-{what}{step}");
    let plain = name.chars().map(|c| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    });
    let mut out = String::new();
    for c in plain.filter(|c| c.is_ascii()) {
        if c != '-' || !out.ends_with('-') {
            out.push(c);
        }
    }
    format!("{}.{}", out.trim_matches('-'), format.extension())
}

/// The screen as cells, as it would be drawn now.
pub fn buffer(state: &State) -> Buffer {
    let (width, height) = state.size;
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let Ok(_) = terminal.draw(|frame| view::view(state, frame));
    terminal.backend().buffer().clone()
}

/// The words of an area, without the blanks at the ends of its lines.
pub fn text(buffer: &Buffer, area: Rect) -> String {
    let area = area.intersection(buffer.area);
    let mut out = String::new();
    for y in area.top()..area.bottom() {
        let mut line = String::new();
        let mut skip = 0;
        for x in area.left()..area.right() {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                line.push_str(symbol);
                skip = symbol.width().saturating_sub(1);
            } else {
                skip -= 1;
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The screen as a picture's cells.
pub fn screen(state: &State, ground: Ground) -> ScreenFigure {
    let buffer = buffer(state);
    let run = state.run.started.as_ref().map_or("ple", |s| s.run.as_str());
    let (paper, _) = ground.colours();
    let mut cells = Vec::with_capacity(buffer.content.len());
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut skip = 0;
        for x in buffer.area.left()..buffer.area.right() {
            let cell = &buffer[(x, y)];
            let behind = skip > 0;
            skip = if behind {
                skip - 1
            } else {
                cell.symbol().width().saturating_sub(1)
            };
            cells.push(ScreenCell {
                symbol: if behind {
                    String::new()
                } else {
                    cell.symbol().to_string()
                },
                look: look(cell.style(), ground),
            });
        }
    }
    ScreenFigure {
        title: format!("{}: {run}", state.screen.title()),
        columns: usize::from(buffer.area.width),
        cells,
        ground: paper,
    }
}

fn look(style: Style, ground: Ground) -> Look {
    let (paper, plain) = ground.colours();
    let has = |modifier| style.add_modifier.contains(modifier);
    let mut ink = style.fg.and_then(rgb).unwrap_or(plain);
    let mut under = style.bg.and_then(rgb);
    if has(Modifier::REVERSED) {
        (ink, under) = (under.unwrap_or(paper), Some(ink));
    }
    if has(Modifier::DIM) {
        let below = under.unwrap_or(paper);
        ink = std::array::from_fn(|i| (f64::from(ink[i]) * 0.55 + f64::from(below[i]) * 0.45).round() as u8);
    }
    Look {
        ink,
        ground: under,
        bold: has(Modifier::BOLD),
        italic: has(Modifier::ITALIC),
        underlined: has(Modifier::UNDERLINED),
        struck: has(Modifier::CROSSED_OUT),
    }
}

/// A colour as most terminals show it; `None` is the terminal's own.
fn rgb(color: Color) -> Option<Rgb> {
    const SYSTEM: [Rgb; 16] = [
        [0, 0, 0],
        [205, 0, 0],
        [0, 160, 0],
        [190, 150, 0],
        [0, 90, 205],
        [190, 0, 190],
        [0, 160, 170],
        [200, 200, 200],
        [127, 127, 127],
        [255, 80, 80],
        [0, 215, 0],
        [235, 200, 0],
        [90, 140, 255],
        [235, 90, 235],
        [0, 215, 215],
        [255, 255, 255],
    ];
    let index = match color {
        Color::Reset => return None,
        Color::Rgb(r, g, b) => return Some([r, g, b]),
        Color::Indexed(i) => i,
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    Some(match index {
        0..=15 => SYSTEM[usize::from(index)],
        16..=231 => {
            let level = |i: u8| if i == 0 { 0 } else { 55 + 40 * i };
            let cube = index - 16;
            [level(cube / 36), level(cube / 6 % 6), level(cube % 6)]
        }
        232.. => [8 + 10 * (index - 232); 3],
    })
}

/// Every number of the lines and bands of a chart, over the steps that it shows.
fn numbers(named: &Named) -> Numbers {
    let chart = &named.chart;
    let (from, to) = chart.visible();
    let values = |column: &super::history::Column| {
        let points = column.points();
        points[from.min(points.len())..to.min(points.len())].to_vec()
    };
    let lines = chart.curves.iter().zip(&named.names);
    let mut columns: Vec<(String, Vec<f32>)> = lines.map(|(c, name)| (name.clone(), values(c.column))).collect();
    for (i, band) in chart.bands.iter().enumerate() {
        let name = named.band_names.get(i).map_or("band", String::as_str);
        columns.push((format!("{name}, low"), values(band.low)));
        columns.push((format!("{name}, high"), values(band.high)));
    }
    Numbers {
        steps: chart.steps[from..to].to_vec(),
        columns,
    }
}

/// At most so many rows: each the mean of so many steps, named by the first of them.
fn thinned(numbers: &Numbers, rows: usize) -> (Numbers, usize) {
    let each = numbers.steps.len().div_ceil(rows).max(1);
    let mean = |values: &[f32]| {
        let finite = values.iter().filter(|v| v.is_finite());
        let (sum, n) = finite.fold((0.0, 0), |(s, n), v| (s + f64::from(*v), n + 1));
        if n == 0 { f32::NAN } else { (sum / f64::from(n)) as f32 }
    };
    let columns = numbers.columns.iter();
    let table = Numbers {
        steps: numbers.steps.iter().copied().step_by(each).collect(),
        columns: columns
            .map(|(name, v)| (name.clone(), v.chunks(each).map(mean).collect()))
            .collect(),
    };
    (table, each)
}

/// As spreadsheets take it.
fn tab_separated(numbers: &Numbers) -> String {
    let names: Vec<&str> = numbers.columns.iter().map(|(name, _)| name.as_str()).collect();
    let mut out = format!("step\t{}\n", names.join("\t"));
    for (i, step) in numbers.steps.iter().enumerate() {
        out.push_str(&step.to_string());
        for (_, values) in &numbers.columns {
            out.push('\t');
            if let Some(v) = values.get(i).filter(|v| v.is_finite()) {
                out.push_str(&v.to_string());
            }
        }
        out.push('\n');
    }
    out
}

/// The chart as a picture of its own, with all that can be seen of it.
fn figure(named: &Named, state: &State) -> ChartFigure {
    let chart = &named.chart;
    let scale = chart.scale(COLUMNS, 1);
    let (from, to) = chart.visible();
    let steps = &chart.steps[from..to];
    let each = steps.len().div_ceil(POINTS).max(1);
    let at = |i: usize| f64::from(steps[i * each]);
    let ink = |style: Style| style.fg.and_then(rgb).unwrap_or([34, 34, 34]);
    let place = |value: f64| scale.place(value);
    let mut figure = ChartFigure {
        title: named.title.clone(),
        span: (f64::from(chart.span.0), f64::from(chart.span.1)),
        range: scale.ends(),
        cursor: chart.cursor.map(f64::from),
        marks: chart
            .marks
            .iter()
            .map(|m| (f64::from(m.step), m.label.to_string()))
            .collect(),
        ..ChartFigure::default()
    };
    let open = state.run.started.as_ref().map_or("", |s| s.run.as_str());
    let (run, smoothing) = (named.whose.as_deref().unwrap_or(open), chart.smoothing);
    let what = if each > 1 { "range and mean" } else { smoothing.name() };
    figure.note = format!("{run} · {what}");
    let values = scale.ticks(8);
    figure.ticks = values.iter().map(|v| place(*v)).zip(scale.labels(&values)).collect();
    let across = ticks(figure.span.0, figure.span.1, 8);
    figure.steps = across
        .into_iter()
        .filter(|v| v.fract() == 0.0)
        .map(|v| (v, thousands(v as i64)))
        .collect();
    let buckets = steps.len().div_ceil(each);
    let summary = |column: &super::history::Column, i: usize| {
        let first = from + i * each;
        column.summary(first, (first + each).min(to))
    };
    let mean = |s: super::history::Summary| if s.count > 0 { f64::from(s.mean) } else { f64::NAN };
    for band in &chart.bands {
        let edge = |i| {
            (
                at(i),
                place(mean(summary(band.low, i))),
                place(mean(summary(band.high, i))),
            )
        };
        figure.bands.push(ChartBand {
            ink: ink(band.style),
            edges: (0..buckets).map(edge).collect(),
        });
    }
    for (curve, name) in chart.curves.iter().zip(&named.names) {
        let mut line = ChartLine {
            name: name.clone(),
            ink: ink(curve.style),
            dashed: curve.dash != Dash::Solid,
            ..ChartLine::default()
        };
        if each == 1 {
            let drawn = smooth::averages(curve.column.points(), from, to, curve.smoothed(smoothing));
            let points = drawn.iter().enumerate();
            line.points = points.map(|(i, v)| (at(i), place(*v))).collect();
            if curve.smoothed(smoothing).is_on() {
                line.ghost = (0..buckets)
                    .map(|i| (at(i), place(mean(summary(curve.column, i)))))
                    .collect();
            }
        } else {
            // What a spike is worth is in the shade from the smallest to the largest.
            let range = |i| {
                let s = summary(curve.column, i);
                match s.count {
                    0 => (at(i), f64::NAN, f64::NAN),
                    _ => (at(i), place(f64::from(s.min)), place(f64::from(s.max))),
                }
            };
            figure.bands.push(ChartBand {
                ink: line.ink,
                edges: (0..buckets).map(range).collect(),
            });
            let mut average = Average::default();
            for i in 0..buckets {
                let s = summary(curve.column, i);
                let weight = 1.0 - (1.0 - curve.smoothed(smoothing).weight()).powf(f64::from(s.count));
                line.points.push((at(i), place(average.push(mean(s), weight))));
            }
        }
        figure.lines.push(line);
    }
    figure
}
