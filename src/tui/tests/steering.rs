//! A run that another process trains, watched and steered.

use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};

use super::fixtures::*;
use crate::train::*;
use crate::tui::action::{Action, Effect};
use crate::tui::input::input;
use crate::tui::state::State;
use crate::tui::steering::{Steering, Wish};
use crate::tui::update::update;

fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    let key = |c| match c {
        '\n' => KeyCode::Enter,
        '\x1b' => KeyCode::Esc,
        c => KeyCode::Char(c),
    };
    let event = |c| Input::Key(KeyEvent::new(key(c), KeyModifiers::NONE));
    let mut effects: Vec<Effect> = keys
        .chars()
        .flat_map(|c| input(state, event(c)).unwrap_or_default())
        .collect();
    effects.retain(|e| !matches!(e, Effect::Remember(_)));
    effects
}

fn news(state: &mut State, holder: Option<&str>, ours: bool, trained: bool) {
    let news = Steering {
        holder: holder.map(str::to_string),
        ours,
        trained,
        refused: None,
    };
    update(state, Action::Steering(news));
}

fn refusal(state: &State) -> &str {
    state
        .notice
        .as_ref()
        .filter(|n| n.refused)
        .map_or("", |n| n.text.as_str())
}

#[test]
fn who_watches_commands_only_after_taking_the_steering() {
    let mut state = running(14);
    (state.run.live, state.run.remote) = (false, true);
    news(&mut state, None, false, true);
    assert!(press(&mut state, " ").is_empty());
    assert!(refusal(&state).contains("nobody steers this run: take it with @ (:steer take)"));
    assert_eq!(
        press(&mut state, ":steer take\n"),
        [Effect::Steer(Wish::Take { even_so: false })]
    );
    news(&mut state, Some("ana@box, pid 1"), true, true);
    assert_eq!(press(&mut state, " "), [Effect::Send(Command::Pause)]);
    assert_eq!(press(&mut state, "@"), [Effect::Steer(Wish::Release)]);
    // Leaving ends nothing and asks nothing.
    assert_eq!(press(&mut state, "q"), [Effect::Quit]);
    state.leaving = Default::default();

    news(&mut state, Some("bob@far, pid 2"), false, true);
    assert!(refusal(&state).contains("bob@far, pid 2 steers this run now"));
    assert!(press(&mut state, "c").is_empty());
    assert!(refusal(&state).contains("bob@far, pid 2 steers this run; :steer take! takes it over"));
    assert!(press(&mut state, ":steer release\n").is_empty());
    press(&mut state, "\x1b");
    for (width, height) in [(80, 24), (120, 40)] {
        insta::assert_snapshot!(format!("watching_{width}x{height}"), picture(&mut state, width, height));
    }
    let take = [Effect::Steer(Wish::Take { even_so: true })];
    assert_eq!(press(&mut state, ":steer take!\n"), take);
    // The trainer is gone.
    news(&mut state, None, false, false);
    press(&mut state, "c");
    assert!(refusal(&state).contains("this run is only shown"));
}

#[test]
fn who_trains_and_lost_the_steering_can_still_leave() {
    let mut state = running(14);
    news(&mut state, Some("me"), true, true);
    assert_eq!(press(&mut state, "c"), [Effect::Send(Command::Checkpoint)]);
    news(&mut state, Some("bob@far, pid 2"), false, true);
    assert!(press(&mut state, "c").is_empty());
    assert!(refusal(&state).contains("bob"));
    press(&mut state, "q");
    assert_eq!(press(&mut state, "s"), [Effect::Send(Command::Stop)]);
}

#[test]
fn the_log_is_shown_and_scrolled() {
    let mut state = running(5);
    for i in 0..40i64 {
        let by = Actor {
            via: if i % 3 == 0 { Via::Cli } else { Via::Workbench },
            pid: 4711,
            user: "ana".into(),
            host: "box".into(),
        };
        let mut entry = LogEntry::now(i as u32, &by, "tau");
        entry.at = 1_778_752_987_000 + i * 1000;
        (entry.old, entry.new) = (Some("0.2".into()), Some(format!("0.{i}")));
        if i == 38 {
            (entry.new, entry.refused) = (None, Some("only PLE has tau".into()));
        }
        tell(&mut state, Event::Log(entry));
    }
    state.size = (80, 24);
    press(&mut state, "#");
    insta::assert_snapshot!("log_80x24", picture(&mut state, 80, 24));
    press(&mut state, "g");
    let first = picture(&mut state, 80, 24);
    assert!(first.contains("0.2 -> 0 "), "{first}");
    press(&mut state, "#");
    assert_eq!(state.popup, None);
}
