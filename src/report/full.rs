//! A whole evaluation as a table for people.

use super::table::{Cell, Column, Number, Table};
use crate::evaluate::CONFIDENCE;
use crate::train::{Estimate, FullEvaluation};

/// The numbers of one evaluation, a row each. `title` is the experiment's.
pub fn full_table(title: &str, evaluation: &FullEvaluation) -> Table {
    let e = evaluation;
    let mut rows = vec![row("reward R(x, y)", Some(e.reward), 3), row("truth", e.truth, 3)];
    let (mut legend, mut notes) = (Vec::new(), Vec::new());
    if let Some(r) = &e.references {
        rows.push(row("perplexity of the references, by token", Some(r.perplexity), 3));
        rows.push(row(
            "perplexity of the references, by response",
            Some(r.perplexity_of_rows),
            3,
        ));
        rows.push(row("BLEU of the responses", Some(r.bleu_response), 2));
        rows.push(row(
            "BLEU with the prompt in front of both",
            Some(r.bleu_with_prompt),
            2,
        ));
        legend.push(format!("BLEU: {}", r.signature));
        let cut = match r.cut {
            0 => String::new(),
            n => format!(", {n} of them cut at the end"),
        };
        legend.push(format!("references of {} queries: {}{cut}", r.queries, r.about));
    } else {
        notes.push("no query has a reference, so there is neither perplexity nor BLEU".to_string());
    }
    rows.push(row("tokens of a response", Some(e.length), 1));
    rows.push(row("share that ended by themselves", Some(e.ended), 3));
    legend.insert(
        0,
        format!("in brackets {CONFIDENCE:.0}% intervals: percentile bootstrap over queries"),
    );
    Table {
        title: format!("{title}\n{}; {} held-out queries, seed {}", e.policy, e.queries, e.seed),
        columns: vec![Column::new("", "what"), Column::new("value", "value")],
        rows,
        legend,
        notes,
    }
}

fn row(what: &str, estimate: Option<Estimate>, digits: usize) -> Vec<Cell> {
    let cell = estimate.map_or(Cell::Missing { note: None }, |e| Cell::Number(of_estimate(e, digits)));
    vec![Cell::Text(what.into()), cell]
}

/// An estimate as a number of a table.
pub fn of_estimate(e: Estimate, digits: usize) -> Number {
    Number {
        value: e.mean,
        digits,
        low: Some(e.low),
        high: Some(e.high),
        n: 1,
        ..Number::default()
    }
}
