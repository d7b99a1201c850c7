//! Containers of rows: JSON lines, JSON, tables, Parquet, folders of reviews. Each gives one row at a time and holds no
//! more than that, so that memory stays flat however large a file is.

mod bytes;
mod lines;
mod parquet;
mod reviews;
mod table;
mod values;

use std::io;

use super::account::excerpt;
use super::files::Source;
use super::row::Fields;

/// No row is this long; a file without line breaks is, and would fill the memory.
const LONGEST_ROW: usize = 64 << 20;

/// A row as its container gives it.
pub(super) enum Raw {
    /// Text that should be a JSON object.
    Json(Vec<u8>),
    Fields(Fields),
    /// A row that has a place in its container and cannot be understood.
    Broken {
        reason: &'static str,
        text: Vec<u8>,
    },
}

impl Raw {
    /// Bytes of its text, roughly.
    pub fn bytes(&self) -> usize {
        match self {
            Raw::Json(text) | Raw::Broken { text, .. } => text.len(),
            Raw::Fields(fields) => fields.values().map(|v| v.as_str().map_or(64, str::len)).sum(),
        }
    }

    /// The row as a person may recognise it.
    pub fn excerpt(&self) -> String {
        match self {
            Raw::Json(text) | Raw::Broken { text, .. } => excerpt(text),
            Raw::Fields(fields) => excerpt(&serde_json::to_vec(fields).unwrap_or_default()),
        }
    }
}

/// Rows of one file, one after the other.
pub(super) trait Container: Send {
    /// `None` after the last. An error ends the file: what follows cannot be found.
    fn next(&mut self) -> io::Result<Option<Raw>>;
}

/// A file that was opened, and for people what it is: "JSON lines, gzip".
pub(super) struct Opened {
    pub rows: Box<dyn Container>,
    pub name: String,
}

/// Opens a file by what it holds: names and endings only decide where the content could be either.
pub(super) fn open(source: &Source) -> io::Result<Opened> {
    if source.reviews {
        return Ok(Opened {
            rows: Box::new(reviews::Reviews::open(&source.path)),
            name: "a review a file".into(),
        });
    }
    let bytes = bytes::open(&source.path)?;
    if bytes.start.starts_with(parquet::MAGIC) {
        if bytes.gzipped {
            return Err(io::Error::other("Parquet inside gzip cannot be read; unpack it first"));
        }
        return Ok(Opened {
            rows: Box::new(parquet::Rows::open(&source.path)?),
            name: "Parquet".into(),
        });
    }
    let name = source.path.file_name().unwrap_or_default().to_string_lossy();
    let ending = name
        .strip_suffix(".gz")
        .unwrap_or(&name)
        .rsplit_once('.')
        .map(|(_, ending)| ending);
    let text = &bytes.start;
    let first = text.iter().copied().find(|b| !b.is_ascii_whitespace());
    let first_line = text.split(|b| *b == b'\n').next().unwrap_or_default();
    let is_lines = matches!(ending, Some("jsonl" | "ndjson"));
    let is_table = match first {
        Some(b'{' | b'[') => false,
        _ => match ending {
            Some("csv" | "tsv") => true,
            Some("jsonl" | "ndjson" | "json") => false,
            _ => table::delimiter(first_line).is_some(),
        },
    };
    let (rows, kind): (Box<dyn Container>, &str) = if first == Some(b'[') {
        (Box::new(values::Values::array(bytes.reader)), "JSON")
    } else if is_table {
        let delimiter = table::delimiter(first_line).unwrap_or(b',');
        let kind = if delimiter == b'\t' { "TSV" } else { "CSV" };
        (Box::new(table::Table::open(bytes.reader, delimiter)), kind)
    } else if first == Some(b'{') && !is_lines && goes_on(first_line) {
        (Box::new(values::Values::objects(bytes.reader)), "JSON")
    } else {
        (Box::new(lines::Lines::new(bytes.reader)), "JSON lines")
    };
    let packing = if bytes.gzipped { ", gzip" } else { "" };
    Ok(Opened {
        rows,
        name: format!("{kind}{packing}"),
    })
}

/// The first line is the beginning of an object that spans several.
fn goes_on(line: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err_and(|error| error.is_eof())
}
