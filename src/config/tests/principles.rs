use super::*;

#[test]
fn reads_and_writes_principles() {
    let mut two = principles(TWO).unwrap();
    assert_eq!(two.entries.len(), 2);
    assert!(two.entries[0].on && !two.entries[1].on && two.numbered == Numbering::Off);
    assert_eq!(
        principles_to_toml(&two),
        TWO.replace("kind.\"\n", "kind.\"\non = true\n")
    );
    two.numbered = Numbering::Dot;
    two.preamble = String::new();
    two.entries[0].text = "Line\nline \"x\"\r\n'''\"\"\" \\ \u{0} end\n".into();
    assert_eq!(principles(&principles_to_toml(&two)).unwrap(), two);
}

#[test]
fn says_what_is_wrong_with_principles() {
    let refused = |from: &str, to: &str| principles(&TWO.replacen(from, to, 1)).unwrap_err().to_string();
    assert_eq!(
        refused("text =", "txt ="),
        "principles/hh.toml:5: principle.txt: unknown key; did you mean 'text'? Keys of [[principle]] are: name, text, on, tags"
    );
    assert_eq!(
        refused("\"Be kind.\"", "\"\""),
        "principles/hh.toml:5: principle.text = \"\": must not be empty (for example \"Be kind to everyone.\")"
    );
    assert_eq!(
        refused("\"short\"", "\" \""),
        "principles/hh.toml:8: principle.name = \" \": must not be empty (for example \"kind\")"
    );
    assert_eq!(
        refused("\"short\"", "\"kind\""),
        "principles/hh.toml:8: principle.name = \"kind\": line 4 has this name already; give each principle its own"
    );
    assert_eq!(
        refused("text = \"Be short.\"\n", ""),
        "principles/hh.toml:7: principle.text: missing; add it under [[principle]], for example: text = \"Be kind to \
         everyone.\""
    );
    let none = "missing; add at least one [[principle]] with, for example: name = \"kind\", text = \"Be kind to \
                everyone.\"";
    assert_eq!(
        principles("preamble = \"x\"\n").unwrap_err().to_string(),
        format!("principles/hh.toml:1: [[principle]]: {none}")
    );
    assert_eq!(
        principles("principle = []").unwrap_err().to_string(),
        format!(
            "principles/hh.toml:1: principle = []: {}",
            none.replace("missing", "must not be empty")
        )
    );
    assert_eq!(
        principles("[principle]\nname = \"a\"\ntext = \"b\"")
            .unwrap_err()
            .to_string(),
        "principles/hh.toml:1: principle: found a table, wants tables [[principle]] of the keys: name, text, on, tags"
    );
    assert_eq!(
        principles("[[principles]]\nname = \"a\"\ntext = \"b\"")
            .unwrap_err()
            .to_string(),
        "principles/hh.toml:1: principles: unknown key; did you mean 'principle'? Keys at the top are: preamble, numbered, \
         [[principle]]"
    );
}
