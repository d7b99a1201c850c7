//! Tables of numbers, and the five ways they leave the program: text, Markdown, LaTeX, CSV and JSON.

use std::borrow::Cow;
use std::fmt::Write;

use clap::ValueEnum;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

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

/// Tables in one of the five forms. CSV is one table with the title as its first column; JSON an array.
pub fn render(tables: &[Table], format: TableFormat) -> Result<String, String> {
    match format {
        TableFormat::Json => serde_json::to_string_pretty(tables)
            .map(|s| s + "\n")
            .map_err(|e| e.to_string()),
        TableFormat::Csv => csv(tables).map_err(|e| e.to_string()),
        TableFormat::Text => Ok(each(tables, text)),
        TableFormat::Markdown => Ok(each(tables, markdown)),
        TableFormat::Latex => Ok(each(tables, latex)),
    }
}

fn each(tables: &[Table], one: impl Fn(&Table) -> String) -> String {
    tables.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// A note's mark: a, b, c, ...
fn mark(note: usize) -> String {
    let letter = char::from(b'a' + (note % 26) as u8);
    String::from(letter).repeat(note / 26 + 1)
}

fn text(table: &Table) -> String {
    let cell = |cell: &Cell| match cell {
        Cell::Text(text) => plain(text),
        Cell::Missing { note } => format!("-{}", note.map_or(String::new(), |n| format!(" ({})", mark(n)))),
        Cell::Number(n) => {
            let note = n.note.map_or(String::new(), |n| format!(" ({})", mark(n)));
            // Figures stay below each other whether they are marked or not.
            format!("{}{}{note}", n.words("±"), if n.best { "*" } else { " " })
        }
    };
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let width = |at: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(at))
            .map(|cell| cell.trim_end().width());
        let own = table.columns[at].name.width();
        cells.chain([own]).max().unwrap_or(own) + usize::from(at > 0)
    };
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let title: Vec<String> = table.title.lines().map(plain).collect();
    let mut out = format!("{}\n\n", title.join("\n"));
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (at, cell) in cells.enumerate() {
            let room = " ".repeat(widths[at].saturating_sub(cell.width()));
            // Names to the left, numbers to the right.
            let _ = if at == 0 {
                write!(text, "{cell}{room}")
            } else {
                write!(text, "  {room}{cell}")
            };
        }
        out.push_str(text.trim_end());
        out.push('\n');
    };
    // As wide as a number with the room for its mark.
    let names: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .map(|(i, c)| if i == 0 { c.name.clone() } else { format!("{} ", c.name) })
        .collect();
    line(&mut names.iter().map(String::as_str));
    for row in &rows {
        line(&mut row.iter().map(String::as_str));
    }
    below(&mut out, table, "");
    out
}

fn below(out: &mut String, table: &Table, indent: &str) {
    if !table.legend.is_empty() || !table.notes.is_empty() {
        out.push('\n');
    }
    for line in &table.legend {
        let _ = writeln!(out, "{indent}{line}");
    }
    for (i, note) in table.notes.iter().enumerate() {
        let _ = writeln!(out, "{indent}({}) {note}", mark(i));
    }
}

/// Nothing that would move the cursor of a terminal or break a line.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn markdown(table: &Table) -> String {
    let escape = |text: &str| {
        let mut out = String::new();
        for c in plain(text).chars() {
            if matches!(c, '|' | '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']') {
                out.push('\\');
            }
            out.push(c);
        }
        out
    };
    let cell = |cell: &Cell| match cell {
        Cell::Text(text) => escape(text),
        Cell::Missing { note } => format!("–{}", note.map_or(String::new(), |n| format!(" ({})", mark(n)))),
        Cell::Number(n) => {
            let words = n.words("±");
            let words = if n.best { format!("**{words}**") } else { words };
            format!("{words}{}", n.note.map_or(String::new(), |n| format!(" ({})", mark(n))))
        }
    };
    let mut out = format!("**{}**\n\n", escape(&table.title));
    let names: Vec<String> = table.columns.iter().map(|c| escape(&c.name)).collect();
    let _ = writeln!(out, "| {} |", names.join(" | "));
    let rules: Vec<&str> = (0..names.len()).map(|i| if i == 0 { ":--" } else { "--:" }).collect();
    let _ = writeln!(out, "|{}|", rules.join("|"));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(cell).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    let lines = table.legend.iter().cloned();
    let notes = table
        .notes
        .iter()
        .enumerate()
        .map(|(i, note)| format!("({}) {note}", mark(i)));
    let lines: Vec<String> = lines.chain(notes).map(|line| escape(&line)).collect();
    if !lines.is_empty() {
        // Two spaces at the end of a line break it.
        let _ = writeln!(out, "\n{}", lines.join("  \n"));
    }
    out
}

/// Text for LaTeX: its ten special characters, and the two that its old fonts have in the wrong place.
pub fn latex_escape(text: &str) -> String {
    let mut out = String::new();
    for c in plain(text).chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
            '~' => out.push_str(r"\textasciitilde{}"),
            '^' => out.push_str(r"\textasciicircum{}"),
            '\\' => out.push_str(r"\textbackslash{}"),
            '<' => out.push_str(r"\textless{}"),
            '>' => out.push_str(r"\textgreater{}"),
            '±' => out.push_str(r"$\pm$"),
            c => out.push(c),
        }
    }
    out
}

