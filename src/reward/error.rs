//! Why no row of a batch has a score.

use super::http::HttpError;

/// Why a source of rewards gave no scores. Nothing is lost by it: the same rows can be scored later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RewardError {
    /// Nobody waits for the scores any more; nothing is wrong with the source.
    #[error("interrupted")]
    Interrupted,
    /// Answers alone were asked for.
    #[error("the source of rewards was not loaded, since only answers were asked for")]
    NotLoaded,
    /// The server did not answer, or answered that it will not.
    #[error("{url}: {what}")]
    NoAnswer { url: String, what: String },
    /// The server answered with something that is not a score for every row.
    #[error("{url}: wrong reply: {what}")]
    Reply { url: String, what: String },
}

impl RewardError {
    /// An error of the server at an address.
    pub(super) fn http(url: &str, error: HttpError) -> Self {
        match error {
            HttpError::Interrupted => RewardError::Interrupted,
            other => RewardError::NoAnswer {
                url: url.to_string(),
                what: other.to_string(),
            },
        }
    }
}
