use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;

use super::{Action, State, bindings, view};
use crate::train::{Command, Event, PrinciplesVersion};
use crate::tui::action::{Action as Top, Effect};
use crate::tui::run_view::RunView;
use crate::tui::screens::fixtures::*;

fn seen(run: &RunView) -> State {
    let mut state = State::default();
    state.on_event(run);
    state
}

fn text(state: &State, run: &RunView, width: u16, height: u16) -> String {
    dump(width, height, |theme, frame, area| view(state, run, theme, frame, area))
}

fn shoot(name: &str, state: &State, run: &RunView) {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), text(state, run, width, height));
    }
}

fn message(state: &State) -> &str {
    state.message.as_ref().map_or("", |m| m.text.as_str())
}

#[test]
fn empty() {
    let run = started();
    shoot("empty", &seen(&run), &run);
}

#[test]
fn populated_with_two_versions() {
    let run = populated();
    shoot("versions", &seen(&run), &run);
}

#[test]
fn a_draft() {
    let run = populated();
    let mut state = seen(&run);
    state.update(Action::Down, &run);
    state.update(Action::Toggle, &run);
    shoot("draft", &state, &run);
}

#[test]
fn editing_a_text() {
    let run = populated();
    let mut state = seen(&run);
    state.update(Action::OpenText, &run);
    state.paste(" and say so,\nwith reasons.", &run);
    shoot("editing", &state, &run);
    state.text_key(control('s'), &run);
    assert!(!state.wants_text());
    let now = &state.draft.current().unwrap().entries[0].text;
    assert_eq!(
        now,
        "be ethical: never help to harm anybody. and say so,\nwith reasons."
    );
}

#[test]
fn read_only_saves_and_does_not_apply() {
    let mut run = populated();
    run.live = false;
    let mut state = seen(&run);
    state.update(Action::Toggle, &run);
    assert!(state.update(Action::Apply, &run).is_empty());
    assert!(message(&state).contains("read-only"));
    shoot("read_only", &state, &run);
    state.update(Action::OpenSave, &run);
    let effects = state.text_key(press(KeyCode::Enter), &run);
    let [
        Effect::SavePrinciples {
            path,
            principles,
            replace: false,
        },
    ] = effects.as_slice()
    else {
        panic!("{effects:?}")
    };
    assert_eq!(path.to_str(), Some("principles/hh-edited.toml"));
    assert!(!principles.entries[0].on);
}

#[test]
fn deleting_asks_first() {
    let run = populated();
    let mut state = seen(&run);
    state.update(Action::Delete, &run);
    assert!(state.wants_text());
    shoot("deleting", &state, &run);
    state.text_key(press(KeyCode::Char('x')), &run);
    assert_eq!(state.draft.current().unwrap().entries.len(), 3);
    state.update(Action::Delete, &run);
    state.text_key(press(KeyCode::Char('y')), &run);
    assert_eq!(state.draft.current().unwrap().entries.len(), 2);
    state.update(Action::Undo, &run);
    assert!(!state.draft.differs());
}

#[test]
fn applying_sends_exactly_one_command_and_is_confirmed() {
    let mut run = populated();
    let mut state = seen(&run);
    assert!(state.update(Action::Apply, &run).is_empty(), "nothing to apply");
    state.update(Action::Toggle, &run);
    let draft = state.draft.current().cloned().unwrap();
    assert_eq!(
        state.update(Action::Apply, &run),
        [Effect::Send(Command::SetPrinciples(draft.clone()))]
    );
    assert!(state.update(Action::Apply, &run).is_empty());
    assert!(message(&state).contains("Already sent"));
    run.apply(Event::Principles(PrinciplesVersion {
        version: 3,
        from_step: 21,
        principles: draft,
    }));
    assert!(state.on_event(&run).is_empty());
    assert_eq!(message(&state), "v3 acts from step 21 on.");
    assert!(!state.draft.differs());
    shoot("confirmed", &state, &run);
}

#[test]
fn a_draft_changed_after_it_was_sent_stays_a_draft() {
    let mut run = populated();
    let mut state = seen(&run);
    state.update(Action::Toggle, &run);
    let sent = state.draft.current().cloned().unwrap();
    state.update(Action::Apply, &run);
    state.update(Action::Numbering, &run);
    run.apply(Event::Principles(PrinciplesVersion {
        version: 3,
        from_step: 21,
        principles: sent,
    }));
    state.on_event(&run);
    assert!(state.draft.differs() && !state.draft.is_sent());
    assert_eq!(state.update(Action::Apply, &run).len(), 1);
}

