//! Bad input: every mistake is named with its place and what would do, and nothing is started or written.

mod common;

use std::process::Command;

use common::process::Ended;
use common::refusal::refused;
use common::{IMDB, Lab, repository, set};

/// The bundled experiment with one text replaced by another; the path of the file and the line of the other text.
fn changed(lab: &Lab, from: &str, to: &str) -> (String, usize) {
    let text = std::fs::read_to_string(repository().join(IMDB)).expect("the bundled experiment");
    assert_eq!(text.matches(from).count(), 1, "{from:?} is there once");
    let line = 1 + text[..text.find(from).expect("a place")].matches('\n').count();
    (lab.write("mine.toml", text.replace(from, to)), line)
}

#[test]
fn a_mistake_in_the_experiment_is_named_with_its_line() {
    let cases = [
        (
            "tau0 = 0.2",
            "taau0 = 0.2",
            "method.taau0: unknown key; did you mean 'tau0'?",
        ),
        (
            "steps = 60",
            "steps = \"many\"",
            "method.steps = \"many\": found a string, wants a whole number",
        ),
        (
            "steps = 60",
            "steps = 0",
            "method.steps = 0: must be a whole number of 1 or more",
        ),
        (
            "decay = 0.9",
            "decay = 1.5",
            "method.decay = 1.5: must be a number greater than 0 and at most 1",
        ),
        ("tau0 = 0.2", "tau0 = nan", "method.tau0 = nan: must be a finite number"),
        (
            "replay = \"latest\"\n",
            "replay = \"lates\"\n",
            "method.replay = \"lates\": must be \"all\" or \"latest\"",
        ),
        (
            "rank = true",
            "rank = 1",
            "method.rank = 1: found a whole number, wants true or false",
        ),
        (
            "rank = 8",
            "rank = 0",
            "policy.lora.rank = 0: must be a whole number from 1 to 1024",
        ),
        ("task = \"imdb\"", "task = \"imbd\"", "did you mean \"imdb\"?"),
        (
            "top_p = 1.0",
            "top_p = 0",
            "generation.top_p = 0: must be a number greater than 0 and at most 1",
        ),
        ("[eval]\n", "[evil]\n", "evil: unknown key; did you mean 'eval'?"),
        ("decay = 0.9", "decay = = 0.9", "decay = = 0.9: not TOML: "),
        ("decay = 0.9", "tau0 = 0.9", "not TOML: duplicate key"),
    ];
    for (from, to, reason) in cases {
        let lab = Lab::new();
        let (file, line) = changed(&lab, from, to);
        refused(&lab, lab.ple(["train", &file]), &[&format!("{file}:{line}: "), reason]);
    }
}

#[test]
fn all_mistakes_are_told_at_once_and_a_missing_key_with_an_example() {
    let lab = Lab::new();
    let (file, line) = changed(&lab, "tau0 = 0.2\ndecay = 0.9", "tauu0 = 0.2\ndecay = 2");
    let places = [
        format!("{file}:{line}: method.tauu0"),
        format!("{file}:{}: method.decay = 2", line + 1),
    ];
    refused(&lab, lab.ple(["train", &file]), &[&places[0], &places[1]]);
    let (file, _) = changed(&lab, "queries_per_step = 24\n", "");
    let reason = "method.queries_per_step: missing; add it under [method], for example: queries_per_step = 24";
    refused(&lab, lab.ple(["train", &file]), &[&file, reason]);
}

#[test]
fn an_experiment_that_cannot_be_read_is_named() {
    let lab = Lab::new();
    refused(
        &lab,
        lab.ple(["train", "experiments/imbd.toml"]),
        &["experiments/imbd.toml: no such file; did you mean 'imdb.toml'?"],
    );
    refused(
        &lab,
        lab.ple(["train", "nowhere/x.toml"]),
        &["nowhere/x.toml: no such file, and no folder nowhere"],
    );
    refused(
        &lab,
        lab.ple(["train", "experiments"]),
        &["experiments: is a folder, wants a file", "hh.toml"],
    );
    let file = lab.write("latin.toml", b"title = \"x\"\ntask = \"\xff\"\n");
    refused(&lab, lab.ple(["train", &file]), &[&format!("{file}:2: not UTF-8")]);
    let file = lab.write("empty.toml", "");
    refused(&lab, lab.ple(["train", &file]), &[&format!("{file}:1: "), "missing"]);
}

