//! The bytes of a file, gzipped or not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// As much of the beginning is looked at to tell what a file is.
const START: usize = 1 << 16;

pub(super) struct Bytes {
    /// Without a byte order mark.
    pub reader: Box<dyn BufRead + Send>,
    pub gzipped: bool,
    /// A copy of the beginning.
    pub start: Vec<u8>,
}

pub(super) fn open(path: &Path) -> io::Result<Bytes> {
    let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
    // By content: browsers and mirrors take the ending off, or the packing and not the ending.
    let gzipped = file.fill_buf()?.starts_with(&GZIP);
    let mut bytes: Box<dyn Read + Send> = if gzipped {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut start = Vec::with_capacity(START);
    // What is broken further on is told when its row is reached; what is broken here, at the first.
    let failed = bytes.by_ref().take(START as u64).read_to_end(&mut start).err();
    if start.starts_with(BYTE_ORDER_MARK) {
        start.drain(..BYTE_ORDER_MARK.len());
    }
    let rest: Box<dyn Read + Send> = match failed {
        Some(error) => Box::new(Fails(Some(error))),
        None => bytes,
    };
    let whole = io::Cursor::new(start.clone()).chain(rest);
    Ok(Bytes {
        reader: Box::new(BufReader::with_capacity(1 << 16, whole)),
        gzipped,
        start,
    })
}

/// Fails once with an error that was met before its time.
struct Fails(Option<io::Error>);

impl Read for Fails {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
