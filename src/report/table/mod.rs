//! Tables of numbers, and the five ways they leave the program: text, Markdown, LaTeX, CSV and JSON.

mod formats;

use std::borrow::Cow;

use clap::ValueEnum;
use serde::Serialize;

pub use formats::render;

/// A table: a column of names, then numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Table {
    pub title: String,
    /// The first is that of the names.
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
    /// What the marks mean, one line each.
    pub legend: Vec<String>,
    /// Footnotes; [`Cell::Missing`] names them by their place.
    pub notes: Vec<String>,
}

/// One column.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    /// For people.
    pub name: String,
    /// For programs.
    pub key: Cow<'static, str>,
    /// The end of the column that is good, where there is one.
    pub better: Option<Better>,
}

/// Which of two numbers is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    Higher,
    Lower,
}

/// What stands in a row under a column.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Cell {
    Text(String),
    Number(Number),
    /// Nothing, with the place of the note that says why.
    Missing {
        note: Option<usize>,
    },
}

/// A number with what is known of how sure it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Number {
    pub value: f64,
    /// Digits after the point, for people.
    #[serde(skip)]
    pub digits: usize,
    /// Its interval.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Standard deviation over so many runs.
    pub deviation: Option<f64>,
    pub n: usize,
    /// It is the best of its column, and the intervals allow to say so.
    pub best: bool,
    /// The place of a note about it.
    pub note: Option<usize>,
}

/// How a table is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// For a terminal
    #[default]
    Text,
    Markdown,
    /// A tabular, with the rules of booktabs
    Latex,
    Csv,
    Json,
}

impl Column {
    /// A column of names or of numbers of which none is better.
    pub fn new(name: &str, key: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            key: key.into(),
            better: None,
        }
    }

    /// A column in which one end is good.
    pub fn ranked(name: &str, key: &'static str, better: Better) -> Self {
        Self {
            better: Some(better),
            ..Self::new(name, key)
        }
    }
}

impl Number {
    /// "0.52 ± 0.03" over several runs, "0.52 [0.48, 0.56]" of one.
    fn words(&self, plus_minus: &str) -> String {
        let Self { value, digits, .. } = *self;
        match (self.deviation, self.low.zip(self.high)) {
            (Some(deviation), _) => format!("{value:.digits$} {plus_minus} {deviation:.digits$}"),
            (None, Some((low, high))) => format!("{value:.digits$} [{low:.digits$}, {high:.digits$}]"),
            (None, None) => format!("{value:.digits$}"),
        }
    }
}

