//! Where rewards come from: a model, a server, or rules. None of them ever sees the principles.

mod error;
pub mod http;
pub mod loss;
mod model;
mod remote;
mod reply;
mod rules;
mod shape;

pub use error::RewardError;
pub use model::{RewardModel, score, scores, scores_in};
pub use remote::RewardServer;
pub use rules::Rules;
pub use shape::shape;

/// A response to score, with all that a source of rewards may go by.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// x as the data have it.
    pub query: &'a str,
    /// x in the task's template, without principles: what the policy was given.
    pub prompt: &'a str,
    /// y as text.
    pub response: &'a str,
    /// y's tokens by the policy's tokenizer, end of sequence included.
    pub tokens: usize,
    /// Whether the response ended by itself; one that was cut off is scored as it is.
    pub ended: bool,
}

/// Asked again and again while a source of rewards takes its time: true when nobody wants the answer any more.
pub type GiveUp<'a> = &'a (dyn Fn() -> bool + Sync);

/// R(x, y).
pub trait RewardSource: Send + Sync {
    /// The scores of the rows, in their order; the same rows have the same scores whatever thread asks.
    ///
    /// A score that is not a number is one that the source cannot give for that row alone, as where the grammar does not
    /// know the query. An error means that no row has a score; asking again later may do.
    fn score(&self, rows: &[Row<'_>], give_up: GiveUp<'_>) -> Result<Vec<f64>, RewardError>;

    /// Scores one row to find out whether the source works at all, without the patience of a run that is under way.
    fn probe(&self, row: Row<'_>) -> Result<(), RewardError> {
        self.score(&[row], &|| false).map(drop)
    }
}

/// In the place of a source that nobody needs and that was not loaded.
pub struct Unscored;

impl RewardSource for Unscored {
    fn score(&self, _: &[Row<'_>], _: GiveUp<'_>) -> Result<Vec<f64>, RewardError> {
        Err(RewardError::NotLoaded)
    }
}
