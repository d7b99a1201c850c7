use std::collections::BTreeMap;

use super::*;
use crate::config::GenerationSettings;
use crate::judge::{Contest, Contestant, JudgeKind, Judged, Verdict};
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
        contests: vec![],
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
    let tables = tables(&contenders, None);
    assert_eq!(tables.len(), 1);
    insta::assert_snapshot!("compare_text", render(&tables, TableFormat::Text).unwrap());
}

/// What somebody else has published stands in columns of its own, with its source, and changes nothing of what is marked.
#[test]
fn published_figures_stand_beside_ours_and_are_never_marked() {
    let source = crate::config::Source {
        path: None,
        name: "paper.toml".into(),
        text: r#"source = "A paper, Table 1"
figure = [
    { task = "imdb", method = "PLE", column = "perplexity", value = 1.25 },
    { task = "imdb", method = "sft", column = "perplexity", value = 2.5, low = 2.0, high = 3.0, note = "read from a figure" },
    { task = "imdb", method = "RAFT", column = "perplexity", value = 7 },
    { task = "hh", method = "PLE", column = "reward", value = 0.5 },
    { task = "imdb", column = "bleu", low = 82, high = 88 },
]
"#
        .into(),
    };
    let published = crate::config::load_published(&source).unwrap_or_else(|e| panic!("{e}"));
    let contenders = [
        run("p", "ple", 1, &[], Some(evaluation(0.9, 3.0))),
        run("s", "sft", 1, &[], Some(evaluation(0.5, 4.0))),
    ];
    let ours = &tables(&contenders, None)[0];
    let table = &tables(&contenders, Some(&published))[0];
    let at = |key: &str| table.columns.iter().position(|c| c.key == key).expect("a column");
    let (ppl, theirs) = (at("perplexity"), at("perplexity_published"));
    assert_eq!((theirs, &table.columns[theirs].name[..]), (ppl + 1, "PPL, paper"));
    let number = |row: usize, at: usize| match &table.rows[row][at] {
        Cell::Number(number) => number.clone(),
        other => panic!("{other:?}"),
    };
    let row = |name: &str| {
        let named = |cell: &Cell| matches!(cell, Cell::Text(text) if text == name);
        table.rows.iter().position(|row| named(&row[0])).expect("a row")
    };
    let (ple, sft) = (row("PLE"), row("SFT"));
    // Ours is still the best of what was measured, though the published one is better.
    assert!(number(ple, ppl).best);
    assert_eq!((number(ple, theirs).value, number(ple, theirs).best), (1.25, false));
    assert_eq!((number(sft, theirs).value, number(sft, theirs).low), (2.5, Some(2.0)));
    assert_eq!(
        table.notes[number(sft, theirs).note.expect("a note")],
        "read from a figure"
    );
    // A column that has figures for another task is there, so that all tables have the same.
    assert!(matches!(
        table.rows[ple][at("reward_published")],
        Cell::Missing { note: None }
    ));
    let legend = table.legend.join("\n");
    for wanted in [
        "paper: as published (A paper, Table 1); not measured here",
        "BLEU, paper: 82 to 88",
        "paper: figures of RAFT have no row of their own here",
    ] {
        assert!(legend.contains(wanted), "{wanted}: {legend}");
    }
    // Nothing of ours has moved.
    let own = |table: &crate::report::Table| {
        let kept: Vec<usize> = (0..table.columns.len())
            .filter(|at| !table.columns[*at].key.ends_with("_published"))
            .collect();
        let cells = table
            .rows
            .iter()
            .map(|row| kept.iter().map(|at| format!("{:?}", row[*at])).collect::<Vec<_>>());
        cells.collect::<Vec<_>>()
    };
    assert_eq!(own(table), own(ours));
    for (format, wanted) in [
        (TableFormat::Markdown, "| PPL, paper |"),
        (TableFormat::Latex, "& PPL, paper &"),
        (TableFormat::Csv, ",perplexity_published,"),
        (TableFormat::Json, "\"PPL, paper\""),
    ] {
        let text = render(std::slice::from_ref(table), format).unwrap();
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
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

/// `left` won over `right` on so many queries of ten, and lost the others.
fn contest(kind: JudgeKind, judge: &str, left: &str, right: &str, wins: usize) -> Contest {
    let side = |run: &str| Contestant {
        run: run.into(),
        method: "x".into(),
        step: 40,
        sft_done: 0,
    };
    let row = |i: usize| Judged {
        query: i.to_string(),
        left: "l".into(),
        right: "r".into(),
        verdict: Some(if i < wins { Verdict::Left } else { Verdict::Right }),
        scores: None,
        rounds: None,
    };
    Contest {
        task: "imdb".into(),
        left: side(left),
        right: side(right),
        kind,
        judge: judge.into(),
        about: vec![],
        seed: 1,
        rows: (0..10).map(row).collect(),
    }
}

#[test]
fn win_rates_stand_beside_the_other_numbers() {
    let mut sft = run("sft-1", "sft", 1, &[], Some(evaluation(0.5, 3.0)));
    let mut dpo = run("dpo-1", "dpo", 1, &[], Some(evaluation(0.6, 3.1)));
    let mut p1 = run("p1", "ple", 1, &[], Some(evaluation(0.9, 3.2)));
    let mut p2 = run("p2", "ple", 2, &[], Some(evaluation(0.8, 3.3)));
    let stored = [
        contest(JudgeKind::Reward, "rm", "p1", "sft-1", 8),
        contest(JudgeKind::Reward, "rm", "sft-1", "p2", 4),
        contest(JudgeKind::Reward, "rm", "p1", "dpo-1", 5),
        contest(JudgeKind::Model, "judge-7b", "p1", "dpo-1", 7),
        contest(JudgeKind::People, "ann", "p1", "dpo-1", 2),
        contest(JudgeKind::People, "all together", "p1", "dpo-1", 3),
        // With runs that are not here, or with itself: of no use here.
        contest(JudgeKind::Reward, "rm", "p1", "elsewhere", 9),
        contest(JudgeKind::Reward, "rm", "p1", "p1", 9),
    ];
    // Each contest is stored in both of its runs.
    for run in [&mut sft, &mut dpo, &mut p1, &mut p2] {
        let own = stored
            .iter()
            .filter(|c| [&c.left.run, &c.right.run].contains(&&run.name));
        run.contests = own.cloned().collect();
    }
    dpo.steps_done = 60;
    let tables = tables(&[sft, dpo, p1, p2], None);
    assert_eq!(tables.len(), 2);
    let names: Vec<&str> = tables[0].columns[8..].iter().map(|c| &c.name[..]).collect();
    assert_eq!(names, ["win % reward", "win % judge-7b", "win % people"]);
    let value = |row: usize, column: usize| match &tables[0].rows[row][column] {
        Cell::Number(n) => Some((n.value.round(), n.n, n.note.is_some())),
        _ => None,
    };
    // SFT lost 8 of 10 to one seed and won 4 of 10 over the other.
    assert_eq!(value(0, 8), Some((30.0, 2, false)));
    assert_eq!(value(1, 8), Some((50.0, 1, true)), "judged before its end");
    assert_eq!((value(2, 8), value(0, 9)), (None, None));
    assert_eq!(
        (value(1, 9), value(1, 10)),
        (Some((30.0, 1, true)), Some((70.0, 1, true)))
    );
    insta::assert_snapshot!("compare_wins", render(&tables, TableFormat::Text).unwrap());
}
