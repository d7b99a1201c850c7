//! The command line of the real binary: what it prints, what it trains, and with which code it ends.

mod common;

use common::process::{Ended, Process};
use common::record::{Record, events, open};
use common::{IMDB, Lab, TINY, set};
use ple::train::Event;

#[test]
fn quiet_prints_nothing_and_trains_all_the_same() {
    let lab = Lab::new();
    let ended = Ended::of(lab.train(IMDB, &[]).args(["--quiet", "--name", "silent"]));
    assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (Some(0), "", ""));
    assert_eq!(lab.state("silent"), "finished");
    assert_eq!(open(&lab.run("silent")).steps().expect("steps").len(), 3);
}

#[test]
fn without_a_terminal_progress_is_plain_lines() {
    let lab = Lab::new();
    let ended = Ended::of(&mut lab.train(IMDB, &[]));
    assert_eq!(ended.code, Some(0));
    assert!(
        ended.err.starts_with("memory: needs about ") && ended.err.lines().count() == 1,
        "{}",
        ended.err
    );
    assert!(!ended.out.contains(['\x1b', '\r']), "{:?}", ended.out);
    let starts: Vec<&str> = ended
        .out
        .lines()
        .map(|l| l.split([':', '(']).next().unwrap_or(l).trim())
        .collect();
    let run = lab.run("imdb-001").display().to_string();
    let expected = [
        "Positive movie reviews",
        "cpu",
        "sft 1/1",
        "held out after 0 steps",
        "ple 1/3",
        "ple 2/3",
        "held out after 2 steps",
        "ple 3/3",
        "held out after 3 steps",
    ];
    assert_eq!(starts[..9], expected, "{}", ended.out);
    let last = ended.out.lines().nth(9).expect("a last line");
    assert!(
        last.starts_with("finished after 3 steps") && last.ends_with(&run),
        "{last}"
    );
}

#[cfg(unix)]
#[test]
fn plain_ple_without_a_terminal_trains_the_bundled_experiment() {
    let lab = Lab::new();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ple"));
    // No repository is near, and no folder of runs is named.
    let mut ple = Process::start(command.current_dir(lab.path()));
    ple.until("ple 1/60: ");
    ple.signal("TERM");
    let ended = ple.end();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(
        ended.out.contains("finishing the step and writing a checkpoint"),
        "{}",
        ended.out
    );
    assert_eq!(lab.state("imdb-001"), "stopped");
    let reader = open(&lab.run("imdb-001"));
    let done = reader.steps().expect("steps").len() as u32;
    assert!((1..60).contains(&done), "{done}");
    assert_eq!(reader.checkpoint_steps().expect("checkpoints").last(), Some(&done));
    assert!(
        ended.out.contains(&format!("stopped after {done} steps")),
        "{}",
        ended.out
    );
}

#[test]
fn runs_are_listed_for_people_and_as_json() {
    let lab = Lab::new();
    let list = |lab: &Lab| Ended::of(&mut lab.ple(["runs"]));
    let none = list(&lab);
    assert_eq!(none.code, Some(0));
    assert!(none.out.starts_with("no runs in ") && !lab.runs().exists(), "{none:?}");
    assert_eq!(
        Ended::of(lab.train(IMDB, &["eval.every=0"]).args(["--quiet", "--name", "b"])).code,
        Some(0)
    );
    assert_eq!(
        Ended::of(
            lab.train(IMDB, &["title=Mine", "method.steps=1"])
                .args(["--quiet", "--name", "a"])
        )
        .code,
        Some(0)
    );
    let out = list(&lab).out;
    let rows: Vec<Vec<&str>> = out.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(rows.len(), 3, "{out}");
    assert_eq!(rows[1][..4], ["a", "finished", "ple", "1/1"]);
    // No reward model, so no accuracy; the truth of the last step stands there.
    assert!(rows[1][6].parse::<f64>().is_ok(), "{out}");
    assert_eq!(rows[1][7..], ["now", "Mine"]);
    assert_eq!(rows[2][..4], ["b", "finished", "ple", "3/3"]);
    let json = lab.list();
    assert_eq!(json.len(), 2);
    for (run, (name, steps)) in json.iter().zip([("a", 1), ("b", 3)]) {
        assert_eq!(
            (&run["name"], &run["state"], &run["task"]),
            (&name.into(), &"finished".into(), &"imdb".into())
        );
        assert_eq!(
            (&run["steps_done"], &run["steps_planned"]),
            (&steps.into(), &steps.into())
        );
        assert!(run["reward_original"].is_f64() && run["reward_guided"].is_f64());
    }
}

