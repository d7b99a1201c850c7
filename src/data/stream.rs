//! Rows of several files as one stream, and the work on them shared out over the threads.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::container::{self, Container, Raw};
use super::error::DataError;
use super::files::{Source, expand};
use super::record::Part;

/// A batch ends after so many rows, or so many bytes of text.
const BATCH_ROWS: usize = 512;
const BATCH_BYTES: usize = 4 << 20;

/// A file that was opened.
#[derive(Clone, Debug)]
pub(super) struct OpenedFile {
    pub path: PathBuf,
    /// "JSON lines, gzip"
    pub container: String,
}

/// Where a row is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Index of the file.
    pub file: u32,
    /// From 1.
    pub row: u64,
    pub part: Part,
}

/// All rows of the files that a path stands for.
pub(super) struct Stream {
    waiting: VecDeque<Source>,
    open: Option<Box<dyn Container>>,
    place: Place,
    /// Those opened so far.
    pub files: Vec<OpenedFile>,
}

impl Stream {
    /// Finds the files; opens none.
    pub fn open(path: &Path) -> Result<Stream, DataError> {
        Ok(Stream {
            waiting: expand(path)?.into(),
            open: None,
            place: Place {
                file: 0,
                row: 0,
                part: Part::Train,
            },
            files: Vec::new(),
        })
    }

    /// The next row; `None` after the last of the last file.
    pub fn next(&mut self) -> Result<Option<(Place, Raw)>, DataError> {
        loop {
            let Some(rows) = &mut self.open else {
                let Some(source) = self.waiting.pop_front() else {
                    return Ok(None);
                };
                self.start(&source)?;
                continue;
            };
            match rows.next() {
                Err(error) => {
                    return Err(unreadable(
                        &self.files[self.place.file as usize].path,
                        self.place.row + 1,
                        &error,
                    ));
                }
                Ok(None) => self.open = None,
                Ok(Some(raw)) => {
                    self.place.row += 1;
                    return Ok(Some((self.place, raw)));
                }
            }
        }
    }

    fn start(&mut self, source: &Source) -> Result<(), DataError> {
        let opened = container::open(source).map_err(|e| unreadable(&source.path, 1, &e))?;
        self.place = Place {
            file: self.files.len() as u32,
            row: 0,
            part: source.part,
        };
        self.files.push(OpenedFile {
            path: source.path.clone(),
            container: opened.name,
        });
        self.open = Some(opened.rows);
        Ok(())
    }

    fn batch(&mut self) -> Result<Vec<(Place, Raw)>, DataError> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH_ROWS && bytes < BATCH_BYTES {
            let Some((place, raw)) = self.next()? else { break };
            bytes += raw.bytes();
            batch.push((place, raw));
        }
        Ok(batch)
    }
}

/// Gives every row to `work`, on several threads, and what comes of it to `take`, in order. One batch is read while
/// the one before is worked on. Returns the files that were opened.
pub(super) fn scan<T: Send>(
    path: &Path,
    work: impl Fn(Place, &Raw) -> T + Sync,
    mut take: impl FnMut(&[OpenedFile], Place, &Raw, T),
) -> Result<Vec<OpenedFile>, DataError> {
    let mut stream = Stream::open(path)?;
    let mut batch = stream.batch()?;
    while !batch.is_empty() {
        let (next, done) = rayon::join(
            || stream.batch(),
            || {
                batch
                    .par_iter()
                    .map(|(place, raw)| work(*place, raw))
                    .collect::<Vec<T>>()
            },
        );
        for ((place, raw), value) in batch.iter().zip(done) {
            take(&stream.files, *place, raw, value);
        }
        batch = next?;
    }
    Ok(stream.files)
}

fn unreadable(path: &Path, row: u64, error: &std::io::Error) -> DataError {
    let message = match error.kind() {
        ErrorKind::UnexpectedEof => "the gzip stream is cut off here; fetch the file again".to_string(),
        ErrorKind::InvalidInput | ErrorKind::InvalidData => {
            format!("the gzip stream is broken here ({error}); fetch the file again")
        }
        ErrorKind::Other => error.to_string(),
        _ => format!("cannot be read: {error}"),
    };
    DataError::Unreadable {
        path: path.to_path_buf(),
        row,
        message,
    }
}
