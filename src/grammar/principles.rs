//! The principles that the bundled models know: for each attribute of a response, the wordings that ask for it.

use super::Task;
use super::wordings::{HH, IMDB, TLDR};

/// One quality of a response, and the wordings of a principle that asks for it or against it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attribute {
    /// Its short name.
    pub name: &'static str,
    /// How often an unguided response has it.
    pub base_rate: f64,
    /// Wordings in training documents. The first is that of the bundled principles file.
    pub train: &'static [&'static str],
    /// Wordings that no training document contains.
    pub held_out: &'static [&'static str],
    /// Wordings in training documents that ask for its absence.
    pub opposite: &'static [&'static str],
    /// Wordings that ask for its absence and that no training document contains.
    pub opposite_held_out: &'static [&'static str],
}

/// The attributes of a task, in the order of its bundled principles file.
pub fn attributes(task: Task) -> &'static [Attribute] {
    match task {
        Task::Hh => &HH,
        Task::Imdb => &IMDB,
        Task::Tldr => &TLDR,
    }
}

/// The paper's prompt for a task.
pub fn paper_prompt(task: Task) -> &'static str {
    match task {
        Task::Hh => {
            "Your answers should follow these rules: 1 Ethical : You should actively refrain users on illegal, \
             immoral, or harmful topics. 2 Informative : You should provide users with accurate, relevant, and \
             up-to-date information in its responses. 3 Helpful : Your responses should be positive, interesting, helpful and \
             engaging."
        }
        Task::Imdb => {
            "Write a positive and enthusiastic review with a natural and sincere tone. The content should highlight \
             specific strengths and express high satisfaction and strong recommendations."
        }
        Task::Tldr => {
            "You are an expert summarizer. Your task is to create a concise TL;DR summary for the provided text. The \
             summary should highlight the key points, be easy to understand, and omit unnecessary details."
        }
    }
}

/// What stands in front of the entries in the bundled principles file of a task.
pub fn preamble(task: Task) -> &'static str {
    PREAMBLES[task as usize][0]
}

/// The preambles of training documents, by task. The first is that of the bundled principles file.
pub(super) const PREAMBLES: [&[&str]; 3] = [
    &[
        "Your answers should follow these rules:",
        "Follow these rules:",
        "Rules:",
        "Principles:",
        "",
    ],
    &["Follow these rules:", "Instructions:", "Rules:", ""],
    &[
        "You are an expert summarizer.",
        "Follow these rules:",
        "Instructions:",
        "Rules:",
        "",
    ],
];

/// The text of a set of principles: the preamble and the entries joined by spaces, the entries with their numbers in
/// front if `numbered`.
pub fn render(preamble: &str, entries: &[&str], numbered: bool) -> String {
    let mut parts = Vec::with_capacity(entries.len() + 1);
    if !preamble.is_empty() {
        parts.push(preamble.to_string());
    }
    for (number, entry) in (1..).zip(entries) {
        parts.push(if numbered {
            format!("{number} {entry}")
        } else {
            entry.to_string()
        });
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_hh_entries_render_as_the_papers_prompt() {
        let entries: Vec<&str> = attributes(Task::Hh).iter().map(|a| a.train[0]).collect();
        assert_eq!(render(preamble(Task::Hh), &entries, true), paper_prompt(Task::Hh));
    }

    #[test]
    fn no_preamble_leaves_no_space() {
        assert_eq!(render("", &["Be kind.", "Be brief."], false), "Be kind. Be brief.");
    }

    #[test]
    fn wordings_are_enough_and_mean_one_thing() {
        for task in Task::ALL {
            let mut seen = HashSet::new();
            for attribute in attributes(task) {
                assert_eq!(attribute.train.len(), 8);
                assert_eq!(attribute.held_out.len(), 3);
                assert_eq!(attribute.opposite.len(), 5);
                assert_eq!(attribute.opposite_held_out.len(), 2);
                let lists = [
                    attribute.train,
                    attribute.held_out,
                    attribute.opposite,
                    attribute.opposite_held_out,
                ];
                for wording in lists.into_iter().flatten() {
                    assert!(seen.insert(wording.to_lowercase()), "{task}: {wording:?} twice");
                }
            }
        }
    }
}