impl Table {
    /// Marks the best number of each ranked column, where its interval overlaps no other's. Numbers without an interval
    /// are never marked, and beside one nothing is.
    pub fn mark_best(&mut self) {
        for (at, column) in self.columns.iter().enumerate() {
            let Some(better) = column.better else { continue };
            let number = |row: &Vec<Cell>| match row.get(at) {
                Some(Cell::Number(n)) => Some(n.clone()),
                _ => None,
            };
            let numbers: Vec<(usize, Number)> = self
                .rows
                .iter()
                .enumerate()
                .filter_map(|(i, row)| Some((i, number(row)?)))
                .collect();
            let sign = if better == Better::Higher { 1.0 } else { -1.0 };
            let best = numbers
                .iter()
                .max_by(|a, b| (sign * a.1.value).total_cmp(&(sign * b.1.value)));
            let Some((place, best)) = best else { continue };
            let apart = |other: &Number| match (best.low.zip(best.high), other.low.zip(other.high)) {
                (Some((low, _)), Some((_, high))) if better == Better::Higher => low > high,
                (Some((_, high)), Some((low, _))) => high < low,
                _ => false,
            };
            let others = numbers.iter().filter(|(i, _)| i != place);
            if numbers.len() > 1 && others.clone().all(|(_, other)| apart(other)) {
                let place = *place;
                if let Some(Cell::Number(n)) = self.rows[place].get_mut(at) {
                    n.best = true;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: f64, low: f64, high: f64) -> Cell {
        Cell::Number(Number {
            value,
            digits: 2,
            low: Some(low),
            high: Some(high),
            n: 1,
            ..Number::default()
        })
    }

    fn table() -> Table {
        let mut table = Table {
            title: "imdb: 50% & more".into(),
            columns: vec![
                Column::new("method", "method"),
                Column::ranked("PPL ↓", "perplexity", Better::Lower),
                Column::ranked("RM ↑", "reward", Better::Higher),
            ],
            rows: vec![
                vec![
                    Cell::Text("SFT_1 | {x}".into()),
                    number(3.0, 2.9, 3.1),
                    number(0.5, 0.4, 0.6),
                ],
                vec![
                    Cell::Text("PLE, \"q\"".into()),
                    number(2.0, 1.9, 2.1),
                    number(0.65, 0.55, 0.75),
                ],
                vec![
                    Cell::Text("DPO".into()),
                    Cell::Missing { note: Some(0) },
                    Cell::Number(Number {
                        value: 0.1,
                        digits: 2,
                        low: Some(0.0),
                        high: Some(0.2),
                        deviation: Some(0.05),
                        n: 3,
                        ..Number::default()
                    }),
                ],
            ],
            legend: vec!["* best".into()],
            notes: vec!["not evaluated".into()],
        };
        table.mark_best();
        table
    }

    #[test]
    fn the_best_is_marked_only_where_no_interval_overlaps() {
        let table = table();
        let best = |row: usize, at: usize| matches!(&table.rows[row][at], Cell::Number(n) if n.best);
        assert!(best(1, 1), "2.0 [1.9, 2.1] is below 3.0 [2.9, 3.1]");
        assert!(!best(1, 2) && !best(0, 2), "[0.55, 0.75] overlaps [0.4, 0.6]");
        let mut open = table.clone();
        open.rows[0][1] = Cell::Number(Number {
            value: 9.0,
            ..Number::default()
        });
        open.rows[1][1] = number(2.0, 1.9, 2.1);
        open.mark_best();
        assert!(
            !matches!(&open.rows[1][1], Cell::Number(n) if n.best),
            "beside a number without an interval nobody can say"
        );
    }

    #[test]
    fn text_and_markdown_and_latex_are_as_written() {
        insta::assert_snapshot!("table_text", render(&[table()], TableFormat::Text).unwrap());
        insta::assert_snapshot!("table_markdown", render(&[table()], TableFormat::Markdown).unwrap());
        insta::assert_snapshot!("table_latex", render(&[table()], TableFormat::Latex).unwrap());
    }

    #[test]
    fn csv_reads_back_and_json_has_all_digits() {
        let csv_text = render(&[table(), table()], TableFormat::Csv).unwrap();
        let mut reader = csv::Reader::from_reader(csv_text.as_bytes());
        let header = reader.headers().unwrap().clone();
        let at = |name: &str| header.iter().position(|h| h == name).unwrap();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 6);
        assert_eq!(&rows[1][at("method")], "PLE, \"q\"");
        assert_eq!(
            (&rows[1][at("perplexity")], &rows[1][at("perplexity_high")]),
            ("2", "2.1")
        );
        assert_eq!(
            (&rows[2][at("perplexity")], &rows[2][at("reward_deviation")]),
            ("", "0.05")
        );
        let json: serde_json::Value = serde_json::from_str(&render(&[table()], TableFormat::Json).unwrap()).unwrap();
        assert_eq!(json[0]["rows"][1][1]["best"], true);
        assert_eq!(json[0]["rows"][2][1]["note"], 0);
    }

    #[test]
    fn latex_has_its_own_letters() {
        assert_eq!(
            formats::latex_escape("a_b & 5% {~^\\}"),
            r"a\_b \& 5\% \{\textasciitilde{}\textasciicircum{}\textbackslash{}\}"
        );
    }
}
