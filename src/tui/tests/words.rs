//! What the words around the screens say to somebody who reads them for the first time.

use ratatui::crossterm::event::{
    Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::fixtures::*;
use crate::train::*;
use crate::tui::action::{Action, Effect, Screen};
use crate::tui::input::input;
use crate::tui::popup::Popup;
use crate::tui::screens::runs::{Answer as FromDesk, Listing};
use crate::tui::state::State;
use crate::tui::update::update;

fn press_all(state: &mut State, keys: &str) -> Vec<Effect> {
    let code = |c| match c {
        '\n' => KeyCode::Enter,
        '\u{1b}' => KeyCode::Esc,
        c => KeyCode::Char(c),
    };
    let press = |c| input(state, Input::Key(KeyEvent::new(code(c), KeyModifiers::NONE))).unwrap_or_default();
    keys.chars().flat_map(press).collect()
}

fn row(state: &mut State, width: u16, height: u16, at: usize) -> String {
    picture(state, width, height)
        .lines()
        .nth(at)
        .unwrap_or_default()
        .to_string()
}

fn footer(state: &mut State, width: u16) -> String {
    row(state, width, 24, 23)
}

fn before(text: &str, first: &str, second: &str) -> bool {
    match (text.find(first), text.find(second)) {
        (Some(a), Some(b)) => a < b,
        _ => false,
    }
}

/// A number beside a name is the number of the step; the chart's line is the average.
#[test]
fn titles_say_what_the_step_measured() {
    let mut state = running(1);
    let mut told = step(1);
    (told.reward_original, told.reward_guided) = (5.5, 7.75);
    tell(&mut state, Event::Step(told));
    let title = row(&mut state, 80, 24, 3);
    assert!(
        title.contains("5.50") && title.contains("7.75") && title.contains("gap 2.25"),
        "{title}"
    );
}

/// The total loss is the last of the losses to go, and every panel with curves has a number in its title.
#[test]
fn the_total_loss_has_its_number_in_80_columns() {
    let mut state = running(24);
    let mut told = step(24);
    told.loss = -0.4375;
    tell(&mut state, Event::Step(told));
    let titles = picture(&mut state, 80, 24);
    let titles = titles.lines().find(|l| l.contains("─ Loss")).expect("the panel");
    assert!(titles.contains("L -0.44"), "{titles}");
}

#[test]
fn the_names_of_the_screens_stay_in_80_columns() {
    let names = ["Dash", "Resp", "Princ", "Cases", "Effect", "Runs"];
    let mut state = running(24);
    let all = |state: &mut State| {
        let head = row(state, 80, 24, 0);
        assert!(names.iter().all(|name| head.contains(name)), "{head}");
        assert!(head.contains("/40"), "{head}");
    };
    all(&mut state);
    state.run.paused = true;
    all(&mut state);
    state.run.live = false;
    all(&mut state);
    state.run.failed = Some("no".into());
    all(&mut state);
    // Where there is less room still, the run keeps a name and a method.
    let run = row(&mut running(24), 60, 16, 1);
    assert!(
        run.starts_with(" hh-2026-05-1") && run.contains("PLE") && run.ends_with('…'),
        "{run}"
    );
}

#[test]
fn the_footer_begins_with_what_is_needed_now() {
    let mut state = running(24);
    let now = footer(&mut state, 80);
    assert!(before(&now, "Space pause", "z zoom"), "{now}");
    for kept in ["? help", ": commands", "q quit"] {
        assert!(now.contains(kept), "{now}");
    }
    state.run.paused = true;
    press_all(&mut state, "2");
    let now = footer(&mut state, 80);
    assert!(now.trim_start().starts_with("Space go on"), "{now}");
    for own in ["i ask", "T tokens", "x prompt"] {
        assert!(now.contains(own), "{now}");
    }
    press_all(&mut state, "P");
    let now = footer(&mut state, 80);
    assert!(
        now.trim_start().starts_with("P hold") && now.contains("< slower"),
        "{now}"
    );
    press_all(&mut state, "P");
    let now = footer(&mut state, 80);
    assert!(before(&now, "$ newest step", "i ask"), "{now}");
}

/// The help is whole in 80 columns, and says what the words of the screen mean.
#[test]
fn the_help_explains_the_words_of_its_screen() {
    let mut state = running(24);
    press_all(&mut state, "?w");
    let seen = picture(&mut state, 80, 24);
    for word in ["What the words mean", "truth", "no fixed range", "the reward of that"] {
        assert!(seen.contains(word), "{word}:\n{seen}");
    }
    insta::assert_snapshot!("help_words_80x24", seen);
    assert!(matches!(state.popup, Some(Popup::Help { scroll }) if scroll > 0));
}

#[test]
fn a_click_on_a_chart_says_what_it_did() {
    let mut state = running(24);
    state.size = (80, 24);
    let click = MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: 20,
        row: 8,
        modifiers: KeyModifiers::NONE,
    };
    input(&mut state, Input::Mouse(click));
    let step = state.run.at().expect("a step of the past");
    let said = state.notice.as_ref().map(|n| n.text.clone()).unwrap_or_default();
    assert_eq!(
        said,
        format!("every screen shows step {step} now; $ goes back to the newest")
    );
}

