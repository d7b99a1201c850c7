use std::collections::BTreeMap;

use super::*;
use crate::config::GenerationSettings;
use crate::report::{TableFormat, render};
use crate::train::{EvaluationRecord, ReferenceRecord};

fn estimate(mean: f64, half: f64) -> Estimate {
    Estimate {
        mean,
        low: mean - half,
        high: mean + half,
    }
}

fn evaluation(reward: f64, perplexity: f64) -> FullEvaluation {
    FullEvaluation {
        policy: "after 40 steps".into(),
        step: 40,
        sft_done: 0,
        queries: 64,
        seed: 1,
        generation: GenerationSettings {
            max_new_tokens: 8,
            temperature: 1.0,
            top_p: 1.0,
            ..GenerationSettings::default()
        },
        reward: estimate(reward, 0.05),
        truth: Some(estimate(reward * 2.0, 0.1)),
        length: estimate(12.0, 1.0),
        ended: estimate(0.9, 0.05),
        references: Some(ReferenceRecord {
            about: "by the grammar".into(),
            queries: 64,
            cut: 0,
            perplexity: estimate(perplexity, 0.2),
            perplexity_of_rows: estimate(perplexity, 0.2),
            bleu_response: estimate(10.0 + reward, 1.0),
            bleu_with_prompt: estimate(60.0 + reward, 1.0),
            signature: "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0".into(),
        }),
        seconds: 1.0,
        rows: vec![],
    }
}

fn run(
    name: &str,
    method: &str,
    seed: u64,
    settings: &[(&str, &str)],
    evaluation: Option<FullEvaluation>,
) -> Contender {
    Contender {
        name: name.into(),
        label: None,
        title: "Positive reviews".into(),
        task: "imdb".into(),
        method: method.into(),
        seed,
        settings: settings.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect(),
        steps_done: 40,
        steps_planned: 40,
        marks: 0,
        evaluation,
        last: None,
        steps: vec![],
    }
}

#[test]
fn a_table_as_the_paper_has_it() {
    let ple = [("method.rank", "true")];
    let ablation = [("method.rank", "false")];
    let mut unevaluated = run("sft-1", "sft", 1, &[], None);
    unevaluated.last = Some(EvaluationRecord {
        step: 40,
        queries: 16,
        reward_original: 0.25,
        reward_guided: 0.5,
        truth_original: None,
        truth_guided: None,
        cases: vec![],
    });
    let contenders = [
        run("p1", "ple", 1, &ple, Some(evaluation(0.9, 3.0))),
        run("p2", "ple", 2, &ple, Some(evaluation(0.92, 3.2))),
        run("p3", "ple", 3, &ple, Some(evaluation(0.91, 3.1))),
        run("a1", "ple", 1, &ablation, Some(evaluation(0.5, 3.15))),
        unevaluated,
        run("base", "base", 1, &[], Some(evaluation(0.1, 9.0))),
    ];
    let tables = tables(&contenders);
    assert_eq!(tables.len(), 1);
    insta::assert_snapshot!("compare_text", render(&tables, TableFormat::Text).unwrap());
}

#[test]
fn seeds_become_mean_and_deviation_with_students_interval() {
    let number = seeds::number(&[1.0, 2.0, 3.0].map(|x| estimate(x, 0.0)), 2);
    assert_eq!((number.value, number.deviation, number.n), (2.0, Some(1.0), 3));
    // t(2, 0.975) / sqrt(3) = 2.4841
    assert!((number.low.unwrap() - (2.0 - 2.4841)).abs() < 1e-3);
    assert_eq!(seeds::mean_and_deviation(&[]), None);
    assert_eq!(seeds::mean_and_deviation(&[5.0]), Some((5.0, 0.0)));
}

#[test]
fn groups_are_named_by_what_tells_them_apart() {
    let tau = |tau| [("method.tau0", tau), ("policy.model", "builtin:tiny")];
    let runs = [
        run("a", "ple", 1, &tau("0.2"), None),
        run("b", "ple", 2, &tau("0.2"), None),
        run("c", "ple", 1, &tau("0.1"), None),
        run("d", "sft", 1, &tau("0.1"), None),
        run("e", "newest", 1, &[], None),
    ];
    let found = groups(&runs.iter().collect::<Vec<_>>());
    let names: Vec<(&str, usize)> = found.iter().map(|g| (&g.name[..], g.members.len())).collect();
    assert_eq!(
        names,
        [("SFT", 1), ("NEWEST", 1), ("PLE (tau0 0.2)", 2), ("PLE (tau0 0.1)", 1)]
    );
    let long = |text: &str| BTreeMap::from([("principles".to_string(), text.repeat(30))]);
    let mut a = run("a", "ple", 1, &[], None);
    let mut b = run("b", "ple", 1, &[], None);
    (a.settings, b.settings) = (long("x"), long("y"));
    let found = groups(&[&a, &b]);
    assert_eq!((&found[0].name[..], &found[1].name[..]), ("PLE (a)", "PLE (b)"));
}