#[test]
fn the_command_line_explains_itself_and_refuses_what_it_does_not_know() {
    let lab = Lab::new();
    let version = Ended::of(&mut lab.ple(["--version"]));
    assert_eq!(
        (version.code, version.out),
        (Some(0), format!("ple {}\n", env!("CARGO_PKG_VERSION")))
    );
    let help = Ended::of(&mut lab.ple(["--help"]));
    assert_eq!((help.code, help.err.as_str()), (Some(0), ""));
    for command in ["open", "train", "resume", "runs", "assets"] {
        assert!(
            help.out.lines().any(|l| l.trim_start().starts_with(command)),
            "{command}: {}",
            help.out
        );
    }
    let refused: [&[&str]; 5] = [
        &["trian"],
        &["train"],
        &["train", IMDB, "--sett", "seed=1"],
        &["train", IMDB, "--json", "--quiet"],
        &["train", IMDB, "--seed", "one"],
    ];
    for args in refused {
        let ended = Ended::of(&mut lab.ple(args));
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(ended.err.starts_with("error: "), "{args:?}: {}", ended.err);
    }
    assert!(!lab.runs().exists());
}

#[test]
fn the_same_seed_gives_the_same_run_whatever_the_number_of_threads() {
    let lab = Lab::new();
    let train = |name: &str, threads: &str, more: &[&str]| {
        let mut command = lab.train(IMDB, &["method.replay=all"]);
        command
            .args(["--quiet", "--name", name])
            .args(more)
            .env("RAYON_NUM_THREADS", threads);
        assert_eq!(Ended::of(&mut command).code, Some(0));
        Record::of(&lab.run(name))
    };
    let first = train("first", "2", &["--seed", "7"]);
    assert_eq!(
        (first.steps.len(), first.pairs.len(), first.evaluations.len()),
        (3, 12, 3)
    );
    train("again", "1", &["--seed", "7"]).assert_same(&first);
    train("set", "5", &["--set", "seed=7"]).assert_same(&first);
    let other = train("other", "2", &["--seed", "8"]);
    for (a, b) in [
        (&first.steps, &other.steps),
        (&first.pairs, &other.pairs),
        (&first.sft, &other.sft),
    ] {
        assert!(a.iter().zip(b).all(|(a, b)| a != b), "another seed is another run");
    }
}

#[cfg(not(feature = "gpu"))]
#[test]
fn a_gpu_that_was_not_built_in_is_refused_and_auto_takes_the_cpu() {
    let lab = Lab::new();
    let ended = Ended::of(lab.train(IMDB, &[]).args(["--device", "gpu"]));
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
    let said = "ple: --device gpu: this build has no GPU support; build with `cargo build --release --features gpu`, \
                or use --device cpu\n";
    assert_eq!(ended.err, said);
    assert!(!lab.runs().exists());
    let auto = Ended::of(
        lab.train(IMDB, &["method.steps=1", "eval.every=0"])
            .args(["--device", "auto", "--json"]),
    );
    assert_eq!(auto.code, Some(0));
    assert_eq!(auto.events()[0]["device"], "cpu (burn-flex, f32)");
}

#[test]
fn a_bundled_experiment_runs_from_any_folder() {
    let lab = Lab::new();
    for task in ["hh", "tldr"] {
        let mut command = lab.train(&format!("experiments/{task}.toml"), &["method.steps=1", "eval.every=0"]);
        let ended = Ended::of(command.arg("--json").current_dir(lab.path()));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let started = &ended.events()[0];
        assert_eq!(started["experiment"]["task"], task);
        assert_eq!(started["run"], format!("{task}-001"));
    }
}

#[test]
fn a_setting_of_the_command_line_is_stored_with_the_run_as_used() {
    let lab = Lab::new();
    let sets = [
        "method.tau0=0.5",
        "title=A title of words",
        "policy.lora.rank=2",
        "method.steps=1",
        "eval.every=0",
    ];
    let mut command = lab.train(IMDB, &["method.tau0=9"]);
    set(&mut command, &sets);
    assert_eq!(
        Ended::of(command.args(["--quiet", "--name", "mine", "--seed", "3"])).code,
        Some(0)
    );
    let plan = open(&lab.run("mine")).started().expect("started").experiment;
    let experiment = plan.align().expect("a policy");
    assert_eq!(
        (experiment.title.as_str(), experiment.method.tau0, experiment.seed),
        ("A title of words", 0.5, 3)
    );
    let lora = serde_json::to_value(&experiment.policy.lora).expect("JSON");
    assert_eq!((&lora["rank"], &lora["alpha"]), (&2.into(), &16.0.into()));
    assert_eq!(open(&lab.run("mine")).steps().expect("steps")[0].tau, 0.5);
}

