//! Rows that any task may have: a query by its name, with or without a response.

use super::row::{Fields, Reading, field, parsed, text};

/// `None`: the row has none of these fields.
pub(super) fn read(fields: &Fields) -> Option<Reading> {
    let query = field(fields, &["query", "prompt"])?;
    Some((|| {
        let response = field(fields, &["response", "completion", "chosen"])
            .map(text)
            .transpose()?;
        let query = text(query)?.trim().to_string();
        parsed(
            "queries (query or prompt)",
            query,
            response.map(|r| r.trim().to_string()),
        )
    })())
}
