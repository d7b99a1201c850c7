//! A reward model on a server that speaks OpenRLHF's `POST /get_reward`.
//!
//! The request is `{"query": [...], "prompts": [...], "labels": [...]}`, all three of one length: `query` holds prompt and
//! response as one text, `prompts` the prompt alone, `labels` what a data set has as the right answer, here always
//! empty. The reply is `{"rewards": [...], "scores": [...], "extra_logs": {...}}`. `rewards` is what is learnt from;
//! OpenRLHF uses `scores` only to leave out prompts, and `extra_logs` only for its charts, so neither is read here.

use std::time::Duration;

use serde_json::json;

use super::http::Client;
use super::{GiveUp, RewardError, RewardSource, Row, reply};
use crate::config::RewardSettings;

/// A server of rewards.
#[derive(Clone, Debug)]
pub struct RewardServer {
    client: Client,
    /// Rows of one request.
    batch: usize,
    /// Written after a response that ended by itself.
    end: String,
}

impl RewardServer {
    /// The server at an address, with the patience that the settings have.
    pub fn new(url: &str, settings: &RewardSettings) -> Self {
        let timeout = Duration::from_secs(u64::from(settings.timeout_seconds));
        Self::of(
            Client::new(url, timeout, settings.retries),
            settings.batch,
            &settings.end,
        )
    }

    /// A server asked by this client, `batch` rows at a time.
    pub fn of(client: Client, batch: usize, end: &str) -> Self {
        Self {
            client,
            batch: batch.max(1),
            end: end.to_string(),
        }
    }

    fn ask(&self, client: &Client, rows: &[Row<'_>], give_up: GiveUp<'_>) -> Result<Vec<f64>, RewardError> {
        let text = |row: &Row<'_>| {
            let end = if row.ended { self.end.as_str() } else { "" };
            format!("{} {}{end}", row.prompt, row.response)
        };
        let body = json!({
            "query": rows.iter().map(text).collect::<Vec<_>>(),
            "prompts": rows.iter().map(|row| row.prompt).collect::<Vec<_>>(),
            "labels": vec![""; rows.len()],
        });
        let text = client
            .post(&body.to_string(), give_up)
            .map_err(|error| RewardError::http(client.url(), error))?;
        reply::rewards(&text, rows.len()).map_err(|what| RewardError::Reply {
            url: client.url().to_string(),
            what,
        })
    }
}

impl RewardSource for RewardServer {
    fn score(&self, rows: &[Row<'_>], give_up: GiveUp<'_>) -> Result<Vec<f64>, RewardError> {
        let mut scores = Vec::with_capacity(rows.len());
        for batch in rows.chunks(self.batch) {
            scores.extend(self.ask(&self.client, batch, give_up)?);
        }
        Ok(scores)
    }

    fn probe(&self, row: Row<'_>) -> Result<(), RewardError> {
        self.ask(&self.client.once(), &[row], &|| false).map(drop)
    }
}
