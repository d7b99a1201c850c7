//! The tasks and their two sets of queries.

use std::fmt;
use std::str::FromStr;

/// One of the paper's three tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Task {
    /// Answering a person's question, harmful ones included.
    Hh,
    /// Continuing a movie review.
    Imdb,
    /// Summarising a post.
    Tldr,
}

impl Task {
    /// Every task, in the order of the paper.
    pub const ALL: [Task; 3] = [Task::Hh, Task::Imdb, Task::Tldr];

    /// The name used in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Task::Hh => "hh",
            Task::Imdb => "imdb",
            Task::Tldr => "tldr",
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Task {
    type Err = UnknownTask;

    fn from_str(name: &str) -> Result<Self, UnknownTask> {
        Task::ALL
            .into_iter()
            .find(|task| task.name().eq_ignore_ascii_case(name.trim()))
            .ok_or_else(|| UnknownTask(name.to_string()))
    }
}

/// The name of a task that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownTask(pub String);

impl fmt::Display for UnknownTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no task is called {:?}: choose hh, imdb or tldr", self.0)
    }
}

impl std::error::Error for UnknownTask {}

/// Which queries: a fifth of all combinations of facts is kept out of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Queries for training.
    Train,
    /// Queries that no training text contains.
    Test,
}

impl Split {
    /// The split of a combination of facts that gives this number.
    pub(super) fn of(key: usize) -> Split {
        if key.is_multiple_of(5) {
            Split::Test
        } else {
            Split::Train
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for task in Task::ALL {
            assert_eq!(task.name().to_uppercase().parse(), Ok(task));
        }
        assert!("wiki".parse::<Task>().is_err());
    }
}
