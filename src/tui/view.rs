//! What stands around every screen: tabs, the run and its variant, progress, alarms, the footer.

use ratatui::{
    Frame,
    crossterm::event::{MouseButton, MouseEvent, MouseEventKind},
    layout::{Alignment, Rect},
    style::Style,
    text::{Line, Span},
    widgets::Paragraph,
};
use unicode_width::UnicodeWidthStr;

use super::action::Screen;
use super::present::present;
use super::screens::{cases, dashboard, effect, fit, principles, responses, runs};
use super::state::State;
use super::status::{self, AlarmText, Badge, Status};
use super::theme::Theme;
use super::time;
use super::widgets::wrap::{clip, wrap_text};
use super::{bindings, popup_view};
use crate::config::{FitExperiment, FitName, Plan};

const TITLE: &str = " ple ";

/// Columns that the name of a run keeps.
const LEAST_NAME: usize = 14;

/// Below this nothing useful can be drawn.
pub const SMALLEST: (u16, u16) = (60, 16);

/// Draws everything, in what the terminal can show.
pub fn view(state: &State, frame: &mut Frame) {
    draw(state, frame);
    present(frame.buffer_mut(), &state.theme);
}

fn draw(state: &State, frame: &mut Frame) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return too_small(frame, area);
    }
    draw_tabs(state, frame, row(area, 0));
    draw_run(state, frame, row(area, 1));
    if header_rows(area, state) > 2 {
        draw_progress(state, frame, row(area, 2));
    }
    let body = body(area, state);
    draw_alarm(
        state,
        frame,
        Rect {
            y: body.bottom(),
            height: area.bottom() - 1 - body.bottom(),
            ..area
        },
    );
    draw_footer(state, frame, row(area, area.height - 1));
    draw_screen(state, frame, body);
    if let Some(popup) = &state.popup {
        popup_view::view(popup, state, frame);
    }
}

/// Where the present screen is drawn.
pub fn body(area: Rect, state: &State) -> Rect {
    let head = header_rows(area, state);
    let alarm = match (status::alarm(state), area.height) {
        (None, _) => 0,
        (Some(_), 0..=19) => 1,
        (Some(alarm), _) => alarm_lines(&alarm, state, area.width).len() as u16,
    };
    let height = area.height.saturating_sub(head + 1 + alarm);
    Rect {
        y: area.y + head.min(area.height),
        height,
        ..area
    }
}

/// The tab under a column of the first row.
pub fn tab_at(state: &State, column: u16) -> Option<Screen> {
    let mut at = TITLE.len() as u16;
    for (screen, label) in head(state).0 {
        let wide = label.chars().count() as u16;
        if (at..at + wide).contains(&column) {
            return Some(screen);
        }
        at += wide;
    }
    None
}

/// The labels of the tabs, and how the run is, in the longest forms that fit: the state says less before a screen loses
/// its name. At last only the present one has its own.
fn head(state: &State) -> (Vec<(Screen, String)>, Status) {
    let status = status::status(state);
    let brief = Status {
        text: status.brief.clone(),
        ..status.clone()
    };
    let number = |screen: Screen| match screen == state.screen {
        true => screen.short_title(),
        false => "",
    };
    let tiny = |screen: Screen| match screen == state.screen {
        true => screen.short_title(),
        false => screen.tiny_title(),
    };
    type Form<'a> = (&'a dyn Fn(Screen) -> &'static str, &'a Status);
    let forms: [Form; 6] = [
        (&Screen::title, &status),
        (&Screen::short_title, &status),
        (&tiny, &status),
        (&Screen::tiny_title, &status),
        (&Screen::tiny_title, &brief),
        (&number, &status),
    ];
    let labels = |form: &dyn Fn(Screen) -> &'static str| -> Vec<(Screen, String)> {
        let screens = Screen::of(&state.run).iter().copied().enumerate();
        let label = |(i, screen)| match form(screen) {
            "" => (screen, format!(" {} ", i + 1)),
            name => (screen, format!(" {} {name} ", i + 1)),
        };
        screens.map(label).collect()
    };
    let wide = |tabs: &[(Screen, String)], status: &Status| -> usize {
        let names: usize = tabs.iter().map(|(_, label)| label.width()).sum();
        TITLE.len() + names + format!("{} {} ", status.sign, status.text).width() + 1
    };
    let fits = |(form, status): &&Form| wide(&labels(form), status) <= usize::from(state.size.0);
    let (form, status) = forms.iter().find(fits).unwrap_or(&forms[forms.len() - 1]);
    (labels(form), (*status).clone())
}

