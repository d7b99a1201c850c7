use std::path::{Path, PathBuf};

use super::*;

#[test]
fn a_file_that_cannot_be_read_says_what_is_near() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let show = |path: &Path| path.display().to_string();
    std::fs::write(at("imdb.toml"), GOOD).unwrap();
    std::fs::write(at("hh.toml"), b"title = \"a\"\n\xff\n").unwrap();
    std::fs::write(at("notes.txt"), "").unwrap();
    assert_eq!(Source::read(&at("imdb.toml")).unwrap().text, GOOD);
    let refused = |path: &Path| Source::read(path).unwrap_err().to_string();
    let here = show(folder.path());
    assert_eq!(
        refused(&at("imbd.toml")),
        format!("{here}/imbd.toml: no such file; did you mean 'imdb.toml'? TOML files in {here}: hh.toml, imdb.toml")
    );
    assert_eq!(
        refused(&at("no/a.toml")),
        format!("{here}/no/a.toml: no such file, and no folder {here}/no")
    );
    assert_eq!(
        refused(folder.path()),
        format!("{here}: is a folder, wants a file; TOML files in {here}: hh.toml, imdb.toml")
    );
    assert_eq!(
        refused(&at("hh.toml")),
        format!("{here}/hh.toml:2: not UTF-8 text; save the file as UTF-8")
    );
    std::fs::write(at("big.toml"), vec![b'#'; (4 << 20) + 1]).unwrap();
    assert_eq!(
        refused(&at("big.toml")),
        format!("{here}/big.toml: is longer than 4 MiB: no settings file is; was another file meant?")
    );
}

#[test]
fn files_are_found_beside_and_above_the_experiment() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    std::fs::create_dir_all(root.join("experiments/as-printed")).unwrap();
    std::fs::create_dir_all(root.join("guidance")).unwrap();
    std::fs::write(root.join("guidance/imdb.toml"), TWO).unwrap();
    let experiment = root.join("experiments/as-printed/imdb.toml");
    let found = |name: &str| find_file(name, Some(&experiment));
    assert_eq!(found("guidance/imdb.toml").unwrap(), root.join("guidance/imdb.toml"));
    assert_eq!(found("guidance/im*.toml").unwrap(), root.join("guidance/im*.toml"));
    assert_eq!(found("guidance").unwrap(), root.join("guidance"));
    let message = found("guidance/imbd.toml").unwrap_err().to_string();
    let start = format!(
        "guidance/imbd.toml: no such file; did you mean '{0}/guidance/imdb.toml'? Looked for: guidance/imbd.toml, \
         {0}/experiments/as-printed/guidance/imbd.toml, {0}/experiments/guidance/imbd.toml, \
         {0}/guidance/imbd.toml, ",
        root.display()
    );
    assert!(message.starts_with(&start), "{message}");
    assert!(find_file("guidance/imdb.toml", None).is_err());
    assert_eq!(find_file(&root.to_string_lossy(), None).unwrap(), PathBuf::from(&root));
}

#[test]
fn patterns_and_near_names() {
    for (pattern, name, matches) in [
        ("*.jsonl.gz", "a.jsonl.gz", true),
        ("*.jsonl.gz", "a.jsonl", false),
        ("a*b*c", "axbxc", true),
        ("a*b*c", "ac", false),
        ("ab*ba", "aba", false),
        ("same", "same", true),
        ("same", "same2", false),
        ("*", "anything", true),
    ] {
        assert_eq!(matches_pattern(pattern, name), matches, "{pattern} {name}");
    }
    assert_eq!(near_name("stpes", ["name", "steps"].into_iter()), Some("steps"));
    assert_eq!(
        near_name("learning", ["steps", "learning_rate"].into_iter()),
        Some("learning_rate")
    );
    assert_eq!(near_name("zebra", ["steps", "name"].into_iter()), None);
}
