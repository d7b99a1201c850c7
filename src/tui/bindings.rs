//! The key table of the whole workbench: dispatch, help and footer are all made from it.
//!
//! A screen's own rows must not use a key that acts everywhere (a test says so). Taken everywhere:
//! `1`-`6`, Tab, Shift-Tab, `?`, `:`, `#`, `@`, `q`, Ctrl-c, Ctrl-z, Space, `n`, `t`, `d`, `r`, `c`, `m`, `!`, `S`, Ctrl-l, and for
//! the cursor over the steps `{` `}` `(` `)` `^` `$` `P` `<` `>`.

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use unicode_width::UnicodeWidthStr;

use super::action::{Action, Number, Screen};
pub use super::keymap::Binding;
use super::keymap::{Key, ch, ctrl, key};
use super::run_view::RunView;
use super::screens::{cases, dashboard, effect, fit, principles, responses, runs};
use super::time;
use crate::config::MethodName;

/// Every row: what acts everywhere first, then the screens in their order.
pub fn table() -> Vec<Binding> {
    let mut rows = everywhere();
    rows.extend(dashboard::bindings());
    rows.extend(responses::bindings());
    rows.extend(principles::bindings());
    rows.extend(cases::bindings());
    rows.extend(effect::bindings());
    rows.extend(fit::training_bindings());
    rows.extend(fit::bindings());
    rows.extend(runs::bindings());
    rows
}

/// The action of a key on a screen.
pub fn find(table: &[Binding], screen: Screen, event: &KeyEvent) -> Option<Action> {
    row_of(table, screen, event).map(|row| row.action.clone())
}

/// The row of a key on a screen.
pub fn row_of<'a>(table: &'a [Binding], screen: Screen, event: &KeyEvent) -> Option<&'a Binding> {
    table
        .iter()
        .filter(|row| row.screen.is_none_or(|s| s == screen))
        .find(|row| row.keys.iter().any(|k| k.matches(event)))
}

/// A screen's name in names of rows and in commands: "dashboard".
pub fn slug(screen: Screen) -> &'static str {
    match screen {
        Screen::Dashboard => "dashboard",
        Screen::Responses => "responses",
        Screen::Principles => "principles",
        Screen::Cases => "cases",
        Screen::Effect => "effect",
        Screen::Training => "training",
        Screen::Rows => "rows",
        Screen::Runs => "runs",
    }
}

/// What goes on, as far as it changes which keys are needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The film plays.
    pub playing: bool,
    /// Runs are compared, instead of listed.
    pub comparing: bool,
}

/// Keys and words of a screen's footer, as many as fit, by what is needed now: going on while training waits, the film's
/// keys while it plays, the way back while one looks at the past, then the screen's own keys and those that act
/// everywhere, the rare ones last. Help and quit always stay, and next to them the palette is the last to go; commands go
/// when no trainer would hear them.
pub fn footer(
    table: &[Binding],
    screen: Screen,
    run: &RunView,
    moment: Moment,
    width: usize,
) -> Vec<(String, &'static str)> {
    let heard = run.live && !run.ended();
    let has_tau = run.method() == MethodName::Ple && run.fit_experiment().is_none();
    let rows = table
        .iter()
        .filter(|row| row.screen.is_none_or(|s| s == screen))
        .filter(|row| heard || !row.action.is_command())
        .filter(|row| has_tau || row.action != Action::Ask(Number::Tau));
    let mut items: Vec<(u8, &Binding, String, &'static str)> = rows
        .filter_map(|row| {
            let word = word(row, run, moment)?;
            Some((place(row, moment), row, row.keys.first()?.label(), word))
        })
        .collect();
    items.sort_by_key(|(place, ..)| *place);
    let wide = |items: &[(u8, &Binding, String, &str)]| -> usize {
        items.iter().map(|(.., key, word)| key.width() + word.width() + 3).sum()
    };
    while wide(&items) > width {
        let stays = |row: &Binding| matches!(row.action, Action::ToggleHelp | Action::Quit);
        let late = |row: &Binding| stays(row) || row.action == Action::OpenPalette;
        let last = items.iter().rposition(|(_, row, ..)| !late(row));
        let Some(last) = last.or_else(|| items.iter().rposition(|(_, row, ..)| !stays(row))) else {
            break;
        };
        items.remove(last);
    }
    items.into_iter().map(|(.., key, word)| (key, word)).collect()
}

/// What the footer calls a row; `None`: it is not for the footer now.
fn word(row: &Binding, run: &RunView, moment: Moment) -> Option<&'static str> {
    let comparing = moment.comparing && row.screen == Some(Screen::Runs);
    match (&row.action, row.name) {
        (Action::PauseOrContinue, _) if run.paused => Some("go on"),
        (Action::Time(time::Action::Play), _) if moment.playing => Some("hold"),
        (Action::Time(time::Action::Slower), _) if moment.playing => Some("slower"),
        (Action::Time(time::Action::Faster), _) if moment.playing => Some("faster"),
        (Action::Time(time::Action::Live), _) if run.past.is_some() => Some("newest step"),
        (_, "runs-mark") if comparing => Some("view"),
        (_, "runs-compare") if comparing => Some("list"),
        (_, "runs-down") if comparing => Some("next"),
        (_, "runs-earlier") if comparing => Some("back"),
        (_, "runs-later") if comparing => Some("on"),
        (_, "runs-side") if comparing => Some("side"),
        (_, "runs-log") if comparing => Some("log"),
        _ if comparing => None,
        _ => row.footer,
    }
}

