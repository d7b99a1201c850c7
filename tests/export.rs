//! `ple export`, `ple check` and `ple devices` through the real binary.

mod common;

use std::path::{Path, PathBuf};

use common::process::Ended;
use common::{IMDB, Lab, repository};
use serde_json::Value;

/// A run of three steps with an adapter of its own shape.
fn trained(lab: &Lab, sets: &[&str]) {
    let ended = Ended::of(lab.train(IMDB, sets).args(["--quiet", "--name", "run"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

fn json(path: impl AsRef<Path>) -> Value {
    let bytes = std::fs::read(path.as_ref()).unwrap_or_else(|e| panic!("{}: {e}", path.as_ref().display()));
    serde_json::from_slice(&bytes).expect("JSON")
}

fn export(lab: &Lab, args: &[&str]) -> Ended {
    Ended::of(&mut lab.ple([&["export", "run"], args].concat()))
}

/// Ended as bad input, with all of this said.
fn refused(ended: &Ended, said: &[&str]) {
    assert_eq!(ended.code, Some(2), "{ended:?}");
    for word in said {
        assert!(ended.err.contains(word), "{word:?} is not in {}", ended.err);
    }
}

#[test]
fn an_adapter_is_exported_and_another_run_starts_from_it() {
    let lab = Lab::new();
    trained(
        &lab,
        &["policy.lora={ rank = 4, alpha = 8, targets = [\"v_proj\", \"o_proj\"] }"],
    );
    let ended = export(&lab, &["--format", "peft"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("assets/tiny"), "the base is named: {}", ended.err);
    let folder = lab.run("run").join("adapter");
    let config = json(folder.join("adapter_config.json"));
    assert_eq!(config["target_modules"], serde_json::json!(["v_proj", "o_proj"]));
    assert_eq!((&config["r"], &config["lora_alpha"]), (&4.into(), &8.into()));
    // What is there is left alone until it is told to go.
    let before = std::fs::read(folder.join("adapter_model.safetensors")).expect("written");
    refused(
        &export(&lab, &["--format", "peft", "--step", "2"]),
        &["is there already", "--force"],
    );
    assert_eq!(
        std::fs::read(folder.join("adapter_model.safetensors")).expect("there"),
        before
    );
    let ended = export(&lab, &["--format", "peft", "--step", "2", "--force"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let earlier = std::fs::read(folder.join("adapter_model.safetensors")).expect("written");
    assert_ne!(earlier, before, "another step is another adapter");

    refused(
        &export(&lab, &["--format", "peft", "--step", "1", "-o", "x"]),
        &["no checkpoint after step 1", "2, 3"],
    );
    refused(
        &export(&lab, &["--format", "peft", "--dtype", "bf16"]),
        &["--dtype", "merged"],
    );

    let adapter = format!("policy.adapter={}", folder.display());
    let ended = Ended::of(lab.train(IMDB, &[&adapter]).args(["--json", "--name", "on"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lora = &ended.events()[0]["experiment"]["policy"]["lora"];
    assert_eq!((&lora["rank"], &lora["targets"][1]), (&4.into(), &"o_proj".into()));
    let wrong = lab
        .train(IMDB, &[&adapter, "policy.lora.rank=2"])
        .arg("--quiet")
        .output()
        .expect("runs");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("rank 4, alpha 8"));
}

#[test]
fn a_merged_model_is_a_policy_of_its_own() {
    let lab = Lab::new();
    trained(&lab, &[]);
    let to = lab.path().join("merged");
    let place = to.display().to_string();
    let ended = export(&lab, &["--format", "merged", "-o", &place]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for name in [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ] {
        assert!(to.join(name).exists(), "{name}");
    }
    assert_eq!(
        json(to.join("config.json")),
        json(repository().join("assets/tiny/config.json"))
    );
    let ended = Ended::of(
        lab.train(IMDB, &[&format!("policy.model={place}"), "policy.lora=none"])
            .args(["--quiet", "--name", "again"]),
    );
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // All of its weights were trained, so there is no adapter.
    let refused_again = Ended::of(&mut lab.ple(["export", "again", "--format", "peft"]));
    refused(&refused_again, &["trains every weight", "--format merged"]);
    let whole = Ended::of(&mut lab.ple(["export", "again", "--format", "merged", "--dtype", "f32"]));
    assert_eq!(whole.code, Some(0), "{whole:?}");
    let config = json(lab.run("again").join("merged/config.json"));
    assert_eq!(config["torch_dtype"], "float32");
}

fn check(lab: &Lab, args: &[&str]) -> (Ended, Option<Value>) {
    let ended = Ended::of(&mut lab.ple([&["check"], args].concat()));
    let found = serde_json::from_str(&ended.out).ok();
    (ended, found)
}

fn experiments(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(repository().join(folder)).expect("the experiments");
    let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

#[test]
fn every_experiment_of_the_paper_is_good_but_for_what_is_not_here() {
    let lab = Lab::new();
    for path in experiments("experiments/paper") {
        let (ended, _) = check(&lab, &[path.to_str().expect("a path")]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.out.contains("could not be checked:"), "{}", ended.out);
        let (_, found) = check(&lab, &[path.to_str().expect("a path"), "--json"]);
        let found = found.expect("JSON");
        let unknown: Vec<&Value> = found["lines"].as_array().expect("lines").iter().collect();
        let about = |key: &str| {
            unknown
                .iter()
                .find(|line| line["about"] == key && line["state"] == "unknown")
        };
        let model = about("policy.model").expect("weights are not part of the repository");
        assert!(model["text"].as_str().expect("text").contains("hf download"), "{model}");
        assert!(about("data.queries").is_some() && about("reward.model").is_some());
        assert_eq!(found["samples_a_step"], 128);
    }
    assert!(!lab.runs().exists(), "nothing was started");
}

#[test]
fn bundled_experiments_are_known_whole() {
    let lab = Lab::new();
    for path in experiments("experiments/as-printed") {
        let (ended, found) = check(&lab, &[path.to_str().expect("a path"), "--json"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let found = found.expect("JSON");
        let lines = found["lines"].as_array().expect("lines");
        assert!(lines.iter().all(|line| line["state"] == "good"), "{lines:?}");
        assert!(found["memory"]["peak"].as_u64().expect("bytes") > 50_000_000);
        assert!(found["checkpoint_bytes"].as_u64().expect("bytes") > 100_000);
    }
    let (ended, _) = check(&lab, &["experiments/reward-imdb.toml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn what_would_not_start_is_said_and_is_bad_input() {
    let lab = Lab::new();
    let empty = lab.write("empty/config.json", "{}");
    let empty = Path::new(&empty).parent().expect("a folder").display().to_string();
    let adapter = lab.write(
        "adapter/adapter_config.json",
        r#"{"peft_type":"LORA","use_dora":true,"r":8,"lora_alpha":8}"#,
    );
    let adapter = Path::new(&adapter).parent().expect("a folder").display().to_string();
    for (set, said) in [
        (format!("policy.model={empty}"), "architectures"),
        ("policy.model=builtin:hh-preference".into(), "is a reward model"),
        ("reward.model=builtin:tiny".into(), "no score head"),
        ("policy.lora.targets=[\"c_attn\"]".into(), "there are down_proj"),
        (format!("policy.adapter={adapter}"), "use_dora"),
        ("data.queries=builtin:hh".into(), "builtin:imdb"),
        ("data.max_query_tokens=2000".into(), "reads 1024"),
        ("policy.template=chat".into(), "chat template"),
        ("principles.file=none.toml".into(), "none.toml"),
    ] {
        let (ended, _) = check(&lab, &[IMDB, "--set", &set]);
        refused(&ended, &[said]);
    }
    // A key that is wrong is wrong as everywhere.
    refused(
        &check(&lab, &[IMDB, "--set", "policy.dtype=f8"]).0,
        &["policy.dtype", "bf16"],
    );
    refused(
        &check(&lab, &[IMDB, "--set", "policy.lora=none", "--set", "policy.dtype=bf16"]).0,
        &["policy.dtype", "every weight is trained"],
    );
}

#[test]
fn devices_are_listed_and_one_that_is_not_there_is_named() {
    let lab = Lab::new();
    let ended = Ended::of(&mut lab.ple(["devices", "--json"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let found: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(found["devices"][0]["choice"], "cpu");
    assert!(Ended::of(&mut lab.ple(["devices"])).out.contains("--device auto takes"));
    refused(
        &Ended::of(&mut lab.ple(["devices", "--device", "tpu"])),
        &["gpu:N", "ple devices"],
    );
    if found["features"].as_array().is_some_and(Vec::is_empty) {
        let ended = Ended::of(lab.train(IMDB, &[]).args(["--quiet", "--device", "gpu:1"]));
        refused(&ended, &["--device gpu:1", "--features gpu"]);
    }
}