#[test]
fn the_workbench_without_a_terminal_is_refused_with_what_would_do() {
    let lab = Lab::new();
    refused(
        &lab,
        lab.ple(["open", IMDB]),
        &["needs a terminal", "ple train EXPERIMENT.toml"],
    );
}

/// Whatever of the data keeps a run from starting, `ple check` says it too.
#[test]
fn what_would_not_start_is_found_by_looking() {
    let lab = Lab::new();
    let lines = ["sky", "sea", "ice"].map(|what| format!("{{\"query\": \"why is the {what} blue?\"}}\n"));
    let queries = format!("data.queries={}", lab.write("queries.jsonl", lines.concat()));
    for (sets, reason) in [
        (
            ["sft.steps=0", "method.name=sft"],
            "has a response for SFT to learn from",
        ),
        (["sft.steps=2", "eval.every=0"], "set sft.steps = 0"),
        (
            ["sft.steps=0", "method.stabilise.sft=0.3"],
            "has a response to anchor to",
        ),
        (["sft.steps=0", "method.name=dpo"], "can be used"),
        (["sft.steps=0", "eval.cases=nothing.toml"], "nothing.toml"),
    ] {
        let sets = [&[queries.as_str(), "eval.queries=1"][..], &sets].concat();
        refused(&lab, lab.train("experiments/hh.toml", &sets), &[reason]);
        let mut check = lab.ple(["check", "experiments/hh.toml"]);
        set(&mut check, &sets);
        let ended = Ended::of(&mut check);
        assert_eq!(ended.code, Some(2), "{sets:?}: {ended:?}");
        assert!(ended.err.contains(reason), "{sets:?}: {}", ended.err);
    }
}

#[test]
fn principles_that_are_missing_or_wrong_are_named() {
    let lab = Lab::new();
    let (file, line) = changed(&lab, "\"principles/imdb.toml\"", "\"principles/imbd.toml\"");
    let place = format!("{file}:{line}: principles.file = \"principles/imbd.toml\"");
    refused(
        &lab,
        lab.ple(["train", &file]),
        &[&place, "no such file", "did you mean", "imdb.toml'?"],
    );
    let set = |path: &str| lab.train(IMDB, &[&format!("principles.file={path}")]);
    let none = lab.write("none.toml", "preamble = \"x\"\n");
    refused(
        &lab,
        set(&none),
        &[&none, "[[principle]]: missing; add at least one [[principle]]"],
    );
    let twice = lab.write(
        "twice.toml",
        "[[principle]]\nname = \"a\"\ntext = \"b\"\n[[principle]]\nname = \"a\"\ntext = \"c\"\n",
    );
    refused(
        &lab,
        set(&twice),
        &[&format!(
            "{twice}:5: principle.name = \"a\": line 2 has this name already"
        )],
    );
    let wrong = lab.write("wrong.toml", "[[principle]]\nname = \"a\"\ntxt = \"b\"\n");
    refused(
        &lab,
        set(&wrong),
        &[&format!("{wrong}:3: principle.txt"), "did you mean 'text'?"],
    );
}

