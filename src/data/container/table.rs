//! CSV and TSV with a header.

use std::io::{self, BufRead};

use csv::{ByteRecord, Reader, ReaderBuilder};
use serde_json::Value;

use super::{Container, Raw};
use crate::data::row::Fields;

pub(super) struct Table {
    reader: Reader<Box<dyn BufRead + Send>>,
    names: Option<Vec<String>>,
    record: ByteRecord,
}

/// What separates the columns of this header; `None`: it has one column.
pub(super) fn delimiter(header: &[u8]) -> Option<u8> {
    let count = |delimiter: u8| header.iter().filter(|b| **b == delimiter).count();
    let best = [b',', b'\t', b';'].into_iter().rev().max_by_key(|d| count(*d))?;
    (count(best) > 0).then_some(best)
}

impl Table {
    pub fn open(reader: Box<dyn BufRead + Send>, delimiter: u8) -> Self {
        // Rows of another width are refused one by one, not the file.
        let reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .from_reader(reader);
        Self {
            reader,
            names: None,
            record: ByteRecord::new(),
        }
    }

    fn names(&mut self) -> io::Result<Vec<String>> {
        if self.names.is_none() {
            let header = self.reader.byte_headers().map_err(io_error)?;
            let names = header
                .iter()
                .map(|name| String::from_utf8_lossy(name).trim().to_string());
            self.names = Some(names.collect());
        }
        Ok(self.names.clone().unwrap_or_default())
    }
}

impl Container for Table {
    fn next(&mut self) -> io::Result<Option<Raw>> {
        let names = self.names()?;
        if !self.reader.read_byte_record(&mut self.record).map_err(io_error)? {
            return Ok(None);
        }
        let broken = |reason, record: &ByteRecord| Raw::Broken {
            reason,
            text: record.iter().collect::<Vec<_>>().join(&b","[..]),
        };
        if self.record.len() != names.len() {
            return Ok(Some(broken("not as many columns as the header", &self.record)));
        }
        let mut fields = Fields::new();
        for (name, cell) in names.into_iter().zip(&self.record) {
            let Ok(text) = std::str::from_utf8(cell) else {
                return Ok(Some(broken("not UTF-8", &self.record)));
            };
            fields.insert(name, Value::String(text.to_string()));
        }
        Ok(Some(Raw::Fields(fields)))
    }
}

fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("not a table: {other:?}")),
    }
}
