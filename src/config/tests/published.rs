use super::*;

const FILE: &str = r#"source = "A paper, Table 1"
[[figure]]
task = "hh"
method = "PPO"
column = "perplexity"
value = 1.5
[[figure]]
task = "hh"
method = "PLE"
column = "perplexity"
value = 1.25
low = 1.0
high = 1.5
note = "of three runs"
[[figure]]
task = "hh"
column = "bleu"
low = 82
high = 88
"#;

fn read(text: &str) -> Result<Published, String> {
    let source = Source {
        path: None,
        name: "my/paper.toml".into(),
        text: text.into(),
    };
    load_published(&source).map_err(|e| e.to_string())
}

fn refused(from: &str, to: &str) -> String {
    assert!(FILE.contains(from), "{from}");
    read(&FILE.replacen(from, to, 1)).expect_err(to)
}

#[test]
fn published_figures_are_read() {
    let found = read(FILE).unwrap();
    assert_eq!((&found.label[..], found.figures.len()), ("paper", 3));
    assert_eq!(found.figures[1].note.as_deref(), Some("of three runs"));
    assert_eq!(
        (found.figures[2].method.as_ref(), found.figures[2].low),
        (None, Some(82.0))
    );
    found.check_methods(&["PPO", "PLE"]).unwrap();
    // A method that nobody ran is no mistake.
    found.check_methods(&["SFT"]).unwrap();
}

#[test]
fn what_is_wrong_with_them_is_named_with_its_line() {
    for (from, to, wanted) in [
        (
            "\"perplexity\"\nvalue = 1.5",
            "\"ppl\"\nvalue = 1.5",
            "my/paper.toml:5: figure.column = \"ppl\"",
        ),
        (
            "method = \"PLE\"",
            "method = \"ppo\"",
            "my/paper.toml:10: figure.column",
        ),
        ("method = \"PLE\"", "method = \"ppo\"", "there already in line 2"),
        ("value = 1.5\n", "", "my/paper.toml:2: figure.value: is missing"),
        (
            "low = 1.0",
            "low = 2.0",
            "my/paper.toml:12: figure.low = 2.0: is above high",
        ),
        (
            "value = 1.25",
            "value = 9",
            "my/paper.toml:11: figure.value = 9: lies outside",
        ),
        ("high = 88", "", "my/paper.toml:18: figure.low = 82: stands alone"),
        (
            "value = 1.25\n",
            "",
            "my/paper.toml:9: figure.method = \"PLE\": a range without a value",
        ),
        ("source = \"A paper, Table 1\"", "", "says nowhere where it was read"),
        (
            "value = 1.5",
            "value = 1.5\nvalues = 2",
            "my/paper.toml:7: figure.values: unknown key; did you mean 'value'?",
        ),
    ] {
        let said = refused(from, to);
        assert!(said.contains(wanted), "{to}: {said}");
    }
    let found = read(&FILE.replacen("\"PPO\"", "\"PPOO\"", 1)).unwrap();
    let said = found.check_methods(&["PPO", "PLE"]).unwrap_err().to_string();
    assert!(
        said.contains("my/paper.toml:4: figure.method = \"PPOO\"") && said.contains("did you mean \"PPO\"?"),
        "{said}"
    );
}
