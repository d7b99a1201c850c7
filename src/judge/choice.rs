//! What a judge model wrote, read as a choice.

use std::sync::LazyLock;

use regex::Regex;

use super::Choice;

/// What an answer may be called.
const NAME: &str = r"(?:(?:response|answer|assistant|summary|option|text|review|continuation|model|candidate|output)\s+)?[\(\[\*_`\x22']*(?P<name>a|b|c|1|2|first|second|tie|neither|both|equal|draw)\b[\)\]\*_`\x22'.]*";

struct Patterns {
    thoughts: Regex,
    brackets: Regex,
    field: Regex,
    said: Regex,
    better: Regex,
    alone: Regex,
    tied: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let new = |pattern: &str| Regex::new(pattern).expect("the pattern is right");
    Patterns {
        thoughts: new(r"(?s)<think(?:ing)?>.*?</think(?:ing)?>"),
        brackets: new(r"(?i)\[\[\s*(?P<name>a|b|c|tie|1|2)\s*\]\]"),
        field: new(
            r#"(?i)"(?:winner|verdict|choice|better|preferred|preference|answer|result)"\s*:\s*"?\s*(?:response\s+|answer\s+)?(?P<name>a|b|c|1|2|first|second|tie|neither|both|equal|draw)\b\s*"?\s*(?:[,}\]\n]|$)"#,
        ),
        said: new(&format!(
            r"(?im)(?:verdict|winner|choice|answer|preferred|preference|decision|better|helpful|harmless|positive|accurate|concise|judg(?:e)?ment|conclusion)\s*(?:response|one|answer|is)?\s*[\*_]*\s*[:=]\s*[\*_\s]*{NAME}\s*$"
        )),
        better: new(
            r"(?i)\b(?:response|answer|assistant|summary|option|text|review|continuation|candidate|output)\s+[\(\[\*_`\x22']*(?P<name>a|b|1|2)[\)\]\*_`\x22']*\s+(?:is|wins|was|does|seems|appears)\b(?:\s+(?:the|a|an|clearly|slightly|much|overall|far|more|somewhat))*\s*(?:better|winner|best|stronger|preferable|superior|preferred|helpful|harmless|wins?)?",
        ),
        alone: new(&format!(r"(?i)^\W*{NAME}\W*$")),
        tied: new(
            r"(?i)\b(?:it is|it's|this is|call it|declare)\s+a\s+(?:tie|draw)\b|\bboth (?:responses |answers )?are equally\b|\bequally good\b",
        ),
    }
});

/// The choice in a judge's reply; `None` where there is none, or no clear one.
///
/// Read in this order: a mark `[[A]]`, a field of JSON, a line that ends in "...: A", a last line that is the name alone, a
/// sentence such as "Response A is better". The last of a kind counts, since a judge that compares first concludes last.
/// "Response A is more helpful, Response B is better" is no clear choice.
pub fn choice(text: &str) -> Option<Choice> {
    let p = &*PATTERNS;
    let text = p.thoughts.replace_all(text, "");
    let last = |pattern: &Regex| {
        let found = pattern.captures_iter(&text).last()?;
        Some(named(&found["name"]))
    };
    if let Some(choice) = last(&p.brackets).or_else(|| last(&p.field)).or_else(|| last(&p.said)) {
        return Some(choice);
    }
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let (first, end) = (lines.next()?, lines.next_back());
    for line in [end.unwrap_or(first), first] {
        if let Some(found) = p.alone.captures(line) {
            return Some(named(&found["name"]));
        }
    }
    let praised = |found: &regex::Captures<'_>| {
        let whole = found[0].to_ascii_lowercase();
        let ends = [
            "better",
            "winner",
            "best",
            "stronger",
            "preferable",
            "superior",
            "preferred",
            "helpful",
            "harmless",
            "wins",
            "win",
        ];
        ends.iter()
            .any(|end| whole.ends_with(end))
            .then(|| named(&found["name"]))
    };
    let all: Vec<Choice> = p.better.captures_iter(&text).filter_map(|c| praised(&c)).collect();
    match all[..] {
        [] if p.tied.is_match(&text) => Some(Choice::Tie),
        [one, ..] if all.iter().all(|c| *c == one) && !p.tied.is_match(&text) => Some(one),
        _ => None,
    }
}

fn named(name: &str) -> Choice {
    match &name.to_ascii_lowercase()[..] {
        "a" | "1" | "first" => Choice::First,
        "b" | "2" | "second" => Choice::Second,
        _ => Choice::Tie,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_judges_write_is_understood() {
        use Choice::{First, Second, Tie};
        let cases = [
            ("[[A]]", First),
            ("Both have merit.\n\n[[B]]", Second),
            ("I first thought [[A]], but on reflection [[B]].", Second),
            ("verdict: [[C]]", Tie),
            ("[[tie]]", Tie),
            ("A", First),
            ("b.", Second),
            ("**B**", Second),
            ("\"A\"", First),
            ("(B)", Second),
            ("Response A", First),
            ("tie", Tie),
            ("Comparison: A is kinder.\nMore helpful: A", First),
            ("Comparison: A is kinder.\nMore helpful: \"B\"", Second),
            ("Comparison: whatever.\n**More helpful:** B", Second),
            ("Comparison: whatever.\nPreferred: B\n", Second),
            ("Final verdict: **A**", First),
            ("Verdict: Response B.", Second),
            ("Winner: Tie", Tie),
            ("{\"reason\": \"A is rude\", \"winner\": \"B\"}", Second),
            ("```json\n{\"verdict\": \"tie\"}\n```", Tie),
            ("{\"winner\": 1}", First),
            ("Response A is better, since it answers.", First),
            ("Overall, Response B is clearly the better one", Second),
            ("<think>Maybe [[B]]? B is better.</think>\n[[A]]", First),
            ("I think that it is a tie.", Tie),
            ("A\n\nIt answers the question.", First),
            ("It answers the question.\n\n1", First),
        ];
        for (text, expected) in cases {
            assert_eq!(choice(text), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn what_says_nothing_clear_is_nothing() {
        for text in [
            "",
            "  \n ",
            "I cannot help with that.",
            "A good question. Both answers have weak points, so it depends.",
            "Response A is better at tone. Response B is better at facts.",
            "As an AI, I must be careful here.",
            "[[D]]",
            "<think>[[A]]</think>",
            "Response A is rude and Response B is short",
            "{\"winner\": null}",
            "{\"answer\": \"a good one\"}",
        ] {
            assert_eq!(choice(text), None, "{text:?}");
        }
    }
}
