//! One row type for all who read data: queries for a run, labelled texts and preference pairs for reward training.

use crate::grammar::Task;

/// What rows are read for: decides which rows will do, and which of their texts are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Queries, with a reference response where the row has one.
    Queries,
    /// Texts with a label: a row without `completion` or `label` is refused.
    Labels,
    /// Pairs of responses: a row without two, or with two equal ones, is refused.
    Preferences,
}

/// How rows are read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    pub task: Task,
    pub want: Want,
    /// The least and the most words of a review that are the query (IMDb alone).
    pub prefix_words: [usize; 2],
    /// Draws where a review is cut. The same review is cut at the same place, wherever in the files it stands.
    pub seed: u64,
}

impl Reading {
    /// With the settings' defaults: 2 to 8 words of a review, seed 0.
    pub fn of(task: Task, want: Want) -> Self {
        Self {
            task,
            want,
            prefix_words: [2, 8],
            seed: 0,
        }
    }
}

/// Queries of more tokens are left out and counted.
#[derive(Clone, Copy)]
pub struct Limit<'a> {
    /// Called from several threads.
    pub count_tokens: &'a (dyn Fn(&str) -> usize + Sync),
    pub max_query_tokens: usize,
}

/// Where a row belongs, by the name of its file or folder (`train`, `test`, `valid`, ...) or its own `split`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Nothing says otherwise.
    #[default]
    Train,
    /// Test or validation rows, which nothing may be trained on.
    Test,
}

/// A row that was understood. Only what its [`Want`] asks for is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// x: the dialogue so far on one line, the beginning of a review, the post. Never empty.
    pub query: String,
    /// y: the reply, the whole rest of the review, the summary. Never empty. For [`Want::Preferences`] always `None`.
    pub completion: Option<String>,
    /// The preferred response and the other, neither empty, never equal. Only for [`Want::Preferences`].
    pub preference: Option<(String, String)>,
    /// Good or bad, where the row says so. For [`Want::Labels`] always `Some`.
    pub label: Option<bool>,
    pub part: Part,
    /// Which file: an index into [`super::Account::files`].
    pub file: u32,
    /// Number of the row in that file, from 1 (the header of a table is not a row).
    pub row: u64,
}
