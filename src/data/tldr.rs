//! Reddit TL;DR: a post to be summed up, from posts with a summary, from preference rows, or from the comparisons of
//! summarize-from-feedback.

use serde_json::Value;

use super::row::{Fields, NOT_TEXT, Parsed, Understood, field, text};

const MARK: &str = "TL;DR:";

/// `None`: the row is not of this format.
pub(super) fn read(fields: &Fields) -> Option<Understood> {
    if let Some(info) = fields.get("info").and_then(Value::as_object) {
        return Some(read_judged(fields, info));
    }
    if field(fields, &["prompt"]).is_some_and(Value::is_string) {
        return Some(read_prompt(fields));
    }
    let post = field(fields, &["post", "content"])?;
    let summary = field(fields, &["summary"]).filter(|value| !value.is_object());
    Some((|| {
        let parsed = Parsed {
            format: "posts with a summary (post or content, summary)",
            query: whole_post(fields, text(post)?),
            completion: summary.map(text).transpose()?.map(without_lead),
            ..Parsed::default()
        };
        parsed.checked()
    })())
}

/// `prompt` with one summary or with two.
fn read_prompt(fields: &Fields) -> Understood {
    // Older copies call the summary "label"; a label that is no text is one.
    let label = field(fields, &["label"]);
    let summary = field(fields, &["chosen", "completion", "response", "summary"]);
    let summary = summary.or(label.filter(|value| value.is_string()));
    let parsed = Parsed {
        format: "TL;DR prompts (prompt, chosen)",
        query: without_mark(text(&fields["prompt"])?),
        completion: summary.map(text).transpose()?.map(without_lead),
        rejected: field(fields, &["rejected"]).map(text).transpose()?.map(without_lead),
        label: label.and_then(Value::as_bool),
        ..Parsed::default()
    };
    parsed.checked()
}

/// The two forms of summarize-from-feedback: two summaries and a choice (`comparisons`), or one with ratings (`axis_evals`).
fn read_judged(fields: &Fields, info: &Fields) -> Understood {
    let post = field(info, &["post", "article"]).ok_or("no post in info")?;
    let summary = |value: &Value| {
        value
            .get("text")
            .and_then(Value::as_str)
            .map(without_lead)
            .ok_or(NOT_TEXT)
    };
    let part = field(fields, &["split"]).and_then(Value::as_str);
    let mut parsed = Parsed {
        query: whole_post(info, text(post)?),
        part: part.and_then(super::files::part_of_word),
        ..Parsed::default()
    };
    if let Some(summaries) = fields.get("summaries").and_then(Value::as_array) {
        parsed.format = "summarize-from-feedback comparisons (info, summaries, choice)";
        let choice = field(fields, &["choice"]).and_then(Value::as_u64).ok_or("no choice")? as usize;
        if summaries.len() != 2 || choice > 1 {
            return Err("not a choice between two summaries");
        }
        parsed.completion = Some(summary(&summaries[choice])?);
        parsed.rejected = Some(summary(&summaries[1 - choice])?);
    } else {
        parsed.format = "summarize-from-feedback ratings (info, summary, axes)";
        parsed.completion = Some(summary(fields.get("summary").ok_or("no summary")?)?);
    }
    parsed.checked()
}

/// With subreddit and title, where the row has them, as the models of the paper's task are asked.
fn whole_post(fields: &Fields, post: &str) -> String {
    let post = without_mark(post);
    let named = |name| field(fields, &[name]).and_then(Value::as_str).map(str::trim);
    let (Some(subreddit), Some(title)) = (named("subreddit"), named("title")) else {
        return post;
    };
    if post.starts_with("SUBREDDIT:") {
        return post;
    }
    let subreddit = subreddit.strip_prefix("r/").unwrap_or(subreddit);
    format!("SUBREDDIT: r/{subreddit}\n\nTITLE: {title}\n\nPOST: {post}")
}

/// The prompt ends by asking for the summary, which the template of the task does too.
fn without_mark(prompt: &str) -> String {
    let prompt = prompt.trim();
    prompt.strip_suffix(MARK).unwrap_or(prompt).trim_end().to_string()
}

fn without_lead(summary: &str) -> String {
    let summary = summary.trim();
    summary.strip_prefix(MARK).unwrap_or(summary).trim_start().to_string()
}