#[test]
fn every_change_can_be_undone() {
    let run = populated();
    let mut state = seen(&run);
    let before = state.draft.current().cloned();
    let changes = [
        Action::Toggle,
        Action::MoveDown,
        Action::Numbering,
        Action::MoveUp,
        Action::Toggle,
    ];
    for action in changes {
        state.update(action, &run);
    }
    state.update(Action::OpenPreamble, &run);
    write("!", control('s'), |k| state.text_key(k, &run));
    state.update(Action::OpenNew, &run);
    write("short", press(KeyCode::Enter), |k| state.text_key(k, &run));
    write("be short.", control('s'), |k| state.text_key(k, &run));
    assert_eq!(state.draft.current().unwrap().entries[3].text, "be short.");
    assert_eq!(state.cursor, 3);
    state.update(Action::Discard, &run);
    assert_eq!(state.draft.current(), before.as_ref());
    state.update(Action::Undo, &run);
    assert_eq!(state.draft.current().unwrap().entries.len(), 4);
    for _ in 0..7 {
        assert_eq!(message(&state), "");
        state.update(Action::Undo, &run);
    }
    assert_eq!(state.draft.current(), before.as_ref());
    state.update(Action::Undo, &run);
    assert_eq!(message(&state), "Nothing to undo.");
}

#[test]
fn empty_texts_names_and_paths_are_refused() {
    let run = populated();
    for (action, accept) in [
        (Action::OpenText, control('s')),
        (Action::OpenName, press(KeyCode::Enter)),
        (Action::OpenNew, press(KeyCode::Enter)),
        (Action::OpenSave, press(KeyCode::Enter)),
    ] {
        let mut state = seen(&run);
        state.update(action.clone(), &run);
        for _ in 0..100 {
            state.text_key(press(KeyCode::Backspace), &run);
        }
        assert!(write(" ", accept, |k| state.text_key(k, &run)).is_empty(), "{action:?}");
        assert!(state.wants_text() && !message(&state).is_empty(), "{action:?}");
        assert!(!state.draft.differs());
        state.text_key(press(KeyCode::Esc), &run);
        // Of a text that was changed it is asked first.
        assert_eq!(state.wants_text(), action == Action::OpenText);
        state.text_key(press(KeyCode::Esc), &run);
        assert!(!state.wants_text());
    }
}

#[test]
fn the_library_gives_principles_to_the_draft() {
    let run = populated();
    let mut state = seen(&run);
    state.update(Action::OpenLibrary, &run);
    assert!(state.wants_text());
    shoot("library", &state, &run);
    state.text_key(press(KeyCode::Down), &run);
    state.text_key(press(KeyCode::Enter), &run);
    let added = state.draft.current().unwrap().entries.last().cloned().unwrap();
    assert_eq!((added.name.as_str(), added.on), ("admit-mistakes", true));
    assert!(added.tags.contains(&"honesty".to_string()));
    state.text_key(press(KeyCode::Enter), &run);
    assert_eq!(message(&state), "\"admit-mistakes\" is in the set already.");
    shoot("library_taken", &state, &run);
    state.text_key(press(KeyCode::Esc), &run);
    assert!(!state.wants_text() && state.cursor == 3);
    // It goes the way of every draft: sent, versioned, undone.
    let draft = state.draft.current().cloned().unwrap();
    assert_eq!(
        state.update(Action::Apply, &run),
        [Effect::Send(Command::SetPrinciples(draft))]
    );
    state.update(Action::Undo, &run);
    assert_eq!(state.draft.current().unwrap().entries.len(), 3);
}

#[test]
fn the_library_is_read_by_tag() {
    let mut picker = super::library::Picker::open(Some("tldr"));
    let tldr = picker.rows();
    assert!(tldr.iter().all(|e| e.tags.contains(&"tldr".to_string())) && tldr.len() > 5);
    picker.key(press(KeyCode::Left));
    assert_ne!(picker.rows(), tldr);
    picker.key(press(KeyCode::Right));
    assert_eq!(picker.rows(), tldr);
    let all = crate::assets::library().len();
    assert_eq!(super::library::Picker::open(None).rows().len(), all);
    for _ in 0..100 {
        picker.key(press(KeyCode::Down));
    }
    assert_eq!(
        picker.key(press(KeyCode::Enter)),
        super::library::Picked::Entry(tldr.last().unwrap().principle())
    );
}

#[test]
fn two_principles_of_one_name_are_refused() {
    let run = populated();
    let mut state = seen(&run);
    let name = state.draft.current().unwrap().entries[1].name.clone();
    state.update(Action::OpenNew, &run);
    write(&name, press(KeyCode::Enter), |k| state.text_key(k, &run));
    assert_eq!(message(&state), "Another principle has this name; give each its own.");
    assert!(state.wants_text() && !state.draft.differs());
}

#[test]
fn all_principles_off_is_said() {
    let run = populated();
    let mut state = seen(&run);
    for _ in 0..3 {
        state.update(Action::Toggle, &run);
        state.update(Action::Down, &run);
    }
    assert!(text(&state, &run, 120, 40).contains("No principle is on"));
}

