use super::*;

const SPAN: &str = "must be two whole numbers of 1 or more, the smaller first (for example [2, 8])";

#[test]
fn settings_of_data_are_written_and_read_back() {
    let default = load(GOOD, &[]).unwrap().data;
    assert_eq!(
        (default.prefix_words, default.held_out, default.test),
        ([2, 8], 0.1, None)
    );
    let sets = [
        "data.queries=a/train.csv",
        "data.prefix_words=[3, 4]",
        "data.held_out=0.25",
        "data.test=a/test.csv",
        "data.max_response_tokens=99",
    ];
    let changed = load(GOOD, &sets).unwrap();
    assert_eq!(
        (changed.data.prefix_words, changed.data.test.as_deref()),
        ([3, 4], Some("a/test.csv"))
    );
    assert_eq!(load(&experiment_to_toml(&changed), &[]).unwrap(), changed);
    assert_eq!(
        refused_set(&["data.test=a/test.csv"]),
        "--set data.test=a/test.csv: the bundled grammars hold out a fifth by themselves; leave it out"
    );
    let nothing = ["data.queries=a.jsonl", "data.held_out=0"];
    assert_eq!(
        refused_set(&nothing),
        "--set data.held_out=0: holds nothing out to evaluate on; set data.test, or eval.every = 0, which never evaluates"
    );
    load(GOOD, &[nothing[0], nothing[1], "eval.every=0"]).unwrap();
    assert_eq!(
        refused_set(&["data.prefix_words=5"]),
        "--set data.prefix_words=5: found a whole number, wants two whole numbers of 1 or more, the smaller first (for \
         example [2, 8])"
    );
}

#[test]
fn reads_an_experiment_with_its_defaults() {
    let e = load(GOOD, &[]).unwrap();
    assert_eq!(
        (e.method.tau0, e.method.decay, e.method.replay),
        (0.2, 0.9, Replay::Window(4))
    );
    assert_eq!((e.data.max_query_tokens, e.seed, e.checkpoint.every), (256, 0, 10));
    assert_eq!(e.policy.lora, Lora::default());
    let without = GOOD.replace("lora = { rank = 8, alpha = 16, targets = \"all-linear\" }\n", "");
    assert_eq!(load(&without, &[]).unwrap().policy.lora, Lora::default());
    let none = load(GOOD, &["policy.lora=none", "method.replay=latest"]).unwrap();
    assert_eq!(
        (none.policy.lora, none.method.replay),
        (Lora::Off(NoLora::None), Replay::Latest)
    );
}

#[test]
fn says_which_key_is_not_known() {
    assert_eq!(
        refused("replay = { window = 4 }", "tau = 0.1"),
        "experiments/imdb.toml:20: method.tau: unknown key; did you mean 'tau0'? Keys of [method] are: name, preset, steps, \
         queries_per_step, learning_rate, tau0, decay, schedule, purity, replay, eq4, reduction, rank, weighted_sft, \
         minibatch, micro_batch, max_grad_norm, weight_decay, diagnostics, [stabilise], [dpo], [ppo], [raft]"
    );
    assert_eq!(
        refused("[eval]", "[evaluation]"),
        "experiments/imdb.toml:24: evaluation: unknown key; did you mean 'eval'? Keys at the top are: title, about, task, \
         seed, [policy], [reward], [data], [principles], [sft], [method], [generation], [eval], [checkpoint], [[schedule]]"
    );
    assert_eq!(
        refused("every = 5", "every = 5\ntop_p = 0.9"),
        "experiments/imdb.toml:26: eval.top_p: unknown key; it is a key of [generation]. Keys of [eval] are: every, queries, cases"
    );
    assert_eq!(
        refused("every = 5", "every = 5\nzebra = 0.9"),
        "experiments/imdb.toml:26: eval.zebra: unknown key. Keys of [eval] are: every, queries, cases"
    );
    assert_eq!(
        refused("rank = 8", "rnak = 8"),
        "experiments/imdb.toml:5: policy.lora.rnak: unknown key; did you mean 'rank'? Keys of policy.lora are: rank, alpha, \
         targets, dropout, rslora"
    );
}

