//! Settings that a run can begin with, and that are seldom meant.

use super::experiment::Experiment;
use super::fit::{FitExperiment, Plan};
use super::methods::MethodName;

/// AdamW moves every number by about this much at each update; weights are mostly smaller.
const LARGE_RATE: f64 = 0.1;

/// More than this makes samples of nearly any model noise.
const LARGE_TEMPERATURE: f64 = 2.0;

/// Keys whose values will do and are out of what is usual, and what is to be expected of them.
pub fn unusual(plan: &Plan) -> Vec<(&'static str, String)> {
    match plan {
        Plan::Align(experiment) => of_policy(experiment),
        Plan::Fit(experiment) => of_fit(experiment),
    }
}

fn of_policy(e: &Experiment) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let method = &e.method;
    if e.sft.steps > 0 {
        found.extend(rate("sft.learning_rate", e.sft.learning_rate));
    }
    found.extend(rate("method.learning_rate", method.learning_rate));
    if method.name == MethodName::Ple && method.rank && method.tau0 < 0.0 {
        let message = format!(
            "is below 0: a guided response whose reward is worse by less than {} is ranked as the better one",
            -method.tau0
        );
        found.push(("method.tau0", message));
    }
    if e.generation.temperature > LARGE_TEMPERATURE {
        let message = format!("is over {LARGE_TEMPERATURE}: samples of most models are noise then; usual is 0.7 to 1");
        found.push(("generation.temperature", message));
    }
    found
}

fn of_fit(e: &FitExperiment) -> Vec<(&'static str, String)> {
    rate("method.learning_rate", e.method.learning_rate)
        .into_iter()
        .collect()
}

fn rate(key: &'static str, rate: f64) -> Option<(&'static str, String)> {
    let usual = "usual is 1e-6 to 1e-2";
    (rate > LARGE_RATE).then(|| {
        let message = format!("is over {LARGE_RATE}: an update moves every weight by about that much; {usual}");
        (key, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets::EXPERIMENTS;
    use crate::config::{Source, load_plan};

    fn keys(name: &str, sets: &[&str]) -> Vec<&'static str> {
        let (_, text) = EXPERIMENTS.iter().find(|(n, _)| *n == name).expect("bundled");
        keys_of(name, text, sets)
    }

    fn keys_of(name: &str, text: &str, sets: &[&str]) -> Vec<&'static str> {
        let source = Source {
            path: None,
            name: name.to_string(),
            text: text.to_string(),
        };
        let sets: Vec<String> = sets.iter().map(|s| s.to_string()).collect();
        let plan = load_plan(&source, &sets).expect("it will do");
        unusual(&plan).into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn no_bundled_experiment_is_unusual_and_what_is_far_out_is_named() {
        for (name, _) in EXPERIMENTS {
            assert!(keys(name, &[]).is_empty(), "{name}");
        }
        let imdb = "experiments/imdb.toml";
        assert_eq!(keys(imdb, &["tau=-0.1"]), ["method.tau0"]);
        assert_eq!(
            keys(imdb, &["rate=1e3", "sft.learning_rate=2", "generation.temperature=5"]),
            ["sft.learning_rate", "method.learning_rate", "generation.temperature"]
        );
        // Where it does nothing it is not said.
        assert!(keys(imdb, &["sft.steps=0", "sft.learning_rate=2"]).is_empty());
        let fit = include_str!("../../experiments/reward-imdb.toml");
        assert_eq!(keys_of("reward-imdb.toml", fit, &["rate=3"]), ["method.learning_rate"]);
    }
}