#[test]
fn queries_that_are_missing_empty_or_broken_are_named() {
    let lab = Lab::new();
    let set = |path: &str| lab.train(IMDB, &[&format!("data.queries={path}")]);
    let good = format!("{{\"text\": \"{}\"}}\n", "a fine film. ".repeat(20)).repeat(30);
    lab.write("queries.jsonl", &good);
    let missing = lab.path().join("querys.jsonl").display().to_string();
    refused(
        &lab,
        set(&missing),
        &[&missing, "no such file; did you mean", "queries.jsonl"],
    );
    let empty = lab.write("empty.jsonl", "");
    refused(
        &lab,
        set(&empty),
        &[
            &empty,
            "no query that can be used: 0 rows read, 0 used. The file is empty",
            "{\"text\":",
        ],
    );
    let prose = lab.write("prose.jsonl", "once upon a time\n{\"title\": \"a\"}\n\n");
    let reasons = [
        "no query that can be used: 3 rows read, 0 used",
        "1 not JSON (row 1)",
        "1 no known fields (row 2)",
        "1 empty line (row 3)",
    ];
    refused(&lab, set(&prose), &[&[prose.as_str()], &reasons[..]].concat());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, good.as_bytes()).expect("gzip");
    let packed = packed.finish().expect("gzip");
    let cut = lab.write("cut.jsonl.gz", &packed[..packed.len() - 12]);
    refused(
        &lab,
        set(&cut),
        &[&cut, "the gzip stream is cut off here; fetch the file again"],
    );
    refused(
        &lab,
        set("builtin:hh"),
        &["data.queries = \"builtin:hh\"", "\"builtin:imdb\""],
    );
    let long = lab.train(
        IMDB,
        &[
            &format!("data.queries={}", lab.write("x.jsonl", &good)),
            "data.max_query_tokens=1",
        ],
    );
    refused(
        &lab,
        long,
        &["30 query of more than 1 tokens (row 1)", "Raise data.max_query_tokens"],
    );
}

#[test]
fn a_mistake_in_a_set_is_named() {
    let lab = Lab::new();
    let cases = [
        (
            "method.steps",
            "--set method.steps: wants key=value (for example method.steps=40)",
        ),
        ("=3", "--set =3: wants key=value"),
        (
            "method.stepz=3",
            "--set method.stepz=3: unknown key; did you mean 'steps'?",
        ),
        ("epochs=3", "--set epochs=3: unknown key. Keys at the top are: title,"),
        (
            "rate=fast",
            "--set rate=fast: method.learning_rate = fast: found a string",
        ),
        (
            "method.steps=3.5",
            "--set method.steps=3.5: found a number with a fraction, wants a whole number",
        ),
        (
            "method.decay=0",
            "--set method.decay=0: must be a number greater than 0 and at most 1",
        ),
        ("title.x=1", "title"),
        (
            "method.rank=yes",
            "--set method.rank=yes: found a string, wants true or false",
        ),
        ("seed=-1", "--set seed=-1: must be a whole number from 0 to"),
        (
            "method.name=grpo",
            "--set method.name=grpo: must be \"ple\", \"sft\", \"dpo\", \"ppo\" or \"raft\"",
        ),
    ];
    for (value, reason) in cases {
        refused(&lab, lab.ple(["train", IMDB, "--set", value]), &[reason]);
    }
}

#[test]
fn a_model_that_does_not_fit_is_named() {
    let lab = Lab::new();
    let set = |values: &[&str]| lab.train(IMDB, values);
    refused(
        &lab,
        set(&["policy.model=builtin:tyni"]),
        &["policy.model = \"builtin:tyni\"", "there are", "builtin:tiny"],
    );
    refused(
        &lab,
        set(&["reward.model=builtin:nobody"]),
        &["reward.model = \"builtin:nobody\"", "builtin:imdb-sentiment"],
    );
    refused(
        &lab,
        set(&["policy.model=builtin:imdb-sentiment"]),
        &["policy.model", "this is a reward model"],
    );
    refused(
        &lab,
        set(&["reward.model=builtin:tiny"]),
        &["reward.model", "this model has no score head"],
    );
    refused(
        &lab,
        set(&["policy.model=assets/no/tyni"]),
        &["assets/no/tyni", "no such file"],
    );
    refused(
        &lab,
        set(&["policy.model=experiments"]),
        &["policy.model: ", "config.json", "a model folder holds"],
    );
    let cut = lab.broken_reward();
    std::fs::write(format!("{cut}/model.safetensors"), b"half").expect("half a model");
    refused(
        &lab,
        set(&[&format!("reward.model={cut}")]),
        &["reward.model: ", "model.safetensors"],
    );
}

