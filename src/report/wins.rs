//! Who won how often, as a table, as JSON, and as what the picture is drawn from.

use serde::Serialize;

use super::figure::{WinRate, WinRates};
use super::table::{Cell, Column, Number, Table};
use crate::evaluate::CONFIDENCE;
use crate::judge::{Agreement, Contest, Outcome};
use crate::train::Estimate;

/// Contests as rows of a table: the left side's wins, ties and losses in percent.
pub fn wins_table(title: &str, contests: &[Contest], agreement: Option<&Agreement>) -> Table {
    let mut legend = vec![format!(
        "percent of queries; in brackets {CONFIDENCE:.0}% intervals: percentile bootstrap over queries"
    )];
    let mut about: Vec<&String> = Vec::new();
    for line in contests.iter().flat_map(|c| &c.about) {
        if !about.contains(&line) {
            about.push(line);
        }
    }
    legend.extend(about.into_iter().cloned());
    if let Some(agreement) = agreement {
        legend.push(agreed(agreement));
    }
    let mut notes = Vec::new();
    let rows = contests.iter().map(|contest| {
        let outcome = contest.outcome();
        let note = remarks(contest, &outcome).map(|note| {
            notes.push(note);
            notes.len() - 1
        });
        let count = Number {
            value: outcome.n as f64,
            n: 1,
            note,
            ..Number::default()
        };
        vec![
            Cell::Text(judged_by(contest)),
            Cell::Number(percent(outcome.win)),
            Cell::Number(percent(outcome.tie)),
            Cell::Number(percent(outcome.lose)),
            Cell::Number(count),
        ]
    });
    let rows = rows.collect();
    Table {
        title: title.to_string(),
        columns: vec![
            Column::new("judged by", "judge"),
            Column::new("win", "win"),
            Column::new("tie", "tie"),
            Column::new("lose", "lose"),
            Column::new("queries", "n"),
        ],
        rows,
        legend,
        notes,
    }
}

/// A share in percent.
pub fn percent(e: Estimate) -> Number {
    super::full::of_estimate(
        Estimate {
            mean: 100.0 * e.mean,
            low: 100.0 * e.low,
            high: 100.0 * e.high,
        },
        1,
    )
}

/// "reward: builtin:hh-reward"
pub fn judged_by(contest: &Contest) -> String {
    format!("{}: {}", contest.kind.words(), contest.judge)
}

/// What stands under a table: how much people agree.
pub fn agreed(a: &Agreement) -> String {
    let kappa = if a.kappa.mean.is_nan() {
        "Fleiss' kappa: none".to_string()
    } else {
        format!(
            "Fleiss' kappa {:.3} [{:.3}, {:.3}]",
            a.kappa.mean, a.kappa.low, a.kappa.high
        )
    };
    format!(
        "{kappa} ({}; Landis and Koch's words) of {} people on the {} queries that all of them judged; {:.0}% of their pairs \
         agree",
        a.words,
        a.raters,
        a.queries,
        100.0 * a.observed
    )
}

/// What is to be known of one contest.
fn remarks(contest: &Contest, outcome: &Outcome) -> Option<String> {
    let mut parts = Vec::new();
    if outcome.without > 0 {
        parts.push(format!(
            "{} of {} queries without a verdict",
            outcome.without,
            contest.rows.len()
        ));
    }
    match contest.identical() {
        0 => {}
        1 => parts.push("1 query with two equal answers is a tie".into()),
        n => parts.push(format!("{n} queries with two equal answers are ties")),
    }
    if let Some((first, agree)) = contest.by_place() {
        parts.push(format!(
            "both rounds agree on {:.0}%; the answer that stood first was taken in {:.0}% of the rounds that chose",
            100.0 * agree,
            100.0 * first
        ));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// A contest as JSON has it.
#[derive(Serialize)]
struct Told<'a> {
    outcome: Outcome,
    first_place: Option<f64>,
    rounds_agree: Option<f64>,
    #[serde(flatten)]
    contest: &'a Contest,
}

/// Contests with their outcomes as one JSON object.
pub fn wins_json(contests: &[Contest], agreement: Option<&Agreement>) -> serde_json::Value {
    let told = |contest| {
        let contest: &Contest = contest;
        let place = contest.by_place();
        serde_json::to_value(Told {
            outcome: contest.outcome(),
            first_place: place.map(|p| p.0),
            rounds_agree: place.map(|p| p.1),
            contest,
        })
        .unwrap_or_default()
    };
    serde_json::json!({
        "contests": contests.iter().map(told).collect::<Vec<_>>(),
        "agreement": agreement,
    })
}

/// What Fig. 2 is drawn from: a row a contest. `name` is what a run is called.
pub fn win_rates(title: &str, contests: &[Contest], name: &dyn Fn(&crate::judge::Contestant) -> String) -> WinRates {
    let mut judges: Vec<String> = contests.iter().map(judged_by).collect();
    judges.sort_unstable();
    judges.dedup();
    let several = judges.len() > 1;
    let row = |contest: &Contest| {
        let outcome = contest.outcome();
        let right = name(&contest.right);
        WinRate {
            left: name(&contest.left),
            right: match several {
                true => format!("{right}, {}", contest.kind.words()),
                false => right,
            },
            win: outcome.wins as u64,
            tie: outcome.ties as u64,
            lose: outcome.losses as u64,
            interval: Some([outcome.win.low, outcome.win.high]),
        }
    };
    WinRates {
        title: title.to_string(),
        judge: judges.join("; "),
        rows: contests.iter().map(row).collect(),
    }
}
