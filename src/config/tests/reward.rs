use super::*;

const SOURCE: &str = "model = \"builtin:imdb-sentiment\"";

fn with(line: &str) -> RewardSettings {
    load(&GOOD.replacen(SOURCE, line, 1), &[]).unwrap().reward
}

#[test]
fn rewards_come_from_one_source() {
    let model = load(GOOD, &[]).unwrap().reward;
    assert_eq!(model, RewardSettings::model("builtin:imdb-sentiment"));
    assert_eq!(
        (model.source().as_str(), model.shaping()),
        ("builtin:imdb-sentiment", None)
    );
    let server = with("url = \"http://127.0.0.1:5000/get_reward\"\nretries = 1");
    assert_eq!((server.timeout_seconds, server.retries, server.batch), (30, 1, 64));
    assert_eq!(server.source(), "http://127.0.0.1:5000/get_reward");
    let rules = with("rules = [{ regex = \"thanks?\" }, { length = 40, slope = -0.1 }, { truth = 1 }]");
    let length = LengthRule {
        length: 40,
        slope: -0.1,
        count: Count::Words,
        side: Side::Both,
    };
    let regex = RegexRule {
        regex: "thanks?".into(),
        score: 1.0,
        each: false,
    };
    assert_eq!(
        rules.rules,
        [
            Rule::Regex(regex),
            Rule::Length(length),
            Rule::Truth(TruthRule { truth: 1.0 })
        ]
    );
    assert_eq!(rules.source(), "3 rules: regex, length, truth");
    assert_eq!(
        refused(SOURCE, "timeout_seconds = 3"),
        "experiments/imdb.toml:6: [reward]: wants one of model, url and rules; add, for example: model = \
         \"builtin:imdb-sentiment\""
    );
    assert_eq!(
        refused(SOURCE, &format!("{SOURCE}\nurl = \"http://localhost/\"")),
        "experiments/imdb.toml:8: reward.url = \"http://localhost/\": reward.model is there too, and a run has one source of \
         rewards; take one away"
    );
    // One that is set takes the place of the file's, but not of another that is set.
    let set = load(GOOD, &["reward.url=https://rewards.example/get_reward"]).unwrap();
    assert_eq!(set.reward.source(), "https://rewards.example/get_reward");
    let set = load(GOOD, &["reward.rules=[{ truth = 1.0 }]"]).unwrap();
    assert_eq!(set.reward.model, None);
    assert!(refused_set(&["reward.url=http://a/", "reward.model=builtin:b"]).contains("reward.model is there too"));
}

#[test]
fn a_source_that_cannot_be_used_is_told_with_its_line() {
    let example = "(for example \"http://127.0.0.1:5000/get_reward\")";
    for url in ["localhost:5000/get_reward", "ftp://host/", "/get_reward"] {
        assert_eq!(
            refused(SOURCE, &format!("url = \"{url}\"")),
            format!("experiments/imdb.toml:7: reward.url = \"{url}\": must begin with http:// or https:// {example}")
        );
    }
    assert!(refused_set(&["reward.url=http://a b/"]).contains("not an address"));
    assert_eq!(
        refused(SOURCE, "rules = [{ regex = \"a(b\" }]"),
        "experiments/imdb.toml:7: reward.rules.regex = \"a(b\": not a regular expression: unclosed group"
    );
    assert_eq!(
        refused(SOURCE, "rules = [{ score = 1.0 }]"),
        "experiments/imdb.toml:7: reward.rules = { score = 1.0 }: must have one of regex, length and truth (for example \
         [{ regex = \"thank you\", score = 1.0 }])"
    );
    assert_eq!(
        refused(SOURCE, "rules = [{ truth = 1.0, regex = \"a\" }]"),
        "experiments/imdb.toml:7: reward.rules = { truth = 1.0, regex = \"a\" }: has more than one of regex, length and \
         truth; make two of it"
    );
    assert_eq!(
        refused(SOURCE, "rules = [{ length = 40 }]"),
        "experiments/imdb.toml:7: reward.rules.slope: missing; add it to a rule by length, for example: slope = -0.1"
    );
    assert_eq!(
        refused(SOURCE, "rules = [\"short\"]"),
        "experiments/imdb.toml:7: reward.rules = \"short\": found a string, wants a list of tables (for example \
         [{ regex = \"thank you\", score = 1.0 }])"
    );
    assert_eq!(
        refused(SOURCE, "rules = []"),
        "experiments/imdb.toml:7: reward.rules = []: must not be empty (for example [{ regex = \"thank you\", score = 1.0 }])"
    );
}

#[test]
fn shaping_is_named_and_its_bounds_are_in_order() {
    let both = load(
        GOOD,
        &["reward.shape=standardise", "reward.clip={ low = -2, high = 2.5 }"],
    )
    .unwrap();
    let said = both.reward.shaping();
    assert_eq!(said.as_deref(), Some("standardised, clipped to [-2, 2.5]"));
    let clipped = load(GOOD, &["reward.clip.low=0", "reward.clip.high=1"]).unwrap().reward;
    assert_eq!(clipped.shaping().as_deref(), Some("clipped to [0, 1]"));
    assert_eq!(load(GOOD, &["reward.clip=none"]).unwrap().reward.shaping(), None);
    assert_eq!(
        refused(SOURCE, &format!("{SOURCE}\nclip = {{ low = 1.0, high = 1.0 }}")),
        "experiments/imdb.toml:8: reward.clip = { low = 1.0, high = 1.0 }: low must be less than high, found 1 and 1"
    );
    assert_eq!(
        refused_set(&["reward.shape=standardize"]),
        "--set reward.shape=standardize: must be \"none\" or \"standardise\"; did you mean \"standardise\"?"
    );
}

#[test]
fn every_source_is_written_and_read_back() {
    for line in [
        "url = \"http://127.0.0.1:5000/get_reward\"\nend = \"</s>\"\nshape = \"standardise\"",
        "rules = [\n  { regex = \"a \\\"b\\\" \\\\w\", score = 0.1, each = true },\n  { truth = 2 },\n]\nclip = { low = -1, high = 1 }",
        "rules = [{ length = 9, slope = 1e-3, count = \"tokens\", side = \"below\" }]",
    ] {
        let experiment = load(&GOOD.replacen(SOURCE, line, 1), &[]).unwrap();
        let text = experiment_to_toml(&experiment);
        assert_eq!(load(&text, &[]).unwrap(), experiment, "{text}");
    }
}
