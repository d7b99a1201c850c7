//! Lines of files, gzipped or not, one at a time.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::error::DataError;
use crate::config::{list_names, matches_pattern, near_name};

/// No row is this long; a file without line breaks is, and would fill the memory.
const LONGEST_LINE: u64 = 64 << 20;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The endings of the files that a folder is searched for.
const ENDINGS: [&str; 6] = [".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz"];

/// The lines of one or several files, in the order of the files' names.
pub(super) struct Lines {
    files: VecDeque<PathBuf>,
    open: Option<Box<dyn BufRead>>,
    /// The file that the last line came from.
    pub file: PathBuf,
    /// Number of the last line in its file, from 1.
    pub row: u64,
    /// Whether there is more than one file.
    pub several: bool,
    /// Whether any file so far was gzipped.
    pub gzipped: bool,
}

impl Lines {
    /// Opens a file, all data files of a folder, or all files that match a `*` in the last part of the path.
    pub fn open(path: &Path) -> Result<Lines, DataError> {
        let files = expand(path)?;
        Ok(Lines {
            several: files.len() > 1,
            files: files.into(),
            open: None,
            file: path.to_path_buf(),
            row: 0,
            gzipped: false,
        })
    }

    /// Puts the next line, without its end, into `line`. `false` after the last line of the last file.
    pub fn next(&mut self, line: &mut Vec<u8>) -> Result<bool, DataError> {
        loop {
            line.clear();
            let Some(reader) = &mut self.open else {
                let Some(file) = self.files.pop_front() else {
                    return Ok(false);
                };
                (self.file, self.row) = (file, 0);
                self.open = Some(self.open_file().map_err(|e| self.unreadable(1, &e))?);
                continue;
            };
            let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', line);
            let read = read.map_err(|e| self.unreadable(self.row + 1, &e))?;
            if read == 0 {
                self.open = None;
                continue;
            }
            self.row += 1;
            if read as u64 == LONGEST_LINE && line.last() != Some(&b'\n') {
                let message = "the line is longer than 64 MiB: this is no file of JSON lines".to_string();
                return Err(DataError::Unreadable {
                    path: self.file.clone(),
                    row: self.row,
                    message,
                });
            }
            if self.row == 1 && line.starts_with(BYTE_ORDER_MARK) {
                line.drain(..BYTE_ORDER_MARK.len());
            }
            while line.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
                line.pop();
            }
            return Ok(true);
        }
    }

    fn open_file(&mut self) -> std::io::Result<Box<dyn BufRead>> {
        let mut reader = BufReader::with_capacity(1 << 16, File::open(&self.file)?);
        // By content: browsers and mirrors take the ending off, or the packing and not the ending.
        if !reader.fill_buf()?.starts_with(&GZIP) {
            return Ok(Box::new(reader));
        }
        self.gzipped = true;
        Ok(Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(reader))))
    }

    fn unreadable(&self, row: u64, error: &std::io::Error) -> DataError {
        let message = match error.kind() {
            ErrorKind::UnexpectedEof => "the gzip stream is cut off here; fetch the file again".to_string(),
            ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                format!("the gzip stream is broken here ({error}); fetch the file again")
            }
            _ => format!("cannot be read: {error}"),
        };
        DataError::Unreadable {
            path: self.file.clone(),
            row,
            message,
        }
    }
}

/// The files that a path stands for, in order of name.
fn expand(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    let no_file = |message: String| DataError::NoFile {
        path: path.to_path_buf(),
        message,
    };
    if path.is_dir() {
        let files = files_in(path, |name| {
            ENDINGS.iter().any(|ending| name.ends_with(ending)) && !name.starts_with('.')
        });
        return if files.is_empty() {
            Err(no_file(format!(
                "no file in this folder ends in {}{}",
                ENDINGS.join(", "),
                there(path)
            )))
        } else {
            Ok(files)
        };
    }
    if path.exists() {
        return Ok(vec![path.to_path_buf()]);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.contains('*') {
        let files = files_in(folder, |other| matches_pattern(&name, other));
        if !files.is_empty() {
            return Ok(files);
        }
        return Err(no_file(format!("no file matches{}", there(folder))));
    }
    let near = near_name(&name, list_names(folder).iter().map(String::as_str))
        .map(|near| format!("; did you mean '{near}'?"))
        .unwrap_or_default();
    Err(no_file(format!("no such file{near}")))
}

fn files_in(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let names = list_names(folder).into_iter().filter(|name| wanted(name));
    names
        .map(|name| folder.join(name))
        .filter(|path| path.is_file())
        .collect()
}

/// "; there are: a, b"
fn there(folder: &Path) -> String {
    let names = list_names(folder);
    match names.len() {
        0 => "; it is empty or not there".to_string(),
        n => format!(
            "; there are: {}{}",
            names[..n.min(8)].join(", "),
            if n > 8 { ", ..." } else { "" }
        ),
    }
}
