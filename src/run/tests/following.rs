//! Reading a run, while it is written or when it cannot be.

use std::collections::BTreeSet;
use std::fs;

use super::*;

#[test]
fn a_reader_follows_a_writer_and_sees_each_step_once() {
    let runs = tempfile::tempdir().unwrap();
    let mut store = create(runs.path(), "live");
    let mut reader = Reader::open(store.dir()).unwrap().with_recent_pair_steps(u32::MAX);
    let (tell, told) = std::sync::mpsc::channel();
    let follower = std::thread::spawn(move || {
        let mut events = Vec::new();
        while !events.iter().any(|e| matches!(e, Event::Done(_))) {
            events.extend(reader.poll().unwrap());
            tell.send(steps_of(&events).len()).unwrap();
        }
        events
    });
    for i in 0..200 {
        store.record_step(&step(i), &[pair(i, 0), pair(i, 1)]).unwrap();
        if i % 50 == 49 {
            // The reader has to see a part while the writer still writes.
            while told.recv().unwrap() <= i as usize {}
        }
    }
    store.record(&done("finished")).unwrap();
    let events = follower.join().unwrap();
    let mut expected = vec![Event::Started(store.started().clone())];
    for i in 0..200 {
        expected.extend([
            Event::Step(step(i)),
            Event::Pairs {
                step: i,
                pairs: vec![pair(i, 0), pair(i, 1)],
            },
        ]);
    }
    expected.push(done("finished"));
    assert_eq!(text(&events), text(&expected));
}

#[test]
fn a_long_run_is_told_in_parts_with_nothing_lost_between_them() {
    let runs = tempfile::tempdir().unwrap();
    let mut store = create(runs.path(), "parts");
    for i in 0..50 {
        store.record_step(&step(i), &[pair(i, 0)]).unwrap();
    }
    let whole = Reader::open(store.dir()).unwrap().poll().unwrap();
    let mut reader = Reader::open(store.dir()).unwrap();
    let mut events = Vec::new();
    loop {
        let part = reader.poll_some(7).unwrap();
        assert!(part.len() <= 7);
        let last = part.len() < 7;
        events.extend(part);
        if last {
            break;
        }
    }
    assert_eq!(text(&events), text(&whole));
    // Pairs that are too old for the first look stay so, and what comes later is told as ever.
    store.record_step(&step(50), &[pair(50, 0)]).unwrap();
    let pairs = vec![pair(50, 0)];
    let expected = [Event::Step(step(50)), Event::Pairs { step: 50, pairs }];
    assert_eq!(text(&reader.poll_some(7).unwrap()), text(&expected));
    assert!(reader.poll_some(7).unwrap().is_empty());
}

#[test]
fn the_first_poll_brings_the_newest_pairs_only() {
    let runs = tempfile::tempdir().unwrap();
    let mut store = create(runs.path(), "long");
    for i in 0..100 {
        store.record_step(&step(i), &[pair(i, 0)]).unwrap();
    }
    let mut reader = Reader::open(store.dir()).unwrap().with_recent_pair_steps(3);
    let events = reader.poll().unwrap();
    let pairs: Vec<u32> = events
        .iter()
        .filter_map(|e| {
            if let Event::Pairs { step, .. } = e {
                Some(*step)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(pairs, [97, 98, 99]);
    assert_eq!(steps_of(&events), (0..100).collect::<Vec<_>>());
}

#[test]
fn a_run_that_cannot_be_written_is_read_as_it_stands() {
    let runs = tempfile::tempdir().unwrap();
    // Characters that mean something in a URI.
    let folder = runs.path().join("a b?c#d%20é");
    let mut store = create(&folder, "frozen");
    store.record_step(&step(0), &[pair(0, 0)]).unwrap();
    let dir = store.dir().to_path_buf();
    drop(store);
    let before: BTreeSet<_> = fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name()).collect();
    let mut reader = Reader::new(&dir, schema::open_immutable(&dir.join("run.db")).unwrap());
    assert_eq!(steps_of(&reader.poll().unwrap()), [0]);
    let after: BTreeSet<_> = fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(before, after);
}
