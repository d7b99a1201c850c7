//! `ple config`, completions, the manual: what a user sets up once.

mod common;

use common::Lab;
use common::process::Ended;

fn config(lab: &Lab, args: &[&str]) -> Ended {
    let mut command = lab.ple(["config"]);
    command.args(args).env_remove("NO_COLOR").env_remove("PLE_CONFIG");
    Ended::of(&mut command)
}

#[test]
fn what_is_in_force_is_shown_with_where_it_comes_from() {
    let lab = Lab::new();
    let shown = config(&lab, &[]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let row = |ended: &Ended, name: &str| {
        let row = ended.out.lines().find(|l| l.split_whitespace().next() == Some(name));
        row.unwrap_or_else(|| panic!("no {name} in {}", ended.out))
            .split_whitespace()
            .map(str::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(row(&shown, "theme"), ["theme", "auto", "default"]);
    assert_eq!(row(&shown, "defaults.device"), ["defaults.device", "cpu", "default"]);

    let file = lab.settings("theme = \"dark\"\npalette = \"colour-blind\"\n\n[keys]\npause = [\"F5\", \"Ctrl-p\"]\n");
    let shown = config(&lab, &["show", "--theme", "light", "--no-mouse"]);
    assert!(shown.out.contains(&file), "{}", shown.out);
    assert_eq!(row(&shown, "theme"), ["theme", "light", "--theme"]);
    assert_eq!(row(&shown, "palette"), ["palette", "colour-blind", "line", "2"]);
    assert_eq!(row(&shown, "mouse"), ["mouse", "false", "--no-mouse"]);
    assert_eq!(row(&shown, "keys.pause"), ["keys.pause", "F5", "Ctrl-p", "line", "5"]);
    let json = config(&lab, &["show", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json["settings"]["palette"]["value"], "colour-blind");
    assert_eq!(json["settings"]["palette"]["from"], "line 2");
    assert_eq!(json["keys"]["pause"]["keys"][1], "Ctrl-p");

    let mut without = lab.ple(["config"]);
    without.env("NO_COLOR", "1").env("PLE_CONFIG", "");
    assert_eq!(row(&Ended::of(&mut without), "theme"), ["theme", "mono", "NO_COLOR"]);
}

#[test]
fn mistakes_name_the_file_the_line_and_what_would_do() {
    let lab = Lab::new();
    let wrong = [
        (
            "themes = \"dark\"\n",
            ":1: themes = \"dark\": unknown key; did you mean 'theme'?",
        ),
        (
            "theme = \"drak\"\n",
            ":1: theme = \"drak\": must be \"auto\", \"light\", \"dark\" or \"mono\"; did you mean \"dark\"?",
        ),
        (
            "mouse = \"yes\"\n",
            ":1: mouse = \"yes\": found a string, wants true or false",
        ),
        (
            "\nframes_per_second = 0\n",
            ":2: frames_per_second = 0: must be a whole number from 1 to 120",
        ),
        (
            "[defaults]\ndevice = \"tpu\"\n",
            ":2: defaults.device = \"tpu\": wants auto, cpu, gpu",
        ),
        (
            "[keys]\npause = 3\n",
            ":2: keys.pause = 3: wants a string or an array of strings",
        ),
        (
            "[keys]\npuase = \"p\"\n",
            ":2: keys.puase = \"p\": nothing is called so; did you mean 'pause'?",
        ),
        (
            "[keys]\npause = \"q\"\n",
            ":2: keys.pause = \"q\": q is the key of quit (everywhere) already",
        ),
        (
            "[keys]\npause = \"Strg-p\"\n",
            ":2: keys.pause = \"Strg-p\": \"Strg-p\" is no key",
        ),
        ("theme = \n", ":1: theme =: not TOML"),
    ];
    for (text, message) in wrong {
        let file = lab.settings(text);
        for args in [vec!["check"], vec!["show"]] {
            let ended = config(&lab, &args);
            assert_eq!(ended.code, Some(2), "{text}: {ended:?}");
            assert!(
                ended.err.contains(&format!("{file}{message}")),
                "{message}\nis not in\n{}",
                ended.err
            );
        }
    }
    // Nothing is started with settings that are wrong.
    let ended = Ended::of(&mut lab.train(common::IMDB, &[]));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(!lab.runs().exists());
    let mut named = lab.ple(["runs"]);
    named.env("PLE_CONFIG", lab.path().join("nowhere.toml"));
    let ended = Ended::of(&mut named);
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("nowhere.toml: no such file"), "{ended:?}");
}

#[test]
fn the_example_is_a_settings_file_of_the_defaults() {
    let lab = Lab::new();
    let example = config(&lab, &["example"]);
    lab.settings(&example.out);
    let checked = config(&lab, &["check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(checked.out.contains("good; 0 settings, 0 keys"), "{checked:?}");
    // With every comment sign of a setting taken away it says the same as no file at all.
    let told: String = example
        .out
        .lines()
        .map(|l| match l.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{l}\n"),
        })
        .collect();
    lab.settings(&told);
    let checked = config(&lab, &["check"]);
    assert!(checked.out.contains("good; 11 settings, 2 keys"), "{checked:?}");
    let value = |out: &str| -> Vec<(String, String)> {
        let json: serde_json::Value = serde_json::from_str(out).expect("JSON");
        let rows = json["settings"].as_object().expect("a table").clone();
        rows.into_iter()
            .map(|(name, row)| (name, row["value"].to_string()))
            .collect()
    };
    let written = value(&config(&lab, &["show", "--json"]).out);
    assert_eq!(written, value(&config(&Lab::new(), &["show", "--json"]).out));
    let path = config(&lab, &["path"]);
    assert!(path.out.trim().ends_with("config/ple/config.toml"), "{path:?}");
}

#[test]
fn defaults_of_the_command_line_come_from_the_file() {
    let lab = Lab::new();
    let runs = lab.path().join("elsewhere");
    lab.settings(&format!("[defaults]\nruns = {runs:?}\n"));
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ple"));
    command.args(["runs"]).current_dir(lab.path());
    for (name, value) in lab.own_places() {
        command.env(name, value);
    }
    let ended = Ended::of(&mut command);
    assert!(
        ended.out.contains(&format!("no runs in {}", runs.display())),
        "{ended:?}"
    );
}

#[test]
fn completions_and_the_manual_know_every_command() {
    let lab = Lab::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ended = Ended::of(&mut lab.ple(["completions", shell]));
        assert_eq!(ended.code, Some(0), "{shell}");
        for word in ["train", "resume", "completions", "marker"] {
            assert!(ended.out.contains(word), "{shell}: no {word}");
        }
    }
    let man = Ended::of(&mut lab.ple(["man"]));
    for part in [
        ".TH ple 1",
        ".SH KEYS",
        "[set\\-tau]",
        ".SH FILES",
        ".SH ENVIRONMENT",
        ".SH \"EXIT STATUS\"",
    ] {
        assert!(man.out.contains(part), "{part} in\n{}", man.out);
    }
    let folder = lab.path().join("man");
    let ended = Ended::of(lab.ple(["man", "--dir"]).arg(&folder));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for page in ["ple.1", "ple-train.1", "ple-data-inspect.1", "ple-config-check.1"] {
        assert!(folder.join(page).exists(), "{page}");
    }
}
