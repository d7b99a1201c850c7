use ratatui::crossterm::event::{
    Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::{Action, Panel, State, rows, training};
use crate::config::{
    CheckpointSettings, FitData, FitEval, FitExperiment, FitMethod, FitModel, FitName, Keep, KeepWeights, ModelShape,
    Plan, Template,
};
use crate::evaluate::quality::{Judged, LengthRule, quality};
use crate::grammar::Task;
use crate::train::{Event, FitEvaluation, FitRecord, FitSample, FitSplit, Started};
use crate::tui::action::{Action as Top, Effect, Screen};
use crate::tui::input::input;
use crate::tui::run_view::RunView;
use crate::tui::screens::fixtures::dump;
use crate::tui::state::State as Whole;
use crate::tui::tests::fixtures::picture;
use crate::tui::theme::Theme;
use crate::tui::update::update;

fn experiment(name: FitName) -> FitExperiment {
    FitExperiment {
        title: "Sentiment of movie reviews".into(),
        about: String::new(),
        task: Task::Imdb,
        seed: 0,
        model: FitModel {
            template: Template::default(),
            start: "new".into(),
            shape: Some(ModelShape {
                vocabulary: 4000,
                hidden: 64,
                intermediate: 128,
                layers: 1,
                heads: 4,
                norm_eps: 1e-5,
                deviation: 0.02,
            }),
        },
        data: FitData {
            rows: "reviews.jsonl.gz".into(),
            test: None,
            prefix_words: [2, 8],
            max_query_tokens: 256,
            max_tokens: 320,
            keep: Keep::End,
            held_out: 0.2,
            validation: 0.1,
            corrupted: 0.0,
            windows: 0.5,
            token_dropout: 0.2,
            guided: 0.0,
            principles: None,
        },
        method: FitMethod {
            name,
            steps: 400,
            batch: 32,
            learning_rate: 3e-3,
            warm_up: 40,
            weight_decay: 0.1,
            beta2: 0.99,
            max_grad_norm: 1.0,
            label_smoothing: 0.05,
            embedding_dropout: 0.0,
            average: 0.99,
            score_penalty: 0.0,
        },
        eval: FitEval {
            every: 25,
            rows: 400,
            keep: KeepWeights::Best,
        },
        checkpoint: CheckpointSettings { every: 100 },
    }
}

/// A run before its first update.
pub fn started(name: FitName) -> RunView {
    let mut run = RunView {
        live: true,
        ..RunView::default()
    };
    run.apply(Event::Started(Started {
        run: "reward-imdb-001".into(),
        path: "runs/reward-imdb-001".into(),
        experiment: Plan::Fit(Box::new(experiment(name))),
        device: "cpu (burn-flex, f32)".into(),
        parameters: 559_104,
        trained_parameters: 559_104,
        data: "2,000 rows read, 1,990 used; 1,386 to train on, 218 for validation, 386 held out".into(),
        memory: String::new(),
        resumed_from: 0,
        origin: None,
    }));
    run
}

fn evaluation(step: u32, split: FitSplit, reward: bool) -> FitEvaluation {
    // Deterministic rows whose margins grow with the updates.
    let judged: Vec<Judged> = (0..200)
        .map(|i| {
            let noise = f64::from((i * 37) % 100) / 50.0 - 1.0;
            let label = i % 2 == 0;
            let margin = noise * 1.6 + f64::from(step) / 250.0;
            Judged {
                margin,
                length: f64::from((i * 53) % 300 + 40),
                score: if label { margin } else { -margin },
                label,
            }
        })
        .collect();
    let rule = LengthRule::learn(&judged, false);
    let sample = |i: usize| FitSample {
        label: if reward { "label 1, scored negative" } else { "written" }.into(),
        query: format!("this film number {i}"),
        response: "was not what i had expected from the trailer 😊, but in the end it won me over with its \
                   quiet humour and two fine actors. 面白かった。"
            .repeat(i % 3 + 1),
        other: None,
        score: reward.then_some(-1.9 + i as f64 / 10.0),
        other_score: None,
    };
    FitEvaluation {
        step,
        split,
        rows: 200,
        loss: if reward {
            0.69 - f64::from(step) / 1000.0
        } else {
            6.5 - f64::from(step) / 200.0
        },
        quality: reward.then(|| quality(&judged, &rule)),
        samples: (0..14).map(sample).collect(),
        best: true,
    }
}

/// A run of 120 updates and five evaluations.
pub fn populated(name: FitName) -> RunView {
    let mut run = started(name);
    for step in 0..120u32 {
        if step.is_multiple_of(25) {
            run.apply(Event::FitEvaluation(evaluation(
                step,
                FitSplit::Validation,
                name.is_reward(),
            )));
        }
        run.apply(Event::Fit(FitRecord {
            step,
            loss: 0.7 - f64::from(step) / 400.0 + f64::from(step * 31 % 7) / 40.0,
            accuracy: name
                .is_reward()
                .then(|| 0.5 + f64::from(step) / 400.0 + f64::from(step * 17 % 5) / 30.0),
            learning_rate: 3e-3,
            grad_norm: 1.25,
            epoch: Some(f64::from(step + 1) * 32.0 / 1386.0),
            seconds: 0.25,
        }));
    }
    run
}

fn shoot(name: &str, run: &RunView) {
    let state = State::default();
    for (w, h) in [(80, 24), (120, 40), (200, 60)] {
        let drawn = dump(w, h, |theme, frame, area| {
            training(&state.board, run, theme, frame, area)
        });
        insta::assert_snapshot!(format!("{name}_training_{w}x{h}"), drawn);
        let drawn = dump(w, h, |theme, frame, area| rows(&state, run, theme, frame, area));
        insta::assert_snapshot!(format!("{name}_rows_{w}x{h}"), drawn);
    }
}

#[test]
fn empty() {
    shoot("empty", &started(FitName::Classifier));
}

#[test]
fn running() {
    shoot("running", &populated(FitName::Classifier));
}

#[test]
fn a_language_model() {
    shoot("language", &populated(FitName::LanguageModel));
}

#[test]
fn finished() {
    let mut run = populated(FitName::Classifier);
    run.apply(Event::FitEvaluation(evaluation(100, FitSplit::HeldOut, true)));
    shoot("finished", &run);
}

#[test]
fn rows_are_gone_through_to_both_ends() {
    let run = populated(FitName::Classifier);
    let mut state = State::default();
    let mut go = |action: Action| {
        state.update(action, &run);
        state.cursor
    };
    assert_eq!(go(Action::Up), 0);
    assert_eq!(go(Action::Down), 1);
    assert_eq!(go(Action::Last), 13);
    assert_eq!(go(Action::Down), 13);
    assert_eq!(go(Action::First), 0);
}

#[test]
fn an_evaluation_made_again_replaces_what_followed() {
    let mut run = populated(FitName::Classifier);
    run.apply(Event::FitEvaluation(evaluation(50, FitSplit::Validation, true)));
    let steps: Vec<u32> = run.fit.validations.iter().map(|e| e.step).collect();
    assert_eq!(steps, [0, 25, 50]);
}

fn workbench(name: FitName) -> Whole {
    let mut state = Whole::new(false, Theme::color());
    state.run = populated(name);
    update(&mut state, Top::Show(Screen::Training));
    state.size = (120, 40);
    state
}

fn press(state: &mut Whole, keys: &str) -> Vec<Effect> {
    let key = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
    let each = keys
        .chars()
        .map(|c| input(state, Input::Key(key(c))).unwrap_or_default());
    each.flatten().collect()
}

#[test]
fn a_chart_fills_the_screen_with_its_crosshair() {
    let mut state = workbench(FitName::Classifier);
    press(&mut state, "l");
    assert_eq!(state.fit.board.focus, Panel::Accuracy);
    press(&mut state, "z((");
    for (w, h) in [(80, 24), (120, 40)] {
        insta::assert_snapshot!(format!("training_zoomed_{w}x{h}"), picture(&mut state, w, h));
    }
    let shown = picture(&mut state, 120, 40);
    assert!(
        shown.contains("step 99  rate") && !shown.contains("Calibration"),
        "{shown}"
    );
    // Hidden ones are gone through too, and all of them come back.
    press(&mut state, "]]]]");
    assert_eq!(state.fit.board.focus, Panel::Rate);
    press(&mut state, "z$");
    assert!(picture(&mut state, 120, 40).contains("Calibration"));
    // A language model has no accuracy to go to.
    let mut state = workbench(FitName::LanguageModel);
    press(&mut state, "l]");
    assert_eq!(state.fit.board.focus, Panel::Facts);
}

#[test]
fn the_window_of_a_training_is_zoomed_moved_and_logarithmic() {
    let mut state = workbench(FitName::LanguageModel);
    press(&mut state, "z++");
    let (from, to) = state.fit.board.span(&state.run);
    assert_eq!((to, to - from), (119, 32));
    press(&mut state, "H");
    assert!(state.fit.board.span(&state.run).0 < from);
    press(&mut state, "ys");
    let shown = picture(&mut state, 120, 40);
    assert!(
        shown.contains("long moving average") && shown.contains("log axis"),
        "{shown}"
    );
    press(&mut state, "zL");
    // The mouse: the wheel zooms at the pointer, a click sets the crosshair.
    let mouse = |state: &mut Whole, kind| {
        let event = MouseEvent {
            kind,
            column: 60,
            row: 12,
            modifiers: KeyModifiers::NONE,
        };
        input(state, Input::Mouse(event))
    };
    let before = state.fit.board.span(&state.run);
    mouse(&mut state, MouseEventKind::ScrollUp);
    let after = state.fit.board.span(&state.run);
    assert!(after.1 - after.0 < before.1 - before.0, "{before:?} {after:?}");
    mouse(&mut state, MouseEventKind::Down(MouseButton::Left));
    assert!(state.run.at().is_some());
}

#[test]
fn a_chart_of_a_training_is_copied_and_written() {
    let mut state = workbench(FitName::Classifier);
    press(&mut state, "l");
    let effects = press(&mut state, "Y");
    let [Effect::Copy(table)] = &effects[..] else {
        panic!("{effects:?}");
    };
    let names = "step\ttrain\tvalid\tlength alone\tvalid, low\tvalid, high";
    assert_eq!(table.lines().next(), Some(names));
    assert_eq!(table.lines().count(), 121);
    press(&mut state, "O");
    assert!(picture(&mut state, 120, 40).contains("reward-imdb-001-accuracy.svg"));
}

#[test]
fn what_is_measured_now_and_then_is_not_averaged() {
    let mut state = workbench(FitName::Classifier);
    let newest = state
        .run
        .fit
        .newest()
        .and_then(|e| e.quality.as_ref())
        .expect("quality");
    let accuracy = format!("valid {:.2}", newest.accuracy);
    let shown = picture(&mut state, 200, 60);
    assert!(shown.contains(&accuracy), "{accuracy} {shown}");
}