#[test]
fn algorithm_1_as_printed_runs_for_every_task() {
    for task in ["hh", "imdb", "tldr"] {
        let lab = Lab::new();
        let mut command = lab.ple([
            "train",
            &format!("experiments/as-printed/{task}.toml"),
            "--quiet",
            "--name",
            "r",
        ]);
        set(&mut command, &TINY);
        let ended = Ended::of(&mut command);
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{task}");
        let plan = open(&lab.run("r")).started().expect("started").experiment;
        let method = &plan.align().expect("a policy").method;
        let method = serde_json::to_value(method).expect("JSON");
        let found = ["replay", "eq4", "reduction"].map(|k| method[k].as_str().expect("a word"));
        assert_eq!(found, ["all", "sum", "sum"], "{task}");
        assert_eq!(method["max_grad_norm"], 0.0, "{task}");
        let members: Vec<usize> = open(&lab.run("r"))
            .steps()
            .expect("steps")
            .iter()
            .map(|s| s.ranked + s.weighted)
            .collect();
        assert_eq!(members, [4, 8, 12], "{task}");
        let paper = std::fs::read_to_string(common::repository().join(format!("principles/paper/{task}.toml")));
        let paper: toml::Table = paper.expect("a file").parse().expect("TOML");
        let used = events(&lab.run("r"))
            .into_iter()
            .find_map(|e| if let Event::Principles(v) = e { Some(v) } else { None });
        let used: Vec<String> = used
            .expect("principles")
            .principles
            .entries
            .into_iter()
            .map(|p| p.text)
            .collect();
        let written = paper["principle"]
            .as_array()
            .expect("entries")
            .iter()
            .map(|p| p["text"].as_str().expect("a text"));
        assert_eq!(used, written.collect::<Vec<_>>(), "{task}");
    }
}

#[test]
fn short_names_will_do_wherever_a_setting_is_set() {
    let lab = Lab::new();
    let ended = Ended::of(
        lab.train(IMDB, &["tau=0.15", "steps=1", "rate=0.002"])
            .args(["--quiet", "--name", "short"]),
    );
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let plan = open(&lab.run("short")).started().expect("started").experiment;
    let method = &plan.align().expect("an experiment").method;
    assert_eq!((method.tau0, method.steps, method.learning_rate), (0.15, 1, 0.002));
    // A mistake is told of what was typed, and a key that is none with the short names.
    let ended = Ended::of(&mut lab.train(IMDB, &["decay=2"]));
    assert!(
        ended.err.contains("--set decay=2: method.decay = 2: must be"),
        "{}",
        ended.err
    );
    let ended = Ended::of(&mut lab.ple(["fork", "short", "--set", "foo=1"]));
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("Short names are tau (method.tau0)"), "{}", ended.err);
}

#[test]
fn what_is_unusual_is_said_before_the_start_and_trained_all_the_same() {
    let lab = Lab::new();
    let sets = ["tau=-3", "method.learning_rate=0.5", "steps=1"];
    let ended = Ended::of(lab.train(IMDB, &sets).arg("--quiet"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for said in [
        "ple: warning: --set tau=-3: method.tau0 = -3: is below 0",
        "ple: warning: --set method.learning_rate=0.5: is over 0.1",
    ] {
        assert!(ended.err.contains(said), "{said:?} in {}", ended.err);
    }
    let ended = Ended::of(&mut lab.ple(["check", IMDB, "--set", "tau=-3"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("look: is below 0"), "{}", ended.out);
}

#[test]
fn the_list_of_runs_shows_truth_and_the_accuracy_only_where_there_is_one() {
    let lab = Lab::new();
    assert_eq!(
        Ended::of(lab.train(IMDB, &["steps=1"]).args(["--quiet", "--name", "a"])).code,
        Some(0)
    );
    let ended = Ended::of(&mut lab.ple(["runs"]));
    let head: Vec<&str> = ended.out.lines().next().expect("a head").split_whitespace().collect();
    assert_eq!(
        head,
        [
            "name", "state", "how", "steps", "original", "guided", "truth", "when", "title"
        ]
    );
    let row: Vec<&str> = ended.out.lines().nth(1).expect("a row").split_whitespace().collect();
    let listed = ple::run::run_summary(&lab.run("a")).expect("a run");
    assert_eq!(
        row[6],
        format!("{:+.2}", listed.truth_original.expect("a task of a grammar"))
    );
}
