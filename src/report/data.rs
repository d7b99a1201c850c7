//! What was found in data files, as text.

use std::fmt::Write;

use crate::data::{Account, Finding, Inspection, Sampled, thousands};

/// Everything that `ple data inspect` found. `tokenizer` is what counted the tokens.
pub fn inspection(found: &Inspection, tokenizer: &str) -> String {
    let mut out = String::new();
    let files = found.queries.files.len();
    let how = if found.task_detected { ", by the fields" } else { "" };
    line(
        &mut out,
        &format!(
            "{}: {} in {}; task {}{how}",
            found.path,
            counted(found.rows, "row"),
            counted(files as u64, "file"),
            found.task
        ),
    );
    line(&mut out, found.formats());
    let uses = [
        ("queries", &found.queries),
        ("labelled texts", &found.labels),
        ("preference pairs", &found.preferences),
    ];
    for (what, account) in uses {
        usable(&mut out, what, account);
        // Why rows are none of what the file is not about would only be noise.
        if account.used() > 0 || !found.is_usable() {
            findings(&mut out, &account.refused, account);
        }
    }
    if found.positive + found.negative > 0 {
        let (good, bad) = (thousands(found.positive), thousands(found.negative));
        line(&mut out, &format!("\nlabels: {good} positive, {bad} negative"));
    }
    if !found.tokens.is_empty() {
        line(
            &mut out,
            &format!(
                "\n{:24} {:>9} {:>7} {:>7} {:>7} {:>7}",
                format!("tokens ({tokenizer})"),
                "rows",
                "min",
                "median",
                "p95",
                "max"
            ),
        );
    }
    for lengths in &found.tokens {
        let rows = thousands(lengths.rows as u64);
        let numbers = [lengths.min, lengths.median, lengths.p95, lengths.max]
            .map(|n| format!(" {n:>7}"))
            .concat();
        line(&mut out, &format!("  {:22} {rows:>9}{numbers}", lengths.text));
    }
    section(&mut out, "defects", &found.defects, &found.queries);
    section(&mut out, "duplicates", &found.duplicates, &found.queries);
    if let Some(parts) = &found.parts {
        let (train, test) = (counted(parts.train, "training row"), counted(parts.test, "test row"));
        let none = if parts.leaks.is_empty() {
            "; no test query is in the training rows"
        } else {
            ""
        };
        line(&mut out, &format!("\nparts by name: {train}, {test}{none}"));
        findings(&mut out, &parts.leaks, &found.queries);
    }
    let split = &found.split;
    line(
        &mut out,
        &format!(
            "\nsplit by query (held_out {}, seed {}): {} to train on, {} held out, {} on both sides",
            split.held_out,
            split.seed,
            counted(split.train, "row"),
            thousands(split.test),
            counted_as(split.queries_on_both_sides, "query", "queries")
        ),
    );
    out
}

/// How many rows can be used as something, of every file, and why the others cannot.
fn usable(out: &mut String, what: &str, account: &Account) {
    let (used, rows) = (thousands(account.used()), thousands(account.rows()));
    line(out, &format!("\nas {what}: {used} of {rows}"));
    if account.used() > 0 && account.files.len() > 1 {
        line(out, &format!("  {:>9} {:>9} {:>9}  file", "rows", "used", "left out"));
        for file in &account.files {
            let numbers = [file.rows, file.used, file.refused]
                .map(|n| format!(" {:>9}", thousands(n)))
                .concat();
            line(
                out,
                &format!(" {numbers}  {} ({})", file.path.display(), file.container),
            );
        }
    }
}

fn section(out: &mut String, title: &str, found: &[Finding], account: &Account) {
    if !found.is_empty() {
        line(out, &format!("\n{title}"));
        findings(out, found, account);
    }
}

fn findings(out: &mut String, found: &[Finding], account: &Account) {
    for finding in found {
        let place = account.place(finding.example_file, finding.example_row);
        line(out, &format!("  {:>9}  {}", thousands(finding.count), finding.what));
        line(out, &format!("             {place}: {}", finding.example));
    }
}

/// Rows to be read by a person.
pub fn sampled(rows: &[Sampled], account: &Account) -> String {
    let mut out = String::new();
    for row in rows {
        let label = match row.label {
            Some(true) => ", positive",
            Some(false) => ", negative",
            None => "",
        };
        line(&mut out, &format!("── {}{label} ──", account.place(row.file, row.row)));
        text(&mut out, "query", &row.query);
        let name = if row.rejected.is_some() { "chosen" } else { "completion" };
        for (name, response) in [(name, &row.completion), ("rejected", &row.rejected)] {
            if let Some(response) = response {
                text(&mut out, name, response);
            }
        }
        out.push('\n');
    }
    line(&mut out, &format!("{}: {}", account.format, account.summary()));
    out
}

/// A name and a text of one or more lines. What would move the cursor of a terminal is left out.
fn text(out: &mut String, name: &str, text: &str) {
    for (i, content) in text.lines().enumerate() {
        let plain: String = content.chars().filter(|c| !c.is_control()).collect();
        line(out, &format!("{:>11}  {plain}", if i == 0 { name } else { "" }));
    }
}

/// "1 row", "2 rows"
fn counted(n: u64, what: &str) -> String {
    counted_as(n, what, &format!("{what}s"))
}

fn counted_as(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(n), if n == 1 { one } else { many })
}

fn line(out: &mut String, text: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{text}");
}
