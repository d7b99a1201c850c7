//! HH-RLHF: two transcripts a row, equal but for the last answer.

use super::dialogue::{NO_ASSISTANT_TURN, NO_HUMAN_TURN, Role, Turn, flatten};
use super::row::{EMPTY_ANSWER, Fields, NOT_SHARED, Parsed, Understood, field};

const HUMAN: &str = "\n\nHuman:";
const ASSISTANT: &str = "\n\nAssistant:";

/// `None`: the row is not of this format.
pub(super) fn read(fields: &Fields) -> Option<Understood> {
    if field(fields, &["query", "prompt"]).is_some() {
        return None;
    }
    let chosen = field(fields, &["chosen"])?.as_str()?;
    let rejected = field(fields, &["rejected"]).and_then(|value| value.as_str());
    let marked = |text: &str| text.contains(HUMAN) || text.contains(ASSISTANT) || text.starts_with(HUMAN.trim());
    (marked(chosen) || rejected.is_some_and(marked)).then(|| read_pair(chosen, rejected))
}

/// `chosen == rejected` is no fault here: the query and its answer are good, only the preference is void.
fn read_pair(chosen: &str, rejected: Option<&str>) -> Understood {
    let (history, completion) = chosen.rsplit_once(ASSISTANT).ok_or(NO_ASSISTANT_TURN)?;
    let rejected = match rejected.map(|text| text.rsplit_once(ASSISTANT)) {
        None => None,
        Some(Some((other, answer))) if other == history => Some(answer),
        Some(_) => return Err(NOT_SHARED),
    };
    if completion.contains(HUMAN) {
        return Err("ends with a human turn");
    }
    let query = flatten(&transcript(history)?)?;
    if completion.trim().is_empty() {
        return Err(EMPTY_ANSWER);
    }
    let parsed = Parsed {
        format: "HH-RLHF transcripts (chosen, rejected)",
        query,
        completion: Some(completion.trim().to_string()),
        // One that goes on with a human's words is no answer that could be compared.
        rejected: rejected
            .filter(|text| !text.contains(HUMAN))
            .map(|text| text.trim().to_string()),
        ..Parsed::default()
    };
    parsed.checked()
}

/// A prompt column beside the transcripts, as some copies of the set have it, becomes the same query.
pub(super) fn flatten_prompt(mut parsed: Parsed) -> Understood {
    let prompt = format!("\n\n{}", parsed.query);
    if !prompt.starts_with(HUMAN) {
        return Ok(parsed);
    }
    let history = prompt.trim_end().strip_suffix(ASSISTANT).unwrap_or(&prompt);
    parsed.query = flatten(&transcript(history)?)?;
    for response in [&mut parsed.completion, &mut parsed.rejected].into_iter().flatten() {
        let whole = format!("\n\n{response}");
        if let Some((_, last)) = whole.rsplit_once(ASSISTANT) {
            *response = last.trim().to_string();
        }
    }
    parsed.checked()
}

/// The turns of a transcript without its last answer. What comes before the first human turn is nobody's.
fn transcript(history: &str) -> Result<Vec<Turn>, &'static str> {
    let turns = match history.strip_prefix(HUMAN.trim()) {
        Some(turns) => turns,
        None => history.split_once(HUMAN).ok_or(NO_HUMAN_TURN)?.1,
    };
    let mut found = Vec::new();
    for turn in turns.split(HUMAN) {
        for (i, text) in turn.split(ASSISTANT).enumerate() {
            let role = if i == 0 { Role::Human } else { Role::Assistant };
            found.push(Turn {
                role,
                text: text.to_string(),
            });
        }
    }
    Ok(found)
}
