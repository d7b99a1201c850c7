//! What the program says of itself: what `--help` says of every command, as a picture, so that a flag that changes its words or goes
//! is seen; and what the documents say, as far as a machine can tell whether it is so.

mod common;

use common::process::Ended;
use common::{Lab, repository};

/// The help of a command and, below it, of its commands.
fn pages(lab: &Lab, words: &[&str], out: &mut Vec<(String, String)>) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ple"));
    command.args(words).arg("--help");
    for (name, value) in lab.own_places() {
        command.env(name, value);
    }
    let ended = Ended::of(&mut command);
    assert_eq!(ended.code, Some(0), "{words:?}: {ended:?}");
    let commands = ended
        .out
        .lines()
        .skip_while(|l| *l != "Commands:")
        .skip(1)
        .take_while(|l| !l.is_empty());
    let names: Vec<&str> = commands
        .filter_map(|l| l.strip_prefix("  ")?.split(' ').next())
        .collect();
    let names: Vec<&str> = names.into_iter().filter(|n| !n.is_empty() && *n != "help").collect();
    let title = ["ple"].iter().chain(words).copied().collect::<Vec<_>>().join("-");
    out.push((title, ended.out.clone()));
    for name in names {
        let below: Vec<&str> = words.iter().copied().chain([name]).collect();
        pages(lab, &below, out);
    }
}

#[test]
fn the_help_of_every_command() {
    let mut all = Vec::new();
    pages(&Lab::new(), &[], &mut all);
    assert!(all.len() > 20, "{} commands", all.len());
    for (name, text) in all {
        insta::assert_snapshot!(name, text);
    }
}

/// Every file below a folder of the repository, by its path in it.
fn files(folder: &str, out: &mut Vec<String>) {
    for entry in std::fs::read_dir(repository().join(folder)).expect("a folder") {
        let entry = entry.expect("an entry");
        let path = format!("{folder}/{}", entry.file_name().to_str().expect("a name of letters"));
        match entry.path().is_dir() {
            true => files(&path, out),
            false => out.push(path),
        }
    }
}

fn document(name: &str) -> String {
    std::fs::read_to_string(repository().join(name)).expect("a document")
}

/// What looks like a path in a text: letters, digits, `_`, `-`, `.` and `/` in a row.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    text.split(move |c: char| !part(c))
        .filter(|word| !word.contains("NAME") && !word.contains("//"))
}

#[test]
fn the_files_that_documents_name_are_there() {
    let (mut all, mut named) = (Vec::new(), 0);
    ["src", "tests", "benches", "docs"]
        .iter()
        .for_each(|folder| files(folder, &mut all));
    let folder = |path: &str| repository().join(path).is_dir() || repository().join("src").join(path).is_dir();
    let mut wrong = Vec::new();
    let documents: Vec<&String> = all.iter().filter(|path| path.ends_with(".md")).collect();
    for name in documents.into_iter().map(String::as_str).chain(["README.md"]) {
        let text = document(name);
        for path in paths(&text) {
            // A path may be told from the room that the line is about.
            let is_there = match path {
                _ if path.ends_with(".rs") => all
                    .iter()
                    .any(|file| *file == path || file.ends_with(&format!("/{path}"))),
                _ if path.starts_with("src/") => folder(path) || all.iter().any(|file| file == path),
                _ if path.starts_with("docs/") => folder(path) || all.iter().any(|file| file == path),
                _ => continue,
            };
            named += 1;
            if !is_there {
                wrong.push(format!("{name}: {path}"));
            }
        }
    }
    assert!(named > 100, "{named} files are named");
    assert!(wrong.is_empty(), "no such file: {wrong:#?}");
}

#[test]
fn the_rooms_of_the_house_are_all_told() {
    let text = document("docs/architecture.md");
    for entry in std::fs::read_dir(repository().join("src")).expect("a folder") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_str().expect("a name of letters");
        let told = text.contains(&format!(" src/{name} ")) || text.contains(&format!(" src/{name}/ "));
        assert!(told || name == "lib.rs", "src/{name} is not in docs/architecture.md");
    }
}

#[test]
fn the_commands_of_the_readme_are_those_there_are() {
    let mut all = Vec::new();
    pages(&Lab::new(), &[], &mut all);
    let there: Vec<&str> = all
        .iter()
        .filter_map(|(title, _)| title.strip_prefix("ple-"))
        .filter(|words| !words.contains('-'))
        .collect();
    let readme = document("README.md");
    let told = |line: &str| -> Option<String> {
        let word = line.strip_prefix("ple ")?.split_whitespace().next()?.to_string();
        word.starts_with(|c: char| c.is_ascii_lowercase()).then_some(word)
    };
    let told: Vec<String> = readme.lines().filter_map(told).collect();
    for name in &there {
        let also = readme.contains(&format!("ple {name} "));
        assert!(also, "ple {name} is not in the README");
    }
    for name in told.iter().filter(|name| name.as_str() != "the") {
        assert!(there.contains(&name.as_str()), "there is no ple {name}");
    }
    assert!(told.len() > 20);
}

/// A room uses those that stand below it in docs/architecture.md, never those above; the exceptions are told there too.
#[test]
fn arrows_point_down() {
    let text = document("docs/architecture.md");
    let mut rooms: Vec<&str> = Vec::new();
    for line in text.lines() {
        let Some(path) = line.strip_prefix(" src/").and_then(|rest| rest.split(' ').next()) else {
            continue;
        };
        let room = path.split(['/', '.']).next().expect("a name");
        if !rooms.contains(&room) {
            rooms.push(room);
        }
    }
    // It stands apart in the picture: it uses the training thread and what is below.
    rooms.retain(|room| *room != "assets");
    let place = |room: &str| rooms.iter().position(|r| *r == room);
    let train = place("train").expect("a room");
    rooms.insert(train, "assets");
    let place = |room: &str| rooms.iter().position(|r| *r == room);
    let excepted = |path: &str, room: &str, used: &str| match used {
        "train" => matches!(room, "run" | "judge" | "evaluate"),
        "assets" => path.starts_with("src/train/setup/") || path == "src/train/cases.rs",
        _ => false,
    };
    let (mut all, mut wrong, mut arrows) = (Vec::new(), Vec::new(), 0);
    files("src", &mut all);
    let for_tests = |path: &str| {
        ["/tests/", "tests.rs", "fixtures"]
            .iter()
            .any(|part| path.contains(part))
    };
    all.retain(|path| path.ends_with(".rs") && !for_tests(path));
    for path in &all {
        let room = path
            .trim_start_matches("src/")
            .split(['/', '.'])
            .next()
            .expect("a name");
        let Some(own) = place(room) else { continue };
        let whole = document(path);
        let code = whole.split("#[cfg(test)]").next().unwrap_or_default();
        for used in code.split("crate::").skip(1) {
            let used = used.split(|c: char| !c.is_ascii_lowercase()).next().unwrap_or_default();
            let Some(other) = place(used).filter(|other| *other != own) else {
                continue;
            };
            arrows += 1;
            if other < own && !excepted(path, room, used) {
                wrong.push(format!("{path} uses {used}"));
            }
        }
    }
    assert!(rooms.len() > 15 && arrows > 300, "{rooms:?}, {arrows}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