/// Where a row stands in the footer: the smaller the earlier, and the later to go.
fn place(row: &Binding, moment: Moment) -> u8 {
    match (&row.action, row.name) {
        (Action::Time(time::Action::Play | time::Action::Slower | time::Action::Faster), _) if moment.playing => 0,
        (Action::PauseOrContinue, _) => 1,
        (Action::Time(time::Action::Live), _) => 2,
        (_, "responses-ask" | "principles-toggle" | "principles-edit" | "principles-apply" | "runs-open") => 3,
        (_, "responses-tokens" | "responses-sent" | "responses-search" | "runs-fork" | "runs-compare") => 4,
        (_, "responses-down" | "responses-order" | "responses-jump") => 6,
        (_, name) if name.ends_with("-smooth") || name.ends_with("-cursor-back") => 8,
        (Action::StepOnce | Action::Ask(_), _) => 7,
        (Action::OpenPalette | Action::ToggleHelp | Action::Quit, _) => 10,
        _ if row.screen.is_some() => 5,
        _ => 9,
    }
}

fn row(
    name: &'static str,
    keys: &'static [Key],
    action: Action,
    help: &'static str,
    footer: Option<&'static str>,
) -> Binding {
    Binding {
        name,
        screen: None,
        keys,
        action,
        help,
        footer,
    }
}

