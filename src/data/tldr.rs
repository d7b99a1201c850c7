//! Reddit TL;DR: a post to be summed up, from preference rows or from posts with a summary.

use super::row::{Fields, Reading, field, parsed, text};

const MARK: &str = "TL;DR:";

/// `None`: the row is not of this format.
pub(super) fn read(fields: &Fields) -> Option<Reading> {
    let (format, post, summary) = if let Some(prompt) = field(fields, &["prompt"]) {
        let summary = field(fields, &["chosen", "completion", "response", "summary", "label"]);
        ("TL;DR prompts (prompt, chosen)", prompt, summary)
    } else {
        (
            "posts with a summary (post or content, summary)",
            field(fields, &["post", "content"])?,
            field(fields, &["summary"]),
        )
    };
    Some((|| {
        let summary = summary.map(text).transpose()?;
        parsed(format, without_mark(text(post)?), summary.map(summary_text))
    })())
}

/// The prompt ends by asking for the summary, which the template of the task does too.
fn without_mark(prompt: &str) -> String {
    let prompt = prompt.trim();
    prompt.strip_suffix(MARK).unwrap_or(prompt).trim_end().to_string()
}

fn summary_text(summary: &str) -> String {
    let summary = summary.trim();
    summary.strip_prefix(MARK).unwrap_or(summary).trim_start().to_string()
}
