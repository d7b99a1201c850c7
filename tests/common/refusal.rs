//! Bad input is refused before anything is started or written.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Lab;
use super::process::Ended;

/// Runs a command that must be refused for all these reasons, with nothing left behind.
pub fn refused(lab: &Lab, mut command: Command, reasons: &[&str]) {
    let before = listing(&lab.runs());
    let ended = Ended::of(&mut command);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
    for reason in reasons {
        assert!(ended.err.contains(reason), "{reason:?} is not said in: {}", ended.err);
    }
    // What it would need may be said before.
    let mut lines = ended.err.lines().skip_while(|line| line.starts_with("memory: "));
    assert!(
        lines.next().is_some_and(|line| line.starts_with("ple: ")) && !ended.err.contains("panicked"),
        "{}",
        ended.err
    );
    assert_eq!(listing(&lab.runs()), before, "something was made in the folder of runs");
}

/// Every file of a folder with its bytes; `None` where there is no folder.
fn listing(folder: &Path) -> Option<Vec<(PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).ok()? {
        let path = entry.expect("an entry").path();
        match listing(&path) {
            Some(inner) => found.extend(inner),
            None => found.push((path.clone(), std::fs::read(&path).unwrap_or_default())),
        }
        found.push((path, Vec::new()));
    }
    found.sort();
    Some(found)
}