#[test]
fn an_unknown_key_wins_over_a_missing_one_and_all_of_a_kind_are_told() {
    let both = GOOD
        .replace("max_new_tokens", "new_tokens")
        .replace("steps = 40\nqueries", "stps = 40\nqueries");
    assert_eq!(
        load(&both, &[])
            .unwrap_err()
            .to_string()
            .lines()
            .map(|l| l.split_once(" Keys").unwrap().0)
            .collect::<Vec<_>>(),
        [
            "experiments/imdb.toml:17: method.stps: unknown key; did you mean 'steps'?",
            "experiments/imdb.toml:22: generation.new_tokens: unknown key."
        ]
    );
}

#[test]
fn says_what_was_found_and_what_would_do() {
    assert_eq!(
        refused("steps = 40\nqueries", "steps = \"forty\"\nqueries"),
        "experiments/imdb.toml:17: method.steps = \"forty\": found a string, wants a whole number (for example 40)"
    );
    assert_eq!(
        refused("steps = 40\nqueries", "steps = 40.5\nqueries"),
        "experiments/imdb.toml:17: method.steps = 40.5: found a number with a fraction, wants a whole number (for example 40)"
    );
    assert_eq!(
        refused("temperature = 1", "temperature = \"hot\""),
        "experiments/imdb.toml:23: generation.temperature = \"hot\": found a string, wants a number (for example 1.0)"
    );
    assert_eq!(
        refused("\"builtin:tiny\"", "3"),
        "experiments/imdb.toml:4: policy.model = 3: found a whole number, wants a string (for example \"builtin:tiny\")"
    );
    assert_eq!(
        refused("name = \"ple\"", "name = \"plee\""),
        "experiments/imdb.toml:16: method.name = \"plee\": must be \"ple\", \"sft\", \"dpo\", \"ppo\" or \"raft\"; did you mean \"ple\"?"
    );
    assert_eq!(
        refused("task = \"imdb\"", "task = \"movies\""),
        "experiments/imdb.toml:2: task = \"movies\": must be \"hh\", \"imdb\" or \"tldr\""
    );
    assert_eq!(
        refused("replay = { window = 4 }", "rank = 1"),
        "experiments/imdb.toml:20: method.rank = 1: found a whole number, wants true or false"
    );
    assert_eq!(
        refused("replay = { window = 4 }", "replay = [1]"),
        "experiments/imdb.toml:20: method.replay = [1]: found an array, wants \"all\" or \"latest\" or a table such as \
         { window = 4 }"
    );
    assert_eq!(
        refused(
            "lora = { rank = 8, alpha = 16, targets = \"all-linear\" }",
            "lora = \"non\""
        ),
        "experiments/imdb.toml:5: policy.lora = \"non\": must be \"none\" or a table such as { rank = 8, alpha = 16, targets \
         = \"all-linear\" }; did you mean \"none\"?"
    );
    assert_eq!(
        refused("[eval]\nevery = 5\nqueries = 64\n", "[[eval]]\nevery = 5\n"),
        "experiments/imdb.toml:24: eval: found an array, wants a table [eval] of the keys: every, queries, cases"
    );
    assert_eq!(
        refused("title = \"Positive movie reviews\"", "title = 2020-01-01"),
        "experiments/imdb.toml:1: title = 2020-01-01: found a date, wants a string (for example \"Positive movie reviews\")"
    );
}

#[test]
fn says_what_is_missing() {
    assert_eq!(
        refused("queries_per_step = 24\n", ""),
        "experiments/imdb.toml:15: method.queries_per_step: missing; add it under [method], for example: \
         queries_per_step = 24"
    );
    assert_eq!(
        refused("title = \"Positive movie reviews\"\n", ""),
        "experiments/imdb.toml:1: title: missing; add it at the top, for example: title = \"Positive movie reviews\""
    );
    assert_eq!(
        refused("[eval]\nevery = 5\nqueries = 64\n", ""),
        "experiments/imdb.toml:23: [eval]: missing; add [eval] with, for example: every = 10, queries = 64"
    );
    assert_eq!(
        refused("rank = 8, ", ""),
        "experiments/imdb.toml:5: policy.lora.rank: missing; add it to policy.lora, for example: rank = 8"
    );
    assert_eq!(load("", &[]).unwrap_err().problems.len(), 10);
}

