//! Checkpoints, and going back to them.

use std::collections::BTreeSet;
use std::fs;

use super::*;

#[test]
fn a_broken_checkpoint_falls_back_to_the_one_before() {
    let runs = tempfile::tempdir().unwrap();
    let mut store = create(runs.path(), "saved");
    assert_eq!(store.latest_checkpoint().unwrap(), (None, vec![]));
    let files: Vec<_> = [10, 20, 30, 40]
        .map(|s| store.save_checkpoint(&checkpoint(s)).unwrap())
        .into();
    assert_eq!(files[3], store.dir().join("checkpoints/step-000040.safetensors"));
    let (latest, warnings) = store.latest_checkpoint().unwrap();
    assert_eq!((text(&latest), warnings.len()), (text(&Some(checkpoint(40))), 0));

    let whole = fs::read(&files[3]).unwrap();
    fs::write(&files[3], &whole[..whole.len() - 5]).unwrap();
    let mut changed = fs::read(&files[2]).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&files[2], changed).unwrap();
    fs::remove_file(&files[1]).unwrap();
    let (latest, warnings) = store.latest_checkpoint().unwrap();
    assert_eq!(text(&latest), text(&Some(checkpoint(10))));
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(warnings[0].contains("step-000040.safetensors"), "{warnings:?}");
    assert!(store.checkpoint_at(40).is_err());
    assert!(store.checkpoint_at(11).unwrap().is_none());
    assert_eq!(text(&store.checkpoint_at(10).unwrap()), text(&Some(checkpoint(10))));

    // Saved again, it is whole again, and the same file as before.
    store.save_checkpoint(&checkpoint(40)).unwrap();
    assert!(fs::read(&files[3]).unwrap() == whole);
    let left: BTreeSet<_> = fs::read_dir(store.dir().join("checkpoints"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 3, "{left:?}");

    let mut wrong = checkpoint(50);
    wrong.tensors.insert("wrong".into(), (vec![2], vec![1.0]));
    assert!(store.save_checkpoint(&wrong).is_err());
    assert_eq!(store.latest_checkpoint().unwrap().0.map(|c| c.step), Some(40));
}