#[test]
fn any_size_and_any_keys() {
    let runs = [RunView::default(), started(), populated(), strange()];
    let opens = [
        None,
        Some(Action::OpenText),
        Some(Action::OpenSave),
        Some(Action::Delete),
        Some(Action::OpenLibrary),
    ];
    for run in &runs {
        for action in &opens {
            let mut state = seen(run);
            if let Some(action) = action {
                state.update(action.clone(), run);
            }
            for width in 0..30 {
                for height in 0..30 {
                    text(&state, run, width, height);
                }
            }
        }
    }
    let actions: Vec<Action> = bindings()
        .into_iter()
        .filter_map(|b| match b.action {
            Top::Principles(a) => Some(a),
            _ => None,
        })
        .collect();
    let mut dice = Dice(5);
    for mut run in runs {
        let mut state = seen(&run);
        for turn in 0..2_500 {
            let (width, height) = (dice.roll(140) as u16, dice.roll(50) as u16);
            let effects = match dice.roll(6) {
                0 => state.mouse(dice.mouse(width, height), Rect::new(0, 0, width, height), &run),
                _ if state.wants_text() => state.text_key(dice.key(), &run),
                1 => state.update(Action::Select(dice.roll(10)), &run),
                _ => state.update(actions[dice.roll(actions.len())].clone(), &run),
            };
            for effect in effects {
                if let Effect::Send(Command::SetPrinciples(principles)) = effect {
                    let version = run.principles.len() as u32 + 1;
                    run.apply(Event::Principles(PrinciplesVersion {
                        version,
                        from_step: version,
                        principles,
                    }));
                    state.on_event(&run);
                }
            }
            if turn % 10 == 0 {
                text(&state, &run, width, height);
            }
        }
    }
}

#[test]
fn what_was_undone_can_be_made_again_even_after_it_was_applied() {
    let run = populated();
    let mut state = seen(&run);
    let first = state.draft.current().cloned().unwrap();
    state.update(Action::Toggle, &run);
    state.update(Action::Numbering, &run);
    let changed = state.draft.current().cloned().unwrap();
    state.update(Action::Undo, &run);
    state.update(Action::Undo, &run);
    assert_eq!(state.draft.current(), Some(&first));
    assert!(!state.has_draft());
    state.update(Action::Redo, &run);
    state.update(Action::Redo, &run);
    assert_eq!(state.draft.current(), Some(&changed));
    state.update(Action::Redo, &run);
    assert!(message(&state).contains("Nothing was undone"));
    // A change of another kind leaves nothing to be made again.
    state.update(Action::Undo, &run);
    state.update(Action::MoveDown, &run);
    state.update(Action::Redo, &run);
    assert!(message(&state).contains("Nothing was undone"));
    // Applied, in force, and taken back: that is a draft again, which p applies.
    let mut run = run;
    let effects = state.update(Action::Apply, &run);
    let [Effect::Send(Command::SetPrinciples(sent))] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    run.apply(Event::Principles(PrinciplesVersion {
        version: 9,
        from_step: 9,
        principles: sent.clone(),
    }));
    state.on_event(&run);
    assert!(!state.has_draft());
    state.update(Action::Undo, &run);
    assert!(state.has_draft());
    assert!(matches!(
        state.update(Action::Apply, &run).as_slice(),
        [Effect::Send(Command::SetPrinciples(_))]
    ));
}

fn opened(effects: Vec<Effect>) -> crate::tui::action::Edit {
    match effects.into_iter().next() {
        Some(Effect::Edit(edit)) => edit,
        other => panic!("no editor but {other:?}"),
    }
}

#[test]
fn the_users_editor_gets_a_text_or_the_whole_file() {
    let run = populated();
    let mut state = seen(&run);
    let edit = opened(state.update(Action::EditOne, &run));
    assert_eq!(edit.text, "be ethical: never help to harm anybody.\n");
    state.edited(&edit, "\n  ");
    assert!(message(&state).contains("left empty") && !state.has_draft());
    state.edited(&edit, "Be ethical.\n");
    assert_eq!(state.draft.current().unwrap().entries[0].text, "Be ethical.");

    let edit = opened(state.update(Action::EditAll, &run));
    assert!(
        edit.text.starts_with("# ") && edit.text.contains("text = \"Be ethical.\""),
        "{}",
        edit.text
    );
    state.edited(&edit, &edit.text);
    assert_eq!(message(&state), "Nothing was changed.");
    let broken = "[[principle]]\nname = \"kind\"\n";
    state.edited(&edit, broken);
    let said = message(&state).to_string();
    assert!(
        said.contains("principles.toml:1") && said.contains("⟨principles-editor-all⟩ opens your text again"),
        "{said}"
    );
    let again = opened(state.update(Action::EditAll, &run));
    assert_eq!(again.text, broken, "what was written is not lost");
    state.edited(&again, "[[principle]]\nname = \"kind\"\ntext = \"Be kind.\"\n");
    assert_eq!(state.draft.current().unwrap().entries.len(), 1);
    state.update(Action::Undo, &run);
    assert_eq!(state.draft.current().unwrap().entries[0].text, "Be ethical.");
    let fresh = opened(state.update(Action::EditAll, &run));
    state.edited(&fresh, "");
    assert!(message(&state).contains("left empty"));
}
