use super::*;

/// The good experiment by another method, with more lines in `[method]`, and what follows it.
fn text(name: &str, lines: &str) -> String {
    let method = format!("name = \"{name}\"");
    GOOD.replace("name = \"ple\"", &method)
        .replace("replay = { window = 4 }\n", &format!("{lines}\n"))
}

fn of(name: &str, lines: &str) -> Result<Experiment, ConfigError> {
    load(&text(name, lines), &[])
}

fn wrong(name: &str, lines: &str) -> String {
    of(name, lines).unwrap_err().to_string()
}

#[test]
fn a_method_has_its_defaults_spelt_out_and_no_others() {
    let ppo = of("ppo", "").unwrap().method;
    assert_eq!(
        (ppo.ppo.clone(), ppo.dpo, ppo.raft),
        (Some(PpoSettings::default()), None, None)
    );
    let defaults = ppo.ppo.unwrap();
    assert_eq!(
        (defaults.epochs, defaults.kl_coef, defaults.clip, defaults.lambda),
        (4, 0.05, 0.2, 0.95)
    );
    let raft = of("raft", "[method.raft]\nsamples = 8").unwrap().method;
    assert_eq!(raft.raft.map(|r| (r.keep, r.samples)), Some((RaftKeep::Local, 8)));
    assert_eq!(of("dpo", "").unwrap().method.dpo.map(|d| d.beta), Some(0.1));
    assert_eq!(load(GOOD, &[]).unwrap().method.ppo, None);
}

#[test]
fn every_method_is_written_and_read_back() {
    for (name, lines) in [
        ("sft", ""),
        ("dpo", "[method.dpo]\nbeta = 0.3"),
        (
            "ppo",
            "[method.ppo]\nadaptive_kl = { target = 3, horizon = 500 }\nmissing_eos_penalty = 1",
        ),
        ("raft", ""),
        ("raft", "[method.raft]\nkeep = \"top\"\nshare = 0.5"),
        ("ppo", "preset = \"trl-2026\""),
        (
            "ple",
            "schedule = \"pure\"\npurity = 0.9\n[method.stabilise]\nclip = 0.1\nkl = 0.05\nsft = 0.3",
        ),
    ] {
        let experiment = of(name, lines).unwrap();
        let written = experiment_to_toml(&experiment);
        assert_eq!(load(&written, &[]).unwrap(), experiment, "{written}");
    }
}

#[test]
fn there_is_one_form_of_the_losses_and_any_anchor() {
    assert_eq!(
        wrong("ple", "[method.stabilise]\nkl = 0.1\nhinge = 1\nimportance = 2"),
        "experiments/imdb.toml:22: method.stabilise.hinge = 1: method.stabilise.importance is another form of the same losses; \
         leave one of the two out"
    );
    assert_eq!(
        wrong("dpo", "[method.stabilise]\nkl = 0.1"),
        "experiments/imdb.toml:20: method.stabilise: only PLE has this setting, and method.name is \"dpo\"; leave it out"
    );
    let method = of("ple", "[method.stabilise]\nsigmoid = 2\nkl = 0.1\nsft = 0.3")
        .unwrap()
        .method;
    assert_eq!(method.stabilise.on(), [("sigmoid", 2.0), ("kl", 0.1), ("sft", 0.3)]);
    assert!(load(GOOD, &[]).unwrap().method.stabilise.is_off());
}

#[test]
fn settings_of_another_method_are_refused() {
    assert_eq!(
        wrong("ppo", "tau0 = 0.2"),
        "experiments/imdb.toml:20: method.tau0 = 0.2: only PLE has this setting, and method.name is \"ppo\"; leave it out"
    );
    assert_eq!(
        wrong("ppo", "[method.dpo]\nbeta = 0.2"),
        "experiments/imdb.toml:20: method.dpo: only DPO has these settings, and method.name is \"ppo\"; leave the table out"
    );
    assert_eq!(
        wrong("dpo", "[method.dpo]\nbeta = 0"),
        "experiments/imdb.toml:21: method.dpo.beta = 0: must be a number greater than 0"
    );
    assert_eq!(
        wrong("raft", "[method.raft]\nsamples = 1"),
        "experiments/imdb.toml:21: method.raft.samples = 1: there is nothing to choose from one response to a query; take 2 \
         or more, or keep = \"top\""
    );
    assert_eq!(
        wrong("raft", "[method.raft]\nshare = 0.5"),
        "experiments/imdb.toml:21: method.raft.share = 0.5: keep = \"local\" keeps one response of each query; leave it \
         out, or set keep = \"top\""
    );
    let stuck = "[method.ppo]\nkl_coef = 0\nadaptive_kl = { target = 6, horizon = 100 }";
    assert_eq!(
        wrong("ppo", stuck),
        "experiments/imdb.toml:21: method.ppo.kl_coef = 0: starts at 0 and would stay there, since adaptive_kl only scales \
         it; give it a number greater than 0"
    );
    let greedy = load(&text("ppo", ""), &["generation.temperature=0"])
        .unwrap_err()
        .to_string();
    assert!(greedy.contains("PPO learns from what was sampled"), "{greedy}");
}

#[test]
fn a_method_that_is_set_takes_the_place_of_the_files() {
    let changed = load(GOOD, &["method.name=raft", "method.raft.samples=2"])
        .unwrap()
        .method;
    assert_eq!((changed.name, changed.raft().samples), (MethodName::Raft, 2));
    assert_eq!(
        refused_set(&["method.name=raft", "method.tau0=0.1"]),
        "--set method.tau0=0.1: only PLE has this setting, and method.name is \"raft\"; leave it out"
    );
}

#[test]
fn a_preset_fills_in_what_the_file_leaves_out() {
    let without = text("ppo", "preset = \"trl-0.11\"")
        .replacen("learning_rate = 1e-3\npreset", "preset", 1)
        .replace("max_new_tokens = 32\ntemperature = 1\n", "");
    let e = load(&without, &[]).unwrap();
    assert_eq!(
        (
            e.method.learning_rate,
            e.generation.temperature,
            e.generation.max_new_tokens
        ),
        (5e-5, 0.7, 53)
    );
    // The file's own keys win.
    let e = of("ppo", "preset = \"trl-0.9\"\n[method.ppo]\nkl_coef = 0.5").unwrap();
    let ppo = e.method.ppo();
    assert_eq!(
        (e.method.learning_rate, ppo.kl_coef, e.method.minibatch),
        (1e-3, 0.5, 128)
    );
    assert_eq!(
        ppo.adaptive_kl,
        AdaptiveKl::To(KlTarget {
            target: 6.0,
            horizon: 10_000.0
        })
    );
    assert_eq!(
        wrong("ppo", "preset = \"lmflow-raft\""),
        "experiments/imdb.toml:20: method.preset = \"lmflow-raft\": has no settings for method.name = \"ppo\", only for \
         \"raft\"; leave it out"
    );
    assert_eq!(
        wrong("ppo", "preset = \"trl-1\""),
        "experiments/imdb.toml:20: method.preset = \"trl-1\": must be \"trl-0.9\", \"trl-0.11\", \"trl-2026\", \
         \"lmflow-raft\" or \"paper\""
    );
    for preset in ["trl-0.9", "trl-0.11", "trl-2026"] {
        for name in ["sft", "dpo", "ppo"] {
            of(name, &format!("preset = \"{preset}\"")).unwrap();
        }
    }
    of("raft", "preset = \"lmflow-raft\"").unwrap();
    for name in ["ple", "dpo", "raft"] {
        of(name, "preset = \"paper\"").unwrap();
    }
}