#[test]
fn rewinding_forgets_what_came_after_and_readers_start_over() {
    let runs = tempfile::tempdir().unwrap();
    let mut store = create(runs.path(), "back");
    store.record(&version(1, 0)).unwrap();
    for i in 0..5 {
        let sft = SftRecord {
            step: i,
            loss: 1.0,
            learning_rate: 1.0,
            grad_norm: 1.0,
        };
        store.record(&Event::Sft(sft)).unwrap();
    }
    store
        .record(&Event::Stage {
            name: "ple".into(),
            steps: 200,
        })
        .unwrap();
    let evaluation = |step| EvaluationRecord {
        step,
        queries: 1,
        reward_original: 0.0,
        reward_guided: 0.0,
        truth_original: None,
        truth_guided: None,
        cases: vec![],
    };
    for i in 0..10 {
        if i == 6 {
            store.record(&mark(6, 0.05)).unwrap();
            store.record(&version(2, 6)).unwrap();
        }
        store.record_step(&step(i), &[pair(i, 0)]).unwrap();
        store.record(&Event::Evaluation(evaluation(i + 1))).unwrap();
        store
            .record(&Event::Alarm(Alarm {
                step: i,
                message: "m".into(),
                suggestion: "s".into(),
                paused: false,
            }))
            .unwrap();
        if i % 2 == 0 {
            store.save_checkpoint(&checkpoint(i + 1)).unwrap();
        }
    }
    store.record(&mark(2, 0.1)).unwrap();
    store.record(&done("stopped")).unwrap();
    let mut reader = Reader::open(store.dir()).unwrap();
    assert_eq!(steps_of(&reader.poll().unwrap()), (0..10).collect::<Vec<_>>());

    let dir = store.dir().to_path_buf();
    drop(store);
    let mut store = Store::open(&dir).unwrap();
    store.rewind(5, 5).unwrap();
    assert_eq!(store.started().resumed_from, 5);
    let events = reader.poll().unwrap();
    assert_eq!(events[0], Event::Started(store.started().clone()));
    assert_eq!(steps_of(&events), [0, 1, 2, 3, 4]);
    let count = |test: fn(&Event) -> bool| events.iter().filter(|e| test(e)).count();
    assert_eq!(count(|e| matches!(e, Event::Sft(_))), 5);
    assert_eq!(count(|e| matches!(e, Event::Stage { .. })), 1);
    assert_eq!(count(|e| matches!(e, Event::Pairs { .. })), 5);
    assert_eq!(count(|e| matches!(e, Event::Evaluation(_))), 5);
    assert_eq!(count(|e| matches!(e, Event::Alarm(_))), 5);
    assert_eq!(count(|e| matches!(e, Event::Done(_))), 0);
    assert_eq!(count(|e| matches!(e, Event::Checkpoint { .. })), 3);
    assert_eq!(
        count(|e| matches!(e, Event::Mark(_))),
        1,
        "the mark at step 6 is still to come"
    );
    assert_eq!(count(|e| matches!(e, Event::Principles(_))), 1);
    assert_eq!(reader.checkpoint_steps().unwrap(), [1, 3, 5]);
    assert!(!dir.join("checkpoints/step-000007.safetensors").exists());
    assert_eq!(store.latest_checkpoint().unwrap().0.map(|c| c.step), Some(5));

    // What was done by hand is there to be done again, and recording it again makes no second of it.
    let marks = store.pending_marks(5).unwrap();
    assert_eq!(marks.iter().map(|m| m.step).collect::<Vec<_>>(), [6]);
    assert_eq!(store.principles().unwrap().len(), 2);
    store.record_step(&step(5), &[]).unwrap();
    for _ in 0..2 {
        store.record(&Event::Mark(marks[0].clone())).unwrap();
        store.record(&version(2, 6)).unwrap();
    }
    assert_eq!(
        reader.poll().unwrap(),
        [Event::Step(step(5)), version(2, 6), Event::Mark(marks[0].clone())]
    );
    assert_eq!(store.pending_marks(5).unwrap().len(), 1);
    assert_eq!(store.principles().unwrap().len(), 2);

    // To the middle of the supervised stage.
    store.rewind(0, 3).unwrap();
    let events = reader.poll().unwrap();
    assert_eq!(events.len(), 1 + 1 + 3, "{events:?}");
}

#[test]
fn a_change_that_a_checkpoint_has_is_not_made_again() {
    let runs = tempfile::tempdir().unwrap();
    let mut store = create(runs.path(), "changed");
    store.record(&version(1, 0)).unwrap();
    store.record_step(&step(0), &[]).unwrap();
    store.save_checkpoint(&checkpoint(1)).unwrap();
    // Between two steps: changed, saved, changed back and forth.
    store.record(&version(2, 1)).unwrap();
    let label = |label: &str, tau| {
        Event::Mark(Mark {
            step: 1,
            label: label.into(),
            command: Command::SetTau(tau),
            by: Default::default(),
        })
    };
    store.record(&label("down", 0.1)).unwrap();
    store.save_checkpoint(&checkpoint(1)).unwrap();
    store.record(&label("up", 0.2)).unwrap();
    store.record(&label("down", 0.1)).unwrap();
    store.record(&version(3, 1)).unwrap();

    let taus = |store: &Store| -> Vec<Command> {
        let marks = store.pending_marks(1).unwrap();
        marks.into_iter().map(|m| m.command).collect()
    };
    for _ in 0..2 {
        store.rewind(1, 5).unwrap();
        assert_eq!(
            taus(&store),
            [Command::SetTau(0.2), Command::SetTau(0.1)],
            "in their order"
        );
        let events = Reader::open(store.dir()).unwrap().poll().unwrap();
        assert!(events.contains(&version(2, 1)) && !events.contains(&version(3, 1)));
    }
    // A checkpoint later on does not make what is still to come a thing of the past.
    store.rewind(1, 5).unwrap();
    store.record(&label("up", 0.2)).unwrap();
    store.save_checkpoint(&checkpoint(1)).unwrap();
    store.rewind(1, 5).unwrap();
    assert_eq!(taus(&store), [Command::SetTau(0.1)]);
}
