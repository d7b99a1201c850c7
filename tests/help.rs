//! What `--help` says of every command, as a picture: a flag that changes its words or goes is seen.

mod common;

use common::Lab;
use common::process::Ended;

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
