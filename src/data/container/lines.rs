//! JSON lines.

use std::io::{self, BufRead, Read};

use super::{Container, LONGEST_ROW, Raw};

pub(super) struct Lines {
    reader: Box<dyn BufRead + Send>,
}

impl Lines {
    pub fn new(reader: Box<dyn BufRead + Send>) -> Self {
        Self { reader }
    }
}

impl Container for Lines {
    fn next(&mut self) -> io::Result<Option<Raw>> {
        let mut line = Vec::new();
        let read = self
            .reader
            .by_ref()
            .take(LONGEST_ROW as u64)
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        if read == LONGEST_ROW && line.last() != Some(&b'\n') {
            let message = "the line is longer than 64 MiB: this is no file of JSON lines";
            return Err(io::Error::other(message));
        }
        while line.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
            line.pop();
        }
        line.shrink_to_fit();
        Ok(Some(Raw::Json(line)))
    }
}
