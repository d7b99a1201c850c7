//! A row becomes a query and its responses: by the reader of the task, or else as any task may have it.

use std::borrow::Cow;
use std::path::Path;

use serde_json::Value;

use super::container::Raw;
use super::error::DataError;
use super::record::Reading;
use super::row::{Fields, Understood, field};
use super::stream::Stream;
use super::{generic, hh, imdb, tldr};
use crate::grammar::Task;

pub(super) const NO_FIELDS: &str = "no known fields";

/// The task is told by the first rows; so many are looked at.
const LOOKED_AT: usize = 20;

/// The fields of a row, or why it has none.
pub(super) fn fields_of(raw: &Raw) -> Result<Cow<'_, Fields>, &'static str> {
    let text = match raw {
        Raw::Fields(fields) => return Ok(Cow::Borrowed(fields)),
        Raw::Broken { reason, .. } => return Err(reason),
        Raw::Json(text) => text,
    };
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err("empty line");
    }
    let text = std::str::from_utf8(text).map_err(|_| "not UTF-8")?;
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(Cow::Owned(fields)),
        Ok(_) => Err("not an object"),
        Err(_) => Err("not JSON"),
    }
}

/// What a row says, or why it cannot be used.
pub(super) fn understand(fields: &Fields, reading: &Reading) -> Understood {
    let found = match reading.task {
        Task::Hh => hh::read(fields).or_else(|| generic::read(fields).map(|found| found.and_then(hh::flatten_prompt))),
        Task::Imdb => imdb::read(fields, reading).or_else(|| generic::read(fields)),
        Task::Tldr => tldr::read(fields).or_else(|| generic::read(fields)),
    };
    found.unwrap_or(Err(NO_FIELDS))
}

/// The task whose rows a file holds, by the fields of its first rows; `None` when they could be of any task.
pub fn guess_task(path: &Path) -> Result<Option<Task>, DataError> {
    let mut stream = Stream::open(path)?;
    for _ in 0..LOOKED_AT {
        let Some((_, raw)) = stream.next()? else { break };
        if let Some(task) = fields_of(&raw).ok().and_then(|fields| task_of(&fields)) {
            return Ok(Some(task));
        }
    }
    Ok(None)
}

fn task_of(fields: &Fields) -> Option<Task> {
    let has = |name| field(fields, &[name]).is_some();
    let is_post = |name| {
        let text = field(fields, &[name]).and_then(Value::as_str);
        text.is_some_and(|text| text.trim_start().starts_with("SUBREDDIT:"))
    };
    let is_judged = has("info") && (has("summaries") || has("summary"));
    if is_judged || is_post("prompt") || is_post("query") || has("summary") && (has("post") || has("content")) {
        return Some(Task::Tldr);
    }
    if (has("text") || has("review")) && !has("question_id") && !has("category") {
        return Some(Task::Imdb);
    }
    if has("chosen") && hh::read(fields).is_some_and(|found| found.is_ok()) {
        return Some(Task::Hh);
    }
    None
}
