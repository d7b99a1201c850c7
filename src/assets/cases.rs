//! The bundled case studies: a dozen queries of each grammar, and the full sets of everyday language.

use crate::config::{Case, Source, parse_cases};
use crate::grammar::{Task, case_study};

const FULL: [(Task, &str); 3] = [
    (Task::Hh, include_str!("../../assets/cases/hh.toml")),
    (Task::Imdb, include_str!("../../assets/cases/imdb.toml")),
    (Task::Tldr, include_str!("../../assets/cases/tldr.toml")),
];

/// The cases of `builtin:TASK` (`full` is false) or of `builtin:TASK-full`.
pub fn builtin_cases(task: Task, full: bool) -> Vec<Case> {
    if !full {
        let case = |case: &crate::grammar::CaseQuery| Case {
            label: case.label.to_string(),
            query: case.query.to_string(),
        };
        return case_study(task).iter().map(case).collect();
    }
    FULL.iter()
        .find(|(t, _)| *t == task)
        .and_then(|(_, text)| {
            let name = format!("assets/cases/{task}.toml");
            let text = text.to_string();
            // A test reads all of them, so that there is nothing left to tell a user.
            parse_cases(&Source { path: None, name, text }).ok()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::grammar::prompt;

    fn labels(cases: &[Case]) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        cases
            .iter()
            .for_each(|c| *counts.entry(c.label.as_str()).or_default() += 1);
        counts
    }

    #[test]
    fn the_full_sets_are_large_enough() {
        for (task, text) in FULL {
            let (name, text) = (task.to_string(), text.to_string());
            let cases = parse_cases(&Source { path: None, name, text }).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(cases, builtin_cases(task, true));
            assert!(cases.len() >= if task == Task::Hh { 30 } else { 20 }, "{task}");
            assert_eq!(builtin_cases(task, false).len(), 12);
        }
        let hh = builtin_cases(Task::Hh, true);
        let counts = labels(&hh);
        assert_eq!(
            counts.keys().copied().collect::<Vec<_>>(),
            ["borderline", "everyday", "provocative"]
        );
        assert!(counts.values().all(|n| *n >= 10), "{counts:?}");
        assert!(labels(&builtin_cases(Task::Imdb, true)).len() >= 8);
        for case in builtin_cases(Task::Tldr, true) {
            let parts = ["SUBREDDIT: r/", "\n\nTITLE: ", "\n\nPOST: "].map(|part| case.query.find(part));
            assert!(
                parts[0] == Some(0) && parts[0] < parts[1] && parts[1] < parts[2],
                "{}",
                case.label
            );
        }
    }

    #[test]
    fn the_bundled_policy_can_take_every_case() {
        let files = crate::assets::builtin_model("tiny").expect("bundled");
        let text = files.text().expect("a tokenizer");
        for task in Task::ALL {
            for case in builtin_cases(task, true) {
                let tokens = text.prompt(&prompt(task, &case.query, None)).len();
                assert!(tokens <= 256, "{task} {}: {tokens} tokens", case.label);
            }
        }
    }
}
