//! Creating, locking, listing and refusing folders.

use std::fs;
use std::path::Path;

use super::*;

#[test]
fn a_second_writer_is_refused_with_the_pid_of_the_first() {
    let runs = tempfile::tempdir().unwrap();
    let store = create(runs.path(), "one");
    let dir = store.dir().to_path_buf();
    let reader = Reader::open(&dir).unwrap();
    assert!(reader.is_being_written());
    let error = Store::open(&dir).err().expect("the run is locked").to_string();
    assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    assert!(error.contains(&dir.display().to_string()), "{error}");
    drop(store);
    assert!(!reader.is_being_written());
    Store::open(&dir).unwrap();
}

#[test]
fn looking_at_the_lock_does_not_keep_a_writer_out() {
    let runs = tempfile::tempdir().unwrap();
    let dir = create(runs.path(), "one").dir().to_path_buf();
    // What `is_held` does, for longer than it ever takes.
    let look = fs::File::open(dir.join("run.lock")).unwrap();
    look.try_lock_shared().unwrap();
    let looking = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(25));
        drop(look);
    });
    Store::open(&dir).unwrap();
    looking.join().unwrap();
}

#[test]
fn creating_where_it_cannot_be_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = Store::create(&file.join("runs"), None, &started())
        .err()
        .expect("below a file")
        .to_string();
    assert!(error.contains("file/runs") && error.contains("--runs"), "{error}");
    let runs = folder.path().join("a/b");
    for bad in ["", "..", ".hidden", "a/b", "-x", "a\nb"] {
        let error = Store::create(&runs, Some(bad), &started())
            .err()
            .expect("a bad name")
            .to_string();
        assert!(error.contains(&format!("{bad:?}")), "{error}");
    }
    // The name is too long for the file system: the folders made for it go again.
    assert!(Store::create(&runs, Some(&"n".repeat(300)), &started()).is_err());
    assert!(!folder.path().join("a").exists());

    drop(create(&runs, "mine"));
    let before = fs::read(runs.join("mine/run.db")).unwrap();
    let error = Store::create(&runs, Some("mine"), &started())
        .err()
        .expect("it exists")
        .to_string();
    assert!(error.contains("ple resume"), "{error}");
    assert_eq!(fs::read(runs.join("mine/run.db")).unwrap(), before);
}

#[test]
fn what_is_no_run_or_newer_is_refused() {
    let runs = tempfile::tempdir().unwrap();
    let error = |dir: &Path| Reader::open(dir).err().expect("no run").to_string();
    assert!(error(&runs.path().join("none")).contains("no such folder"));
    assert!(error(runs.path()).contains("run.db"));
    assert!(Store::open(runs.path()).is_err());
    assert!(!runs.path().join("run.lock").exists(), "opening left a lock behind");

    let dir = create(runs.path(), "new").dir().to_path_buf();
    let conn = rusqlite::Connection::open(dir.join("run.db")).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    assert!(
        error(&dir).contains("99") && error(&dir).contains("newer ple"),
        "{}",
        error(&dir)
    );
    assert!(Store::open(&dir).is_err());
}

#[test]
fn runs_are_listed_whatever_lies_beside_them() {
    let runs = tempfile::tempdir().unwrap();
    assert_eq!(list_runs(&runs.path().join("none")).unwrap(), []);
    fs::create_dir(runs.path().join("junk")).unwrap();
    fs::write(runs.path().join("file"), "x").unwrap();
    fs::create_dir(runs.path().join("broken")).unwrap();
    fs::write(
        runs.path().join("broken/run.db"),
        "this is no database, whatever it is called",
    )
    .unwrap();
    fs::create_dir(runs.path().join("empty")).unwrap();
    fs::write(runs.path().join("empty/run.db"), "").unwrap();
    drop(create(runs.path(), "interrupted"));
    create(runs.path(), "finished").record(&done("finished")).unwrap();
    create(runs.path(), "abandoned").record(&done("abandoned")).unwrap();
    create(runs.path(), "failed")
        .record(&Event::Failed { message: "m".into() })
        .unwrap();
    let mut running = create(runs.path(), "running");
    running.record_step(&step(0), &[]).unwrap();
    running.record_step(&step(1), &[]).unwrap();

    let found = list_runs(runs.path()).unwrap();
    let states: Vec<_> = found.iter().map(|r| (r.name.as_str(), r.state.as_str())).collect();
    let expected = [
        ("abandoned", "stopped"),
        ("failed", "failed"),
        ("finished", "finished"),
        ("interrupted", "interrupted"),
        ("running", "running"),
    ];
    assert_eq!(states, expected);
    let expected = RunSummary {
        name: "running".into(),
        path: runs.path().join("running"),
        title: "Positive reviews".into(),
        task: "imdb".into(),
        method: "ple".into(),
        steps_done: 2,
        steps_planned: 200,
        state: "running".into(),
        reward_original: Some(1.0),
        reward_guided: Some(1.0),
        truth_original: None,
        truth_guided: None,
        accuracy: None,
        changed: found[4].changed,
        origin: None,
        checkpoints: vec![],
        tags: vec![],
        note: String::new(),
    };
    assert!(found[4].changed.is_some());
    assert_eq!(found[4], expected);

    let path = runs.path().join("failed");
    assert_eq!(resolve("failed", runs.path()).unwrap(), path);
    assert_eq!(resolve(&path.to_string_lossy(), Path::new("/nowhere")).unwrap(), path);
    let error = resolve("junk", runs.path()).unwrap_err().to_string();
    assert!(error.contains("junk") && error.contains("abandoned, failed"), "{error}");
    assert!(resolve("", runs.path()).is_err());
}