fn draw_screen(state: &State, frame: &mut Frame, area: Rect) {
    let (run, theme) = (&state.run, &state.theme);
    match state.screen {
        Screen::Dashboard => dashboard::view(&state.dashboard, run, theme, frame, area),
        Screen::Responses => responses::view(&state.responses, run, theme, frame, area),
        Screen::Principles => principles::view(&state.principles, run, theme, frame, area),
        Screen::Cases => cases::view(&state.cases, run, theme, frame, area),
        Screen::Effect => effect::view(&state.effect, run, theme, frame, area),
        Screen::Runs => runs::view(&state.runs, run, theme, frame, area),
        Screen::Training => fit::training(&state.fit.board, run, theme, frame, area),
        Screen::Rows => fit::rows(&state.fit, run, theme, frame, area),
    }
}

/// The line of the way gone is left out where there are few rows, but not while it says that one looks at the past.
fn header_rows(area: Rect, state: &State) -> u16 {
    if area.height >= 20 || state.run.past.is_some() {
        3
    } else {
        2
    }
}

/// The step under the mouse, where it was clicked or pulled on the line of the way gone.
pub fn step_at(state: &State, event: MouseEvent) -> Option<u32> {
    let pressed = matches!(
        event.kind,
        MouseEventKind::Down(MouseButton::Left) | MouseEventKind::Drag(MouseButton::Left)
    );
    let area = Rect::new(0, 0, state.size.0, state.size.1);
    if !pressed || event.row != 2 || header_rows(area, state) < 3 || state.run.steps().is_empty() {
        return None;
    }
    Some((u64::from(event.column) * u64::from(timeline_end(state)) / u64::from(area.width.max(2) - 1)) as u32)
}

/// The last step of the line of the way gone.
fn timeline_end(state: &State) -> u32 {
    let newest = state.run.steps().last().copied().unwrap_or(0);
    let planned = if state.run.ended() {
        0
    } else {
        state.run.steps_planned()
    };
    planned.saturating_sub(1).max(newest).max(1)
}

/// The same line while one looks at the past: where one is, in a place and in words.
fn draw_timeline(step: u32, state: &State, frame: &mut Frame, area: Rect) {
    let theme = &state.theme;
    let end = u64::from(timeline_end(state));
    let newest = state.run.steps().last().copied().unwrap_or(0);
    let column = |step: u32| (u64::from(step) * u64::from(area.width.max(2) - 1) / end) as u16;
    let (here, gone) = (column(step).min(area.width - 1), column(newest));
    let rule = |x: u16| match x {
        x if x < here => Span::styled("━", theme.mark),
        x if x == here => Span::styled("◆", theme.mark),
        x if x <= gone => Span::styled("━", theme.border),
        _ => Span::styled("─", theme.border),
    };
    frame.render_widget(Paragraph::new(Line::from_iter((0..area.width).map(rule))), area);
    let text = format!(" {} ", time::words(state).unwrap_or_default());
    let wide = text.width() as u16;
    // On the side of the cursor that has more room.
    let x = match here >= area.width / 2 {
        true => here.saturating_sub(wide + 1),
        false => (here + 2).min(area.width.saturating_sub(wide)),
    };
    let at = Rect {
        x: area.x + x,
        width: wide.min(area.width - x),
        ..area
    };
    frame.render_widget(Paragraph::new(Span::styled(text, theme.mark)), at);
}

fn row(area: Rect, at: u16) -> Rect {
    Rect {
        y: area.y + at,
        height: 1,
        ..area
    }
}

fn too_small(frame: &mut Frame, area: Rect) {
    if area.is_empty() {
        return;
    }
    let text = format!(
        "ple needs at least {}x{}, this is {}x{}",
        SMALLEST.0, SMALLEST.1, area.width, area.height
    );
    let words = Paragraph::new(text)
        .alignment(Alignment::Center)
        .wrap(ratatui::widgets::Wrap { trim: true });
    let lines = 36u16.div_ceil(area.width).min(area.height);
    let middle = Rect {
        y: area.y + (area.height - lines) / 2,
        height: lines.max(1),
        ..area
    };
    frame.render_widget(words, middle);
}

fn draw_tabs(state: &State, frame: &mut Frame, area: Rect) {
    let theme = &state.theme;
    let mut spans = vec![Span::styled(TITLE, theme.title)];
    let (tabs, Status { sign, text, style, .. }) = head(state);
    for (screen, label) in tabs {
        let style = if screen == state.screen {
            theme.title.patch(theme.selected)
        } else {
            Style::new()
        };
        spans.push(Span::styled(label, style));
    }
    let left = Line::from(spans);
    let right = Line::styled(format!("{sign} {text} "), style).right_aligned();
    let used = left.width();
    frame.render_widget(Paragraph::new(left), area);
    frame.render_widget(Paragraph::new(right), area_right(area, used));
}

