//! The schemas of TRL, and lists of questions.

use super::*;

fn turn(role: &str, content: &str) -> serde_json::Value {
    serde_json::json!({"role": role, "content": content})
}

#[test]
fn conversations() {
    let (hi, hello, more) = (
        turn("user", "Hi\nyou"),
        turn("assistant", "Hello"),
        turn("user", "More"),
    );
    let ask = |row: serde_json::Value| one(Task::Hh, &row.to_string());
    let single = ("Hi\nyou".to_string(), Some("Hello".to_string()));
    assert_eq!(ask(serde_json::json!({"messages": [hi, hello]})), single);
    assert_eq!(ask(serde_json::json!({"prompt": [hi], "completion": [hello]})), single);
    assert_eq!(ask(serde_json::json!({"prompt": [hi]})), ("Hi\nyou".into(), None));
    assert_eq!(ask(serde_json::json!({"messages": [hi]})), ("Hi\nyou".into(), None));
    let dialogue = "Hi you assistant: Hello human: More".to_string();
    assert_eq!(
        ask(serde_json::json!({"messages": [hi, hello, more]})),
        (dialogue.clone(), None)
    );
    let share =
        serde_json::json!({"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Yo"}]});
    assert_eq!(ask(share), ("Hi".into(), Some("Yo".into())));
    let system = serde_json::json!({"messages": [turn("system", "Be brief."), hi, hello]});
    assert_eq!(ask(system), ("Be brief. Hi you".into(), Some("Hello".into())));
    let refused = |row: serde_json::Value| reason(Task::Hh, &row.to_string());
    assert_eq!(refused(serde_json::json!({"messages": [hello]})), "no human turn");
    assert_eq!(
        refused(serde_json::json!({"messages": [hi, hello, hello]})),
        "two assistant turns in a row"
    );
    assert_eq!(
        refused(serde_json::json!({"messages": [turn("tool", "x")]})),
        "a turn of neither user nor assistant"
    );
    assert_eq!(
        refused(serde_json::json!({"messages": [hi, turn("assistant", " ")]})),
        "empty answer"
    );
    assert_eq!(refused(serde_json::json!({"messages": []})), "no human turn");
}

#[test]
fn preferences_with_and_without_a_prompt() {
    let (hi, yes, no) = (turn("user", "Hi"), turn("assistant", "yes"), turn("assistant", "no"));
    let expected = ("Hi".to_string(), Some(("yes".to_string(), "no".to_string())));
    let pair = |row: &serde_json::Value| {
        let found = read_one(Task::Hh, Want::Preferences, &row.to_string()).unwrap();
        (found.query, found.preference)
    };
    for row in [
        serde_json::json!({"prompt": "Hi", "chosen": " yes", "rejected": " no"}),
        serde_json::json!({"prompt": [hi], "chosen": [yes], "rejected": [no]}),
        serde_json::json!({"chosen": [hi, yes], "rejected": [hi, no]}),
        serde_json::json!({"prompt": "Hi", "chosen": [hi, yes], "rejected": [hi, no]}),
        serde_json::json!({"prompt": "Hi", "chosen": [yes], "rejected": [no]}),
        serde_json::json!({"prompt": [hi], "chosen": "yes", "rejected": "no"}),
        serde_json::json!({"prompt": "\n\nHuman: Hi\n\nAssistant:", "chosen": " yes", "rejected": " no"}),
    ] {
        assert_eq!(pair(&row), expected, "{row}");
    }
    let implicit = serde_json::json!({"chosen": "The sky is blue.", "rejected": "The sky is black."});
    assert_eq!(
        pair(&implicit),
        ("The sky is".into(), Some(("blue.".into(), "black.".into())))
    );
    let refused = |row: serde_json::Value| reason(Task::Hh, &row.to_string());
    let not_shared = "chosen and rejected do not share the prompt";
    assert_eq!(
        refused(serde_json::json!({"chosen": [hi, yes], "rejected": [turn("user", "Ho"), no]})),
        not_shared
    );
    assert_eq!(
        refused(serde_json::json!({"chosen": "blue", "rejected": "black"})),
        not_shared
    );
    assert_eq!(
        refused(serde_json::json!({"chosen": "same it is", "rejected": "same it is"})),
        not_shared
    );
    assert_eq!(refused(serde_json::json!({"chosen": "blue"})), "no prompt");
}

#[test]
fn responses_with_a_label() {
    for task in [Task::Hh, Task::Tldr] {
        let row = r#"{"prompt": "Hi", "completion": "Yo", "label": false}"#;
        let found = read_one(task, Want::Labels, row).unwrap();
        assert_eq!((found.completion.as_deref(), found.label), (Some("Yo"), Some(false)));
        let message = read_one(task, Want::Labels, r#"{"prompt": "Hi", "label": true}"#).unwrap_err();
        assert!(message.to_string().contains("1 no text beside the label"), "{message}");
    }
}

#[test]
fn lists_of_questions() {
    for (row, query, response) in [
        (
            r#"{"question_id": 1, "category": "generic", "turns": ["Why?", "And then?"]}"#,
            "Why?",
            None,
        ),
        (
            r#"{"question_id": 1, "text": "Why?", "category": "generic"}"#,
            "Why?",
            None,
        ),
        (r#"{"goal": "Why?", "target": "Sure, here is why"}"#, "Why?", None),
        (r#"{"question": "Why?"}"#, "Why?", None),
        (
            r#"{"instruction": "Add.", "input": "1, 2", "output": "3"}"#,
            "Add.\n\n1, 2",
            Some("3"),
        ),
    ] {
        assert_eq!(one(Task::Hh, row), (query.into(), response.map(String::from)), "{row}");
    }
    let folder = folder_with(&[("goals.csv", b"goal,target\nWhy?,\"Sure, here is why\"\n")]);
    let found = read_queries(&folder.path().join("goals.csv"), Task::Hh).unwrap();
    assert_eq!(
        (found.records[0].query.as_str(), found.records[0].completion.as_deref()),
        ("Why?", None)
    );
    assert_eq!(found.account.format, "CSV: goals (goal, target)");
}
