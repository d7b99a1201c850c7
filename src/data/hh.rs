//! HH-RLHF: two transcripts a row, equal but for the last answer.

use super::row::{EMPTY_ANSWER, EMPTY_QUERY, Fields, Parsed, Reading, field, one_line, parsed, text};

const HUMAN: &str = "\n\nHuman:";
const ASSISTANT: &str = "\n\nAssistant:";

/// `None`: the row is not of this format.
pub(super) fn read(fields: &Fields) -> Option<Reading> {
    if field(fields, &["query", "prompt"]).is_some() {
        return None;
    }
    let chosen = field(fields, &["chosen"])?;
    let rejected = field(fields, &["rejected"]);
    Some((|| read_pair(text(chosen)?, rejected.map(text).transpose()?))())
}

/// `chosen == rejected` is no fault here: the query and its answer are good, only the preference is void.
fn read_pair(chosen: &str, rejected: Option<&str>) -> Reading {
    let (history, answer) = chosen.rsplit_once(ASSISTANT).ok_or("no assistant turn")?;
    if let Some(rejected) = rejected
        && rejected.rsplit_once(ASSISTANT).map(|(history, _)| history) != Some(history)
    {
        return Err("chosen and rejected do not share the prompt");
    }
    if answer.contains(HUMAN) {
        return Err("ends with a human turn");
    }
    let query = flatten(history)?;
    if answer.trim().is_empty() {
        return Err(EMPTY_ANSWER);
    }
    parsed(
        "HH-RLHF transcripts (chosen, rejected)",
        query,
        Some(answer.trim().to_string()),
    )
}

/// A prompt column beside the transcripts, as some copies of the set have it, becomes the same query.
pub(super) fn flatten_prompt(parsed: Parsed) -> Reading {
    let prompt = format!("\n\n{}", parsed.query);
    if !prompt.starts_with(HUMAN) {
        return Ok(parsed);
    }
    let history = prompt.trim_end().strip_suffix(ASSISTANT).unwrap_or(&prompt).to_string();
    let answer = parsed.response.as_ref().map(|r| format!("\n\n{r}"));
    let answer = answer.and_then(|r| r.rsplit_once(ASSISTANT).map(|(_, last)| last.trim().to_string()));
    super::row::parsed(parsed.format, flatten(&history)?, answer.or(parsed.response))
}

/// The dialogue on one line, "a assistant: b human: c". The first "human:" is left out, as the prompt template puts it
/// there, so that a single turn is the human's words alone.
fn flatten(history: &str) -> Result<String, &'static str> {
    let Some((_, turns)) = history.split_once(HUMAN) else {
        return Err("no human turn");
    };
    let mut words: Vec<String> = Vec::new();
    let mut last = "";
    for (i, turn) in turns.split(HUMAN).enumerate() {
        let mut replies = turn.split(ASSISTANT);
        let human = one_line(replies.next().unwrap_or_default());
        if i > 0 {
            words.push("human:".into());
        }
        let replies: Vec<String> = replies.map(one_line).collect();
        last = if replies.is_empty() { "human" } else { "assistant" };
        if replies.len() > 1 {
            return Err("two assistant turns in a row");
        }
        if human.is_empty() && replies.is_empty() {
            return Err(EMPTY_QUERY);
        }
        words.push(human);
        words.extend(
            replies
                .iter()
                .flat_map(|reply| ["assistant:".to_string(), reply.clone()]),
        );
    }
    // The answer follows, and an assistant turn in front of it is one too many.
    if last == "assistant" {
        return Err("two assistant turns in a row");
    }
    Ok(words
        .into_iter()
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" "))
}