fn area_right(area: Rect, used: usize) -> Rect {
    let used = (used as u16).min(area.width);
    Rect {
        x: area.x + used,
        width: area.width - used,
        ..area
    }
}

/// The run, and what is trained.
fn draw_fit(run: &str, e: &FitExperiment, theme: &Theme, frame: &mut Frame, area: Rect) {
    let what = match e.method.name {
        FitName::Classifier => "reward model: a classifier",
        FitName::BradleyTerry => "reward model: Bradley-Terry on pairs",
        FitName::LanguageModel => "a language model",
    };
    let what = format!(" · {what} on {} · ", e.task);
    let room = usize::from(area.width).saturating_sub(what.width() + 2);
    let run = clip(run, room.min(40));
    let title = clip(
        &e.title,
        usize::from(area.width).saturating_sub(what.width() + run.width() + 2),
    );
    let spans = vec![
        Span::styled(format!(" {run}"), theme.title),
        Span::styled(what, theme.dim),
        Span::raw(title),
    ];
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

/// The run, what it does, and the variant of the method that is on.
fn draw_run(state: &State, frame: &mut Frame, area: Rect) {
    let theme = &state.theme;
    let Some(started) = &state.run.started else { return };
    let e = match &started.experiment {
        Plan::Align(e) => e,
        Plan::Fit(e) => return draw_fit(&started.run, e, theme, frame, area),
    };
    let variant = status::variant(&e.method);
    let task = format!("{:?}", e.task).to_uppercase();
    let method = e.method.name.title();
    let whats = [format!(" · {method} on {task}"), format!(" · {method}"), String::new()];
    let wide = |badges: &[Badge]| -> usize {
        let texts: usize = badges.iter().map(|b| b.text.width() + 3).sum();
        variant.label.width() + texts
    };
    // What tells runs apart is their name, and what changes what one sees is how the method differs: that is said last
    // only of what it is on, and of what it leaves as it is.
    let differing: Vec<Badge> = variant.badges.iter().filter(|b| b.differs).cloned().collect();
    let less = if variant.as_printed {
        &variant.badges
    } else {
        &differing
    };
    let name = started.run.width().min(LEAST_NAME);
    let width = usize::from(area.width).saturating_sub(3);
    let forms = [
        (&whats[0], &variant.badges),
        (&whats[1], &variant.badges),
        (&whats[1], less),
        (&whats[2], less),
    ];
    let full = started.run.width();
    let with = |least: usize| {
        let fits = |(what, badges): &&(&String, &Vec<Badge>)| least + what.width() + wide(badges) <= width;
        forms.iter().find(fits)
    };
    let (what, badges) = *with(full)
        .filter(|form| std::ptr::eq(form.0, &whats[0]))
        .or(with(name))
        .unwrap_or(&forms[2]);
    let room = width.saturating_sub(what.width() + wide(badges)).max(name);
    let run = clip(&started.run, room);
    let mut spans = vec![
        Span::styled(format!(" {run}"), theme.title),
        Span::styled(format!("{what} · "), theme.dim),
    ];
    if !badges.is_empty() {
        spans.push(Span::styled(
            variant.label,
            if variant.as_printed { theme.dim } else { theme.tau },
        ));
    }
    let mut used: usize = spans.iter().map(Span::width).sum();
    for (i, badge) in badges.iter().enumerate() {
        let last = i + 1 == badges.len();
        if used + badge.text.width() + if last { 0 } else { 4 } > usize::from(area.width) {
            spans.push(Span::styled("…", theme.dim));
            break;
        }
        spans.push(Span::styled(
            badge.text.clone(),
            if badge.differs { theme.tau } else { theme.dim },
        ));
        if !last {
            spans.push(Span::styled(" · ", theme.dim));
        }
        used += badge.text.width() + 3;
    }
    let left = Line::from(spans);
    let steering = super::steering::words(state);
    let mut right = Line::styled(format!("{} ", started.device), theme.dim).right_aligned();
    if let Some(words) = steering {
        // Who steers matters more than where it is computed.
        right = Line::styled(format!("{words} "), theme.mark).right_aligned();
    }
    if let Some((name, status)) = &state.home {
        // That a run is trained out of sight matters more than anything of the one that is looked at.
        let room = usize::from(area.width / 2).saturating_sub(status.width() + 12);
        let words = format!("{} trains {status} ", clip(name, room));
        right = Line::styled(words, theme.good).right_aligned();
        let least = area.width.saturating_sub(right.width() as u16 + 1);
        let mut first = area;
        first.width = (left.width() as u16).min(least);
        frame.render_widget(Paragraph::new(left), first);
        frame.render_widget(Paragraph::new(right), area_right(area, usize::from(first.width)));
        return;
    }
    let used = left.width();
    frame.render_widget(Paragraph::new(left), area);
    if used + right.width() < usize::from(area.width) {
        frame.render_widget(Paragraph::new(right), area_right(area, used));
    }
}

/// A rule as long as the way gone.
fn draw_progress(state: &State, frame: &mut Frame, area: Rect) {
    if let Some(step) = state.run.at() {
        return draw_timeline(step, state, frame, area);
    }
    let done = (status::progress(&state.run) * f64::from(area.width)).round() as usize;
    let rest = usize::from(area.width) - done.min(usize::from(area.width));
    let line = Line::from(vec![
        Span::styled("━".repeat(done), state.theme.good),
        Span::styled("─".repeat(rest), state.theme.border),
    ]);
    frame.render_widget(Paragraph::new(line), area);
}

fn dismiss(alarm: &AlarmText, theme: &Theme) -> String {
    match alarm.lasting {
        true => String::new(),
        false => format!("[{}] dismiss ", theme.legend.key("dismiss-alarm")),
    }
}

/// An alarm and what would help: whole where that takes at most three rows, and two.
fn alarm_lines(alarm: &AlarmText, state: &State, width: u16) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let wide = usize::from(width);
    let room = wide.saturating_sub(dismiss(alarm, theme).width() + 6);
    let rows = |text: &str, room: usize, most: usize| {
        let mut rows = wrap_text(text, Style::new(), room);
        if rows.len() > most {
            let kept: usize = rows[..most - 1].iter().map(|row| row.width() + 1).sum();
            let rest: String = text.chars().skip(kept).collect();
            rows.truncate(most - 1);
            rows.push(Line::raw(clip(&rest, room)));
        }
        rows
    };
    let sign = Span::styled(format!(" {} ", alarm.sign), theme.bad.patch(theme.selected));
    let mut lines: Vec<Line> = Vec::new();
    for (i, row) in rows(&alarm.message, room, 3).into_iter().enumerate() {
        let mut spans = vec![if i == 0 { sign.clone() } else { Span::raw("   ") }, Span::raw(" ")];
        spans.extend(
            row.patch_style(theme.bad)
                .spans
                .into_iter()
                .map(|span| span.patch_style(theme.bad)),
        );
        lines.push(Line::from(spans));
    }
    for (i, row) in rows(&alarm.suggestion, wide.saturating_sub(7), 2)
        .into_iter()
        .enumerate()
    {
        let mut spans = vec![Span::raw(if i == 0 { "    → " } else { "      " })];
        spans.extend(row.spans);
        lines.push(Line::from(spans));
    }
    lines
}

