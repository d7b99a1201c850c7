use super::*;

#[test]
fn set_goes_over_the_file() {
    let e = load(
        &GOOD.replace("name = \"ple\"", "name = \"wrong in the file, put right by --set\""),
        &[
            "method.name=ple",
            "method.tau0 = 0.5",
            "policy.model=models/a=b",
            "title=42",
            "eval.every=1",
            "eval.every=2",
        ],
    )
    .unwrap();
    assert_eq!(
        (e.method.tau0, e.policy.model.as_str(), e.title.as_str()),
        (0.5, "models/a=b", "42")
    );
    assert_eq!(e.eval.every, 2);
    let rank = |sets: &[&str]| load(GOOD, sets).unwrap().policy.lora;
    let adapter = |rank| {
        Lora::Adapter(LoraAdapter {
            rank,
            ..LoraAdapter::default()
        })
    };
    assert_eq!(rank(&["policy.lora.rank=4"]), adapter(4));
    assert_eq!(rank(&["policy.lora=none", "policy.lora.rank=2"]), adapter(2));
    assert_eq!(rank(&["policy.lora={ rank = 3, alpha = 16 }"]), adapter(3));
    assert_eq!(
        load(GOOD, &["method.replay=all", "method.replay.window=7"])
            .unwrap()
            .method
            .replay,
        Replay::Window(7)
    );
    assert_eq!(load(GOOD, &["checkpoint.every=3"]).unwrap().checkpoint.every, 3);
    // By the short names, the last of several as ever.
    let short = load(GOOD, &["method.tau0=0.3", "tau=0.15", "rate=0.5", "steps=7"])
        .unwrap()
        .method;
    assert_eq!((short.tau0, short.learning_rate, short.steps), (0.15, 0.5, 7));
}

#[test]
fn set_is_checked_like_the_file() {
    assert_eq!(
        refused_set(&["generation.tau=0.1"]),
        "--set generation.tau=0.1: unknown key. Keys of [generation] are: max_new_tokens, temperature, top_p, top_k, min_p, repetition_penalty, batch"
    );
    assert_eq!(
        refused_set(&["metod.steps=3"]).split_once(" Keys").unwrap().0,
        "--set metod.steps=3: metod: unknown key; did you mean 'method'?"
    );
    assert_eq!(
        refused_set(&["method.steps"]),
        "--set method.steps: wants key=value (for example method.steps=40)"
    );
    assert_eq!(
        refused_set(&["=3"]),
        "--set =3: wants key=value (for example method.steps=40)"
    );
    assert_eq!(
        refused_set(&["method.steps.more=3"]),
        "--set method.steps.more=3: method.steps: is a whole number, not a table, so it has no key 'more'"
    );
    assert_eq!(
        refused_set(&["generation=warm"]).split_once(" of the keys").unwrap().0,
        "--set generation=warm: found a string, wants a table [generation]"
    );
    assert_eq!(
        refused_set(&["method.rank=True"]),
        "--set method.rank=True: found a string, wants true or false"
    );
    assert_eq!(
        refused_set(&["policy.lora={ rank = 0, alpha = 1 }"]),
        "--set policy.lora={ rank = 0, alpha = 1 }: policy.lora.rank = 0: must be a whole number from 1 to 1024"
    );
}

#[test]
fn text_that_is_not_toml_names_the_line() {
    assert_eq!(
        refused("steps = 40\nlearning", "steps =\nlearning"),
        "experiments/imdb.toml:13: steps =: not TOML: string values must be quoted, expected literal string"
    );
    assert_eq!(
        refused("every = 5", "every = 5\nevery = 6"),
        "experiments/imdb.toml:26: every = 6: not TOML: duplicate key"
    );
}

#[test]
fn an_error_found_later_is_put_to_its_key() {
    let missing = || find_file("nowhere/p.toml", None).unwrap_err();
    assert_eq!(
        missing().to_string(),
        "nowhere/p.toml: no such file. Looked for: nowhere/p.toml"
    );
    assert_eq!(
        missing().at_key(&source(GOOD), &[], "principles.file").to_string(),
        "experiments/imdb.toml:11: principles.file = \"principles/imdb.toml\": nowhere/p.toml: no such file. Looked for: \
         nowhere/p.toml"
    );
    let sets = ["principles.file=nowhere/p.toml".to_string()];
    assert_eq!(
        ConfigError::about_key(&source(GOOD), &sets, "principles.file", "is not there").to_string(),
        "--set principles.file=nowhere/p.toml: is not there"
    );
    assert_eq!(
        ConfigError::about_key(&source(GOOD), &[], "method.tau0", "is too small").to_string(),
        "experiments/imdb.toml: method.tau0: is too small"
    );
}

#[test]
fn an_experiment_written_reads_back_equal() {
    let mut e = load(GOOD, &["seed=18446744073709551615", "method.replay=all"]).unwrap();
    for (lora, replay) in [
        (Lora::default(), Replay::All),
        (Lora::Off(NoLora::None), Replay::Latest),
        (
            Lora::Adapter(LoraAdapter {
                rank: 1,
                alpha: 0.5,
                targets: LoraTargets::Names(vec!["q_proj".into(), "mlp.up_proj".into()]),
                dropout: 0.1,
                rslora: true,
            }),
            Replay::Window(9),
        ),
    ] {
        (e.policy.lora, e.method.replay) = (lora, replay);
        e.about = "Two lines,\n\"quotes\", a \\ and\r\n\ttabs ''' \"\"\" \u{7f} é".into();
        e.method.learning_rate = 3.3e-17;
        e.method.tau0 = -1e300;
        let text = experiment_to_toml(&e);
        assert_eq!(load(&text, &[]).unwrap(), e, "{text}");
    }
    assert_eq!(
        experiment_to_toml(&load(GOOD, &[]).unwrap())
            .lines()
            .take(8)
            .collect::<Vec<_>>(),
        [
            "title = \"Positive movie reviews\"",
            "about = \"\"",
            "task = \"imdb\"",
            "seed = 0",
            "",
            "[policy]",
            "model = \"builtin:tiny\"",
            "lora = { rank = 8, alpha = 16.0, targets = \"all-linear\", dropout = 0.0, rslora = false }",
        ]
    );
}
