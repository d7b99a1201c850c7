//! The five ways a table leaves the program.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::{Better, Cell, Table, TableFormat};

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
pub(super) fn latex_escape(text: &str) -> String {
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

/// One header for all: the columns of the first table, which are those of the others.
fn csv(tables: &[Table]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let Some(first) = tables.first() else {
        return Ok(String::new());
    };
    let has_parts = |cell: Option<&Cell>| match cell {
        Some(Cell::Number(n)) => n.low.is_some() || n.deviation.is_some(),
        _ => false,
    };
    let is_number = |at: usize| tables.iter().any(|t| t.rows.iter().any(|r| has_parts(r.get(at))));
    let mut header = vec!["table".to_string()];
    for (at, column) in first.columns.iter().enumerate() {
        header.push(column.key.to_string());
        if is_number(at) {
            header.extend(["low", "high", "deviation", "n"].map(|part| format!("{}_{part}", column.key)));
        }
    }
    writer.write_record(&header)?;
    for table in tables {
        for row in &table.rows {
            let mut record = vec![table.title.clone()];
            for (at, cell) in row.iter().enumerate() {
                let number = |x: Option<f64>| x.map_or(String::new(), |x| x.to_string());
                match cell {
                    Cell::Text(text) => record.push(text.clone()),
                    Cell::Missing { .. } => record.push(String::new()),
                    Cell::Number(n) => record.push(n.value.to_string()),
                }
                if is_number(at) {
                    record.extend(match cell {
                        Cell::Number(n) => [number(n.low), number(n.high), number(n.deviation), n.n.to_string()],
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