#[test]
fn a_run_that_is_there_is_never_overwritten() {
    let lab = Lab::new();
    assert_eq!(
        Ended::of(lab.train(IMDB, &["method.steps=1"]).args(["--quiet", "--name", "mine"])).code,
        Some(0)
    );
    let again = |name: &str| {
        let mut command = lab.train(IMDB, &[]);
        command.args(["--name", name]);
        command
    };
    refused(
        &lab,
        again("mine"),
        &["mine: already exists; choose another --name", "ple resume "],
    );
    refused(&lab, again("a/b"), &["cannot hold a run named \"a/b\""]);
    refused(&lab, again(".."), &["cannot hold a run named \"..\""]);
}

#[test]
fn a_folder_of_runs_that_cannot_be_written_is_named() {
    let lab = Lab::new();
    let file = lab.write("file", "in the way");
    let below = |runs: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ple"));
        command.args(["train", IMDB, "--runs", runs]).current_dir(repository());
        command
    };
    refused(
        &lab,
        below(&format!("{file}/runs")),
        &[&format!("{file}/runs"), "a file is in the way"],
    );
    refused(&lab, below(&file), &[&file, "a file is in the way"]);
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), "in the way");
    // A superuser may write anywhere: then there is nothing to refuse.
    let closed = lab.path().join("closed");
    std::fs::create_dir(&closed).expect("a folder");
    let mut rights = std::fs::metadata(&closed).expect("a folder").permissions();
    rights.set_readonly(true);
    std::fs::set_permissions(&closed, rights).expect("rights");
    if std::fs::write(closed.join("probe"), "").is_ok() {
        println!("skipped: this user may write a read-only folder");
        return;
    }
    let closed = closed.display().to_string();
    refused(
        &lab,
        below(&closed),
        &[&closed, "make the folder writable, or choose another with --runs"],
    );
}

#[test]
fn what_shows_only_while_loading_is_named_with_its_line_too() {
    let lab = Lab::new();
    let (file, line) = changed(&lab, "model = \"builtin:imdb-sentiment\"", "model = \"gpt-5\"");
    let place = format!("{file}:{line}: reward.model = \"gpt-5\": no such file");
    refused(&lab, lab.ple(["train", &file]), &[&place, "\"OWNER/NAME\" of the hub"]);
    let (file, line) = changed(&lab, "queries = \"builtin:imdb\"", "queries = \"reviews.jsonl\"");
    let place = format!("{file}:{line}: data.queries = \"reviews.jsonl\": no such file");
    refused(&lab, lab.ple(["train", &file]), &[&place]);
    let (file, line) = changed(&lab, "model = \"builtin:tiny\"", "model = \"builtin:small\"");
    let place =
        format!("{file}:{line}: policy.model = \"builtin:small\": no such bundled model; there are builtin:tiny\n");
    refused(&lab, lab.ple(["train", &file]), &[&place]);
    // From the command line, and a message about two keys.
    let set = ["train", IMDB, "--set", "data.queries=reviews.jsonl"];
    refused(
        &lab,
        lab.ple(set),
        &["ple: data.queries = \"reviews.jsonl\": no such file"],
    );
    let (file, line) = changed(&lab, "max_query_tokens = 256", "max_query_tokens = 1000");
    let place = format!("{file}:{line}: data.max_query_tokens = 1000, ");
    refused(&lab, lab.ple(["train", &file]), &[&place, "the policy reads"]);
}

#[test]
fn a_bare_name_of_no_file_is_answered_with_experiments() {
    let lab = Lab::new();
    let none = lab.ple(["train", "nope.toml"]);
    refused(&lab, none, &["nope.toml: no such file", "experiments/imdb.toml"]);
    let near = lab.ple(["train", "imbd.toml"]);
    refused(&lab, near, &["did you mean 'experiments/imdb.toml'?"]);
}
