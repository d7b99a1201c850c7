use super::*;

fn fit(sets: &[&str]) -> Result<FitExperiment, String> {
    let sets: Vec<String> = sets.iter().map(|s| s.to_string()).collect();
    match load_plan(&source(FIT), &sets) {
        Ok(Plan::Fit(fit)) => Ok(*fit),
        Ok(Plan::Align(_)) => panic!("a policy"),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn the_method_says_which_kind_of_experiment_it_is() {
    assert!(matches!(load_plan(&source(GOOD), &[]), Ok(Plan::Align(_))));
    let fit = fit(&[]).unwrap();
    assert_eq!((fit.method.name, fit.data.validation), (FitName::Classifier, 0.1));
    let plan = Plan::Fit(Box::new(fit));
    let again: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(again, plan);
}

#[test]
fn holds_the_keys_of_a_models_training_against_each_other() {
    for (sets, message) in [
        (
            &["model.start=builtin:tiny"][..],
            "experiments/imdb.toml:5: model.shape = { vocabulary = 4000, hidden = 64, intermediate = 128, layers…: only a \
             new model has a shape to choose; leave it out",
        ),
        (
            &["model.shape.heads=3"],
            "--set model.shape.heads=3: hidden = 64 over 3 heads; each head needs an even width",
        ),
        (
            &["data.validation=0.5", "data.held_out=0.5"],
            "--set data.validation=0.5: with data.held_out too little is left to train on; both together must be under 0.9",
        ),
        (
            &["method.name=bradley-terry", "method.label_smoothing=0.1"],
            "--set method.label_smoothing=0.1: only a classifier has labels to smooth; leave it out",
        ),
        (
            &["data.guided=0.5"],
            "--set data.guided=0.5: a reward model never sees the principles; leave it out",
        ),
        (
            &["method.name=language-model", "data.corrupted=0.5"],
            "--set data.corrupted=0.5: a language model would learn the broken text; leave it out",
        ),
        (
            &["data.windows=1"],
            "--set data.windows=1: must be a number of 0 or more and below 1",
        ),
        (
            &["method.tau0=0.2"],
            "--set method.tau0=0.2: unknown key. Keys of [method] are: name, steps, batch, learning_rate, warm_up, \
             weight_decay, beta2, max_grad_norm, label_smoothing, embedding_dropout, \
             average, score_penalty",
        ),
    ] {
        assert_eq!(fit(sets).unwrap_err(), message);
    }
}
