//! JSON that is not a value a line: one array of objects, or objects one after the other over several lines.

use std::io::{self, BufRead};

use super::{Container, LONGEST_ROW, Raw};

/// Finds where values end by their brackets; what is between is for the JSON parser.
pub(super) struct Values {
    reader: Box<dyn BufRead + Send>,
    /// Values stand in an array, which has not ended.
    in_array: bool,
    opened: bool,
}

impl Values {
    pub fn array(reader: Box<dyn BufRead + Send>) -> Self {
        Self {
            reader,
            in_array: true,
            opened: false,
        }
    }

    pub fn objects(reader: Box<dyn BufRead + Send>) -> Self {
        Self {
            reader,
            in_array: false,
            opened: true,
        }
    }

    /// The next byte that is neither white space nor a comma, left in the stream.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let found = buffer.iter().position(|b| !b.is_ascii_whitespace() && *b != b',');
            match found {
                Some(at) => {
                    let byte = buffer[at];
                    self.reader.consume(at);
                    return Ok(Some(byte));
                }
                None => {
                    let n = buffer.len();
                    self.reader.consume(n);
                }
            }
        }
    }
}

impl Container for Values {
    fn next(&mut self) -> io::Result<Option<Raw>> {
        if !self.opened {
            self.opened = true;
            self.peek()?;
            self.reader.consume(1);
        }
        match self.peek()? {
            None if self.in_array => return Err(cut_off("the JSON array")),
            None => return Ok(None),
            Some(b']') if self.in_array => {
                self.reader.consume(1);
                self.in_array = false;
                return match self.peek()? {
                    None => Ok(None),
                    Some(_) => Err(io::Error::other("something follows the end of the JSON array")),
                };
            }
            Some(_) => {}
        }
        let mut row = Vec::new();
        let mut scanner = Scanner::default();
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                // A bare word at the very end is for the JSON parser to refuse.
                if self.in_array || scanner.depth > 0 {
                    return Err(cut_off("a JSON value"));
                }
                return Ok(Some(Raw::Json(row)));
            }
            let end = buffer.iter().position(|byte| scanner.ends_before(*byte));
            let n = end.unwrap_or(buffer.len());
            row.extend_from_slice(&buffer[..n]);
            self.reader.consume(n);
            if row.len() > LONGEST_ROW {
                return Err(io::Error::other("a JSON value is longer than 64 MiB"));
            }
            if end.is_some() {
                while row.last().is_some_and(u8::is_ascii_whitespace) {
                    row.pop();
                }
                return Ok(Some(Raw::Json(row)));
            }
        }
    }
}

fn cut_off(what: &str) -> io::Error {
    io::Error::other(format!("{what} is cut off here; fetch the file again"))
}

#[derive(Default)]
struct Scanner {
    depth: usize,
    in_string: bool,
    escaped: bool,
    closed: bool,
}

impl Scanner {
    /// Takes a byte in; whether the value ended before it.
    fn ends_before(&mut self, byte: u8) -> bool {
        if self.closed {
            return true;
        }
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b',' | b']' if self.depth == 0 => return true,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.closed = self.depth == 0;
            }
            _ => {}
        }
        false
    }
}
