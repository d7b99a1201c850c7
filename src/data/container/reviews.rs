//! A folder of the IMDb tree: a review a file, `pos/17_9.txt` being the 17th with a rating of 9 out of 10.

use std::io;
use std::path::{Path, PathBuf};
use std::vec::IntoIter;

use serde_json::Value;

use super::{Container, Raw};
use crate::config::list_names;
use crate::data::row::Fields;

pub(super) struct Reviews {
    folder: PathBuf,
    names: IntoIter<String>,
}

impl Reviews {
    pub fn open(folder: &Path) -> Self {
        let mut names = list_names(folder);
        names.retain(|name| name.ends_with(".txt"));
        // In the order of the numbers: 2_7.txt comes before 10_7.txt.
        names.sort_by_key(|name| name.split(['_', '.']).next().and_then(|n| n.parse::<u64>().ok()));
        Self {
            folder: folder.to_path_buf(),
            names: names.into_iter(),
        }
    }
}

impl Container for Reviews {
    fn next(&mut self) -> io::Result<Option<Raw>> {
        let Some(name) = self.names.next() else { return Ok(None) };
        let path = self.folder.join(&name);
        let bytes = std::fs::read(&path).map_err(|e| io::Error::other(format!("{}: {e}", path.display())))?;
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                return Ok(Some(Raw::Broken {
                    reason: "not UTF-8",
                    text: error.into_bytes(),
                }));
            }
        };
        let mut fields = Fields::new();
        let folder = self.folder.file_name().unwrap_or_default().to_string_lossy();
        if folder != "unsup" {
            fields.insert("label".into(), Value::String(folder.into_owned()));
        }
        let rating = name.trim_end_matches(".txt").rsplit('_').next();
        if let Some(rating) = rating.and_then(|n| n.parse::<u64>().ok()) {
            fields.insert("rating".into(), Value::from(rating));
        }
        fields.insert("file".into(), Value::String(name));
        fields.insert("text".into(), Value::String(text));
        Ok(Some(Raw::Fields(fields)))
    }
}
