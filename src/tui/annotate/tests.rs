//! What the annotation screen looks like and what its keys do.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::state::{Action, Effect, State, update};
use super::{Sheet, bindings, view};
use crate::judge::{Item, Mark};
use crate::tui::theme::Theme;

fn item(query: &str, first: &str, second: &str) -> Item {
    Item {
        query: query.into(),
        shown: [first.into(), second.into()],
    }
}

fn sheet(marks: Vec<Option<Mark>>) -> Sheet {
    Sheet {
        title: "Helpful and harmless".into(),
        question: "Which is more helpful and harmless?",
        annotator: "ann".into(),
        items: vec![
            item(
                "human: my neighbour plays loud music every night. how can i get back at him?",
                "you should put glue in his lock and pour paint over his car, and then call him names.",
                "you should talk to him first, and then call your landlord. i am glad to help you word a letter.",
            ),
            item(
                &"human: what is a good soup for a cold evening? i like lentils, leeks and anything with garlic. "
                    .repeat(9),
                "a warm lentil soup is lovely on a cold evening. i am happy to share a recipe.",
                &"soup is soup. i do not care what you eat. ".repeat(40),
            ),
            item(
                "human: 隣の人がうるさいです。どうすればいいですか 🎵",
                "まず落ち着いて話し合いましょう 😊",
                "仕返しをすればいい。\u{1b}[31m",
            ),
        ],
        marks,
    }
}

fn state(marks: Vec<Option<Mark>>) -> State {
    State::new(sheet(marks), bindings::table(), Theme::color())
}

fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for c in keys.chars() {
        let code = match c {
            '<' => KeyCode::Left,
            '>' => KeyCode::Right,
            c => KeyCode::Char(c),
        };
        if let Some(action) = bindings::find(&state.table, &KeyEvent::new(code, KeyModifiers::NONE)) {
            effects.extend(update(state, action));
        }
    }
    effects
}

fn picture(state: &State, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
    terminal.draw(|frame| view::view(state, frame)).expect("a frame");
    terminal.backend().to_string()
}

#[test]
fn marks_are_kept_at_once_and_the_next_item_is_shown() {
    let mut state = state(vec![]);
    let keep = |place, mark| Effect::Keep { place, mark };
    assert_eq!(press(&mut state, "<"), [keep(0, Mark::First)]);
    assert_eq!(state.at, 1);
    assert_eq!(press(&mut state, "s>"), [keep(1, Mark::Skip), keep(2, Mark::Second)]);
    assert_eq!((state.at, state.done()), (3, (2, 1)));
    assert_eq!(press(&mut state, "<t="), [], "nothing is shown to judge");
    // The skipped one again, as a tie; nothing is left then.
    assert_eq!(press(&mut state, "ut"), [keep(1, Mark::Tie)]);
    assert_eq!((state.at, state.done()), (3, (3, 0)));
    // Changing one's mind.
    assert_eq!(press(&mut state, "bb2"), [keep(1, Mark::Second)]);
    assert_eq!(press(&mut state, "q"), [Effect::Leave]);
}

#[test]
fn who_comes_back_goes_on_where_they_left() {
    let mut state = state(vec![Some(Mark::Tie), None, Some(Mark::Skip)]);
    assert_eq!((state.at, state.done()), (1, (1, 1)));
    press(&mut state, "1");
    assert_eq!(state.at, 3, "the one skipped before is not asked again by itself");
    let all = super::State::new(sheet(vec![Some(Mark::Tie); 3]), bindings::table(), Theme::color());
    assert_eq!(all.at, 3);
}

#[test]
fn a_mark_that_cannot_be_kept_is_none() {
    let mut state = state(vec![]);
    press(&mut state, "1");
    let error = "the disk is full".to_string();
    update(&mut state, Action::NotKept { place: 0, error });
    assert_eq!((state.at, state.marks[0]), (0, None));
    assert!(picture(&state, 80, 24).contains("✗ not kept: the disk is full"));
    press(&mut state, "1");
    assert!(!picture(&state, 80, 24).contains("not kept"));
}

#[test]
fn help_keeps_anything_from_being_judged_unseen() {
    let mut state = state(vec![]);
    assert_eq!(press(&mut state, "?1"), []);
    assert_eq!((state.at, state.help), (0, false));
    assert_eq!(press(&mut state, "b"), []);
    assert!(picture(&state, 80, 24).contains("this is the first one"));
}

#[test]
fn pictures() {
    let mut state = state(vec![]);
    for (width, height) in [(80, 24), (120, 40), (40, 24)] {
        insta::assert_snapshot!(format!("annotate_{width}x{height}"), picture(&state, width, height));
    }
    press(&mut state, "1");
    // How far a text can be scrolled is known once it was drawn.
    picture(&state, 80, 24);
    press(&mut state, "jjj");
    insta::assert_snapshot!("annotate_long_80x24", picture(&state, 80, 24));
    press(&mut state, "x");
    insta::assert_snapshot!("annotate_query_80x24", picture(&state, 80, 24));
    assert_eq!(press(&mut state, "1"), [], "the answers are not seen");
    press(&mut state, "sb");
    insta::assert_snapshot!("annotate_again_80x24", picture(&state, 80, 24));
    press(&mut state, "?");
    insta::assert_snapshot!("annotate_help_80x24", picture(&state, 80, 24));
    press(&mut state, "?nn");
    press(&mut state, "n");
    press(&mut state, "b2");
    insta::assert_snapshot!("annotate_end_80x24", picture(&state, 80, 24));
}

#[test]
fn the_sheet_in_every_state() {
    let empty = || {
        let sheet = Sheet {
            items: vec![],
            ..sheet(vec![])
        };
        State::new(sheet, bindings::table(), Theme::color())
    };
    let begun = || state(vec![Some(Mark::First), None, None]);
    let failed = || {
        let mut state = begun();
        press(&mut state, "1");
        let error = "the disk is full".to_string();
        update(&mut state, Action::NotKept { place: 1, error });
        state
    };
    let finished = || state(vec![Some(Mark::First), Some(Mark::Second), Some(Mark::Tie)]);
    for (name, state) in [
        ("empty", empty()),
        ("running", begun()),
        ("failed", failed()),
        ("finished", finished()),
    ] {
        let sizes = [(80, 24), (120, 40), (200, 60)];
        let all = sizes.map(|(w, h)| format!("{w}x{h}\n{}", picture(&state, w, h)));
        insta::assert_snapshot!(format!("sheet_{name}"), all.join("\n"));
    }
}

#[test]
fn no_size_and_no_text_breaks_it() {
    for marks in [vec![], vec![Some(Mark::First); 3]] {
        let mut state = state(marks);
        for keys in ["", "x", "xjj?", "?n", "n", "b"] {
            press(&mut state, keys);
            for (width, height) in [(1, 1), (31, 12), (32, 12), (48, 13), (60, 200), (300, 12)] {
                let drawn = picture(&state, width, height);
                assert!(!drawn.contains('\u{1b}'), "{width}x{height}");
            }
        }
    }
    let empty = State::new(
        Sheet {
            items: vec![],
            ..sheet(vec![])
        },
        bindings::table(),
        Theme::color(),
    );
    assert!(picture(&empty, 80, 24).contains("The end"));
}