fn latex(table: &Table) -> String {
    let note = |n: Option<usize>| n.map_or(String::new(), |n| format!("\\textsuperscript{{{}}}", mark(n)));
    let cell = |cell: &Cell| match cell {
        Cell::Text(text) => latex_escape(text),
        Cell::Missing { note: n } => format!("--{}", note(*n)),
        Cell::Number(n) => {
            let words = n.words("$\\pm$");
            // A bracket right after the end of a row would be taken for its argument; none begins a cell.
            let words = if n.best { format!("\\textbf{{{words}}}") } else { words };
            format!("{words}{}", note(n.note))
        }
    };
    let mut out = format!("% {}\n% needs \\usepackage{{booktabs}}\n", plain(&table.title));
    let _ = writeln!(
        out,
        "\\begin{{tabular}}{{l{}}}",
        "r".repeat(table.columns.len().saturating_sub(1))
    );
    let arrow = |better: Option<Better>| match better {
        Some(Better::Higher) => " $\\uparrow$",
        Some(Better::Lower) => " $\\downarrow$",
        None => "",
    };
    let names: Vec<String> = table
        .columns
        .iter()
        .map(|c| latex_escape(c.name.trim_end_matches([' ', '↑', '↓'])) + arrow(c.better))
        .collect();
    let _ = writeln!(out, "\\toprule\n{} \\\\\n\\midrule", names.join(" & "));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(cell).collect();
        let _ = writeln!(out, "{} \\\\", cells.join(" & "));
    }
    out.push_str("\\bottomrule\n\\end{tabular}\n");
    let notes = table
        .notes
        .iter()
        .enumerate()
        .map(|(i, n)| format!("({}) {n}", mark(i)));
    for line in table.legend.iter().cloned().chain(notes) {
        let _ = writeln!(out, "% {}", plain(&line));
    }
    out
}

/// One header for all: every column that any of the tables has, in the order in which they come.
fn csv(tables: &[Table]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut keys: Vec<&str> = Vec::new();
    for table in tables {
        let mut after = 0;
        for column in &table.columns {
            match keys.iter().position(|key| *key == column.key) {
                Some(place) => after = place + 1,
                None => {
                    keys.insert(after, &column.key);
                    after += 1;
                }
            }
        }
    }
    if keys.is_empty() {
        return Ok(String::new());
    }
    let cell = |table: &Table, row: usize, key: &str| -> Option<Cell> {
        let at = table.columns.iter().position(|column| column.key == key)?;
        table.rows[row].get(at).cloned()
    };
    let has_parts = |cell: Option<Cell>| match cell {
        Some(Cell::Number(n)) => n.low.is_some() || n.deviation.is_some(),
        _ => false,
    };
    let is_number = |key: &str| {
        tables
            .iter()
            .any(|t| (0..t.rows.len()).any(|row| has_parts(cell(t, row, key))))
    };
    let columns: Vec<(&str, bool)> = keys.into_iter().map(|key| (key, is_number(key))).collect();
    let mut header = vec!["table".to_string()];
    for (key, parts) in &columns {
        header.push(key.to_string());
        if *parts {
            header.extend(["low", "high", "deviation", "n"].map(|part| format!("{key}_{part}")));
        }
    }
    writer.write_record(&header)?;
    for table in tables {
        for row in 0..table.rows.len() {
            let mut record = vec![table.title.clone()];
            for (key, parts) in &columns {
                let number = |x: Option<f64>| x.map_or(String::new(), |x| x.to_string());
                let cell = cell(table, row, key);
                record.push(match &cell {
                    Some(Cell::Text(text)) => text.clone(),
                    Some(Cell::Number(n)) => n.value.to_string(),
                    Some(Cell::Missing { .. }) | None => String::new(),
                });
                if *parts {
                    record.extend(match &cell {
                        Some(Cell::Number(n)) => [number(n.low), number(n.high), number(n.deviation), n.n.to_string()],
                        _ => Default::default(),
                    });
                }
            }
            writer.write_record(&record)?;
        }
    }
    let bytes = writer.into_inner().map_err(|e| csv::Error::from(e.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
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
            latex_escape("a_b & 5% {~^\\}"),
            r"a\_b \& 5\% \{\textasciitilde{}\textasciicircum{}\textbackslash{}\}"
        );
    }

    #[test]
    fn tables_of_different_columns_share_one_header() {
        let (mut first, mut second) = (table(), table());
        first.columns.push(Column::new("truth", "truth"));
        first.rows.iter_mut().for_each(|row| row.push(number(0.5, 0.25, 0.75)));
        second.columns.insert(1, Column::new("runs", "runs"));
        second
            .rows
            .iter_mut()
            .for_each(|row| row.insert(1, Cell::Text("3".into())));
        second.title = "other".into();
        let text = render(&[first, second], TableFormat::Csv).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
        let at = |key: &str| header.iter().position(|name| name == key).expect("a column");
        assert_eq!(header[..3], ["table", "method", "runs"]);
        for cells in reader.records().map(Result::unwrap) {
            let other = &cells[0] == "other";
            assert_eq!(&cells[at("runs")], if other { "3" } else { "" }, "{cells:?}");
            assert_eq!(&cells[at("truth")], if other { "" } else { "0.5" }, "{cells:?}");
        }
    }
}