#[test]
fn holds_numbers_to_their_ranges() {
    assert_eq!(
        refused("temperature = 1", "temperature = -1"),
        "experiments/imdb.toml:23: generation.temperature = -1: must be a number of 0 or more"
    );
    let bad = [
        ("method.steps=0", "must be a whole number of 1 or more"),
        ("method.steps=4294967296", "must be a whole number from 1 to 4294967295"),
        ("method.queries_per_step=0", "must be a whole number from 1 to 4096"),
        ("method.queries_per_step=4097", "must be a whole number from 1 to 4096"),
        ("method.learning_rate=0", "must be a number greater than 0"),
        ("sft.learning_rate=-1e-3", "must be a number greater than 0"),
        ("sft.steps=-1", "must be a whole number of 0 or more"),
        ("sft.batch=0", "must be a whole number of 1 or more"),
        ("method.tau0=nan", "must be a finite number"),
        ("method.tau0=-inf", "must be a finite number"),
        ("method.tau0=1e999", "must be a finite number"),
        ("method.decay=0", "must be a number greater than 0 and at most 1"),
        ("method.decay=1.01", "must be a number greater than 0 and at most 1"),
        ("method.minibatch=0", "must be a whole number of 1 or more"),
        ("method.max_grad_norm=-0.5", "must be a number of 0 or more"),
        ("method.weight_decay=-1", "must be a number of 0 or more"),
        ("method.replay.window=0", "must be a whole number of 1 or more"),
        ("generation.top_p=0", "must be a number greater than 0 and at most 1"),
        ("generation.top_p=1.5", "must be a number greater than 0 and at most 1"),
        ("generation.top_k=-1", "must be a whole number of 0 or more"),
        ("generation.min_p=1", "must be a number of 0 or more and below 1"),
        ("generation.min_p=-0.1", "must be a number of 0 or more and below 1"),
        ("generation.repetition_penalty=0", "must be a number greater than 0"),
        ("generation.batch=-8", "must be a whole number of 0 or more"),
        ("generation.max_new_tokens=0", "must be a whole number from 1 to 4096"),
        ("data.max_query_tokens=0", "must be a whole number of 1 or more"),
        ("data.max_response_tokens=0", "must be a whole number of 1 or more"),
        ("data.held_out=1", "must be a number of 0 or more and below 1"),
        ("data.prefix_words=[0, 2]", SPAN),
        ("data.prefix_words=[3, 2]", SPAN),
        ("data.prefix_words=[2]", SPAN),
        ("data.prefix_words=[2, 2.5]", SPAN),
        ("policy.lora.rank=0", "must be a whole number from 1 to 1024"),
        ("policy.lora.rank=1025", "must be a whole number from 1 to 1024"),
        ("policy.lora.alpha=0", "must be a number greater than 0"),
        ("seed=-1", "must be a whole number from 0 to 18446744073709551615"),
        (
            "seed=99999999999999999999999999999999999999999999",
            "must be a whole number from 0 to 18446744073709551615",
        ),
        ("title= ", "must not be empty (for example \"Positive movie reviews\")"),
    ];
    for (set, message) in bad {
        assert_eq!(refused_set(&[set]), format!("--set {set}: {message}"));
    }
    for good in [
        "method.decay=1",
        "generation.temperature=0",
        "generation.top_p=1",
        "generation.top_k=0",
        "generation.min_p=0",
        "generation.repetition_penalty=1.2",
        "generation.batch=0",
        "method.tau0=-3",
        "method.max_grad_norm=0",
        "sft.steps=0",
        "seed=18446744073709551615",
        "eval.every=0",
    ] {
        load(GOOD, &[good]).unwrap();
    }
}

#[test]
fn holds_keys_against_each_other() {
    assert_eq!(
        refused("replay = { window = 4 }", "rank = false\nweighted_sft = false"),
        "experiments/imdb.toml:21: method.weighted_sft = false: method.rank is false too, so that nothing would be learnt; \
         set one of the two to true"
    );
    assert_eq!(
        refused_set(&["eval.queries=0"]),
        "--set eval.queries=0: must be 1 or more, since eval.every is 5; every = 0 never evaluates"
    );
    load(GOOD, &["eval.queries=0", "eval.every=0"]).unwrap();
    load(GOOD, &["method.rank=false"]).unwrap();
}
