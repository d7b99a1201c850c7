//! The account of every row: used and refused make up all rows, of every file.

use std::path::PathBuf;

use serde::Serialize;

/// Rows of which one thing is to be said: why they were left out, or what is odd about them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub what: String,
    pub count: u64,
    /// The first such row: its number in its file, from 1.
    pub example_row: u64,
    /// The file of that row: an index into [`Account::files`].
    pub example_file: u32,
    /// The beginning of that row, or what it is like.
    pub example: String,
}

/// One file's part of an [`Account`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileAccount {
    pub path: PathBuf,
    /// "JSON lines, gzip"
    pub container: String,
    pub rows: u64,
    pub used: u64,
    pub refused: u64,
}

/// What was read, what was used, and why the rest was not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// In the order in which they were read.
    pub files: Vec<FileAccount>,
    /// The most frequent reason first.
    pub refused: Vec<Finding>,
    /// What was detected, for people: "JSON lines, gzip: HH-RLHF transcripts (chosen, rejected)".
    pub format: String,
}

impl Account {
    /// All rows: those used and those left out.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|f| f.rows).sum()
    }

    /// Rows that became a [`super::Record`].
    pub fn used(&self) -> u64 {
        self.files.iter().map(|f| f.used).sum()
    }

    /// Rows that were left out.
    pub fn left_out(&self) -> u64 {
        self.refused.iter().map(|r| r.count).sum()
    }

    /// "1,849 rows read, 1,790 used; left out: 41 empty answer (row 17), ..."
    pub fn summary(&self) -> String {
        let rows = if self.rows() == 1 { "row" } else { "rows" };
        let mut text = format!(
            "{} {rows} read, {} used",
            thousands(self.rows()),
            thousands(self.used())
        );
        for (i, refusal) in self.refused.iter().enumerate() {
            text += if i == 0 { "; left out: " } else { ", " };
            let place = self.place(refusal.example_file, refusal.example_row);
            text += &format!("{} {} ({place})", thousands(refusal.count), refusal.what);
        }
        text
    }

    /// "row 17", and "row 17 of train.jsonl" where several files were read.
    pub fn place(&self, file: u32, row: u64) -> String {
        match self.files.get(file as usize) {
            Some(account) if self.files.len() > 1 => format!("row {row} of {}", self.short_name(&account.path)),
            _ => format!("row {row}"),
        }
    }

    /// The last part of a path, or as many parts as tell it from the other files.
    fn short_name(&self, path: &std::path::Path) -> String {
        let parts: Vec<String> = path.iter().map(|p| p.to_string_lossy().into_owned()).collect();
        for n in 1..parts.len() {
            let short: PathBuf = parts[parts.len() - n..].iter().collect();
            if self.files.iter().filter(|f| f.path.ends_with(&short)).count() < 2 {
                return short.display().to_string();
            }
        }
        path.display().to_string()
    }

    /// Counts a row that was left out.
    pub(super) fn refuse(&mut self, reason: &str, file: u32, row: u64, example: impl FnOnce() -> String) {
        self.files[file as usize].refused += 1;
        if let Some(known) = self.refused.iter_mut().find(|r| r.what == reason) {
            known.count += 1;
            return;
        }
        self.refused.push(Finding {
            what: reason.to_string(),
            count: 1,
            example_row: row,
            example_file: file,
            example: example(),
        });
    }

    /// Puts the most frequent reason first, and says what was detected.
    pub(super) fn close(&mut self, formats: &[&'static str]) {
        self.refused.sort_by_key(|r| std::cmp::Reverse(r.count));
        let mut containers: Vec<&str> = Vec::new();
        for file in &self.files {
            if !containers.contains(&file.container.as_str()) {
                containers.push(&file.container);
            }
        }
        self.format = containers.join(" and ");
        if !formats.is_empty() {
            self.format += &format!(": {}", formats.join("; "));
        }
    }
}

/// The beginning of a row, fit for a screen.
pub(super) fn excerpt(row: &[u8]) -> String {
    let text = String::from_utf8_lossy(&row[..row.len().min(400)]);
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let short: String = plain.chars().take(80).collect();
    if short.len() < plain.len() || row.len() > 400 {
        short + "…"
    } else {
        short
    }
}

/// 1849 -> "1,849"
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