/// What a trainer does not take is a draft again, and is not said to be on its way.
#[test]
fn principles_that_were_refused_are_a_draft_again() {
    let mut state = running(24);
    let principles = crate::tui::screens::fixtures::principles();
    tell(
        &mut state,
        Event::Principles(PrinciplesVersion {
            version: 1,
            from_step: 0,
            principles,
        }),
    );
    state.screen = Screen::Principles;
    press_all(&mut state, "x");
    assert!(matches!(
        press_all(&mut state, "p")[..],
        [Effect::Send(Command::SetPrinciples(_))]
    ));
    assert!(picture(&mut state, 80, 24).contains("Sent:"));
    tell(
        &mut state,
        Event::Alarm(Alarm {
            step: 24,
            message: "data.max_query_tokens = 256, 2431 tokens of template and principles leave no room".into(),
            suggestion: "the principles before them stay in force".into(),
            paused: false,
        }),
    );
    let seen = picture(&mut state, 80, 24);
    assert!(!seen.contains("Sent:") && seen.contains("Draft differs"), "{seen}");
    assert!(seen.contains("leave no room"), "the alarm is whole:\n{seen}");
}

/// A line that could not be forked by stands there again, with the whole reason.
#[test]
fn a_fork_that_was_refused_can_be_mended() {
    let mut state = running(24);
    state.screen = Screen::Runs;
    let mut run = crate::tui::screens::runs::tests::run("old", "finished", 40);
    run.checkpoints = vec![20, 40];
    let listing = Listing {
        folder: "runs".into(),
        runs: vec![run],
        error: None,
        now: 1_000_000,
    };
    let answer = |state: &mut State, answer| update(state, Action::Desk(Box::new(answer)));
    answer(&mut state, FromDesk::List(listing));
    press_all(&mut state, "f");
    // There is nothing left to train of a finished run: more steps are offered.
    assert!(picture(&mut state, 80, 24).contains("step=40 steps=80"));
    let asked = press_all(&mut state, "tau=x\n");
    assert!(matches!(asked[..], [Effect::ForkRun(_)]), "{asked:?}");
    let why =
        "method.tau0 = x: a number is wanted here, and this reason is so long that the title of a list would cut it";
    answer(&mut state, FromDesk::Said(Err(why.into())));
    let seen = picture(&mut state, 80, 24);
    assert!(
        seen.contains("step=40 steps=80 tau=x") && seen.contains("would cut it"),
        "{seen}"
    );
    assert!(seen.contains("Enter fork · Esc leave"), "{seen}");
    insta::assert_snapshot!("fork_refused_80x24", seen);
}

#[test]
fn a_run_that_is_trained_out_of_sight_stays_in_sight() {
    let mut state = running(24);
    state.run.live = false;
    state.home = Some(("imdb-2026-11-21-calm-tern".into(), "▶ 7/60".into()));
    let head = row(&mut state, 80, 24, 1);
    assert!(head.ends_with("trains ▶ 7/60") && head.contains("imdb-2026"), "{head}");
}

/// The state of a run has one word.
#[test]
fn an_abandoned_run_is_called_as_in_the_list() {
    let mut state = running(24);
    tell(
        &mut state,
        Event::Done(Done {
            run: "hh".into(),
            path: "runs/hh".into(),
            steps: 24,
            reason: "abandoned".into(),
            seconds: 9.0,
        }),
    );
    let head = row(&mut state, 80, 24, 0);
    assert!(head.contains("■ stopped 24/40"), "{head}");
}