fn draw_alarm(state: &State, frame: &mut Frame, area: Rect) {
    let Some(alarm) = status::alarm(state).filter(|_| area.height > 0) else {
        return;
    };
    let theme = &state.theme;
    // How to take it away is said first, however long the rest.
    let dismiss = dismiss(&alarm, theme);
    let wide = usize::from(area.width);
    let lines = match area.height {
        1 => {
            let room = wide.saturating_sub(dismiss.width() + 6);
            vec![Line::from(vec![
                Span::styled(format!(" {} ", alarm.sign), theme.bad.patch(theme.selected)),
                Span::styled(format!(" {}", clip(&alarm.message, room)), theme.bad),
            ])]
        }
        _ => alarm_lines(&alarm, state, area.width),
    };
    frame.render_widget(Paragraph::new(lines), area);
    frame.render_widget(
        Paragraph::new(Line::styled(dismiss, theme.dim).right_aligned()),
        row(area, 0),
    );
}

fn draw_footer(state: &State, frame: &mut Frame, area: Rect) {
    let theme = &state.theme;
    let mut spans = vec![Span::raw(" ")];
    if let Some(notice) = &state.notice {
        let style = if notice.refused { theme.bad } else { theme.title };
        let sign = if notice.refused { "✗" } else { "›" };
        spans.push(Span::styled(format!("{sign} {}   ", notice.text), style));
    }
    // Beside something to say there is room for some keys or for none.
    let used: usize = spans.iter().map(Span::width).sum();
    let room = usize::from(area.width).saturating_sub(used);
    let moment = bindings::Moment {
        playing: state.film.playing,
        comparing: state.runs.comparison.is_some(),
    };
    let keys = bindings::footer(&state.table, state.screen, &state.run, moment, room);
    let wide: usize = keys.iter().map(|(key, word)| key.width() + word.width() + 3).sum();
    for (key, word) in keys.into_iter().filter(|_| wide <= room) {
        spans.push(Span::styled(key, theme.key));
        spans.push(Span::styled(format!(" {word}  "), theme.dim));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}
