//! A dialogue that was put on one line, taken apart again.

use crate::model::Role;

/// The turns of a query: user, assistant, ..., user.
///
/// It may be a transcript ("\n\nHuman: ...\n\nAssistant: ...") or the one line that the data become ("a assistant: b
/// human: c"). A mark that does not change the speaker is a word like others, and so are all marks of a query that would
/// end with the assistant's words.
pub(super) fn turns(query: &str) -> Vec<(Role, String)> {
    let transcript = ["\n\nHuman:", "\n\nAssistant:"];
    let query = query.trim_end().strip_suffix(transcript[1]).unwrap_or(query);
    let found = match query.trim_start().strip_prefix("Human:") {
        Some(rest) => split(rest, transcript),
        None if query.contains(transcript[0]) => split(query, transcript),
        None => split(query, [" human:", " assistant:"]),
    };
    match found.last() {
        Some((Role::User, _)) => found,
        _ => vec![(Role::User, query.trim().to_string())],
    }
}

fn split(text: &str, [human, assistant]: [&str; 2]) -> Vec<(Role, String)> {
    let mut found = Vec::new();
    let (mut role, mut start, mut from) = (Role::User, 0, 0);
    loop {
        let (mark, next) = match role {
            Role::User => (assistant, Role::Assistant),
            _ => (human, Role::User),
        };
        let Some(at) = text[from..].find(mark).map(|at| at + from) else {
            found.push((role, text[start..].trim().to_string()));
            return found;
        };
        from = at + mark.len();
        // A whole word, not the beginning of "human:ity".
        if text[from..].chars().next().is_none_or(char::is_whitespace) {
            found.push((role, text[start..at].trim().to_string()));
            (role, start) = (next, from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(query: &str) -> Vec<String> {
        turns(query)
            .into_iter()
            .map(|(role, text)| format!("{}={text}", role.name()))
            .collect()
    }

    #[test]
    fn one_line_and_transcripts_give_the_same_turns() {
        let want = ["user=what is a gnu?", "assistant=an animal.", "user=where?"];
        assert_eq!(told("what is a gnu? assistant: an animal. human: where?"), want);
        assert_eq!(
            told("\n\nHuman: what is a gnu?\n\nAssistant: an animal.\n\nHuman: where?\n\nAssistant:"),
            want
        );
    }

    #[test]
    fn words_that_change_no_speaker_are_words() {
        assert_eq!(told("is a human: mortal?"), ["user=is a human: mortal?"]);
        assert_eq!(told("why assistant:ship?"), ["user=why assistant:ship?"]);
        let open = "define assistant: a helper";
        assert_eq!(told(open), [format!("user={open}")]);
        assert_eq!(told("a assistant: human: b"), ["user=a", "assistant=", "user=b"]);
        assert_eq!(told(""), ["user="]);
    }
}