fn everywhere() -> Vec<Binding> {
    const HELP: &[Key] = &[ch('?')];
    const QUIT: &[Key] = &[ch('q'), ctrl('c')];
    const NEXT: &[Key] = &[key(KeyCode::Tab)];
    const PREVIOUS: &[Key] = &[key(KeyCode::BackTab)];
    vec![
        row("help", HELP, Action::ToggleHelp, "this help", Some("help")),
        row(
            "palette",
            const { &[ch(':')] },
            Action::OpenPalette,
            "commands by name, with completion and history",
            Some("commands"),
        ),
        row(
            "quit",
            QUIT,
            Action::Quit,
            "quit; asks first when steps would be lost",
            Some("quit"),
        ),
        row(
            "pause",
            const { &[ch(' ')] },
            Action::PauseOrContinue,
            "pause training after this step, or go on",
            Some("pause"),
        ),
        row(
            "step",
            const { &[ch('n')] },
            Action::StepOnce,
            "run one step, then pause",
            Some("step"),
        ),
        row(
            "set-tau",
            const { &[ch('t')] },
            Action::Ask(Number::Tau),
            "set tau, the threshold between ranking and weighting",
            Some("tau"),
        ),
        row(
            "set-decay",
            const { &[ch('d')] },
            Action::Ask(Number::Decay),
            "set the decay of tau (the paper's alpha)",
            None,
        ),
        row(
            "set-learning-rate",
            const { &[ch('r')] },
            Action::Ask(Number::LearningRate),
            "set the learning rate",
            None,
        ),
        row(
            "checkpoint",
            const { &[ch('c')] },
            Action::Checkpoint,
            "write a checkpoint after this step",
            Some("checkpoint"),
        ),
        row(
            "stop",
            const { &[ch('S')] },
            Action::Stop,
            "stop for good after this step, with a checkpoint",
            None,
        ),
        row(
            "log",
            const { &[ch('#')] },
            Action::ShowLog,
            "everything that was done to the training, by whom",
            None,
        ),
        row(
            "steer-toggle",
            const { &[ch('@')] },
            Action::ToggleSteering,
            "steer a run that another process trains, or give it up",
            None,
        ),
        row(
            "dashboard",
            const { &[ch('1')] },
            Action::Show(Screen::Dashboard),
            "Dashboard: the numbers of the run",
            None,
        ),
        row(
            "responses",
            const { &[ch('2')] },
            Action::Show(Screen::Responses),
            "Responses: what the model says, side by side",
            None,
        ),
        row(
            "principles",
            const { &[ch('3')] },
            Action::Show(Screen::Principles),
            "Principles: read them, change them, use them",
            None,
        ),
        row(
            "cases",
            const { &[ch('4')] },
            Action::Show(Screen::Cases),
            "Case study: the same queries over time",
            None,
        ),
        row(
            "effect",
            const { &[ch('5')] },
            Action::Show(Screen::Effect),
            "Effect: which principles earn their tokens",
            None,
        ),
        row(
            "runs",
            const { &[ch('6')] },
            Action::Show(Screen::Runs),
            "Runs: all there are, compared, forked, labelled",
            None,
        ),
        row("next-screen", NEXT, Action::NextScreen, "next screen", None),
        row(
            "previous-screen",
            PREVIOUS,
            Action::PreviousScreen,
            "previous screen",
            None,
        ),
        row(
            "copy",
            const { &[ch('Y')] },
            Action::Copy,
            "copy the focused chart's numbers, or the words of the screen",
            None,
        ),
        row(
            "write",
            const { &[ch('O')] },
            Action::OpenWrite,
            "write the focused chart or the screen as SVG, PNG or CSV",
            None,
        ),
        row(
            "step-back",
            const { &[ch('{')] },
            Action::Time(time::Action::By(-1)),
            "look at the step before, on every screen",
            Some("back"),
        ),
        row(
            "step-on",
            const { &[ch('}')] },
            Action::Time(time::Action::By(1)),
            "look at the step after",
            None,
        ),
        row(
            "ten-back",
            const { &[ch('(')] },
            Action::Time(time::Action::By(-10)),
            "ten steps back",
            None,
        ),
        row(
            "ten-on",
            const { &[ch(')')] },
            Action::Time(time::Action::By(10)),
            "ten steps on",
            None,
        ),
        row(
            "first-step",
            const { &[ch('^')] },
            Action::Time(time::Action::First),
            "the first step",
            None,
        ),
        row(
            "live",
            const { &[ch('$')] },
            Action::Time(time::Action::Live),
            "back to the newest step, as it comes",
            None,
        ),
        row(
            "play",
            const { &[ch('P')] },
            Action::Time(time::Action::Play),
            "play the run like a film, from the cursor on, or hold it",
            Some("play"),
        ),
        row(
            "film-slower",
            const { &[ch('<')] },
            Action::Time(time::Action::Slower),
            "fewer steps of the film a second",
            None,
        ),
        row(
            "film-faster",
            const { &[ch('>')] },
            Action::Time(time::Action::Faster),
            "more steps of the film a second",
            None,
        ),
        row(
            "mouse",
            const { &[ch('m')] },
            Action::ToggleMouse,
            "mouse on or off (off: the terminal selects text)",
            None,
        ),
        row(
            "dismiss-alarm",
            const { &[ch('!')] },
            Action::DismissAlarm,
            "take the alarm away",
            None,
        ),
        row(
            "suspend",
            const { &[ctrl('z')] },
            Action::Suspend,
            "back to the shell; fg returns",
            None,
        ),
        row(
            "redraw",
            const { &[ctrl('l')] },
            Action::Redraw,
            "draw everything again",
            None,
        ),
        row(
            "tour",
            const { &[key(KeyCode::F(1))] },
            Action::Tour,
            "the tour over the parts of the screen, once more",
            None,
        ),
    ]
}
