//! What stands beside the records: labels, descent, the filter of a list, and deleting.

use std::fs;

use super::*;

fn summary(name: &str, parent: Option<(&str, u32)>) -> RunSummary {
    RunSummary {
        name: name.into(),
        path: name.into(),
        title: "Positive reviews".into(),
        task: "imdb".into(),
        method: "ple".into(),
        steps_done: 4,
        steps_planned: 4,
        state: "finished".into(),
        reward_original: None,
        reward_guided: None,
        truth_original: None,
        truth_guided: None,
        accuracy: None,
        changed: None,
        origin: parent.map(|(run, step)| Origin {
            run: run.into(),
            path: format!("/elsewhere/{run}"),
            step,
            changes: vec![],
        }),
        checkpoints: vec![],
        tags: vec!["Paper".into(), "seed-2".into()],
        note: "the τ that works".into(),
    }
}

#[test]
fn labels_are_kept_beside_a_run_that_is_being_written() {
    let runs = tempfile::tempdir().unwrap();
    let store = create(runs.path(), "one");
    assert_eq!(read_labels(store.dir()), Labels::default());
    let labels = Labels {
        tags: Labels::tags_of(" #paper, seed-2 paper  \"quoted\" "),
        note: "a \"note\" = [with] = everything\\".into(),
    };
    assert_eq!(labels.tags, ["paper", "seed-2", "\"quoted\""]);
    write_labels(store.dir(), &labels).unwrap();
    assert_eq!(read_labels(store.dir()), labels);
    let found = list_runs(runs.path()).unwrap();
    assert_eq!((&found[0].tags, &found[0].note), (&labels.tags, &labels.note));
    let left: Vec<_> = fs::read_dir(store.dir())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(
        left.iter().all(|name| !name.to_string_lossy().starts_with('.')),
        "{left:?}"
    );
    // A slip of a hand that edited it: shown as none, and not thrown away.
    let (file, slip) = (store.dir().join("labels.toml"), "note = \"two hours of thought\" [");
    fs::write(&file, slip).unwrap();
    assert_eq!(read_labels(store.dir()), Labels::default());
    let error = write_labels(store.dir(), &labels).unwrap_err().to_string();
    assert!(error.contains("labels.toml: nothing was changed"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), slip);
}

#[test]
fn a_run_is_deleted_but_never_while_it_is_written() {
    let runs = tempfile::tempdir().unwrap();
    let store = create(runs.path(), "one");
    let dir = store.dir().to_path_buf();
    let error = delete(&dir).unwrap_err().to_string();
    assert!(error.contains("being written"), "{error}");
    assert_eq!(list_runs(runs.path()).unwrap().len(), 1);
    drop(store);
    delete(&dir).unwrap();
    assert_eq!(fs::read_dir(runs.path()).unwrap().count(), 0);
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("precious"), "x").unwrap();
    assert!(delete(&dir).is_err(), "what is no run is not deleted");
    assert!(dir.join("precious").exists());
}

#[test]
fn forks_stand_below_their_parents_in_the_order_of_their_steps() {
    let runs = [
        summary("b", Some(("a", 40))),
        summary("c", Some(("b", 60))),
        summary("a", None),
        summary("d", Some(("a", 10))),
        summary("orphan", Some(("gone", 3))),
    ];
    let rows: Vec<String> = lineage(&runs)
        .into_iter()
        .map(|row| format!("{}{}", row.stem, runs[row.run].name))
        .collect();
    assert_eq!(rows, ["a", "├─ d", "└─ b", "   └─ c", "orphan"]);
    // Names that were given again must not make anybody vanish.
    let ring = [summary("x", Some(("y", 1))), summary("y", Some(("x", 1)))];
    assert_eq!(lineage(&ring).len(), 2);
}

#[test]
fn every_word_of_a_filter_must_be_there() {
    let run = summary("imdb-007", Some(("imdb-001", 4)));
    for filter in [
        "",
        "IMDB",
        "007 finished",
        "#paper",
        "tag:seed",
        "τ works",
        "state:fin",
        "method:ple",
        "-method:raft",
        "parent:001",
        "-x",
    ] {
        assert!(run.passes(filter), "{filter}");
    }
    for filter in ["008", "007 failed", "#aper", "state:running", "-finished", "parent:007"] {
        assert!(!run.passes(filter), "{filter}");
    }
}
