//! Parquet, a page at a time.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use parquet::file::reader::SerializedFileReader;
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use serde_json::Value;

use super::{Container, Raw};
use crate::data::row::Fields;

/// How every Parquet file begins.
pub(super) const MAGIC: &[u8] = b"PAR1";

pub(super) struct Rows {
    rows: RowIter<'static>,
}

impl Rows {
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let file = guarded(|| SerializedFileReader::new(file))?;
        Ok(Self { rows: file.into_iter() })
    }
}

impl Container for Rows {
    fn next(&mut self) -> io::Result<Option<Raw>> {
        let row = guarded(|| self.rows.next().transpose())?;
        Ok(row.map(|row| Raw::Fields(object(row))))
    }
}

/// The library checks much of a file, and panics at some of what is left.
fn guarded<T>(read: impl FnOnce() -> parquet::errors::Result<T>) -> io::Result<T> {
    let broken = |what: &str| io::Error::other(format!("the Parquet file is broken here ({what}); fetch it again"));
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(done) => done.map_err(|error| broken(&error.to_string())),
        Err(_) => Err(broken("its numbers contradict each other")),
    }
}

fn object(row: Row) -> Fields {
    row.into_columns()
        .into_iter()
        .map(|(name, field)| (name, json(field)))
        .collect()
}

/// What the readers of rows look at: text, numbers, flags, and lists and groups of them. The rest is told as text.
fn json(field: Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(flag) => Value::from(flag),
        Field::Byte(n) => Value::from(n),
        Field::Short(n) => Value::from(n),
        Field::Int(n) => Value::from(n),
        Field::Long(n) => Value::from(n),
        Field::UByte(n) => Value::from(n),
        Field::UShort(n) => Value::from(n),
        Field::UInt(n) => Value::from(n),
        Field::ULong(n) => Value::from(n),
        Field::Float(x) => Value::from(x),
        Field::Double(x) => Value::from(x),
        Field::Str(text) => Value::String(text),
        // Text columns that were not marked as such.
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => Value::String(text.to_string()),
            Err(_) => Value::Array(Vec::new()),
        },
        Field::Group(row) => Value::Object(object(row)),
        Field::ListInternal(list) => list.elements().iter().cloned().map(json).collect(),
        other => Value::String(other.to_string()),
    }
}
